"""What a metric is made of, down to columns and tables, and what is made of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tallymark.catalog import Catalog, Dataset, Metric
from tallymark.engine.origins import ColumnName, below_column, counted, read_by, uses
from tallymark.graph import reached
from tallymark.show.tree import Branch, tree

Kind = Literal["metric", "dataset", "column", "table"]
Direction = Literal["up", "down", "both"]

SHAPES: Mapping[Kind, tuple[str, str]] = {
    "metric": ('["', '"]'),
    "dataset": ('[("', '")]'),
    "column": ('(["', '"])'),
    "table": ('[/"', '"/]'),
}
"""How Mermaid draws each kind: a box, a drum, a pill, a sheet."""


@dataclass(frozen=True, slots=True)
class Node:
    """A metric, a dataset, a column (`dataset.column`) or a table of a source (`files: billing.csv`).

    `formula` is that of a metric, or the transform that makes a dataset; `stored` is a column's name in its table.
    """

    kind: Kind
    name: str
    label: str = field(default="", compare=False)
    formula: str = field(default="", compare=False)
    stored: str = field(default="", compare=False)
    place: str = field(default="", compare=False)

    @property
    def id(self) -> str:
        """The kind and the name: a metric and a dataset may have the same name."""
        return f"{self.kind}:{self.name}"

    def as_dict(self) -> dict[str, Any]:
        """The node as plain data, without what it does not have."""
        more = {"label": self.label, "formula": self.formula, "stored": self.stored, "place": self.place}
        return {"id": self.id, "kind": self.kind, "name": self.name} | {k: v for k, v in more.items() if v}


Edge = tuple[Node, Node]
"""What is made, and one thing it is made of."""


@dataclass(frozen=True, slots=True)
class Lineage:
    """A graph around one metric, `root`: all it is made of, and all metrics it goes into.

    A metric leads to the metrics its formula names, to the columns its formula itself reads and to their datasets; a
    dataset to its table; a computed column to the columns it is computed from.
    """

    root: Node
    edges: tuple[Edge, ...] = ()

    @property
    def nodes(self) -> tuple[Node, ...]:
        """Every node once, the metric first."""
        return tuple(dict.fromkeys([self.root, *(node for edge in self.edges for node in edge)]))

    def up(self, name: str | None = None, kind: Kind = "metric") -> tuple[Node, ...]:
        """What a node is made of, one step; of the root's unless named."""
        here = Node(kind, name) if name is not None else self.root
        return tuple(dict.fromkeys(of for made, of in self.edges if made == here))

    def down(self, name: str | None = None, kind: Kind = "metric") -> tuple[Node, ...]:
        """What a node goes into, one step; of the root's unless named."""
        here = Node(kind, name) if name is not None else self.root
        return tuple(dict.fromkeys(made for made, of in self.edges if of == here))

    def part(self, direction: Direction = "up", columns: bool = True) -> Lineage:
        """Only what lies in one direction from the root, or in both; with or without columns."""
        edges = [e for e in self.edges if columns or "column" not in (e[0].kind, e[1].kind)]
        up, down = _Steps((made, of) for made, of in edges), _Steps((of, made) for made, of in edges)
        kept = list(up.from_(self.root)) if direction != "down" else []
        if direction != "up":
            kept += [(made, of) for of, made in down.from_(self.root)]
        return Lineage(self.root, tuple(dict.fromkeys(kept)))

    def tree(self, direction: Direction = "up", columns: bool = True, width: int | None = None) -> str:
        """The lineage as lines: a node met again is named and not opened again; columns stand under their dataset."""
        shown = self.part(direction, columns)
        drawn = []
        if direction != "down":
            drawn.append(tree(_Branches(_Steps(shown.part("up").edges)).of(self.root), width))
        goes = shown.part("down").edges if direction != "up" else ()
        if goes or not drawn:
            below = _Steps((of, made) for made, of in goes)
            drawn.append(tree(_Branches(below).of(self.root), width))
        return "\ngoes into\n\n".join(drawn)

    def to_dict(self, direction: Direction = "both", columns: bool = True) -> dict[str, Any]:
        """The lineage as plain data: nodes, and edges in the direction that data flows."""
        shown = self.part(direction, columns)
        return {
            "metric": self.root.name,
            "nodes": [n.as_dict() for n in shown.nodes],
            "edges": [{"from": of.id, "to": made.id} for made, of in shown.edges],
        }

    def to_mermaid(self, direction: Direction = "up", columns: bool = True) -> str:
        """The lineage as a Mermaid flowchart, from data to metrics."""
        shown = self.part(direction, columns)
        ids = {node: f"n{i}" for i, node in enumerate(shown.nodes)}
        lines = ["flowchart LR"]
        for node, name in ids.items():
            begin, end = SHAPES[node.kind]
            said = " ".join(node.name.split()).replace("&", "#amp;").replace('"', "#quot;").replace("<", "#lt;")
            lines.append(f"  {name}{begin}{said}{end}")
        lines += [f"  {ids[of]} --> {ids[made]}" for made, of in shown.edges]
        return "\n".join(lines) + "\n"


