"""From nothing to KPIs: a project started from Stripe and Zendesk, synced, asked; then the same rows in PostgreSQL.

The help desk is that of `tests/zendesk/desk.py`, with its figures. Stripe has three of its customers:

| customer | pays | from | until |
|---|---|---|---|
| c1 | 100 a month | 10 December 2025 | 10 February 2026, then 150 |
| 102 | 200 a month | 5 December 2025 | 5 March 2026, when it leaves |
| c3 | 600 a year, 50 a month | 15 January 2026 | |

| month | MRR at the start | what those customers pay at the end | NRR |
|---|---|---|---|
| January | 100 + 200 | 300 | 100 |
| February | 300 + 50 | 150 + 200 + 50 | 400 / 350 |
| March | 400 | 150 + 50 | 50 |
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

import tallymark
from tallymark.cli import tally
from tests.postgres.conftest import server
from tests.postgres.moved import rows
from tests.postgres.server import Cluster
from tests.sources.stripe_billing.fake_stripe import FakeStripe
from tests.sources.stripe_billing.things import customer, invoice, item, line, price, subscription
from tests.zendesk.desk import helpdesk
from tests.zendesk.fake_zendesk import EMAIL, TOKEN, FakeZendesk

__all__ = ["server"]

QUARTER = ("--grain", "month", "--from", "2026-01-01", "--to", "2026-03-31")
EXPECTED = {
    "nrr": [100, 400 / 350 * 100, 50],
    "mrr": [350, 400, 200],
    "new_mrr": [50, 0, 0],
    "expansion": [0, 50, 0],
    "churn": [0, 0, 200],
    "customer_churn_rate": [0, 0, 100 / 3],
    "fcr": [50, 25, None],
    "csat": [50, 50, None],
}
"""Each metric in January, February and March 2026."""

HUNDRED, MORE = price("price_100", 10000), price("price_150", 15000)
DOUBLE, YEAR = price("price_200", 20000), price("price_600", 60000, "year")


def fill(fake: FakeStripe) -> None:
    """The three customers, what they subscribe to now, and the invoices they have paid."""
    fake.add(HUNDRED, MORE, DOUBLE, YEAR)
    fake.add(customer("c1", "2025-12-10"), customer("102", "2025-12-05"), customer("c3", "2026-01-15"))
    fake.add(
        subscription("sub_1", "c1", [item("si_1", MORE, created="2025-12-10")], start="2025-12-10"),
        subscription(
            "sub_2", "102", [item("si_2", DOUBLE, created="2025-12-05")],
            start="2025-12-05", status="canceled", ended="2026-03-05",
        ),
        subscription("sub_3", "c3", [item("si_3", YEAR, created="2026-01-15")], start="2026-01-15"),
    )  # fmt: skip
    _billed(
        fake,
        "c1",
        1,
        [*((HUNDRED, m) for m in ("2025-12-10", "2026-01-10")), *((MORE, m) for m in ("2026-02-10", "2026-03-10"))],
        "2026-04-10",
    )
    _billed(fake, "102", 2, [(DOUBLE, m) for m in ("2025-12-05", "2026-01-05", "2026-02-05")], "2026-03-05")
    _billed(fake, "c3", 3, [(YEAR, "2026-01-15")], "2027-01-15")


def _billed(fake: FakeStripe, who: str, number: int, months: list[tuple[Any, str]], end: str) -> None:
    """An invoice a period, each until the next one's start."""
    ends = [*(start for _, start in months[1:]), end]
    for (of, start), until in zip(months, ends, strict=True):
        key = f"{number}_{start}"
        made = line(f"il_{key}", of["unit_amount"], (start, until), of=of, sub=f"sub_{number}", item=f"si_{number}")
        fake.add(invoice(f"in_{key}", who, start, [made], sub=f"sub_{number}"))


def run(folder: Path, *args: str) -> Result:
    """A command about the project, which must go well."""
    result = CliRunner().invoke(tally, [*args, "--project", str(folder)])
    assert 0 == result.exit_code, result.output
    return result


