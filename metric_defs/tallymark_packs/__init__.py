"""The standard metric packs: canonical datasets and the metrics on them, in YAML, a subject a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.resources import files

from tallymark import hookimpl

CONTENTS = {
    "core": ("datasets",),
    "revenue": ("datasets", "subscribers", "recurring", "retention", "value"),
    "voice": ("datasets", "voice"),
    "feedback": ("datasets", "feedback"),
    "support": ("datasets", "support"),
    "usage": ("datasets", "subscribers", "usage"),
    "funnel": ("datasets", "funnel"),
    "commerce": ("datasets", "commerce"),
}
"""The files of each pack, without `.yaml`. Packs share files, so that each stands alone."""


def packs() -> dict[str, list[tuple[str, str]]]:
    """Every pack's name with its files: the path to show in faults, and the text.

    A file shared by several packs comes with the same path and text in each.
    """
    subjects = dict.fromkeys(name for names in CONTENTS.values() for name in names)
    texts = {name: _file(name) for name in subjects}
    return {pack: [texts[name] for name in names] for pack, names in CONTENTS.items()}


def _file(name: str) -> tuple[str, str]:
    path = files(__name__) / f"{name}.yaml"
    return f"tallymark_packs/{name}.yaml", path.read_text(encoding="utf-8")


@hookimpl
def tally_packs() -> Mapping[str, Sequence[tuple[str, str]]]:
    """Every standard pack."""
    return packs()
