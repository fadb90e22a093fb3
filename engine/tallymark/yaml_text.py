"""A strict loader of YAML text: a tree of values that know where each of their characters stands.

It stands on the events of PyYAML's parser (the C one where there is one) and takes from YAML what configuration needs:
mappings, lists and scalars in every style, read by the core schema of YAML 1.2, so that `no` is a text and `010` is
ten. Anchors, aliases, tags, merge keys and duplicate keys are faults; bytes, values and depth are capped, so that no
text can cost much.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import yaml
from yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    MappingStartEvent,
    ScalarEvent,
    StreamEndEvent,
)

from tallymark.errors import Fault
from tallymark.place import Place, Written
from tallymark.yaml_complaints import explained
from tallymark.yaml_scalars import offsets

MAX_BYTES = 1_000_000
MAX_VALUES = 100_000
MAX_DEPTH = 30
MAX_FAULTS = 50
"""Faults told of one file; a reader mends no more in one go."""
MAX_SHOWN_LINE = 1_000
"""Characters of the longest line that is shown with a caret under it."""

_BREAK = re.compile(r"\r\n|\r|\n")
_UNPRINTABLE = re.compile(r"[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEAN = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_NUMBER = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+|[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")


@dataclass(frozen=True, slots=True, eq=False)
class Page:
    """A file's text and its lines; offsets count its characters from 0."""

    file: str
    text: str
    starts: tuple[int, ...]
    lines: tuple[str, ...]

    @classmethod
    def of(cls, file: str, text: str) -> Page:
        starts = (0, *(m.end() for m in _BREAK.finditer(text)))
        lines = tuple(line if len(line) <= MAX_SHOWN_LINE else "" for line in _BREAK.split(text))
        return cls(file, text, starts, lines)

    def position(self, offset: int) -> tuple[int, int]:
        """The line and column, both from 1, of the character at `offset`."""
        line = bisect_right(self.starts, offset)
        return line, offset - self.starts[line - 1] + 1

    def place(self, start: int, end: int | None = None) -> Place:
        """The stretch from `start` to `end`, cut to its first line."""
        line, column = self.position(start)
        stop = _BREAK.search(self.text, start)
        last = min(start + 1 if end is None else end, stop.start() if stop else len(self.text))
        return Place(self.file, line, column, max(1, last - start), self.lines[line - 1])


@dataclass(frozen=True, slots=True, eq=False)
class Scalar:
    """A text. `style` is empty for a plain scalar, else `'`, `"`, `|` or `>`; `*` for an alias, which has no value."""

    page: Page
    text: str
    style: str
    start: int
    end: int

    def place(self) -> Place:
        return self.page.place(self.start, self.end)

    @property
    def absent(self) -> bool:
        """Whether nothing at all was written."""
        return self.style == "*" or (not self.style and not self.text)

    def written(self) -> Written:
        """The text with the position of each of its characters."""
        page, quoted = self.page, len(self.style) if self.style in ("'", '"') else 0
        line, column = page.position(self.start)
        if page.text[self.start + quoted : self.end - quoted] == self.text and not _BREAK.search(self.text):
            return Written(self.text, page.file, line, column + quoted, None, page.lines)
        found = offsets(page.text, self.start, self.end, self.style, self.text)
        return Written(self.text, page.file, line, column, tuple(map(page.position, found)), page.lines)


@dataclass(frozen=True, slots=True, eq=False)
class Items:
    """A list."""

    page: Page
    items: tuple[Value, ...]
    start: int
    end: int

    def place(self) -> Place:
        return self.page.place(self.start, self.end)


