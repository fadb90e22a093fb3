"""`tally rules list` and `tally rules explain`, as somebody types them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tallymark.cli import tally

FILES = {
    "tally.yaml": "name: shop\nas_of: 2024-04-15\npacks: [support]\n"
    "datasets:\n  orders: {table: orders.csv, time: at, columns: {at: date, plan: text, amount: number}}\n",
    "orders.csv": "at,plan,amount\n2024-01-05,pro,9\n2024-02-05,pro,2\n2024-03-05,pro,1\n2024-03-06,basic,8\n",
    "metrics/shop.yaml": """
metrics: {average: avg(orders.amount)}
rules:
  low: {when: average < 5, grain: month, by: plan, for: 2 months, severity: info, labels: {team: sales}}
  backlogged: {when: backlog > 100, grain: week}
""",
}


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a project that has two rules, one of which waits for data."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    return tmp_path


def typed(*words: str) -> Any:
    """The outcome of a command."""
    return CliRunner().invoke(tally, ["rules", *words])


def test_the_list_says_what_is_watched_and_what_waits(shop: Path) -> None:
    """Each rule has a line with its condition and severity; one that cannot be evaluated says what it waits for."""
    lines = typed("list").stdout.splitlines()
    assert "low         average < 5 for 2 months  month  plan  info" == lines[1].rstrip()
    assert lines[2].startswith("backlogged  backlog > 100")
    assert lines[2].endswith("dataset tickets")


def test_the_list_is_data_too(shop: Path) -> None:
    """JSON has everything that is written of a rule, and where."""
    low, backlogged = json.loads(typed("list", "--format", "json").stdout)
    assert ("average < 5", ["plan"], 2, "info", {"team": "sales"}) == tuple(
        low[key] for key in ("when", "by", "for", "severity", "labels")
    )
    assert low["place"].endswith("metrics/shop.yaml:4:3")
    assert ["dataset tickets"] == backlogged["waits_for"]


def test_the_list_says_whom_rules_tell_by_default(shop: Path) -> None:
    """A rule that names no notifier tells those that are told by default, and the list says which."""
    declared = "notifiers: {screen: {kind: stdout, default: true}, file: {kind: jsonl, path: told.jsonl}}\n"
    (shop / "tally.yaml").write_text((shop / "tally.yaml").read_text(encoding="utf-8") + declared, encoding="utf-8")
    low, _ = json.loads(typed("list", "--format", "json").stdout)
    assert ["screen"] == low["notify"]
    assert typed("list").stdout.splitlines()[1].split()[-1] == "screen"


def test_a_project_without_rules_says_so(shop: Path) -> None:
    """An empty list is told, not shown as an empty table."""
    (shop / "metrics/shop.yaml").write_text("metrics: {average: avg(orders.amount)}\n", encoding="utf-8")
    result = typed("list")
    assert (0, "", "the project has no rules\n") == (result.exit_code, result.stdout, result.stderr)


def test_an_explanation_as_text_and_as_data(shop: Path) -> None:
    """One instance in one period is told with its state, and at full precision in JSON."""
    asked = ("explain", "low", "--at", "2024-03", "--where", "plan = 'pro'")
    result = typed(*asked)
    assert 0 == result.exit_code, result.stderr
    assert "firing since 2024-03: the condition holds, in the 2nd period of 2: it fires" in result.stdout
    told = json.loads(typed(*asked, "--format", "json").stdout)
    assert ["ok", "pending", "firing"] == [point["status"] for point in told["instances"][0]["series"]]


def test_an_older_day_knows_less(shop: Path) -> None:
    """With `--as-of` the last period is the one that was over then."""
    told = json.loads(typed("explain", "low", "--as-of", "2024-02-29", "--format", "json").stdout)
    assert ("2024-02", "pending") == (told["period"]["label"], told["instances"][0]["series"][-1]["status"])


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("explain", "lo"), "A109"),
        (("explain", "low", "--at", "2025-01"), "A114"),
        (("explain", "low", "--where", "plan = 'team'"), "A113"),
        (("explain", "low", "--where", "country = 'FR'"), "A112"),
        (("explain", "backlogged"), "Q502"),
    ],
)
def test_what_cannot_be_explained_is_a_fault(words: tuple[str, ...], code: str, shop: Path) -> None:
    """A fault with its code, on the standard error, and 1 to leave with."""
    result = typed(*words)
    assert (1, True) == (result.exit_code, f"error[{code}]" in result.stderr), result.stderr


def test_check_counts_the_rules(shop: Path) -> None:
    """`tally check` says how many rules it has held against the project."""
    assert "1 metric, 2 rules" in CliRunner().invoke(tally, ["check"]).stdout
