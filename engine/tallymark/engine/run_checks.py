"""Runs checks of data: a question for each dataset and way to slice it, then what each check comes to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from tallymark.answer import Answer
from tallymark.catalog import Catalog
from tallymark.definitions import CheckDef, in_language
from tallymark.definitions.checks import OF_ROWS
from tallymark.engine.check_results import BROKEN, CheckExample, CheckResult
from tallymark.engine.check_words import columns_of, found, limit_of
from tallymark.errors import Fault, FaultError
from tallymark.given import help_for
from tallymark.query import Query
from tallymark.show.numbers import number
from tallymark.show.sheet import text_of
from tallymark.windows import Calendar, parse_moment
from tallymark.windows.clocks import INSTANT

MOST_EXAMPLES = 3
NO_ROWS = "Q509"

Ask = Callable[[Query], Answer]


@dataclass(frozen=True, slots=True)
class _Shape:
    """What a question is apart from its metrics: checks of one shape are asked together."""

    dataset: str | None
    by: tuple[str, ...]
    grain: str | None
    start: str | None
    partial: str | None


@dataclass(frozen=True, slots=True)
class _Cell:
    """What is known of a check in one period and slice."""

    passed: bool | None
    of: Mapping[str, Any]
    period: str | None
    values: Mapping[str, Any] = field(default_factory=dict)


def run_checks(
    catalog: Catalog, ask: Ask, calendar: Calendar, now: datetime, names: Sequence[str] = (), as_of: Any = None
) -> tuple[CheckResult, ...]:
    """What comes of the named checks, or of all, in the order they are defined. Packs' checks that wait for data are
    left out unless they are named. Raises FaultError (D611) for an unknown name, and Cancelled.
    """
    wanted = _wanted(catalog, names)
    known = as_of if as_of is not None else catalog.project.as_of
    end = parse_moment(known, calendar, end=True) if known is not None else now
    today = calendar.local(end - INSTANT).date().isoformat()
    shapes: dict[_Shape, list[CheckDef]] = {}
    results: dict[str, CheckResult] = {}
    for check in wanted:
        why = _obstacle(catalog, check)
        if why is not None:
            results[check.name] = _unknown(catalog, check, why)
        else:
            shapes.setdefault(_shape(catalog, check, today), []).append(check)
    for shape, checks in shapes.items():
        for check, answer in _answers(catalog, shape, checks, ask, as_of):
            if isinstance(answer, Fault):
                results[check.name] = _unknown(
                    catalog, check, "there are no rows" if answer.code == NO_ROWS else answer.message
                )
            else:
                results[check.name] = _Running(catalog, shape, check, ask, as_of).result(answer)
    return tuple(results[c.name] for c in wanted)


def _wanted(catalog: Catalog, names: Sequence[str]) -> list[CheckDef]:
    unknown = [n for n in names if n not in catalog.checks]
    if unknown:
        faults = (Fault("D611", f"unknown check `{n[:60]}`", None, help_for(n[:60], catalog.checks)) for n in unknown)
        raise FaultError(faults)
    if names:
        return [catalog.checks[n] for n in dict.fromkeys(names)]
    return [c for c in catalog.checks.values() if c.pack is None or not _needs(catalog, c)]


def _needs(catalog: Catalog, check: CheckDef) -> tuple[str, ...]:
    needed = (need for name in check.metrics for need in catalog.metrics[name].needs if name in catalog.metrics)
    return tuple(dict.fromkeys(needed))


def _obstacle(catalog: Catalog, check: CheckDef) -> str | None:
    """Why a check cannot be asked, if it cannot."""
    needs = _needs(catalog, check)
    if needs:
        return f"it needs {', '.join(needs)}"
    if any(not catalog.metrics[name].available for name in check.metrics):
        return BROKEN
    return None


def _shape(catalog: Catalog, check: CheckDef, today: str) -> _Shape:
    dataset = check.dataset.text if check.dataset is not None else None
    since = check.since.isoformat() if check.since is not None else None
    if check.kind == "fresh":
        return _Shape(dataset, check.by, None, today, "include")
    # What is looked back at from the end of all is not narrowed by where the question begins.
    start = today if check.kind == "unique" else since
    # A period that is not over has too few rows, and half of an invoice run; a row that is wrong is wrong already.
    whole = check.kind in ("rows", "equal") and check.per is not None
    return _Shape(dataset, check.by, check.per, start, "drop" if whole else "include")


def _answers(
    catalog: Catalog, shape: _Shape, checks: Sequence[CheckDef], ask: Ask, as_of: Any
) -> Iterator[tuple[CheckDef, Answer | Fault]]:
    """The answer to each check, all in one question; where that fails, each by itself, or what stands in its way."""
    metrics = tuple(dict.fromkeys(m for c in checks for m in c.metrics))
    query = Query(metrics, by=shape.by, grain=shape.grain, start=shape.start, partial=shape.partial, as_of=as_of)
    try:
        answer = ask(query)
    except FaultError as error:
        if len(checks) == 1:
            yield checks[0], error.faults[0]
        else:
            for check in checks:
                yield from _answers(catalog, shape, [check], ask, as_of)
        return
    for check in checks:
        yield check, answer


def _unknown(catalog: Catalog, check: CheckDef, why: str) -> CheckResult:
    made = replace(_bare(catalog, check, None), why=why)
    return replace(made, message=found(check, made, 0, lambda word, value: text_of(value)))


def _bare(catalog: Catalog, check: CheckDef, passed: bool | None) -> CheckResult:
    language = catalog.project.language
    return CheckResult(
        check.name, check.kind or "", passed, check.severity or "error", limit=limit_of(check),
        label=in_language(check.label, language), description=in_language(check.description, language),
        dataset=check.dataset.text if check.dataset is not None else None, place=check.place,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Running:
    """One check that was answered."""

    catalog: Catalog
    shape: _Shape
    check: CheckDef
    ask: Ask
    as_of: Any

    def result(self, answer: Answer) -> CheckResult:
        """What comes of it."""
        cells = _looked_at(self._cells(answer))
        failing = [c for c in cells if c.passed is False]
        unknown = sum(1 for c in cells if c.passed is None)
        known = len(cells) - unknown
        # Nothing of what is unknown is passed, however much else is.
        passed = False if failing else True if known and not unknown else None
        made = replace(
            _bare(self.catalog, self.check, passed), cells=len(cells), failing=len(failing), unknown=unknown,
            measured=self._measured(failing or cells), why=self._why(cells, unknown) if passed is None else None,
        )  # fmt: skip
        made = replace(made, examples=self._examples(failing) if failing else ())
        checked = sum(c.values.get("checked") or 0 for c in cells)
        return replace(made, message=found(self.check, made, checked, self._shown))

    def _cells(self, answer: Answer) -> Iterator[_Cell]:
        check = self.check
        by = [c.name for c in answer.columns if c.role == "dimension"]
        dated = any(c.role == "period" for c in answer.columns)
        for row in answer.to_dicts():
            values = {m.removeprefix(f"{check.name}_"): self._local(row[m]) for m in check.metrics[1:]}
            period = answer.period(row["period"]) if dated else None
            yield _Cell(row[check.name], {name: row[name] for name in by}, period, values)

    def _local(self, value: Any) -> Any:
        """A point on the world's time line as the project's clock shows it."""
        if isinstance(value, datetime) and value.tzinfo is not None:
            return Calendar(timezone=self.catalog.project.timezone).local(value)
        return value

    def _measured(self, cells: Sequence[_Cell]) -> Any:
        """The number that decides, of the cells that fail or of all."""
        word = {"fresh": "newest", "rows": "count", "equal": "difference"}.get(self.check.kind or "", "rows")
        values = [v for c in cells if (v := c.values.get(word)) is not None]
        if not values:
            return None
        if word == "newest":
            return min(values)
        if word == "difference":
            return max(values, key=abs)
        return sum(values) if word == "rows" else values[-1]

    def _why(self, cells: Sequence[_Cell], unknown: int) -> str:
        if not cells or unknown == len(cells):
            return "there is nothing to look at" if self.check.kind != "equal" else "one of the two has no value"
        return f"{unknown} of {len(cells)} cells have no value"

    # --- examples --------------------------------------------------------------------------------------------------

    def _examples(self, failing: Sequence[_Cell]) -> tuple[CheckExample, ...]:
        if self.check.kind in OF_ROWS:
            told = self._rows()
            if told:
                return told
        cells = sorted(failing, key=self._badness)[:MOST_EXAMPLES]
        return tuple(CheckExample(c.of, c.period, c.values) for c in cells)

    def _badness(self, cell: _Cell) -> Any:
        """Sorts the worst cells first; of equally bad ones, the first."""
        if self.check.kind == "fresh":
            return cell.values["newest"].isoformat()
        if self.check.kind == "equal":
            return -abs(cell.values["difference"])
        if self.check.kind == "rows":
            usual = cell.values.get("usual")
            return -abs(cell.values["count"] - usual) if usual is not None else cell.values["count"]
        return -(cell.values.get("rows") or 0)

    def _rows(self) -> tuple[CheckExample, ...]:
        """Keys or values of rows that break the check, those of most rows first."""
        dataset = self.catalog.dataset(self.check.dataset.text) if self.check.dataset is not None else None
        if dataset is None:
            return ()
        named = columns_of(self.check) if self.check.kind not in ("not_null", "every") else ()
        columns = named or ((dataset.key,) if dataset.key is not None else ())
        if not columns:
            return ()
        name = f"{self.check.name}_rows"
        by = tuple(f"{self.shape.dataset}.{c}" for c in columns)
        query = Query(
            (name,), by=by, start=self.shape.start, having=(f"{name} > 0",), order=(f"-{name}", *by),
            limit=MOST_EXAMPLES, partial="include", as_of=self.as_of,
        )  # fmt: skip
        try:
            answer = self.ask(query)
        except FaultError:
            # More values than cells are allowed, for example: the count is told without examples.
            return ()
        asked = [c.name for c in answer.columns if c.role == "dimension"]
        return tuple(
            CheckExample(dict(zip(columns, (row[n] for n in asked), strict=True)), None, {"rows": row[name]})
            for row in answer.to_dicts()
        )

    def _shown(self, word: str, value: Any) -> str:
        metric = self.catalog.metrics[f"{self.check.name}_{word}"]
        if not metric.type.numeric:
            return text_of(value)
        return number(value, metric.unit, metric.type, locale=self.catalog.project.locale or "en")


def _looked_at(cells: Iterable[_Cell]) -> list[_Cell]:
    """The cells from the first on in which something is known of their slice: what is not there yet is not missing."""
    begun: set[tuple[Any, ...]] = set()
    kept: list[_Cell] = []
    every = list(cells)
    for cell in every:
        of = tuple(cell.of.values())
        if cell.passed is not None:
            begun.add(of)
        if of in begun:
            kept.append(cell)
    never = {tuple(c.of.values()) for c in every} - begun
    # A slice of which nothing is ever known is told once.
    for cell in every:
        if tuple(cell.of.values()) in never:
            never.remove(tuple(cell.of.values()))
            kept.append(cell)
    return kept
