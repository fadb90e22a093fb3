"""Amounts in several currencies: where each row's currency is, where the rates are, and what is converted."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from tallymark.catalog import Catalog, Column, Rates, Reached
from tallymark.check.report import Report
from tallymark.definitions import ColumnDef, ConvertDef, DatasetDef, Project, RatesDef
from tallymark.errors import Fault, did_you_mean
from tallymark.formula.bound import (
    IN_CURRENCY,
    Aggregate,
    Apply,
    Bound,
    ColumnUse,
    Rated,
    conversions,
    is_conversion,
    walk,
)
from tallymark.kinds import Type
from tallymark.place import Span
from tallymark.units import Unit, currency_column, money, own_currency

RATES = "the project's rates"
"""What faults of `rates:` belong to."""

_CODE = re.compile(r"[A-Z]{3}")


def is_code(text: str) -> bool:
    """Whether a text has the form of a currency's code: three capital letters."""
    return _CODE.fullmatch(text) is not None


# --- columns ---------------------------------------------------------------------------------------------------------


def bind_currencies(catalog: Catalog, definitions: Mapping[str, DatasetDef], faults: list[Fault]) -> Catalog:
    """The catalog with the currency of each amount that says where it is."""
    datasets = dict(catalog.datasets)
    for name, own in catalog.datasets.items():
        definition = definitions.get(name)
        columns = dict(own.columns)
        for column in definition.columns.values() if definition is not None else ():
            if column.currency is not None and column.name in columns:
                found = _currency(catalog, name, column, faults)
                columns[column.name] = replace(columns[column.name], currency=found)
        datasets[name] = replace(own, columns=columns)
    return replace(catalog, datasets=datasets)


def _currency(catalog: Catalog, dataset: str, column: ColumnDef, faults: list[Fault]) -> ColumnUse | None:
    subject = f"column `{dataset}.{column.name}`"
    assert column.currency is not None
    if column.unit is None or column.unit.name != "money":
        message = "`currency:` is for amounts of money"
        faults.append(Fault("U325", message, column.place, "write `unit: money` beside it", subject))
        return None
    if column.unit.detail is not None:
        message = f"the currency is said twice: `money: {column.unit.detail}` and `currency: {column.currency}`"
        help_ = f"write `unit: money` where `{column.currency}` tells it for each row"
        faults.append(Fault("U325", message, column.place, help_, subject))
        return None
    found = catalog.reach(dataset, tuple(column.currency.split(".")))
    if not isinstance(found, Reached):
        known = catalog.dimensions(dataset)
        message = f"`currency: {column.currency}`: `{dataset}` has no such column"
        faults.append(Fault("U326", message, column.place, did_you_mean(column.currency, known[:1_000]), subject))
        return None
    return ColumnUse(found.path, found.column, Type.TEXT)


def check_currencies(catalog: Catalog, faults: list[Fault]) -> None:
    """The column of a currency must be a text."""
    for dataset in catalog.datasets.values():
        for column in dataset.columns.values():
            if column.currency is None:
                continue
            home = catalog.home(dataset.name, column.currency.path).columns.get(column.currency.column)
            if home is None or home.faulty or home.type is Type.TEXT:
                continue
            message = f"`currency: {column.currency}` must be a text, it is a {home.type.family}"
            help_ = "its values are codes: EUR, USD"
            faults.append(Fault("U326", message, column.place, help_, f"column `{dataset.name}.{column.name}`"))


def in_project_currency(catalog: Catalog, column: Column, use: ColumnUse) -> Bound:
    """A column as formulas read it: an amount in its row's own currency, or made of such, is converted."""
    into = catalog.project.currency
    if column.currency is not None:
        code = replace(column.currency, path=(*use.path, *column.currency.path))
        return Apply(IN_CURRENCY, (use, code), Type.DOUBLE, money(into), (into,), use.span)
    if column.formula is not None and any(is_conversion(b) for b in walk(column.formula)):
        # Which rate is taken depends on who reads the column: so its formula is put in its place.
        return replace(_from(column.formula, use.path), unit=use.unit, span=use.span)
    return use


def _from(bound: Bound, path: tuple[str, ...]) -> Bound:
    """An expression over one row as it reads from a row that refers to it over `path`."""
    match bound:
        case ColumnUse():
            return replace(bound, path=(*path, *bound.path))
        case Apply():
            return replace(bound, arguments=tuple(_from(a, path) for a in bound.arguments))
    return bound


def carries(column: Column) -> bool:
    """Whether a transform may carry a column on: not what is made of amounts in each row's own currency, which has no
    value before a rate is chosen.
    """
    if column.currency is not None and column.currency.path:
        return False
    return column.formula is None or not conversions(column.formula)


def carried_unit(column: Column) -> Unit:
    """The unit of a column for a transform, which tells of an amount in its row's own currency where that stands."""
    return own_currency(column.currency.column) if column.currency is not None else column.unit


