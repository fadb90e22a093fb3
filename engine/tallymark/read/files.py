"""Which files make a project, and what they hold."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tallymark.errors import Fault
from tallymark.place import Place
from tallymark.yaml_text import MAX_BYTES

PROJECT_FILE = "tally.yaml"
MAX_FILES = 2_000


@dataclass(frozen=True, slots=True)
class Found:
    """A file by the name that faults show, with its bytes or why there are none."""

    name: str
    content: bytes = b""
    fault: Fault | None = None


def project_file(folder_or_file: Path) -> Path:
    """`tally.yaml` in a folder; a file is taken as it is."""
    return folder_or_file / PROJECT_FILE if folder_or_file.is_dir() else folder_or_file


def read_file(path: Path) -> Found:
    """A file's bytes, or the fault that it cannot be read. At most one byte more than is allowed is read."""
    name = path.as_posix()
    try:
        if not path.is_file():
            what = "not a file" if path.exists() else "there is no such file"
            return Found(name, fault=Fault("R001", f"cannot read `{name}`: {what}", Place(name)))
        size = path.stat().st_size
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        return Found(name, fault=Fault("R001", f"cannot read `{name}`: {reason}", Place(name)))
    if size > MAX_BYTES:
        message = f"a file of {size:,} bytes; {MAX_BYTES:,} is the most"
        return Found(name, fault=Fault("R002", message, Place(name), "split the file"))
    return Found(name, content)


def metric_files(folder: Path, entry: str) -> list[Path] | None:
    """The YAML files that an entry of `metrics:` names, sorted; None when there is nothing of that name."""
    path = folder / entry
    try:
        if path.is_file():
            return [path]
        return sorted(_walk(path)) if path.is_dir() else None
    except (OSError, ValueError):
        return None


def _walk(folder: Path) -> Iterator[Path]:
    count = 0
    for at, folders, names in os.walk(folder):
        folders[:] = sorted(f for f in folders if not f.startswith("."))
        for name in names:
            if name.endswith((".yaml", ".yml")) and not name.startswith(".") and name != PROJECT_FILE:
                count += 1
                if count > MAX_FILES:
                    return
                yield Path(at) / name
