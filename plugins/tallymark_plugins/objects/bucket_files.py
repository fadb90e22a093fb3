"""The files of a source in object storage: which objects a table means, and copies of them to read."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Hashable, Sequence
from pathlib import Path, PurePosixPath
from time import monotonic

from tallymark.errors import Fault, FaultError, did_you_mean
from tallymark.place import Place
from tallymark_plugins.objects.stores import Access, Store, Stored, store_of

FRESH_FOR = 60.0
MEGABYTES = 10_000
_MOST = 100_000
"""Objects below one prefix that are looked through."""

_WILD = re.compile(r"[*?\[]")


class BucketFiles:
    """What `files` reads, where that is no folder. Safe to use from several threads.

    A copy's path tells the version of its object, so that equal paths are equal contents.
    """

    def __init__(self, access: Access, scratch: Path) -> None:
        self._access = access
        self._scratch = scratch
        self._lock = threading.RLock()
        self._made: Store | None = None
        self._listings: dict[str, tuple[float, tuple[Stored, ...]]] = {}
        self._objects: dict[Path, Stored] = {}

    def files(self, name: str, place: Place, subject: str) -> tuple[Path, ...]:
        """The copies that the objects of a table have, or will have once they are brought, sorted by key.

        Raises FaultError: D412 outside the source's prefix, D413 no such object, D472 too much, D474.
        """
        key = self._key(name, place, subject)
        matching = _pattern(key)
        wild = _WILD.search(key)
        prefix = key[: wild.start()].rpartition("/")[0] + "/" if wild else key
        with self._lock:
            listed = self._listed(prefix.lstrip("/"))
            found = [each for each in listed if matching.fullmatch(each.key)]
            if not found:
                top = self._access.address.prefix
                known = [each.key.removeprefix(f"{top}/" if top else "") for each in listed]
                message = f"no object matches `{name}` in {self._access.address.shown}"
                raise FaultError(Fault("D413", message, place, did_you_mean(name, known[:1000]), subject))
            self._require_little(found, name, place, subject)
            copies = tuple(self._copy_of(each) for each in found)
            self._objects.update(zip(copies, found, strict=True))
        return copies

    def bring(self, paths: Sequence[Path]) -> None:
        """Makes sure that the copies are there. Raises FaultError (D474)."""
        for path in paths:
            with self._lock:
                if path.exists():
                    continue
                path.parent.mkdir(parents=True, exist_ok=True)
                partial = path.with_name(f".{path.name}")
                self._store().copy(self._objects[path], partial)
                partial.replace(path)

    def state(self, paths: Sequence[Path]) -> Hashable:
        """The copies' paths, which tell keys and versions."""
        return tuple(map(str, paths))

    def shown(self, path: Path) -> str:
        """The object's URL without credentials."""
        address = self._access.address
        return f"{address.service}://{address.bucket}/{self._objects[path].key}"

    def _store(self) -> Store:
        if self._made is None:
            self._made = store_of(self._access)
        return self._made

    def _key(self, name: str, place: Place, subject: str) -> str:
        url = f"{self._access.address.shown}/"
        said = name.removeprefix(url)
        if "://" in said or said.startswith("/") or ".." in PurePosixPath(said).parts or not said.strip():
            help_line = "name the objects below the source's `path`"
            message = f"`{name}` leads out of {self._access.address.shown}"
            raise FaultError(Fault("D412", message, place, help_line, subject))
        top = self._access.address.prefix
        return f"{top}/{said}" if top else said

    def _listed(self, prefix: str) -> tuple[Stored, ...]:
        kept = float(self._access.storage.get("fresh_for", FRESH_FOR))
        at, found = self._listings.get(prefix, (0.0, ()))
        if prefix not in self._listings or monotonic() - at > kept:
            found = tuple(each for each, _ in zip(self._store().listed(prefix), range(_MOST), strict=False))
            self._listings[prefix] = (monotonic(), found)
        return found

    def _require_little(self, found: Sequence[Stored], name: str, place: Place, subject: str) -> None:
        most = int(self._access.storage.get("megabytes", MEGABYTES))
        size = sum(each.size for each in found) / 1e6
        if size > most:
            message = f"`{name}` is {size:,.0f} MB, and at most {most:,} MB are copied"
            help_line = "name fewer objects, or raise `megabytes:` in the source's `storage`"
            raise FaultError(Fault("D472", message, place, help_line, subject))

    def _copy_of(self, stored: Stored) -> Path:
        told = "\0".join((self._access.address.shown, stored.key, stored.version, str(stored.size)))
        folder = hashlib.blake2b(told.encode(), digest_size=12).hexdigest()
        # The name's endings tell what is in the file; the rest of a key may be too long for one.
        return self._scratch / "objects" / folder / PurePosixPath(stored.key).name[-100:]


def _pattern(key: str) -> re.Pattern[str]:
    """What the keys match that a name with wildcards means: `*` within one part, `**` over any number of parts."""
    parts = key.split("/")
    told = ""
    for number, part in enumerate(parts):
        last = number == len(parts) - 1
        if part == "**":
            told += "(?:[^/]+/)*" + ("[^/]+" if last else "")
        else:
            told += "".join(map(_piece, _PIECES.split(part))) + ("" if last else "/")
    return re.compile(told)


_PIECES = re.compile(r"(\*|\?|\[!?[^]]+])")


def _piece(piece: str) -> str:
    if piece in ("*", "?"):
        return f"[^/]{piece}" if piece == "*" else "[^/]"
    if _PIECES.fullmatch(piece):
        inside = piece[1:-1].replace("\\", "\\\\").replace("^", "\\^")
        return f"[^{inside[1:]}/]" if inside.startswith("!") else f"[{inside}]"
    return re.escape(piece)
