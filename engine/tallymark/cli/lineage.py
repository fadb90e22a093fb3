"""`tally lineage`: what a metric is made of, and what is made of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from tallymark.cli.opening import with_book
from tallymark.cli.session import Session, format_option, session_options

Node = tuple[str, str]
"""What it is (metric, dataset, column) and its name."""

Links = Mapping[Node, Sequence[Node]]
"""From each node to the nodes one step further."""

SHAPES = {"metric": ('["', '"]'), "dataset": ('[("', '")]'), "column": ('(["', '"])')}
"""How Mermaid draws each kind: a box, a drum, a pill."""


@click.command("lineage")
@click.argument("metric")
@click.option(
    "--direction",
    type=click.Choice(["up", "down", "both"]),
    default="up",
    show_default=True,
    help="What it is made of, what is made of it, or both.",
)
@click.option("--columns", is_flag=True, help="The columns of the datasets too.")
@format_option("tree", "json", "mermaid")
@session_options
@click.pass_obj
def lineage_command(session: Session, /, metric: str, direction: str, columns: bool, format_: str | None) -> None:
    """Show which metrics, datasets and columns a metric is made of, or which metrics it goes into."""
    lineage = with_book(session, "reading", lambda book: book.lineage(metric))
    root, up, down = _links(lineage, columns)
    wanted = {"up": (up, {}), "down": ({}, down), "both": (up, down)}[direction]
    if format_ == "json":
        click.echo(_json(root, *wanted), nl=False)
    elif format_ == "mermaid":
        click.echo(mermaid(root, *wanted), nl=False)
    else:
        _print_trees(root, *wanted)


def _links(lineage: Any, columns: bool) -> tuple[Node, Links, Links]:
    """The metric, and the steps to what it is made of and to what is made of it. Columns stand for their datasets."""
    up: dict[Node, list[Node]] = {}
    down: dict[Node, list[Node]] = {}
    for made, of in lineage.edges:
        one, other = ((n.kind, n.name) for n in (made, of))
        if columns or other[0] != "column":
            up.setdefault(one, []).append(other)
            down.setdefault(other, []).append(one)
    return (lineage.root.kind, lineage.root.name), up, down


def _print_trees(root: Node, up: Links, down: Links) -> None:
    from tallymark.show.tree import tree

    click.echo(tree(_branch(root, up)), nl=False)
    if down:
        click.echo("\ngoes into\n")
        click.echo(tree(_branch(root, down)), nl=False)


def _branch(root: Node, links: Links) -> Any:
    """A tree of the graph: a node met again is named, and not opened again."""
    from tallymark.show.tree import Branch

    opened: set[Node] = set()

    def grow(node: Node) -> Branch:
        below = links.get(node, ())
        again = node in opened and bool(below)
        opened.add(node)
        children = () if again else tuple(grow(n) for n in below)
        kind = "" if node[0] == "metric" else f" ({node[0]})"
        return Branch(f"{node[1]}{kind}", "", "as above" if again else "", children)

    return grow(root)


def _reached(root: Node, links: Links) -> list[tuple[Node, Node]]:
    """Every step of the graph that can be taken from the root, breadth first."""
    steps, seen, waiting = [], {root}, [root]
    while waiting:
        here = waiting.pop(0)
        for further in links.get(here, ()):
            steps.append((here, further))
            if further not in seen:
                seen.add(further)
                waiting.append(further)
    return steps


def _edges(root: Node, up: Links, down: Links) -> list[tuple[Node, Node]]:
    """All steps, each from what is made to what it is made of."""
    return _reached(root, up) + [(of, made) for made, of in _reached(root, down)]


def _json(root: Node, up: Links, down: Links) -> str:
    from tallymark.show.raw import json_text

    edges = _edges(root, up, down)
    nodes = dict.fromkeys([root, *(node for edge in edges for node in edge)])
    data = {
        "metric": root[1],
        "nodes": [{"kind": kind, "name": name} for kind, name in nodes],
        "edges": [{"metric": made[1], "of": {"kind": of[0], "name": of[1]}} for made, of in edges],
    }
    return json_text(data) + "\n"


def mermaid(root: Node, up: Links, down: Links) -> str:
    """The graph as a Mermaid flowchart, from data to metrics."""
    edges = _edges(root, up, down)
    nodes = list(dict.fromkeys([root, *(node for edge in edges for node in edge)]))
    names = {node: f"n{i}" for i, node in enumerate(nodes)}
    lines = ["flowchart LR"]
    for node, name in names.items():
        begin, end = SHAPES[node[0]]
        said = node[1].replace('"', "#quot;")
        lines.append(f"  {name}{begin}{said}{end}")
    lines += [f"  {names[of]} --> {names[made]}" for made, of in edges]
    return "\n".join(lines) + "\n"
