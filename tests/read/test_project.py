"""A project's folder and its packs, read as one."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from tallymark.definitions import ConvertDef, Definitions, Project, RatesDef
from tallymark.errors import Fault
from tallymark.formula.nodes import Duration
from tallymark.read import read_project, read_texts

PACKS = {
    "revenue": [
        ("packs/shared.yaml", "datasets: {orders: {key: id}, plans: {key: id}}"),
        ("packs/r.yaml", "metrics: {a: 1, b: 2}"),
    ],
    "support": [
        ("packs/shared.yaml", "datasets: {orders: {key: id}, plans: {key: id}}"),
        ("packs/s.yaml", "metrics: {c: 3}"),
    ],
}


def make(folder: Path, **files: str) -> Path:
    """A project's folder with these files; `__` in a name is a slash, and `tally` is `tally.yaml`."""
    for name, text in files.items():
        path = folder / (name.replace("__", "/") + ".yaml")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def told(faults: list[Fault]) -> list[tuple[str, str]]:
    """The code and the place of each fault."""
    return [(f.code, f"{f.place}") for f in faults]


def sound(result: tuple[Definitions, list[Fault]]) -> Definitions:
    """The definitions of a project without faults."""
    made, faults = result
    assert [] == [str(f) for f in faults]
    return made


def test_every_setting_is_read(tmp_path: Path) -> None:
    """A `tally.yaml` written in full has all of its settings."""
    text = """
name: Acme
currency: EUR
timezone: Europe/Paris
week_start: sunday
fiscal_year_start: april
as_of: 2024-12-31
partial: drop
language: fr
locale: fr_FR
packs: [revenue]
metrics: [metrics, more.yaml]
min_count: 7
limits: {cells: 5000, fetched_rows: 900}
rates: {dataset: fx, from: base, to: quote, rate: mid, at: day, base: USD, max_age: 2 weeks, missing: null}
convert: {fixed: 2024-01-31}
"""
    found = sound(read_project(make(tmp_path, tally=text, metrics__m="", more="metrics: {a: 1}"), PACKS)).project
    expected = Project(
        "Acme", tmp_path.as_posix(), "EUR", found.rates, found.convert, "Europe/Paris", "sunday", 4, "2024-12-31", "drop",
        "fr", "fr_FR", ("revenue",), ("metrics", "more.yaml"), 7, 5000, found.place, fetched_rows=900,
    )  # fmt: skip
    assert expected == found
    assert found.rates is not None
    assert found.convert is not None
    assert RatesDef("fx", "quote", "mid", "day", "base", "USD", 14, "null", found.rates.place) == found.rates
    assert ConvertDef("fixed", date(2024, 1, 31), found.convert.place) == found.convert


@pytest.mark.parametrize(
    ("code", "under", "written"),
    [
        ("R023", "{dataset: fx, to: quote}", "rates: {dataset: fx, to: quote}"),
        ("R020", "form", "rates: {dataset: fx, form: a, to: quote, rate: r, at: d}"),
        ("R021", "fx", "rates: fx"),
        ("R022", "a week", "rates: {dataset: fx, to: quote, rate: r, at: d, max_age: a week}"),
        ("R021", "7", "rates: {dataset: fx, to: quote, rate: r, at: d, max_age: 7}"),
        ("R022", "eur", "rates: {dataset: fx, to: quote, rate: r, at: d, base: eur}"),
        ("R022", "zero", "rates: {dataset: fx, to: quote, rate: r, at: d, missing: zero}"),
        ("R022", "at_start", "convert: at_start"),
        ("R020", "fix", "convert: {fix: 2024-01-01}"),
        ("R022", "tomorrow", "convert: {fixed: tomorrow}"),
        ("R044", "{fixed: 2024-02-30}", "convert: {fixed: 2024-02-30}"),
    ],
)
def test_rates_and_rules_are_checked(code: str, under: str, written: str) -> None:
    """What `rates:` and `convert:` do not take is a fault under the caret, and counts as left out."""
    made, faults = read_texts([("tally.yaml", written)])
    assert [(code, under)] == [(f.code, f.place.text[f.place.column - 1 :][: f.place.width]) for f in faults if f.place]
    assert made.project.convert is None
    assert made.project.rates is None or made.project.rates.base is None


