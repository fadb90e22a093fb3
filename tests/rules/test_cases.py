"""Rules through whole projects: `cases/NAME/case.yaml` holds a rule, written series, and how each period must stand.

A case has steps, or is one: `as_of`, `rule`, `series` and `expect`; what a step leaves out is as in the one before. A
series is a word a month from January 2024 on: a number is a row with that value, `5x3` three such rows, `null` a row
without a value, `nan` one that is not a number, `_` no row. `expect` has for each instance its `status` (and `told`,
where it is another word than `ok` for `pending` and than the status otherwise), a word a month up to the last whole one,
`.` before the instance is known; and some words on `why` by period. `means` says whether the rule means the same as in
the step before.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

import tallymark
from tallymark.errors import FaultError
from tallymark.read import read_texts
from tallymark.rules.states import Evaluation, Instance, Observation
from tests.rules.model import Patience, states

CASES = sorted(p.parent for p in (Path(__file__).parent / "cases").glob("*/case.yaml"))
PROJECT = "name: case\ndatasets:\n  readings: {time: at, columns: {at: date, plan: text, value: double}}\n"
METRICS: Mapping[str, Any] = {
    "level": "avg(readings.value)",
    "total": "sum(readings.value)",
    "readings": "count(readings)",
    "sure": {"formula": "avg(readings.value)", "min_count": 2},
}
SHAPE = pyarrow.schema([("at", pyarrow.date32()), ("plan", pyarrow.string()), ("value", pyarrow.float64())])
NOBODY = "all"
"""The series of a rule without `by`."""


@pytest.mark.parametrize("folder", CASES, ids=[p.name for p in CASES])
def test_a_case_stands_as_written(folder: Path) -> None:
    """Each step of the case leads to the states it expects, which are those of the model too."""
    case = yaml.safe_load((folder / "case.yaml").read_text(encoding="utf-8"))
    before = None
    for step in _steps(case):
        if "fault" in step:
            with pytest.raises(FaultError) as raised:
                _evaluated(step)
            assert [step["fault"]] == [f.code for f in raised.value.faults]
            continue
        found = _evaluated(step)
        if "skipped" in step:
            assert tuple(step["skipped"]) == found.skipped
        assert step["expect"].keys() == {_name(i) for i in found.instances}
        for instance in found.instances:
            _stands(found, instance, step["expect"][_name(instance)])
            _as_modelled(found, instance)
        if "means" in step and before is not None:
            assert step["means"] == ("the same" if before == found.meaning else "something else")
        before = found.meaning


def _stands(found: Evaluation, instance: Instance, expected: Mapping[str, Any]) -> None:
    points = found.instances[instance]
    dots = ["."] * (len(found.periods) - len(points))
    status = [*dots, *(p.state.status for p in points)]
    assert expected["status"].split() == status, _name(instance)
    told = expected.get("told", expected["status"].replace("pending", "ok")).split()
    assert told == [*dots, *(p.state.told for p in points)], _name(instance)
    why = {found.labels[p.period]: p.why for p in points}
    for period, words in expected.get("why", {}).items():
        assert words in why[period]
    shown = {found.labels[p.period]: dict(p.observation.shown) for p in points}
    for period, values in expected.get("shown", {}).items():
        assert values == {name: shown[period][name] for name in values}


def _as_modelled(found: Evaluation, instance: Instance) -> None:
    rule = found.rule
    patience = Patience(rule.lasting, rule.keep_firing, rule.no_data.after, rule.clear is not None)
    points = found.instances[instance]
    seen = [p.observation for p in points]
    modelled = [(s.status, s.told, seen[s.since].period, seen[s.told_since].period) for s in states(patience, seen)]
    assert modelled == [(p.state.status, p.state.told, p.state.since, p.state.told_since) for p in points]


def _steps(case: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The steps, each with what it leaves out from the one before."""
    assert case["says"].endswith(".")
    kept = {key: case[key] for key in ("rule", "series", "metrics", "as_of") if key in case}
    for step in case.get("steps") or [case]:
        assert "expect" in step or "fault" in step
        kept |= {key: step[key] for key in ("series", "metrics", "as_of") if key in step}
        kept["rule"] = {k: v for k, v in (kept["rule"] | step.get("rule", {})).items() if v is not None}
        yield {**kept, **{k: step[k] for k in ("expect", "fault", "means", "skipped") if k in step}}