@pytest.fixture(scope="module")
def services() -> Iterator[tuple[FakeStripe, FakeZendesk]]:
    """Both services, and their keys in the environment."""
    with pytest.MonkeyPatch.context() as patch, FakeStripe() as stripe, FakeZendesk(helpdesk()) as zendesk:
        patch.setenv("STRIPE_API_KEY", stripe.key)
        patch.setenv("ZENDESK_API_TOKEN", TOKEN)
        fill(stripe)
        yield stripe, zendesk


@pytest.fixture(scope="module")
def project(services: tuple[FakeStripe, FakeZendesk], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `tally init` wrote, pointed at the services of this test, and synced."""
    folder = tmp_path_factory.mktemp("from_nothing") / "project"
    done = CliRunner().invoke(tally, ["init", str(folder), "--from", "stripe", "--from", "zendesk"])
    assert 0 == done.exit_code, done.output
    assert "export STRIPE_API_KEY=…" in done.output
    assert "tally sync" in done.output
    stripe, zendesk = services
    said = yaml.safe_load((folder / "tally.yaml").read_text(encoding="utf-8"))
    said["sources"]["stripe"] |= {"api_base": stripe.url, "allow_private": True}
    del said["sources"]["zendesk"]["subdomain"]
    said["sources"]["zendesk"] |= {
        "url": zendesk.url,
        "email": EMAIL,
        "allow_private": True,
        "requests_per_minute": 100_000,
    }
    (folder / "tally.yaml").write_text(yaml.safe_dump(said, sort_keys=False), encoding="utf-8")
    run(folder, "sync")
    return folder


def answered(folder: Path) -> dict[str, list[float | None]]:
    """The answers of `tally ask`, by metric."""
    asked = json.loads(run(folder, "ask", *EXPECTED, *QUARTER, "--format", "json").stdout)["rows"]
    return {name: [None if row[name] is None else float(row[name]) for row in asked] for name in EXPECTED}


def assert_expected(found: dict[str, list[float | None]]) -> None:
    """Every figure is the one worked out by hand."""
    for name, values in EXPECTED.items():
        assert values == [None if v is None else pytest.approx(v) for v in found[name]], name


def test_the_figures_are_those_worked_out_by_hand(project: Path) -> None:
    """`tally ask nrr fcr csat --grain month`, and what stands behind them."""
    assert_expected(answered(project))


def test_a_second_sync_changes_nothing(project: Path) -> None:
    """Synced again with nothing new, the answers are the same."""
    run(project, "sync")
    assert_expected(answered(project))


def test_every_metric_with_data_is_answered(project: Path) -> None:
    """No metric of the packs that these sources feed has a fault, and each is answered over the quarter."""
    with tallymark.open(project) as book:
        fed = [m.name for m in book.metrics.values() if m.available and not m.hidden]
        answer = book.ask(*fed, grain="month", start="2026-01-01", end="2026-03-31")
        assert 40 < len(fed)
        assert 3 == len(answer)


def test_a_number_can_be_followed_to_stripe(project: Path) -> None:
    """`tally explain churn --rows` names the customer and the subscription that Stripe's own screen shows."""
    told = run(project, "explain", "churn", "--period", "2026-03", "--rows", "20").stdout
    assert "102" in told
    assert "sub_2" in told


def test_in_postgresql_the_figures_are_the_same(project: Path, server: Cluster, tmp_path: Path) -> None:
    """The landed rows copied to a server, the same definitions over them: the same figures, computed there."""
    with tallymark.open(project) as book:
        landed = {d.name: d for d in book.datasets.values() if d.making is None and d.source in ("stripe", "zendesk")}
        server.put("moved", {name: rows(book, name) for name in landed})
    (tmp_path / "metrics").mkdir()
    said = yaml.safe_load((project / "tally.yaml").read_text(encoding="utf-8"))
    source = server.options("moved") | {"kind": "postgres"}
    (tmp_path / "tally.yaml").write_text(yaml.safe_dump(said | {"sources": {"warehouse": source}}), encoding="utf-8")
    for file in (project / "metrics").iterdir():
        made = yaml.safe_load(file.read_text(encoding="utf-8"))
        for name, dataset in made["datasets"].items():
            if "source" in dataset:
                home = name if name in landed else dataset["implements"]
                dataset |= {"source": "warehouse", "table": home}
        (tmp_path / "metrics" / file.name).write_text(yaml.safe_dump(made), encoding="utf-8")
    assert_expected(answered(tmp_path))
