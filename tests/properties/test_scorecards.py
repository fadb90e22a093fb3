"""Random scorecards over random values: what must hold of every score, and the naive evaluator's word for it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import date
from random import Random
from typing import Any

import pyarrow as pa
import pytest
import yaml

import tallymark
from naive.evaluate import answer
from naive.world import Metric, Question, World
from tallymark.definitions import Definitions
from tallymark.read import read_texts

CARDS = max(4, int(os.environ.get("TALLY_CASES", "2000")) // 250)
MEASURES = ("m0", "m1", "m2", "m3")
MEMBERS = ("A", "B", "C", "D", "E")
MONTH, DAY, PERIOD = "2024-06", date(2024, 6, 10), (date(2024, 6, 1), date(2024, 7, 1))
NEAR = 1e-7
"""How far sums of rounded numbers may be apart."""

PROJECT = """
as_of: 2024-06-30
datasets:
  members: {source: memory, table: members, key: id, columns: {id: text, size: text}}
  facts:
    source: memory
    table: facts
    time: at
    refs: {member: members}
    columns: {member: text, at: date, m0: double, m1: double, m2: double, m3: double, heavy: double}
metrics: []
"""


def scoring(random: Random) -> Mapping[str, Any]:
    """How a measure is scored: rising with its value in every way there is, unless it is turned round."""
    low = random.randint(-20, 20)
    found: Mapping[str, Any] = random.choice((
        {},
        {"scale": {"from": low, "to": low + random.randint(1, 60)}},
        {"scale": {"above": low, "to": low + 40, "outside": "ignore"}},
        {"percentile": random.choice(("segment", "all"))},
        {"zscore": random.choice(("segment", "all"))},
        {"bands": {"low": {"below": low, "score": 5}, "mid": {"from": low, "to": low + 9, "score": 50},
                   "high": {"above": low + 9, "score": 95}}},
    ))  # fmt: skip
    turned = {"direction": "down"} if "bands" not in found and random.random() < 0.3 else {}
    return {**found, **turned}


def card(random: Random) -> dict[str, Any]:
    """A card of two to four measures, often with groups, segments and overrides."""
    names = MEASURES[: random.randint(2, 4)]
    missing = random.choice(("exclude", "exclude", "neutral", "worst", {"neutral": 30}))
    measures = {n: {"value": n, "weight": random.choice((1, 2, 5, 0.5)), **scoring(random)} for n in names}
    made: dict[str, Any] = {"per": "member", "missing": missing, "measures": measures}
    if random.random() < 0.5:
        made["groups"] = {"g0": random.choice((None, 3)), "g1": random.choice((None, 1))}
        for k, said in enumerate(measures.values()):
            said["group"] = f"g{k % 2}"
    if random.random() < 0.5:
        made["segments"] = {
            "large": {"where": "size = 'l'", "weights": {names[0]: 4}, "without": [names[1]]},
            "heavy": {"when": "heavy > 50", "weights": {names[1]: 7}},
            "default": {},
        }
    if random.random() < 0.6:
        kinds = random.sample(("at_most", "at_least", "exactly"), 2)
        made["overrides"] = [
            {"when": f"{names[k]} > 0", kind: random.choice((0, 20, 40.5, 100))} for k, kind in enumerate(kinds)
        ]
    if random.random() < 0.5:
        made["min_coverage"] = random.choice(("50%", "25%"))
    if random.random() < 0.3:
        made["population"] = "heavy > 10"
    if random.random() < 0.4:
        made["roll_up"] = {"weighted": "heavy"}
    return made


def rows(random: Random) -> dict[str, list[dict[str, Any]]]:
    """A row for each member with values, some null and many alike."""

    def value() -> float | None:
        return None if random.random() < 0.3 else float(random.choice((-30, -5, 0, 5, 5, 20, 45, 99, 140)))

    facts = [
        {"member": m, "at": DAY, **{n: value() for n in MEASURES}, "heavy": float(random.choice((0, 20, 80)))}
        for m in MEMBERS
    ]
    return {"members": [{"id": m, "size": random.choice("ls")} for m in MEMBERS], "facts": facts}


def defined(said: Mapping[str, Any]) -> Definitions:
    """The project with a card."""
    metrics = {n: f"avg(facts.{n})" for n in (*MEASURES, "heavy")}
    text = yaml.safe_dump({"metrics": metrics, "scorecards": {"card": dict(said)}}, sort_keys=False)
    definitions, faults = read_texts([("tally.yaml", PROJECT), ("card.yaml", text)])
    assert [] == [str(f) for f in faults], text
    return definitions


def scores(definitions: Definitions, data: Mapping[str, list[dict[str, Any]]], *by: str) -> list[dict[str, Any]]:
    """All numbers of the card, by member or of all together."""
    tables = {
        "members": pa.Table.from_pylist(data["members"]),
        "facts": pa.table({c: pa.array([r[c] for r in data["facts"]], type=_type(c)) for c in data["facts"][0]}),
    }
    with tallymark.open(definitions=definitions, tables=tables) as book:
        return book.ask(*asked(definitions, bool(by)), by=by, period=MONTH).to_dicts()


def _type(column: str) -> pa.DataType:
    return {"member": pa.string(), "at": pa.date32()}.get(column, pa.float64())


def asked(definitions: Definitions, single: bool) -> tuple[str, ...]:
    """The metrics that people see; texts are of one member."""
    left = () if single else ("card_segment", "card_override")
    return tuple(m for m in definitions.scorecards["card"].metrics if m not in left)


@pytest.mark.parametrize("seed", range(CARDS))
def test_what_holds_of_every_card(seed: int) -> None:
    """Scores lie from 0 to 100; contributions and what overrides add make up the score; overrides hold, in order; and
    the naive evaluator gives the same.
    """
    random = Random(seed)
    said, data = card(random), rows(random)
    definitions = defined(said)
    found = scores(definitions, data, "member")
    for row in found:
        score, parts = row["card"], [row[f"card_{m}"] for m in said["measures"]]
        assert all(p is None or -NEAR <= p <= 100 + NEAR for p in (score, *parts)), row
        added = [row[f"card_{m}_contribution"] for m in said["measures"]]
        if score is None:
            assert {None} == set(added), row
            continue
        assert score == pytest.approx(sum(added) + (row.get("card_override_points") or 0), abs=NEAR), row
        assert score == pytest.approx(overridden(said, sum(added), data, row["member"]), abs=NEAR), row
    whole = scores(definitions, data)[0]
    added = [whole[f"card_{m}_contribution"] or 0 for m in said["measures"]]
    if whole["card"] is not None:
        assert whole["card"] == pytest.approx(sum(added) + (whole.get("card_override_points") or 0), abs=NEAR)
    compare(naively(definitions, data, ("member",)), found)
    compare(naively(definitions, data, ()), [whole])


def overridden(said: Mapping[str, Any], score: float, data: Mapping[str, list[dict[str, Any]]], member: str) -> float:
    """A score with the overrides of a card applied one after the other."""
    own = next(r for r in data["facts"] if r["member"] == member)
    for override in said.get("overrides", []):
        value = own[override["when"].split()[0]]
        if value is not None and value > 0:
            score = min(score, override.get("at_most", 100))
            score = max(score, override.get("at_least", 0))
            score = override.get("exactly", score)
    return score


@pytest.mark.parametrize("seed", range(CARDS))
def test_more_of_a_good_thing_is_never_worse(seed: int) -> None:
    """Where a measure alone rises, and less of it is not better, no score of that member falls."""
    random = Random(seed + 10_000)
    said, data = card(random), rows(random)
    for gone in ("overrides", "segments", "population"):
        said.pop(gone, None)
    name = random.choice([*said["measures"]])
    said["measures"][name].pop("scale", None)
    own = next(r for r in data["facts"] if r["member"] == "A")
    own[name] = 5.0
    definitions = defined(said)
    before = scores(definitions, data, "member")[0]
    own[name] = 60.0
    after = scores(definitions, data, "member")[0]
    both = (before["card"], after["card"])
    # A place that becomes one among unlike members was missing before: that is another card.
    if None in both or before["card_coverage"] != after["card_coverage"]:
        return
    down = said["measures"][name].get("direction") == "down"
    assert (both[0] >= both[1] - NEAR) if down else (both[1] >= both[0] - NEAR), (said, both)


def naively(
    definitions: Definitions, data: Mapping[str, list[dict[str, Any]]], by: tuple[str, ...]
) -> list[dict[str, Any]]:
    """The same by the naive evaluator."""
    metrics = {n: Metric(m.formula.node, m.missing) for n, m in definitions.metrics.items() if m.formula.node}
    world = World(definitions.project, dict(definitions.datasets), dict(data), metrics, {})
    return answer(world, Question(asked(definitions, bool(by)), by, None, *PERIOD, as_of=date(2024, 6, 30)))


def compare(expected: list[dict[str, Any]], found: list[dict[str, Any]]) -> None:
    """Holds the engine's cells against the naive ones."""
    there = {row.get("member"): row for row in found}
    assert [r.get("member") for r in expected if r.get("member")] == [m for m in there if m]
    for row in expected:
        for name, wanted in row.items():
            if name.startswith("card"):
                given = there[row.get("member")][name]
                near = pytest.approx(wanted, abs=NEAR) if isinstance(wanted, float | int) else wanted
                assert near == given, (name, row)
