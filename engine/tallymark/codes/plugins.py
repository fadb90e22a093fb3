"""Codes of the family P, plugins: what they are, give and break, and packages that are missing."""

from __future__ import annotations

CODES = {
    "P700": "a plugin that broke its promise",
    "P701": "a plugin that could not be loaded or failed",
    "P702": "a name that is given twice",
    "P704": "a plugin whose name, version range or description of itself is not sound",
    "P705": "a plugin that is written for another version of the plugin API",
    "P706": "something that a plugin gives and that cannot be taken",
    "P708": "a deprecated hook or field",
    "P710": "a hook that there is not, or that is not marked",
    "P711": "the name of a plugin that is not installed",
    "P712": "a plugin named in `tally.yaml` that cannot be loaded",
    "P714": "an unknown format",
    "P715": "a plugin asked for that is not installed",
    "P716": "something a plugin gives that does not work when it is tried",
    "P717": "a check whose codes are not its plugin's own",
    "P718": "options whose JSON Schema is none",
    "P761": "a model, written in Python, that failed",
    "P762": "a model, written in Python, that gave something else than it declares",
    "P763": "a model, written in Python, for rows that are not in the embedded database",
    "P764": "a language that answers cannot be told to be in",
    "P790": "a package that is not installed",
    "P791": "a sample that no plugin gives",
    "P792": "a folder for a new plugin that is there already",
    "P793": "a name that no plugin can have",
}