@dataclass(frozen=True, slots=True, eq=False)
class Entries:
    """A mapping: its entries in order, no key twice. Keys are texts, however they look."""

    page: Page
    entries: tuple[tuple[Scalar, Value], ...]
    start: int
    end: int
    _by_key: dict[str, tuple[Scalar, Value]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_key", {key.text: (key, value) for key, value in self.entries})

    def place(self) -> Place:
        return self.page.place(self.start, self.end)

    def get(self, key: str) -> Value | None:
        """The value under `key`, or None."""
        found = self._by_key.get(key)
        return found[1] if found else None

    def key(self, key: str) -> Scalar | None:
        """The key itself, as written, or None."""
        found = self._by_key.get(key)
        return found[0] if found else None


Value = Scalar | Items | Entries


def load(content: str | bytes, file: str) -> tuple[Value | None, list[Fault]]:
    """The tree that a file holds (None when it holds nothing) and the faults found. Never raises for bad content.

    After a fault of syntax the tree holds what stood before it.
    """
    text, fault = _decoded(content, file)
    if fault is not None:
        return None, [fault]
    builder = _Builder(Page.of(file, text))
    try:
        for event in _events(text):
            builder.take(event)
    except _Stop:
        pass
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        fault = _syntax_fault(builder.page, error)
        builder.faults.append(fault)
        builder.drop_value_on(fault.place.line if fault.place else 0)
    return builder.finished(), builder.faults


def plain(value: Value) -> Any:
    """The value as plain data: dict, list, str, bool, int, Decimal, None."""
    if isinstance(value, Scalar):
        return resolved(value)
    if isinstance(value, Items):
        return [plain(item) for item in value.items]
    return {key.text: plain(item) for key, item in value.entries}


def resolved(scalar: Scalar) -> bool | int | Decimal | str | None:
    """What a scalar means by the core schema of YAML 1.2; infinities and not-a-number stay texts.

    A whole number of more than 38 digits is given as a Decimal, which any length of it makes in linear time.
    """
    text = scalar.text
    if scalar.style == "*":
        return None
    if scalar.style:
        return text
    if text in _NULL:
        return None
    if text in _BOOLEAN:
        return _BOOLEAN[text]
    match = _NUMBER.fullmatch(text)
    if match is None:
        return text
    if text.startswith(("0o", "0x")):
        return int(text, 0) if len(text) <= 34 else text
    if text.lstrip("+-").isdigit() and len(text) <= 38:
        return int(text)
    return Decimal(text)


class _Stop(Exception):  # noqa: N818  a signal, not an error: nothing more is to be read
    """The rest of the file is not worth reading."""


@dataclass(slots=True)
class _Open:
    """A list or mapping whose end has not come yet."""

    mapping: bool
    start: int
    items: list[Value] = field(default_factory=list)
    entries: dict[str, tuple[Scalar, Value]] = field(default_factory=dict)
    key: Scalar | None = None
    unusable: bool = False
    """The key read last cannot be one; its value is dropped."""


class _Builder:
    """Makes the tree from parser events, without recursion."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.faults: list[Fault] = []
        self.root: Value | None = None
        self._open: list[_Open] = []
        self._count = 0
        self._documents = 0
        self._last = 0
        self._recent: tuple[_Open, str] | None = None

    def take(self, event: Any) -> None:
        self._last = event.end_mark.index
        if isinstance(event, DocumentStartEvent):
            self._document(event)
        elif isinstance(event, AliasEvent):
            self._alias(event)
        elif isinstance(event, ScalarEvent):
            self._marks(event)
            self._put(self._scalar(event))
        elif isinstance(event, CollectionStartEvent):
            self._begin(event)
        elif isinstance(event, CollectionEndEvent):
            self._close(self._last)

    def finished(self) -> Value | None:
        """The tree, with whatever a fault left open closed."""
        while self._open:
            self._close(self._last)
        root = self.root
        return None if isinstance(root, Scalar) and root.absent else root

    def drop_value_on(self, line: int) -> None:
        """Forgets the value read last if it ends on the line of a fault of syntax: it may be half of what was meant."""
        if self._recent is not None:
            parent, key = self._recent
            if parent.entries and self.page.position(parent.entries[key][1].end)[0] == line:
                del parent.entries[key]

    def _fault(self, code: str, message: str, start: int, end: int, help: str | None = None) -> None:
        self.faults.append(Fault(code, message, self.page.place(start, end), help))
        if len(self.faults) >= MAX_FAULTS:
            raise _Stop

    def _document(self, event: Any) -> None:
        self._documents += 1
        if self._documents > 1:
            start = event.start_mark.index
            help = "keep one document in a file; leave out the `---`"
            self._fault("R012", "a second YAML document begins here", start, start + 3, help)
            raise _Stop

    def _alias(self, event: Any) -> None:
        start, end = event.start_mark.index, event.end_mark.index
        message = f"aliases are not read: `{_short(self.page.text[start:end])}`"
        self._fault("R008", message, start, end, "write the value out, or quote it")
        self._put(Scalar(self.page, "", "*", start, end))

    def _marks(self, event: Any) -> None:
        """Faults for an anchor or a tag before the value; the value itself is read as if they were not there."""
        self._count += 1
        start = event.start_mark.index
        if self._count > MAX_VALUES:
            message = f"more than {MAX_VALUES:,} values in one file"
            self._fault("R007", message, start, start + 1, "split the file")
            raise _Stop
        if event.anchor is not None:
            message = f"anchors are not read: `&{_short(event.anchor)}`"
            self._fault("R008", message, start, start + 1 + len(event.anchor), "leave it out, or quote the value")
        if event.tag is not None:
            end = start + len(self.page.text[start : start + 200].split(None, 1)[0])
            message = f"tags are not read: `{_short(self.page.text[start:end])}`"
            self._fault("R009", message, start, end, "leave it out, or quote the value")

    def _scalar(self, event: Any) -> Scalar:
        start, end = event.start_mark.index, event.end_mark.index
        text, style = str(event.value), event.style or ""
        if style == '"' and "\\" in self.page.text[start:end]:
            bad = next((c for c in text if c == "\0" or "\ud800" <= c <= "\udfff"), None)
            if bad is not None:
                self._fault("R004", f"an escape for the character U+{ord(bad):04X}", start, end, "leave it out")
                text = text.replace(bad, "?").encode("utf-8", "replace").decode("utf-8")
        return Scalar(self.page, text, style, start, end)

    def _begin(self, event: Any) -> None:
        self._marks(event)
        start = event.start_mark.index
        if len(self._open) >= MAX_DEPTH:
            self._fault("R006", f"values nested deeper than {MAX_DEPTH} levels", start, start + 1)
            raise _Stop
        self._open.append(_Open(isinstance(event, MappingStartEvent), start))

    def _close(self, end: int) -> None:
        done = self._open.pop()
        if done.mapping:
            self._put(Entries(self.page, tuple(done.entries.values()), done.start, end))
        else:
            self._put(Items(self.page, tuple(done.items), done.start, end))

    def _put(self, value: Value) -> None:
        if not self._open:
            self.root = value
            return
        parent = self._open[-1]
        if not parent.mapping:
            parent.items.append(value)
        elif parent.key is None and not parent.unusable:
            self._put_key(parent, value)
        else:
            if parent.key is not None and not parent.unusable:
                parent.entries[parent.key.text] = (parent.key, value)
                self._recent = (parent, parent.key.text)
            parent.key, parent.unusable = None, False

    def _put_key(self, parent: _Open, key: Value) -> None:
        parent.unusable = True
        if not isinstance(key, Scalar) or (key.style == "" and not key.text):
            self._fault("R013", "a key that is not a text", key.start, key.end, "a key is a name followed by `:`")
        elif key.text == "<<" and not key.style:
            self._fault("R010", "merge keys are not read: `<<`", key.start, key.end, "write the entries out")
        elif key.text in parent.entries:
            line, column = self.page.position(parent.entries[key.text][0].start)
            help = f"it stands already at {self.page.file}:{line}:{column}; keep one of the two"
            self._fault("R011", f"the key `{_short(key.text)}` stands here twice", key.start, key.end, help)
        elif key.style != "*":
            parent.key, parent.unusable = key, False


def _events(text: str) -> Iterator[Any]:
    parser = _parser(text)
    try:
        while True:
            event = parser.get_event()
            yield event
            if isinstance(event, StreamEndEvent):
                return
    finally:
        parser.dispose()


def _parser(text: str) -> Any:
    """PyYAML's C parser, or the one in Python where PyYAML was built without it."""
    try:
        from yaml._yaml import CParser
    except ImportError:
        return _PythonParser(text)
    return CParser(text)


class _PythonParser(yaml.reader.Reader, yaml.scanner.Scanner, yaml.parser.Parser):
    def __init__(self, text: str) -> None:
        yaml.reader.Reader.__init__(self, text)
        yaml.scanner.Scanner.__init__(self)
        yaml.parser.Parser.__init__(self)


def _decoded(content: str | bytes, file: str) -> tuple[str, Fault | None]:
    size = len(content) if isinstance(content, bytes) else len(content.encode("utf-8", "replace"))
    if size > MAX_BYTES:
        return "", Fault("R002", f"a file of {size:,} bytes; {MAX_BYTES:,} is the most", Place(file), "split the file")
    if isinstance(content, bytes):
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            return "", _encoding_fault(content, error.start, file)
    else:
        text = content.removeprefix("\ufeff")
    found = _UNPRINTABLE.search(text)
    if found is None:
        return text, None
    message = f"the character U+{ord(found[0]):04X}, which YAML does not allow"
    place = Page.of(file, text).place(found.start())
    return "", Fault("R004", message, Place(file, place.line, place.column), "remove it, or escape it in double quotes")


def _encoding_fault(content: bytes, at: int, file: str) -> Fault:
    before = content[:at].decode("utf-8", "replace")
    line, column = Page.of(file, before).position(len(before))
    return Fault("R003", "a byte that is not UTF-8", Place(file, line, column), "save the file as UTF-8")


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:60] + "…"


def _syntax_fault(page: Page, error: Exception) -> Fault:
    problem = str(getattr(error, "problem", None) or "") or str(error).splitlines()[0]
    mark, context = getattr(error, "problem_mark", None), getattr(error, "context_mark", None)
    offset = min(mark.index, len(page.text)) if mark else 0
    message, help, at_start = explained(problem, page.text[offset : offset + 1], page.place(offset).text)
    if at_start and context is not None:
        offset = min(context.index, len(page.text))
    return Fault("R005", message, page.place(offset), help)
