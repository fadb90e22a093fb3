"""Funnels as written, and the metrics they stand for."""

from __future__ import annotations

import pytest

from tallymark.formula.write import write
from tallymark.read import read_texts

GOOD = """
funnels:
  sales:
    label: {en: Sales, fr: Ventes}
    tags: [growth]
    per: visitor
    within: 30 days
    steps:
      visited: visits
      asked: {rows: leads where channel = 'web', label: {en: Asked, fr: A demandé}}
      bought: "orders on paid_at"
"""


def test_a_funnel_stands_for_metrics() -> None:
    """Each step has its count, each but the first its loss, and the whole its conversion."""
    definitions, faults = read_texts([("funnel.yaml", GOOD)])
    assert [] == faults
    assert {
        "sales_visited": "converted(visits, per visitor)",
        "sales_asked": "converted(visits, leads where channel = 'web', per visitor, within 30 days)",
        "sales_asked_dropoff": "(1 - sales_asked / sales_visited) * 100",
        "sales_bought": (
            "converted(visits, leads where channel = 'web', orders on paid_at, per visitor, within 30 days)"
        ),
        "sales_bought_dropoff": "(1 - sales_bought / sales_asked) * 100",
        "sales_conversion": "sales_bought / sales_visited * 100",
    } == {name: write(m.formula.node) for name, m in definitions.metrics.items() if m.formula.node is not None}
    assert tuple(definitions.metrics) == definitions.funnels["sales"].metrics


def test_its_metrics_are_labelled_in_every_language() -> None:
    """Labels put the funnel's and the step's together; losses and the conversion say what they are."""
    metrics = read_texts([("funnel.yaml", GOOD)])[0].metrics
    assert {"en": "Sales: asked", "fr": "Ventes: a demandé"} == metrics["sales_asked"].label
    assert {"en": "Sales: lost before asked", "fr": "Ventes : perdus avant a demandé"} == dict(
        metrics["sales_asked_dropoff"].label
    )
    assert ("down", "percent") == (metrics["sales_asked_dropoff"].direction, metrics["sales_asked_dropoff"].unit.name)  # type: ignore[union-attr]
    assert ("growth", "sales") == metrics["sales_bought"].tags


BAD = [
    ("funnels: {f: {steps: {a: x, b: y}}}", "R023", "without members", (1, 11)),
    ("funnels: {f: {per: user, steps: {a: x}}}", "R023", "two steps at least", (1, 26)),
    ("funnels: {f: {per: user}}", "R023", "two steps at least", (1, 11)),
    ("funnels: {f: {per: the user, steps: {a: x, b: y}}}", "R022", "`per: the user`", (1, 20)),
    ("funnels: {f: {per: u, within: soon, steps: {a: x, b: y}}}", "R022", "`within: soon`", (1, 31)),
    ("funnels: {f: {per: u, within: 2 weks, step: {a: x, b: y}}}", "R022", "`within: 2 weks`", (1, 31)),
    ("funnels: {f: {per: u, within: 2 weks, step: {a: x, b: y}}}", "R023", "two steps at least", (1, 11)),
    ("funnels: {f: {per: u, steps: {a: x where, b: y}}}", "S131", "nothing follows `where`", (1, 36)),
    ("funnels: {f: {per: u, steps: {a: x, b: {label: B}}}}", "R023", "a step without rows", (1, 37)),
    ("funnels: {f: {per: u, steps: {A b: x, c: y, d: z}}}", "R024", "cannot be the name of a step", (1, 31)),
    ("funnels: {f: {per: u, counting: sometimes, steps: {a: x, b: y}}}", "R022", "cohort", (1, 33)),
    ("funnels: {f: visits}", "R021", "a mapping", (1, 14)),
    ("metrics: {f_a: '1'}\nfunnels: {f: {per: u, steps: {a: x, b: y}}}", "R025", "`f_a` is defined twice", (2, 31)),
]


@pytest.mark.parametrize(("text", "code", "says", "at"), BAD, ids=[f"{b[1]} {b[2]}" for b in BAD])
def test_what_is_wrong_with_a_funnel_has_its_place(text: str, code: str, says: str, at: tuple[int, int]) -> None:
    """A mistake in a funnel is a fault at the very word, and never a traceback."""
    faults = read_texts([("funnel.yaml", text)])[1]
    assert code in {f.code for f in faults}
    fault = next(f for f in faults if f.code == code)
    assert says in str(fault)
    assert fault.place is not None
    assert at == (fault.place.line, fault.place.column)
