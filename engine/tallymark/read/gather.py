"""All files, the project's and its packs', gathered into one set of definitions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol, TypeVar

from tallymark.definitions import (
    CheckDef,
    DatasetDef,
    Definitions,
    FunnelDef,
    MetricDef,
    NotifierDef,
    ParameterDef,
    Project,
    RuleDef,
    ScorecardDef,
    SourceDef,
    TrialDef,
)
from tallymark.errors import Fault, did_you_mean, in_order, nearest
from tallymark.given import help_for
from tallymark.place import Place
from tallymark.read.amending import Amendment, amended, amendment
from tallymark.read.check_metrics import Tables
from tallymark.read.checked import checks_and_metrics
from tallymark.read.checks import check
from tallymark.read.entries import dataset, metric
from tallymark.read.files import MAX_FILES, PROJECT_FILE, metric_files, project_file, read_file
from tallymark.read.funnels import funnel, metrics_of
from tallymark.read.parameters import parameter
from tallymark.read.rules import rule
from tallymark.read.scorecards import Around, metrics_of_card, scorecard
from tallymark.read.settings import notifier, settings, source
from tallymark.read.trials import trial
from tallymark.read.validate import FileKind, validate
from tallymark.read.values import MAX_FILE_FAULTS, Reading, entries, texts
from tallymark.units import UnitRow
from tallymark.yaml_text import Entries, Items, Scalar, Value, load

Packs = Mapping[str, Sequence[tuple[str, str]]]


class _Named(Protocol):
    """A definition: it has a name, and stands somewhere."""

    @property
    def name(self) -> str: ...
    @property
    def place(self) -> Place: ...


Made = TypeVar("Made", bound=_Named)

PACK_LANGUAGE = "en"
DEFAULT_FILES = SourceDef("files", "files", {"path": "."})
"""The source of datasets that give a `table` and no `source`, unless the project has one of that name."""


@dataclass(slots=True)
class _Shelf:
    """What files define, by kind and name, and the faults on the way."""

    faults: list[Fault] = field(default_factory=list)
    sources: dict[str, SourceDef] = field(default_factory=dict)
    notifiers: dict[str, NotifierDef] = field(default_factory=dict)
    parameters: dict[str, ParameterDef] = field(default_factory=dict)
    datasets: dict[str, DatasetDef] = field(default_factory=dict)
    metrics: dict[str, MetricDef] = field(default_factory=dict)
    funnels: dict[str, FunnelDef] = field(default_factory=dict)
    amendments: dict[str, Amendment] = field(default_factory=dict)
    """What the project says of metrics whose formula is another's."""
    scorecards: dict[str, ScorecardDef] = field(default_factory=dict)
    rules: dict[str, RuleDef] = field(default_factory=dict)
    tests: dict[str, TrialDef] = field(default_factory=dict)
    checks: dict[str, CheckDef] = field(default_factory=dict)
    units: Mapping[str, UnitRow] = field(default_factory=dict)
    """The units of plugins, which definitions may name."""

    def put(self, kind: str, into: dict[str, Made], made: Made | None) -> None:
        """Takes a definition, unless its name is taken."""
        if made is None:
            return
        first = into.setdefault(made.name, made)
        if first is not made:
            message = f"the {kind} `{made.name}` is defined twice"
            self.faults.append(Fault("R025", message, made.place, f"it is defined already at {first.place}"))

    def metric(self, key: Scalar, value: Value, reading: Reading) -> MetricDef | None:
        """The metric of an entry; an entry of the project without a formula is kept as what it says of another's."""
        found = amendment(key, value, reading) if reading.pack is None else None
        if found is None:
            return metric(key, value, reading)
        first = self.amendments.setdefault(key.text, found)
        if first is not found:
            message = f"the metric `{key.text[:60]}` is spoken of twice"
            reading.fault("R025", message, key, f"say all of it at {first.key.place()}")
        return None


