"""Every mistake that a formula can hold has its code, its exact place, its message and a way out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from .shop import Checked, checked, probed

CASES = yaml.safe_load((Path(__file__).parent / "faults.yaml").read_text(encoding="utf-8"))
WARNINGS = {"T119", "T223", "T224", "U311"}
"""Codes of what is odd and yet answered."""


def found(case: dict[str, Any]) -> Checked:
    """What the case's formula becomes, with the metrics it brings along."""
    if "metrics" in case:
        return checked(f"metrics:\n  {case['metrics']}\n  probe: |-\n    {case['formula']}\n")
    return probed(case["formula"], case.get("unit"))


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c['code']} {c['formula']}")
def test_fault(case: dict[str, Any]) -> None:
    """The formula has this one fault, under this stretch of it, with these words."""
    result = found(case)
    assert [case["code"]] == result.codes, [str(f) for f in result.faults]
    fault = result.faults[0]
    assert "metric `probe`" == fault.subject
    assert fault.place is not None
    start = fault.place.column - 1
    assert case["under"] == fault.place.text[start : start + fault.place.width]
    assert case["says"] in fault.message
    assert (case["help"] or "") in (fault.help or "")
    assert bool(case["help"]) == bool(fault.help)
    assert ("warning" if case["code"] in WARNINGS else "error") == fault.severity


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c['code']} {c['formula']}")
def test_fault_leaves_the_rest_alone(case: dict[str, Any]) -> None:
    """A metric with an error has no expression; one with a warning has; all others are as they were."""
    result = found(case)
    assert (case["code"] in WARNINGS) == result.catalog.metrics["probe"].available
    assert [] == [m.name for m in result.catalog.metrics.values() if m.name != "probe" and not m.available]
