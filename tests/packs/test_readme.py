"""The packs' page says what the packs hold."""

from __future__ import annotations

from .write_readme import README, readme


def test_readme_is_up_to_date() -> None:
    """`metric_defs/README.md` is what the YAML files make it."""
    assert readme() == README.read_text(encoding="utf-8")
