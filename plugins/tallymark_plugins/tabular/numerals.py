"""Numbers written as text: `1 234,50 €`, `(1,200.00)`, `12,50-`, `lei 3.000`, `7.5%` → SQL that reads them.

A plain number takes a short path; whatever else is written with the declared signs is first rewritten to a plain one.
What does not fit the declared signs is null, which the caller reports. A percent sign is dropped: `12.5%` is 12.5.
"""

from __future__ import annotations

from tallymark.kinds import Type
from tallymark_plugins.tabular.formats import TextFormat
from tallymark_plugins.tabular.physical import SQL_TYPES
from tallymark_plugins.tabular.sqltree import Tree, both, call, cast, equal, matches, rewritten, text, try_cast, when

BLANKS = " \t\u00a0\u202f\u2009\u2007"
"""What counts as a space in a number: also the non-breaking, narrow, thin and figure spaces."""

BLANK = "[" + "".join(f"\\x{{{ord(c):x}}}" for c in BLANKS) + "]"

_SYMBOLS = ("US$", "CA$", "AU$", "NZ$", "HK$", "C$", "A$", "R$", "S$", *"€$£¥₹₽₺₴₩₪₫₦₱฿")
_WORDS = ("lei", "leu", "zł", "Kč", "Ft", "kr.", "kr", "лв.", "лв", "Fr.", "din.")
_CODES = (
    "AED", "ALL", "ARS", "AUD", "BAM", "BGN", "BRL", "CAD", "CHF", "CLP", "CNY", "COP", "CZK", "DKK",
    "EGP", "EUR", "GBP", "GEL", "HKD", "HUF", "IDR", "ILS", "INR", "ISK", "JPY", "KES", "KRW", "MAD",
    "MDL", "MKD", "MXN", "MYR", "NGN", "NOK", "NZD", "PEN", "PHP", "PLN", "RON", "RSD", "RUB", "SAR",
    "SEK", "SGD", "THB", "TND", "TRY", "TWD", "UAH", "USD", "VND", "XAF", "XOF", "ZAR",
)  # fmt: skip
_SAME = {
    "€": "EUR", "$": "USD", "US$": "USD", "£": "GBP", "LEI": "RON", "LEU": "RON", "ZŁ": "PLN", "KČ": "CZK", "FT": "HUF",
    "ЛВ": "BGN", "ЛВ.": "BGN", "FR.": "CHF", "CA$": "CAD", "C$": "CAD", "AU$": "AUD", "A$": "AUD", "NZ$": "NZD",
    "HK$": "HKD", "S$": "SGD", "R$": "BRL", "₹": "INR", "₽": "RUB", "₺": "TRY", "₴": "UAH", "₩": "KRW", "₪": "ILS",
    "₫": "VND", "₦": "NGN", "₱": "PHP", "฿": "THB", "DIN.": "RSD", "KR.": "KR",
}  # fmt: skip


def _escaped(word: str) -> str:
    return "".join(f"\\{c}" if c in ".$" else c for c in word)


CURRENCY = "(?i:" + "|".join(_escaped(word) for word in (*_SYMBOLS, *_WORDS, *_CODES)) + ")"
"""An RE2 pattern of the currency signs, words and codes that may stand before or after a number."""

NOT_FINITE = r"(?i)[-+]?(?:nan|inf|infinity)"
"""Texts that are no number to a formula: read as null in a `double` column, with a note."""


def currency_of(mark: str) -> str:
    """The ISO code that a sign or word stands for, where it stands for one (`€` and `eur` are EUR)."""
    upper = mark.upper()
    return _SAME.get(upper, upper)


def number(raw: Tree, target: Type, form: TextFormat) -> Tree:
    """SQL giving `raw` as INTEGER, DECIMAL or DOUBLE; null where it is not written as `form` says, or is too large.

    Digits of a decimal beyond `kinds.DECIMAL_SCALE` are rounded half away from zero. An integer may have a fraction
    that is zero (`12.00`) but no exponent.
    """
    to = SQL_TYPES[target]
    comma = form.decimal == ","
    short = call("replace", raw, ",", ".") if comma and target is not Type.INTEGER else raw
    made = when(plain(raw, target, form), try_cast(short, to), _dressed(raw, target, form))
    if target is not Type.DOUBLE:
        return made
    endless = (cast(text("inf"), "DOUBLE"), cast(text("-inf"), "DOUBLE"))
    return call("nullif", call("nullif", made, endless[0]), endless[1])


def plain(raw: Tree, target: Type, form: TextFormat) -> Tree:
    """Whether the text is a bare number: digits, a sign, and the decimal sign unless an integer is wanted."""
    point = "" if target is Type.INTEGER else f"(?:{_sign(form.decimal)}[0-9]+)?"
    return matches(raw, f"-?[0-9]+{point}")


