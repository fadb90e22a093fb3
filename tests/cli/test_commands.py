"""What each command asks of the book, prints, and leaves with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tallymark.cli import COMMANDS, tally
from tallymark.errors import Cancelled, Fault, FaultError, PluginError

Book = Any
Run = Any


def test_ask_passes_every_option_on(run: Run, book: Book) -> None:
    """Each option reaches the question under the engine's name for it."""
    args = (
        "mrr nrr --by plan,customer.country --by|plan at start --grain month --from 2024-01 --to 2024-06 "
        "--order -mrr --limit 5 --as-of 2024-07-01 --sparse --param $w=30 --timezone Europe/Paris --where plan='pro' "
        "--compare previous,year_ago --compare previous:2 --like-for-like --having mrr>1 --having nrr<90% --share --rank "
        "--top 5 --other --total --age cohort --partial drop --pivot age --currency USD --no-bands --target"
    )
    result = run("ask", *(word.replace("|", "=") for word in args.replace("plan at start", "plan·at·start").split()))
    assert 0 == result.exit_code, result.stderr
    metrics, question = book.asked[0]
    assert ("mrr", "nrr") == metrics
    expected = {
        "by": ("plan", "customer.country", "plan·at·start"),
        "grain": "month",
        "period": None,
        "start": "2024-01",
        "end": "2024-06",
        "where": "plan='pro'",
        "order": ("-mrr",),
        "limit": 5,
        "as_of": "2024-07-01",
        "sparse": True,
        "parameters": {"w": "30"},
        "timezone": "Europe/Paris",
        "currency": "USD",
        "compare": ("previous", "year_ago", "previous:2"),
        "like_for_like": True,
        "having": ("mrr>1", "nrr<90%"),
        "share": True,
        "rank": True,
        "top": "5",
        "other": True,
        "total": True,
        "age": "cohort",
        "partial": "drop",
        "pivot": "age",
        "bands": False,
        "target": True,
    }
    assert expected == question


@pytest.mark.parametrize(
    ("expected", "args"),
    [({"pivot": "", "grain": "month"}, "--pivot --grain month"), ({"top": "-5 plan by mrr"}, "--bottom|5 plan by mrr")],
)
def test_ask_knows_short_ways(expected: dict[str, Any], args: str, run: Run, book: Book) -> None:
    """A pivot need not be named; the lowest members are a negative number of them."""
    assert 0 == run("ask", "mrr", *(args.split("|") if "|" in args else args.split())).exit_code
    question = book.asked[0][1]
    assert expected == {name: question[name] for name in expected}


def test_top_and_bottom_exclude_each_other(run: Run, book: Book) -> None:
    """Which members are wanted is said once."""
    result = run("ask", "mrr", "--top", "5", "--bottom", "3")
    assert (2, []) == (result.exit_code, book.asked)


def test_ask_prints_a_table(run: Run, book: Book) -> None:
    """Rounded numbers under labels and units, notes below."""
    expected = "Period        MRR\n                €\n2024-05  1,234.50\n2024-06     60.00\n\nnote: careful\n"
    assert expected == run("ask", "mrr").stdout


@pytest.mark.parametrize(
    ("expected", "args"),
    [
        ("period,mrr\n2024-05-01,1234.5\n2024-06-01,60\n", ("--format", "csv")),
        ("| period | mrr |\n| --- | ---: |\n", ("--format", "markdown")),
        ("SELECT 1\n", ("--sql",)),
    ],
)
def test_ask_prints_other_formats(expected: str, args: tuple[str, ...], run: Run, book: Book) -> None:
    """Programs get raw values; `--sql` gives the query alone."""
    assert run("ask", "mrr", *args).stdout.startswith(expected)


