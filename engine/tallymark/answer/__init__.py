"""What the engine gives back: an answer of rows, or a receipt for one number.

Rows are Arrow, at full precision. What is rounded, labelled or laid out is only ever the text made from them.
"""

from __future__ import annotations

from tallymark.answer.answers import Answer, Writer
from tallymark.answer.asked_period import AskedPeriod
from tallymark.answer.columns import AnswerColumn
from tallymark.answer.receipts import Receipt
from tallymark.answer.steps import Step, StepKind

__all__ = ["Answer", "AnswerColumn", "AskedPeriod", "Receipt", "Step", "StepKind", "Writer"]
