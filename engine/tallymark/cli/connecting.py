"""What `tally init --from KIND` writes: the sources, and the definitions that their kinds of source know."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tallymark.cli.guessing import slug
from tallymark.errors import Fault, FaultError, did_you_mean

if TYPE_CHECKING:
    from tallymark.hookspecs import SourceKind, Starter
    from tallymark.plugins import Plugins


@dataclass(frozen=True, slots=True)
class Connected:
    """A source of a new project: its name, its kind, and what the kind says a project needs.

    `definitions` are the kind's, without the datasets that a source before it gives already.
    """

    name: str
    kind: str
    starter: Starter
    definitions: str

    @property
    def options(self) -> str:
        """The source as lines of `sources:` in tally.yaml."""
        lines = [f"  {self.name}:", f"    kind: {self.kind}"]
        lines += [
            f"    {line}" if line.strip() else "" for line in self.starter.options.strip("\n").split("\n") if line
        ]
        return "\n".join(lines) + "\n"

    @property
    def file(self) -> str:
        """Where its definitions go, in the project."""
        return f"metrics/{self.name}.yaml"


def connected(plugins: Plugins, wanted: Sequence[str]) -> tuple[Connected, ...]:
    """The sources for `KIND` or `NAME=KIND`, in the order given. Raises FaultError (D431, D434)."""
    found: list[Connected] = []
    implemented: set[str] = set()
    for text in wanted:
        called, sign, kind = text.partition("=")
        starter, name = _starter(plugins, kind if sign else called), slug(called, [c.name for c in found])
        made = starter(name)
        found.append(Connected(name, kind if sign else called, made, without(made.definitions, implemented)))
        implemented |= {given for given, _ in _datasets(made.definitions) if given is not None}
    return tuple(found)


def _starter(plugins: Plugins, kind: str) -> Callable[[str], Starter]:
    known: dict[str, SourceKind] = {name: k for name, k in plugins.sources.items() if k.starter is not None}
    if kind not in plugins.sources:
        message = f"no plugin gives sources of the kind `{kind}`"
        raise FaultError(Fault("D431", message, help=did_you_mean(kind, known) or _listed(known)))
    if kind not in known:
        message = f"sources of the kind `{kind}` do not say how a project starts from them"
        raise FaultError(Fault("D434", message, help=_listed(known)))
    starter = known[kind].starter
    assert starter is not None
    return starter


def _listed(known: Iterable[str]) -> str:
    return f"these do: {', '.join(sorted(known))}" if known else "none does"


def without(definitions: str, implemented: set[str]) -> str:
    """The definitions, less the datasets that implement one of `implemented`, comments above them included."""
    lines = definitions.splitlines(keepends=True)
    drop: set[int] = set()
    for given, rows in _datasets(definitions):
        if given in implemented:
            drop |= set(rows)
    return "".join(line for number, line in enumerate(lines) if number not in drop)


def _datasets(definitions: str) -> list[tuple[str | None, range]]:
    """For each dataset, which canonical one it implements, and its lines with the comments above it."""
    import yaml

    root = yaml.compose(definitions, Loader=yaml.SafeLoader)
    below = root.value if isinstance(root, yaml.MappingNode) else []
    own = next((value for key, value in below if key.value == "datasets"), None)
    if not isinstance(own, yaml.MappingNode):
        return []
    lines = definitions.splitlines()
    starts = [_above(lines, key.start_mark.line) for key, _ in own.value]
    after = [key.start_mark.line for key, _ in below if key.start_mark.line > own.value[-1][0].start_mark.line]
    ends = [*starts[1:], _above(lines, after[0]) if after else len(lines)]
    found = []
    for (_, value), start, end in zip(own.value, starts, ends, strict=True):
        said = {key.value: item.value for key, item in value.value} if isinstance(value, yaml.MappingNode) else {}
        found.append((said.get("implements"), range(start, end)))
    return found


def _above(lines: Sequence[str], row: int) -> int:
    """The first of the comment lines that stand directly above a row."""
    while row > 0 and lines[row - 1].lstrip().startswith("#"):
        row -= 1
    return row