@pytest.mark.parametrize("args", [("--format", "json", "ask", "mrr"), ("ask", "mrr", "--format", "json", "--sql")])
def test_a_common_option_may_stand_before_or_after_the_command(args: tuple[str, ...], run: Run, book: Book) -> None:
    """`tally --format json ask` and `tally ask --format json` are the same."""
    told = json.loads(run(*args).stdout)
    assert {"period": "2024-05-01", "mrr": 1234.5} == told["rows"][0]
    assert ("--sql" in args) == ("sql" in told)


@pytest.mark.parametrize("name", ["a.csv", "a.json", "a.md", "a.parquet", "a.txt"])
def test_ask_writes_files_by_their_ending(name: str, run: Run, book: Book, tmp_path: Path) -> None:
    """The file has the rows, the terminal has nothing."""
    result = run("ask", "mrr", "--output", name)
    assert (0, "") == (result.exit_code, result.stdout)
    if name == "a.parquet":
        assert pq.read_table(tmp_path / name).num_rows == 2
    else:
        assert "1234.5" in (tmp_path / name).read_text().replace(",", "")


def test_an_unknown_format_is_a_fault(run: Run, book: Book) -> None:
    """Plugins may give formats of any name, so that only the project knows; nothing is asked."""
    result = run("ask", "mrr", "--format", "yaml")
    assert (1, []) == (result.exit_code, book.asked)
    assert "error[P714]: unknown format `yaml`" in result.stderr


def test_parquet_wants_a_file(run: Run, book: Book) -> None:
    """Binary data is never poured into a terminal."""
    result = run("ask", "mrr", "--format", "parquet")
    assert (2, []) == (result.exit_code, book.asked)
    assert "--output" in result.stderr


def test_a_file_that_cannot_be_written_is_a_fault(run: Run, book: Book) -> None:
    """A missing folder is named, not a traceback."""
    result = run("ask", "mrr", "--output", "nowhere/a.csv")
    assert 1 == result.exit_code
    assert "error[D490]: cannot write nowhere/a.csv" in result.stderr


def test_all_faults_are_printed_with_their_carets(run: Run, book: Book, unknown_metric: FaultError) -> None:
    """One run shows every fault, on the standard error, and leaves with 1."""
    book.raises = unknown_metric
    result = run("ask", "mmr")
    assert (1, "") == (result.exit_code, result.stdout)
    assert "error[T103]: unknown metric `mmr`\n --> <question>:1:1\n" in result.stderr
    assert "  | ^^^\n  = help: did you mean `mrr`?" in result.stderr
    assert result.stderr.endswith("error[Q501]: unknown grain `moth`\n\n2 errors\n")


def test_faults_are_data_when_json_is_asked(run: Run, book: Book, unknown_metric: FaultError) -> None:
    """A program reads the faults as JSON from the standard error."""
    book.raises = unknown_metric
    told = json.loads(run("ask", "mmr", "--format", "json").stderr)
    assert [("T103", 1), ("Q501", None)] == [(f["code"], f["line"]) for f in told["faults"]]


def test_faults_elsewhere_are_mentioned_in_one_line(run: Run, book: Book) -> None:
    """A broken metric does not stop a question about another, and is not silent either."""
    book.faults = (Fault("U301", "money + count"),)
    result = run("ask", "mrr")
    assert (0, "1 error elsewhere in this project; `tally check` shows them\n") == (result.exit_code, result.stderr)


@pytest.mark.parametrize(
    ("code", "said", "error"),
    [
        (130, "", KeyboardInterrupt()),
        (130, "", Cancelled()),
        (1, "error[P700]: plugin `x` failed", PluginError("plugin `x` failed")),
        (70, "internal error: ZeroDivisionError: oh; please report it", ZeroDivisionError("oh")),
    ],
)
def test_nothing_ends_in_a_traceback(code: int, said: str, error: BaseException, run: Run, book: Book) -> None:
    """Every outcome has its exit code and at most a line."""
    book.raises = error
    result = run("ask", "mrr")
    assert code == result.exit_code
    assert result.stderr.strip().startswith(said)
    assert "Traceback" not in result.output


