"""Windows that make no sense: a flow read at an instant, and window forms that change nothing."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from tallymark.catalog import Catalog
from tallymark.check.report import Report
from tallymark.formula.bound import Aggregate, Bound, MetricUse, Nested, Windowed, parts, walk
from tallymark.graph import in_order

SPANS = ("trailing", "to_date", "cumulative")
"""The forms that give what they hold another beginning; of nested ones the innermost wins."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a formula makes of the window it is evaluated in.

    `flow`: a word for something in it that counts what happens over the window, None if there is nothing. `edges`:
    whether it reads the window's beginning in another way, as the opening of a stock. `stocks`, `spans`: whether there
    are stocks in it, and window forms of its own. `rows`: whether it reads rows at all.
    """

    flow: str | None = None
    edges: bool = False
    stocks: bool = False
    spans: bool = False
    rows: bool = False


@dataclass(slots=True)
class Windows:
    """Looks at every window form of a formula, through the metrics it uses."""

    catalog: Catalog
    _known: dict[str, Reading] = field(default_factory=dict)

    def check(self, bound: Bound, report: Report) -> bool:
        """Whether the window forms in `bound` make sense. Notes faults and warnings."""
        # A body that is used twice, as `growth` uses its own, is one object: it is looked at once.
        forms = {id(node): node for node in walk(bound) if isinstance(node, Windowed)}
        return False not in [self._windowed(node, report) for node in forms.values()]

    def _windowed(self, node: Windowed, report: Report) -> bool:
        found = self.reading(node.body)
        if node.form in ("opening", "closing"):
            if found.flow is None:
                return True
            message = f"`{node.form}` reads an instant, and `{found.flow}` counts what happens over time"
            help_ = f"take `cumulative({found.flow})`, or `previous(…)` for the period before"
            report.fault("T222", message, node.span, help_)
            return False
        if found.flow is not None or found.edges or not found.rows:
            return True
        if found.spans:
            message = f"the outer `{node.form}` changes nothing here: the innermost window wins"
            report.warn("T223", message, node.span, "leave one of the two out")
        elif found.stocks:
            message = f"`{node.form}` of a stock is the stock itself"
            report.warn("T224", message, node.span, "for its mean over the window say `avg(… per day)`")
        else:
            message = f"`{node.form}` changes nothing here: the rows have no time"
            report.warn("T224", message, node.span, "give the dataset a `time:`")
        return True

    def reading(self, bound: Bound) -> Reading:
        """What the formula makes of its window."""
        found = Reading()
        waiting = [bound]
        while waiting:
            node = waiting.pop()
            if isinstance(node, Aggregate | MetricUse | Windowed) or (isinstance(node, Nested) and node.by_grain):
                found = _both(found, self._leaf(node))
            else:
                waiting.extend(reversed(parts(node)))
        return found

    def _leaf(self, node: Aggregate | MetricUse | Windowed | Nested) -> Reading:
        match node:
            case Aggregate(function=function, dataset=dataset, axis=axis):
                flow = f"{function}({dataset}…)" if axis.kind == "flow" else None
                return Reading(flow, stocks=axis.kind == "stock", rows=True)
            case MetricUse(name=name):
                below = self._metric(name)
                return replace(below, flow=name) if below.flow is not None else below
            case Nested(member=member):
                return Reading(f"… per {member[0]}", rows=True)
            case Windowed(form=form, body=body):
                # Another window begins here; what is wrong inside it is said of the form itself.
                below = replace(self.reading(body), flow=None, edges=False)
                if form in SPANS:
                    return replace(below, spans=True)
                return replace(below, edges=form == "opening" and below.rows)

    def _metric(self, name: str) -> Reading:
        if name not in self._known:
            # Those it uses come first, so that a long chain of metrics is no deep recursion.
            for used in in_order([name], self._used).names:
                expression = self.catalog.metrics[used].expression
                self._known[used] = self.reading(expression) if expression is not None else Reading()
        return self._known[name]

    def _used(self, name: str) -> list[str]:
        """The metrics that a metric uses and that are not known yet."""
        expression = self.catalog.metrics[name].expression
        if expression is None:
            return []
        return [n.name for n in walk(expression) if isinstance(n, MetricUse) and n.name not in self._known]


def _both(one: Reading, other: Reading) -> Reading:
    return Reading(
        one.flow or other.flow,
        one.edges or other.edges,
        one.stocks or other.stocks,
        one.spans or other.spans,
        one.rows or other.rows,
    )
