"""What an answer may not show: the rows that a null, a missing partner or a missing time keeps out of it, as counts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from tallymark.catalog import Catalog, Column
from tallymark.formula.bound import Aggregate, Apply, Axis, Bound, ColumnUse, Constant, conversions, walk
from tallymark.formula.functions import Function
from tallymark.formula.spell import spell
from tallymark.kinds import Type
from tallymark.lower import Lowered
from tallymark.plan import Follow, Group, Leaf, Nest, Parts, Past, Plan, Space, is_late
from tallymark.render.tallies import Counted, Scope, Strange, Tally, is_null, not_false, orphaned
from tallymark.windows import Resolved

Window = tuple[int, int]
"""A group's number and the place of a window among its roles."""


_KINDS = ("condition", "member", "time", "orphans")
"""The kinds of remarks in the order in which they are made."""

_PASSING = frozenset({"!=", "=", "<", "<=", ">", ">=", "not", "in", "between", "local"})
"""Operations of one column and constants that are null exactly where the column is."""


@dataclass(frozen=True, slots=True)
class Remark:
    """Rows to count and what to say of them: `one` of a single row, `many` with `{count}` of several.

    `fact` is the same without conditions and windows: as long as the data of `datasets` stays as it is, its count does
    too, and where it is 0 nothing else need be counted. None when it depends on the question's `as_of`.
    """

    counted: Counted
    fact: Counted | None
    datasets: frozenset[str]
    one: str
    many: str


@dataclass(slots=True)
class _Draft:
    """A remark while the parts of a plan that it applies to are found: under which conditions, in which windows."""

    dataset: str
    test: Bound
    one: str
    many: str
    axis: Axis | None = None
    """When rows look up what changes, if they do."""
    windows: dict[frozenset[Bound], dict[Window, None] | None] = field(default_factory=dict)
    """By the conditions in force; None is any time."""


def unseen(lowered: Lowered, catalog: Catalog, functions: Mapping[str, Function]) -> list[Remark]:
    """Everything worth counting for a plan: nothing when no condition, member, time or reference can be null."""
    return _Unseen(lowered.plan, catalog, functions).find()


def datasets_read(lowered: Lowered, catalog: Catalog) -> tuple[str, ...]:
    """The datasets whose columns a plan reads, those behind references included."""
    found: dict[str, None] = {}
    for group in lowered.plan.groups:
        found[group.dataset] = None
        for read in _reads(catalog, group.dataset, [e for leaf in group.leaves for e in _expressions(group, leaf)]):
            found.update(dict.fromkeys((*read.through, read.dataset)))
    followed = (n for space in lowered.plan.spaces for n in space.nodes if isinstance(n, Follow))
    found.update((node.dataset, None) for node in followed)
    return tuple(found)


def columns_read(lowered: Lowered, catalog: Catalog) -> frozenset[tuple[str, str]]:
    """The columns that a plan reads, each with its dataset."""
    read = (
        r
        for group in lowered.plan.groups
        for r in _reads(catalog, group.dataset, [e for leaf in group.leaves for e in _expressions(group, leaf)])
    )
    return frozenset((r.dataset, r.column.name) for r in read)


def datasets_needed(lowered: Lowered, catalog: Catalog) -> tuple[str, ...]:
    """Every dataset whose rows a plan needs: those it reads, those that columns are gathered from, and the rates."""
    plan = lowered.plan
    found = dict.fromkeys(datasets_read(lowered, catalog))
    waiting: list[tuple[str, list[Bound]]] = []
    converting = False
    for group in plan.groups:
        own = [e for leaf in group.leaves for e in _expressions(group, leaf)]
        converting = converting or any(conversions(e) for e in own)
        waiting.append((group.dataset, own))
    for node in (n for space in plan.spaces for n in space.nodes if isinstance(n, Follow)):
        again = [node.again] if node.again is not None else []
        waiting.append((node.dataset, [node.time, node.holder, *_sorted(node.conditions), *again]))
    seen: set[Aggregate] = set()
    while waiting:
        dataset, expressions = waiting.pop(0)
        found[dataset] = None
        for read in _reads(catalog, dataset, expressions):
            found.update(dict.fromkeys((*read.through, read.dataset)))
            over = read.column.aggregate
            if over is not None and over not in seen:
                seen.add(over)
                waiting.append((over.dataset, [e for e in (over.argument, over.condition) if e is not None]))
    if converting and catalog.rates is not None:
        found[catalog.rates.dataset] = None
    return tuple(found)


