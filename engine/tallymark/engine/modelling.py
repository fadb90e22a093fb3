"""Runs what plugins write in Python beside the embedded database: row models, and functions of formulas.

What a row model gives depends on a row's inputs alone, so each distinct combination is computed once, whatever the
question, and stands in a table of the embedded database: inputs `i0`, `i1`…, outputs `o0`, `o1`…. Each batch is kept as
soon as it is there: after `cancel`, or a failure further on, nothing is computed twice.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial, reduce
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tallymark.catalog import Dataset
from tallymark.embedded import Embedded
from tallymark.errors import Cancelled, Fault, FaultError, TallymarkError
from tallymark.formula.function import Function
from tallymark.given import Given
from tallymark.kinds import DECIMAL_SCALE, Type
from tallymark.plugins.failing import told
from tallymark.transforms.modelled import Run, with_models
from tallymark.transforms.row_model import RowModel
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
        self._infinite: set[str] = set()

    def transforms(self, others: Given[Transform]) -> Given[Transform]:
        """The table of transforms with the models in it, which compute when they are written."""
        return with_models(others, self._models, self.computed)

    def computed(self, model: RowModel, wanted: Callable[[str], str], dialect: str, run: Run | None = None) -> str:
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
                self._compute(model, known, lambda: (run or self._embedded().run)(wanted(known.name)), cancelled)
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

    def define(self, functions: Iterable[Function], embedded: Embedded) -> None:
        """Makes the functions in Python known to the embedded database."""
        for row in functions:
            if row.python is not None:
                embedded.define(row.stored, *_signature(row), partial(self._applied, row))

    def doubtful(self, functions: Iterable[str]) -> tuple[str, ...]:
        """A note for each of these functions that has given what is no finite number."""
        return tuple(
            f"`{name}` gave numbers that are not finite: null is read instead"
            for name in functions
            if name in self._infinite
        )

    def _applied(self, row: Function, *arrays: Any) -> Any:
        """What a function gives for a batch of its arguments."""
        cancelled = threading.Event()
        with self._gate:
            self._waiting.add(cancelled)
        try:
            return self._function(row, arrays, cancelled)
        finally:
            with self._gate:
                self._waiting.discard(cancelled)

    def _function(self, row: Function, arrays: Sequence[Any], cancelled: threading.Event) -> Any:
        assert row.python is not None
        kind, length = Type(row.gives), len(arrays[0])
        whole = [a.combine_chunks() if isinstance(a, pa.ChunkedArray) else a for a in arrays]
        inputs = pa.RecordBatch.from_arrays(whole, names=[t.name for t in row.takes])
        known = None
        if row.nulls == "pass":
            known = reduce(pc.and_, (pc.is_valid(a) for a in inputs.columns))
            inputs = inputs.filter(known)
        if not inputs.num_rows:
            return pa.nulls(length, ARROW[kind])
        given = _called(row.name, row.python.version, row.python.call, inputs, cancelled)
        array = _array(row.name, row.python.version, "its value", kind, given, inputs.num_rows)
        finite = _finite(array)
        if finite.null_count > array.null_count:
            self._infinite.add(row.name)
        return finite if known is None else _scattered(finite, known)

    def cancel(self) -> None:
        """Stops whatever computes now, in any thread. A function that is in a batch ends unheard."""
        with self._gate:
            for cancelled in self._waiting:
                cancelled.set()

    def _compute(self, model: RowModel, known: _Known, wanted: Callable[[], Any], cancelled: threading.Event) -> None:
        if not known.made:
            self._make(model, known)
        found = wanted()
        names = [i.name for i in model.inputs]
        schema = pa.schema([pa.field(i.name, ARROW[i.kind]) for i in model.inputs])
        for start in range(0, found.num_rows, model.batch):
            part = found.slice(start, model.batch).rename_columns(names).cast(schema).combine_chunks()
            given = _called(model.name, model.version, model.function, part.to_batches()[0], cancelled)
            columns = _columns(model, given)
            arrays = [
                _array(model.name, model.version, f"`{o.name}`", o.kind, columns[o.name], part.num_rows)
                for o in model.outputs
            ]
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


def _called(name: str, version: str, function: Callable[[Any], Any], inputs: Any, cancelled: threading.Event) -> Any:
    """What a function gives for a batch, waited for in a way that `cancel` and Ctrl-C can end.

    Python cannot stop a function from outside: one that is cancelled goes on in its own thread, and nobody listens.
    Raises FaultError (P761, or what the function raises itself) and Cancelled.
    """
    given: list[Any] = []
    failed: list[BaseException] = []

    def work() -> None:
        try:
            given.append(function(inputs))
        except BaseException as error:
            failed.append(error)

    _unless(cancelled)
    thread = threading.Thread(target=work, name=f"model {name}", daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(GLANCE)
        _unless(cancelled)
    if failed:
        if isinstance(failed[0], TallymarkError):
            raise failed[0]
        message = f"the model `{name}` failed: {told(failed[0])}"
        help_ = f"its version is {version}; tell who wrote it, or leave out the rows that it cannot take"
        raise FaultError(Fault("P761", message, None, help_)) from failed[0]
    return given[0]


def _columns(model: RowModel, given: Any) -> Mapping[str, Any]:
    """The columns that a model gave, by name. Raises FaultError (P762)."""
    columns = {n: given.column(n) for n in given.schema.names} if hasattr(given, "schema") else given
    wanted = [o.name for o in model.outputs]
    if isinstance(columns, Mapping) and set(columns) == set(wanted):
        return columns
    got = f"columns {', '.join(map(str, columns))}" if isinstance(columns, Mapping) else type(given).__name__
    what = f"gave {got} where {', '.join(wanted)} {'is' if len(wanted) == 1 else 'are'} declared"
    raise _broken(model.name, model.version, what)


def _array(name: str, version: str, what: str, kind: Type, given: Any, length: int) -> Any:
    """What was given for a column, as the Arrow type that is declared. Raises FaultError (P762)."""
    try:
        array = given if isinstance(given, pa.Array | pa.ChunkedArray) else pa.array(given)
        array = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
        array = array.cast(ARROW[kind])
    except (pa.ArrowException, TypeError, ValueError) as error:
        said = " ".join(str(error).split())[:200]
        raise _broken(name, version, f"gave {what} as something else than {kind.value}: {said}") from error
    if len(array) != length:
        raise _broken(name, version, f"gave {len(array):,} values of {what} for {length:,} rows")
    return array


def _broken(name: str, version: str, what: str) -> FaultError:
    return FaultError(Fault("P762", f"the model `{name}` {what}", None, f"its version is {version}; tell who wrote it"))


def _scattered(values: Any, known: Any) -> Any:
    """Values in the rows that are known, null in the others."""
    places = pc.subtract(pc.cumulative_sum(known.cast(pa.int64())), 1)
    return values.take(pc.if_else(known, places, pa.scalar(None, pa.int64())))


def _signature(row: Function) -> tuple[list[str], str]:
    """What the embedded database calls the types of a function's arguments and of its value."""
    family = {"number": Type.DOUBLE, "text": Type.TEXT, "boolean": Type.BOOLEAN}
    return [TYPES[family[t.family]] for t in row.takes], TYPES[Type(row.gives)]


def _finite(array: Any) -> Any:
    """The values, with null where a double is NaN or infinite."""
    if not pa.types.is_floating(array.type):
        return array
    return pc.if_else(pc.is_finite(array), array, pa.scalar(None, array.type))
