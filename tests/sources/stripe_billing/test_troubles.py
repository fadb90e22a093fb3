"""What goes wrong at Stripe's side or on the way is told as a fault: which source, which object, what to do."""

from __future__ import annotations

import json
import socket
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.sources.stripe_billing.conftest import Store, faults_of
from tests.sources.stripe_billing.fake_stripe import FakeStripe
from tests.sources.stripe_billing.things import customer, day, invoice, item, line, price, subscription

from tallymark.errors import Fault, FaultError

SEAT = price("price_seat", 1000)
BODY = json.dumps({"object": "list", "url": "/v1/customers", "has_more": False, "data": []})


def one(store: Store, *objects: str, **options: Any) -> Fault:
    """The one fault of a sync; the key is nowhere in it, nor in what was said."""
    (fault,) = faults_of(store, *objects, **options)
    assert not [text for text in (str(fault), *store.said) if "rk_live_fake" in text]
    return fault


@pytest.fixture(autouse=True)
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses between tries, which take no time here."""
    lengths: list[float] = []
    monkeypatch.setattr("time.sleep", lengths.append)
    return lengths


def test_a_wrong_key(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that Stripe does not know is named by where it comes from, never by itself."""
    monkeypatch.setenv("STRIPE_TEST_KEY", "rk_live_fakenot")
    fault = one(store, "customers")
    assert ("L850", True) == (fault.code, "env:STRIPE_TEST_KEY" in fault.message)


def test_an_expired_key(fake: FakeStripe, store: Store) -> None:
    """An expired key is told apart from an unknown one."""
    fake.expired = True
    assert "L851" == one(store, "customers").code


