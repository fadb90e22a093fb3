"""A folder for a new project: made, found empty, and filled from a template that ships with the package."""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from tallymark.errors import Fault, FaultError
from tallymark.place import Place

NOT_EMPTY = "R080"
NOT_WRITABLE = "R081"


def start_project(folder: Path, template: str) -> None:
    """Makes `folder` and copies the template of that name into it, with a folder `data` beside.

    Raises FaultError, and writes nothing, when the folder holds anything but dot files or cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        found = sorted(entry.name for entry in folder.iterdir() if not entry.name.startswith("."))
        if not found:
            _copy(files(__package__) / "templates" / template, folder)
            (folder / "data").mkdir()
    except OSError as error:
        raise not_writable(folder, error) from error
    if found:
        shown = ", ".join(found[:3]) + (", …" if len(found) > 3 else "")
        message = f"the folder is not empty: it holds {shown}"
        raise FaultError(Fault(NOT_EMPTY, message, Place(str(folder)), "name a new folder, or an empty one"))


def not_writable(folder: Path, error: OSError) -> FaultError:
    """The fault of a project that cannot be written."""
    reason = error.strerror or str(error)
    help_ = "name a folder that you may write to, on a disk with room for 15 MB"
    return FaultError(Fault(NOT_WRITABLE, f"cannot write the project: {reason}", Place(str(folder)), help_))


def _copy(source: Traversable, target: Path) -> None:
    for entry in source.iterdir():
        if entry.is_dir():
            if entry.name != "__pycache__":
                (target / entry.name).mkdir()
                _copy(entry, target / entry.name)
        else:
            (target / entry.name).write_bytes(entry.read_bytes())
