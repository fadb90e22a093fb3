"""Runs the functions of row models, and keeps what they gave as long as the engine is open.

What a model gives depends on a row's inputs alone, so each distinct combination is computed once, whatever the
question, and stands in a table of the embedded database: inputs `i0`, `i1`…, outputs `o0`, `o1`…. Each batch is kept as
soon as it is there: after `cancel`, or a failure further on, nothing is computed twice.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tallymark.catalog import Dataset
from tallymark.embedded import Embedded
from tallymark.errors import Cancelled, Fault, FaultError, TallymarkError
from tallymark.given import Given
from tallymark.kinds import DECIMAL_SCALE, Type
from tallymark.plugins.failing import told
from tallymark.transforms.modelled import with_models
from tallymark.transforms.row_model import RowModel, RowOutput
from tallymark.transforms.sql import TYPES
from tallymark.transforms.transform import Transform

ARROW = {
    Type.INTEGER: pa.int64(),
    Type.DECIMAL: pa.decimal128(18, DECIMAL_SCALE),
    Type.DOUBLE: pa.float64(),
    Type.TEXT: pa.string(),
    Type.BOOLEAN: pa.bool_(),
    Type.DATE: pa.date32(),
    Type.TIMESTAMP: pa.timestamp("us"),
    Type.INSTANT: pa.timestamp("us", tz="UTC"),
}
"""What functions are given and what they give, in Arrow's words."""

DIALECT = "duckdb"
GLANCE = 0.1
"""Seconds between two looks at whether a computation was cancelled."""


@dataclass(slots=True)
class _Known:
    """What is known of one model: its table, and who may write it."""

    name: str
    lock: threading.Lock = field(default_factory=threading.Lock)
    made: bool = False
    infinite: int = 0
    """Values that were no finite numbers."""


class Modelling:
    """The models of one engine. Safe to use from several threads; a model computes in one of them at a time."""

    def __init__(self, models: Given[RowModel], embedded: Callable[[], Embedded]) -> None:
        self._embedded = embedded
        self._known = {name: _Known(f"_model_{n}") for n, name in enumerate(models)}
        self._models = models
        self._gate = threading.Lock()
        self._waiting: set[threading.Event] = set()

    def transforms(self, others: Given[Transform]) -> Given[Transform]:
        """The table of transforms with the models in it, which compute when they are written."""
        return with_models(others, self._models, self.computed)

    def computed(self, model: RowModel, wanted: Callable[[str], str], dialect: str) -> str:
        """Computes what is not known yet; gives the name of the table of what is (see `modelled.Compute`).

        Raises FaultError (P761–P763), and Cancelled after `cancel`.
        """
        if dialect != DIALECT:
            message = f"`{model.name}` is Python, which can compute beside the embedded database only, not in {dialect}"
            raise FaultError(Fault("P763", message, None, "bring the rows in from files, or land them, for this one"))
        known = self._known[model.name]
        cancelled = threading.Event()
        with self._gate:
            self._waiting.add(cancelled)
        try:
            while not known.lock.acquire(timeout=GLANCE):
                _unless(cancelled)
            try:
                self._compute(model, known, wanted, cancelled)
            finally:
                known.lock.release()
        finally:
            with self._gate:
                self._waiting.discard(cancelled)
        return known.name

    def notes(self, made: Iterable[Dataset]) -> tuple[str, ...]:
        """What a reader of numbers should know of what models gave for datasets that transforms make."""
        names = dict.fromkeys(d.making.transform.name for d in made if d.making is not None)
        return tuple(_note(name, self._known[name].infinite) for name in names
                     if name in self._known and self._known[name].infinite)  # fmt: skip

    def cancel(self) -> None:
        """Stops whatever computes now, in any thread. A function that is in a batch ends unheard."""
        with self._gate:
            for cancelled in self._waiting:
                cancelled.set()

    def _compute(
        self, model: RowModel, known: _Known, wanted: Callable[[str], str], cancelled: threading.Event
    ) -> None:
        if not known.made:
            self._make(model, known)
        found = self._embedded().run(wanted(known.name))
        names = [i.name for i in model.inputs]
        schema = pa.schema([pa.field(i.name, ARROW[i.kind]) for i in model.inputs])
        for start in range(0, found.num_rows, model.batch):
            part = found.slice(start, model.batch).rename_columns(names).cast(schema).combine_chunks()
            given = _called(model, part.to_batches()[0], cancelled)
            arrays = [_checked(model, o, given, part.num_rows) for o in model.outputs]
            finite = [_finite(a) for a in arrays]
            known.infinite += sum(f.null_count - a.null_count for a, f in zip(arrays, finite, strict=True))
            self._keep(known, [*part.columns, *finite])

    def _make(self, model: RowModel, known: _Known) -> None:
        columns = [f"i{n} {TYPES[i.kind]}" for n, i in enumerate(model.inputs)]
        columns += [f"o{n} {TYPES[o.kind]}" for n, o in enumerate(model.outputs)]
        with self._embedded().loading() as cursor:
            cursor.execute(f"CREATE TABLE {known.name} ({', '.join(columns)})")
        known.made = True

    def _keep(self, known: _Known, columns: Sequence[Any]) -> None:
        rows = pa.table(columns, names=[f"c{n}" for n in range(len(columns))])
        with self._embedded().loading() as cursor:
            cursor.register("_given", rows)
            try:
                cursor.execute(f"INSERT INTO {known.name} SELECT * FROM _given")
            finally:
                cursor.unregister("_given")


