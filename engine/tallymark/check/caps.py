"""How large a formula may become: whatever walks a bound tree later may then do so by recursion."""

from __future__ import annotations

from dataclasses import replace

from tallymark.check.report import Report
from tallymark.formula.bound import Apply, Bound, parts
from tallymark.kinds import wider

MAX_HEIGHT = 100
"""Levels of a bound formula."""

MAX_NODES = 10_000
"""Parts of a bound formula, counting what `growth(m)` and the like say twice as often as they say it."""

MAX_LEVELS = 5_000
"""Levels of a formula together with those of the metrics it builds on."""

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
    else:
        return True
    report.fault("S105", message, None, "give its inner parts names of their own, as metrics")
    return False


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


def _joined(chain: Apply, pair: list[Bound]) -> Bound:
    if len(pair) == 1:
        return pair[0]
    left, right = pair
    kind = wider(left.type, right.type) if chain.function == "+" else chain.type
    return replace(chain, arguments=(left, right), type=kind)
