"""Leaves that can be read together are: one group for each dataset, level, grid, axis and move of the asked period."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from tallymark.formula.bound import Axis, Bound, conversions
from tallymark.lower.spaces import SpaceDraft
from tallymark.plan import AtEnd, Group, Key, Leaf, Parts, Role, is_late
from tallymark.windows import Resolved, Window, segments

Resolve = Callable[[Window, int], tuple[Resolved, ...]]
"""The instants of a window over every period of a grid."""

AskedPeriods = Callable[[Window, int], tuple[Resolved, ...]]
"""The asked period, moved so far, of every period of a grid."""

Ends = Callable[[AtEnd, int], tuple[datetime, ...]]
"""The instants of a moment, over every period of a grid."""

Place = tuple[str, tuple[Parts, ...], Axis, int, Window | None, bool, bool]


@dataclass(slots=True)
class GroupDraft:
    """A group while leaves are being gathered. `must_hold` are filters that may be put on the rows themselves."""

    leaves: dict[Leaf, None] = field(default_factory=dict)
    must_hold: frozenset[Bound] | None = None


@dataclass(frozen=True, slots=True)
class Gathered:
    """The groups, and the group of each leaf by space and node. `alone`: those that the question does not narrow."""

    groups: tuple[Group, ...]
    home: Mapping[tuple[int, int], int]
    alone: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Hull:
    """From the earliest start to the latest end of all windows of a question; None where there is no bound."""

    start: datetime | None
    end: datetime | None
    empty: bool = False


def gather(
    spaces: Iterable[SpaceDraft],
    keys: Callable[[Parts, str], Key],
    column: Callable[[Parts, str], Bound],
    resolve: Resolve,
    asked_periods: AskedPeriods,
    asked: tuple[Parts, ...],
    filters: Callable[[str], frozenset[Bound]],
    ends: Ends,
) -> Gathered:
    """Groups the leaves of all spaces.

    Groups that know all the asked dimensions also tell which combinations of them exist, and so read every row between
    the earliest start and the latest end under no more than the question's own `filters`.
    """
    drafts: dict[Place, GroupDraft] = {}
    homes: dict[tuple[int, int], Place] = {}
    for space in spaces:
        for number, node in enumerate(space.nodes):
            if isinstance(node, Leaf):
                place = (node.dataset, space.level, node.axis, space.grid, node.asked, node.aside, space.alone)
                drafts.setdefault(place, GroupDraft()).leaves[node] = None
                homes[space.number, number] = place
    resolved = {
        (leaf.window, place[3]): resolve(leaf.window, place[3]) for place, d in drafts.items() for leaf in d.leaves
    }
    hull = _hull(r for p, d in drafts.items() if not p[5] for w in _windows(d) for r in resolved[w, p[3]])
    groups = {}
    for number, (place, draft) in enumerate(drafts.items()):
        telling = bool(asked) and set(asked) <= set(place[1]) and not place[5] and not place[6]
        common = filters(place[0]) if telling else frozenset.intersection(*(x.conditions for x in draft.leaves))
        early = frozenset(c for c in common if not is_late(c))
        group = _group(number, place, draft, early, hull if telling else None, resolved, keys, column)
        group = replace(group, ends=tuple((m, ends(m, group.grid)) for m in _moments(draft)))
        moved = place[4]
        groups[place] = replace(group, asked=asked_periods(moved, place[3])) if moved is not None else group
    alone = frozenset(group.number for place, group in groups.items() if place[6])
    return Gathered(tuple(groups.values()), {where: groups[place].number for where, place in homes.items()}, alone)


def _windows(draft: GroupDraft) -> dict[Window, None]:
    return dict.fromkeys(leaf.window for leaf in draft.leaves)


def _moments(draft: GroupDraft) -> Iterable[AtEnd]:
    """The moments of periods that the leaves convert at."""
    found = (c.extra[-1] for leaf in draft.leaves for e in leaf.expressions for c in conversions(e))
    return dict.fromkeys(m for m in found if isinstance(m, AtEnd))


def _hull(windows: Iterable[Resolved]) -> Hull:
    live = [w for w in windows if not w.void]
    if not live:
        return Hull(None, None, empty=True)
    starts = [w.start for w in live]
    start = None if any(s is None for s in starts) else min(s for s in starts if s is not None)
    return Hull(start, max(w.end for w in live))


def _group(
    number: int,
    place: Place,
    draft: GroupDraft,
    common: frozenset[Bound],
    hull: Hull | None,
    resolved: Mapping[tuple[Window, int], tuple[Resolved, ...]],
    keys: Callable[[Parts, str], Key],
    column: Callable[[Parts, str], Bound],
) -> Group:
    dataset, level, axis, grid, *_ = place
    windows = _windows(draft)
    roles = tuple(Role(w, resolved[w, grid]) for w in windows)
    own = [r for role in roles for r in role.resolved]
    if axis.kind == "stock":
        own = [replace(r, start=r.end) for r in own]
    bounds = hull or _hull(own)
    return Group(
        number=number,
        dataset=dataset,
        level=tuple(keys(d, dataset) for d in level),
        keys=tuple(column(d, dataset) for d in level),
        axis=axis,
        grid=grid,
        filters=tuple(sorted(common, key=repr)),
        leaves=tuple(draft.leaves),
        roles=roles,
        cuts=segments(own).cuts,
        lowest=bounds.start,
        highest=bounds.end,
    )
