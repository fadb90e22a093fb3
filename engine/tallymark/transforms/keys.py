"""The key of a row that a transform makes: whose it is, and from when."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from tallymark.kinds import Type
from tallymark.transforms import sql


def member_key(members: Sequence[str], start: exp.Expression) -> exp.Expression:
    """`member@start`, a text that stands for one member and start only.

    A time has no `@`, so the last one parts it from the member; of several members all but the last have theirs
    escaped.
    """
    parts: list[exp.Expression] = []
    for number, member in enumerate(members):
        said = sql.cast(sql.col(member), Type.TEXT)
        if number < len(members) - 1:
            for plain, escaped in (("~", "~~"), ("@", "~a")):
                said = exp.Anonymous(this="REPLACE", expressions=[said, sql.text(plain), sql.text(escaped)])
        parts += [said, sql.text("@")]
    result: exp.Expression = parts[0]
    for part in (*parts[1:], sql.cast(start.copy(), Type.TEXT)):
        result = exp.DPipe(this=result, expression=part, safe=True)
    return result
