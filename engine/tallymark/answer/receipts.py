"""A receipt: one number, every part of its formula with its value, and what a reader should know of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tallymark.answer.asked_period import AskedPeriod
from tallymark.answer.drawing import drawn
from tallymark.answer.steps import Step
from tallymark.behind import Behind
from tallymark.scoresheet import ScoreSheet
from tallymark.show.lines import PAGE, one_line, paragraphs
from tallymark.show.raw import json_text
from tallymark.show.sheet import text_of
from tallymark.show.standing import Standing
from tallymark.show.tree import tree


@dataclass(frozen=True, slots=True)
class Receipt:
    """One number and how it came to be: each part of its formula with its value, the SQL, the notes.

    `slice` holds the dimensions that the question sets to a value, `conditions` the texts of its other conditions,
    `parameters` the values of the parameters that the formulas speak of, `as_of` the knowledge date if one was given.
    """

    metric: str
    label: str
    period: AskedPeriod
    slice: Mapping[str, Any]
    value: Any
    step: Step
    sql: str
    notes: tuple[str, ...] = ()
    locale: str = "en"
    decimals: int | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    conditions: tuple[str, ...] = ()
    as_of: str | None = None
    description: str = ""
    how: tuple[str, ...] = ()
    """How each aggregate was put together over its windows, a sentence each."""
    rows: tuple[Behind, ...] | None = None
    """The rows behind each aggregate, and the members of each `per`, where they were asked for."""
    sheet: ScoreSheet | None = None
    """What a scorecard's score is made of; readers are shown it instead of the step."""
    standing: Standing | None = None
    """The band that the number lies in, and its target."""

    def to_dict(self, *, sql: bool = True) -> dict[str, Any]:
        """The receipt as plain data; decimals and dates as they are."""
        data = {
            "metric": self.metric,
            "label": self.label,
            "period": self.period.as_dict(),
            "slice": dict(self.slice),
            "conditions": list(self.conditions),
            "as_of": self.as_of,
            "parameters": dict(self.parameters),
            "value": self.value,
            "unit": str(self.step.unit) if self.step.unit is not None else None,
            "step": self.step.as_dict(),
            "notes": list(self.notes),
            "how": list(self.how),
        }
        data |= self.standing.as_dict() if self.standing is not None else {}
        data |= {"rows": [b.as_dict() for b in self.rows]} if self.rows is not None else {}
        data |= {"scorecard": self.sheet.as_dict()} if self.sheet is not None else {}
        return data | ({"sql": self.sql} if sql else {})

    def to_json(self, *, sql: bool = True) -> str:
        """The receipt as JSON; decimals are exact numbers."""
        return json_text(self.to_dict(sql=sql)) + "\n"

    def __str__(self) -> str:
        return self.text()

    def text(self, width: int | None = None) -> str:
        """The receipt as a tree, values aligned, in lines of at most `width` characters where values allow it."""
        page = width or PAGE
        steps = drawn(self.step, self.period.label, self.locale, self.decimals)
        body = tree(steps, page) if self.sheet is None else self.sheet.text(page)
        blocks = [paragraphs(self._head(), page), body, paragraphs([f"note: {n}" for n in self._notes()], page)]
        told: set[tuple[Any, ...]] = set()
        blocks += [text for behind in self.rows or () for text in behind.lines(page, told)]
        return "\n".join(b for b in blocks if b)

    def _head(self) -> list[str]:
        lines = [text_of(self.label if self.label == self.metric else f"{self.label} ({self.metric})")]
        if self.description:
            lines.append(one_line(self.description))
        context = [str(self.period), *(f"{k} = {text_of(v)}" for k, v in self.slice.items())]
        context += map(one_line, self.conditions)
        lines.append(" · ".join([*context, f"as of {self.as_of}"] if self.as_of else context))
        if self.parameters:
            lines.append("with " + " · ".join(f"${k} = {_listed(v)}" for k, v in self.parameters.items()))
        return [*lines, *(self.standing.lines if self.standing is not None else ())]

    def _notes(self) -> tuple[str, ...]:
        found = list(self.notes)
        waiting, seen = [self.step] if self.sheet is None else [], set[int]()
        while waiting:
            step = waiting.pop()
            if id(step) not in seen:
                seen.add(id(step))
                found += [f"{step.name or one_line(step.text)}: {n}" for n in step.notes]
                waiting += reversed(step.children)
        return tuple(dict.fromkeys(found))


def _listed(value: Any) -> str:
    return ", ".join(map(text_of, value)) if isinstance(value, list | tuple) else text_of(value)
