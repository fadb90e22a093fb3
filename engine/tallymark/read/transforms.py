"""A transform out of its text, `sessionize(events, gap: 30 minutes, per user)`, or out of a mapping that says so."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tallymark.definitions import ArgumentDef, Formula, TransformDef
from tallymark.errors import Fault
from tallymark.place import Span, Written
from tallymark.read.values import Reading, parsed_or_fault, stripped
from tallymark.yaml_text import Entries, Items, Scalar, Value, resolved

EXAMPLE = '`transform: "sessionize(events, gap: 30 minutes, per user)"`'
MAX_ARGUMENTS = 200

_CALL = re.compile(r"([a-z_][a-z0-9_]*(?:\.[a-z_][a-z0-9_]*)*)\s*\(")
_NAMED = re.compile(r"([a-z_][a-z0-9_]*)\s*:")
_PER = re.compile(r"per(?![a-z0-9_])")
_BLANKS = re.compile(r"\s+")


def transform(value: Value | None, reading: Reading, subject: str) -> TransformDef | None:
    """The transform that a value says; one without a name, and a fault, when it says none. None without a value."""
    if value is None or (isinstance(value, Scalar) and value.absent):
        return None
    try:
        if isinstance(value, Scalar) and isinstance(resolved(value), str):
            return _Call(reading, subject).read(stripped(value.written()))
        if isinstance(value, Entries) and value.entries:
            return _Mapping(reading, subject).read(value)
        if isinstance(value, Entries):
            reading.fault("R093", "a transform that says nothing", value, f"for example {EXAMPLE}", subject)
    except _Malformed as error:
        reading.faults.append(error.fault.within(subject))
    return TransformDef("", (), place=value.place())


class _Malformed(Exception):  # noqa: N818  # becomes a fault at once
    def __init__(self, message: str, written: Written, span: Span, help_: str = f"for example {EXAMPLE}") -> None:
        super().__init__(message)
        self.fault = Fault("R093", message, written.place(span), help_)


class _Call:
    """Reads the form of a call."""

    def __init__(self, reading: Reading, subject: str) -> None:
        self.reading = reading
        self.subject = subject

    def read(self, written: Written) -> TransformDef:
        match = _CALL.match(written.text)
        end = len(written.text)
        if match is None:
            raise _Malformed("a transform is a call: its name, and in parentheses what it takes", written, (0, end))
        if not written.text.endswith(")"):
            raise _Malformed("a transform ends with `)`", written, (max(0, end - 1), end))
        inputs: list[Formula] = []
        arguments: dict[str, ArgumentDef] = {}
        for part in split(written.part((match.end(), end - 1))):
            self._take(part, inputs, arguments)
        name = written.place(match.span(1))
        return TransformDef(match[1], tuple(inputs), arguments, _BLANKS.sub(" ", written.text), name)

    def _take(self, part: Written, inputs: list[Formula], arguments: dict[str, ArgumentDef]) -> None:
        """One part of the call: an input, `name: value`, or `per member`, which may stand several times."""
        per, named = _PER.match(part.text), _NAMED.match(part.text)
        if per is None and named is None:
            inputs.append(parsed_or_fault(part, self.reading, self.subject))
            return
        head = per or named
        assert head is not None
        name = "per" if per is not None else head[1]
        after = head.end() + (1 if per is not None and part.text[head.end() :].lstrip()[:1] == ":" else 0)
        said = self._argument(name, part, after)
        first = arguments.get(name)
        if first is not None and per is not None:
            arguments[name] = ArgumentDef(name, (*first.values, *said.values), True, first.place)
        elif first is not None:
            raise _Malformed(f"`{name}:` stands here twice", part, head.span(), "keep one of them")
        else:
            arguments[name] = said

    def _argument(self, name: str, part: Written, start: int) -> ArgumentDef:
        value = stripped(part.part((start, len(part.text))))
        if not value.text:
            raise _Malformed(f"`{name}` says nothing", part, (0, len(part.text)))
        listed = value.text.startswith("[") and value.text.endswith("]")
        texts = tuple(split(value.part((1, len(value.text) - 1)))) if listed else (value,)
        values = tuple(parsed_or_fault(t, self.reading, self.subject) for t in texts)
        return ArgumentDef(name, values, listed, part.place())


class _Mapping:
    """Reads the form of a mapping: the transform's name with its inputs first, then its arguments."""

    def __init__(self, reading: Reading, subject: str) -> None:
        self.reading = reading
        self.subject = subject

    def read(self, said: Entries) -> TransformDef:
        (head, rows), *rest = said.entries
        inputs = self._values(rows)
        arguments = {}
        shown = [", ".join(f.text for f in inputs)]
        for key, value in rest:
            values = self._values(value)
            if not values and not isinstance(value, Items):
                continue
            listed = isinstance(value, Items)
            arguments[key.text] = ArgumentDef(key.text, values, listed, key.place())
            told = ", ".join(f.text for f in values)
            colon = "" if key.text == "per" else ":"
            shown.append(f"{key.text}{colon} {f'[{told}]' if listed else told}")
        text = _BLANKS.sub(" ", f"{head.text}({', '.join(s for s in shown if s)})")
        return TransformDef(head.text, inputs, arguments, text, head.place())

    def _values(self, value: Value) -> tuple[Formula, ...]:
        items = value.items if isinstance(value, Items) else (value,)
        found = []
        for item in items:
            if not isinstance(item, Scalar):
                self.reading.fault("R093", "a transform takes texts and lists of texts", item, None, self.subject)
            elif not item.absent:
                found.append(parsed_or_fault(stripped(item.written()), self.reading, self.subject))
        return tuple(found)


def split(written: Written) -> Iterator[Written]:
    """The parts between commas, apart from those in quotes, parentheses and brackets. Raises _Malformed."""
    text, start = written.text, 0
    if not text.strip():
        return
    for count, end in enumerate((*_commas(written), len(text)), 1):
        part = stripped(written.part((start, end)))
        if not part.text:
            raise _Malformed("nothing between commas", written, (start, max(start + 1, end)), "leave out one comma")
        if count > MAX_ARGUMENTS:
            raise _Malformed(f"a transform of more than {MAX_ARGUMENTS} parts", written, (start, end))
        yield part
        start = end + 1


def _commas(written: Written) -> Iterator[int]:
    depth, quoted = 0, False
    for place, character in enumerate(written.text):
        if character == "'":
            quoted = not quoted
        elif quoted:
            continue
        elif character in "([":
            depth += 1
        elif character in ")]":
            depth -= 1
            if depth < 0:
                raise _Malformed(f"`{character}` closes nothing", written, (place, place + 1))
        elif character == "," and depth == 0:
            yield place