class _Steps:
    """Steps of a graph by where they start."""

    def __init__(self, steps: Iterable[Edge]) -> None:
        self.next: dict[Node, dict[Node, None]] = {}
        for one, other in steps:
            self.next.setdefault(one, {})[other] = None

    def from_(self, root: Node) -> Iterator[Edge]:
        """Every step that can be taken from the root, breadth first."""
        seen, waiting = {root}, [root]
        for here in waiting:
            for further in self.next.get(here, {}):
                yield here, further
                if further not in seen:
                    seen.add(further)
                    waiting.append(further)


class _Branches:
    """A graph as a tree."""

    def __init__(self, steps: _Steps) -> None:
        self.steps = steps
        self.opened: set[Node] = set()

    def of(self, node: Node, under: Node | None = None) -> Branch:
        """The branch of a node; of a dataset, with the columns that the metric above it reads."""
        below = list(self.steps.next.get(node, {}))
        if node.kind == "dataset" and under is not None:
            own = [n for n in self.steps.next.get(under, {}) if _dataset_of(n) == node.name]
            return Branch(_said(node), children=tuple(self.of(n) for n in [*own, *below]), label=node.label)
        again = node in self.opened and bool(below)
        self.opened.add(node)
        direct = [n for n in below if node.kind != "metric" or n.kind != "column"]
        children = () if again else tuple(self.of(n, node) for n in direct)
        return Branch(_said(node), "", "as above" if again else "", children, _label(node))


def _dataset_of(node: Node) -> str | None:
    return node.name.split(".")[0] if node.kind == "column" else None


def _said(node: Node) -> str:
    stored = f" = {node.stored or node.formula}" if node.stored or (node.formula and node.kind == "dataset") else ""
    name = " ".join(node.name.split())
    return name if node.kind == "metric" else f"{name}{stored} ({node.kind})"


def _label(node: Node) -> str:
    return node.label if node.label != node.name else ""


# --- building --------------------------------------------------------------------------------------------------------


def lineage(catalog: Catalog, metric: Metric) -> Lineage:
    """The lineage of a metric of the catalog, or of a formula that was typed in."""
    graph = _Graph(catalog, {metric.name: metric, **catalog.metrics})
    up = reached(metric.name, lambda name: uses(graph.metrics[name]))
    for name in (metric.name, *up):
        graph.metric(name)
    users: dict[str, list[str]] = {}
    for name, other in catalog.metrics.items():
        for used in uses(other):
            users.setdefault(used, []).append(name)
    for name in (metric.name, *reached(metric.name, lambda n: users.get(n, ()))):
        graph.edges.update(dict.fromkeys((graph.node(user), graph.node(name)) for user in users.get(name, ())))
    return Lineage(graph.node(metric.name), tuple(graph.edges))


class _Graph:
    def __init__(self, catalog: Catalog, metrics: Mapping[str, Metric]) -> None:
        self.catalog = catalog
        self.metrics = metrics
        self.edges: dict[Edge, None] = {}

    def node(self, name: str) -> Node:
        """A metric's node."""
        metric = self.metrics[name]
        place = str(metric.place) if metric.place.file not in ("<none>", "<question>") else ""
        return Node("metric", name, metric.label(), " ".join(metric.formula.split()), place=place)

    def metric(self, name: str) -> None:
        """The edges of a metric: to metrics, then to datasets, then to columns."""
        metric = self.metrics[name]
        here = self.node(name)
        self._put(here, *map(self.node, uses(metric)))
        read = tuple(read_by(self.catalog, metric))
        computed = [below for column in read for below in self._computed(column)]
        behind = {d.name for dataset, _ in read for d in self._inputs(dataset)}
        further = [dataset for dataset, _ in computed if dataset not in behind]
        datasets = dict.fromkeys([*counted(metric), *(dataset for dataset, _ in read), *further])
        self._put(here, *map(self._dataset, datasets))
        self._put(here, *map(self._column, read))

    def _inputs(self, name: str) -> Iterator[Dataset]:
        """What a transform makes a dataset of, near and far: it stands under that dataset."""
        making = self.catalog.datasets[name].making
        for each in making.inputs if making is not None else ():
            yield self.catalog.datasets[each.dataset]
            yield from self._inputs(each.dataset)

    def _computed(self, column: ColumnName) -> Iterator[ColumnName]:
        """What a computed column is computed from, near and far, with the edges."""
        seen, waiting = {column}, [column]
        for here in waiting:
            for below in below_column(self.catalog, here):
                self._put(self._column(here), self._column(below))
                if below not in seen:
                    seen.add(below)
                    waiting.append(below)
                    yield below

    def _dataset(self, name: str) -> Node:
        dataset = self.catalog.datasets[name]
        place = str(dataset.place) if dataset.place.file != "<none>" else ""
        if dataset.making is not None:
            node = Node("dataset", name, formula=dataset.making.text, place=place)
            self._put(node, *(self._dataset(i.dataset) for i in dataset.making.inputs))
            return node
        node = Node("dataset", name, place=place)
        self._put(node, Node("table", f"{dataset.source}: {dataset.table.name}"))
        return node

    def _column(self, name: ColumnName) -> Node:
        column = self.catalog.datasets[name[0]].columns[name[1]]
        stored = column.stored if column.stored not in (None, name[1]) else ""
        return Node("column", ".".join(name), stored=stored or "")

    def _put(self, made: Node, *of: Node) -> None:
        self.edges.update(dict.fromkeys((made, node) for node in of))
