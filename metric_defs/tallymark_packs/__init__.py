"""The standard metric packs: canonical datasets and the metrics on them, in YAML, a subject a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib.resources import files

from tallymark import hookimpl

CONTENTS = {
    "core": ("datasets",),
    "revenue": ("datasets", "subscribers", "recurring", "retention", "value"),
    "voice": ("datasets", "voice"),
    "feedback": ("datasets", "feedback"),
    "support": ("datasets", "support"),
    "usage": ("datasets", "subscribers", "usage"),
    "health": ("datasets", "subscribers", "usage", "voice", "health"),
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


def trials_of(pack: str) -> list[tuple[str, str]]:
    """The files of a pack's tests: one for each of its files of metrics, the path to show in faults, and the text."""
    folder = files(__name__) / "tests"
    named = [f"{name}.yaml" for name in CONTENTS[pack]]
    return [
        (f"tallymark_packs/tests/{name}", (folder / name).read_text(encoding="utf-8"))
        for name in named
        if (folder / name).is_file()
    ]


@hookimpl
def tally_tests() -> Mapping[str, Callable[[], Sequence[tuple[str, str]]]]:
    """The tests of every standard pack."""
    return {pack: partial(trials_of, pack) for pack in CONTENTS}
