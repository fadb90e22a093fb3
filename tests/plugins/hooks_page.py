"""`plugins/HOOKS.md`: its code as a module, and the part that the engine writes."""

from __future__ import annotations

import re
from dataclasses import MISSING, fields
from pathlib import Path
from types import ModuleType

from tallymark.formula.function import Function, Partial, Python, Take
from tallymark.hookspecs import Check, Format, PluginInfo, SourceKind, Starter
from tallymark.notifier import Notification, NotifierKind
from tallymark.transforms.row_model import RowInput, RowModel, RowOutput
from tallymark.transforms.transform import Transform
from tallymark.units import UnitRow

PAGE = Path(__file__).parents[2] / "plugins/HOOKS.md"
TYPES = (
    PluginInfo, SourceKind, Starter, Function, Take, Partial, Python, Transform, RowModel, RowInput, RowOutput, UnitRow,
    Format, Check, NotifierKind, Notification,
)  # fmt: skip
MARK = "## Types\n"


def text() -> str:
    """The page."""
    return PAGE.read_text(encoding="utf-8")


def code() -> str:
    """All Python of the page."""
    return "\n\n".join(re.findall(r"```python\n(.*?)```", text(), re.DOTALL))


def plugin() -> ModuleType:
    """All Python of the page, as one plugin."""
    module = ModuleType("acme")
    exec(compile(code(), str(PAGE), "exec"), module.__dict__)
    return module


def types() -> str:
    """The section on types: for each its docstring and its fields."""
    return "\n".join(_type(made) for made in TYPES)


def _type(made: type) -> str:
    said = "\n".join(line.removeprefix("    ") for line in (made.__doc__ or "").splitlines())
    rows = [f"| `{f.name}` | `{_short(f.type)}` | {_default(f)} |" for f in fields(made)]  # type: ignore[arg-type]
    return "\n".join(
        [f"### `{made.__name__}`", "", said.strip(), "", "| field | type | default |", "|---|---|---|", *rows, ""]
    )


def _short(written: object) -> str:
    return str(written).replace("|", "\\|")


def _default(field: object) -> str:
    default, factory = field.default, field.default_factory  # type: ignore[attr-defined]
    if default is MISSING and factory is MISSING:
        return ""
    shown = repr(factory() if default is MISSING else default)
    return f"`{shown}`"