def test_an_empty_project_has_the_usual_settings(tmp_path: Path) -> None:
    """An empty `tally.yaml` is a project; a missing folder `metrics` that it does not name is no fault."""
    found = sound(read_project(make(tmp_path, tally=""), {})).project
    assert Project(folder=tmp_path.as_posix(), place=found.place) == found


@pytest.mark.parametrize(("expected", "month"), [(1, "1"), (12, "12"), (1, "january"), (12, "december")])
def test_the_month_is_a_number_or_a_name(expected: int, month: str) -> None:
    """The fiscal year begins in a month by number or by name."""
    made = sound(read_texts([("tally.yaml", f"fiscal_year_start: {month}")]))
    assert expected == made.project.fiscal_year_start


def test_sources_keep_their_options() -> None:
    """A source has its kind, and all else as plain data."""
    text = "sources: {w: {kind: warehouse, port: 5432, ratio: 0.5, ssl: true, password: 'env:PW', tables: [a, {b: c}]}}"
    (source,) = sound(read_texts([("tally.yaml", text)])).sources.values()
    expected = {"port": 5432, "ratio": 0.5, "ssl": True, "password": "env:PW", "tables": ["a", {"b": "c"}]}
    assert ("w", "warehouse", expected) == (source.name, source.kind, source.options)


def test_all_files_below_the_folders_are_read_in_order(tmp_path: Path) -> None:
    """Folders are read with all below them, sorted, each file once; other files and hidden ones are not."""
    make(
        tmp_path,
        tally="metrics: [metrics, metrics/deep, .]",
        metrics__b="metrics: {b: 1}",
        metrics__a="metrics: {a: 1}",
    )
    make(tmp_path, metrics__deep__c="metrics: {c: 1}", hidden__no="metrics: {d: 1}", metrics__deep__bad="- not\n- this")
    (tmp_path / "hidden").rename(tmp_path / ".hidden")
    (tmp_path / "metrics/deep/bad.yaml").rename(tmp_path / "metrics/deep/notes.txt")
    (tmp_path / "metrics/e.yml").write_text("metrics: {e: 1}")
    made = sound(read_project(tmp_path, {}))
    assert ["a", "b", "c", "e"] == list(made.metrics)


def test_the_project_may_be_named_by_its_file(tmp_path: Path) -> None:
    """A path to `tally.yaml` is as good as its folder's."""
    make(tmp_path, tally="name: Acme", metrics__m="metrics: {a: 1}")
    assert sound(read_project(tmp_path, {})) == sound(read_project(tmp_path / "tally.yaml", {}))


