"""What a project says of metrics whose formula stands elsewhere: a pack's, or a funnel's."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from tallymark.definitions import MetricDef
from tallymark.json_keys import FORMULA_KEYS
from tallymark.read.entries import described
from tallymark.read.values import Reading
from tallymark.yaml_text import Entries, Scalar, Value

MERGED = ("label", "description", "aliases")
"""By language: what is not said anew stands."""

REPLACED = ("direction", "target", "bands", "decimals", "tags", "hidden", "min_count")


@dataclass(frozen=True, slots=True)
class Amendment:
    """An entry without a formula, and what held where it was read."""

    key: Scalar
    said: Entries
    reading: Reading


def amendment(key: Scalar, value: Value, reading: Reading) -> Amendment | None:
    """The entry as an amendment; None of one that has a formula, or nothing at all."""
    if not isinstance(value, Entries) or not value.entries:
        return None
    found = value.get("formula")
    absent = found is None or (isinstance(found, Scalar) and found.absent and found.style != "*")
    return Amendment(key, value, reading) if absent else None


def amended(made: MetricDef, by: Amendment) -> MetricDef:
    """The metric with what the amendment says; notes a fault (R105) for keys that go with a formula."""
    subject = f"metric `{made.name}`"
    for key, _ in by.said.entries:
        if key.text in FORMULA_KEYS:
            message = f"`{key.text}` goes with the formula, and this entry has none"
            help_ = f"leave it out, or write the formula too: `{made.formula.text}`"
            by.reading.fault("R105", message, key, help_, subject)
    said = described(replace(made, pack=None), by.said, by.reading, subject)
    changed: dict[str, Any] = {}
    for key, _ in by.said.entries:
        if key.text in MERGED:
            changed[key.text] = {**getattr(made, key.text), **getattr(said, key.text)}
        elif key.text in REPLACED:
            changed[key.text] = getattr(said, key.text)
    if "bands" in changed:
        changed["bands_grain"] = said.bands_grain
    return replace(made, **changed)
