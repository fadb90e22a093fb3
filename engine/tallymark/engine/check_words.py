"""What is said of checks of data: their limits, and what was found, in sentences."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from tallymark.definitions import CheckDef, RowCountDef
from tallymark.engine.check_results import CheckExample, CheckResult
from tallymark.show.counts import many
from tallymark.show.periods import moment
from tallymark.show.raw import digits
from tallymark.show.sheet import text_of

Shown = Callable[[str, Any], str]
"""A value of one of a check's metrics, by the word after its name, as a reader sees it."""


def limit_of(check: CheckDef) -> str:
    """What must hold, in a few words."""
    rows, tolerance = check.rows, check.tolerance
    if check.kind == "fresh":
        return f"at most {check.fresh} old"
    if check.kind == "rows" and rows is not None:
        return _limits(rows, check.per or "day")
    if check.kind == "equal":
        return "equal" if tolerance is None else f"equal within {tolerance.text}"
    if tolerance is None:
        return "no row"
    return (
        f"at most {tolerance.text} of the rows"
        if tolerance.percent
        else f"at most {many(int(tolerance.amount), 'row')}"
    )


def _limits(rows: RowCountDef, per: str) -> str:
    said = [f"at least {rows.at_least:,}"] if rows.at_least is not None else []
    said += [f"at most {rows.at_most:,}"] if rows.at_most is not None else []
    if rows.change is not None:
        usual = f"the {per} before" if rows.usual == 1 else f"the mean of the {rows.usual} {per}s before"
        said.append(f"within {rows.change.text} of {usual}")
    return f"{' and '.join(said)}, in each {per}"


def found(check: CheckDef, result: CheckResult, checked: int, shown: Shown) -> str:
    """What a check found, in one sentence."""
    if result.passed is None:
        return f"`{check.name}` is not known: {result.why}"
    if check.kind == "fresh":
        return _stale(check, result, shown)
    if check.kind == "rows":
        return _amounts(check, result, shown)
    if check.kind == "equal":
        return _differing(check, result, shown)
    return _rows(check, result, checked)


def _rows(check: CheckDef, result: CheckResult, checked: int) -> str:
    count = result.measured or 0
    of = f"{count:,} of {many(checked, 'row')} of `{result.dataset}`"
    one = count == 1
    named = [f"`{c}`" for c in columns_of(check)]
    columns = _listed(named, "or")
    said = {
        "not_null": f"{'has' if one else 'have'} no {columns}",
        "unique": f"{'repeats' if one else 'repeat'} the {_listed(named, 'and')} of another",
        "exists": f"{'refers' if one else 'refer'} to a {columns} that is not there",
        "accepted": f"{'has' if one else 'have'} another {columns} than is accepted",
        "between": f"{'has' if one else 'have'} {columns} out of bounds",
        "matches": f"{'has' if one else 'have'} {columns} in another form",
        "every": f"{'breaks' if one else 'break'} `{check.every.text if check.every is not None else ''}`",
    }[result.kind]
    return f"{of} {said}{_such(result)}{_where(check, result)}"


def columns_of(check: CheckDef) -> tuple[str, ...]:
    """The columns that a check names."""
    named = (*check.not_null, *check.unique, *check.exists)
    return (*(c.text for c in named), *check.accepted, *check.between, *check.matches)


def _such(result: CheckResult) -> str:
    """`, such as `status` 'odd' (12 rows)`."""
    said = [f"{_of(e.of)}{_times(e.values.get('rows'))}" for e in result.examples if e.of]
    return f", such as {_listed(said, 'and')}" if said else ""


def _times(rows: Any) -> str:
    return f" ({many(rows, 'row')})" if isinstance(rows, int) and rows > 1 else ""


def _of(of: Mapping[str, Any]) -> str:
    return " ".join(f"`{name}` {_value(value)}" for name, value in of.items())


def _value(value: Any) -> str:
    if value is None:
        return "null"
    text = " ".join((digits(value) if isinstance(value, Decimal) else text_of(value)).split())
    text = text if len(text) <= 60 else f"{text[:59]}…"
    return repr(text) if isinstance(value, str) else text


def _where(check: CheckDef, result: CheckResult) -> str:
    """In how many of the slices and periods, when there are several."""
    return f"; {result.failing} of {_cells(check, result.cells)} fail" if result.cells > 1 else ""


def _cells(check: CheckDef, count: int) -> str:
    """How many were looked at: periods, slices, or both."""
    return many(count, "cell" if check.per and check.by else check.per or "slice")


def _stale(check: CheckDef, result: CheckResult, shown: Shown) -> str:
    of = f"the newest row of `{result.dataset}`"
    if result.cells > 1 and result.failing:
        said = _listed([f"{_of(e.of)} ({moment(e.values['newest'])})" for e in result.examples], "and")
        return f"{of} is more than {check.fresh} old in {result.failing} of {result.cells} slices: {said}"
    age = "is not" if result.passed else "is"
    return f"{of} is of {moment(result.measured)}, which {age} more than {check.fresh} old"


def _amounts(check: CheckDef, result: CheckResult, shown: Shown) -> str:
    if result.passed:
        return f"`{result.dataset}` has as many rows as it should: {result.limit}"
    said = []
    for example in result.examples:
        usual = f", where {shown('usual', example.values['usual'])} are usual" if "usual" in example.values else ""
        said.append(f"{many(example.values['count'], 'row')} in {_cell(example)}{usual}")
    of = f"{result.failing} of {_cells(check, result.cells)}"
    return f"`{result.dataset}` has {_astray(check, result)} rows in {of}: {'; '.join(said)} (wanted: {result.limit})"


def _astray(check: CheckDef, result: CheckResult) -> str:
    """On which side of its limits a number of rows is, where all periods that fail are told and agree."""
    assert check.rows is not None
    low = check.rows.at_least
    sides = set()
    for example in result.examples:
        count, usual = example.values["count"], example.values.get("usual")
        few = (low is not None and count < low) or (usual is not None and count < usual)
        sides.add("too few" if few else "too many")
    known = len(sides) == 1 and result.failing == len(result.examples)
    return sides.pop() if known else "too few or too many"


def _differing(check: CheckDef, result: CheckResult, shown: Shown) -> str:
    left, right = (f"`{f.text}`" for f in check.equal)
    if result.passed:
        return f"{left} and {right} are {result.limit}"
    said = []
    for example in result.examples:
        apart = shown("difference", abs(example.values["difference"]))
        first, second = (shown(word, example.values[word]) for word in ("left", "right"))
        said.append(f"{first} against {second}, {apart} apart{_at(example)}")
    share = f" in {result.failing} of {_cells(check, result.cells)}" if result.cells > 1 else ""
    return f"{left} and {right} are not {result.limit}{share}: {'; '.join(said)}"


def _at(example: CheckExample) -> str:
    return f" in {_cell(example)}" if example.period is not None or example.of else ""


def _cell(example: CheckExample) -> str:
    return " ".join(part for part in (example.period or "", _of(example.of)) if part)


def _listed(said: Sequence[str], word: str) -> str:
    return said[0] if len(said) == 1 else f"{', '.join(said[:-1])} {word} {said[-1]}" if said else ""
