"""What a YAML parser's complaints say in our words, and what helps."""

from __future__ import annotations

_COMPLAINTS = (
    (
        ("mapping values are not allowed",),
        "a second `: ` in one value",
        "quote a value that holds `: `; or this line is indented further than the one above",
    ),
    (
        ("did not find expected key", "expected <block end>", "did not find expected '-'"),
        "this does not fit what stands above it",
        "check the indentation; and when a value begins with a quote, quote the whole of it",
    ),
    (
        ("could not find expected ':'",),
        "a key without `:` after it",
        "write `key: value`; continue a long value further to the right than its key",
    ),
    (
        ("unexpected end of stream",),
        "a quote that is never closed",
        "close it",
    ),
    (
        ("expected ',' or ']'", "expected ',' or '}'"),
        "a `[` or `{` that is never closed",
        "close it; and quote a value that holds any of `[ ] { } ,`",
    ),
    (
        ("block sequence entries are not allowed", "sequence entries are not allowed"),
        "a list cannot begin here",
        "write `- ` on a line of its own, or quote a value that begins with it",
    ),
    (
        ("expected alphabetic or numeric character", "comment or a line break", "comment or line break", "chomping"),
        "a value cannot begin like this",
        "quote it",
    ),
    (
        ("<document start>",),
        "nothing more can follow here",
        "check the indentation",
    ),
)
"""What the parser says, what we say, and the help."""


_CALL = 'quote the whole call: `transform: "sessionize(events, gap: 30 minutes, per user)"`'


def explained(problem: str, character: str, line: str = "") -> tuple[str, str | None, bool]:
    """The message and the help for the parser's `problem`, met at `character` of `line`.

    The last part says whether the fault is best shown where the value began, rather than where the parser gave up.
    """
    if "cannot start any token" in problem:
        if character == "\t":
            return "a tab in the indentation", "indent with spaces", False
        return f"a value cannot begin with `{character}`", "quote it", False
    for known, message, help in _COMPLAINTS:
        if any(k in problem for k in known):
            if "transform:" in line and "(" in line:
                return message, _CALL, False
            return message, help, "never closed" in message or "without" in message
    return f"this is not YAML: {problem}", None, False