def _note(model: str, infinite: int) -> str:
    values = "1 value that is" if infinite == 1 else f"{infinite:,} values that are"
    return f"`{model}` gave {values} no finite number: null is read instead"


def _unless(cancelled: threading.Event) -> None:
    if cancelled.is_set():
        raise Cancelled("the question was cancelled")


def _called(model: RowModel, inputs: Any, cancelled: threading.Event) -> Any:
    """What the function gives for a batch, waited for in a way that `cancel` and Ctrl-C can end.

    Python cannot stop a function from outside: one that is cancelled goes on in its own thread, and nobody listens.
    """
    given: list[Any] = []
    failed: list[BaseException] = []

    def work() -> None:
        try:
            given.append(model.function(inputs))
        except BaseException as error:
            failed.append(error)

    _unless(cancelled)
    thread = threading.Thread(target=work, name=f"model {model.name}", daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(GLANCE)
        _unless(cancelled)
    if failed:
        if isinstance(failed[0], TallymarkError):
            raise failed[0]
        message = f"the model `{model.name}` failed: {told(failed[0])}"
        help_ = f"its version is {model.version}; tell who wrote it, or leave out the rows that it cannot take"
        raise FaultError(Fault("P761", message, None, help_)) from failed[0]
    return given[0]


def _checked(model: RowModel, output: RowOutput, given: Any, length: int) -> Any:
    """The column that a model gave, as the Arrow type it is declared. Raises FaultError (P762)."""
    columns = {n: given.column(n) for n in given.schema.names} if hasattr(given, "schema") else given
    wanted = [o.name for o in model.outputs]
    if not isinstance(columns, Mapping) or set(columns) != set(wanted):
        got = f"columns {', '.join(map(str, columns))}" if isinstance(columns, Mapping) else type(given).__name__
        raise _broken(model, f"gave {got} where {', '.join(wanted)} {'is' if len(wanted) == 1 else 'are'} declared")
    try:
        array = columns[output.name]
        array = array if isinstance(array, pa.Array | pa.ChunkedArray) else pa.array(array)
        array = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
        array = array.cast(ARROW[output.kind])
    except (pa.ArrowException, TypeError, ValueError) as error:
        said = " ".join(str(error).split())[:200]
        raise _broken(model, f"gave `{output.name}` as something else than {output.kind.value}: {said}") from error
    if len(array) != length:
        raise _broken(model, f"gave {len(array):,} values of `{output.name}` for {length:,} rows")
    return array


def _broken(model: RowModel, what: str) -> FaultError:
    help_ = f"its version is {model.version}; tell who wrote it"
    return FaultError(Fault("P762", f"the model `{model.name}` {what}", None, help_))


def _finite(array: Any) -> Any:
    """The values, with null where a double is NaN or infinite."""
    if not pa.types.is_floating(array.type):
        return array
    return pc.if_else(pc.is_finite(array), array, pa.scalar(None, array.type))
