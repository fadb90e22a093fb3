"""Datasets that a transform makes of others: inputs and arguments bound, the columns that come out as declared."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from tallymark.catalog import Catalog, Column, Dataset, Input, Making, Reached
from tallymark.check import caps
from tallymark.check.arguments import bind_arguments
from tallymark.check.currencies import carried_currencies, carried_unit, carries, unpriced
from tallymark.check.dimensions import untimed, untimed_use
from tallymark.check.joining import Joined
from tallymark.check.report import POISON, Missing, Report
from tallymark.check.rows import Rows
from tallymark.check.tables import put_on_table
from tallymark.definitions import DatasetDef, Definitions, Formula, RefDef, TransformDef
from tallymark.errors import Fault, did_you_mean
from tallymark.formula import nodes as n
from tallymark.formula.functions import Function
from tallymark.given import help_for
from tallymark.graph import in_order
from tallymark.kinds import Type
from tallymark.place import Place, Span
from tallymark.plugins.failing import FAILURES, told
from tallymark.source import Table, TableColumn
from tallymark.transforms.transform import Field, Misfit, Shape, Transform
from tallymark.units import NUMBER, alike, currency_column

MAX_LEVELS = 50
"""Datasets that may be made of one another."""


class Waits(Exception):  # noqa: N818  # no error of its own: what it waits for has been told of
    """A transform's input has no data, or is at fault itself."""


class Postponed(Exception):  # noqa: N818  # not an error: it is made later
    """A transform needs a dataset that is still to be made; `needs` says which."""

    def __init__(self, needs: str) -> None:
        super().__init__(needs)
        self.needs = needs


def making_order(made: Mapping[str, Joined], aliases: Mapping[str, str], faults: list[Fault]) -> tuple[str, ...]:
    """The transformed datasets, each after those it is made of; those that need one another in a ring are left out."""

    def inputs(name: str) -> list[str]:
        return [d for d in named_inputs(made[name].definition.transform, aliases) if d in made]

    order = in_order(made, inputs)
    faults += [_ring_fault(ring, made) for ring in order.rings]
    ringed = {name for ring in order.rings for name in ring}
    levels: dict[str, int] = {}
    for name in order.names:
        levels[name] = 1 + max((levels.get(d, 0) for d in inputs(name)), default=0)
        if levels[name] == MAX_LEVELS + 1:
            definition = made[name].definition
            message = f"datasets are made of one another more than {MAX_LEVELS} levels deep"
            faults.append(Fault("T121", message, definition.place, "make a table of one of them", _subject(definition)))
    return tuple(name for name in order.names if name not in ringed and levels[name] <= MAX_LEVELS)


def named_inputs(definition: TransformDef | None, aliases: Mapping[str, str]) -> tuple[str, ...]:
    """The datasets that a transform names as inputs; what is no dataset is left out."""
    names = (_input_name(f.node) for f in definition.inputs) if definition is not None else ()
    return tuple(aliases.get(str(name), str(name)) for name in names if name is not None)


def _subject(definition: DatasetDef) -> str:
    return f"dataset `{definition.name}`"


def _input_name(node: n.Node | None) -> n.Name | None:
    body = node.body if isinstance(node, n.Scoped) else node
    return body if isinstance(body, n.Name) and len(body.parts) == 1 else None


def _ring_fault(ring: tuple[str, ...], made: Mapping[str, Joined]) -> Fault:
    definition = made[ring[0]].definition
    message = f"datasets are made of one another in a ring: {' → '.join(ring)}"
    others = ", ".join(f"`{d}` at {made[d].definition.place}" for d in ring[1:-1])
    help_ = f"break the ring: {others}" if others else "break the ring: a dataset cannot be made of itself"
    return Fault("T248", message, _place(definition), help_, _subject(definition))


def _place(definition: DatasetDef) -> Place:
    return definition.transform.place if definition.transform is not None else definition.place


