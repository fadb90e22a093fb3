"""Which files a table means, that they lie where the source says, and when they change."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from tallymark.errors import Fault, FaultError, nearest
from tallymark.place import Place

_WILD = frozenset("*?[")


@dataclass(frozen=True, slots=True)
class Root:
    """The folder a source reads, resolved, and the project's folder, from which its files are named in messages."""

    folder: Path
    project: Path

    def shown(self, path: Path) -> str:
        """The file's name in messages: relative to the project where it lies in it."""
        if path == self.project:
            return "the project's folder"
        return path.relative_to(self.project).as_posix() if path.is_relative_to(self.project) else str(path)


class FolderFiles:
    """What a source of files reads, where that is a folder."""

    def __init__(self, root: Root) -> None:
        self._root = root

    def files(self, name: str, place: Place, subject: str) -> tuple[Path, ...]:
        """As `files_of`."""
        return files_of(name, self._root, place, subject)

    def bring(self, paths: Sequence[Path]) -> None:
        """Nothing: they are there."""

    def state(self, paths: Sequence[Path]) -> Hashable:
        """As `state_of`."""
        return state_of(paths)

    def shown(self, path: Path) -> str:
        """The file's name in messages."""
        return self._root.shown(path)


def root_of(declared: object, project: Path, place: Place, source: str) -> Root:
    """The folder of a source whose option `path` is `declared`. Raises FaultError (D411, D412)."""
    top = project.resolve()
    if declared is None:
        return Root(top, top)
    if not isinstance(declared, str) or not declared.strip() or "\0" in declared:
        raise FaultError(Fault("D411", f"`path: {declared!r}` is not a path", place, subject=f"source `{source}`"))
    absolute = PurePath(declared).is_absolute()
    folder = Path(declared).resolve() if absolute else (top / declared).resolve()
    if not absolute and not folder.is_relative_to(top):
        raise FaultError(_outside(declared, place, f"source `{source}`", "the project's folder"))
    return Root(folder, top)


def files_of(name: str, root: Root, place: Place, subject: str) -> tuple[Path, ...]:
    """The files a table's name or pattern means, sorted, each resolved and inside the source's folder.

    Raises FaultError: D412 outside the folder, D413 no such file, D414 a folder.
    """
    if not name.strip() or "\0" in name:
        raise FaultError(Fault("D413", f"`{name!r}` names no file", place, subject=subject))
    if not root.folder.is_dir():
        raise FaultError(Fault("D413", f"no folder {root.shown(root.folder)}", place, subject=subject))
    if PurePath(name).is_absolute() or ".." in PurePath(name).parts:
        target = Path(name) if PurePath(name).is_absolute() else root.folder / name
        if not target.resolve().is_relative_to(root.folder):
            raise FaultError(_outside(name, place, subject, "the source's folder"))
        found = [target]
    elif _WILD & set(name) and not (root.folder / name).exists():
        found = [path for path in sorted(root.folder.glob(name)) if path.is_file()]
    else:
        found = [root.folder / name]
    if not found:
        message = f"no file matches `{name}` in {root.shown(root.folder)}"
        raise FaultError(Fault("D413", message, place, _near(name, root.folder), subject))
    return tuple(_inside(path, name, root, place, subject) for path in found)


def state_of(paths: Sequence[Path]) -> Hashable:
    """The files' paths, sizes and times of change; a file that is gone counts as changed."""
    return tuple((str(path), *_stamp(path)) for path in paths)


def _stamp(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        return (-1, -1)
    return found.st_size, found.st_mtime_ns


def _inside(path: Path, name: str, root: Root, place: Place, subject: str) -> Path:
    try:
        real = path.resolve(strict=True)
    except (OSError, RuntimeError) as error:
        gone = isinstance(error, FileNotFoundError | NotADirectoryError)
        message = f"{'no file' if gone else 'cannot open'} {root.shown(root.folder / name)}"
        raise FaultError(Fault("D413", message, place, _near(name, root.folder), subject)) from error
    if not real.is_relative_to(root.folder):
        raise FaultError(_outside(name, place, subject, "the source's folder"))
    if real.is_dir():
        message = f"{root.shown(real)} is a folder, not a file"
        raise FaultError(Fault("D414", message, place, f"name its files, as `{name.rstrip('/')}/*.csv`", subject))
    if not real.is_file():
        raise FaultError(Fault("D414", f"{root.shown(real)} is not a regular file", place, subject=subject))
    return real


def _near(name: str, folder: Path) -> str | None:
    parent = (folder / name).parent
    while not parent.is_dir():
        parent = parent.parent
    if not parent.is_relative_to(folder):
        return None
    names = sorted(each.name for each in parent.iterdir() if not each.name.startswith("."))
    close = nearest(PurePath(name).name, names)
    if close:
        return f"did you mean `{(parent / close).relative_to(folder).as_posix()}`?"
    shown = ", ".join(f"`{each}`" for each in names[:8])
    return f"there is {shown}{', …' if len(names) > 8 else ''}" if names else "the folder is empty"


def _outside(name: str, place: Place, subject: str, what: str) -> Fault:
    help_line = "a source may name another folder by an absolute `path:`"
    return Fault("D412", f"`{name}` leads out of {what}", place, help_line, subject)