def read_project(
    folder_or_file: Path, packs: Packs, units: Mapping[str, UnitRow] | None = None
) -> tuple[Definitions, list[Fault]]:
    """The project in a folder, or with that `tally.yaml`, and the faults in its files. Never raises for bad input.

    `packs` maps a pack's name to its files: the path to show, and the text. A pack is read when `packs:` names it.
    `units` are those of plugins.
    """
    path = project_file(Path(folder_or_file))
    found = read_file(path)
    shelf = _Shelf(units=units or {})
    if found.fault is not None:
        help = f"a project is a folder with a file `{PROJECT_FILE}`" if found.fault.code == "R001" else found.fault.help
        shelf.faults.append(replace(found.fault, help=help))
        return _joined(Project(folder=path.parent.as_posix()), shelf, _Shelf())
    project, root = _read_settings(shelf, found.content, found.name, path.parent.as_posix())
    for name, content in _contents(path, project, root, shelf):
        _read_definitions(shelf, content, name, project.language)
    chosen, theirs = _read_packs(project, root, packs, shelf)
    return _joined(replace(project, packs=chosen), shelf, theirs)


def read_texts(
    files: Sequence[tuple[str, str]],
    project: Project | None = None,
    packs: Packs | None = None,
    units: Mapping[str, UnitRow] | None = None,
) -> tuple[Definitions, list[Fault]]:
    """The same for texts in memory, each with the name that faults show. Never raises for bad input.

    One named `tally.yaml` holds the settings, unless `project` gives them.
    """
    shelf = _Shelf(units=units or {})
    root: Entries | None = None
    settled = project or Project()
    of_project = [] if project else [(n, t) for n, t in files if n.replace("\\", "/").split("/")[-1] == PROJECT_FILE]
    for name, content in of_project[:1]:
        settled, root = _read_settings(shelf, content, name, settled.folder)
    for name, content in files:
        if (name, content) not in of_project[:1]:
            _read_definitions(shelf, content, name, settled.language)
    chosen, theirs = _read_packs(settled, root, packs or {}, shelf)
    return _joined(replace(settled, packs=chosen), shelf, theirs)


def read_tests(files: Sequence[tuple[str, str]], pack: str) -> tuple[dict[str, TrialDef], list[Fault]]:
    """The tests of a pack, by name, from files that hold nothing else. Never raises for bad content."""
    shelf = _Shelf()
    for name, content in files:
        _read_definitions(shelf, content, name, PACK_LANGUAGE, pack)
    others: list[Any] = [
        *shelf.parameters.values(),
        *shelf.datasets.values(),
        *shelf.metrics.values(),
        *shelf.funnels.values(),
        *shelf.scorecards.values(),
        *shelf.rules.values(),
        *shelf.checks.values(),
    ]
    for made in others:
        help_ = "leave it to the pack's own files"
        shelf.faults.append(Fault("R020", f"`{made.name}` in a file of tests", made.place, help_))
    return shelf.tests, list(in_order(shelf.faults))


def _tree(shelf: _Shelf, content: str | bytes, name: str, kind: FileKind) -> Entries | None:
    """A file's mapping, its shape checked; None when it holds nothing, or something else."""
    value, faults = load(content, name)
    shelf.faults += faults
    if value is None:
        return None
    if not isinstance(value, Entries):
        what = "a list" if isinstance(value, Items) else "a text"
        help = "write `metrics:`, and below it `name: formula`" if kind == "metrics" else "write `name: …`, for example"
        shelf.faults.append(Fault("R021", f"a file holds a mapping, not {what}", value.place(), help))
        return None
    shelf.faults += validate(value, kind)
    return value


def _read_settings(shelf: _Shelf, content: str | bytes, name: str, folder: str) -> tuple[Project, Entries | None]:
    root = _tree(shelf, content, name, "project")
    if root is None:
        return Project(folder=folder, place=Place(name)), None
    reading = Reading(faults=shelf.faults, units=shelf.units)
    project = settings(root, folder, reading)
    reading.language = project.language
    _take(shelf, "source", shelf.sources, source, root.get("sources"), reading)
    _take(shelf, "notifier", shelf.notifiers, notifier, root.get("notifiers"), reading)
    _take(shelf, "parameter", shelf.parameters, parameter, root.get("parameters"), reading)
    _take(shelf, "dataset", shelf.datasets, dataset, root.get("datasets"), reading)
    return project, root


