"""Questions of a book: each bound, lowered, rendered, run and answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from tallymark.answer import Answer, Receipt
from tallymark.catalog import Catalog
from tallymark.engine.answering import answer_of
from tallymark.engine.asking import Asked, Asking, last_column, now
from tallymark.engine.calendars import Calendars
from tallymark.engine.dropped import dropped
from tallymark.engine.earliest import earliest
from tallymark.engine.formats import writers
from tallymark.engine.mistakes import pivoted_by
from tallymark.engine.pivoting import pivoted
from tallymark.engine.rates import converts, rate_notes
from tallymark.engine.receipts import receipt
from tallymark.engine.remarks import remarks
from tallymark.engine.scoring import with_sheet
from tallymark.engine.soundness import Soundness
from tallymark.engine.sources import Sources
from tallymark.engine.topping import topped
from tallymark.engine.totals import with_totals
from tallymark.engine.unseen import datasets_needed
from tallymark.errors import Fault, FaultError
from tallymark.formula.bound import Bound
from tallymark.lower import Lowered, lower, settle_datasets
from tallymark.plugins import Plugins
from tallymark.query import Query
from tallymark.render import Rendered, render
from tallymark.render.final import DROPPED, UNDATED

MOST_ROWS = 10_000
"""So many rows of an aggregate a receipt may tell."""


class Questions:
    """Takes questions to a catalog over its sources. Safe to use from several threads."""

    def __init__(self, catalog: Catalog, sources: Sources, plugins: Plugins, calendars: Calendars) -> None:
        self.catalog = catalog
        self.sources = sources
        self.calendars = calendars
        self.asking = Asking(catalog, plugins.functions, calendars.current)
        self._plugins = plugins
        self._soundness = Soundness(sources, calendars)

    def bind(self, query: Query, at: datetime | None = None) -> Asked:
        """The question with everything in it found. Unless it says its knowledge date itself, that is `at`, or now."""
        return self.asking.bind(query, self._earliest, at if at is not None else now())

    def ask(self, query: Query) -> Answer:
        """The answer, pivoted if that is asked. Raises FaultError with everything wrong in the question or the data."""
        answer = self._answered(self.bind(query))
        wide = pivoted_by(query) if query.pivot is not None else None
        shown = answer if wide is None else pivoted(answer, wide, query.limit)
        return replace(shown, formats=writers(self._plugins))

    def explain(self, query: Query, rows: int | None) -> Receipt:
        """The receipt of a question for one number, with at most `rows` rows behind each aggregate.

        Raises FaultError as asking does, for a number of rows that is none (Q597), and for a metric of too many others
        (Q514).
        """
        if rows is not None and not 1 <= rows <= MOST_ROWS:
            message = f"`rows` is how many rows are told of each aggregate: 1 to {MOST_ROWS:,}, not {rows}"
            raise FaultError(Fault("Q597", message, None, "say `rows=20`"))
        asked = last_column(self.bind(query))
        catalog = settle_datasets(self.catalog, asked.question.values)
        try:
            held = self._held(query, asked)
            found = receipt(asked, catalog, self.sources, partial(self.render, catalog), rows, held)
        except RecursionError:
            message = f"`{query.metrics[0]}` builds on too many metrics, one on the other, for a receipt"
            raise FaultError(Fault("Q514", message, None, "explain one of those it is made of")) from None
        return with_sheet(found, query, catalog, self.ask)

    def render(self, catalog: Catalog, lowered: Lowered, keep: Sequence[int] = ()) -> Rendered:
        """The SQL of a plan, after making sure that no reference in it multiplies rows, and that rates are sound."""
        site = self.sources.site(catalog, datasets_needed(lowered, catalog))
        rendered = render(lowered.plan, catalog, site, functions=self._plugins.functions, keep=keep)
        for dataset in rendered.referenced:
            self._soundness.require_unique_key(catalog, dataset)
        if converts(lowered.plan):
            self._soundness.require_rates(catalog)
        return rendered

    def cells(self, catalog: Catalog, lowered: Lowered, keep: Sequence[int] = ()) -> tuple[Rendered, Any]:
        """The SQL of a plan, and its cells as Arrow rows. Raises FaultError for more cells than are answered (Q513)."""
        rendered = self.render(catalog, lowered, keep)
        table = rendered.site.run(rendered.sql)
        # The plan reads one cell more than is allowed, so that too many are noticed without reading them all.
        most = self.catalog.project.max_cells
        if table.num_rows > most and lowered.plan.limit == most + 1:
            raise FaultError(_too_many(most, lowered, rendered))
        return rendered, table

    def _answered(self, asked: Asked) -> Answer:
        """The answer in its long form."""
        catalog = settle_datasets(self.catalog, asked.question.values)
        rows = partial(self._rows, catalog)
        if asked.top is not None:
            asked = replace(asked, question=topped(asked.question, asked.top, catalog, rows))
        lowered = lower(catalog, asked.question)
        rendered, table = self.cells(catalog, lowered)
        notes = remarks(asked, lowered, rendered, table, catalog, self.sources)
        notes += dropped(asked, _left_out(table, rendered))
        if asked.query.total:
            table = with_totals(table, asked.question, catalog, rows)
        return answer_of(asked, lowered, table, rendered, notes, catalog)

    def _rows(self, catalog: Catalog, lowered: Lowered) -> Any:
        """The Arrow rows of a plan that stands beside the question's own: of its totals, of whom it chooses."""
        rendered = self.render(catalog, lowered)
        found = rendered.site.run(rendered.sql)
        rate_notes(lowered, rendered, catalog, self.sources)
        return found

    def _held(self, query: Query, asked: Asked) -> Answer | None:
        """The number with its target; None when it has none, or none that can be asked of the same rows."""
        standards = asked.metrics[0].standards
        if standards is None or standards.target is None:
            return None
        try:
            return self._answered(self.bind(replace(query, target=True)))
        except FaultError:
            return None

    def _earliest(self, bounds: tuple[Bound, ...], as_of: datetime, values: Mapping[str, Any]) -> datetime | None:
        catalog = settle_datasets(self.catalog, values)
        return earliest(bounds, as_of, catalog, self.sources, self.calendars.current())


def _left_out(table: Any, rendered: Rendered) -> Mapping[str, int]:
    """The cells that are left out: every row tells them, and where there is none a question of their own."""
    if rendered.left_out is None:
        return {}
    told = table if table.num_rows else rendered.site.run(rendered.left_out())
    return {name: told.column(name)[0].as_py() for name in (DROPPED, UNDATED) if name in told.column_names}


def _too_many(most: int, lowered: Lowered, rendered: Rendered) -> Fault:
    periods = len(lowered.plan.periods)
    groups = rendered.site.run(rendered.combinations()).column(0)[0].as_py()
    named = ", ".join(dict.fromkeys(f"`{k.name}`" for k in lowered.plan.space.level))
    message = f"the answer would have {periods * groups:,} cells: {periods:,} periods × {groups:,} of {named}"
    help_ = f"at most {most:,} are answered: ask fewer dimensions, a coarser grain or a shorter range"
    return Fault("Q513", message, None, help_)
