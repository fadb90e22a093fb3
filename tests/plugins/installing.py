"""Distributions with plugins, as an installer leaves them: a module, metadata, entry points."""

from __future__ import annotations

import textwrap
from pathlib import Path
from uuid import uuid4

HEAD = "from tallymark import *\nfrom tallymark import Function, FunctionKind, Take, PluginInfo, hookimpl\n"
TWICE = 'Function("{name}.{row}", FunctionKind.SCALAR, (Take("x"),), "first", "first", "Twice.", "{name}.{row}(1)", {{"*": ":x * 2"}})'


def installed(site: Path, name: str, code: str, *, version: str = "1.0", distribution: str | None = None) -> None:
    """Puts a plugin into a folder that is on the path of imports."""
    distribution = distribution or f"tallymark-{name}"
    module = f"{distribution.replace('-', '_')}_{uuid4().hex}"  # what was imported once stays so
    info = site / f"{distribution.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n")
    (info / "entry_points.txt").write_text(f"[tallymark]\n{name} = {module}\n")
    (site / f"{module}.py").write_text(HEAD + textwrap.dedent(code))


def giving(name: str, *rows: str, info: str = "") -> str:
    """The code of a plugin with functions that double their argument."""
    said = f'tally_plugin = PluginInfo("{name}"{info})\n'
    given = ", ".join(TWICE.format(name=name, row=row) for row in rows)
    return f"{said}\n@hookimpl\ndef tally_functions():\n    return [{given}]\n"