def _evaluated(step: Mapping[str, Any]) -> Evaluation:
    """The step's rule over its series, through the files of a project."""
    definitions = {
        "metrics": {**METRICS, **step.get("metrics", {})},
        "rules": {"watched": {"grain": "month", **step["rule"]}},
    }
    files = [("tally.yaml", PROJECT), ("metrics/case.yaml", yaml.safe_dump(definitions, sort_keys=False))]
    read, faults = read_texts(files)
    assert [] == [str(f) for f in faults]
    rows = pyarrow.Table.from_pylist(list(_rows(step["series"])), schema=SHAPE)
    with tallymark.open(definitions=read, tables={"readings": rows}) as book:
        return book.evaluate("watched", as_of=step["as_of"])


def _rows(series: Mapping[Any, str]) -> Iterator[dict[str, Any]]:
    for plan, words in series.items():
        for number, word in enumerate(words.split()):
            if word != "_":
                value, _, times = word.partition("x")
                at = date(2024 + number // 12, number % 12 + 1, 15)
                known = None if value == "null" else math.nan if value == "nan" else float(value)
                yield from [{"at": at, "plan": None if plan in (NOBODY, None) else plan, "value": known}] * int(
                    times or 1
                )


def _name(instance: Instance) -> Any:
    return dict(instance)["plan"] if instance else NOBODY


@given(
    series=st.dictionaries(
        st.sampled_from(["pro", "basic"]),
        st.lists(st.sampled_from(["_", "null", "1", "4", "9", "9x2"]), min_size=1, max_size=9),
        min_size=1,
    ),
    patience=st.builds(
        Patience, st.integers(1, 3), st.integers(0, 2), st.none() | st.integers(1, 3), clears=st.booleans()
    ),
)
@settings(max_examples=12, deadline=None)
def test_random_series_stand_as_modelled(series: dict[str, list[str]], patience: Patience) -> None:
    """Each instance stands as the model says of what its rows make of the conditions, month by month, in plain Python."""
    known = {plan: words for plan, words in series.items() if set(words) != {"_"}}
    rule = {"when": "level > 5", "for": patience.lasting, "keep_firing": patience.keep_firing, "by": ["plan"]}
    rule |= {"clear": "level < 3"} if patience.clears else {}
    rule |= {"no_data": patience.no_data} if patience.no_data else {}
    if not known:
        return
    written = {plan: " ".join(words) for plan, words in series.items()}
    found = _evaluated({"rule": rule, "series": written, "as_of": "2024-09-30"})
    assert known.keys() == {_name(i) for i in found.instances}
    for instance, points in found.instances.items():
        words = [*known[_name(instance)], *["_"] * 9][:9]
        first = next(n for n, word in enumerate(words) if word != "_")
        seen = [_seen(word, date(2024, n + 1, 1)) for n, word in enumerate(words) if n >= first]
        expected = [(s.status, s.told) for s in states(patience, seen)]
        assert expected == [(p.state.status, p.state.told) for p in points]


def _seen(word: str, period: date) -> Observation:
    """What a word of a series makes of `level > 5` and `level < 3`."""
    if word in ("_", "null"):
        return Observation(period, None, None)
    value = float(word.partition("x")[0])
    return Observation(period, value > 5, value < 3)


def test_every_way_to_be_patient_is_in_a_case() -> None:
    """The cases use every key by which a rule says what it looks at and how long it waits."""
    used = {
        key for p in CASES for step in _steps(yaml.safe_load((p / "case.yaml").read_text())) for key in step["rule"]
    }
    assert {"when", "clear", "by", "where", "for", "keep_firing", "no_data", "partial", "since"} <= used