def test_faults_name_files_as_the_caller_would(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file of a fault is the given folder and the path below it."""
    make(tmp_path, demo__tally="name: Acme", demo__metrics__m="metrics: {a: }")
    monkeypatch.chdir(tmp_path)
    assert [("R026", "demo/metrics/m.yaml:1:14")] == told(read_project(Path("demo"), {})[1])
    monkeypatch.chdir(tmp_path / "demo")
    assert [("R026", "metrics/m.yaml:1:14")] == told(read_project(Path("."), {})[1])


def test_what_is_not_there_is_a_fault(tmp_path: Path) -> None:
    """A missing project, a missing folder, an absolute path and a folder in a file's place are coded faults."""
    file = (tmp_path / "tally.yaml").as_posix()
    assert [("R001", f"{file}:1:1")] == told(read_project(tmp_path, {})[1])
    make(tmp_path, tally="metrics: [metrics, metricz, /etc]", metrics__m="")
    faults = read_project(tmp_path, {})[1]
    assert [("R028", f"{file}:1:20"), ("R028", f"{file}:1:29")] == told(faults)
    assert "`metrics`" in str(faults[0].help)
    (tmp_path / "metrics/dir.yaml").mkdir()
    assert ["R028", "R028"] == [f.code for f in read_project(tmp_path, {})[1]]
    (tmp_path / "tally.yaml").unlink()
    (tmp_path / "tally.yaml").mkdir()
    assert ["R001"] == [f.code for f in read_project(tmp_path, {})[1]]


def test_unreadable_content_is_a_fault_of_its_file(tmp_path: Path) -> None:
    """Bytes that are no UTF-8 and files too large are told, and the other files are read."""
    make(tmp_path, tally="", metrics__a="metrics: {a: 1}")
    (tmp_path / "metrics/b.yaml").write_bytes(b"metrics: {b: '\xe9'}")
    (tmp_path / "metrics/c.yaml").write_bytes(b"#" * 1_000_001)
    made, faults = read_project(tmp_path, {})
    assert ["R003", "R002"] == [f.code for f in faults]
    assert ["a"] == list(made.metrics)


@pytest.mark.parametrize(
    ("chosen", "metrics", "written"),
    [
        ((), [], "name: x"),
        (("revenue",), ["a", "b"], "packs: [revenue]"),
        (("revenue",), ["a", "b"], "packs: revenue"),
        (("support", "revenue"), ["c", "a", "b"], "packs: [support, revenue, support]"),
        (("revenue", "support"), ["a", "b", "c"], "packs: all"),
        (("revenue", "support"), ["a", "b", "c"], "packs: [all]"),
    ],
)
def test_packs_are_taken_by_name(chosen: tuple[str, ...], metrics: list[str], written: str) -> None:
    """Only the packs that `packs:` names are read, a file they share once."""
    made = sound(read_texts([("tally.yaml", written)], packs=PACKS))
    assert (chosen, metrics) == (made.project.packs, list(made.metrics))
    assert (["orders", "plans"] if chosen else []) == list(made.canonical)
    assert all(m.pack in chosen for m in made.metrics.values())
    assert {} == made.datasets


def test_the_project_s_own_stands_before_a_pack_s() -> None:
    """A metric, a dataset or a parameter of the project replaces a pack's of the same name, without a fault."""
    pack = """
parameters: {window: {default: 365 days, description: How long.}, other: 1}
datasets: {orders: {key: id}, plans: {key: id}, users: {key: id}}
metrics: {a: 1, b: 2}
"""
    own = """
datasets: {orders: {key: number}, mine: {implements: plans}, plans: {implements: plans}}
metrics: {a: 3}
"""
    files = [("tally.yaml", "packs: p\nparameters: {window: 90 days}"), ("m.yaml", own)]
    made = sound(read_texts(files, packs={"p": [("p.yaml", pack)]}))
    assert [("a", "3", None), ("b", "2", "p")] == [(m.name, m.formula.text, m.pack) for m in made.metrics.values()]
    assert ["orders", "mine", "plans"] == list(made.datasets)
    assert "number" == made.datasets["orders"].key
    # One that only implements the pack's needs it still; one that does not, takes its place.
    assert ["plans", "users"] == list(made.canonical)
    window = made.parameters["window"]
    assert (Duration(90, "day", (0, 7)), {"en": "How long."}) == (window.default, window.description)
    assert 1 == made.parameters["other"].default


def test_a_pack_speaks_english() -> None:
    """Plain labels of a pack are English, whatever the project's language."""
    packs = {"p": [("p.yaml", "metrics: {a: {formula: 1, label: One}}")]}
    files = [("tally.yaml", "packs: p\nlanguage: fr"), ("m.yaml", "metrics: {b: {formula: 1, label: Un}}")]
    made = sound(read_texts(files, packs=packs))
    assert ({"en": "One"}, {"fr": "Un"}) == (made.metrics["a"].label, made.metrics["b"].label)


def test_faults_in_packs_are_told() -> None:
    """A pack's mistakes, and a name that two of them define, are placed in the pack's files."""
    packs = {"p": [("p.yaml", "metrics: {a: +}")], "q": [("q.yaml", "metrics: {a: 1}")]}
    faults = read_texts([("tally.yaml", "packs: all")], packs=packs)[1]
    assert ["S139", "R025"] == [f.code for f in faults]
    assert ["p.yaml", "q.yaml"] == [f.place.file for f in faults if f.place]


def test_everything_is_read_together(tmp_path: Path) -> None:
    """Datasets and parameters may stand in `tally.yaml`, in metric files and in packs."""
    make(tmp_path, tally="packs: revenue\nparameters: {x: 1}\ndatasets: {d: {table: a.csv}}")
    make(tmp_path, metrics__m="parameters: {y: 0.5}\ndatasets: {e: {table: b.csv}}\nmetrics: {m: sum(d.n) * $x}")
    made = sound(read_project(tmp_path, PACKS))
    assert {"x": 1, "y": Decimal("0.5")} == {n: p.default for n, p in made.parameters.items()}
    assert (["d", "e"], ["a", "b", "m"], ["files"]) == (list(made.datasets), list(made.metrics), list(made.sources))
