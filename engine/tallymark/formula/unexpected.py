"""The parser stopped: which mistakes, in the author's terms, explain why.

The grammar knows only that a token cannot stand where it does. Each rule below recognises one habit or slip by the
token, its neighbours, what is still open before it, and what the parser would have taken instead.
"""

from __future__ import annotations

from collections.abc import Callable, Set
from dataclasses import dataclass

from tallymark.formula.foreign import WORDS
from tallymark.formula.tokens import Mistake, Token, shown
from tallymark.place import Span

_COMPARISONS = ("=", "!=", "<", "<=", ">", ">=")
_INFIX = (*_COMPARISONS, "+", "-", "*", "/", "??", "and", "or", "in", "is", "between")
_POSTFIXES = ("on", "at", "where", "per")
_AFTER_KEYWORD = {
    "on": "a column",
    "at": "`start` or `end`",
    "where": "a condition",
    "per": "a dimension or a grain",
    "within": "a duration such as `7 days`",
    "is": "`null` or `not null`",
    "in": "a list such as `('a', 'b')`, or a parameter such as `$plans`",
    "case": "`when`",
    "when": "a condition",
    "then": "a value",
    "else": "a value",
    "between": "two values joined by `and`",
}


@dataclass(frozen=True, slots=True)
class Stop:
    """Where the parser stopped: before `tokens[index]`, or at the end when there is no such token.

    `accepts` are the names of the grammar's terminals that could have stood there.
    """

    tokens: list[Token]
    index: int
    accepts: Set[str]

    @property
    def found(self) -> Token | None:
        """The token that cannot stand; None at the end of the formula."""
        return self.tokens[self.index] if self.index < len(self.tokens) else None

    @property
    def before(self) -> Token | None:
        """The last token the parser took."""
        return self.tokens[self.index - 1] if self.index > 0 else None

    @property
    def after(self) -> Token | None:
        """The token behind the one that cannot stand."""
        return self.tokens[self.index + 1] if self.index + 1 < len(self.tokens) else None

    @property
    def span(self) -> Span:
        """The stretch of the token that cannot stand, or the place behind the last one."""
        if self.found is not None:
            return self.found.span
        end = self.tokens[-1].span[1]
        return (end, end)

    @property
    def wants_value(self) -> bool:
        return "TEXT" in self.accepts

    @property
    def wants_operator(self) -> bool:
        return "STAR" in self.accepts

    def open(self) -> list[Token]:
        """The parentheses and `case`s begun before this place and not ended, outermost first."""
        waiting: list[Token] = []
        for i, token in enumerate(self.tokens[: self.index]):
            if token.says("(", "case"):
                waiting.append(token)
            elif waiting and (token.says(")") or (token.says("end") and not self.tokens[i - 1].says("at"))):
                waiting.pop()
        return waiting

    def innermost(self) -> Token | None:
        """The last parenthesis or `case` still open."""
        still_open = self.open()
        return still_open[-1] if still_open else None


def unexpected(stop: Stop) -> list[Mistake]:
    """What is wrong where the parser stopped; at the end of a formula there may be two answers, else there is one."""
    if stop.found is None:
        return _at_end(stop)
    return [next(mistake for rule in _RULES if (mistake := rule(stop, stop.found)) is not None)]


def _at_end(stop: Stop) -> list[Mistake]:
    mistakes = [
        Mistake("S132", "this parenthesis is never closed", token.span, "add `)`")
        if token.text == "("
        else Mistake("S145", "this `case` has no `end`", token.span, "write `case when … then … else … end`")
        for token in stop.open()[-3:]
    ]
    last = stop.before
    if last is not None and not (stop.wants_operator or "RPAR" in stop.accepts or last.says("(", "case")):
        mistakes.append(_unfinished(stop, last))
    return mistakes or [Mistake("S131", "the formula ends too early", stop.span, _could_stand(stop))]


def _unfinished(stop: Stop, last: Token) -> Mistake:
    if last.kind == "keyword" and last.text in _AFTER_KEYWORD:
        return Mistake("S131", f"nothing follows `{last.text}`", last.span, f"here belongs {_AFTER_KEYWORD[last.text]}")
    if last.says(","):
        return Mistake("S134", "nothing follows this comma", last.span, "add the missing part or remove the comma")
    if last.says(*_INFIX):
        return Mistake("S139", f"`{last.text}` has nothing on its right", last.span, "add the value it applies to")
    return Mistake("S131", "the formula ends too early", stop.span, _could_stand(stop))