def datasets_of(catalog: Catalog, dataset: str, bound: Bound) -> frozenset[str]:
    """The datasets that an expression over rows of `dataset` reads, those on the way included."""
    return frozenset(d for r in _reads(catalog, dataset, [bound]) for d in (r.dataset, *r.through))


class _Unseen:
    def __init__(self, plan: Plan, catalog: Catalog, functions: Mapping[str, Function]) -> None:
        self.plan = plan
        self.catalog = catalog
        self.functions = functions
        self.drafts: dict[tuple[object, ...], _Draft] = {}
        self.strange: dict[Strange, None] = {}

    def find(self) -> list[Remark]:
        for group in self.plan.groups:
            for leaf in group.leaves if not group.aside else ():
                read = list(_reads(self.catalog, group.dataset, _expressions(group, leaf)))
                self._conditions(group, leaf)
                self._times(group, leaf)
                self._orphans(group, leaf, read)
                doubles = (r for r in read if r.column.physical is Type.DOUBLE and not self._is_made(r.dataset))
                self.strange.update((Strange(r.dataset, r.column.name), None) for r in doubles)
        for space in reversed(self.plan.spaces):
            for node in space.nodes:
                if isinstance(node, Nest) and node.member is not None:
                    self._members(node, node.member)
        drafts = sorted(self.drafts.items(), key=lambda d: _KINDS.index(str(d[0][0])))
        found = [remark for _, draft in drafts if (remark := self._remark(draft)) is not None]
        return found + self._not_finite()

    # --- kinds of remarks ------------------------------------------------------------------------------------------

    def _conditions(self, group: Group, leaf: Leaf) -> None:
        """Conditions that leave out rows where they are null though they speak of what rows are not."""
        if any(map(_edged, leaf.conditions)):
            # What held at the edge of a period is not known of a row by itself.
            return
        sure = [c for c in _sorted(leaf.conditions) if not is_late(c)]
        hollow = [c for c in sure if self._hollow(group.dataset, c)]
        for condition in hollow:
            others = [not_false(c) if c in hollow else c for c in sure if c != condition]
            test, one, many = undecided(group.dataset, condition, self.functions)
            axis = self._axis(group, test, *others)
            draft = self._draft(("condition", group.dataset, condition, axis), group.dataset, test, one, many, axis)
            self._in_force(draft, group, leaf, frozenset(others))

    def _members(self, nest: Nest, member: Parts) -> None:
        """Rows whose member is null."""
        named = ".".join(member)
        for space, number in self._present(nest):
            leaf = space.nodes[number]
            assert isinstance(leaf, Leaf)
            group = self._home(space, number)
            place = next((n for n, k in enumerate(group.level) if k.parts == member), None)
            if place is None or not self._nullable(group.dataset, group.keys[place]):
                continue
            if _edged(group.keys[place]) or any(map(_edged, leaf.conditions)):
                continue
            of = f"`{group.dataset}`"
            one = f"1 row of {of} has no `{named}` and belongs to no member of `per {named}`"
            many = f"{{count}} rows of {of} have no `{named}` and belong to no member of `per {named}`"
            test = is_null(group.keys[place])
            axis = self._axis(group, test, *leaf.conditions)
            draft = self._draft(("member", group.dataset, member, axis), group.dataset, test, one, many, axis)
            self._in_force(draft, group, leaf, leaf.conditions)

    def _times(self, group: Group, leaf: Leaf) -> None:
        """Rows without a time are in no period. Of `on solved_at` a null is no flaw: not all tickets are solved."""
        own = self.catalog.datasets[group.dataset]
        usual = {own.time, *(own.valid or ())[:1]}
        if group.axis.kind == "timeless" or group.axis.columns[0] not in usual:
            return
        time = own.columns[group.axis.columns[0]]
        if time.name == own.key:
            return
        test = is_null(ColumnUse((), time.name, time.type))
        one = f"1 row of `{own.name}` has no `{time.name}` and is in no period"
        many = f"{{count}} rows of `{own.name}` have no `{time.name}` and are in no period"
        conditions = frozenset(c for c in leaf.conditions if not _edged(c) and self._axis(group, c) is None)
        draft = self._draft(("time", own.name, time.name), own.name, test, one, many)
        draft.windows[frozenset(c for c in conditions if not is_late(c))] = None

    def _orphans(self, group: Group, leaf: Leaf, read: Iterable[_Read]) -> None:
        """Rows whose reference finds no partner, for every reference that the leaf follows."""
        followed = {(r.path[:n], r.edged): None for r in read for n in range(1, len(r.path) + 1)}
        for path, edged in followed:
            own = group.dataset
            test = orphaned(self.catalog, own, path)
            # What a condition says of the missing partner is not known, so it cannot be asked for here.
            known = [c for c in leaf.conditions if not self._follows(own, c, path) and not _edged(c)]
            axis = self._axis(group, test, *known)
            if edged and axis is not None:
                # Who has no version at the edge of a period need not be missing: only the first step can be told.
                known = [c for c in known if self._axis(group, c) is None]
                if len(path) > 1:
                    continue
                axis = None
            one, many = self._orphan_texts(own, path, axis is not None)
            draft = self._draft(("orphans", own, path, axis), own, test, one, many, axis)
            self._in_force(draft, group, leaf, frozenset(known))

    def _orphan_texts(self, own: str, path: tuple[str, ...], in_time: bool) -> tuple[str, str]:
        target = self.catalog.datasets[_on_the_way(self.catalog, own, path)[-1]]
        through = f", over `{'.'.join(path[:-1])}`," if len(path) > 1 else ""
        ending = f"to a `{path[-1]}` that `{target.name}` does not have"
        one, many = ("at its time", "at their times") if in_time and target.valid is not None else ("", "")
        return (
            f"1 row of `{own}` refers{through} {' '.join(filter(None, (ending, one)))}: it stands under the null value",
            f"{{count}} rows of `{own}` refer{through} {' '.join(filter(None, (ending, many)))}: they stand under the "
            "null value",
        )

    def _not_finite(self) -> list[Remark]:
        remarks = []
        for strange in self.strange:
            of = f"`{strange.dataset}.{strange.column}`"
            one = f"1 value of {of} is not a finite number and counts as null"
            many = f"{{count}} values of {of} are not finite numbers and count as null"
            remarks.append(Remark(strange, strange, frozenset({strange.dataset}), one, many))
        return remarks

    # --- scopes ----------------------------------------------------------------------------------------------------

    def _draft(
        self, place: tuple[object, ...], dataset: str, test: Bound, one: str, many: str, axis: Axis | None = None
    ) -> _Draft:
        return self.drafts.setdefault(place, _Draft(dataset, test, one, many, axis))

    def _axis(self, group: Group, *expressions: Bound) -> Axis | None:
        """When the rows of a group look up what changes, if any of the expressions does."""
        used = (b for e in expressions for b in walk(e) if isinstance(b, ColumnUse))
        changes = any(self.catalog.changes(group.dataset, u.path, u.column) for u in used)
        return group.axis if changes else None

    def _in_force(self, draft: _Draft, group: Group, leaf: Leaf, conditions: frozenset[Bound]) -> None:
        # What depends on the rates of a period has no one value that could be counted.
        windows = draft.windows.setdefault(frozenset(c for c in conditions if not is_late(c)), {})
        if windows is not None:
            windows[group.number, group.role_of(leaf)] = None

    def _remark(self, draft: _Draft) -> Remark | None:
        """The remark; None when no window that it is about is open."""
        scopes: list[Scope] = []
        for conditions, windows in draft.windows.items():
            if windows is None:
                scopes.append(Scope(conditions))
                continue
            by_axis: dict[object, list[tuple[Group, int]]] = {}
            for number, role in windows:
                group = self._group(number)
                by_axis.setdefault(group.axis, []).append((group, role))
            for places in by_axis.values():
                scopes.append(Scope(conditions, places[0][0].axis, _live(places)))
        scopes = _absorbed(scopes)
        if not scopes:
            return None
        read = list(_reads(self.catalog, draft.dataset, [draft.test]))
        passing = any(r.column.aggregate is not None or _of_today(r.column.formula) for r in read)
        passing = passing or bool(conversions(draft.test))
        passing = passing or any(self._is_made(d) for d in (draft.dataset, *(r.dataset for r in read)))
        fact = None if passing or _of_today(draft.test) else Tally(draft.dataset, draft.test, axis=draft.axis)
        datasets = frozenset({draft.dataset, *(d for r in read for d in (r.dataset, *r.through))})
        counted = Tally(draft.dataset, draft.test, tuple(scopes), axis=draft.axis)
        return Remark(counted, fact, datasets, draft.one, draft.many)

    def _is_made(self, dataset: str) -> bool:
        """Whether a transform makes its rows, which then depend on the knowledge date."""
        return self.catalog.datasets[dataset].making is not None

    def _group(self, number: int) -> Group:
        return next(g for g in self.plan.groups if g.number == number)

    def _home(self, space: Space, node: int) -> Group:
        return self._group((self.plan.home or {})[space.number, node])

    def _present(self, nest: Nest) -> Iterator[tuple[Space, int]]:
        """The leaves that count the rows of a nest's members: where they are, and their numbers there."""
        waiting = [(nest.inner, number) for number in nest.presence or ()]
        while waiting:
            inner, number = waiting.pop(0)
            space = next(s for s in self.plan.spaces if s.number == inner)
            node = space.nodes[number]
            if isinstance(node, Leaf):
                yield space, number
            elif isinstance(node, Nest | Past):
                # The rows of a grain's pieces, or of the periods before, summed.
                waiting.append((node.inner, node.body))

    # --- columns ---------------------------------------------------------------------------------------------------

    def _follows(self, dataset: str, condition: Bound, path: tuple[str, ...]) -> bool:
        return any(r.path[: len(path)] == path for r in _reads(self.catalog, dataset, [condition]))

    def _hollow(self, dataset: str, condition: Bound) -> bool:
        return hollow(self.catalog, dataset, condition)

    def _nullable(self, dataset: str, bound: Bound) -> bool:
        return nullable(self.catalog, dataset, bound)


