"""Result columns of PostgreSQL as the engine's types: whole numbers of 64 bits, exact decimals, times in UTC."""

from __future__ import annotations

import pyarrow
import pyarrow.compute as pc

DIGITS = 38

_EPOCH = {64: 946_684_800_000_000, 32: 10_957}
"""From 1970, where Arrow counts from, to 2000, where PostgreSQL does: in microseconds, and in days."""


def typed(table: pyarrow.Table) -> pyarrow.Table:
    """The table with numbers and times as the embedded database gives them."""
    columns = [_typed(column) for column in table.columns]
    return pyarrow.table(dict(zip(table.column_names, columns, strict=True))) if columns else table


def _typed(column: pyarrow.ChunkedArray) -> pyarrow.ChunkedArray:
    kind = column.type
    if getattr(kind, "type_name", None) == "numeric":
        return _decimals(column)
    if pyarrow.types.is_integer(kind):
        return column.cast(pyarrow.int64())
    if pyarrow.types.is_float32(kind):
        return column.cast(pyarrow.float64())
    if isinstance(kind, pyarrow.BaseExtensionType):
        return _stored(column)
    if pyarrow.types.is_timestamp(kind) or pyarrow.types.is_date32(kind):
        return _endless(column)
    return column


def _endless(column: pyarrow.ChunkedArray) -> pyarrow.ChunkedArray:
    """Infinite times as the embedded database has them.

    The server sends the least and the largest number for them; moved to Arrow's epoch both end up below all others.
    """
    bits = column.type.bit_width
    whole = pyarrow.int64() if bits == 64 else pyarrow.int32()
    numbers, largest = column.cast(whole), 2 ** (bits - 1) - 1
    before, after = _EPOCH[bits] - largest - 1, _EPOCH[bits] - largest - 2
    least = pc.min(numbers).as_py()
    if least is None or least > before:
        return column
    numbers = pc.if_else(pc.equal(numbers, before), pyarrow.scalar(-largest, whole), numbers)
    return pc.if_else(pc.equal(numbers, after), pyarrow.scalar(largest, whole), numbers).cast(column.type)


def _stored(column: pyarrow.ChunkedArray) -> pyarrow.ChunkedArray:
    chunks = [chunk.storage for chunk in column.chunks]
    return pyarrow.chunked_array(chunks, type=column.type.storage_type)


def _decimals(column: pyarrow.ChunkedArray) -> pyarrow.ChunkedArray:
    """Numerics come as texts; what is no number, or infinite, is null."""
    texts = _stored(column)
    finite = pc.match_substring_regex(texts, r"^-?[0-9]")
    texts = pc.if_else(finite, texts, pyarrow.scalar(None, texts.type))
    fractions = pc.utf8_length(pc.replace_substring_regex(texts, r"^-?[0-9]+\.?", ""))
    scale = pc.max(fractions).as_py() or 0
    digits = pc.max(pc.utf8_length(pc.replace_substring_regex(texts, r"[-.]", ""))).as_py() or 1
    if digits - scale + scale <= DIGITS and scale <= DIGITS:
        return texts.cast(pyarrow.decimal128(DIGITS, scale))
    return texts.cast(pyarrow.decimal256(76, min(scale, 76)))