def carried_currencies(columns: Mapping[str, Column], currency: str) -> dict[str, Column]:
    """The columns that a transform gives, each amount beside its currency; one that has lost its own is left out."""
    called = {c.stored: c.name for c in columns.values() if c.stored is not None}
    found = {}
    for name, column in columns.items():
        code = currency_column(column.unit)
        if code is None:
            found[name] = column
        elif code in called:
            found[name] = replace(column, unit=money(currency), currency=ColumnUse((), called[code], Type.TEXT))
    return found


# --- rates -----------------------------------------------------------------------------------------------------------


def bind_rates(catalog: Catalog, project: Project, faults: list[Fault]) -> Catalog:
    """The catalog with the project's rates; without them when what they name is not there."""
    said = project.rates
    if said is None:
        return catalog
    own = catalog.dataset(said.dataset)
    if own is None:
        if said.dataset not in catalog.broken:
            known = (*catalog.datasets, *catalog.aliases)
            message = f"`rates:` are in an unknown dataset `{said.dataset}`"
            faults.append(Fault("U327", message, said.place, did_you_mean(said.dataset, known), RATES))
        return catalog
    missing = [c for c in _named(said) if c not in own.columns]
    for column in missing:
        message = f"`rates:`: `{own.name}` has no column `{column}`"
        faults.append(Fault("U327", message, said.place, did_you_mean(column, own.columns), RATES))
    if missing:
        return catalog
    base = said.base or project.currency
    rates = Rates(
        own.name, said.to, said.rate, said.at, base, said.source, said.max_age, said.missing, said.place
    )  # fmt: skip
    return replace(catalog, rates=rates)


def _named(said: RatesDef) -> tuple[str, ...]:
    return (*((said.source,) if said.source is not None else ()), said.to, said.rate, said.at)


def check_rates(catalog: Catalog, faults: list[Fault]) -> Catalog:
    """Currencies must be texts, the rate a number, its date a time."""
    rates = catalog.rates
    if rates is None:
        return catalog
    columns = catalog.datasets[rates.dataset].columns
    wanted = {rates.to: "text", rates.rate: "number", rates.at: "time"}
    if rates.source is not None:
        wanted[rates.source] = "text"
    wrong = [(c, family) for c, family in wanted.items() if columns[c].type.family != family]
    for column, family in wrong:
        if not columns[column].faulty:
            message = f"`rates:`: `{column}` must be a {family}, it is a {columns[column].type.family}"
            faults.append(Fault("U328", message, rates.place, "declare the type it has to have", RATES))
    return replace(catalog, rates=None) if wrong else catalog


# --- formulas --------------------------------------------------------------------------------------------------------


def priceable(catalog: Catalog, span: Span, report: Report) -> bool:
    """Whether there are rates to convert by; a fault when the project names none."""
    if catalog.project.rates is None:
        message = "amounts of several currencies are read here, and the project has no rates to convert them by"
        help_ = "name them: `rates: {dataset: fx_rates, base: EUR, to: currency, rate: rate, at: date}`"
        report.fault("U320", message, span, help_)
    # What is wrong with rates that are named has been told where they are.
    return catalog.rates is not None


def unpriced(condition: Bound, report: Report) -> Bound:
    """A condition where there is nothing to say at which rate an amount would be converted; a fault when one is."""
    found = conversions(condition)
    if not found:
        return condition
    message = "an amount in its row's own currency has no one value here"
    return report.fault(
        "U331", message, found[0].span, "compare it with one currency at a time: `code = 'EUR'` beside it"
    )


def rule_fits(bound: Bound, rule: ConvertDef | None, report: Report) -> bool:
    """Whether what the formula converts has a rule that says at which rate, and one that its rows can follow."""
    for node in walk(bound):
        if rule is None and (is_conversion(node) or _changes(node)):
            message = "amounts of several currencies are converted here, and nothing says at which rate"
            help_ = "write `convert: at_event`, `convert: period_end` or `convert: {fixed: 2024-01-01}`"
            report.fault("U321", message, node.span, help_)
            return False
        at_event = rule is not None and rule.policy == "at_event"
        if at_event and isinstance(node, Aggregate) and node.axis.kind == "timeless" and _converts(node):
            message = f"`convert: at_event` takes the rate of each row's time, and `{node.dataset}` has none"
            report.fault("U324", message, node.span, "give it a `time:`, or say `convert: period_end`")
            return False
    return True


def _changes(node: Bound) -> bool:
    """Whether `in_currency` turns amounts into another currency than the one they are defined in."""
    return isinstance(node, Rated) and node.currency is not None and node.body.unit.currencies != (node.currency,)


def _converts(node: Aggregate) -> bool:
    return any(conversions(part) for part in (node.argument, node.condition) if part is not None)
