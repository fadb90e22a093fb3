"""Random transforms of random rows: the engine makes the same datasets as the naive evaluator, row by row.

`TALLY_CASES` sets how many questions are asked in all (200 unless set), `TALLY_SEED` the first world.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from naive.build import dataset, made, world
from naive.world import Question, World
from tallymark.definitions import DatasetDef, Project
from tallymark.formula.nodes import Duration

from .engine_side import opened
from .verdict import complaints, report

CASES = int(os.environ.get("TALLY_CASES", "200"))
FIRST = int(os.environ.get("TALLY_SEED", "0"))
EACH = 20

ZONES = ("UTC", "Europe/Paris", "America/New_York")
ANCHORS = (date(2024, 3, 31), date(2023, 10, 29), date(2024, 1, 31), date(2023, 12, 31))
"""Days on which clocks change in Paris, and ends of months and of a year."""


@dataclass(frozen=True)
class Kinds:
    """The types that vary from world to world."""

    time: str
    number: str


class Maker:
    """Draws the rows and the transforms of one world."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.anchor = self.random.choice(ANCHORS)
        self.zone = self.random.choice(ZONES)
        self.kinds = Kinds(
            self.random.choice(("timestamp", "timestamp", "instant", "date")),
            self.random.choice(("integer", "decimal", "double")),
        )
        self.times = [self.wall() for _ in range(5)]

    # --- rows ------------------------------------------------------------------------------------------------------

    def wall(self) -> datetime:
        """A local time near the anchor, often on the edge of a day or at a round distance from another one."""
        start = datetime.combine(self.anchor, time()) + timedelta(days=self.random.choice((-1, 0, 0, 0, 1)))
        minutes = self.random.choice((0, 10, 30, 60, 90, 120, 150, 180, 210, 1439, self.random.randint(0, 1439)))
        odd = self.random.choice((0, 0, 0, 1, 999_999)) if self.random.random() < 0.3 else 0
        return start + timedelta(minutes=minutes, microseconds=odd)

    def time(self) -> Any:
        wall = self.random.choice(self.times) if self.random.random() < 0.3 else self.wall()
        if self.kinds.time == "date":
            return wall.date() + timedelta(days=self.random.randint(-3, 3))
        if self.kinds.time == "instant":
            return wall.replace(tzinfo=ZoneInfo(self.zone), fold=self.random.randint(0, 1)).astimezone(UTC)
        return wall

    def maybe(self, draw: Callable[[], Any], missing: float = 0.12) -> Any:
        return None if self.random.random() < missing else draw()

    def number(self) -> Any:
        whole = self.random.randint(0, 3)
        if self.kinds.number == "double":
            return self.random.choice((float(whole), whole / 4, float("nan")))
        return whole if self.kinds.number == "integer" else Decimal(whole) / 2

    def rows(self, name: str) -> list[dict[str, Any]]:
        return [
            {
                "id": self.random.choice((i, i, self.random.randint(0, 5))),
                "user": self.maybe(lambda: self.random.choice(("a", "b", "c@d", "~"))),
                "device": self.maybe(lambda: self.random.choice(("x", "@x", "~a"))),
                "page": self.maybe(lambda: self.random.choice(("p", "q", "été"))),
                "n": self.maybe(self.number),
                f"{name}_at": self.maybe(self.time, 0.08),
            }
            for i in range(self.random.choice((0, 3, 8, 14, 20)))
        ]

    # --- definitions -----------------------------------------------------------------------------------------------

    def table(self, name: str, number: str) -> DatasetDef:
        columns = {"id": "integer", "user": "text", "device": "text", "page": "text", "n": number}
        computed = {"big": "n > 1", "name": "user.name"}
        return dataset(
            name,
            {**columns, f"{name}_at": self.kinds.time},
            key=self.random.choice(("id", None)),
            time=f"{name}_at",
            refs={"user": "users"},
            computed=computed,
        )

    def rows_of(self, name: str) -> str:
        """An input, with a condition some of the time."""
        where = ("page = 'p'", "page != 'p'", "n > 0 or user.name = 'A'", "big", "name is null", "device is not null")
        return f"{name} where {self.random.choice(where)}" if self.random.random() < 0.4 else name

    def sessions(self, rows: str = "web") -> str:
        per = self.random.choice(("per user", "per user", "per device", "per [user, device]", "per web.user"))
        per = per if rows.startswith("web") else per.replace("web.", "")
        gap = self.random.choice(("0 seconds", "30 minutes", "1 hour", "90 minutes", "1.5 hours", "1 day", "$gap"))
        more = self.random.choice(("", "", ", tail: 1 minute", ", single: null", ", single: 10 seconds, tail: 1 hour"))
        first = self.random.choice(("first: [page, n]", "first: page"))
        return f"sessionize({rows}, gap: {gap}, {per}, {first}, last: [n, page, id]{more})"

    def marks(self, rows: str) -> str:
        return f"acme.mark({rows}, page: page{self.random.choice(('', ', size: n', ', size: n'))})"

    def definitions(self) -> list[DatasetDef]:
        held = self.random.choice(("per user, of: [page, n]", "of: page, per device", "of: [page, user], per device"))
        keep = self.random.choice(("", ", keep: first", ", keep: last"))
        alike = self.random.choice(("id", "user", "[user, device]", "page"))
        return [
            made(self.sessions(self.rows_of("web")), "visits"),
            made(f"versions({self.rows_of('web')}, {held})", "states"),
            made(f"union({self.rows_of('web')}, {self.rows_of('app')}, origin: source)", "both"),
            made(f"dedupe({self.rows_of('both')}, per {alike}{keep})", "single"),
            made(self.sessions("single"), "journeys"),
            made(self.marks(self.rows_of(self.random.choice(("web", "single")))), "marked"),
            made("acme.mark(visits, page: last_page, size: seconds, prefix: found)", "lengths"),
        ]

    def world(self) -> World:
        users = dataset("users", {"id": "text", "name": "text"}, key="id")
        people = [{"id": "a", "name": "A"}, {"id": "c@d", "name": None}]
        other = self.random.choice((self.kinds.number, "integer"))
        rows = {name: self.rows(name) for name in ("web", "app")}
        if other != self.kinds.number:
            for row in rows["app"]:
                row["n"] = self.maybe(lambda: self.random.randint(0, 3))
        return world(
            [
                (users, people),
                (self.table("web", self.kinds.number), rows["web"]),
                (self.table("app", other), rows["app"]),
                *((d, []) for d in self.definitions()),
            ],
            {},
            Project(timezone=self.zone),
            {"gap": Duration(45, "minute", (0, 0))},
        )

    # --- questions -------------------------------------------------------------------------------------------------

    def question(self, known: World) -> Question:
        """Every row of one dataset, or its metrics by something, as known at some time."""
        name = self.random.choice(("visits", "states", "both", "single", "journeys", "marked", "lengths"))
        metrics, by = self.asked(name, known)
        if self.kinds.time == "instant":
            # Those are grouped as the clock shows them, which is another matter.
            by = tuple(b for b in by if not b.endswith("_at") and not b.startswith("valid_"))
        grain = self.random.choice((None, None, None, "day", "month"))
        far = 1 if grain == "day" else 40
        start = self.anchor - timedelta(days=self.random.choice((far, 1, 0)))
        end = self.anchor + timedelta(days=self.random.choice((far, 1, 0)))
        as_of: Any = self.random.choice((None, None, self.anchor, "cut"))
        if as_of == "cut":
            as_of = datetime.combine(self.anchor, time(self.random.choice((0, 1, 3)), self.random.choice((0, 30))))
        return Question(metrics, by, grain, start, end, None, as_of)

    def asked(self, name: str, known: World) -> tuple[tuple[str, ...], tuple[str, ...]]:
        if name in ("marked", "lengths"):
            weight, word, odd = (f"found_{n}" if name == "lengths" else n for n in ("weight", "word", "odd"))
            metrics = (f"count({name})", f"sum({name}.{weight})", f"count({name} where {odd} and {word} != '<q>')")
            return metrics, self.random.choice(
                ((word, weight), (word, "id"), ("user",) if name == "marked" else (odd,), ())
            )
        if name in ("visits", "journeys"):
            metrics = (
                f"count({name})",
                f"sum({name}.events)",
                f"max({name}.seconds)",
                f"avg({name}.seconds on ended_at)",
            )
            per = [v.text for v in _call(known, name).arguments["per"].values]
            by: tuple[str, ...] = ("id", "started_at", "ended_at", "last_n", "last_page", "last_id", "first_page")
            members = tuple(p.removeprefix("web.") for p in per)
            return metrics, self.random.choice((by, by, members, ("last_page", "first_page")))
        if name == "states":
            held = [v.text for v in _call(known, name).arguments["of"].values]
            days = "sum(date_diff('day', states.valid_from, states.valid_to) on valid_from)"
            metrics = ("count(states)", "count(states.valid_to)", "count(states on valid_from)", days)
            return metrics, self.random.choice((("id", "valid_from", "valid_to", *held), ("page",)))
        metrics = (f"count({name})", f"sum({name}.n)", f"last({name}.page)")
        return metrics, self.random.choice(
            (("source", "id", "user", "page"), ("source",), ("user.name",), ("page", "n", "device"), ())
        )


def _call(known: World, name: str) -> Any:
    return known.datasets[name].transform


@pytest.mark.parametrize("seed", range(FIRST, FIRST + max(1, CASES // EACH)))
def test_the_engine_makes_what_the_naive_evaluator_makes(seed: int) -> None:
    """Sessions, versions, unions and rows without duplicates are the same from both, at every knowledge date."""
    maker = Maker(seed)
    known = maker.world()
    ask = opened(known)
    questions = [maker.question(known) for _ in range(min(EACH, CASES))]
    failing = [q for q in questions if complaints(known, q, ask)]
    if failing:
        texts = [f"{d.name}: {d.transform.text}" for d in known.datasets.values() if d.transform is not None]
        shown = [report(known, q, f"seed {seed}, made smaller:", opened) for q in failing[:2]]
        pytest.fail("\n".join([f"{len(failing)} questions differ", *texts, *shown]), pytrace=False)
