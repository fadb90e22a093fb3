"""The table of a project's calendar: there, and with the columns that are named."""

from __future__ import annotations

from tallymark.catalog import Catalog, Dataset
from tallymark.definitions import CalendarDef
from tallymark.errors import Fault, did_you_mean
from tallymark.kinds import Type

DAYS = ("day", "start", "end")
NAMES = ("month", "quarter", "year", "week")


def check_calendar(catalog: Catalog, faults: list[Fault]) -> None:
    """Faults R085: an unknown dataset or column, a day that is none, a name that is neither a text nor a number."""
    own = catalog.project.calendar
    if own is None or own.dataset is None:
        return
    dataset = catalog.dataset(own.dataset)
    if dataset is None:
        if own.dataset not in catalog.broken:
            help = did_you_mean(own.dataset, catalog.datasets) or "declare it under `datasets:`"
            faults.append(Fault("R085", f"the calendar's dataset `{own.dataset}` is not there", own.place, help))
        return
    for role in (*DAYS, *NAMES):
        name = getattr(own, role)
        fault = _column(own, dataset, role, name) if name is not None else None
        faults.extend([fault] if fault is not None else [])


def _column(own: CalendarDef, dataset: Dataset, role: str, name: str) -> Fault | None:
    column = dataset.columns.get(name)
    if column is None:
        help = did_you_mean(name, dataset.columns)
        return Fault("R085", f"the calendar's `{role}`: `{dataset.name}` has no column `{name}`", own.place, help)
    if column.faulty:
        return None
    wanted = (Type.DATE, Type.TIMESTAMP) if role in DAYS else (Type.TEXT, Type.INTEGER)
    if column.type in wanted:
        return None
    what = "a date" if role in DAYS else "a text or a whole number"
    message = f"the calendar's `{role}`: `{dataset.name}.{name}` is {column.type.value}, not {what}"
    return Fault("R085", message, own.place, f"declare it as `{wanted[0].value}`, or name another column")
