"""Catalog and question become one plan: contexts, then groups of leaves, then spaces in order."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from tallymark.catalog import Catalog, MinCount, Reached
from tallymark.errors import Fault, FaultError
from tallymark.formula.bound import Bound
from tallymark.graph import in_order
from tallymark.kinds import Type
from tallymark.lower.contexts import Contexts
from tallymark.lower.denominators import zero_denominators
from tallymark.lower.gather import Gathered, gather
from tallymark.lower.hiding import hide
from tallymark.lower.histories import before
from tallymark.lower.keys import BEGAN, OTHER, plain
from tallymark.lower.making import default_values, settle_datasets, unsettled
from tallymark.lower.question import Question
from tallymark.lower.settle import settle
from tallymark.lower.spaces import Context, SpaceDraft
from tallymark.plan import PLACE, AtEnd, Begun, Clock, Grid, Kept, Key, Lift, Nest, Output, Parts, Past, Plan, Space
from tallymark.windows import Move, Period, Resolved, Window, cut, whole_steps

__all__ = ["Lowered", "Question", "default_values", "lower", "settle", "settle_datasets", "unsettled"]


@dataclass(frozen=True, slots=True)
class Lowered:
    """A plan and the contexts it came from, for receipts."""

    plan: Plan
    contexts: Contexts
    root: Context


Also = Callable[[Contexts, Context], None]
"""Puts more nodes into the spaces before the plan is finished, given the context of the question."""


def lower(catalog: Catalog, question: Question, also: Also | None = None) -> Lowered:
    """The plan of a question, and of what `also` puts in.

    Raises FaultError for what cannot be planned (too many pieces, a dimension of nothing).
    """
    return _Lowering(catalog, question, also).run()


@dataclass(slots=True)
class _Lowering:
    catalog: Catalog
    question: Question
    also: Also | None = None
    grids: list[Grid] = field(default_factory=list)
    keys: dict[Parts, Key] = field(default_factory=dict)
    cut: dict[tuple[int, Window, str], int] = field(default_factory=dict)
    resolved: dict[tuple[Window, int], tuple[Resolved, ...]] = field(default_factory=dict)
    stepped: dict[tuple[int, int, str], int | None] = field(default_factory=dict)
    past: dict[tuple[int, tuple[Move, ...], int, Move], int | None] = field(default_factory=dict)

    def run(self) -> Lowered:
        question = self.question
        self.grids.append(Grid(0, question.periods, question.grain))
        contexts = Contexts(
            self.catalog, question.values, self._pieces, self._steps, self._past, question.fold, question.age
        )
        root = Context(
            0, filters=question.filters, levels=(question.level,), currency=question.currency, convert=question.convert
        )
        contexts.space(root).dense = True
        outputs = self._outputs(contexts, root)
        having = tuple(self._node(contexts, root, condition) for condition in question.having)
        if self.also is not None:
            self.also(contexts, root)
        lifts = any(isinstance(node, Lift) for space in contexts.spaces for node in space.nodes)
        # Rows read under a `total` tell, too, which combinations of the asked dimensions there are.
        touched = self._touched(contexts, root) if question.sparse or (lifts and question.by) else None
        for draft in contexts.spaces:
            draft.dense = draft.dense or any(step.startswith("total") for step in draft.path[-1:])
        gathered = self._gather(contexts)
        spaces = self._spaces(contexts, gathered)
        clock = self._clock()
        order = self._order(outputs)
        limit = question.limit if question.limit is not None else question.max_cells + 1
        plan = Plan(
            clock,
            tuple(self.grids),
            gathered.groups,
            spaces,
            outputs,
            touched if question.sparse else None,
            order,
            limit,
            gathered.home,
            having,
            self._kept(),
            self._begun(),
        )
        return Lowered(plan, contexts, root)

    def _clock(self) -> Clock:
        calendar = self.question.calendar
        last = calendar.local(self.question.as_of - (self.question.as_of.resolution))
        return Clock(calendar, last.date(), self.question.as_of)

    def _outputs(self, contexts: Contexts, root: Context) -> tuple[Output, ...]:
        outputs = []
        for number, (name, bound) in enumerate(self.question.metrics):
            node = self._node(contexts, root, bound)
            ranked = name in self.question.ranked
            noted = not ranked and name not in self.question.quiet
            zeros = zero_denominators(contexts.spaces, contexts.space(root), node) if noted else (None, None)
            wanted = self.question.min_counts[number] if self.question.min_counts else None
            shown, hidden = self._hidden(contexts, root, node, bound, wanted)
            outputs.append(Output(name, shown, *zeros, hidden if noted else None, ranked))
        return tuple(outputs)

    def _hidden(
        self, contexts: Contexts, root: Context, node: int, bound: Bound, wanted: MinCount | None
    ) -> tuple[int, int | None]:
        """The node that is shown for `node`, and the one that is true where it is hidden."""
        if wanted is None or wanted.at_least == 0:
            return node, None
        counted = replace(wanted, of=settle(wanted.of, self.question.values)) if wanted.of is not None else wanted
        return hide(contexts, root, node, settle(bound, self.question.values), counted)

    def _node(self, contexts: Contexts, root: Context, bound: Bound) -> int:
        return contexts.shallow(partial(contexts.lower, settle(bound, self.question.values), root))

    def _touched(self, contexts: Contexts, root: Context) -> tuple[int, ...]:
        found: dict[int, None] = {}
        for _, bound in self.question.metrics:
            settled = settle(bound, self.question.values)
            present = contexts.shallow(partial(contexts.presence, settled, root, root.filters))
            found.update(dict.fromkeys(present))
        return tuple(found)

    # --- grids -----------------------------------------------------------------------------------------------------

    def _pieces(self, outer: int, window: Window, grain: str) -> int:
        """The grid of the pieces a grain cuts out of `window` over each period of the grid `outer`."""
        place = (outer, window, grain)
        if place not in self.cut:
            self.cut[place] = self._cut(outer, window, grain)
        return self.cut[place]

    def _cut(self, outer: int, window: Window, grain: str) -> int:
        periods: list[Period] = []
        parents: list[int] = []
        here = self.grids[outer]
        for number, whole in enumerate(self._resolve(window, outer)):
            if whole.void:
                continue
            if whole.start is None:
                message = f"`per {grain}` over all time has no beginning"
                raise FaultError(Fault("Q540", message, None, "use `trailing` or `to_date` instead of `cumulative`"))
            count = self.question.calendar.count(whole.start, whole.end, grain) if whole.start < whole.end else 0
            self._cap(len(periods) + count, grain)
            over = here.moved(window, number)
            pieces = cut(over, whole, here.periods[number], here.grain, grain, self.question.calendar)
            periods += pieces
            parents += [number] * len(pieces)
        found = Grid(len(self.grids), tuple(periods), grain, outer, tuple(parents))
        same = next(
            (g.number for g in self.grids if replace(g, number=found.number) == found),
            None,
        )
        if same is None:
            self.grids.append(found)
        return found.number if same is None else same

    def _steps(self, grid: int, count: int, unit: str) -> int | None:
        """How many periods of a grid a shift by so many units goes back; None when it does not land on the grid."""
        place = (grid, count, unit)
        if place not in self.stepped:
            here = self.grids[grid]
            found = whole_steps(here.periods, count, unit, here.grain, self.question.calendar)
            self.stepped[place] = None if here.moves or (here.history and here.grain is None) else found
        return self.stepped[place]

    def _past(self, outer: int, shifts: tuple[Move, ...], count: int, every: Move) -> int | None:
        """The grid of the `count` whole periods before each one of a grid, all moved by `shifts` first."""
        place = (outer, shifts, count, every)
        if place not in self.past:
            question = self.question
            if count * len(self.grids[outer].periods) > question.max_pieces:
                message = f"histories of {count} periods are more than {question.max_pieces:,} pieces in all"
                raise FaultError(Fault("Q620", message, None, "ask a shorter range, or a shorter history"))
            made = before(self.grids[outer], shifts, count, every, question.calendar, question.as_of)
            self.past[place] = len(self.grids) if made.periods else None
            self.grids += [replace(made, number=len(self.grids))] if made.periods else []
        return self.past[place]

    def _cap(self, count: int, grain: str) -> None:
        if count > self.question.max_pieces:
            message = f"`per {grain}` would cut the windows into more than {self.question.max_pieces:,} pieces"
            raise FaultError(Fault("Q541", message, None, "ask a shorter range or a coarser grain"))

    def _resolve(self, window: Window, grid: int) -> tuple[Resolved, ...]:
        """The instants of a window over every period of a grid."""
        if (window, grid) not in self.resolved:
            found = self.grids[grid].resolve(window, self.question.calendar, self.question.as_of)
            self.resolved[window, grid] = tuple(found)
        return self.resolved[window, grid]

    # --- groups and spaces -----------------------------------------------------------------------------------------

    def _gather(self, contexts: Contexts) -> Gathered:
        def question_filters(dataset: str) -> frozenset[Bound]:
            return contexts.conditions(dataset, self.question.filters)

        return gather(
            contexts.spaces, self._key, contexts.column, self._resolve, self._asked, self.question.level,
            question_filters, self._ends,
        )  # fmt: skip

    def _asked(self, moved: Window, grid: int) -> tuple[Resolved, ...]:
        """For every period of a grid the asked period it belongs to, moved."""
        here = self.grids[grid]
        if here.outer is None:
            return self._resolve(moved, grid)
        outer = self._asked(moved, here.outer)
        return tuple(outer[parent] for parent in here.parents)

    def _ends(self, moment: AtEnd, grid: int) -> tuple[datetime, ...]:
        """The instants of a moment over every period of a grid, which may be pieces of those it was meant for."""
        if grid == moment.grid:
            return tuple(r.end for r in self._resolve(moment.window, grid))
        here = self.grids[grid]
        assert here.outer is not None
        outer = self._ends(moment, here.outer)
        return tuple(outer[parent] for parent in here.parents)

    def _key(self, dimension: Parts, dataset: str) -> Key:
        if dimension not in self.keys:
            found = self.catalog.reach(dataset, plain(dimension))
            assert isinstance(found, Reached)
            own = Type.TIMESTAMP if found.type is Type.INSTANT else found.type
            kind = {OTHER: Type.BOOLEAN, BEGAN: Type.DATE}.get(dimension[-1], own)
            self.keys[dimension] = Key(dimension, f"d{len(self.keys)}", kind)
        return self.keys[dimension]

    def _spaces(self, contexts: Contexts, gathered: Gathered) -> tuple[Space, ...]:
        drafts = {str(d.number): d for d in contexts.spaces}

        def needs(name: str) -> Iterable[str]:
            for node in drafts[name].nodes:
                if isinstance(node, Nest | Past):
                    yield str(node.inner)
                elif isinstance(node, Lift):
                    yield str(node.outer)

        order = [drafts[n] for n in in_order(["0"], needs).names]
        return tuple(self._space(d, gathered) for d in order)

    def _space(self, draft: SpaceDraft, gathered: Gathered) -> Space:
        level = set(draft.level)
        groups = [g for g in gathered.groups if not g.aside and (draft.alone or g.number not in gathered.alone)]
        population = tuple(g.number for g in groups if level and level <= {k.parts for k in g.level})
        missing = [d for d in draft.level if d not in self.keys]
        if missing:
            named = ".".join(plain(missing[0]))
            help_ = "no metric of the question reads rows that could be grouped by it"
            raise FaultError(Fault("Q511", f"`{named}` groups nothing here", None, help_))
        keys = tuple(self.keys[d] for d in draft.level)
        told = population if draft.dense else ()
        return Space(draft.number, keys, draft.grid, tuple(draft.nodes), draft.dense, told, draft.alone)

    def _order(self, outputs: tuple[Output, ...]) -> tuple[tuple[str, bool], ...]:
        """What the answer is ordered by: as asked, then by period and the dimensions, so that it never depends on
        chance.
        """
        names = {o.name for o in outputs}
        asked: list[tuple[str, bool]] = []
        for name, descends in self.question.order:
            if name == "time":
                asked.append(("i", descends))
            elif name in names:
                asked.append((name, descends))
            else:
                asked += [(column, descends) for column in self._columns(tuple(name.split(".")), placed=False)]
        rest = ["i", *(c for d in self.question.by for c in self._columns(d, placed=True))]
        return (*asked, *((c, False) for c in rest if c not in {a for a, _ in asked}))

    def _columns(self, dimension: Parts, placed: bool) -> tuple[str, ...]:
        """The columns by which rows are put in the order of a dimension; the members of a fold by their `placed` order,
        else by value, the others last.
        """
        fold = self.question.fold
        if fold is not None and fold.dimension == dimension:
            member, other = (self.keys[k].column for k in fold.keys)
            return (PLACE,) if placed else (other, member)
        return tuple(self.keys[k].column for k in self.question.keys_of(dimension))

    def _kept(self) -> Kept | None:
        fold = self.question.fold
        if fold is None:
            return None
        member, other = (self.keys[k] for k in fold.keys)
        return Kept(member, other, fold.members, fold.kept)

    def _begun(self) -> Begun | None:
        age, calendar = self.question.age, self.question.calendar
        if age is None:
            return None
        starts = (calendar.local(calendar.floor(p.start, age.grain)).date() for p in self.question.periods)
        return Begun(self.keys[age.key], tuple(starts))
