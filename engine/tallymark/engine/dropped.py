"""What the question itself keeps out of its answer, as notes: cells, periods, members."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tallymark.engine.asking import Asked
from tallymark.lower import Question
from tallymark.show.counts import many
from tallymark.windows import PERIOD, resolve


def dropped(asked: Asked, counts: Mapping[str, int]) -> tuple[str, ...]:
    """The notes. `counts`: the cells `dropped` by conditions over metrics, and those `undated`, without an age."""
    return tuple(_notes(asked, counts))


def _notes(asked: Asked, counts: Mapping[str, int]) -> Iterator[str]:
    question, query = asked.question, asked.query
    if asked.top is not None:
        yield asked.top.note(question)
    if asked.dropped:
        labels = [p.label for p in asked.dropped]
        told = labels[0] if len(labels) == 1 else f"{labels[0]} to {labels[-1]}"
        verb = "is" if len(labels) == 1 else "are"
        yield f"{many(len(labels), 'period')} not over at the knowledge date {verb} left out: {told}"
    if counts.get("dropped"):
        verb = "does" if counts["dropped"] == 1 else "do"
        yield f"{many(counts['dropped'], 'cell')} {verb} not meet `{' and '.join(query.having)}`"
    if counts.get("undated"):
        have, are = ("has", "is") if counts["undated"] == 1 else ("have", "are")
        yield f"{many(counts['undated'], 'cell')} without `{query.age}` {have} no age and {are} left out"
    if query.like_for_like:
        yield from _like_for_like(question)


def _like_for_like(question: Question) -> Iterator[str]:
    """The period that is cut, and until when its like is read."""
    for period in question.periods:
        if resolve(PERIOD, period, question.grain, question.calendar, question.as_of).partial:
            last = question.calendar.local(question.as_of - question.as_of.resolution)
            told = last.date() if question.grain != "hour" else last.replace(microsecond=0)
            yield f"like for like: {period.label} is known up to {told} and compared with as much of the other period"
