"""The demo's report, on a book made by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tallymark.cli import demo
from tallymark.plugins import load

Book = Any
Run = Any


def test_the_report_has_values_courses_and_a_receipt(
    run: Run, book: Book, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Written where asked, then asked for what lists show and the project can answer, then explained; ways on at the end."""
    written: list[Path] = []
    monkeypatch.setattr(demo, "sample_writer", lambda name: written.append)
    result = run("demo", "--to", str(tmp_path / "here"))
    assert 0 == result.exit_code, result.stderr
    assert [tmp_path / "here"] == written
    assert ("mrr", "churn_rate") == book.asked[0][0]
    lines = result.stdout.splitlines()
    assert lines[2].split() == ["2024-06", "2024-05", "…", "2024-06"]
    assert lines[3].split() == ["MRR", "€60.00", "█▁"]
    assert "mrr = sum(x)   €60.00   3 rows" in lines
    assert f"  cd {tmp_path / 'here'}" in lines


def test_every_sample_is_given_by_a_plugin() -> None:
    """The demo writes what the samples plugin offers, and knows all of it."""
    assert sorted(demo.SAMPLES) == sorted(load(False).samples)
