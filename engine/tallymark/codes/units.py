"""Codes of the family U, units: amounts, percents, durations, currencies."""

from __future__ import annotations

CODES = {
    "U301": "units that do not go together in a sum, a comparison or a choice",
    "U302": "a unit where a plain number is needed",
    "U303": "a percent in a product",
    "U304": "a percent multiplied by 100 again",
    "U305": "a declared unit of another measure than the formula's",
    "U306": "a unit of what is no number",
    "U307": "a percent without its `* 100`",
    "U308": "a ratio with a `* 100`",
    "U309": "`a - b / b`",
    "U310": "`a / b ?? c`",
    "U311": "`1 - x` of a percent, or `100 - x` of a ratio",
    "U320": "amounts of several currencies in a project without exchange rates",
    "U321": "amounts of several currencies without a rule that says at which rate",
    "U322": "a computed column that aggregates amounts of several currencies",
    "U323": "amounts of several currencies as a dimension",
    "U324": "the rate of a row's time, of rows without a time",
    "U325": "`currency:` of what is no money, or has a currency already",
    "U326": "`currency:` that names no column, or one that is no text",
    "U327": "`rates:` in a dataset or column that is not there",
    "U328": "`rates:` in a column of the wrong type",
    "U329": "`in_currency` of what is no currency",
    "U330": "a conversion of what is no money",
    "U331": "amounts of several currencies where nothing says at which rate they would be converted",
}
