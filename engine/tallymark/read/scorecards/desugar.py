"""The metrics that a scorecard stands for.

Of the card `health` of customers, with the measures `usage` and `voice` in the group `adoption`, people see `health`
(the score), `health_coverage`, `health_change` and `health_trend`, `health_adoption`, `health_usage` and
`health_usage_contribution`, and where there are such `health_segment`, `health_override` and
`health_override_points`. Behind them stand hidden ones, of one customer each, whose names have two underscores:

    health__in               whether the customer is scored at all
    health__segment          the number of its segment
    health__usage_value      the measure as it was written
    health__usage_known      the same, unless it is stale; or the last value known
    health__usage_peer_1     the same, of those who are compared in segment 1
    health__usage_measured   from 0 to 100; null where there is no value
    health__usage_score      the same, with what the card makes of a missing value
    health__usage_weight     where weights differ by segment
    health__usage_share      what share of the score the measure decides, of those that are there
    health__usage_points     what it adds to the score
    health__adoption_score, health__adoption_weight, health__adoption_there, health__adoption_coverage
    health__there            the weights of what is there
    health__coverage         the share of the weights that is measured
    health__before           the score before overrides
    health__rule_1           whether the first override applies
    health__after_1          the score after it
    health__override         the number of the override that decided; 0 where none did
    health__score            the score
    health__mass             what the customer weighs among others
    health__all              1 for everybody who is scored; it reads all that the card reads

What people see is these rolled up over the members of a cell: of one member it is the member's own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from tallymark.definitions import DatasetDef, Formula, MetricDef, Texts, UnitDef, in_language
from tallymark.definitions.scorecards import GroupDef, MeasureDef, PercentileDef, ScorecardDef, SegmentDef, ZScoreDef
from tallymark.errors import Fault, FaultError
from tallymark.formula import nodes as n
from tallymark.place import Place
from tallymark.read.pieces import Piece, literal, quoted, together
from tallymark.read.scorecards import wording
from tallymark.read.scorecards.scored import scored
from tallymark.read.values import parsed

SCORE = UnitDef("score")


@dataclass(frozen=True, slots=True)
class Around:
    """What other entries of the files say that a card needs to know: datasets, those of packs, metrics, by name."""

    datasets: Mapping[str, DatasetDef]
    canonical: Mapping[str, DatasetDef]
    metrics: Mapping[str, MetricDef]

    def direction(self, formula: Formula) -> str | None:
        """The direction of the metric that a formula names, where it is no more than a name."""
        node = formula.node
        named = self.metrics.get(node.parts[0]) if isinstance(node, n.Name) and len(node.parts) == 1 else None
        return named.direction if named is not None else None

    def of(self, card: ScorecardDef) -> str | None:
        """The dataset whose rows are the card's members; None where files do not tell."""
        if card.of is not None:
            return card.of
        known = [*self.datasets.values(), *self.canonical.values()]
        found = dict.fromkeys(d.refs[card.per].dataset for d in known if card.per in d.refs)
        return next(iter(found)) if len(found) == 1 else None

    def happens(self, name: str) -> bool:
        """Whether the rows of a dataset have a time and no validity, so that all up to a moment are to be read."""
        own = self.datasets.get(name)
        meant = self.canonical.get((own.implements or name) if own is not None else name)
        both = [d for d in (own, meant) if d is not None]
        return any(d.time is not None for d in both)


def metrics_of_card(
    card: ScorecardDef, around: Around, language: str
) -> tuple[ScorecardDef, list[MetricDef], list[Fault]]:
    """The card with what other entries say of it, the metrics that it stands for, and what is wrong with them.

    `language` is the one in which overrides are named where their names are values.
    """
    measures = {
        name: replace(m, direction=m.direction or around.direction(m.value)) for name, m in card.measures.items()
    }
    card = replace(card, measures=measures)
    try:
        made = list(_Desugar(card, around, language).metrics())
        found = [replace(m, formula=replace(m.formula, node=parsed(m.formula.written))) for m in made]
    except FaultError as error:
        return card, [], list(error.faults)
    return replace(card, metrics=tuple(m.name for m in found if not m.hidden)), found, []


