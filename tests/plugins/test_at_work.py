"""What fails when it is used: the fault says which plugin and what it was doing, and the rest goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import tallymark
from tallymark import Check, Format, hookimpl
from tallymark.errors import Fault, FaultError
from tallymark.hookspecs import SourceKind
from tallymark.kinds import Type
from tallymark.source import TableColumn


class Source:
    """A source of one row, that fails in one of the things it does."""

    def __init__(self, backend: Any, failing: str) -> None:
        self.backend = backend
        self.failing = failing

    def _do(self, what: str) -> None:
        if what == self.failing:
            raise ZeroDivisionError(what)

    def describe(self, table: Any) -> tuple[TableColumn, ...]:
        """One column."""
        self._do("describe")
        return (TableColumn("n", Type.INTEGER),)

    def prepare(self, table: Any) -> tuple[str, ...]:
        """One row."""
        self._do("prepare")
        with self.backend.loading() as cursor:
            cursor.execute("CREATE OR REPLACE TABLE one AS SELECT 7 AS n")
        return ("memory", "main", "one")

    def state(self, table: Any) -> Any:
        """Always the same."""
        self._do("state")
        return 1

    def notes(self, table: Any) -> tuple[str, ...]:
        """None."""
        self._do("notes")
        return ()


def module(**hooks: Callable[..., Any]) -> ModuleType:
    """A plugin with these hooks."""
    made = ModuleType("acme")
    for name, function in hooks.items():
        setattr(made, name, hookimpl(function))
    return made


def opened(folder: Path, plugin: ModuleType) -> tallymark.Book:
    """A project with a dataset of the plugin's source, and one of a file."""
    (folder / "tally.yaml").write_text(
        "sources: {theirs: {kind: acme}}\n"
        "datasets:\n  bad: {source: theirs, table: one}\n  good: {table: t.csv, columns: {n: integer}}\n"
    )
    (folder / "t.csv").write_text("n\n2\n")
    return tallymark.open(folder, plugins=[plugin], strict=False)


def of_source(failing: str) -> ModuleType:
    """A plugin whose source fails."""

    def make(definition: Any, folder: Path, embedded: Any, timezone: str) -> Source:
        if failing == "make":
            raise ZeroDivisionError(failing)
        return Source(embedded, failing)

    def reads(definition: Any, folder: Path) -> Sequence[Path]:
        if failing == "reads":
            raise ZeroDivisionError(failing)
        return ()

    return module(tally_sources=lambda: [SourceKind("acme", make, reads=reads)])


DOING = {
    "reads": "to say what it reads, as the source `theirs`",
    "make": "to begin, as the source `theirs`",
    "describe": "to describe the table `one`, as the source `theirs`",
    "prepare": "to make the table `one` ready, as the source `theirs`",
    "notes": "to tell of the table `one`, as the source `theirs`",
}


@pytest.mark.parametrize("failing", DOING)
def test_a_source_that_fails(tmp_path: Path, failing: str) -> None:
    """Whatever it does when it fails, only its own datasets cannot be asked."""
    with opened(tmp_path, of_source(failing)) as book:
        try:
            book.ask("sum(bad.n)", period="2024")
        except FaultError as error:
            faults = error.faults
        else:
            raise AssertionError("the source failed and nobody noticed")
        said = [f for f in (*faults, *book.faults) if f.code == "P700"]
        assert f"the plugin `acme` failed {DOING[failing]}" == said[0].message
        assert f"ZeroDivisionError: {failing}" == said[0].help
        assert said[0].place is not None
        assert 2 == book.ask("sum(good.n)", period="2024").value


def test_a_source_that_works(tmp_path: Path) -> None:
    """The same source without the failure is asked."""
    with opened(tmp_path, of_source("")) as book:
        assert () == book.faults
        assert 7 == book.ask("sum(bad.n)", period="2024").value


def test_what_is_no_source(tmp_path: Path) -> None:
    """A kind that makes something else is told of what that lacks."""
    with opened(tmp_path, module(tally_sources=lambda: [SourceKind("acme", lambda *_: 3)])) as book:
        (fault,) = book.faults
        assert "TypeError: what it makes is no source: it has no `backend`" == fault.help


FORMATS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "raises": (lambda answer: 1 / 0, "ZeroDivisionError: division by zero"),
    "gives bytes": (lambda answer: b"", "TypeError: it gave bytes, not str"),
    "gives nothing": (lambda answer: None, "TypeError: it gave NoneType, not str"),
}


@pytest.mark.parametrize(("write", "words"), FORMATS.values(), ids=FORMATS)
def test_a_format_that_fails(tmp_path: Path, write: Callable[[Any], Any], words: str) -> None:
    """The answer is there, and can be written in any other format."""
    plugin = module(
        tally_sources=lambda: [SourceKind("acme", lambda *_: None)],
        tally_formats=lambda: [Format("acme.text", write, "Fails.")],
    )
    with opened(tmp_path, plugin) as book:
        answer = book.ask("sum(good.n)", period="2024")
        with pytest.raises(FaultError) as caught:
            answer.to("acme.text")
        (fault,) = caught.value.faults
        assert ("P700", "the plugin `acme` failed to write the format `acme.text`") == (fault.code, fault.message)
        assert words == fault.help
        assert answer.to_csv() == answer.to("csv")


def of_check(run: Callable[[Any], Any]) -> ModuleType:
    """A plugin with a check, and one beside it that finds something."""

    def sound(catalog: Any) -> Iterator[Fault]:
        yield Fault("acme.sound", "found", severity="warning")

    checks = [Check("acme.bad", run, "Fails."), Check("acme.good", sound, "Finds.")]
    return module(tally_checks=lambda: checks, tally_sources=lambda: [SourceKind("acme", lambda *_: None)])


CHECKS: dict[str, tuple[Callable[[Any], Any], str, str]] = {
    "raises": (lambda catalog: 1 / 0, "P700", "in its check `acme.bad`"),
    "gives no faults": (lambda catalog: ["x"], "P700", "in its check `acme.bad`"),
    "gives nothing": (lambda catalog: None, "P700", "in its check `acme.bad`"),
    "a code of another": (lambda catalog: [Fault("U301", "mine")], "P717", "with the code `U301`: mine"),
    "no code": (lambda catalog: [Fault("acme.", "mine")], "P717", "with the code `acme.`: mine"),
}


@pytest.mark.parametrize(("run", "code", "words"), CHECKS.values(), ids=CHECKS)
def test_a_check_that_fails(tmp_path: Path, run: Callable[[Any], Any], code: str, words: str) -> None:
    """It is told of as its plugin's fault, and the others run."""
    with opened(tmp_path, of_check(run)) as book:
        found = {f.code: f.message for f in book.check() if f not in book.faults}
        assert {code, "acme.sound"} == set(found)
        assert words in found[code]
