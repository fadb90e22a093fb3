"""What other languages, spreadsheets and word processors write, and the right form for each.

People bring habits from SQL, Python, C and spreadsheets, and paste from documents with curly quotes and long dashes.
Each of these gets a fault that names the form to write instead.
"""

from __future__ import annotations

import unicodedata

from tallymark.formula.nodes import RESERVED
from tallymark.formula.tokens import Mistake, shown
from tallymark.place import Span

_POWER = ("S120", "a power is written `pow`: `pow(a, 2)`")
_REMAINDER = ("S121", "for a remainder write `mod(a, b)`; a percentage is written without a blank, `5%`")
_CHOICE = ("S122", "for a choice write `if(condition, a, b)`")
_EQUAL = ("S123", "for equality write `=`")
_DIFFER = ("S124", "for inequality write `!=`")
_AND = ("S125", "write `and`")
_OR = ("S126", "write `or`")
_NOT = ("S127", "write `not`")
_PARENTHESES = ("S129", "only round parentheses are used: `(a + b) * c`, `x in ('a', 'b')`")
_TEMPLATE = ("S129", "a formula holds no templates; a parameter is written `$name`")
_COMMENT = ("S119", "comments go into the YAML file, after a `#` outside the formula")

_SIGNS = {
    "^": _POWER,
    "**": _POWER,
    "%": _REMAINDER,
    "?": _CHOICE,
    "==": _EQUAL,
    "===": _EQUAL,
    ":=": _EQUAL,
    "<>": _DIFFER,
    "!==": _DIFFER,
    "~": _DIFFER,
    "&&": _AND,
    "&": _AND,
    "||": _OR,
    "|": _OR,
    "!": _NOT,
    "=>": ("S128", "write `>=`"),
    "=<": ("S128", "write `<=`"),
    "[": _PARENTHESES,
    "]": _PARENTHESES,
    "{": _PARENTHESES,
    "}": _PARENTHESES,
    "{{": _TEMPLATE,
    "}}": _TEMPLATE,
    "${": _TEMPLATE,
    "#": _COMMENT,
    "/*": _COMMENT,
    "//": ("S128", "for a whole quotient write `floor(a / b)`; comments go into the YAML file"),
    "::": ("S128", "there are no casts; a column's type is declared in its dataset"),
    "->": ("S128", "a column is written `dataset.column`"),
    ";": ("S128", "a formula is one expression and has no end mark"),
    "@": ("S128", "a parameter is written `$name`"),
    "$": ("S128", "a `$` stands directly before a parameter's name: `$window`"),
    "\\": ("S128", "a quote inside a text is written twice: `'it''s'`"),
}

_LETTERLIKE = {
    **dict.fromkeys("‐‑‒–—―−﹣－", "-"),
    **dict.fromkeys("×∗⋅·•✕✖＊", "*"),
    **dict.fromkeys("÷∕⁄／", "/"),
    **dict.fromkeys("＋", "+"),
    **dict.fromkeys("≤⩽", "<="),
    **dict.fromkeys("≥⩾", ">="),
    **dict.fromkeys("≠", "!="),
    **dict.fromkeys("＝", "="),
    **dict.fromkeys("（", "("),
    **dict.fromkeys("）", ")"),
    **dict.fromkeys("，、", ","),
    **dict.fromkeys("´′ʼ", "'"),
    **dict.fromkeys("％", "%"),
    **dict.fromkeys("∧", "and"),
    **dict.fromkeys("∨", "or"),
    **dict.fromkeys("¬", "not"),
    "√": "sqrt(x)",
    "∑": "sum(x)",
}

WORDS = {
    **dict.fromkeys(("like", "ilike"), "for texts say `contains(x, 'part')`, `starts_with` or `ends_with`"),
    **dict.fromkeys(("over", "partition"), "say `per`, `trailing`, `previous` or `total` for what a window is in SQL"),
    **dict.fromkeys(("isnull", "notnull"), "say `is null` or `is not null`"),
    **dict.fromkeys(
        ("select", "from", "join", "having", "union", "order", "limit", "exists"),
        "a formula holds no SQL: a column is `dataset.column`, a filter `where`, a grouping `per`",
    ),
    "mod": "say `mod(a, b)`",
    "div": "for a whole quotient say `floor(a / b)`",
    "xor": "say `a != b`",
    "by": "say `per`: `avg(revenue per customer)`",
    "for": "say `per`: `avg(revenue per customer)`",
    "group": "the question asks for groups; inside a formula say `per`",
    "distinct": "say `count_distinct(x)`",
    "filter": "say `where`: `sum(orders.amount where status = 'paid')`",
    "if": "say `if(condition, a, b)`",
    "elif": "say `case when … then … when … then … else … end`",
    "elseif": "say `case when … then … when … then … else … end`",
    "interval": "a duration is written `28 days`",
    "as": "a formula names nothing and casts nothing; a metric's name is its key in the YAML file",
    "ago": "say `previous(m, 1 month)`",
    "contains": "say `contains(x, 'part')`",
    "matches": "say `matches(x, 'pattern')`",
}
"""Words of other languages that are names here, and what to say where such a word stands as if it meant something."""


