"""`plugins/HOOKS.md` tells every hook as it is, and its examples work."""

from __future__ import annotations

import inspect
import os
import re

import pytest

import tallymark
from tallymark.hookspecs import Hooks
from tallymark.plugins import State, load
from tallymark.plugins.collecting import SHELVES

from . import hooks_page

HOOKS = [name for name in vars(Hooks) if name.startswith("tally_")]


def test_every_hook_is_collected() -> None:
    """No hook is specified and then forgotten."""
    assert HOOKS == [shelf.hook for shelf in SHELVES]


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_is_told(hook: str) -> None:
    """Its heading has its arguments and what it gives, and below stands its one sentence."""
    made = getattr(Hooks, hook)
    sentence = inspect.getdoc(made)
    assert sentence is not None
    assert re.fullmatch(r"Gives [^.]+\.", sentence)
    arguments = [name for name in inspect.signature(made).parameters if name != "self"]
    heading = f"### `{hook}({', '.join(arguments)}) -> {made.__annotations__['return']}`"
    assert f"{heading}\n\n{sentence}\n" in hooks_page.text()


def test_the_types_are_told_as_they_are() -> None:
    """The section on types is made of their docstrings and fields; REWRITE_REFERENCE=1 makes it anew."""
    page = hooks_page.text()
    written = page[page.index("### `PluginInfo`") :]
    if os.environ.get("REWRITE_REFERENCE"):
        hooks_page.PAGE.write_text(page.replace(written, hooks_page.types()), encoding="utf-8")
    else:
        assert hooks_page.types().splitlines() == written.splitlines()


def test_every_type_is_handed_on() -> None:
    """What the page says can be imported from `tallymark` can."""
    named = [made.__name__ for made in hooks_page.TYPES]
    assert named == [getattr(tallymark, name).__name__ for name in named]


def test_the_examples_are_one_plugin() -> None:
    """Together they are a plugin for this version, that gives something for every hook and is at fault in nothing."""
    plugins = load(False, [hooks_page.plugin()])
    assert [] == plugins.faults
    acme = plugins.found[-1]
    assert (State.LOADED, "acme", "1.2") == (acme.state, acme.name, acme.version)
    assert HOOKS == list(dict.fromkeys(gift.hook for gift in acme.gives))
