"""On random worlds, a receipt has the number of the answer, and each part the value it has when it is asked alone.

`TALLY_RECEIPTS` sets how many questions are explained in all (60 unless set), `TALLY_SEED` the first world.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

import pytest

import tallymark
from naive.world import Question
from tallymark.answer import Receipt, Step
from tallymark.errors import FaultError
from tallymark.query import Query

from . import acme
from .comparison import same
from .engine_side import definitions, query, tables
from .questions import question
from .worlds import sample

CASES = int(os.environ.get("TALLY_RECEIPTS", "60"))
FIRST = int(os.environ.get("TALLY_SEED", "0"))
EACH = 15
ALONE = 4
"""Parts of each receipt that are asked alone."""


@pytest.mark.parametrize("seed", range(FIRST, FIRST + max(1, CASES // EACH)))
def test_a_receipt_has_the_numbers_of_answers(seed: int) -> None:
    """Of the whole formula and of its parts; what cannot be asked cannot be explained, for the same reason."""
    drawn = sample(seed)
    with tallymark.open(definitions=definitions(drawn.world), tables=tables(drawn.world), plugins=[acme]) as book:
        for number in range(seed * 1000, seed * 1000 + min(EACH, CASES)):
            asked = one_cell(question(number, drawn))
            expected, codes = answered(book, asked)
            receipt, found = explained(book, asked)
            where = f"sample({seed}), question({number}, …): {asked}"
            assert codes == found, where
            if receipt is None:
                continue
            assert same(expected, receipt.value), where
            assert same(expected, receipt.step.value), where
            for step in islice(in_context(receipt.step), ALONE):
                alone, _ = answered(book, replace(asked, metrics=(step.name or step.text,)))
                assert same(alone, step.value), f"{where}: {step.text}"


def one_cell(asked: Question) -> Query:
    """The question's first metric over the whole range, without dimensions."""
    whole = query(asked)
    return replace(whole, metrics=whole.metrics[:1], by=(), grain=None, sparse=False)


def answered(book: tallymark.Book, asked: Query) -> tuple[Any, list[str]]:
    """The number, or the codes of the faults."""
    try:
        return book.ask(asked).value, []
    except FaultError as error:
        return None, [f.code for f in error.faults]


def explained(book: tallymark.Book, asked: Query) -> tuple[Receipt | None, list[str]]:
    """The receipt, or the codes of the faults."""
    try:
        return book.explain(
            asked.metrics[0], start=asked.start, end=asked.end, where=asked.where, as_of=asked.as_of
        ), []  # fmt: skip
    except FaultError as error:
        return None, [f.code for f in error.faults]


def in_context(step: Step) -> Iterator[Step]:
    """The parts that are evaluated in the question's own context: below operators, not below other forms."""
    if step.kind == "operator":
        for child in step.children:
            if child.kind not in ("constant", "parameter"):
                yield child
                yield from in_context(child)