def sign(found: str, span: Span, after: str) -> Mistake | None:
    """The mistake of using an operator or bracket of another language; `after` is the character behind it."""
    if found in _SIGNS or (set(found) <= {found[0]} and found[0] in _SIGNS):
        code, way_out = _SIGNS.get(found) or _SIGNS[found[0]]
        return Mistake(code, f"{shown(found)} is not part of the formula language", span, way_out)
    if found[0] == ".":
        if after.isdigit():
            return Mistake("S115", "a number begins with a digit", span, "write a zero before the point: `0.5`")
        if after == "*":
            return Mistake("S117", "`.*` is not part of the formula language", span, "`count(orders)` counts rows")
        way_out = "a dotted name is written without blanks: `orders.amount`"
        return Mistake("S117", f"{shown(found)} joins no two names here", span, way_out)
    return None


def character(found: str, span: Span) -> Mistake:
    """The mistake of a quote that is not the plain single one, or of a character no formula holds outside a text."""
    first = found[0]
    if first in '"`‘’‚‛“”„‟«»‹›':
        inside = found[1:-1] if len(found) > 1 else ""
        quoted = "'" + inside.replace("'", "''") + "'" if inside else "'text'"
        if first == "`":
            way_out = f"names are written bare: {shown(inside)}" if inside else "names are written bare"
            return Mistake("S118", "names are not quoted", span, way_out)
        kind = "double" if first == '"' else "curly"
        return Mistake("S113", f"a text stands between single quotes, not {kind} ones", span, f"write {shown(quoted)}")
    if first in _LETTERLIKE:
        return Mistake(
            "S111", f"{_named(first)} is not part of the formula language", span, f"write `{_LETTERLIKE[first]}`"
        )
    if unicodedata.category(first) in ("Zs", "Zl", "Zp"):
        return Mistake("S111", f"{_named(first)} stands where a plain blank should", span, "replace it with a blank")
    if unicodedata.category(first) in ("Cf", "Cc", "Cs", "Cn", "Co"):
        return Mistake("S111", f"{_named(first)} stands here", span, "delete it")
    currency = "amounts are plain numbers; the unit is declared" if unicodedata.category(first) == "Sc" else None
    return Mistake("S110", f"{_named(first)} is not part of the formula language", span, currency)


def word(found: str, span: Span) -> Mistake:
    """The mistake in a word that is no name: capitals, or letters beyond a to z."""
    lower = found.lower()
    if found.isascii():
        what = "keywords" if lower in RESERVED else "names"
        return Mistake("S112", f"{what} are written in lower case", span, f"write {shown(lower)}")
    power = {"²": 2, "³": 3}.get(found[-1])
    if power and found[:-1].isascii():
        return Mistake(
            "S120", f"{shown(found)} is not part of the formula language", span, f"write `pow({lower[:-1]}, {power})`"
        )
    stripped = "".join(c for c in unicodedata.normalize("NFKD", lower) if c.isascii())
    way_out = "names are made of a to z, 0 to 9 and `_`"
    if stripped.removeprefix("$")[:1].isalpha():
        way_out += f", such as {shown(stripped)}; a metric's label and aliases may hold any letters"
    return Mistake("S111", f"{shown(found)} is not a name", span, way_out)


def _named(char: str) -> str:
    """The character with its name: "`×` (multiplication sign)", or its number where it cannot be shown."""
    name = unicodedata.name(char, "").lower()
    number = f"U+{ord(char):04X}"
    if char.isprintable() and not char.isspace():
        return f"`{char}` ({name})" if name and not char.isascii() else f"`{char}`"
    return f"a {name} ({number})" if name else f"the character {number}"
