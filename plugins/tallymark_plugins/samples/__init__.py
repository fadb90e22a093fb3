"""Sample projects to try things on: an invented software company, and the real purchases of the CDNOW shop.

Every engine loads its plugins; these functions import what they need when they are called.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from tallymark import hookimpl

if TYPE_CHECKING:
    from pathlib import Path

    from tallymark_plugins.samples.tables import Columns

__all__ = ["company", "write_cdnow", "write_project"]


def company() -> dict[str, Columns]:
    """All tables of the invented company by name, the same on every machine and in every run."""
    from tallymark_plugins.samples import brackenfold

    return brackenfold.company()


def write_project(folder: Path) -> None:
    """Writes the invented company as a whole project into `folder`, about 7 MB.

    Raises FaultError when the folder holds anything but dot files, or cannot be written.
    """
    from tallymark_plugins.samples import project

    project.write_project(folder)


def write_cdnow(folder: Path) -> None:
    """Writes the purchases of the CDNOW shop as a whole project into `folder`, under 1 MB.

    Raises FaultError when the folder holds anything but dot files, or cannot be written.
    """
    from tallymark_plugins.samples import cdnow

    cdnow.write_cdnow(folder)


@hookimpl
def tally_samples() -> Mapping[str, Callable[[Path], None]]:
    """The sample projects by the names `tally demo` knows them by."""
    return {"company": write_project, "cdnow": write_cdnow}