class Transforming:
    """Binds transformed datasets, one after the other, to a catalog that has what they are made of."""

    def __init__(
        self,
        definitions: Definitions,
        functions: Mapping[str, Function],
        transforms: Mapping[str, Transform],
        faults: list[Fault],
    ) -> None:
        self.definitions = definitions
        self.functions = functions
        self.transforms = transforms
        self.faults = faults

    def columns_named(self, definition: TransformDef, catalog: Catalog) -> Iterator[tuple[str, str]]:
        """The columns, with their datasets, that the transform may read."""
        names = [d for d in named_inputs(definition, catalog.aliases) if d in catalog.datasets]
        said = [f.node for f in definition.inputs] + [f.node for a in definition.arguments.values() for f in a.values]
        for node in said:
            for name in (x for x in n.walk(node) if isinstance(x, n.Name)) if node is not None else ():
                for dataset in names:
                    own = name.parts[1:] if len(name.parts) > 1 and name.parts[0] == dataset else name.parts
                    found = catalog.reach(dataset, own)
                    if isinstance(found, Reached):
                        yield catalog.home(dataset, found.path).name, found.column
        transform = self.transforms.get(definition.name)
        if transform is not None and transform.whole:
            yield from ((dataset, c) for dataset in names for c in catalog.datasets[dataset].columns)

    def make(self, item: Joined, catalog: Catalog, pending: Collection[str]) -> tuple[Dataset, Joined] | None:
        """The dataset, and its definition with the references that it has from its inputs; None with faults noted.

        Raises Postponed when an input needs one of the datasets in `pending`.
        """
        definition = item.definition
        assert definition.transform is not None
        try:
            making, shape = self._making(definition, definition.transform, catalog, pending)
        except Waits:
            return None
        return self._dataset(item, making, shape)

    # --- binding ---------------------------------------------------------------------------------------------------

    def _making(
        self, owner: DatasetDef, definition: TransformDef, catalog: Catalog, pending: Collection[str]
    ) -> tuple[Making, Shape]:
        subject = f"dataset `{owner.name}`"
        if not definition.name:
            raise Waits  # what is written is no transform, which has been told
        transform = self.transforms.get(definition.name)
        if transform is None:
            help_ = help_for(definition.name, self.transforms)
            message = f"unknown transform `{definition.name}`"
            self.faults.append(Fault("T240", message, definition.place, help_, subject))
            raise Waits
        first = len(self.faults)
        inputs = [self._input(owner, formula, catalog, pending) for formula in definition.inputs]
        self._count_inputs(owner, definition, transform)
        found = [i for i in inputs if i is not None]
        if not found or inputs[0] is None:
            raise Waits
        arguments = bind_arguments(definition, transform, found[0].shape, catalog, subject, self.faults)
        if len(found) < len(inputs) or arguments is None or any(f.severity == "error" for f in self.faults[first:]):
            raise Waits
        try:
            made = transform.shape([i.shape for i in found], arguments)
            read = tuple(replace(i, columns=c & i.shape.fields.keys()) for i, c in zip(found, made.reads, strict=True))
        except Misfit as misfit:
            said = definition.arguments.get(misfit.argument or "")
            place = said.place if said is not None else definition.place
            self.faults.append(Fault(misfit.code, misfit.message, place, misfit.help, subject))
            raise Waits from None
        except FAILURES as error:
            message = f"the transform `{transform.name}` failed: {told(error)}"
            self.faults.append(Fault("P700", message, definition.place, "tell the author of the plugin", subject))
            raise Waits from None
        making = Making(transform, read, arguments, made.shape.fields, definition.text, definition.place)
        return making, made.shape

    def _count_inputs(self, owner: DatasetDef, definition: TransformDef, transform: Transform) -> None:
        count = len(definition.inputs)
        if count < transform.least or (transform.most is not None and count > transform.most):
            wanted = str(transform.least) if transform.least == transform.most else f"at least {transform.least}"
            message = f"`{transform.name}` takes {wanted} dataset{'' if wanted == '1' else 's'}, {count} are given"
            help_ = f"write `{transform.example}`, for example"
            self.faults.append(Fault("T243", message, definition.place, help_, f"dataset `{owner.name}`"))

    def _input(self, owner: DatasetDef, formula: Formula, catalog: Catalog, pending: Collection[str]) -> Input | None:
        report = Report(formula.written, f"dataset `{owner.name}`")
        try:
            return self._bound_input(owner, formula, catalog, report)
        except Missing as missing:
            for need in missing.needs:
                if need.split(" ", 1)[-1].split(".")[0] in pending:
                    raise Postponed(need) from None
            if owner.pack is None or owner.implements is not None:
                needs = ", ".join(missing.needs)
                report.warn("T242", f"`{owner.name}` waits for what the project lacks: {needs}", None,
                            "map a table of yours onto it with `implements:`")  # fmt: skip
            return None
        finally:
            self.faults.extend(report.faults)

    def _bound_input(self, owner: DatasetDef, formula: Formula, catalog: Catalog, report: Report) -> Input | None:
        node = formula.node
        name = _input_name(node)
        if name is None or (isinstance(node, n.Scoped) and (node.at is not None or node.per is not None)):
            if node is not None:
                help_ = "write a dataset's name: `events`, `events where name != 'ping'` or `events on seen_at`"
                report.fault("T241", "an input of a transform is a dataset", node.span, help_)
            return None
        found = catalog.dataset(str(name))
        if found is None:
            self._no_dataset(str(name), name.span, catalog, report)
            return None
        shape = shape_of(found)
        if isinstance(node, n.Scoped) and node.on is not None:
            shape = self._ordered(shape, found, node.on, report)
        condition = None
        if isinstance(node, n.Scoped) and node.where is not None:
            rows = Rows(catalog, self.functions, report, found.name, in_column=True)
            condition = unpriced(rows.condition(node.where), report)
            if condition is POISON or not caps.fits(condition, report):
                condition = None
            elif shape.time is None and (use := untimed_use(catalog, found.name, condition)) is not None:
                problem = untimed(found.name, str(use))
                report.fault(problem.code, problem.message, use.span, f"give `{found.name}` a `time`")
                condition = None
        # Whatever is wrong has been told; the input stays, so that what is wrong with the arguments is told too.
        return Input(found.name, frozenset(), shape, condition)

    def _no_dataset(self, name: str, span: Span, catalog: Catalog, report: Report) -> None:
        if name in catalog.missing:
            raise Missing(f"dataset {name}")
        if catalog.aliases.get(name, name) not in catalog.broken:
            known = (*catalog.datasets, *catalog.aliases)
            report.fault("T102", f"unknown dataset `{name}`", span, did_you_mean(name, known))

    def _ordered(self, shape: Shape, dataset: Dataset, on: n.Name, report: Report) -> Shape:
        parts = on.parts[1:] if len(on.parts) == 2 and on.parts[0] == dataset.name else on.parts
        column = dataset.columns.get(".".join(parts))
        if column is None or not column.type.temporal:
            times = [c.name for c in dataset.columns.values() if c.type.temporal]
            message = f"`{on}` is no time of `{dataset.name}`"
            report.fault("T215", message, on.span, did_you_mean(str(on), times))
            return shape
        return replace(shape, time=column.name)

    # --- the dataset -----------------------------------------------------------------------------------------------

    def _dataset(self, item: Joined, making: Making, shape: Shape) -> tuple[Dataset, Joined] | None:
        definition = item.definition
        found = tuple(TableColumn(f.name, f.type) for f in shape.fields.values())
        bare = replace(item, definition=replace(definition, source=None, table=None))
        dataset = put_on_table(bare, self.definitions, lambda source, table: found, self.faults)
        if dataset is None:
            return None
        columns = {c.name: self._described(c, definition, shape.fields) for c in dataset.columns.values()}
        columns = carried_currencies(columns, self.definitions.project.currency)
        called = {c.stored: c.name for c in columns.values() if c.stored is not None}

        def now(column: str | None) -> str | None:
            return None if column is None else called.get(column, column)

        start, end = shape.valid if shape.valid is not None else (None, None)
        made = replace(
            dataset,
            source="",
            table=Table(definition.name, making.text, place=definition.place),
            making=making,
            columns=columns,
            key=dataset.key or now(shape.key),
            time=dataset.time or now(shape.time),
            valid=dataset.valid or (None if start is None or end is None else (now(start) or start, now(end) or end)),
        )
        carried = {
            name: RefDef(name, target, called.get(column, column), definition.place)
            for name, (target, column) in shape.references.items()
            if called.get(column, column) in columns
        }
        return made, replace(item, definition=replace(definition, refs={**carried, **definition.refs}))

    def _described(self, column: Column, definition: DatasetDef, fields: Mapping[str, Field]) -> Column:
        """The column with the unit and the labels that it has from the transform, held against what is declared."""
        field = fields.get(column.stored or "")
        if field is None:
            return column
        declared = definition.columns.get(column.name)
        declared = None if currency_column(field.unit) is not None else declared
        label, description = {**field.label, **column.label}, {**field.description, **column.description}
        column = replace(column, label=label, description=description)
        if declared is None or declared.unit is None:
            return replace(column, unit=field.unit)
        if field.unit != NUMBER:
            if not alike(column.unit, field.unit):
                message = f"declared {column.unit}, the transform gives {field.unit}"
                subject = f"column `{definition.name}.{column.name}`"
                self.faults.append(Fault("U305", message, column.place, "leave out `unit:`", subject))
            # It is in the unit's own measure already: what a table may hold in minutes is in seconds here.
            return replace(column, unit=field.unit, factor=1.0)
        return column


def shape_of(dataset: Dataset) -> Shape:
    """What a transform knows of a dataset: the columns that formulas can handle."""
    fields = {
        c.name: Field(c.name, c.type, carried_unit(c), c.label, c.description, ((0, c.name),))
        for c in dataset.columns.values()
        if not c.faulty and c.type not in (Type.OPAQUE, Type.NULL) and carries(c)
    }
    references = {r.name: (r.dataset, r.column) for r in dataset.references.values() if r.column in fields}
    time = dataset.time or (dataset.valid[0] if dataset.valid is not None else None)
    key = dataset.key if dataset.key in fields else None
    valid = dataset.valid if dataset.valid is not None and all(c in fields for c in dataset.valid) else None
    own_time = dataset.time if dataset.time in fields else None
    return Shape(dataset.name, fields, key, time if time in fields else None, valid, references, own_time)