def _read_definitions(shelf: _Shelf, content: str | bytes, name: str, language: str, pack: str | None = None) -> None:
    root = _tree(shelf, content, name, "metrics")
    if root is None:
        return
    reading = Reading(language, pack, shelf.faults, shelf.units)
    _take(shelf, "parameter", shelf.parameters, parameter, root.get("parameters"), reading)
    _take(shelf, "dataset", shelf.datasets, dataset, root.get("datasets"), reading)
    _take(shelf, "metric", shelf.metrics, shelf.metric, root.get("metrics"), reading)
    _take(shelf, "funnel", shelf.funnels, funnel, root.get("funnels"), reading)
    _take(shelf, "scorecard", shelf.scorecards, scorecard, root.get("scorecards"), reading)
    _take(shelf, "rule", shelf.rules, rule, root.get("rules"), reading)
    _take(shelf, "test", shelf.tests, trial, root.get("tests"), reading)
    _take(shelf, "check", shelf.checks, check, root.get("checks"), reading)


def _take(
    shelf: _Shelf,
    kind: str,
    into: dict[str, Made],
    make: Callable[[Scalar, Value, Reading], Made | None],
    section: Value | None,
    reading: Reading,
) -> None:
    for key, value in entries(section):
        if reading.full:
            message = f"more than {MAX_FILE_FAULTS} faults in one file; the rest of it is not read"
            reading.fault("R034", message, key, "mend the first ones; they may be behind the others")
            return
        shelf.put(kind, into, make(key, value, reading))


def _contents(path: Path, project: Project, root: Entries | None, shelf: _Shelf) -> Iterator[tuple[str, bytes]]:
    """Names and bytes of the project's metric files, each file once."""
    seen = {path.resolve()}
    written = root.get("metrics") if root is not None else None
    for entry in project.metrics:
        listed = metric_files(path.parent, entry) if not Path(entry).is_absolute() else None
        if listed is None:
            if texts(written):
                shelf.faults.append(_missing(entry, written, path))
            continue
        if len(listed) >= MAX_FILES:
            message = f"`{entry}` holds {MAX_FILES:,} files or more; is it the folder meant?"
            shelf.faults.append(Fault("R028", message, _item_place(written, entry), None))
            continue
        for file in listed:
            if file.resolve() not in seen:
                seen.add(file.resolve())
                found = read_file(file)
                if found.fault is not None:
                    shelf.faults.append(found.fault)
                else:
                    yield found.name, found.content


def _missing(entry: str, written: Value | None, path: Path) -> Fault:
    place = _item_place(written, entry)
    if Path(entry).is_absolute():
        message = f"`{entry[:60]}` is not relative to the project's folder"
        return Fault("R028", message, place, "write it as seen from there")
    message = f"there is no file or folder `{entry[:60]}` in the project's folder"
    try:
        known = sorted(p.name for p in path.parent.iterdir() if p.is_dir() and not p.name.startswith("."))
    except OSError:
        known = []
    return Fault("R028", message, place, did_you_mean(entry, known) or "make it, or leave it out of `metrics:`")


def _item_place(written: Value | None, entry: str) -> Place | None:
    """Where a list has the item `entry`."""
    for item in written.items if isinstance(written, Items) else ():
        if isinstance(item, Scalar) and item.text == entry:
            return item.place()
    return written.place() if written is not None else None


def _read_packs(project: Project, root: Entries | None, packs: Packs, shelf: _Shelf) -> tuple[tuple[str, ...], _Shelf]:
    """The names of the packs that `packs:` takes, and what they define."""
    written = root.get("packs") if root is not None else None
    chosen: dict[str, None] = {}
    for name in project.packs:
        if name in packs:
            chosen[name] = None
        elif name == "all":
            chosen |= dict.fromkeys(packs)
        else:
            help = help_for(name, packs, [*packs, "all"])
            shelf.faults.append(Fault("R027", f"unknown pack `{name[:60]}`", _item_place(written, name), help))
    theirs = _Shelf(units=shelf.units)
    seen: set[tuple[str, str]] = set()
    for pack in chosen:
        for file in packs[pack]:
            # Packs may share a file; it belongs to the first that is taken.
            if file not in seen:
                seen.add(file)
                _read_definitions(theirs, file[1], file[0], PACK_LANGUAGE, pack)
    return tuple(chosen), theirs


