"""Scorecards: read from YAML, and the metrics that each stands for.

card.py       a scorecard as a whole: groups, segments, overrides, roll-up, trend
measures.py   its measures: value, weight, what becomes of a missing or an old one
scoring.py    how a measure's value becomes 0 to 100
sound.py      what must hold between the parts of a card
wording.py    labels of the metrics, in every language
pieces.py     formulas put together of what was written and what was not
desugar.py    the metrics
scored.py     the formulas of scorings
"""

from tallymark.read.scorecards.card import scorecard
from tallymark.read.scorecards.desugar import Around, metrics_of_card

__all__ = ["Around", "metrics_of_card", "scorecard"]