def hollow(catalog: Catalog, dataset: str, condition: Bound) -> bool:
    """Whether a condition says what rows are not, of a column that may be null."""
    return _negative(condition) and nullable(catalog, dataset, condition)


def nullable(catalog: Catalog, dataset: str, bound: Bound) -> bool:
    """Whether what is computed from rows may be null, for all that is known: a dataset's key is not."""
    used = [b for b in walk(bound) if isinstance(b, ColumnUse)]
    return any(u.path or u.column != catalog.datasets[dataset].key for u in used)


def undecided(dataset: str, condition: Bound, functions: Mapping[str, Function]) -> tuple[Bound, str, str]:
    """Which rows a condition has no value for, and what is said of one such row and of many."""
    text, of, column = spell(condition, functions), f"`{dataset}`", _decides(condition)
    if column is None:
        one = f"1 row of {of} gives no value to `{text}`, which leaves it out"
        many = f"{{count}} rows of {of} give no value to `{text}`, which leaves them out"
    else:
        one = f"1 row of {of} has no `{column}`: `{text}` leaves it out"
        many = f"{{count}} rows of {of} have no `{column}`: `{text}` leaves them out"
    return is_null(column or condition), one, many


@dataclass(frozen=True, slots=True)
class _Read:
    """A column of `dataset` that is read over `path`, `through` other datasets, from the rows of a group.

    `edged`: as it stands at an edge of the asked period.
    """

    path: tuple[str, ...]
    through: tuple[str, ...]
    dataset: str
    column: Column
    edged: bool = False