def _joined(project: Project, own: _Shelf, theirs: _Shelf) -> tuple[Definitions, list[Fault]]:
    """The project's and the packs' definitions; of one name, the project's stands."""
    given = {name: d for name, d in theirs.datasets.items() if d.table is not None or d.transform is not None}
    canonical = {name: d for name, d in theirs.datasets.items() if name not in given and not _replaced(name, own)}
    datasets = {**given, **own.datasets}
    sources: dict[str, Any] = dict(own.sources)
    if any(d.source == DEFAULT_FILES.name for d in datasets.values()):
        sources.setdefault(DEFAULT_FILES.name, DEFAULT_FILES)
    completed = {name: _completed(p, theirs.parameters.get(name)) for name, p in own.parameters.items()}
    parameters = {**theirs.parameters, **completed}
    funnels = {**theirs.funnels, **own.funnels}
    for name in own.scorecards:
        # Of two cards of one name nothing of the pack's is left.
        theirs.scorecards.pop(name, None)
    around = Around({**theirs.datasets, **own.datasets}, theirs.datasets, {**theirs.metrics, **own.metrics})
    ours, packs = (_with_parts(shelf, around, project) for shelf in (own, theirs))
    tables = Tables(datasets, theirs.datasets)
    checks, checking = checks_and_metrics(own.checks, theirs.checks, tables, ours, own.faults)
    made = Definitions(
        project,
        sources,
        parameters,
        datasets,
        metrics=_amended({**packs, **checking, **ours}, own),
        funnels=funnels,
        scorecards={**theirs.scorecards, **own.scorecards},
        canonical=canonical,
        rules={**theirs.rules, **own.rules},
        notifiers=dict(own.notifiers),
        checks=checks,
        tests=dict(own.tests),
    )
    return made, list(in_order([*own.faults, *theirs.faults]))


def _with_parts(shelf: _Shelf, around: Around, project: Project) -> dict[str, MetricDef]:
    """The metrics of files, and those their funnels and scorecards stand for."""
    for made in shelf.funnels.values():
        for each in metrics_of(made):
            shelf.put("metric", shelf.metrics, each)
    for name, card in shelf.scorecards.items():
        shelf.scorecards[name], found, faults = metrics_of_card(card, around, project.language)
        shelf.faults += faults
        for each in found:
            shelf.put("metric", shelf.metrics, each)
    return shelf.metrics


def _amended(metrics: dict[str, MetricDef], own: _Shelf) -> dict[str, MetricDef]:
    """The metrics with what the project says of those that packs and funnels define. Of others it is a fault."""
    stepped = {name for made in own.funnels.values() for name in made.metrics}
    for name, said in own.amendments.items():
        made = metrics.get(name)
        if made is None:
            close = nearest(name, [m.name for m in metrics.values() if m.pack is not None])
            before = len(own.faults)
            metric(said.key, said.said, said.reading)
            for n, fault in enumerate(own.faults[before:], before):
                if close is not None and fault.code == "R023" and fault.place == said.key.place():
                    own.faults[n] = replace(fault, help=f"did you mean `{close}`? or {fault.help}")
        elif made.pack is None and name not in stepped:
            message = f"the metric `{name}` is defined twice"
            help_ = f"it has a formula at {made.place}: say all of it there"
            own.faults.append(Fault("R025", message, said.key.place(), help_))
        else:
            metrics[name] = amended(made, said)
    return metrics


def _replaced(name: str, own: _Shelf) -> bool:
    """Whether the project has a dataset of its own by that name that does not merely implement the pack's."""
    return name in own.datasets and own.datasets[name].implements is None


def _completed(own: ParameterDef, pack: ParameterDef | None) -> ParameterDef:
    """A project's value for a pack's parameter keeps the description that the pack gives."""
    if pack is None or own.description:
        return own
    return replace(own, description=pack.description)
