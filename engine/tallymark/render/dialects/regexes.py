r"""Regular expressions of RE2 in PostgreSQL's notation, as far as both mean the same.

RE2's syntax is read, and each piece written so that nothing depends on a server's locale: letters without case become
classes of their forms, `\d` the ten digits. Whatever is not read here is refused: that a match exists must be the
same answer in both.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field

from tallymark.errors import Fault, FaultError

DIGITS, WORD, SPACE = "0-9", "0-9A-Za-z_", "\\t\\n\\f\\r "
CLASSES = {"d": DIGITS, "w": WORD, "s": SPACE}
POSIX = {
    "alnum": "0-9A-Za-z", "alpha": "A-Za-z", "digit": DIGITS, "lower": "a-z", "upper": "A-Z", "word": WORD,
    "xdigit": "0-9A-Fa-f", "blank": "\\t ", "space": "\\t\\n\\v\\f\\r ",
}  # fmt: skip
CONTROLS = {"t": "\t", "n": "\n", "r": "\r", "f": "\f", "v": "\v", "a": "\a"}
MOST = 255
"""Repetitions that PostgreSQL counts to."""


def translated(pattern: str) -> str:
    """The pattern for PostgreSQL's `~`. Raises FaultError (D463) where the two differ, or may."""
    return _Reader(pattern).read()


def _refused(pattern: str, what: str) -> FaultError:
    message = f"the pattern {pattern!r} has {what}, which PostgreSQL has not, or reads otherwise"
    help_ = "write it with letters, classes, groups, `|`, `*`, `+`, `?`, `{m,n}`, `^` and `$`"
    return FaultError(Fault("D463", message, None, help_))


