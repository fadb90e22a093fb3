"""Opening a text file: decompressed by its ending, decoded, and told where bytes do not decode."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

import pyarrow

from tallymark.errors import Fault, FaultError
from tallymark.place import Place

COMPRESSED = {".gz": "gzip", ".zst": "zstd", ".bz2": "bz2"}
"""Endings of compressed files, and Arrow's names of their kinds."""

_CHUNK = 1 << 20
_GUESSES = ("utf-8", "cp1252", "cp1250", "iso-8859-16", "latin-1")


@dataclass(frozen=True, slots=True)
class _Undecodable:
    line: int
    byte: int
    near: bytes


def kind_ending(path: Path) -> str:
    """The ending that tells the kind of data: `.csv` of `orders.csv.gz`, in lower case."""
    endings = [each.lower() for each in path.suffixes[-2:]]
    if endings and endings[-1] in COMPRESSED:
        endings.pop()
    return endings[-1] if endings else ""


@contextmanager
def open_bytes(path: Path, shown: str) -> Iterator[IO[bytes]]:
    """The file's bytes, decompressed. Raises FaultError: D433 a file that cannot be read, or is not compressed so."""
    kind = COMPRESSED.get(path.suffix.lower())
    try:
        with pyarrow.input_stream(str(path), compression=kind, buffer_size=_CHUNK) as stream:
            yield cast("IO[bytes]", stream)
    except OSError as error:
        reason = error.strerror or (f"it is no {kind} data" if kind else "it cannot be read")
        raise FaultError(Fault("D433", f"cannot read {shown}: {reason}", Place(shown))) from error


@contextmanager
def open_text(path: Path, encoding: str, shown: str) -> Iterator[IO[str]]:
    """The file's text, line ends as they are, a byte-order mark dropped.

    Raises FaultError: D433 as `open_bytes`, D416 where bytes do not decode.
    """
    name = "utf-8-sig" if encoding == "utf-8" else encoding
    try:
        with open_bytes(path, shown) as stream, io.TextIOWrapper(stream, name, newline="") as text:
            yield text
    except UnicodeError as error:
        raise FaultError(decoding_fault(path, encoding, shown)) from error


def decoding_fault(path: Path, encoding: str, shown: str) -> Fault:
    """The fault (D416) that says on which line which byte does not decode, and which encoding is likely."""
    found = _first_undecodable(path, encoding, shown)
    if found is None:
        return Fault("D416", f"{shown} is not {encoding} text", Place(shown), _likely(path, encoding, shown, b""))
    message = f"{shown} is not {encoding} text: byte 0x{found.byte:02x} on line {found.line} does not decode"
    return Fault("D416", message, Place(shown, found.line), _likely(path, encoding, shown, found.near))


def _first_undecodable(path: Path, encoding: str, shown: str) -> _Undecodable | None:
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    line = 1
    with open_bytes(path, shown) as stream:
        while True:
            chunk = stream.read(_CHUNK)
            try:
                line += decoder.decode(chunk, final=not chunk).count("\n")
            except UnicodeDecodeError as error:
                data, start = bytes(error.object), error.start
                line += data[:start].decode(encoding, "ignore").count("\n")
                return _Undecodable(line, data[start], _surroundings(data, start))
            except UnicodeError:
                return None
            if not chunk:
                return None


def _surroundings(data: bytes, start: int) -> bytes:
    # A word's worth on the same line: enough to judge a guess by.
    left = max(data.rfind(b"\n", 0, start) + 1, start - 12)
    right = data.find(b"\n", start)
    return data[left : min(right if right >= 0 else len(data), start + 12)].strip()


def _likely(path: Path, encoding: str, shown: str, near: bytes) -> str:
    with open_bytes(path, shown) as stream:
        head = stream.read(4096)
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) or head.count(0) > len(head) // 4:
        return "it looks like utf-16: declare `encoding: utf-16` in the format"
    for guess in _ordered(near):
        if guess == encoding:
            continue
        try:
            read = near.decode(guess)
        except UnicodeError:
            continue
        if read.isprintable():
            return f"declare the file's `encoding:`; as {guess}, it reads `{read}`"
    return "declare the file's `encoding:`, as cp1252, cp1250, iso-8859-16 or utf-16"


def _ordered(near: bytes) -> list[str]:
    # The letters ă ș ț of Romanian stand where Western encodings have ã º þ, which French or English seldom need.
    central = any(byte in near for byte in (0xE3, 0xC3, 0xBA, 0xFE, 0xAA, 0xDE))
    guesses = [guess for guess in _GUESSES if guess != "cp1250"]
    return ["utf-8", "cp1250", *guesses[1:]] if central else list(_GUESSES)
