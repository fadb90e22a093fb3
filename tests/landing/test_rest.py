"""The source of kind `rest`: tables of an API said in YAML, and what is told when the API, or the way to it, fails."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import tallymark
from tallymark.definitions import Definitions, Project, SourceDef
from tallymark.landing import http
from tallymark.landing.landed import Synced
from tallymark.landing.sync import sync
from tallymark_plugins import rest
from tests.landing.fake_api import TOKEN, Api, serving
from tests.landing.tables import tables

README = Path(__file__).parents[2] / "plugins" / "README.md"
KINDS = {"rest": rest.tally_sources()[0]}


def ticket(number: int, day: int, **more: Any) -> dict[str, Any]:
    """A ticket as the API has it."""
    return {"id": number, "updated_at": f"2024-03-{day:02}T00:00:00Z", "price": 2.5 * number, **more}


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    """The API with five tickets and two agents, whose token is in the environment; nobody waits for long."""
    monkeypatch.setenv("HELPDESK_TOKEN", TOKEN)
    monkeypatch.setattr(http, "LONGEST_WAIT", 0.01)
    monkeypatch.setattr(http, "ATTEMPTS", 2)
    with serving() as served:
        served.tables["tickets"] = [ticket(n, n) for n in range(1, 6)]
        served.tables["agents"] = [{"id": 1, "name": "A"}, {"id": 2, "name": "B"}]
        yield served


def options(api: Api, **more: Any) -> dict[str, Any]:
    """The source's options: tickets along `updated_at`, agents whole."""
    incremental = {"cursor_path": "updated_at", "initial_value": "2020-01-01T00:00:00Z"}
    since = {"updated_since": "{incremental.start_value}"}
    tickets = {
        "name": "tickets",
        "primary_key": "id",
        "columns": {"price": {"data_type": "decimal"}},
        "endpoint": {"path": "tickets", "data_selector": "rows", "params": since, "incremental": incremental},
    }
    agents = {"name": "agents", "primary_key": "id", "endpoint": {"path": "agents", "data_selector": "rows"}}
    client = {
        "base_url": api.url,
        "auth": {"type": "bearer", "token": "env:HELPDESK_TOKEN"},
        "paginator": {"type": "json_link", "next_url_path": "next"},
    }
    return {"client": client, "resources": [tickets, agents], "allow_http": True, "allow_private": True} | more


def run(folder: Path, told: dict[str, Any], **more: Any) -> Synced:
    """A sync of the source with these options."""
    made = Definitions(Project(folder=str(folder)), {"helpdesk": SourceDef("helpdesk", "rest", told)})
    (done,) = sync(made, KINDS, **more)
    return done


def test_pages_cursors_and_rows_that_vanish(api: Api, tmp_path: Path) -> None:
    """All pages are read at first, afterwards only what changed; a table read whole loses what its service lost."""
    assert () == run(tmp_path, options(api)).faults
    prices = {row[0]: row[1] for row in tables(tmp_path, "helpdesk")["tickets"]}
    assert {str(n): f"{n * 2.5:.9f}" for n in range(1, 6)} == prices
    api.tables["tickets"][0] = ticket(1, 20)
    api.tables["agents"] = [{"id": 2, "name": "B"}]
    api.asked.clear()
    done = run(tmp_path, options(api))
    assert done.landed is not None
    told = {t.name: (t.rows, t.added, t.changed, t.deleted) for t in done.landed.tables}
    assert {"tickets": (5, 0, 1, 0), "agents": (1, 0, 0, 1)} == told
    assert ["2024-03-05T00:00:00Z"] == [a.partition("since=")[2].replace("%3A", ":") for a in api.asked if "since" in a]


TROUBLES = [
    ("401", "L810", "does not accept the key"),
    ("403", "L811", "may not read this"),
    ("404", "L812", "has no such thing"),
    ("400", "L819", "refuses the request (400)"),
    ("429", "L816", "asks to slow down"),
    ("503", "L816", "has an error of its own"),
    ("cut", "L817", "broke off"),
    ("garbage", "L817", "not JSON"),
    ("to http://localhost:1/elsewhere", "L818", "is not to go to localhost"),
]


@pytest.mark.parametrize(("how", "code", "said"), TROUBLES, ids=[t[0].split(":")[0] for t in TROUBLES])
def test_what_fails_at_the_service_is_told(api: Api, tmp_path: Path, how: str, code: str, said: str) -> None:
    """The fault names source and table and what to do; nothing is landed, and the key is told to nobody."""
    api.trouble["agents"] = [how] * 3
    done = run(tmp_path, options(api))
    (fault,) = done.faults
    assert code == fault.code, fault
    assert said in fault.message
    assert "agents" in fault.message or code == "L818"
    assert "source `helpdesk`" == fault.subject
    assert fault.help
    assert done.landed is None
    assert TOKEN not in str(fault)


