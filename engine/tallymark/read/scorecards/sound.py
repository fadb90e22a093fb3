"""What must hold between the parts of a scorecard."""

from __future__ import annotations

from collections.abc import Iterator

from tallymark.definitions.scorecards import MeasureDef, ScorecardDef
from tallymark.errors import Fault, did_you_mean
from tallymark.formula import nodes as n
from tallymark.place import Place

PARTS = ("coverage", "change", "trend", "override", "override_points", "segment")
"""What a card's metrics are called after its name, beside those of measures and groups."""

CONTRIBUTION = "contribution"
"""What a measure's name is followed by, in the name of the metric of its contribution."""


def sound(card: ScorecardDef) -> Iterator[Fault]:
    """What is wrong between the parts of a card, each fault where the part is named."""
    subject = f"scorecard `{card.name}`"
    yield from _names(card, subject)
    yield from _grouping(card, subject)
    yield from _segments(card, subject)
    yield from _rings(card, subject)


def _names(card: ScorecardDef, subject: str) -> Iterator[Fault]:
    """Two parts of one name, which would be one metric."""
    taken = dict.fromkeys(PARTS, "what every scorecard has")
    parts: list[tuple[str, str, Place]] = []
    for measure in card.measures.values():
        parts += [(measure.name, "a measure", measure.place)]
        parts += [(f"{measure.name}_{CONTRIBUTION}", "a contribution", measure.place)]
    parts += [(g.name, "a group", g.place) for g in card.groups.values()]
    for name, kind, place in parts:
        if name in taken:
            message = f"`{card.name}_{name}` would be {kind} and {taken[name]}"
            yield Fault("R117", message, place, "give one of them another name", subject)
        taken.setdefault(name, kind)


def _grouping(card: ScorecardDef, subject: str) -> Iterator[Fault]:
    """Measures outside groups, groups that are not there, and groups of nothing."""
    for measure in card.measures.values():
        if measure.group is not None and measure.group not in card.groups:
            help_ = did_you_mean(measure.group, card.groups) if card.groups else "write `groups:` first"
            yield Fault("R114", f"unknown group `{measure.group[:60]}`", measure.place, help_, _of(measure, subject))
        elif measure.group is None and card.groups:
            message = f"the measure `{measure.name}` is in no group, and the card has groups"
            yield Fault("R114", message, measure.place, f"write `group: {next(iter(card.groups))}`", subject)
    for group in card.groups.values():
        if not card.of_group(group.name):
            message = f"no measure is in the group `{group.name}`"
            yield Fault("R114", message, group.place, f"write `group: {group.name}` in one, or leave it out", subject)


def _segments(card: ScorecardDef, subject: str) -> Iterator[Fault]:
    """Weights and exceptions of unknown parts, and segments of which nothing is left."""
    for segment in card.segments.values():
        own = f"segment `{segment.name}` of {subject}"
        for name in segment.weights:
            if name not in card.measures and name not in card.groups:
                known = [*card.measures, *card.groups]
                message = f"unknown measure or group `{name[:60]}`"
                yield Fault("R116", message, segment.place, did_you_mean(name, known), own)
        for name in segment.without:
            if name not in card.measures:
                help_ = did_you_mean(name, card.measures)
                yield Fault("R116", f"unknown measure `{name[:60]}`", segment.place, help_, own)
            elif name in segment.weights:
                message = f"`{name}` has a weight, and is left out"
                yield Fault("R116", message, segment.place, "say one of the two", own)
        if set(segment.without) >= set(card.measures):
            yield Fault("R116", "no measure is left", segment.place, "leave fewer out", own)


def _rings(card: ScorecardDef, subject: str) -> Iterator[Fault]:
    """Formulas that name what the card itself stands for. Longer ways back are found where metrics are bound."""
    formulas = [(m.value, _of(m, subject)) for m in card.measures.values()]
    formulas += [(m.stale.rows, _of(m, subject)) for m in card.measures.values() if m.stale is not None]
    formulas += [(o.when, subject) for o in card.overrides]
    formulas += [(s.when, subject) for s in card.segments.values() if s.when is not None]
    formulas += [(f, subject) for f in (card.population, card.roll_up.by) if f is not None]
    own = {card.name, *(f"{card.name}_{part}" for part in (*PARTS, *card.measures, *card.groups))}
    for formula, owner in formulas:
        for node in n.walk(formula.node) if formula.node is not None else ():
            if isinstance(node, n.Name) and node.parts[0] in own and len(node.parts) == 1:
                message = f"`{node}` is made by this card, which cannot rest on itself"
                help_ = "rest it on other metrics"
                yield Fault("R118", message, formula.written.place(node.span), help_, owner)


def _of(measure: MeasureDef, card: str) -> str:
    return f"measure `{measure.name}` of {card}"
