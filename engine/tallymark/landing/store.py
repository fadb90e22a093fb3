"""Where a project keeps the data of one landed source: a DuckDB file that is swapped whole, and a place to work.

    .tally/landed/NAME.duckdb     what questions read: always a whole sync
    .tally/sync/NAME/             rounds already read, the copy being loaded, the lock, the last error

A sync works beside the file and at its end renames its copy over it. Data, dlt's cursors and what is told of both are
in the one file, so they change together or not at all.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tallymark.errors import Fault, FaultError
from tallymark.home import HOME, held, is_full, is_held, make_home, synced


def landed_folder(folder: Path) -> Path:
    """Where the files that questions read are, all sources' of a project."""
    return folder / HOME / "landed"


@dataclass(frozen=True, slots=True)
class Store:
    """The store of the source `source` of the project in `folder`."""

    folder: Path
    source: str

    @property
    def file(self) -> Path:
        """The DuckDB file that questions read."""
        return landed_folder(self.folder) / f"{self.source}.duckdb"

    @property
    def work(self) -> Path:
        """Where a sync works; what is in it is of no use without the next one."""
        return self.folder / HOME / "sync" / self.source

    @property
    def _lock(self) -> Path:
        return self.work / "lock"

    @property
    def staged(self) -> Path:
        """The copy that a sync loads into."""
        return self.work / "staged.duckdb"

    @property
    def exists(self) -> bool:
        """Whether the source was ever synced."""
        return self.file.is_file()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """One sync of the source at a time, in this process or another; the lock ends with its process.

        Makes the folders. Raises FaultError: L802 when another sync runs, L820 and L821 when nothing can be written.
        """
        with ExitStack() as stack:
            with self.writing():
                make_home(self.folder)
                self.work.mkdir(parents=True, exist_ok=True)
                self.file.parent.mkdir(parents=True, exist_ok=True)
                try:
                    stack.enter_context(held(self._lock))
                except BlockingIOError:
                    message = f"another sync of `{self.source}` is running"
                    raise FaultError(Fault("L802", message, None, "wait until it is done, or stop it")) from None
            yield

    def locked(self) -> bool:
        """Whether a sync of the source runs now."""
        return is_held(self._lock)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Tells errors of the disk in the project's own words. Raises FaultError (L820, L821)."""
        try:
            yield
        except OSError as error:
            raise FaultError(disk_fault(error, self.source)) from error

    def stage(self, anew: bool) -> None:
        """Makes the copy to load into: of what is there, or an empty one. What was staged before is gone."""
        self.unstage()
        if self.exists and not anew:
            shutil.copyfile(self.file, self.staged)

    def unstage(self) -> None:
        """Removes the copy."""
        for path in (self.staged, self.staged.with_name(self.staged.name + ".wal")):
            path.unlink(missing_ok=True)

    def discard(self) -> None:
        """Removes what is of no use after a sync, or after one that failed: all but the rounds that are put away."""
        self.unstage()
        self.clear("reading", "loading")

    def swap(self) -> None:
        """Puts the copy in the place of what questions read, at once and for good."""
        synced(self.staged)
        os.replace(self.staged, self.file)
        synced(self.file.parent)

    def clear(self, *names: str) -> None:
        """Removes folders of the work."""
        for name in names:
            shutil.rmtree(self.work / name, ignore_errors=True)

    def note(self, name: str, told: Mapping[str, Any] | None) -> None:
        """Writes a small file of the work as a whole, or removes it."""
        path = self.work / f"{name}.json"
        if told is None:
            path.unlink(missing_ok=True)
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        written = path.with_suffix(".new")
        written.write_text(json.dumps(told, indent=1), encoding="utf-8")
        synced(written)
        os.replace(written, path)

    def noted(self, name: str) -> dict[str, Any] | None:
        """What `note` wrote; None when nothing, or nothing that can be read, is there."""
        with suppress(OSError, ValueError):
            told = json.loads((self.work / f"{name}.json").read_text(encoding="utf-8"))
            return told if isinstance(told, dict) else None
        return None


def disk_fault(error: OSError, source: str) -> Fault:
    """A disk that is full, or cannot be written, as a fault of the source."""
    subject = f"source `{source}`"
    if is_full(error):
        message = "the disk is full: nothing more can be landed"
        return Fault("L820", message, None, "free some space and sync again; the data of the last sync stands", subject)
    where = f" {error.filename}" if error.filename else ""
    return Fault("L821", f"the store cannot be written:{where} {error.strerror or error}", None, None, subject)
