"""Operators and scalar functions: the rows that work alike over rows and over metrics, a module for each kind."""

from __future__ import annotations

from tallymark.formula.scalars.choices import CHOICES
from tallymark.formula.scalars.numbers import NUMBERS
from tallymark.formula.scalars.operators import OPERATORS
from tallymark.formula.scalars.scores import SCORES
from tallymark.formula.scalars.texts import TEXTS
from tallymark.formula.scalars.times import TIMES

SCALARS = (*NUMBERS, *CHOICES, *TEXTS, *TIMES, *SCORES)

__all__ = ["OPERATORS", "SCALARS"]
