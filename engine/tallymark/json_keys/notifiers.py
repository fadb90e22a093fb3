"""The keys of notifiers."""

from __future__ import annotations

from collections.abc import Mapping

from tallymark.definitions import NotifierDef
from tallymark.json_keys.shapes import LANGUAGE, Key, Kinds, Schema, mapping_of

_NOTIFIER: Mapping[str, Key] = {
    "kind": Key(
        "How it tells: `slack`, `email`, `webhook` or a plugin's kind. The other keys are that kind's options.",
        "stdout",
    ),
    "default": Key("Whether it is told what rules tell that name no notifier.", True),
    "language": Key("The language of what it is told, where it is not the project's.", "fr", LANGUAGE),
}

KEYS: Kinds = {
    "notifier": (NotifierDef, _NOTIFIER, frozenset({"name", "options", "place", "places"})),
}

SECTIONS: Mapping[str, Schema] = {
    "notifiers": mapping_of("notifier", "a mapping of notifiers")
    | {
        "description": "Where notifications go to.",
        "examples": [{"team": {"kind": "slack", "url": "env:SLACK_URL"}}],
    },
}