@dataclass(frozen=True, slots=True)
class _Desugar:
    card: ScorecardDef
    around: Around
    language: str

    def metrics(self) -> Iterator[MetricDef]:
        """All of them, those people see last. Raises FaultError."""
        yield from self._scoring_at_all()
        for measure in self.card.measures.values():
            yield from self._measure(measure)
        for group in self.card.groups.values():
            yield from self._group(group)
        yield from self._whole()
        yield from self._overrides()
        yield from self._shown()

    # --- making one ------------------------------------------------------------------------------------------------

    def name(self, part: str) -> str:
        """The name of a hidden metric."""
        return f"{self.card.name}__{part}"

    def _hidden(self, part: str, at: Place, *pieces: Piece, about: str | None = None) -> MetricDef:
        """A metric of one member that people do not see."""
        said = about or f"scorecard `{self.card.name}`"
        return MetricDef(
            self.name(part), Formula(together(at, self.card.lines, *pieces), None), level=self.card.per, hidden=True,
            label={self.language: part.replace("_", " ")}, pack=self.card.pack, place=at,
            level_place=self.card.per_place, about=said,
        )  # fmt: skip

    def _of(self, measure: MeasureDef) -> str:
        return f"measure `{measure.name}` of scorecard `{self.card.name}`"

    def _scored(self, *pieces: Piece) -> tuple[Piece, ...]:
        """Something of those who are scored; null of others."""
        return (f"if({self.name('in')}, ", *pieces, ", null)") if self.card.population is not None else pieces

    # --- who is scored, and as what --------------------------------------------------------------------------------

    def _scoring_at_all(self) -> Iterator[MetricDef]:
        card = self.card
        if card.population is not None:
            yield self._hidden("in", card.place, "coalesce((", card.population.written, "), false)")
        if len(card.segments) > 1:
            pieces: list[Piece] = ["case"]
            *others, _ = card.segments.values()
            for number, segment in enumerate(others, 1):
                pieces += [" when ", *self._belongs(segment), f" then {number}"]
            yield self._hidden("segment", card.place, *pieces, f" else {len(others) + 1} end")

    def _belongs(self, segment: SegmentDef) -> tuple[Piece, ...]:
        if segment.when is not None:
            return ("(", segment.when.written, ")")
        assert segment.where is not None
        name = self.around.of(self.card)
        if name is None:
            message = f"which dataset has a row for each `{self.card.per}` is not said"
            help_ = "write `of: customers` in the card, or give the segment a condition over metrics, `when:`"
            raise FaultError(Fault("R122", message, segment.place, help_, f"scorecard `{self.card.name}`"))
        counted: tuple[Piece, ...] = (f"count({name} where ", segment.where.written, ")")
        return ("cumulative(", *counted, ") > 0") if self.around.happens(name) else (*counted, " > 0")

    def _numbered(self) -> list[tuple[int, SegmentDef]]:
        """The segments with their numbers, where there are several."""
        return list(enumerate(self.card.segments.values(), 1)) if len(self.card.segments) > 1 else []

    def _by_segment(self, usual: Decimal, own: Mapping[int, Decimal]) -> str:
        """A number that differs by segment."""
        others = {k: v for k, v in own.items() if v != usual}
        if not others:
            return literal(usual)
        cases = " ".join(f"when {self.name('segment')} = {k} then {literal(v)}" for k, v in others.items())
        return f"case {cases} else {literal(usual)} end"

    def _weight(self, measure: MeasureDef) -> str:
        own = {
            number: Decimal(0) if measure.name in s.without else s.weights.get(measure.name, measure.weight)
            for number, s in self._only() or self._numbered()
        }
        return self._by_segment(measure.weight, own) if len(self.card.segments) != 1 else literal(own[1])

    def _only(self) -> list[tuple[int, SegmentDef]]:
        """The default, where it is the only segment."""
        return [(1, s) for s in self.card.segments.values()] if len(self.card.segments) == 1 else []

    def _group_weight(self, group: GroupDef) -> str:
        def said(segment: SegmentDef | None) -> Decimal:
            if segment is not None and group.name in segment.weights:
                return segment.weights[group.name]
            if group.weight is not None:
                return group.weight
            weights = segment.weights if segment is not None else {}
            without = segment.without if segment is not None else ()
            inside = [m for m in self.card.of_group(group.name) if m.name not in without]
            return sum((weights.get(m.name, m.weight) for m in inside), Decimal(0))

        if len(self.card.segments) == 1:
            return literal(said(next(iter(self.card.segments.values()))))
        return self._by_segment(said(None), {number: said(s) for number, s in self._numbered()})

    # --- a measure -------------------------------------------------------------------------------------------------

    def _measure(self, measure: MeasureDef) -> Iterator[MetricDef]:
        def hidden(part: str, *pieces: Piece) -> MetricDef:
            return self._hidden(f"{measure.name}_{part}", measure.place, *pieces, about=self._of(measure))

        def own(part: str) -> str:
            return self.name(f"{measure.name}_{part}")

        yield hidden("value", measure.value.written)
        yield from self._known(measure)
        yield from self._measured(measure)
        missing = measure.missing or self.card.missing
        worth = own("measured") if missing.score is None else f"coalesce({own('measured')}, {literal(missing.score)})"
        weight = self._weight(measure)
        yield hidden("weight", weight)
        used = (f"if({own('weight')} > 0, {worth}, null)",) if not _constant(weight) else (worth,)
        yield hidden("score", *self._scored(*used))
        share = f"{own('weight')}, {self.name('there')}, 0"
        if measure.group is not None:
            inside = f"divide({own('weight')}, {self.name(measure.group + '_there')}, 0)"
            share = f"{inside} * {self.name(measure.group + '_weight')}, {self.name('there')}, 0"
        yield hidden("share", f"if({own('score')} is null, 0, divide({share}))")
        points = f"coalesce({own('score')} * {own('share')}, 0)"
        yield hidden("points", f"if({self.name('before')} is null, null, {points})")

    def _known(self, measure: MeasureDef) -> Iterator[MetricDef]:
        """The value, unless it is too old; else the last one known, as far as the card looks back for it."""
        value = self.name(f"{measure.name}_value")
        about = self._of(measure)
        if measure.stale is not None:
            fresh: tuple[Piece, ...] = (
                "if(trailing(count(", measure.stale.rows.written, "), ", measure.stale.after, f") > 0, {value}, null)",
            )  # fmt: skip
            yield self._hidden(f"{measure.name}_fresh", measure.place, *fresh, about=about)
            value = self.name(f"{measure.name}_fresh")
        missing = measure.missing or self.card.missing
        unit = f" {missing.unit}" if missing.unit is not None else ""
        before = [f"previous({value}, {k}{unit}{'s' if unit and k > 1 else ''})" for k in range(1, missing.steps + 1)]
        known = f"coalesce({', '.join([value, *before])})" if before else value
        yield self._hidden(f"{measure.name}_known", measure.place, *self._scored(known), about=about)

    def _measured(self, measure: MeasureDef) -> Iterator[MetricDef]:
        known, about = self.name(f"{measure.name}_known"), self._of(measure)
        if not isinstance(measure.scoring, PercentileDef | ZScoreDef):
            yield self._hidden(f"{measure.name}_measured", measure.place, *scored(measure, known), about=about)
            return
        numbers = [k for k, _ in self._numbered()] if measure.scoring.among == "segment" else []
        if not numbers:
            yield self._hidden(f"{measure.name}_measured", measure.place, *scored(measure, known), about=about)
            return
        pieces: list[Piece] = ["case"]
        for number in numbers:
            belongs = f"{self.name('segment')} = {number}"
            peer = f"{measure.name}_peer_{number}"
            yield self._hidden(peer, measure.place, f"if({belongs}, {known}, null)", about=about)
            pieces += [f" when {belongs} then ", *scored(measure, known, self.name(peer))]
        yield self._hidden(f"{measure.name}_measured", measure.place, *pieces, " end", about=about)

    # --- groups and the whole --------------------------------------------------------------------------------------

    def _terms(self, measures: tuple[MeasureDef, ...], part: str) -> str:
        """What `weighted_mean` and `coverage` take: a value and its weight each."""
        own = [(self.name(f"{m.name}_{part}"), self.name(f"{m.name}_weight")) for m in measures]
        return ", ".join(f"{value}, {weight}" for value, weight in own)

    def _there(self, measures: tuple[MeasureDef, ...]) -> str:
        """The weights of those that have a score."""
        own = [(self.name(f"{m.name}_score"), self.name(f"{m.name}_weight")) for m in measures]
        return " + ".join(f"if({score} is null, 0, {weight})" for score, weight in own)

    def _group(self, group: GroupDef) -> Iterator[MetricDef]:
        inside = self.card.of_group(group.name)
        yield self._hidden(f"{group.name}_weight", group.place, self._group_weight(group))
        yield self._hidden(f"{group.name}_score", group.place, f"weighted_mean({self._terms(inside, 'score')})")
        yield self._hidden(f"{group.name}_there", group.place, self._there(inside))
        yield self._hidden(f"{group.name}_coverage", group.place, f"coverage({self._terms(inside, 'measured')})")

    def _whole(self) -> Iterator[MetricDef]:
        card, every = self.card, tuple(self.card.measures.values())
        names = [(self.name(f"{g}_score"), self.name(f"{g}_weight"), self.name(f"{g}_coverage")) for g in card.groups]
        if names:
            there = " + ".join(f"if({score} is null, 0, {weight})" for score, weight, _ in names)
            mean = "weighted_mean(" + ", ".join(f"{score}, {weight}" for score, weight, _ in names) + ")"
            covered = "weighted_mean(" + ", ".join(f"{coverage}, {weight}" for _, weight, coverage in names) + ")"
        else:
            there, mean = self._there(every), f"weighted_mean({self._terms(every, 'score')})"
            covered = f"coverage({self._terms(every, 'measured')})"
        yield self._hidden("there", card.place, there)
        yield self._hidden("coverage", card.place, *self._scored(covered))
        if card.min_coverage:
            # Shares of weights are quotients: what is exactly enough must not fail by the last digit.
            mean = f"if(round({self.name('coverage')}, 9) >= {literal(card.min_coverage)}, {mean}, null)"
        yield self._hidden("before", card.place, *self._scored(mean))

    def _overrides(self) -> Iterator[MetricDef]:
        card = self.card
        score = self.name("before")
        changed: list[str] = []
        for number, override in enumerate(card.overrides, 1):
            yield self._hidden(
                f"rule_{number}", override.place, "coalesce((", override.when.written, "), false)",
                about=f"override {number} of scorecard `{card.name}`",
            )  # fmt: skip
            value, rule = literal(override.value), self.name(f"rule_{number}")
            least = {"at_most": f"least({score}, {value})", "at_least": f"greatest({score}, {value})"}
            became = least.get(override.kind, f"if({score} is null, null, {value})")
            yield self._hidden(f"after_{number}", override.place, f"if({rule}, {became}, {score})")
            changed.insert(0, f"when {self.name(f'after_{number}')} != {score} then {number}")
            score = self.name(f"after_{number}")
        if changed:
            decided = f"case when {score} is null then null {' '.join(changed)} else 0 end"
            yield self._hidden("override", card.place, decided)
        yield self._hidden("score", card.place, score)
        read = [score]
        if card.roll_up.by is not None:
            yield self._hidden("mass", card.place, "greatest(", card.roll_up.by.written, ", 0)")
            read.append(self.name("mass"))
        nothing = " and ".join(f"{name} is null" for name in read)
        covered = self.name("coverage")
        yield self._hidden("all", card.place, f"case when {covered} is null then 0 when {nothing} then 1 else 1 end")

    # --- what people see -------------------------------------------------------------------------------------------

    def _shown(self) -> Iterator[MetricDef]:
        card = self.card
        # The mean of members whose scores are each of one member, whatever else is asked.
        whole = self._public("", card.place, card.label, *self._rolled("score", least=True))
        yield replace(
            whole, unit=SCORE, bands=card.bands, direction="up", aliases=card.aliases, description=card.description,
            about=None,
        )  # fmt: skip
        covered = self._public(
            "coverage", card.place, wording.labels(wording.COVERAGE, card.label), "(", *self._rolled("coverage"),
            ") * 100",
        )  # fmt: skip
        yield replace(covered, unit=UnitDef("percent"), direction="up")
        yield from self._movement()
        for group in card.groups.values():
            label = wording.labels(wording.PART, card.label, group.label)
            shown = self._public(group.name, group.place, label, *self._rolled(f"{group.name}_score", least=True))
            yield replace(shown, unit=SCORE, direction="up")
        for measure in card.measures.values():
            label = wording.labels(wording.PART, card.label, measure.label)
            rolled = self._rolled(f"{measure.name}_score", least=True)
            shown = self._public(measure.name, measure.place, label, *rolled)
            yield replace(shown, unit=SCORE, direction="up")
            label = wording.labels(wording.CONTRIBUTION, card.label, measure.label)
            rolled = self._rolled(f"{measure.name}_points")
            yield replace(self._public(f"{measure.name}_contribution", measure.place, label, *rolled), unit=SCORE)
        yield from self._exceptions()

    def _public(self, part: str, at: Place, label: Texts, *pieces: Piece) -> MetricDef:
        card = self.card
        name = f"{card.name}_{part}" if part else card.name
        decimals = card.decimals if card.decimals is None or not part.endswith("contribution") else card.decimals + 1
        return MetricDef(
            name, Formula(together(at, card.lines, *pieces), None), label=label, decimals=decimals,
            tags=tuple(dict.fromkeys((*card.tags, card.name))), pack=card.pack, place=at,
            about=f"scorecard `{card.name}`",
        )  # fmt: skip

    def _rolled(self, part: str, least: bool = False) -> tuple[Piece, ...]:
        """A hidden metric over the members of a cell. `least`: it may be told by its least."""
        # Each reads what the whole card reads, so that all are of the same members and rank among the same.
        one = f"if({self.name('all')} = 1, {self.name(part)}, null)"
        per, by = self.card.per, self.card.roll_up
        if by.kind == "min" and least:
            return (f"min(regardless({one}) per {per})",)
        mean = f"avg(regardless({one}) per {per})"
        if by.by is None:
            return (mean,)
        # Where nobody weighs anything, all weigh the same.
        return (
            f"divide(sum(regardless({one} * {self.name('mass')}) per {per}), "
            f"sum(regardless(if({one} is null, null, {self.name('mass')})) per {per}), {mean})",
        )  # fmt: skip

    def _movement(self) -> Iterator[MetricDef]:
        card, trend = self.card, self.card.trend
        against: tuple[Piece, ...] = (", ", trend.against) if trend.against is not None else ()
        label = wording.labels(wording.CHANGE, card.label)
        yield replace(
            self._public("change", card.place, label, f"change({card.name}", *against, ")"), unit=SCORE, direction="up"
        )
        change, limit = f"{card.name}_change", literal(trend.threshold)
        said = f"case when {change} >= {limit} then 'up' when {change} <= -{limit} then 'down' "
        said += f"when {change} is not null then 'steady' end"
        yield self._public("trend", card.place, wording.labels(wording.TREND, card.label), said)

    def _exceptions(self) -> Iterator[MetricDef]:
        """Which segment and which override, as texts of one member; and what overrides add or take."""
        card = self.card
        if len(card.segments) > 1:
            named = {number: segment.name for number, segment in self._numbered()}
            yield self._told("segment", wording.labels(wording.SEGMENT, card.label), named)
        if card.overrides:
            rules = {k: in_language(o.label, self.language) for k, o in enumerate(card.overrides, 1)}
            yield self._told("override", wording.labels(wording.OVERRIDE, card.label), rules)
            yield self._hidden("moved", card.place, f"{self.name('score')} - {self.name('before')}")
            label = wording.labels(wording.OVERRIDDEN, card.label)
            shown = self._public("override_points", card.place, label, *self._rolled("moved"))
            yield replace(shown, unit=SCORE, decimals=(card.decimals or 0) + 1)

    def _told(self, part: str, label: Texts, names: Mapping[int, str]) -> MetricDef:
        """A text for a number of one member."""
        own, per = self.name(part), self.card.per
        said = " ".join(f"when {own} = {number} then {quoted(name)}" for number, name in names.items())
        told = self._public(
            part,
            self.card.place,
            label,
            f"max(regardless(if({self.name('all')} = 1, case {said} end, null)) per {per})",
        )
        return replace(told, level=per, level_place=self.card.per_place)


def _constant(weight: str) -> bool:
    return not weight.startswith("case")
