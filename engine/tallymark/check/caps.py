"""How large a formula may become: whatever walks a bound tree later may then do so by recursion."""

from __future__ import annotations

from dataclasses import replace

from tallymark.check.report import Report
from tallymark.formula.bound import Apply, Bound, ColumnUse, DimensionUse, parts
from tallymark.kinds import wider

MAX_HEIGHT = 100
"""Levels of a bound formula."""

MAX_NODES = 10_000
"""Parts of a bound formula, counting what `growth(m)` and the like say twice as often as they say it."""

MAX_LEVELS = 5_000
"""Levels of a formula together with those of the metrics it builds on."""

MAX_DOUBLINGS = 9
"""How often the SQL of a row's value may double because one function inside another names its argument twice."""

DOUBLINGS = {
    **dict.fromkeys(("/", "mod", "sqrt", "ln", "log10", "greatest", "least", "clamp", "coverage", "between"), 1),
    **dict.fromkeys(("divide", "scale", "band", "weighted_mean", "margin_of_error", "wilson_margin", "in"), 2),
    "pow": 3,
}
"""For those functions: how many times at least the argument is written out, in powers of two."""

LONG = 16
"""Chains of more terms than this are laid out as a balanced tree, so that a long list of terms is no deep formula."""

ASSOCIATIVE = frozenset({"+", "and", "or"})


def fits(bound: Bound, report: Report) -> bool:
    """Whether the formula is within both caps; a fault says which part to give a name."""
    height, size = measure(bound)
    if height > MAX_HEIGHT:
        message = f"the formula is {height:,} levels deep; {MAX_HEIGHT} is the most"
    elif size > MAX_NODES:
        message = f"the formula has {size:,} parts, `growth` and the like written out; {MAX_NODES:,} is the most"
    elif _doublings(bound) > MAX_DOUBLINGS:
        message = "functions of a row's values stand too deep inside one another: their cost doubles with each"
        report.fault("S106", message, None, "nest roots, powers, quotients and the like a few levels deep at most")
        return False
    else:
        return True
    report.fault("S105", message, None, "give its inner parts names of their own, as metrics")
    return False


def _doublings(bound: Bound) -> int:
    """The most doublings on one way down through an expression over rows; over metrics each part is a column."""
    path, in_rows, below = _doubled(bound)
    return max(below, path if in_rows else 0)


def _doubled(bound: Bound) -> tuple[int, bool, int]:
    """The doublings from here down, whether columns stand there, and the most in expressions that end further down."""
    found = [_doubled(p) for p in parts(bound)]
    below = max((b for *_, b in found), default=0)
    if not isinstance(bound, Apply):
        ends = max((path for path, in_rows, _ in found if in_rows), default=0)
        return 0, isinstance(bound, ColumnUse | DimensionUse), max(below, ends)
    own = DOUBLINGS.get(bound.function, 0)
    # A quotient names its divisor twice, and what it divides once.
    once = bound.function in ("/", "mod", "divide")
    paths = [path + (0 if once and n == 0 else own) for n, (path, *_) in enumerate(found)]
    return max(paths, default=0), any(in_rows for _, in_rows, _ in found), below


def measure(bound: Bound) -> tuple[int, int]:
    """The height of a bound formula and how many parts it has, counting shared ones as often as they are used."""
    # By identity: equality would walk the tree, and all the nodes are alive as long as their root is.
    known: dict[int, tuple[int, int]] = {}
    waiting = [bound]
    while waiting:
        node = waiting[-1]
        below = parts(node)
        fresh = [p for p in below if id(p) not in known]
        if fresh:
            waiting += fresh
            continue
        waiting.pop()
        found = [known[id(p)] for p in below]
        known[id(node)] = (1 + max((h for h, _ in found), default=0), 1 + sum(s for _, s in found))
    return known[id(bound)]


def balanced(bound: Bound) -> Bound:
    """A long chain of `+`, `and` or `or` as a tree of little height. Types and units are those of the chain."""
    if not isinstance(bound, Apply) or bound.function not in ASSOCIATIVE:
        return bound
    terms: list[Bound] = []
    here: Bound = bound
    while isinstance(here, Apply) and here.function == bound.function:
        terms.append(here.arguments[1])
        here = here.arguments[0]
    terms.append(here)
    if len(terms) <= LONG:
        return bound
    terms.reverse()
    while len(terms) > 1:
        pairs = [terms[i : i + 2] for i in range(0, len(terms), 2)]
        terms = [_joined(bound, pair) for pair in pairs]
    return terms[0]


def options(bound: Bound) -> tuple[Bound, ...]:
    """What `bound ?? x` chooses from before x: `(a ?? b) ?? x` is one choice of three, up to a few."""
    chain = isinstance(bound, Apply) and bound.function == "coalesce" and len(bound.arguments) < LONG
    return parts(bound) if chain else (bound,)


def _joined(chain: Apply, pair: list[Bound]) -> Bound:
    if len(pair) == 1:
        return pair[0]
    left, right = pair
    kind = wider(left.type, right.type) if chain.function == "+" else chain.type
    return replace(chain, arguments=(left, right), type=kind)
