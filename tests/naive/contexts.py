"""The context in which a metric is evaluated, and what each form does to it (language, A metric is a function…)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from tallymark.definitions import ConvertDef
from tallymark.formula import nodes

from .clock import BEGINNING, Clock, Moment, Period
from .world import NaiveError

WINDOWS = frozenset(("trailing", "to_date", "cumulative", "opening", "closing"))
SHIFTS = frozenset(("previous", "year_ago", "change", "growth"))
LIFTS = frozenset(("total", "share"))

Level = tuple[tuple[str, Any], ...]


@dataclass(frozen=True)
class Step:
    """A form that changes the window: `trailing` with its duration, `to_date` with its unit, and the others."""

    form: str
    duration: nodes.Duration | None = None
    unit: str = ""


@dataclass(frozen=True)
class Window:
    """`[start, end)`. `whole` is where it would end if the knowledge date did not cut it."""

    start: Moment
    end: Moment
    whole: Moment


@dataclass(frozen=True)
class Context:
    """A period with the steps that make its window, and the slice: filters, and levels from the outermost inwards."""

    cell: Period
    """The asked period, moved as far as `previous` moves it: what `at start` and `at end` speak of."""
    period: Period
    steps: tuple[Step, ...] = ()
    filters: tuple[nodes.Node, ...] = ()
    levels: tuple[Level, ...] = ()
    piece_of: bool = False
    """Whether `period` is a piece that a grain has cut out, whose moves leave the asked period where it is."""
    currency: str | None = None
    """What amounts are in; None for each in its own currency."""
    convert: ConvertDef | None = None
    rates: Moment | None = None
    """The moment whose rates `at_opening_rates` and the like ask for."""
    peers: tuple[Context, ...] = ()
    """The contexts of all members of the innermost `per`, or of the question's, moved as this one is."""
    absent: bool = False
    """Whether the member has no rows for what is ranked, and so has no place, whatever its value."""
    kept: tuple[Any, ...] = ()
    """The members that REST does not stand for."""
    cut: Moment | None = None
    """Where the period ends that is compared like for like with one that the knowledge date cuts; a shift forgets it."""

    def moved(self, move: Callable[[Context], Context]) -> Context:
        """The context after a move that its peers make too."""
        return replace(move(self), peers=tuple(move(p) for p in self.peers))

    def stepped(self, step: Step) -> Context:
        return self.moved(lambda c: replace(c, steps=(*c.steps, step)))

    def filtered(self, condition: nodes.Node) -> Context:
        return self.moved(lambda c: replace(c, filters=(*c.filters, condition)))

    def shifted(self, shift: Callable[[Period], Period]) -> Context:
        """The context in the period that `previous` leads to; a piece of a grain moves without the asked period."""
        return self.moved(
            lambda c: replace(c, period=shift(c.period), cell=c.cell if c.piece_of else shift(c.period), cut=None)
        )

    def ending(self, cut: Moment) -> Context:
        """Where the period ends, like for like."""
        return self.moved(lambda c: replace(c, cut=cut, cell=c.cell if c.piece_of else c.cell.until(cut)))

    def member(self, name: str, value: Any) -> Context:
        return replace(self, levels=(*self.levels, ((name, value),)), peers=(), absent=False)

    def piece(self, period: Period) -> Context:
        """Evaluation in a piece of the window: it has no steps of its own yet."""
        return replace(self, period=period, steps=(), peers=(), absent=False, cut=None, piece_of=True)

    def lifted(self, names: frozenset[str]) -> Context:
        """Without the innermost level's dimensions, or without the named ones. Peers that become one count once."""
        if names:
            levels = tuple(tuple(p for p in level if p[0] not in names) for level in self.levels)
        else:
            levels = (*self.levels[:-1], ())
        return replace(self, levels=levels, peers=tuple(dict.fromkeys(p.lifted(names) for p in self.peers)))

    def alone(self) -> Context:
        """The innermost level alone, without conditions; its peers are others."""
        return replace(self, filters=(), levels=self.levels[-1:], peers=())


def window(context: Context, clock: Clock, as_of: Moment) -> Window:
    """The window of a context: its period's, cut by the knowledge date, then each step from the outermost inwards."""
    start, whole = context.period.start, context.period.end
    if context.cut is not None:
        whole = min(whole, context.cut, key=lambda m: m.utc)
    end = min(whole, as_of, key=lambda m: m.utc)
    for step in context.steps:
        match step.form:
            case "trailing":
                assert step.duration is not None
                start = clock.add(end, -step.duration.count, step.duration.unit)
            case "to_date":
                start = clock.floor(clock.before(end), step.unit)
            case "cumulative":
                start = BEGINNING
            case "opening":
                end = whole = start
            case "closing":
                start = whole = end
    return Window(start, end, whole)


def enter(node: nodes.Call, context: Context, clock: Clock, parameters: Mapping[str, Any]) -> Context:
    """The context in which a window form, a shift or a lift evaluates its argument."""
    rest = node.arguments[1:]
    match node.name:
        case "trailing":
            return context.stepped(Step("trailing", _duration(rest[0], parameters)))
        case "to_date":
            return context.stepped(Step("to_date", unit=_word(rest[0])))
        case "cumulative" | "opening" | "closing":
            return context.stepped(Step(node.name))
        case "total" | "share":
            return context.lifted(lifted_names(node))
        case "year_ago":
            return context.shifted(lambda p: clock.shift(p, 1, "year"))
        case "previous" | "change" | "growth":
            count, unit = _back(rest[0], parameters) if rest else (1, None)
            return context.shifted(lambda p: clock.shift(p, count, unit))
    raise NaiveError(f"{node.name} is no form of context")


def compared(
    context: Context, back: tuple[int, str | None], like_for_like: bool, clock: Clock, as_of: Moment
) -> Context:
    """The context of the value that a cell is compared with; like for like, as much of its period as is known here."""
    there, here = context.shifted(lambda p: clock.shift(p, *back)), context.period
    if not like_for_like or here.end.utc <= as_of.utc:
        return there
    if as_of.utc <= here.start.utc:
        return there.ending(there.period.start)
    days = 0
    while here.grain != "hour" and clock.add(here.start, days + 1, "day").utc <= as_of.utc:
        days += 1
    rest = as_of.utc - clock.add(here.start, days, "day").utc
    return there.ending(clock.at_instant(clock.add(there.period.start, days, "day").utc + rest))


def lifted_names(node: nodes.Call) -> frozenset[str]:
    """The dimensions a total or share names, as written; none for all."""
    return frozenset(_word(n) for n in node.arguments[1:])


def _word(node: nodes.Node) -> str:
    if isinstance(node, nodes.Scoped) and node.at is not None:
        return f"{_word(node.body)} at {node.at}"
    if not isinstance(node, nodes.Name):
        raise NaiveError("a name is needed here")
    return str(node)


def _duration(node: nodes.Node, parameters: Mapping[str, Any]) -> nodes.Duration:
    value = parameters[node.name] if isinstance(node, nodes.Parameter) else node
    if not isinstance(value, nodes.Duration):
        raise NaiveError("a duration is needed here")
    return value


def _back(node: nodes.Node, parameters: Mapping[str, Any]) -> tuple[Any, str | None]:
    value = parameters[node.name] if isinstance(node, nodes.Parameter) else node
    if isinstance(value, nodes.Duration):
        return value.count, value.unit
    if isinstance(value, nodes.Number):
        return value.value, None
    return value, None