def _foreign_word(stop: Stop, found: Token) -> Mistake | None:
    """`a like b`, `count(distinct x)`: a word of another language, here or directly before."""
    for token in (found, stop.before):
        if token is None or token.kind != "name" or token.text not in WORDS:
            continue
        if token is found and not (stop.wants_operator or "END" in stop.accepts):
            continue
        if token is stop.before and not (stop.wants_operator and _begins_value(found)):
            continue
        return Mistake("S146", f"`{token.text}` means nothing here", token.span, WORDS[token.text])
    return None


def _closing(stop: Stop, found: Token) -> Mistake | None:
    """`)` where a value or the end of a `case` is missing, or without an opening one."""
    if not found.says(")"):
        return None
    inner = stop.innermost()
    if inner is None:
        return Mistake("S133", "this parenthesis closes nothing", found.span, "remove it, or add `(` before")
    before = stop.before
    if before is not None and before.says("("):
        return Mistake(
            "S134", "nothing stands between these parentheses", (before.span[0], found.span[1]), _could_stand(stop)
        )
    if before is not None and not (stop.wants_operator or "RPAR" in stop.accepts):
        return _unfinished(stop, before)
    if inner.text == "case":
        return Mistake("S145", "this `case` has no `end`", inner.span, "write `case when … then … else … end`")
    return None


def _comma(stop: Stop, found: Token) -> Mistake | None:
    """A comma with nothing before it, inside a number, or where nothing is listed."""
    before = stop.before
    if not found.says(","):
        return None
    if stop.wants_value:
        if before is not None and not before.says("(", ","):
            return _unfinished(stop, before)
        return Mistake(
            "S134", "nothing stands before this comma", found.span, "add the missing part or remove the comma"
        )
    return _decimal_comma(before, found, stop.after)


def _decimal_comma(before: Token | None, comma: Token, after: Token | None) -> Mistake | None:
    if before is None or after is None or before.kind != "number" or after.kind not in ("number", "percent"):
        return None
    if not before.text.isdecimal() or before.span[1] != comma.span[0] or after.span[0] != comma.span[1]:
        return None
    way_out = f"write `{before.text}.{after.text}`"
    if len(after.text) == 3 and before.text != "0":
        way_out += f", or `{before.text}_{after.text}` for thousands"
    return Mistake("S136", "decimals follow a point, not a comma", (before.span[0], after.span[1]), way_out)


def _chained(stop: Stop, found: Token) -> Mistake | None:
    """`a < b < c`: the parser would go on with `and`, but not with another comparison."""
    if not found.says(*_COMPARISONS, "in", "is", "between", "not") or not {"AND", "OR"} <= stop.accepts:
        return None
    if "COMPARE" in stop.accepts:
        return None
    way_out = "join two comparisons with `and`: `a < b and b < c`; or say `b between a and c`"
    return Mistake("S135", "comparisons do not chain", found.span, way_out)


def _misplaced_operator(stop: Stop, found: Token) -> Mistake | None:
    """An operator with nothing on its left, or behind a postfix."""
    before = stop.before
    if not found.says(*_INFIX):
        return None
    if "WHERE" in stop.accepts and "AND" not in stop.accepts:
        way_out = "a postfix applies to all that stands before it; put the inner part in parentheses: `(m per day) + 1`"
        last = [token.text for token in stop.tokens[: stop.index][-3:]]
        if last[1:2] == ["at"] and last[2] in ("start", "end"):
            stood = " ".join(last)
            way_out = f"a dimension as it stood is written in parentheses: `({stood}) {found.text} …`"
        return Mistake("S137", f"`{found.text}` cannot follow a postfix", found.span, way_out)
    if not stop.wants_value:
        return None
    if found.says("*") and before is not None and before.says("("):
        return Mistake("S139", "`*` stands for nothing", found.span, "`count(orders)` counts the rows of a dataset")
    where = f"between `{before.text}` and `{found.text}`" if before is not None else f"before `{found.text}`"
    return Mistake("S139", f"a value is missing {where}", found.span, "add it, or remove the operator")


def _misplaced_keyword(stop: Stop, found: Token) -> Mistake | None:
    """A keyword where a value should stand: reserved as a name, or with its own part missing."""
    if found.kind != "keyword" or stop.wants_operator or found.says("null", "true", "false"):
        return None
    before, inner = stop.before, stop.innermost()
    if before is not None and before.says("case") and not found.says("when"):
        return None
    in_case = inner is not None and inner.text == "case" and found.says("when", "then", "else", "end")
    if stop.wants_value and (in_case or (found.says(*_POSTFIXES) and _begins_value(stop.after))):
        where = f"between `{before.text}` and `{found.text}`" if before is not None else f"before `{found.text}`"
        return Mistake("S139", f"a value is missing {where}", found.span, "add it")
    if stop.wants_value and found.says("not"):
        way_out = "`not` is looser than comparisons and arithmetic; put it in parentheses: `a = (not b)`"
        return Mistake("S139", "`not` cannot stand here", found.span, way_out)
    if "NAME" in stop.accepts or stop.wants_value:
        way_out = f"only after a dot may it stand, as in `dataset.{found.text}`"
        return Mistake("S140", f"`{found.text}` is reserved and cannot be a name", found.span, way_out)
    return None


