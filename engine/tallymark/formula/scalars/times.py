"""Functions of dates and times."""

from __future__ import annotations

from tallymark.formula.function import Take
from tallymark.formula.scalars.rows import TIME, scalar

WORD = Take("unit", "text", literal=True)
TIMES = (
    scalar(
        "date",
        (Take("x", "any"),),
        "date",
        "none",
        "A date: of a literal `date('2024-01-31')`, or the local day of a time.",
        "count(customers where signed_up_at >= date('2024-01-31'))",
        "CAST(:x AS DATE)",
    ),
    *(
        scalar(
            unit,
            (TIME,),
            "date",
            "none",
            f"The first day of the {unit} that x lies in, on the project's calendar.",
            f"count_distinct({unit}(orders.at))",
            f"TRUNCATE_TO('{unit}', :x)",
        )
        for unit in ("year", "quarter", "month", "week", "day")
    ),
    scalar(
        "weekday",
        (TIME,),
        "integer",
        "none",
        "1 for Monday to 7 for Sunday.",
        "count(orders where weekday(orders.at) >= 6)",
        "CAST(ISODOW(:x) AS BIGINT)",
    ),
    scalar(
        "today",
        (),
        "date",
        "none",
        "The day of `as_of`.",
        "avg(date_diff('day', customers.signed_up_at, today()))",
    ),
    scalar(
        "date_add",
        (TIME, Take("duration", "duration")),
        "first",
        "none",
        "x moved by a literal duration, also written `x + 1 week`; month ends clamp.",
        "count(tickets where solved_at <= date_add(created_at, 1 week))",
    ),
    scalar(
        "date_diff",
        (WORD, TIME, Take("y", "time")),
        "integer",
        "none",
        "How many boundaries of the unit (second … year) lie between x and y.",
        "avg(date_diff('day', tickets.created_at, tickets.solved_at))",
    ),
    scalar(
        "date_part",
        (Take("part", "text", literal=True), TIME),
        "integer",
        "none",
        "A part of a time: year, quarter, month, week, day, weekday, hour, minute or second.",
        "count(orders where date_part('hour', orders.at) < 12)",
    ),
)