def shape(target: Type, form: TextFormat) -> str:
    """An RE2 pattern, with captures, of all that is read as a number; its captures rebuild it as a plain one."""
    gap, point = f"{BLANK}*", _sign(form.decimal)
    whole = "[0-9]+"
    if form.thousands:
        group = _group(form.thousands)
        # Two digits between the first and the last group: 12,34,567 as written in India.
        whole = f"(?:[0-9]+|[0-9]{{1,3}}(?:{group}[0-9]{{2,3}})*{group}[0-9]{{3}})"
    if target is Type.INTEGER:
        digits = f"({whole})(?:{point}0*)?"
    else:
        digits = f"((?:{whole}(?:{point}[0-9]*)?|{point}[0-9]+)(?:[eE][-+]?[0-9]+)?)"
    sign, mark = "([-+−]?)", f"(?:{CURRENCY}|%)?"
    before = f"{gap}(\\(?){gap}{sign}{gap}{mark}{gap}{sign}{gap}"
    after = f"{gap}{sign}{gap}{mark}{gap}{sign}{gap}\\)?{gap}"
    return f"^{before}{digits}{after}$"


def _dressed(raw: Tree, target: Type, form: TextFormat) -> Tree:
    pattern = shape(target, form)
    # All signs first: two of them make a text that no cast accepts. A parenthesis is a minus.
    bare = rewritten(raw, pattern, r"\1\2\3\5\6\4")
    for old, new in (("(", "-"), ("−", "-"), *_undressing(form)):
        bare = call("replace", bare, old, new)
    balanced = equal(call("contains", raw, "("), call("contains", raw, ")"))
    return when(both(matches(raw, pattern), balanced), try_cast(bare, SQL_TYPES[target]))


def _undressing(form: TextFormat) -> list[tuple[str, str]]:
    groups = {" ": BLANKS, "'": "'’"}.get(form.thousands or "", form.thousands or "")
    steps = [(group, "") for group in groups]
    return [*steps, (",", ".")] if form.decimal == "," else steps


def _sign(decimal: str) -> str:
    return "\\." if decimal == "." else ","


def _group(thousands: str) -> str:
    return {" ": BLANK, "'": "['’]", ".": "\\."}.get(thousands, thousands)


def integral(raw: Tree, form: TextFormat) -> Tree:
    """Whether an undeclared column's text is an integer: no currency, no leading zero, within 64 bits."""
    return matches(raw, f"{BLANK}*-?{_inferred_whole(form, 17)}{BLANK}*")


def exact(raw: Tree, form: TextFormat) -> Tree:
    """Whether an undeclared column's text is a number that a decimal holds without rounding."""
    return matches(raw, f"{BLANK}*-?{_inferred_whole(form, 11)}(?:{_sign(form.decimal)}[0-9]{{1,6}})?{BLANK}*")


def real(raw: Tree, form: TextFormat) -> Tree:
    """Whether an undeclared column's text is any number without currency or leading zeros."""
    tail = f"(?:{_sign(form.decimal)}[0-9]+)?(?:[eE][-+]?[0-9]{{1,2}})?"
    return matches(raw, f"{BLANK}*-?{_inferred_whole(form, 200)}{tail}{BLANK}*")


def _inferred_whole(form: TextFormat, digits: int) -> str:
    groups = f"|[1-9][0-9]{{0,2}}(?:{_group(form.thousands)}[0-9]{{3}})+" if form.thousands else ""
    return f"(?:0|[1-9][0-9]{{0,{digits}}}{groups})"


def excess(raw: Tree, form: TextFormat) -> Tree:
    """Whether a decimal was rounded: a digit other than zero stands behind the sixth after the point."""
    return call("regexp_matches", raw, f"{_sign(form.decimal)}[0-9]{{6}}0*[1-9]")


def mark(raw: Tree) -> Tree:
    """The currency sign, word or code in the text, in capitals; an empty text if there is none."""
    return call("upper", call("regexp_extract", raw, CURRENCY))


def whole(value: Tree) -> Tree:
    """A physical decimal or double as an integer: null when it has a fraction or does not fit."""
    same = equal(call("trunc", value), value)
    return when(same, try_cast(value, SQL_TYPES[Type.INTEGER]))


def finite(value: Tree) -> Tree:
    """A physical double without NaN and infinities, which count as null."""
    return when(call("isfinite", value), value)


def text_of(value: Tree) -> Tree:
    """A physical integer as text: identifiers and postal codes."""
    return cast(value, "VARCHAR")
