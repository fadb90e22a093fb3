"""Datasets that a transform makes of others: their inputs as relations, the transform's own SELECT on top."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from tallymark.catalog import Dataset, Input
from tallymark.errors import PluginError, TallymarkError
from tallymark.formula.bound import Axis, ColumnUse
from tallymark.kinds import Type
from tallymark.plugins.failing import FAILURES, told
from tallymark.render.apart import Apart
from tallymark.render.expressions import Term, Writer
from tallymark.render.values import all_of, any_of, column, compare, named
from tallymark.transforms.transform import Rows as Given

if TYPE_CHECKING:
    from tallymark.render.rows import Rows, Statement

BASE = "b"


@dataclass(frozen=True, slots=True)
class Bench:
    """What a transform is written with (see `transforms.transform.Bench`)."""

    dataset: str
    statement: Statement
    writer: Writer

    @property
    def dialect(self) -> str:
        """The sqlglot name of the dialect that is written."""
        return self.writer.dialect.name

    def whole(self, query: exp.Select) -> str:
        """A statement of its own: `query`, after copies of the steps that have been put so far."""
        return self.writer.text(self.statement.copy().before(query))

    @property
    def run(self) -> Callable[[str], Any] | None:
        """What runs such a statement, where it is not one database."""
        dialect = self.writer.dialect
        return dialect.run if isinstance(dialect, Apart) else None

    def put(self, step: str, query: exp.Select | exp.Union) -> str:
        """Adds a common table expression named after the dataset and the step."""
        return self.statement.add(f"{self.dataset}_{step}", query)

    def seconds(self, later: exp.Expression, earlier: exp.Expression, type: Type) -> exp.Expression:
        """The seconds between two times, with a fraction."""
        return self.writer.apply("elapsed", [Term(later, type), Term(earlier, type)], (), Type.DOUBLE)


def made(rows: Rows, own: Dataset) -> str:
    """The relation of all columns that the transform of `own` gives."""
    making = own.making
    assert making is not None
    given = [_input(rows, own.name, number, each) for number, each in enumerate(making.inputs)]
    bench = Bench(own.name, rows.statement, rows.writer)
    try:
        return bench.put("made", making.transform.write(given, making.arguments, bench))
    except TallymarkError:
        raise
    except FAILURES as error:  # a plugin may fail in any way it likes
        raise PluginError(f"the transform `{making.transform.name}` failed: {told(error)}") from error


def _input(rows: Rows, dataset: str, number: int, each: Input) -> Given:
    """The rows of one input that its condition and the knowledge date leave."""
    time = each.shape.time
    here = rows.catalog.datasets[each.dataset].columns
    conditions = [each.condition] if each.condition is not None else []
    shown = [ColumnUse((), c, here[c].type) for c in sorted(each.columns | ({time} if time is not None else set()))]
    axis = Axis("flow", (time,)) if time is not None else None
    joined = rows.joined(each.dataset, [*conditions, *shown], frozenset(), axis)
    values = (named(rows.express(use, joined.term), use.column, quoted=True) for use in shown)
    query = joined.select.select(*values, append=False, copy=False)
    kept = [rows.express(c, joined.term) for c in conditions]
    if time is not None:
        found = rows.catalog.datasets[each.dataset].columns[time]
        before = compare(exp.LT, column(time, BASE), rows.edge(found, rows.writer.clock.as_of))
        # Without a time nobody knows when it happened; what that means is the transform's to say.
        kept.append(any_of([before, exp.Is(this=column(time, BASE), expression=exp.Null())]) or before)
    where = all_of(kept)
    query = query.where(where, copy=False) if where is not None else query
    name = f"{dataset}_of_{each.dataset}" + (f"_{number + 1}" if number else "")
    return Given(rows.statement.add(name, query), each.shape)
