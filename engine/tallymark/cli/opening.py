"""Which project a command is about, and its book of metrics."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from tallymark.cli.printing import print_warnings
from tallymark.cli.running import work
from tallymark.cli.session import Session
from tallymark.errors import Fault, FaultError

FILE = "tally.yaml"

T = TypeVar("T")


def open_book(session: Session) -> Any:
    """The project's book, even when some of its metrics have faults. Raises FaultError when there is no project."""
    folder = folder_of(session)
    import tallymark

    return tallymark.open(folder, plugins=session.plugins, strict=False)


def folder_of(session: Session) -> Path:
    """The project's folder: the one given, else the nearest one upward that has a tally.yaml.

    Given from here where it is here or below, so that faults show short paths. Raises FaultError when there is none.
    """
    given = session.project
    if given is not None:
        folder = given.parent if given.is_file() else given
        if not (folder / FILE).is_file():
            raise FaultError(Fault("R090", f"no {FILE} in {folder}", help="`tally init` makes one"))
        return folder
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / FILE).is_file():
            return Path() if folder == here else folder
    help = "make one with `tally init`, name a folder with `--project`, or see `tally demo`"
    raise FaultError(Fault("R090", f"no {FILE} in {here} or in any folder above it", help=help))


def with_book(session: Session, label: str, task: Callable[[Any], T]) -> T:
    """The task's result on the project's book; says in one line if other parts of the project have faults.

    Raises FaultError, and KeyboardInterrupt when stopped, upon which the running query is cancelled.
    """
    opened: list[Any] = []

    def run() -> T:
        opened.append(open_book(session))
        return task(opened[0])

    result = work(label, run, lambda: opened[0].cancel() if opened else None)
    print_warnings(session, opened[0].faults)
    return result