def _case_words(stop: Stop, found: Token) -> Mistake | None:
    """`case x when`, `if … then`, `end` without `case`."""
    before, inner = stop.before, stop.innermost()
    if before is not None and before.says("case"):
        way_out = "each branch has its condition: `case when plan = 'pro' then 1 else 0 end`"
        return Mistake("S145", "`when` must follow `case`", found.span, way_out)
    if not found.says("when", "then", "else", "end"):
        return None
    if inner is None or inner.text != "case":
        way_out = "it belongs to `case when … then … else … end`; a short choice is `if(condition, a, b)`"
        return Mistake("S145", f"`{found.text}` stands outside a `case`", found.span, way_out)
    return Mistake("S145", f"`{found.text}` is out of its order", found.span, "write `case when … then … else … end`")


def _postfix_inside(stop: Stop, found: Token) -> Mistake | None:
    """A postfix behind a part that cannot carry one: a branch of a `case`, an option of `in`."""
    if not found.says(*_POSTFIXES) or not stop.wants_operator:
        return None
    way_out = "postfixes follow a whole formula, an argument or parentheses: `(m where plan = 'pro')`"
    return Mistake("S137", f"`{found.text}` cannot stand here", found.span, way_out)


def _side_by_side(stop: Stop, found: Token) -> Mistake | None:
    """Two values with no operator between them."""
    before = stop.before
    if before is None or not _begins_value(found) or not stop.wants_operator:
        return None
    if before.kind == "percent":
        way_out = f"for a remainder write `mod({before.text[:-1]}, {found.text})`; otherwise an operator is missing"
        return Mistake("S121", "`%` is not an operator", (before.span[1] - 1, before.span[1]), way_out)
    message = f"an operator is missing between {shown(before.text)} and {shown(found.text)}"
    return Mistake("S147", message, found.span, _could_stand(stop))


def _anything(stop: Stop, found: Token) -> Mistake:
    """What is left: the token, and what could stand there."""
    before = stop.before
    way_out = _could_stand(stop)
    if before is not None and before.kind == "keyword" and before.text in _AFTER_KEYWORD:
        way_out = f"after `{before.text}` belongs {_AFTER_KEYWORD[before.text]}"
    return Mistake("S130", f"{shown(found.text)} cannot stand here", found.span, way_out)


_RULES: tuple[Callable[[Stop, Token], Mistake | None], ...] = (
    _foreign_word,
    _closing,
    _comma,
    _chained,
    _misplaced_operator,
    _misplaced_keyword,
    _case_words,
    _postfix_inside,
    _side_by_side,
    _anything,
)


def _begins_value(token: Token | None) -> bool:
    if token is None:
        return False
    return token.kind not in ("sign", "keyword") or token.says("(", "case", "null", "true", "false")


def _could_stand(stop: Stop) -> str:
    """In words, what the parser would take: "here could stand an operator, `,` or `)`"."""
    accepts = stop.accepts
    words = []
    if stop.wants_value:
        words.append("a value (a name, a number, a text, a call)")
    elif "NAME" in accepts and not stop.wants_operator:
        before = stop.before
        words.append("a unit of time" if before is not None and before.kind == "number" else "a name")
    if stop.wants_operator:
        words.append("an operator")
    if "WHERE" in accepts:
        words.append("a postfix (`on`, `at`, `where`, `per`)")
    if "IN" in accepts and not stop.wants_operator:
        words += ["`in`", "`between`"]
    if "NULL" in accepts and not stop.wants_value:
        words.append("`null`")
    if "AND" in accepts and not {"OR", "STAR"} <= accepts:
        words += ["`and`", "`or`"] if "OR" in accepts else ["`and`"]
    words += [f"`{w}`" for w in ("when", "then", "else", "end") if w.upper() in accepts]
    words += [f"`{sign}`" for name, sign in (("COMMA", ","), ("RPAR", ")")) if name in accepts]
    if "$END" in accepts:
        words.append("the end of the formula")
    if "LPAR" in accepts and not (stop.wants_value or stop.wants_operator):
        words.append("`(`")
    return "here could stand " + (", ".join(words[:-1]) + " or " + words[-1] if len(words) > 1 else "".join(words))
