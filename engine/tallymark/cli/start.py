"""`tally init`: a new project, with datasets for the data files at hand."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import click

from tallymark.cli.connecting import Connected, connected
from tallymark.cli.describing import columns_of
from tallymark.cli.first_test import first_test
from tallymark.cli.guessing import Found, datasets, slug
from tallymark.cli.opening import FILE
from tallymark.cli.running import work
from tallymark.cli.session import Session, session_options
from tallymark.errors import Fault, FaultError

SUFFIXES = (".csv", ".tsv", ".parquet", ".json", ".jsonl", ".ndjson")
PACKED = (".gz", ".zst")
HEAD = {
    FILE: "# The project's settings. `tally schema project` says what else may stand here.",
    "metrics/datasets.yaml": (
        "# The tables, as found in the files. Keys, times, references and units are guessed: correct them."
    ),
    "metrics/metrics.yaml": (
        "# The metrics. `tally functions` lists what formulas can say; `tally check` finds mistakes."
    ),
    "metrics/tests.yaml": "# What the metrics mean, by rows and figures made up for it: `tally test` runs them.",
}


@dataclass(frozen=True, slots=True)
class Settings:
    """What a new project is told."""

    name: str
    currency: str = "USD"
    timezone: str = "UTC"
    language: str = "en"
    packs: tuple[str, ...] = ()
    data: tuple[Path, ...] = ()
    sources: tuple[Connected, ...] = ()


@click.command("init")
@click.argument("folder", metavar="[DIR]", type=click.Path(path_type=Path, file_okay=False), default=".")
@click.option("--name", help="What the project is called. [default: the folder's name]")
@click.option("--currency", metavar="CODE", help="The currency of amounts, as EUR. [default: USD]")
@click.option("--timezone", metavar="ZONE", help="Where days begin and end, as Europe/Paris. [default: UTC]")
@click.option("--language", metavar="CODE", help="The language of labels and numbers: en, fr, ro… [default: en]")
@click.option("--pack", "packs", multiple=True, metavar="PACK", help="Take a pack of standard metrics, or `all`.")
@click.option(
    "--data",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Make a dataset of a file; repeat. [default: the data files in DIR and DIR/data]",
)
@click.option(
    "--from",
    "kinds",
    multiple=True,
    metavar="[NAME=]KIND",
    help="Connect a source, as stripe or zendesk, with its datasets and packs; repeat.",
)
@click.option("--yes", is_flag=True, help="Ask nothing, take the defaults.")
@session_options
@click.pass_obj
def init_command(session: Session, /, folder: Path, yes: bool, kinds: tuple[str, ...], **given: Any) -> None:
    """Start a project in DIR (here, unless said): tally.yaml, datasets from data files, a metric for each, and a test.

    With --from, its data comes from a service: `tally sync` fetches it, and the metrics of its packs have an answer.
    Asks when it runs on a terminal and --yes is not given. Never writes over a file.
    """
    folder = folder.resolve()
    _refuse_to_overwrite(folder)
    settings = _settings(folder, given, _sources_of(session, kinds))
    if sys.stdin.isatty() and not yes:
        settings = _asked(settings, given)
    found = work("reading the data files", lambda: _found(folder, settings.data))
    written = _write(folder, settings, found)
    for path in written:
        click.echo(f"wrote {path.relative_to(folder)}")
    where = [] if folder == Path.cwd() else [f"cd {folder}"]
    click.echo("\n".join(["", "Next:", *(f"  {step}" for step in [*where, *_steps(settings, found)])]))


def _sources_of(session: Session, kinds: tuple[str, ...]) -> tuple[Connected, ...]:
    if not kinds:
        return ()
    from tallymark.plugins import load

    return connected(load(session.plugins), kinds)


def _steps(settings: Settings, found: list[Found]) -> list[str]:
    """The commands that lead to a first answer; secrets are set before anything is fetched."""
    if not settings.sources:
        return ["tally check", *(["tally test"] if found else []), _first_question(found)]
    blanks = {source.name: " and ".join(f"`{o}`" for o in source.starter.fill) for source in settings.sources}
    edits = [f"edit {FILE}: {options} of `{name}`" for name, options in blanks.items() if options]
    secrets = {name: what for source in settings.sources for name, what in source.starter.secrets.items()}
    exports = [line for name, what in secrets.items() for line in (f"# {what}", f"export {name}=…")]
    tested = ["tally test"] if any("\ntests:" in source.starter.definitions for source in settings.sources) else []
    return [*tested, *edits, *exports, "tally sync", "tally check", "tally list"]


def _first_question(found: list[Found]) -> str:
    """A question that has an answer: of rows with a time, else over a range."""
    timed = [f.name for f in found if any(type_.temporal for _, type_ in f.columns)]
    if timed:
        return f"tally ask {timed[0]}_count --grain month"
    return f"tally ask {found[0].name}_count --period {date.today().year}" if found else "tally list --all"


def _settings(folder: Path, given: dict[str, Any], sources: tuple[Connected, ...]) -> Settings:
    said = {k: v for k, v in given.items() if v}
    settings = Settings(**({"name": folder.name or "project"} | said), sources=sources)
    packs = dict.fromkeys([*settings.packs, *(pack for source in sources for pack in source.starter.packs)])
    settings = replace(settings, packs=("all",) if "all" in packs else tuple(packs))
    return settings if settings.data or sources else replace(settings, data=tuple(_data_files(folder)))


def _asked(settings: Settings, given: dict[str, Any]) -> Settings:
    """The settings, each that was not given asked for."""
    asked: dict[str, Any] = {}
    questions = {"name": "Name", "currency": "Currency", "timezone": "Time zone", "language": "Language"}
    for field, question in questions.items():
        if not given[field]:
            asked[field] = click.prompt(question, default=getattr(settings, field), err=True)
    if settings.data and not given["data"]:
        shown = ", ".join(p.name for p in settings.data)
        if not click.confirm(f"Make datasets of {shown}?", default=True, err=True):
            asked["data"] = ()
    return replace(settings, **asked)


def _data_files(folder: Path) -> Iterable[Path]:
    places = [p for p in (folder, folder / "data") if p.is_dir()]
    for path in sorted(path for place in places for path in place.iterdir()):
        if path.is_file() and not path.name.startswith(".") and _stem(path) is not None:
            yield path


def _stem(path: Path) -> str | None:
    """The name without its endings; None for what is no data file."""
    name = path.name
    for packed in PACKED:
        name = name.removesuffix(packed)
    kind = Path(name).suffix.lower()
    return Path(name).stem if kind in SUFFIXES else None


def _refuse_to_overwrite(folder: Path) -> None:
    there = [name for name in HEAD if (folder / name).exists()]
    if there:
        message = f"there is a {there[0]} in {folder} already"
        raise FaultError(Fault("R091", message, help="change that project, or start one in another folder"))


def _found(folder: Path, files: tuple[Path, ...]) -> list[Found]:
    """The files as datasets-to-be. Raises FaultError with the faults of all files that cannot be read."""
    found: list[Found] = []
    faults: list[Fault] = []
    sources = _sources(folder, files)
    for path in (file.resolve() for file in files):
        source = sources.get(path.parent)
        name = slug(_stem(path) or path.stem, [f.name for f in found])
        table = path.name if source else path.relative_to(folder).as_posix()
        try:
            columns, written = columns_of(path)
            found.append(Found(name, table, columns, source, written))
        except FaultError as error:
            faults += error.faults
    if faults:
        raise FaultError(faults)
    return found


def _sources(folder: Path, files: tuple[Path, ...]) -> dict[Path, str]:
    """A source's name for each folder outside the project's that has a file."""
    sources: dict[Path, str] = {}
    for path in (file.resolve() for file in files):
        if not path.is_relative_to(folder) and path.parent not in sources:
            sources[path.parent] = slug(path.parent.name, ("files", *sources.values()))
    return sources


def _write(folder: Path, settings: Settings, found: list[Found]) -> list[Path]:
    files = {FILE: _project_text(folder, settings)}
    files |= {source.file: source.definitions for source in settings.sources}
    if found:
        guessed = datasets(found)
        files["metrics/datasets.yaml"] = _yaml({"datasets": guessed})
    if found or not settings.sources:
        files["metrics/metrics.yaml"] = _yaml({"metrics": {f"{f.name}_count": _first_metric(f) for f in found}})
    if found:
        files["metrics/tests.yaml"] = _yaml({"tests": first_test(guessed)})
    try:
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            head = f"{HEAD[name]}\n" if name in HEAD else ""
            path.write_text(head + content, encoding="utf-8")
    except OSError as error:
        raise FaultError(Fault("R092", f"cannot write the project: {error.strerror or error}")) from error
    return [folder / name for name in files]


def _project_text(folder: Path, settings: Settings) -> str:
    """The text of tally.yaml; connected sources come last, with the comments of their kinds."""
    text = _yaml(_project(folder, settings))
    if not settings.sources:
        return text
    return text + ("" if "sources:" in text else "sources:\n") + "".join(s.options for s in settings.sources)


def _project(folder: Path, settings: Settings) -> dict[str, Any]:
    made: dict[str, Any] = {
        "name": settings.name,
        "currency": settings.currency.upper(),
        "timezone": settings.timezone,
        "language": settings.language.lower(),
    }
    if settings.packs:
        made["packs"] = list(settings.packs)
    places = {"files": ".", **{name: str(path) for path, name in _sources(folder, settings.data).items()}}
    if settings.sources and not settings.data:
        return made
    return made | {"sources": {name: {"kind": "files", "path": path} for name, path in places.items()}}


def _first_metric(found: Found) -> dict[str, str]:
    return {"formula": f"count({found.name})", "unit": "count", "label": f"Number of {found.name.replace('_', ' ')}"}


def _yaml(content: Any) -> str:
    import yaml

    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=110)