def test_a_traceback_is_there_for_those_who_ask(run: Run, book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    """TALLY_DEBUG=1 shows where an internal error arose."""
    monkeypatch.setenv("TALLY_DEBUG", "1")
    book.raises = ZeroDivisionError("oh")
    assert "Traceback" in run("ask", "mrr").stderr


@pytest.mark.parametrize(
    ("said", "args"),
    [
        ("Did you mean `ask`?", ("aks",)),
        ("'xml' is not one of text, json", ("--format", "xml", "check")),
        ("'w' is not NAME=VALUE", ("ask", "mrr", "--param", "w")),
        ("Missing argument 'METRIC…'", ("ask",)),
        ("--limit", ("ask", "mrr", "--limit", "0")),
    ],
)
def test_a_mistyped_command_line_leaves_with_2(said: str, args: tuple[str, ...], run: Run, book: Book) -> None:
    """Usage errors say what is wrong and run nothing."""
    result = run(*args)
    assert (2, []) == (result.exit_code, book.asked)
    assert said in result.stderr


def test_without_a_project_the_way_out_is_named(run: Run, tmp_path: Path) -> None:
    """No tally.yaml upward, or in the folder given: a coded fault that names `tally init`."""
    for args in (("ask", "mrr"), ("ask", "mrr", "--project", str(tmp_path))):
        result = run(*args)
        assert 1 == result.exit_code
        assert "error[R090]: no tally.yaml in " in result.stderr
        assert "tally init" in result.stderr


def test_explain_prints_a_receipt(run: Run, book: Book) -> None:
    """The tree as text, as JSON, with the SQL if asked."""
    result = run("explain", "mrr", "--period", "2024-06", "--where", "plan = 'pro'", "--sql")
    assert "MRR (mrr)\n2024-06 · plan = pro\n\nmrr = sum(x)   €60.00   3 rows\n\nSELECT 1\n" == result.stdout
    assert ("2024-06", "plan = 'pro'") == (book.asked[0][1]["period"], book.asked[0][1]["where"])
    assert 60 == json.loads(run("explain", "mrr", "--format", "json").stdout)["value"]


def test_explain_tells_how_aggregates_were_taken(run: Run, book: Book) -> None:
    """A sentence for each aggregate, below the tree; among the data in any case."""
    assert run("explain", "mrr", "--period", "2024-06", "--how").stdout.endswith("3 rows\n\nsum(x): at once\n")
    assert ["sum(x): at once"] == json.loads(run("explain", "mrr", "--format", "json").stdout)["how"]


def test_check_prints_faults_and_a_count(run: Run, book: Book) -> None:
    """Faults leave with 1, warnings alone with 0, and what was checked is said."""
    book.checked = (Fault("U310", "outer window has no effect", severity="warning"),)
    result = run("check")
    said = "checked 1 dataset, 3 metrics; 1 metric more for data that this project does not have\n"
    assert (0, said) == (result.exit_code, result.stdout)
    assert "warning[U310]" in result.stderr
    assert 1 == run("check", "--data").exit_code


def test_check_runs_checks_of_data(run: Run, book: Book) -> None:
    """With --data the checks that files define are run too, all or the named ones, and counted by what came of them."""
    every = run("check", "--data").stdout.splitlines()
    assert "ran 3 checks of data: 1 passed, 1 failed, 1 unknown" == every[-1]
    assert "ran 1 check of data: 1 passed\n" == run("check", "--data", "sums").stdout
    failed = run("check", "--data", "words", "late")
    assert (1, "ran 2 checks of data: 1 failed, 1 unknown\n") == (failed.exit_code, failed.stdout)
    assert ["error[D608]", "warning[D610]"] == [w for w in failed.stderr.replace(":", "").split() if "[" in w]
    assert 2 == run("check", "sums").exit_code


def test_check_gives_the_results_of_checks_as_json(run: Run, book: Book) -> None:
    """With --data, JSON has every result beside the faults, those that passed too."""
    told = json.loads(run("check", "--data", "--format", "json").stdout)
    assert ["passed", "failed", "unknown"] == [c["state"] for c in told["checks"]]
    assert {"name", "label", "kind", "dataset", "state", "severity", "measured", "limit", "cells", "failing", "unknown",
            "examples", "why", "message", "file", "line"} == told["checks"][0].keys()  # fmt: skip


def test_check_gives_json_with_and_without_faults(run: Run, book: Book, unknown_metric: FaultError) -> None:
    """A program always gets an object with a list, on the standard output, even of a project that does not open."""
    assert {"faults": []} == json.loads(run("check", "--format", "json").stdout)
    book.checked = unknown_metric.faults
    assert 2 == len(json.loads(run("check", "--format", "json").stdout)["faults"])


@pytest.mark.parametrize(
    ("expected", "args"),
    [
        (["mrr", "churn_rate", "csat"], ()),
        (["mrr", "churn_rate", "csat", "inner"], ("--all",)),
        (["churn_rate"], ("desabonnement",)),
        (["churn_rate"], ("des désabonnements",)),
        (["mrr"], ("Recurring monthly",)),
        (["churn_rate", "csat"], ("--unit", "percent")),
        (["mrr"], ("--unit", "money")),
        (["mrr"], ("--tag", "revenue")),
        (["csat"], ("--needs", "surveys")),
        (["csat"], ("--unavailable",)),
        (["mrr", "churn_rate"], ("--available",)),
        (["csat"], ("--pack", "support")),
    ],
)
def test_list_finds_metrics(expected: list[str], args: tuple[str, ...], run: Run, book: Book) -> None:
    """By words of any label or alias, accents and plurals aside; by unit, tag, pack, and what they wait for."""
    assert expected == [m["name"] for m in json.loads(run("list", *args, "--format", "json").stdout)]


def test_list_prints_a_table(run: Run, book: Book) -> None:
    """Names, labels, units, and what is missing."""
    assert run("list").stdout.splitlines()[0].split() == ["metric", "label", "unit", "waits", "for"]
    assert "no metric fits\n" == run("list", "zzz").stderr


def test_lineage_is_a_tree(run: Run, book: Book) -> None:
    """What a metric is made of, each part opened once; columns and the other direction if asked."""
    expected = "nrr\n├─ mrr\n│  └─ subscriptions (dataset)\n└─ churn\n   └─ mrr                       as above\n"
    assert expected == run("lineage", "nrr").stdout
    columns = "│  └─ subscriptions (dataset)\n│     └─ subscriptions.mrr (column)\n"
    assert columns in run("lineage", "nrr", "--columns").stdout
    assert run("lineage", "nrr", "--direction", "both").stdout.endswith("\ngoes into\n\nnrr\n└─ health\n")


def test_lineage_is_data_and_a_chart(run: Run, book: Book) -> None:
    """JSON lists nodes and edges; Mermaid draws from data to metrics."""
    told = json.loads(run("lineage", "nrr", "--format", "json").stdout)
    assert {"id": "dataset:subscriptions", "kind": "dataset", "name": "subscriptions"} in told["nodes"]
    assert {"from": "metric:mrr", "to": "metric:churn"} in told["edges"]
    chart = run("lineage", "nrr", "--format", "mermaid", "--direction", "down").stdout
    assert 'flowchart LR\n  n0["nrr"]\n  n1["health"]\n  n0 --> n1\n' == chart


def test_every_command_is_described_and_every_option_too() -> None:
    """No command, option or argument without a word of help."""
    context = tally.make_context("tally", ["--help"], resilient_parsing=True)
    for name in COMMANDS:
        command = tally.get_command(context, name)
        assert command is not None
        assert command.help, name
        assert [] == [p.name for p in command.params if p.param_type_name == "option" and not getattr(p, "help", "")]