def _reads(catalog: Catalog, dataset: str, expressions: Iterable[Bound]) -> Iterator[_Read]:
    """The columns that expressions read, each once, with what computed ones are made of."""
    seen: set[tuple[tuple[str, ...], str, bool]] = set()
    waiting: list[tuple[tuple[str, ...], Bound, bool]] = [((), e, False) for e in expressions]
    while waiting:
        path, bound, above = waiting.pop(0)
        for use in (b for b in walk(bound) if isinstance(b, ColumnUse)):
            whole, edged = (*path, *use.path), above or use.at is not None
            if (whole, use.column, edged) in seen:
                continue
            seen.add((whole, use.column, edged))
            *through, home = (dataset, *_on_the_way(catalog, dataset, whole))
            column = catalog.datasets[home].columns[use.column]
            yield _Read(whole, tuple(through), home, column, edged)
            if column.formula is not None:
                waiting.append((whole, column.formula, edged))


def _on_the_way(catalog: Catalog, dataset: str, path: tuple[str, ...]) -> tuple[str, ...]:
    """The dataset after each step of a way over references."""
    found = []
    for step in path:
        dataset = catalog.datasets[dataset].references[step].dataset
        found.append(dataset)
    return tuple(found)


def _expressions(group: Group, leaf: Leaf) -> list[Bound]:
    argument = [leaf.argument] if leaf.argument is not None else []
    return [*group.keys, *argument, *_sorted(leaf.conditions)]


