"""The sheet of a scorecard's score: what the receipt of the score shows instead of formulas that nobody wrote."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from tallymark.answer import Answer, Receipt
from tallymark.catalog import Catalog
from tallymark.definitions import in_language
from tallymark.definitions.scorecards import GroupDef, MeasureDef, ScorecardDef, SegmentDef
from tallymark.kinds import Type
from tallymark.query import Query
from tallymark.scoresheet import Part, Rule, ScoreSheet, State

Ask = Callable[[Query], Answer]

OF_MEASURE = ("value", "known", "measured", "score", "share", "points")


def with_sheet(receipt: Receipt, query: Query, catalog: Catalog, ask: Ask) -> Receipt:
    """The receipt of a scorecard's score with its sheet; any other as it is.

    Raises FaultError as asking does.
    """
    card = catalog.scorecards.get(receipt.metric)
    if card is None or query.compare:
        return receipt
    return replace(receipt, sheet=_Scoring(card, catalog, query, ask).sheet(receipt))


@dataclass(frozen=True, slots=True)
class _Scoring:
    """Asks the hidden metrics of a card in the cell that a receipt is of."""

    card: ScorecardDef
    catalog: Catalog
    query: Query
    ask: Ask

    def sheet(self, receipt: Receipt) -> ScoreSheet:
        """The sheet of one member where the cell has no other, else of all together."""
        score = self._hidden("score")
        counted = self._of_members(f"coalesce({score}, 0)", "count"), self._of_members(score, "count")
        members, with_score = (int(v or 0) for v in self._asked(counted))
        language = self.catalog.project.language
        whole = ScoreSheet(
            label=in_language(self.card.label, language) or self.card.name, score=_number(receipt.value), before=None,
            coverage=None, least=float(self.card.min_coverage * 100), parts=(), members=members, with_score=with_score,
            against=self.card.trend.against.text if self.card.trend.against is not None else "",
            decimals=self.card.decimals or 0, locale=receipt.locale,
        )  # fmt: skip
        return self._of_one(whole) if members == 1 else self._of_several(whole)

    def _asked(self, formulas: Iterable[str], by: tuple[str, ...] = ()) -> tuple[Any, ...]:
        """The values of formulas in the cell, after those of the dimensions."""
        query = replace(self.query, metrics=tuple(formulas), by=by, compare=(), like_for_like=False)
        table = self.ask(query).to_arrow()
        rows = [
            r for r in zip(*(column.to_pylist() for column in table.columns), strict=True) if None not in r[: len(by)]
        ]
        return rows[0]

    def _hidden(self, part: str) -> str:
        return f"{self.card.name}__{part}"

    def _of_members(self, formula: str, aggregate: str = "max") -> str:
        # It reads what the whole card reads, so that the same members are there.
        own = f"if({self._hidden('all')} = 1, {formula}, {formula})"
        return f"{aggregate}(regardless({own}) per {self.card.per})"

    # --- one member ------------------------------------------------------------------------------------------------

    def _of_one(self, whole: ScoreSheet) -> ScoreSheet:
        names = [self._hidden(part) for part in self._parts_asked()]
        kinds = {name: self.catalog.metrics[name].type for name in names}
        formulas = [self._of_members(n, "any" if kinds[n] is Type.BOOLEAN else "max") for n in names]
        shown = [f"{self.card.name}_{part}" for part in ("change", "trend")]
        member, *values = self._asked([*formulas, *shown], (self.card.per,))
        known = dict(zip([*names, *shown], values, strict=True))
        segment = self._segment(known)
        named = in_language(segment.label, self.catalog.project.language) if segment is not None else None
        among = self.card.population is None or known[self._hidden("in")] is True
        before = _number(known[self._hidden("before")])
        return replace(
            whole, member=str(member), among=among, before=before,
            segment=named if len(self.card.segments) > 1 else None,
            coverage=_percent(known[self._hidden("coverage")]), rules=tuple(self._rules(known)),
            change=_number(known[shown[0]]), trend=known[shown[1]],
            parts=self._parts(known, segment.without if segment is not None else ()),
        )  # fmt: skip

    def _parts_asked(self) -> Iterable[str]:
        card = self.card
        yield from ("before", "coverage", "score", *(("in",) if card.population is not None else ()))
        yield from ("segment",) if len(card.segments) > 1 else ()
        for name, measure in card.measures.items():
            yield from (f"{name}_{part}" for part in (*OF_MEASURE, *(("fresh",) if measure.stale is not None else ())))
        yield from (f"{name}_score" for name in card.groups)
        for number in range(1, len(card.overrides) + 1):
            yield from (f"rule_{number}", f"after_{number}")

    def _segment(self, known: Mapping[str, Any]) -> SegmentDef | None:
        """The segment of the member, where there are several, or the default with weights of its own."""
        number = known.get(self._hidden("segment"), 1)
        return list(self.card.segments.values())[number - 1] if self.card.segments else None

    def _rules(self, known: Mapping[str, Any]) -> Iterable[Rule]:
        score = _number(known[self._hidden("before")])
        for number, override in enumerate(self.card.overrides, 1):
            after = _number(known[self._hidden(f"after_{number}")])
            if known[self._hidden(f"rule_{number}")] is True:
                points = after - score if after is not None and score is not None else 0.0
                label = in_language(override.label, self.catalog.project.language)
                yield Rule(label, override.kind, float(override.value), points)
            score = after

    def _parts(self, known: Mapping[str, Any], without: tuple[str, ...]) -> tuple[Part, ...]:
        def one(measure: MeasureDef) -> Part:
            own = {part: known.get(self._hidden(f"{measure.name}_{part}")) for part in (*OF_MEASURE, "fresh")}
            state = "not counted" if measure.name in without else _state(measure, own)
            metric = self.catalog.metrics[self._hidden(f"{measure.name}_value")]
            part = self._part(measure, own["score"], own["share"], own["points"])
            value = own["known"] if state == "last known" else own["value"]
            limit = " ".join(measure.stale.after.text.split()) if measure.stale is not None else ""
            return replace(part, value=value, type=metric.type, unit=metric.unit, state=state, limit=limit)

        return self._grouped(one, lambda group: known[self._hidden(f"{group.name}_score")])

    # --- several together ------------------------------------------------------------------------------------------

    def _of_several(self, whole: ScoreSheet) -> ScoreSheet:
        name = self.card.name
        shown = [f"{name}_coverage", f"{name}_change", f"{name}_trend"]
        shown += [f"{name}_{group}" for group in self.card.groups]
        shown += [f"{name}_override_points"] if self.card.overrides else []
        shown += [f"{name}_{m}{part}" for m in self.card.measures for part in ("", "_contribution")]
        known = dict(zip(shown, self._asked(shown), strict=True))

        def one(measure: MeasureDef) -> Part:
            score, points = (known[f"{name}_{measure.name}{part}"] for part in ("", "_contribution"))
            return self._part(measure, score, None, points)

        # The least of several is nobody's sum of points.
        moved = None if self.card.roll_up.kind == "min" else _number(known.get(f"{name}_override_points"))
        before = whole.score - moved if whole.score is not None and moved is not None else None
        return replace(
            whole, coverage=_number(known[shown[0]]), change=_number(known[shown[1]]), trend=known[shown[2]],
            parts=self._grouped(one, lambda group: known[f"{name}_{group.name}"]), before=before, moved=moved,
        )  # fmt: skip

    # --- both ------------------------------------------------------------------------------------------------------

    def _grouped(self, one: Callable[[MeasureDef], Part], score: Callable[[GroupDef], Any]) -> tuple[Part, ...]:
        if not self.card.groups:
            return tuple(one(m) for m in self.card.measures.values())
        found = []
        for group in self.card.groups.values():
            inside = tuple(one(m) for m in self.card.of_group(group.name))
            shares = [m.weight for m in inside if m.weight is not None]
            part = self._part(group, score(group), sum(shares) if shares else None,
                              sum(m.points for m in inside if m.points is not None))  # fmt: skip
            found.append(replace(part, measures=inside))
        return tuple(found)

    def _part(self, of: MeasureDef | GroupDef, score: Any, share: Any, points: Any) -> Part:
        label = in_language(of.label, self.catalog.project.language) or of.name
        return Part(of.name, label, _number(score), _number(share), _number(points))


def _state(measure: MeasureDef, own: Mapping[str, Any]) -> State:
    """What became of a measure's value."""
    fresh = own["fresh"] if measure.stale is not None else own["value"]
    if own["known"] is not None and fresh is None:
        return "last known"
    if own["measured"] is not None:
        return "measured"
    if own["value"] is None:
        return "missing"
    return "stale" if fresh is None else "unscored"


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float | Decimal) else None


def _percent(share: Any) -> float | None:
    found = _number(share)
    return None if found is None else found * 100
