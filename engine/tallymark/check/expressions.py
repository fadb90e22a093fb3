"""Binding of one formula: syntax in, bound tree out. What both levels share; each level says what its names mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from tallymark.catalog import Catalog
from tallymark.check import measuring, operators
from tallymark.check.report import POISON, Missing, Report
from tallymark.definitions import ParameterDef
from tallymark.errors import did_you_mean
from tallymark.formula import nodes as n
from tallymark.formula.bound import Apply, Bound, Constant, ParameterUse
from tallymark.formula.functions import Function, Kind
from tallymark.kinds import Type
from tallymark.place import Span
from tallymark.units import BARE, DURATION, NUMBER

SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800}
"""Seconds in the units of time that always have the same length when a duration is compared with another."""

DATE_PARTS = ("year", "quarter", "month", "week", "day", "weekday", "hour", "minute", "second")

PARAMETER_TYPES = {
    "number": Type.DECIMAL,
    "text": Type.TEXT,
    "boolean": Type.BOOLEAN,
    "date": Type.DATE,
    "duration": Type.DOUBLE,
    "list": Type.TEXT,
}


class Expressions:
    """Binds expressions of one level. Subclasses give `name`, `call` of what is not scalar, and `scoped`."""

    def __init__(self, catalog: Catalog, functions: Mapping[str, Function], report: Report) -> None:
        self.catalog = catalog
        self.functions = functions
        self.report = report
        self._binders: dict[type, Callable[[Any], Bound]] = {
            n.Number: self._number,
            n.Text: lambda node: Constant(node.value, Type.TEXT, NUMBER, node.span),
            n.Boolean: lambda node: Constant(node.value, Type.BOOLEAN, NUMBER, node.span),
            n.Null: lambda node: Constant(None, Type.NULL, BARE, node.span),
            n.Duration: self._duration,
            n.Parameter: self._parameter,
            n.Name: self.name,
            n.Call: self._call,
            n.Unary: self._unary,
            n.Binary: self._binary,
            n.In: self._in,
            n.Between: self._between,
            n.IsNull: self._is_null,
            n.Case: self._case,
            n.Scoped: self.scoped,
            n.PerArgument: self._stray,
            n.WithinArgument: self._stray,
        }

    def bind(self, node: n.Node) -> Bound:
        """The bound form of `node`; POISON where something is wrong or missing (and reported)."""
        try:
            return self._binders[type(node)](node)
        except Missing as missing:
            self.report.needs.update(dict.fromkeys(missing.needs))
            return POISON

    def name(self, node: n.Name) -> Bound:
        raise NotImplementedError

    def scoped(self, node: n.Scoped) -> Bound:
        raise NotImplementedError

    def special(self, function: Function, node: n.Call) -> Bound:
        """A call of an aggregate, a context form or a set function."""
        raise NotImplementedError

    # --- literals --------------------------------------------------------------------------------------------------

    def _number(self, node: n.Number) -> Bound:
        if node.percent:
            return measuring.percent_literal(node.value, node.span)
        kind = Type.INTEGER if isinstance(node.value, int) else Type.DECIMAL
        return Constant(node.value, kind, BARE, node.span)

    def _duration(self, node: n.Duration) -> Bound:
        if node.unit not in SECONDS:
            return self.report.fault(
                "T206",
                f"a {node.unit} has no fixed length",
                node.span,
                "compare with days or weeks, or move a time with date_add(time, 1 month)",
            )
        seconds = Decimal(node.count) * SECONDS[node.unit]
        return Constant(float(seconds), Type.DOUBLE, DURATION, node.span)

    def _parameter(self, node: n.Parameter) -> Bound:
        found = self.parameter(node)
        if found is None:
            return POISON
        unit = DURATION if found.type == "duration" else BARE
        return ParameterUse(found.name, PARAMETER_TYPES[found.type], unit, found.type == "list", node.span)

    def parameter(self, node: n.Parameter) -> ParameterDef | None:
        """The parameter's definition, or None with a fault."""
        found = self.catalog.parameters.get(node.name)
        if found is None:
            help_ = did_you_mean(node.name, self.catalog.parameters) or "declare it under `parameters:`"
            self.report.fault("T110", f"unknown parameter `${node.name}`", node.span, help_)
        return found

    def _stray(self, node: n.PerArgument | n.WithinArgument) -> Bound:
        word = "per" if isinstance(node, n.PerArgument) else "within"
        return self.report.fault("T207", f"`{word}` has no place here", node.span)

    # --- operators -------------------------------------------------------------------------------------------------

    def operate(self, name: str, arguments: list[Bound], span: Span) -> Bound:
        return operators.apply(self.functions[name], arguments, span, self.report)

    def _unary(self, node: n.Unary) -> Bound:
        operand = self.bind(node.operand)
        if node.operator == "-" and isinstance(operand, Constant) and operand.type.numeric:
            return replace(operand, value=-operand.value, span=node.span)
        return self.operate("negate" if node.operator == "-" else "not", [operand], node.span)

    def _binary(self, node: n.Binary) -> Bound:
        terms = [node.right]
        left: n.Node = node.left
        chain = [node]
        while isinstance(left, n.Binary):
            chain.append(left)
            terms.append(left.right)
            left = left.left
        result = self.bind(left)
        for operation, term in zip(reversed(chain), reversed(terms), strict=True):
            result = self._combine(operation, result, term)
        return result

    def _combine(self, node: n.Binary, left: Bound, right: n.Node) -> Bound:
        if node.operator in "+-" and isinstance(right, n.Duration) and left.type.temporal:
            return self.moved(left, right, -1 if node.operator == "-" else 1, node.span)
        other = self.bind(right)
        if left.type.temporal and other.type.temporal and node.operator == "-":
            return self.operate("elapsed", [left, other], node.span)
        name = "coalesce" if node.operator == "??" else node.operator
        return self.operate(name, [left, other], node.span)

    def moved(self, time: Bound, by: n.Duration, sign: int, span: Span) -> Bound:
        """A time moved by a literal duration: `date_add`."""
        small = by.unit in ("second", "minute", "hour")
        kind = Type.TIMESTAMP if time.type is Type.DATE and (small or by.count != int(by.count)) else time.type
        return Apply("date_add", (time,), kind, extra=(sign * by.count, by.unit), span=span)

    def _in(self, node: n.In) -> Bound:
        item = self.bind(node.item)
        options = [self.bind(o) for o in node.options]
        return self._negate(self.operate("in", [item, *options], node.span), node)

    def _between(self, node: n.Between) -> Bound:
        bounds = [self.bind(part) for part in (node.item, node.low, node.high)]
        return self._negate(self.operate("between", bounds, node.span), node)

    def _is_null(self, node: n.IsNull) -> Bound:
        return self._negate(self.operate("is null", [self.bind(node.item)], node.span), node)

    def _negate(self, bound: Bound, node: n.In | n.Between | n.IsNull) -> Bound:
        return self.operate("not", [bound], node.span) if node.negated else bound

    def _case(self, node: n.Case) -> Bound:
        conditions = [self.condition(c) for c, _ in node.branches]
        values = [self.bind(v) for _, v in node.branches]
        values.append(self.bind(node.otherwise) if node.otherwise else Constant(None, Type.NULL, BARE, node.span))
        chosen = self.operate("coalesce", values, node.span)
        if chosen is POISON or any(c is POISON for c in conditions):
            return POISON
        settled = chosen.arguments if isinstance(chosen, Apply) else tuple(values)
        paired = tuple(p for pair in zip(conditions, settled, strict=False) for p in pair)
        return Apply("case", (*paired, settled[-1]), chosen.type, chosen.unit, span=node.span)

    def condition(self, node: n.Node) -> Bound:
        """Binds something that must be true or false."""
        bound = self.bind(node)
        if bound is POISON or bound.type in (Type.BOOLEAN, Type.NULL):
            return bound
        return self.report.fault(
            "T204", f"a condition must be true or false, this is a {bound.type.family}", node.span, "compare it: `… > 0`"
        )

    # --- calls -----------------------------------------------------------------------------------------------------

    def _call(self, node: n.Call) -> Bound:
        function = self.functions.get(node.name)
        if function is None or function.kind is Kind.OPERATOR:
            callable_ = [f.name for f in self.functions.values() if f.kind is not Kind.OPERATOR]
            return self.report.fault(
                "T104", f"unknown function `{node.name}`", node.name_span, did_you_mean(node.name, callable_)
            )
        if not self._count_fits(function, node):
            return POISON
        if function.kind is not Kind.SCALAR:
            return self.special(function, node)
        own = getattr(self, f"_call_{function.name}", None)
        if own is not None:
            return own(function, node)  # type: ignore[no-any-return]
        return self.operate(function.name, [self._argument(a) for a in node.arguments], node.span)

    def _argument(self, node: n.Node) -> Bound:
        return self.bind(node)

    def _count_fits(self, function: Function, node: n.Call) -> bool:
        least = function.least
        most = function.most
        found = len(node.arguments)
        if found >= least and (most is None or found <= most):
            return True
        wanted = str(least) if most == least else f"at least {least}" if most is None else f"{least} to {most}"
        self.report.fault(
            "T203",
            f"`{function.name}` takes {wanted} argument{'' if wanted == '1' else 's'}, this gives {found}",
            node.span,
            f"it is called as {function.signature}",
        )
        return False

    def _call_date(self, function: Function, node: n.Call) -> Bound:
        argument = node.arguments[0]
        if not isinstance(argument, n.Text):
            bound = self.bind(argument)
            if bound is not POISON and not bound.type.temporal:
                return self.report.fault("T201", f"`date` takes a time, this is a {bound.type.family}", argument.span)
            return self.operate("date", [bound], node.span)
        try:
            return Constant(date.fromisoformat(argument.value), Type.DATE, NUMBER, node.span)
        except ValueError:
            return self.report.fault("T208", f"no such date: '{argument.value}'", argument.span, "write date('2024-01-31')")

    def _call_today(self, function: Function, node: n.Call) -> Bound:
        return Apply("today", (), Type.DATE, span=node.span)

    def _call_round(self, function: Function, node: n.Call) -> Bound:
        value = self.bind(node.arguments[0])
        digits = node.arguments[1] if len(node.arguments) > 1 else n.Number(0, node.span)
        sign = -1 if isinstance(digits, n.Unary) else 1
        literal = digits.operand if isinstance(digits, n.Unary) else digits
        if not (isinstance(literal, n.Number) and isinstance(literal.value, int) and literal.value <= 15):
            return self.report.fault("T209", "the digits of `round` are a whole number from -15 to 15", digits.span)
        bound = operators.apply(function, [value], node.span, self.report)
        return replace(bound, extra=(sign * literal.value,)) if isinstance(bound, Apply) else bound

    def _call_date_add(self, function: Function, node: n.Call) -> Bound:
        time, by = self.bind(node.arguments[0]), node.arguments[1]
        sign = -1 if isinstance(by, n.Unary) and by.operator == "-" else 1
        by = by.operand if isinstance(by, n.Unary) else by
        if time is POISON:
            return POISON
        if not time.type.temporal:
            return self.report.fault("T201", f"`date_add` takes a time, this is a {time.type.family}", node.arguments[0].span)
        if not isinstance(by, n.Duration):
            return self.report.fault("T209", "`date_add` takes a literal duration", by.span, "write `1 month`, `28 days`")
        return self.moved(time, by, sign, node.span)

    def _call_date_diff(self, function: Function, node: n.Call) -> Bound:
        unit = self._word(node, n.TIME_UNITS)
        times = [self.bind(a) for a in node.arguments[1:]]
        return self._temporal(function, unit, times, node)

    def _call_date_part(self, function: Function, node: n.Call) -> Bound:
        part = self._word(node, DATE_PARTS)
        return self._temporal(function, part, [self.bind(node.arguments[1])], node)

    def _temporal(self, function: Function, word: str | None, times: list[Bound], node: n.Call) -> Bound:
        if word is None or any(t is POISON for t in times):
            return POISON
        for time, argument in zip(times, node.arguments[1:], strict=True):
            if not time.type.temporal and time.type is not Type.NULL:
                message = f"`{function.name}` takes a time, this is a {time.type.family}"
                return self.report.fault("T201", message, argument.span)
        local = operators.local_times(function, times)
        return Apply(function.name, tuple(local), Type.INTEGER, extra=(word,), span=node.span)

    def _word(self, node: n.Call, known: tuple[str, ...]) -> str | None:
        """The literal word a function takes first, singular or plural."""
        argument = node.arguments[0]
        if isinstance(argument, n.Text) and argument.value.removesuffix("s") in known:
            return argument.value.removesuffix("s")
        found = argument.value if isinstance(argument, n.Text) else ""
        help_ = did_you_mean(found, known) if found else None
        message = f"`{node.name}` takes one of {', '.join(repr(k) for k in known)} first"
        self.report.fault("T209", message, argument.span, help_)
        return None

    def _call_matches(self, function: Function, node: n.Call) -> Bound:
        pattern = node.arguments[1]
        if not isinstance(pattern, n.Text):
            return self.report.fault("T209", "the pattern of `matches` is a literal text", pattern.span)
        return self.operate("matches", [self.bind(node.arguments[0]), self.bind(pattern)], node.span)

    def _call_weighted_mean(self, function: Function, node: n.Call) -> Bound:
        if len(node.arguments) % 2:
            message = f"`{function.name}` takes pairs: value, weight, value, weight…"
            return self.report.fault("T203", message, node.span, f"this gives {len(node.arguments)} arguments")
        settled = [measuring.settle(self.bind(a)) for a in node.arguments]
        return self.operate(function.name, settled, node.span)

    _call_coverage = _call_weighted_mean

    def _call_margin_of_error(self, function: Function, node: n.Call) -> Bound:
        return self.operate(function.name, [self.bind(a) for a in node.arguments], node.span)
