"""Binding of one formula: syntax in, bound tree out. What both levels share; each level says what its names mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from tallymark.catalog import Catalog
from tallymark.check import caps, measuring, operators
from tallymark.check.report import POISON, Missing, Report
from tallymark.definitions import ParameterDef
from tallymark.errors import did_you_mean
from tallymark.formula import nodes as n
from tallymark.formula.bound import Apply, Bound, Constant, ParameterUse, is_conversion
from tallymark.formula.functions import Function, Kind
from tallymark.given import help_for
from tallymark.kinds import Type
from tallymark.place import Span
from tallymark.units import BARE, DURATION, NUMBER

SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800}
"""Seconds in the units of time that always have the same length when a duration is compared with another."""

SHORT = ("second", "minute", "hour")
"""Units of time that move a date to a time of the day."""

PARAMETER_TYPES = {
    "number": Type.DECIMAL,
    "text": Type.TEXT,
    "boolean": Type.BOOLEAN,
    "date": Type.DATE,
    "duration": Type.DOUBLE,
    "list": Type.TEXT,
}


class Expressions:
    """Binds expressions of one level. Subclasses give `name`, `special` and `scoped`; `Calls` the scalar functions."""

    def __init__(self, catalog: Catalog, functions: Mapping[str, Function], report: Report) -> None:
        self.catalog = catalog
        self.functions = functions
        self.report = report
        self._binders: dict[type, Callable[[Any], Bound]] = {
            n.Number: self._number,
            n.Text: lambda node: Constant(node.value, Type.TEXT, NUMBER, node.span),
            n.Boolean: lambda node: Constant(node.value, Type.BOOLEAN, NUMBER, node.span),
            n.Null: self._null,
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

    def value(self, node: n.Node) -> Bound:
        """As `bind`; a percent literal that stands alone is a fraction."""
        return measuring.settle(self.bind(node))

    def name(self, node: n.Name) -> Bound:
        """What a name stands for at this level. Raises Missing."""
        raise NotImplementedError

    def scoped(self, node: n.Scoped) -> Bound:
        """An expression with postfixes."""
        raise NotImplementedError

    def special(self, function: Function, node: n.Call) -> Bound:
        """A call of an aggregate, a context form or a set function."""
        raise NotImplementedError

    def scalar(self, function: Function, node: n.Call) -> Bound:
        """A call of a scalar function."""
        raise NotImplementedError

    # --- literals --------------------------------------------------------------------------------------------------

    def _number(self, node: n.Number) -> Bound:
        if node.percent:
            return measuring.percent_literal(node.value, node.span)
        kind = Type.INTEGER if isinstance(node.value, int) else Type.DECIMAL
        return Constant(node.value, kind, BARE, node.span)

    def _null(self, node: n.Null | n.Case) -> Bound:
        return Constant(None, Type.NULL, BARE, node.span)

    def _duration(self, node: n.Duration) -> Bound:
        if node.unit not in SECONDS:
            help_ = "compare with days or weeks, or move a time with date_add(time, 1 month)"
            return self.report.fault("T206", f"a {node.unit} has no fixed length", node.span, help_)
        seconds = Decimal(node.count) * SECONDS[node.unit]
        return Constant(float(seconds), Type.DOUBLE, DURATION, node.span)

    def _parameter(self, node: n.Parameter) -> Bound:
        found = self.parameter(node)
        if found is None:
            return POISON
        if found.type == "list":
            help_ = f"ask whether a value is in it: `plan in ${node.name}`"
            return self.report.fault("T232", f"`${node.name}` is a list and stands after `in` only", node.span, help_)
        unit = DURATION if found.type == "duration" else BARE if found.type == "number" else NUMBER
        return ParameterUse(found.name, PARAMETER_TYPES[found.type], unit, False, node.span)

    def parameter(self, node: n.Parameter) -> ParameterDef | None:
        """The parameter's definition, or None with a fault."""
        return declared_parameter(node, self.catalog, self.report)

    def _stray(self, node: n.PerArgument | n.WithinArgument) -> Bound:
        word = "per" if isinstance(node, n.PerArgument) else "within"
        help_ = "`per` stands behind what is evaluated for each member: `avg(mrr per customer)`"
        return self.report.fault("T207", f"`{word}` has no place here", node.span, help_ if word == "per" else None)

    # --- operators -------------------------------------------------------------------------------------------------

    def operate(self, name: str, arguments: list[Bound], span: Span) -> Bound:
        """An operator or scalar function over bound arguments."""
        return operators.apply(self.functions[name], arguments, span, self.report)

    def _unary(self, node: n.Unary) -> Bound:
        operand = self.bind(node.operand)
        if node.operator == "-" and isinstance(operand, Constant) and operand.type.numeric:
            return replace(operand, value=-operand.value, span=node.span)
        return self.operate("negate" if node.operator == "-" else "not", [operand], node.span)

    def _binary(self, node: n.Binary) -> Bound:
        # Chains lean to the left and may be thousands of terms long.
        chain = [node]
        while isinstance(chain[-1].left, n.Binary):
            chain.append(chain[-1].left)
        result = self.bind(chain[-1].left)
        for operation in reversed(chain):
            longer = self._combine(operation, result)
            if isinstance(result, Apply) and isinstance(longer, Apply) and longer.function != result.function:
                longer = replace(longer, arguments=tuple(caps.balanced(a) for a in longer.arguments))
            result = longer
        return caps.balanced(result)

    def _combine(self, node: n.Binary, left: Bound) -> Bound:
        if node.operator in ("+", "-") and isinstance(node.right, n.Duration) and left.type.temporal:
            return self.moved(left, node.right, -1 if node.operator == "-" else 1, node.span)
        right = self.bind(node.right)
        if measuring.is_percent_literal(left) and measuring.is_percent_literal(right) and node.operator in ("+", "-"):
            return self._percents(node, left, right)
        if left.type.temporal and right.type.temporal and node.operator == "-":
            return self.operate("elapsed", [left, right], node.span)
        if node.operator == "??":
            return self.operate("coalesce", [*caps.options(left), right], node.span)
        return self.operate(node.operator, [left, right], node.span)

    def _percents(self, node: n.Binary, left: Bound, right: Bound) -> Bound:
        """`5% + 1%` is a percent literal again: it does not know yet what it stands beside."""
        assert isinstance(left, Constant)
        assert isinstance(right, Constant)
        sign = -1 if node.operator == "-" else 1
        return replace(left, value=Decimal(left.value) + sign * Decimal(right.value), span=node.span)

    def moved(self, time: Bound, by: n.Duration, sign: int, span: Span) -> Bound:
        """A time moved by a literal duration: `date_add`."""
        precise = by.unit in SHORT or by.count != int(by.count)
        kind = Type.TIMESTAMP if time.type is Type.DATE and precise else time.type
        return Apply("date_add", (time,), kind, extra=(sign * by.count, by.unit), span=span)

    def _in(self, node: n.In) -> Bound:
        item = self.bind(node.item)
        options = [self._option(o) for o in node.options]
        return self._negate(self.operate("in", [item, *options], node.span), node)

    def _option(self, node: n.Node) -> Bound:
        """An option of `in`: a value, or a list parameter."""
        if not isinstance(node, n.Parameter):
            return self.bind(node)
        found = self.parameter(node)
        if found is not None and found.type == "list":
            return ParameterUse(found.name, PARAMETER_TYPES[found.type], NUMBER, True, node.span)
        return POISON if found is None else self.bind(node)

    def _between(self, node: n.Between) -> Bound:
        bounds = [self.bind(part) for part in (node.item, node.low, node.high)]
        return self._negate(self.operate("between", bounds, node.span), node)

    def _is_null(self, node: n.IsNull) -> Bound:
        item = self.value(node.item)
        # Whether there is an amount does not depend on any rate.
        item = item.arguments[0] if isinstance(item, Apply) and is_conversion(item) else item
        return self._negate(self.operate("is null", [item], node.span), node)

    def _negate(self, bound: Bound, node: n.In | n.Between | n.IsNull) -> Bound:
        return self.operate("not", [bound], node.span) if node.negated else bound

    def _case(self, node: n.Case) -> Bound:
        conditions = [self.condition(c) for c, _ in node.branches]
        values = [self.bind(v) for _, v in node.branches]
        values.append(self.bind(node.otherwise) if node.otherwise else self._null(node))
        # The values go together as those of `coalesce` do.
        chosen = operators.apply(replace(self.functions["coalesce"], name="case"), values, node.span, self.report)
        if chosen is POISON or any(c is POISON for c in conditions):
            return POISON
        assert isinstance(chosen, Apply)
        paired = tuple(p for pair in zip(conditions, chosen.arguments, strict=False) for p in pair)
        return replace(chosen, arguments=(*paired, chosen.arguments[-1]))

    def condition(self, node: n.Node) -> Bound:
        """Binds something that must be true or false."""
        bound = self.value(node)
        if bound is POISON or bound.type in (Type.BOOLEAN, Type.NULL):
            return bound
        message = f"a condition must be true or false, this is a {bound.type.family}"
        return self.report.fault("T204", message, node.span, "compare it: `… > 0`")

    # --- calls -----------------------------------------------------------------------------------------------------

    def _call(self, node: n.Call) -> Bound:
        function = self.functions.get(node.name)
        if function is None or function.kind is Kind.OPERATOR:
            known = [f.name for f in self.functions.values() if f.kind is not Kind.OPERATOR]
            help_ = _moved_inside(node.name, self.functions) or help_for(node.name, self.functions, known)
            return self.report.fault("T104", f"unknown function `{node.name}`", node.name_span, help_)
        if not self.count_fits(function, node):
            return POISON
        return self.scalar(function, node) if function.kind is Kind.SCALAR else self.special(function, node)

    def count_fits(self, function: Function, node: n.Call) -> bool:
        """Whether a call has as many arguments as the function takes; a fault when it has not."""
        least, most, found = function.least, function.most, len(node.arguments)
        if found >= least and (most is None or found <= most):
            return True
        wanted = f"at least {least}" if most is None else str(least) if most == least else f"{least} to {most}"
        message = f"`{function.name}` takes {wanted} argument{'' if wanted == '1' else 's'}, this gives {found}"
        self.report.fault("T203", message, node.span, f"it is called as {function.signature}")
        return False


def _moved_inside(name: str, functions: Mapping[str, Function]) -> str | None:
    """Help for `orders.amount.sum(…)`: a function stands around its column, not behind it."""
    column, dot, function = name.rpartition(".")
    return f"put the column inside: `{function}({column})`" if dot and function in functions else None


def declared_parameter(node: n.Parameter, catalog: Catalog, report: Report) -> ParameterDef | None:
    """The definition of a parameter, or None with a fault."""
    found = catalog.parameters.get(node.name)
    if found is None:
        known = [f"${name}" for name in catalog.parameters]
        help_ = did_you_mean(f"${node.name}", known) or "declare it under `parameters:`"
        report.fault("T110", f"unknown parameter `${node.name}`", node.span, help_)
    return found