@pytest.mark.parametrize("key", ["pk_live_abc", "rk live", "rk_live_ü"])
def test_what_is_no_secret_key(store: Store, monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    """A publishable key, or a text that no key can be, is refused before anything is sent."""
    monkeypatch.setenv("STRIPE_TEST_KEY", key)
    (fault,) = faults_of(store, "customers")
    assert ("L850", False) == (fault.code, key in str(fault))


def test_a_missing_permission_stops_only_its_object(fake: FakeStripe, store: Store) -> None:
    """A restricted key without invoices lands customers, and the warning names the object and the permission."""
    fake.forbidden.add("invoices")
    fake.add(customer("cus_1"))
    store.sync("customers", "invoices")
    assert [(1, 0)] == store.rows("SELECT (SELECT count(*) FROM customers), (SELECT count(*) FROM invoices)")
    (words,) = [words for words in store.said if "L852" in words]
    assert "invoices" in words
    assert "`Invoices`: Read (`rak_invoice_read`)" in words


def test_a_permission_given_later(fake: FakeStripe, store: Store) -> None:
    """What could not be read is read from its beginning once the key may."""
    fake.forbidden.add("customers")
    fake.add(customer("cus_1", "2020-01-01"))
    store.sync("customers")
    fake.forbidden.clear()
    store.sync("customers")
    assert [("cus_1",)] == store.rows("SELECT id FROM customers")


def test_an_unknown_host(store: Store) -> None:
    """A host that does not exist is named."""
    fault = one(store, "customers", api_base="https://stripe.invalid")
    assert ("L853", True) == (fault.code, "stripe.invalid" in fault.message)


def test_a_host_that_does_not_listen(store: Store) -> None:
    """A connection that is refused is a fault of the network."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        assert "L853" == one(store, "customers", api_base=f"http://127.0.0.1:{free.getsockname()[1]}").code


def test_a_host_without_encryption(fake: FakeStripe, store: Store) -> None:
    """A server that speaks no TLS where it should is told as such."""
    assert "L854" == one(store, "customers", api_base=fake.url.replace("http:", "https:")).code


@pytest.mark.parametrize(
    ("base", "code"),
    [
        ("http://api.stripe.com", "L860"), ("ftp://x", "L860"), ("stripe", "L860"),
        ("https://127.0.0.1:1", "L818"), ("https://localhost", "L818"),
    ],
)  # fmt: skip
def test_other_hosts_are_refused(store: Store, base: str, code: str) -> None:
    """Without `allow_private` nothing is read unencrypted, or from within a private network."""
    assert code == one(store, "customers", api_base=base, allow_private=False).code


def test_a_redirect_is_not_followed(fake: FakeStripe, store: Store) -> None:
    """The key is not carried to another host."""
    fake.trouble("/v1/customers", status=302, headers={"Location": "https://example.org/"}, body="", times=9)
    fault = one(store, "customers")
    assert ("L818", True) == (fault.code, "example.org" in fault.message)


def test_a_page_cut_short_is_asked_for_again(fake: FakeStripe, store: Store) -> None:
    """Half a page is not taken for a page: it is asked for again, and after several times it is a fault."""
    fake.add(*(customer(f"cus_{n}") for n in range(20)))
    fake.trouble("/v1/customers", cut=True, times=2)
    store.sync("customers")
    assert [(20,)] == store.rows("SELECT count(*) FROM customers")
    fake.trouble("/v1/customers", cut=True, times=99)
    assert "L855" == one(store, "customers").code


def test_an_answer_that_is_no_json(fake: FakeStripe, store: Store) -> None:
    """A page of a proxy's in place of an answer is a fault."""
    fake.trouble("/v1/customers", status=200, body="<html>Sign in</html>", times=9)
    assert "L855" == one(store, "customers").code


def test_too_many_requests_are_waited_out(fake: FakeStripe, store: Store) -> None:
    """After a 429 the same page is asked for again; nothing is lost."""
    fake.add(*(customer(f"cus_{n:03}") for n in range(150)))
    fake.trouble("/v1/customers", status=429, headers={"Retry-After": "0"}, times=3, after=1)
    store.sync("customers")
    assert [(150,)] == store.rows("SELECT count(*) FROM customers")
    assert 5 == sum(path.startswith("/v1/customers") for path in fake.requests)


def test_retry_after_is_heeded(fake: FakeStripe, store: Store, slept: list[float]) -> None:
    """A 429 that asks for 7 seconds is given 7; one that asks for a day is not."""
    fake.trouble("/v1/customers", status=429, headers={"Retry-After": "7"})
    fake.trouble("/v1/customers", status=429, headers={"Retry-After": "86400"})
    store.sync("customers")
    assert any(7 <= each < 8 for each in slept)
    assert max(slept) <= 121


def test_a_429_that_does_not_end(fake: FakeStripe, store: Store) -> None:
    """Stripe that goes on refusing is a fault."""
    fake.trouble("/v1/customers", status=429, headers={"Retry-After": "0"}, times=99)
    assert "L856" == one(store, "customers").code


def test_errors_of_the_server(fake: FakeStripe, store: Store) -> None:
    """A 500 and a 503 are asked again; when they do not end, the fault has the number."""
    fake.add(customer("cus_1"))
    fake.trouble("/v1/customers", status=500)
    fake.trouble("/v1/customers", status=503)
    store.sync("customers")
    assert [(1,)] == store.rows("SELECT count(*) FROM customers")
    fake.trouble("/v1/customers", status=503, times=99)
    fault = one(store, "customers")
    assert ("L857", True) == (fault.code, "503" in fault.message)


def test_a_slow_page_is_waited_for(fake: FakeStripe, store: Store) -> None:
    """A page that takes its time is no fault."""
    fake.add(customer("cus_1"))
    fake.trouble("/v1/customers", slow=0.3)
    store.sync("customers")
    assert [(1,)] == store.rows("SELECT count(*) FROM customers")


@pytest.mark.parametrize(
    ("what", "name"),
    [
        ({**customer("cus_1"), "id": None}, "without an id"),
        ({**customer("cus_1"), "created": "yesterday"}, "`cus_1`"),
        ({key: value for key, value in customer("cus_1").items() if key != "created"}, "`created` is missing"),
    ],
)
def test_odd_objects(fake: FakeStripe, store: Store, what: dict[str, Any], name: str) -> None:
    """An object without an id, or of another shape than documented, is named; nothing of it is made up."""
    fake.trouble("/v1/customers", body=json.dumps({**json.loads(BODY), "data": [what]}))
    fault = one(store, "customers")
    assert ("L858", True) == (fault.code, name in fault.message)


@pytest.mark.parametrize("part", ["items", "lines"])
def test_odd_parts(fake: FakeStripe, store: Store, part: str) -> None:
    """An item or a line without an id is told with the object that it is in."""
    if part == "items":
        fake.add(SEAT, subscription("sub_1", "cus_1", [{**item("si_1", SEAT), "id": None}]))
        fault = one(store, "subscriptions")
    else:
        fake.add(
            invoice("in_1", "cus_1", "2024-01-01", [{**line("il_1", 1, ("2024-01-01", "2024-02-01")), "id": None}])
        )
        fault = one(store, "invoices")
    assert ("L858", True) == (fault.code, "`sub_1`" in fault.message or "`in_1`" in fault.message)


def test_a_list_that_is_none(fake: FakeStripe, store: Store) -> None:
    """An answer without `data` is a fault, not an empty list."""
    fake.trouble("/v1/customers", body=json.dumps({"object": "list", "has_more": False}))
    assert "L858" == one(store, "customers").code


def test_a_list_that_is_not_there(fake: FakeStripe, store: Store) -> None:
    """A kind of object that the server does not have is named, with the option that leaves it out."""
    del fake.objects["promotion_codes"]
    fault = one(store, "promotion_codes")
    assert ("L862", True) == (fault.code, "`promotion_codes`" in str(fault.help))


def test_test_and_live_data_are_not_mixed(fake: FakeStripe, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key of test mode over live data is refused before a row is changed, and says how to go on."""
    fake.add(customer("cus_1"))
    store.sync("customers")
    fake.key = "rk_test_fake"
    monkeypatch.setenv("STRIPE_TEST_KEY", fake.key)
    fault = one(store, "customers")
    assert ("L859", True) == (fault.code, "holds live data" in fault.message)


def test_test_data_are_called_so(fake: FakeStripe, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key of test mode works, and it is said that its customers are not real."""
    fake.key = "rk_test_fake"
    monkeypatch.setenv("STRIPE_TEST_KEY", fake.key)
    store.sync("customers")
    assert any("test data" in words for words in store.said)


def test_a_clock_that_is_wrong(fake: FakeStripe, store: Store) -> None:
    """With a clock two hours ahead nothing is missed, since Stripe's time is used; and it is said."""
    store.now = datetime(2024, 6, 1, 2, tzinfo=UTC)
    fake.add(customer("cus_1"))
    store.sync("customers")
    fake.change(customer("cus_1", name="Renamed"), "customer.updated", day("2024-06-01T00:30"))
    fake.now = datetime(2024, 6, 1, 1, tzinfo=UTC)
    store.now = datetime(2024, 6, 1, 3, tzinfo=UTC)
    store.sync("customers")
    assert [("Renamed",)] == store.rows("SELECT name FROM customers")
    assert any("L861" in words and "120 minutes ahead" in words for words in store.said)


@pytest.mark.parametrize("start", ["soon", "2024-13-01"])
def test_a_start_that_is_no_day(store: Store, start: str) -> None:
    """`start` must be a day."""
    assert "L864" == one(store, "invoices", start=start).code


def test_a_list_that_goes_on_changing(fake: FakeStripe, store: Store) -> None:
    """When what the next page begins after is gone, time after time, the sync ends and does not go on for ever."""
    fake.add(*(customer(f"cus_{n:03}", "2024-01-01") for n in range(150)))

    def vanish(path: str) -> None:
        if "starting_after=" in path:
            fake.objects["customers"].pop(path.split("starting_after=")[1].split("&")[0], None)
            fake.add(customer(f"cus_new{len(fake.requests):03}", "2023-01-01"))

    fake.before = vanish
    assert "L865" == one(store, "customers").code


def test_without_the_package(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Stripe's client the fault says what to install."""
    monkeypatch.setitem(sys.modules, "stripe", None)
    fault = one(store, "customers")
    assert ("P790", "install it with `pip install 'tallymark[stripe]'`") == (fault.code, fault.help)


def test_discounts_of_which_nothing_is_known(fake: FakeStripe, store: Store) -> None:
    """A discount that nothing describes is counted and said, not taken for none in silence."""
    charge = line("il_1", 1000, ("2024-01-01", "2024-02-01"), of=SEAT, sub="sub_1", item="si_1",
                  discount_amounts=[{"amount": 100, "discount": "di_gone"}])  # fmt: skip
    fake.add(SEAT, invoice("in_1", "cus_1", "2024-01-01", [charge], sub="sub_1"))
    store.sync("invoices")
    assert any("1 discounts" in words for words in store.said)


def test_a_price_of_which_nothing_is_known(fake: FakeStripe, store: Store) -> None:
    """A price without an amount leaves MRR without it, and that is said with its id."""
    chosen = price("price_chosen", None)
    fake.add(chosen, subscription("sub_1", "cus_1", [item("si_1", chosen)]))
    store.sync("subscriptions")
    assert [(None,)] == store.rows("SELECT amount FROM subscription_versions")
    assert any("price_chosen" in words for words in store.said)


def test_nothing_shows_the_key(fake: FakeStripe, store: Store, tmp_path: Path) -> None:
    """After a sync and a failed one, the key is in no file that was written and in nothing that was said."""
    fake.add(customer("cus_1"))
    store.sync("customers")
    fake.trouble("/v1/customers", status=503, times=99)
    with pytest.raises(FaultError):
        store.sync("customers")
    written = [path for path in tmp_path.rglob("*") if path.is_file() and fake.key.encode() in path.read_bytes()]
    assert [] == written
    assert not [words for words in store.said if fake.key in words]
