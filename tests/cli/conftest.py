"""A book made by hand, so that the command can be tested without an engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from click.testing import CliRunner, Result

from tallymark import units
from tallymark.answer import Answer, AnswerColumn, AskedPeriod, Receipt, Step
from tallymark.cli import opening, tally
from tallymark.definitions import Formula, MetricDef
from tallymark.engine.check_results import CheckResult
from tallymark.engine.lineage import Lineage, Node
from tallymark.errors import Fault, FaultError
from tallymark.hookspecs import Format
from tallymark.kinds import Type
from tallymark.place import Place, Written
from tallymark.query import Query
from tallymark_plugins.formats import tally_formats

EUR = units.money("EUR")
WRITTEN = Place("metrics/revenue.yaml", 3, 1)


@dataclass(frozen=True)
class FakeMetric:
    """A metric as the catalog has it, as far as the command looks."""

    name: str
    unit: units.Unit
    definition: MetricDef
    language: str = "en"
    needs: tuple[str, ...] = ()
    pack: str | None = None
    tags: tuple[str, ...] = ()
    hidden: bool = False
    direction: str | None = None
    formula: str = "sum(x)"
    place: Place = WRITTEN

    @property
    def aliases(self) -> tuple[str, ...]:
        """All aliases."""
        return tuple(a for names in self.definition.aliases.values() for a in names)

    def called(self) -> tuple[str, ...]:
        """Its name, labels and aliases."""
        return (self.name, *self.definition.label.values(), *self.aliases)

    def label(self, language: str | None = None) -> str:
        """The English label."""
        return self.definition.label.get("en", self.name)

    def description(self, language: str | None = None) -> str:
        """The English description."""
        return self.definition.description.get("en", "")


def fake_metric(name: str, unit: units.Unit, label: str, aliases: tuple[str, ...] = (), **more: Any) -> FakeMetric:
    """A metric with an English label and French aliases."""
    formula = Formula(Written("sum(x)"), None)
    definition = MetricDef(name, formula, label={"en": label}, aliases={"fr": aliases})
    return FakeMetric(name, unit, definition, **more)


def lineage_of_nrr() -> Lineage:
    """`nrr` made of `mrr` and `churn`, both of subscriptions; `health` made of `nrr`."""
    nrr, mrr, churn, health = (Node("metric", n) for n in ("nrr", "mrr", "churn", "health"))
    table, column = Node("dataset", "subscriptions"), Node("column", "subscriptions.mrr")
    return Lineage(nrr, ((nrr, mrr), (nrr, churn), (mrr, table), (mrr, column), (churn, mrr), (health, nrr)))


@dataclass
class FakeBook:
    """Answers every question with the same two rows, and remembers what it was asked."""

    faults: tuple[Fault, ...] = ()
    checked: tuple[Fault, ...] = ()
    asked: list[tuple[tuple[str, ...], dict[str, Any]]] = field(default_factory=list)
    raises: BaseException | None = None
    cancelled: bool = False
    datasets: dict[str, Any] = field(default_factory=lambda: {"orders": object()})
    rules: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, FakeMetric] = field(
        default_factory=lambda: {
            m.name: m
            for m in (
                fake_metric("mrr", EUR, "Monthly recurring revenue", tags=("revenue",)),
                fake_metric("churn_rate", units.PERCENT, "Churn rate", ("taux de désabonnement",), pack="saas"),
                fake_metric("csat", units.PERCENT, "Satisfaction", needs=("dataset surveys",), pack="support"),
                fake_metric("inner", units.NUMBER, "Inner", hidden=True),
            )
        }
    )

    @property
    def formats(self) -> dict[str, Format]:
        """The built-in formats."""
        return {f.name: f for f in tally_formats()}

    def format(self, name: str) -> Format:
        """A built-in format."""
        if name not in self.formats:
            raise FaultError(Fault("P714", f"unknown format `{name}`"))
        return self.formats[name]

    def ask(self, *metrics: str, **question: Any) -> Answer:
        """Two months of one metric."""
        self.asked.append((metrics, question))
        if self.raises is not None:
            raise self.raises
        columns = (
            AnswerColumn("period", "period", Type.DATE, None, "Period"),
            AnswerColumn("mrr", "metric", Type.DECIMAL, EUR, "MRR"),
        )
        data = {
            "period": pa.array([date(2024, 5, 1), date(2024, 6, 1)]),
            "mrr": pa.array([Decimal("1234.5"), Decimal("60")], pa.decimal128(18, 6)),
        }
        writers = {name: f.write for name, f in self.formats.items()}
        table = pa.table(data)
        return Answer(columns, table, ("careful",), "SELECT 1", Query(metrics), grain="month", formats=writers)

    def explain(self, metric: str, **question: Any) -> Receipt:
        """A receipt of one step."""
        self.asked.append(((metric,), question))
        step = Step("sum(x)", "metric", Decimal(60), Type.DECIMAL, EUR, name="mrr", rows=3)
        return Receipt(
            "mrr",
            "MRR",
            AskedPeriod("2024-06"),
            {"plan": "pro"},
            Decimal(60),
            step,
            "SELECT 1",
            how=("sum(x): at once",),
        )

    def lineage(self, metric: str) -> Lineage:
        """The same for every metric."""
        return lineage_of_nrr()

    def check(self, data: bool = False, results: Sequence[CheckResult] | None = None) -> tuple[Fault, ...]:
        """The faults it was given; one more with `data`."""
        return (*self.checked, Fault("D410", "key repeated")) if data else self.checked

    def data_checks(self, *names: str) -> tuple[CheckResult, ...]:
        """One that passed, one that failed, and one that is unknown; those named, or all."""
        every = (("sums", True, ""), ("words", False, "2 rows have another word"), ("late", None, "there is nothing"))
        return tuple(
            CheckResult(name, "every", passed, "error", message=message)
            for name, passed, message in every
            if not names or name in names
        )

    def cancel(self) -> None:
        """Remembers."""
        self.cancelled = True


Run = Callable[..., Result]


@pytest.fixture
def book(monkeypatch: pytest.MonkeyPatch) -> FakeBook:
    """The book every command opens in this test."""
    made = FakeBook()
    monkeypatch.setattr(opening, "open_book", lambda session: made)
    return made


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Runs a command line in an empty folder, on a page of 100 characters."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.delenv("TALLY_DEBUG", raising=False)

    def call(*args: str, **more: Any) -> Result:
        return CliRunner().invoke(tally, list(args), **more)

    return call


@pytest.fixture
def unknown_metric() -> FaultError:
    """What the engine raises for a typo."""
    place = Place("<question>", 1, 1, 3, "mmr")
    return FaultError(
        [Fault("T103", "unknown metric `mmr`", place, "did you mean `mrr`?"), Fault("Q501", "unknown grain `moth`")]
    )
