"""The packs' page says what the packs hold."""

from __future__ import annotations

from .figures import entries
from .write_readme import README, readme


def test_readme_is_up_to_date() -> None:
    """`metric_defs/README.md` is what the YAML files make it."""
    assert readme() == README.read_text(encoding="utf-8")


def test_checks_of_packs_are_warnings() -> None:
    """A pack's check tells, and stops nothing, as the page says: each is a warning."""
    assert {"warning"} == {said["severity"] for said in entries("checks").values()}
