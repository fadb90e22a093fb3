"""What is wrong with the engine's answer to one question, and a failing case made readable."""

from __future__ import annotations

from pprint import pformat

from naive.evaluate import answer
from naive.world import NaiveError, Question, World
from tallymark.errors import FaultError
from tallymark.formula.write import write

from .comparison import differences
from .engine_side import Ask, Opens
from .shrinking import shrunk

NOT_ANSWERED = frozenset(("Q511", "T118", "T220"))
"""Codes of what the engine says it does not answer: a dimension or condition where no rows are read, and, as yet,
references into datasets with validity."""

SHOWN = 4


def complaints(world: World, asked: Question, ask: Ask) -> list[str]:
    """How the engine's answer differs; empty when it is the naive one, or when the engine says it has none yet."""
    try:
        given = ask(asked)
    except FaultError as error:
        if {f.code for f in error.faults if f.severity == "error"} <= NOT_ANSWERED:
            return []
        return [f"refused: {error}"]
    except Exception as error:  # A crash is one more way to differ, to be reported with its case.
        return [f"crashed: {type(error).__name__}: {error}"]
    return differences(answer(world, asked), given, asked)


def kind(found: list[str]) -> str | None:
    """What kind of complaint it is, so that a failing case does not turn into another while it is made smaller."""
    if not found:
        return None
    return found[0][:20] if found[0].startswith(("refused", "crashed")) else "differs"


def report(world: World, asked: Question, title: str, opens: Opens) -> str:
    """A failing case, made small, as something to read and to run again. `opens` gives an engine for a world."""
    wanted = kind(complaints(world, asked, opens(world)))

    def fails(smaller: World, simpler: Question) -> bool:
        try:
            return kind(complaints(smaller, simpler, opens(smaller))) == wanted
        except NaiveError:
            return False

    if wanted is not None:
        world, asked = shrunk(world, asked, fails)
    project = world.project
    where = None if asked.where is None else write(asked.where)
    lines = [
        title,
        f"{project.timezone}, weeks from {project.week_start}, years from month {project.fiscal_year_start}",
        *([f"with {project.calendar}"] if project.calendar else []),
        *(f"{name}: {pformat(rows, width=160)}" for name, rows in world.rows.items() if rows and name != "days"),
        f"ask {asked.metrics} by {asked.by} grain {asked.grain} from {asked.start} to {asked.end}",
        f"where {where} as of {asked.as_of} sparse {asked.sparse}",
        *complaints(world, asked, opens(world))[:SHOWN],
    ]
    return "\n  ".join(lines)