def _negative(condition: Bound) -> bool:
    """Whether `!=`, `not in`, `not between` or `not (…)` decides: alone, or as one side of `or`."""
    if not isinstance(condition, Apply):
        return False
    match condition.function:
        case "!=":
            return True
        case "not":
            inside = condition.arguments[0]
            return not (isinstance(inside, Apply) and inside.function == "is null")
        case "or":
            return any(_negative(a) for a in condition.arguments)
    return False


def _decides(condition: Bound) -> ColumnUse | None:
    """The one column without which the condition has no value; None when it is not as simple as that."""
    used = {b: None for b in walk(condition) if isinstance(b, ColumnUse)}
    plain = all(isinstance(b, ColumnUse | Constant) or _passes(b) for b in walk(condition))
    return next(iter(used)) if len(used) == 1 and plain else None


def _passes(bound: Bound) -> bool:
    """Whether an operation is null exactly where its column is."""
    return isinstance(bound, Apply) and bound.function in _PASSING


def _live(places: list[tuple[Group, int]]) -> tuple[Resolved, ...]:
    windows = (w for group, role in places for w in group.roles[role].resolved if not w.void)
    return tuple(dict.fromkeys(windows))


def _absorbed(scopes: list[Scope]) -> list[Scope]:
    """The scopes without those that are empty, and those that hold no more rows than another one."""
    alive = [s for s in scopes if s.axis is None or s.axis.kind == "timeless" or s.windows]

    def within(small: Scope, large: Scope) -> bool:
        same = small.axis == large.axis and set(small.windows) <= set(large.windows)
        return same and large.conditions < small.conditions

    return [s for s in alive if not any(within(s, other) for other in alive)]


def _edged(bound: Bound) -> bool:
    """Whether an expression reads anything at an edge of the asked period."""
    return any(isinstance(b, ColumnUse) and b.at is not None for b in walk(bound))


def _of_today(bound: Bound | None) -> bool:
    return bound is not None and any(isinstance(b, Apply) and b.function == "today" for b in walk(bound))


def _sorted(conditions: Iterable[Bound]) -> list[Bound]:
    return sorted(conditions, key=repr)