def test_what_was_read_before_the_trouble_is_kept(api: Api, tmp_path: Path) -> None:
    """Tables that were read before another failed are not read again."""
    api.trouble["agents"] = ["503"] * 2
    assert "L816" == run(tmp_path, options(api)).faults[0].code
    api.asked.clear()
    assert () == run(tmp_path, options(api)).faults
    assert [] == [a for a in api.asked if "tickets" in a]
    assert 5 == len(tables(tmp_path, "helpdesk")["tickets"])


def test_errors_that_pass_are_tried_again(api: Api, tmp_path: Path) -> None:
    """After one 429 and one answer that broke off, the request is made again and the sync goes on."""
    api.trouble |= {"agents": ["429"], "tickets": ["cut"]}
    assert () == run(tmp_path, options(api)).faults


def test_where_a_source_may_go(api: Api, tmp_path: Path) -> None:
    """Without leave it goes neither without TLS nor to a private network, and a host that is none is told."""
    told = options(api)
    assert "`allow_http: true`" in str(run(tmp_path, told | {"allow_http": False}).faults[0])
    assert "a private address" in run(tmp_path, told | {"allow_private": False}).faults[0].message
    nowhere = told["client"] | {"base_url": "https://nowhere.invalid/"}
    assert "L813" == run(tmp_path, told | {"client": nowhere}).faults[0].code
    plain = told["client"] | {"base_url": api.url.replace("http:", "https:")}
    assert "L814" == run(tmp_path, told | {"client": plain}).faults[0].code
    closed = told["client"] | {"base_url": "http://127.0.0.1:9/"}
    assert "L815" == run(tmp_path, told | {"client": closed}).faults[0].code


def test_secrets_are_referred_to_and_found_nowhere(
    api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """A token written out is a fault; one referred to stands in no file of the store and no output, however it ends."""
    told = options(api)
    open_ = told["client"] | {"auth": {"type": "bearer", "token": TOKEN}}
    fault = run(tmp_path, told | {"client": open_}).faults[0]
    assert "D480" == fault.code
    in_query = told["client"] | {"headers": {"X-Token": "env:HELPDESK_TOKEN"}}
    monkeypatch.setenv("TALLY_DEBUG", "1")
    run(tmp_path, told | {"client": in_query})
    api.trouble["agents"] = ["404"]
    params = {"path": "agents", "data_selector": "rows", "params": {"token": "env:HELPDESK_TOKEN"}}
    run(tmp_path, told | {"resources": [{"name": "agents", "endpoint": params}]})
    shown = capfd.readouterr()
    assert TOKEN not in f"{fault}{shown.out}{shown.err}"
    files = [p for p in (tmp_path / ".tally").rglob("*") if p.is_file()]
    assert files
    assert [] == [p.name for p in files if TOKEN.encode() in p.read_bytes()]


def test_bad_options_are_told(api: Api, tmp_path: Path) -> None:
    """What dlt's REST source does not understand is a fault of the options."""
    told = options(api)
    told["client"]["paginator"] = {"type": "pages"}
    fault = run(tmp_path, told).faults[0]
    assert "L830" == fault.code
    assert "paginator" in fault.message


def test_example_in_the_docs(api: Api, tmp_path: Path) -> None:
    """The project shown in plugins/README.md lands and answers, with the address of the API alone changed."""
    text = README.read_text(encoding="utf-8")
    shown = text.partition("<!-- example: rest -->")[2]
    files = [block.partition("```")[0] for block in shown.split("```yaml\n")[1:3]]
    here = files[0].replace("https://api.example.com/v1/", api.url)
    here = here.replace("kind: rest", "kind: rest\n    allow_http: true\n    allow_private: true")
    (tmp_path / "tally.yaml").write_text(here, encoding="utf-8")
    (tmp_path / "metrics").mkdir()
    (tmp_path / "metrics" / "helpdesk.yaml").write_text(files[1], encoding="utf-8")
    tallymark.sync(tmp_path)
    with tallymark.open(tmp_path) as book:
        answer = book.ask("ticket_count", "ticket_value", period="2024-03")
    (row,) = answer.table.to_pylist()
    assert (5, 37.5) == (row["ticket_count"], row["ticket_value"])
