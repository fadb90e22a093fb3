"""Calls of scalar functions: those whose arguments are values, and those with a literal word, number or duration."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from statistics import NormalDist
from typing import Any

from tallymark.check import operators
from tallymark.check.expressions import Expressions
from tallymark.check.report import POISON
from tallymark.errors import did_you_mean
from tallymark.formula import nodes as n
from tallymark.formula.bound import Apply, Bound, Constant
from tallymark.formula.functions import Function
from tallymark.kinds import Type
from tallymark.units import NUMBER

DATE_PARTS = ("year", "quarter", "month", "week", "day", "weekday", "hour", "minute", "second")

MOST_DIGITS = 15
"""Digits after (or, negative, before) the point that `round` takes: what a double holds."""

CONFIDENCE = 0.95
"""The confidence of a margin of error that says none."""

Special = Callable[["Calls", Function, n.Call], Bound]


class Calls(Expressions):
    """Binds scalar functions over what a level's names mean."""

    def scalar(self, function: Function, node: n.Call) -> Bound:
        """A call of a scalar function."""
        own = _SPECIAL.get(function.name)
        if own is not None:
            return own(self, function, node)
        return self.operate(function.name, [self.bind(a) for a in node.arguments], node.span)

    def _date(self, function: Function, node: n.Call) -> Bound:
        argument = node.arguments[0]
        if not isinstance(argument, n.Text):
            return self._over_times(function, [argument], node, ())
        try:
            return Constant(date.fromisoformat(argument.value), Type.DATE, NUMBER, node.span)
        except ValueError:
            message = f"no such date: '{argument.value[:40]}'"
            return self.report.fault("T208", message, argument.span, "a date is written date('2024-01-31')")

    def _today(self, function: Function, node: n.Call) -> Bound:
        return Apply("today", (), Type.DATE, span=node.span)

    def _round(self, function: Function, node: n.Call) -> Bound:
        bound = operators.apply(function, [self.value(node.arguments[0])], node.span, self.report)
        digits = 0
        if len(node.arguments) > 1:
            found = self._digits(node.arguments[1])
            if found is None:
                return POISON
            digits = found
        return replace(bound, extra=(digits,)) if isinstance(bound, Apply) else bound

    def _digits(self, node: n.Node) -> int | None:
        negative = isinstance(node, n.Unary) and node.operator == "-"
        literal = node.operand if isinstance(node, n.Unary) else node
        if isinstance(literal, n.Number) and isinstance(literal.value, int) and not literal.percent:
            digits = -literal.value if negative else literal.value
            if abs(digits) <= MOST_DIGITS:
                return digits
        message = f"the digits of `round` are a whole number from -{MOST_DIGITS} to {MOST_DIGITS}"
        self.report.fault("T209", message, node.span, "write `round(x, 2)`")
        return None

    def _date_add(self, function: Function, node: n.Call) -> Bound:
        time, by = self.bind(node.arguments[0]), node.arguments[1]
        sign = -1 if isinstance(by, n.Unary) and by.operator == "-" else 1
        literal = by.operand if isinstance(by, n.Unary) else by
        if not isinstance(literal, n.Duration):
            help_ = "write `1 month`, `28 days`"
            return self.report.fault("T209", "`date_add` takes a literal duration", by.span, help_)
        if time is POISON or not self._is_time(function, time, node.arguments[0]):
            return POISON
        return self.moved(time, literal, sign, node.span)

    def _date_diff(self, function: Function, node: n.Call) -> Bound:
        unit = self._word(node, n.TIME_UNITS)
        return self._over_times(function, node.arguments[1:], node, (unit,))

    def _date_part(self, function: Function, node: n.Call) -> Bound:
        part = self._word(node, DATE_PARTS)
        return self._over_times(function, node.arguments[1:], node, (part,))

    def _over_times(
        self, function: Function, arguments: list[n.Node] | tuple[n.Node, ...], node: n.Call, extra: tuple[Any, ...]
    ) -> Bound:
        times = [self.bind(a) for a in arguments]
        fit = [self._is_time(function, t, a) for t, a in zip(times, arguments, strict=True) if t is not POISON]
        if None in extra or len(fit) < len(times) or not all(fit):
            return POISON
        local = operators.local_times(function, times)
        return Apply(function.name, tuple(local), Type(function.gives), extra=extra, span=node.span)

    def _is_time(self, function: Function, bound: Bound, node: n.Node) -> bool:
        if bound.type.temporal or bound.type is Type.NULL:
            return True
        message = f"`{function.name}` takes a time, this is a {bound.type.family}"
        help_ = "a date is written date('2024-01-31')" if bound.type is Type.TEXT else None
        self.report.fault("T201", message, node.span, help_)
        return False

    def _word(self, node: n.Call, known: tuple[str, ...]) -> str | None:
        """The literal word a function takes first, singular or plural."""
        argument = node.arguments[0]
        if isinstance(argument, n.Text) and argument.value.removesuffix("s") in known:
            return argument.value.removesuffix("s")
        help_ = f"write '{known[0]}', in quotes"
        if isinstance(argument, n.Text):
            help_ = did_you_mean(argument.value, known) or help_
        message = f"`{node.name}` takes one of {', '.join(repr(k) for k in known)} first"
        self.report.fault("T209", message, argument.span, help_)
        return None

    def _matches(self, function: Function, node: n.Call) -> Bound:
        text, pattern = self.bind(node.arguments[0]), node.arguments[1]
        if not isinstance(pattern, n.Text):
            help_ = "write it in quotes: `matches(name, '^pro')`"
            return self.report.fault("T209", "the pattern of `matches` is a literal text", pattern.span, help_)
        wrong = wrong_pattern(pattern.value)
        if wrong is not None:
            help_ = f"in RE2: {wrong}; to find a sign itself put `\\` before it, or use `contains`"
            return self.report.fault("T209", "this is no regular expression", pattern.span, help_)
        return self.operate("matches", [text, self.bind(pattern)], node.span)

    def _pairs(self, function: Function, node: n.Call) -> Bound:
        if len(node.arguments) % 2:
            message = f"`{function.name}` takes pairs: value, weight, value, weight…"
            help_ = f"this gives {len(node.arguments)} arguments: a weight is missing, or one too many"
            return self.report.fault("T203", message, node.span, help_)
        return self.operate(function.name, [self.bind(a) for a in node.arguments], node.span)

    def _margin(self, function: Function, node: n.Call) -> Bound:
        """A margin of error: what is counted, then the confidence as a literal percent."""
        counted, confidence = list(node.arguments), CONFIDENCE
        last = counted[-1]
        if isinstance(last, n.Number) and last.percent and 0 < last.value < 100:
            confidence = float(last.value) / 100
            counted.pop()
        elif isinstance(last, n.Number) and (last.percent or 0 < last.value < 1):
            message = f"the confidence of `{function.name}` is a percent between 0% and 100%"
            return self.report.fault("T209", message, last.span, "write `90%`, `95%`, `99%`")
        fitting = (2, 3) if function.name == "margin_of_error" else (2,)
        if len(counted) not in fitting:
            message = f"`{function.name}` takes {' or '.join(map(str, fitting))} numbers, this gives {len(counted)}"
            return self.report.fault("T203", message, node.span, f"it is called as {function.signature}")
        bound = operators.apply(function, [self.value(a) for a in counted], node.span, self.report)
        z = NormalDist().inv_cdf((1 + confidence) / 2)
        return replace(bound, extra=(z,)) if isinstance(bound, Apply) else bound


_SPECIAL: dict[str, Special] = {
    "margin_of_error": Calls._margin,
    "wilson_margin": Calls._margin,
    "date": Calls._date,
    "today": Calls._today,
    "round": Calls._round,
    "date_add": Calls._date_add,
    "date_diff": Calls._date_diff,
    "date_part": Calls._date_part,
    "matches": Calls._matches,
    "weighted_mean": Calls._pairs,
    "coverage": Calls._pairs,
}
"""The functions with a rule of their own."""


def wrong_pattern(pattern: str) -> str | None:
    """What is wrong with a regular expression of RE2, None when nothing is."""
    import pyarrow  # only formulas with `matches` wait for it
    import pyarrow.compute

    try:
        pyarrow.compute.match_substring_regex(pyarrow.array([""]), pattern)
    except pyarrow.ArrowInvalid as error:
        return str(error).partition(": ")[2] or str(error)
    return None