@dataclass(slots=True)
class _Reader:
    pattern: str
    at: int = 0
    fold: bool = False
    written: list[str] = field(default_factory=list)

    def read(self) -> str:
        if self.pattern.startswith("(?i)"):
            self.fold, self.at = True, 4
        self._alternatives(0)
        if self.at < len(self.pattern):
            raise _refused(self.pattern, f"a `{self._next}` that closes nothing")
        # In a group, nothing at the beginning is taken for an option.
        return "(?:" + "".join(self.written) + ")"

    @property
    def _next(self) -> str:
        return self.pattern[self.at : self.at + 1]

    def _take(self) -> str:
        found = self._next
        if not found:
            raise _refused(self.pattern, "an end where something must follow")
        self.at += 1
        return found

    def _alternatives(self, depth: int) -> None:
        if depth > 50:
            raise _refused(self.pattern, "groups nested too deep")
        self._sequence(depth)
        while self._next == "|":
            self.at += 1
            self.written.append("|")
            self._sequence(depth)

    def _sequence(self, depth: int) -> None:
        empty = True
        while self._next not in ("", "|", ")"):
            self._piece(depth)
            empty = False
        if empty:
            self.written.append("(?:)")

    def _piece(self, depth: int) -> None:
        sign = self._take()
        if sign in "^$":
            # Only the ends of the whole text, in both.
            self.written.append("\\A" if sign == "^" else "\\Z")
            if self._next in ("*", "+", "?", "{"):
                raise _refused(self.pattern, "a repeated end of the text")
            return
        if sign == "(":
            self._group(depth)
        elif sign == "[":
            self.written.append(self._class())
        elif sign == ".":
            self.written.append("[^\\n]")
        elif sign == "\\":
            self._escape()
            if self.written[-1] in ("\\y", "\\Y", "\\A", "\\Z"):
                return
        elif sign in "*+?{":
            raise _refused(self.pattern, f"a `{sign}` that repeats nothing")
        else:
            self.written.append(self._letter(sign))
        self._repeated()

    def _group(self, depth: int) -> None:
        if self._next == "?":
            if self.pattern[self.at : self.at + 2] != "?:":
                raise _refused(self.pattern, f"a group `({self.pattern[self.at : self.at + 3]}`")
            self.at += 2
        self.written.append("(?:")
        self._alternatives(depth + 1)
        if self._take() != ")":
            raise _refused(self.pattern, "a group that is not closed")
        self.written.append(")")

    def _repeated(self) -> None:
        """A repetition; whether it is greedy does not decide if there is a match."""
        sign = self._next
        if sign == "{":
            end = self.pattern.find("}", self.at)
            least, comma, most = self.pattern[self.at + 1 : end].partition(",")
            numbers = [n for n in (least, most) if n]
            if end < 0 or not least or not all(n.isascii() and n.isdigit() and int(n) <= MOST for n in numbers):
                raise _refused(self.pattern, "a `{` that counts no repetitions, or too many")
            self.at = end + 1
            self.written.append(f"{{{least}{comma}{most}}}")
        elif sign and sign in "*+?":
            self.at += 1
            self.written.append(sign)
        else:
            return
        if self._next == "?":
            self.at += 1
        if self._next and self._next in "*+?{":
            raise _refused(self.pattern, "a repetition of a repetition")

    def _escape(self) -> None:
        sign = self._take()
        if sign.lower() in CLASSES and sign.isascii():
            negated = "^" if sign.isupper() else ""
            self.written.append(f"[{negated}{CLASSES[sign.lower()]}]")
        elif sign == "b":
            raise _refused(self.pattern, "`\\b`")
        elif sign in ("A", "z"):
            self.written.append("\\A" if sign == "A" else "\\Z")
        elif sign in CONTROLS:
            self.written.append(_plain(CONTROLS[sign]))
        elif not sign.isalnum() and sign.isascii():
            self.written.append(_plain(sign))
        else:
            raise _refused(self.pattern, f"`\\{sign}`")

    def _letter(self, sign: str) -> str:
        if sign == "\0":
            raise _refused(self.pattern, "a null character")
        forms = _forms(sign) if self.fold else [sign]
        return _plain(sign) if len(forms) == 1 else f"[{''.join(map(_plain, forms))}]"

    # --- classes -----------------------------------------------------------------------------------------------------

    def _class(self) -> str:
        negated = self._next == "^"
        self.at += negated
        parts: list[str] = []
        first = True
        while first or self._next != "]":
            parts.append(self._member(first))
            first = False
        self.at += 1
        return f"[{'^' if negated else ''}{''.join(parts)}]"

    def _member(self, first: bool) -> str:
        if self.pattern.startswith("[:", self.at):
            end = self.pattern.find(":]", self.at)
            name = self.pattern[self.at + 2 : end] if end > 0 else ""
            if name not in POSIX:
                raise _refused(self.pattern, f"a class `[:{name}:]`")
            self.at = end + 2
            return self._folded_class(POSIX[name]) if name in ("lower", "upper") else POSIX[name]
        sign = self._take()
        if sign == "\\":
            escaped = self._take()
            if escaped in CLASSES:
                return CLASSES[escaped]
            if escaped in CONTROLS:
                sign = CONTROLS[escaped]
            elif not escaped.isalnum() and escaped.isascii():
                sign = escaped
            else:
                raise _refused(self.pattern, f"`\\{escaped}` in a class")
        elif sign == "[" or (sign == "-" and not first and self._next != "]"):
            raise _refused(self.pattern, f"a bare `{sign}` in a class")
        if self._next == "-" and self.pattern[self.at + 1 : self.at + 2] not in ("]", ""):
            self.at += 1
            last = self._take()
            if last == "\\":
                last = self._take()
                if last.isalnum():
                    raise _refused(self.pattern, f"`\\{last}` at the end of a range")
            return self._range(sign, last)
        return "".join(map(_plain, _forms(sign) if self.fold else [sign]))

    def _range(self, first: str, last: str) -> str:
        if first > last:
            raise _refused(self.pattern, "a range that ends before it begins")
        if not self.fold:
            return f"{_plain(first)}-{_plain(last)}"
        if ord(last) - ord(first) > 1000:
            raise _refused(self.pattern, "so wide a range without case")
        forms = dict.fromkeys(f for number in range(ord(first), ord(last) + 1) for f in _forms(chr(number)))
        return "".join(map(_plain, forms))

    def _folded_class(self, letters: str) -> str:
        return "A-Za-z\u017f\u212a" if self.fold else letters


def _forms(sign: str) -> list[str]:
    """A letter in all its cases, as simple case folding has them."""
    from tallymark.render.dialects.letters import alike

    return alike(sign)


def _plain(sign: str) -> str:
    """A character that stands for itself, in a class or not; PostgreSQL reads its number."""
    if sign.isalnum() or (ord(sign) > 127 and unicodedata.category(sign)[0] != "C"):
        return sign
    return f"\\u{ord(sign):04x}" if ord(sign) < 0x10000 else f"\\U{ord(sign):08x}"
