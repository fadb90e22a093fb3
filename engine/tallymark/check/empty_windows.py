"""Windows that make no sense: a flow read at an instant, and window forms that change nothing."""

from __future__ import annotations

from dataclasses import dataclass, field

from tallymark.catalog import Catalog, Metric
from tallymark.errors import Fault
from tallymark.formula.bound import Aggregate, Bound, Filtered, MetricUse, Nested, Windowed, parts

SPANS = ("trailing", "to_date", "cumulative")


@dataclass(slots=True)
class Windows:
    """Walks every metric once per kind of window it may be evaluated in."""

    catalog: Catalog
    faults: list[Fault]
    _empty: dict[str, str | None] = field(default_factory=dict)

    def check_all(self) -> None:
        for metric in self.catalog.metrics.values():
            if metric.expression is not None:
                self._check(metric, metric.expression)

    def _check(self, metric: Metric, expression: Bound) -> None:
        waiting: list[tuple[Bound, Windowed | None]] = [(expression, None)]
        while waiting:
            node, outer = waiting.pop()
            if isinstance(node, Windowed):
                self._windowed(metric, node, outer)
                outer = node if node.form in SPANS else outer
            waiting.extend((p, outer) for p in parts(node))

    def _windowed(self, metric: Metric, node: Windowed, outer: Windowed | None) -> None:
        if node.form in ("opening", "closing"):
            flow = self.flow_in(node.body)
            if flow is not None:
                help_ = f"take `cumulative({flow})`, or `previous(…)` for the period before"
                message = f"`{node.form}` reads an instant, and `{flow}` counts what happens over time"
                self._fault(metric, node, "T222", message, help_)
        elif outer is not None:
            message = f"the outer `{outer.form}` changes nothing here: the innermost window wins"
            self._fault(metric, node, "T223", message, "leave one of the two out", warning=True)
        elif self._only_stocks(node.body):
            message = f"`{node.form}` of a stock is the stock itself"
            self._fault(metric, node, "T224", message, "for its mean over the window say `avg(… per day)`", warning=True)

    def _fault(self, metric: Metric, node: Bound, code: str, message: str, help_: str, warning: bool = False) -> None:
        place = metric.written.place(node.span)
        subject = f"metric `{metric.name}`"
        self.faults.append(Fault(code, message, place, help_, subject, "warning" if warning else "error"))

    def flow_in(self, node: Bound) -> str | None:
        """A flow that would be read in an empty window if `node` were: a word for it, or None."""
        waiting = [node]
        while waiting:
            here = waiting.pop()
            match here:
                case Aggregate(axis=axis, dataset=dataset, function=function) if axis.kind == "flow":
                    return f"{function}({dataset}…)"
                case MetricUse(name=name):
                    if self._flow_of(name):
                        return name
                case Nested(by_grain=True, member=member):
                    return f"… per {member[0]}"
                case Windowed(form=form) if form in SPANS:
                    continue
                case Filtered(body=body):
                    waiting.append(body)
                case _:
                    waiting.extend(parts(here))
        return None

    def _flow_of(self, name: str) -> str | None:
        if name not in self._empty:
            self._empty[name] = None
            expression = self.catalog.metrics[name].expression
            self._empty[name] = self.flow_in(expression) if expression is not None else None
        return self._empty[name]

    def _only_stocks(self, node: Bound) -> bool:
        kinds, waiting, seen = set(), [node], set()
        while waiting:
            here = waiting.pop()
            if isinstance(here, Aggregate):
                kinds.add(here.axis.kind)
            elif isinstance(here, Nested) and here.by_grain:
                kinds.add("flow")
            elif isinstance(here, MetricUse) and here.name not in seen:
                seen.add(here.name)
                expression = self.catalog.metrics[here.name].expression
                waiting += [expression] if expression is not None else []
            waiting.extend(parts(here))
        return kinds == {"stock"}
