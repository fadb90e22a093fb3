"""`tally rules run`, `status` and `drop`, over a project of files: what they print, write, send and leave with."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from click.testing import CliRunner, Result

import tallymark
from tallymark.cli import tally

PROJECT = """
name: Shop
sources: {files: {kind: files, path: data}}
notifiers:
  log: {kind: jsonl, path: told.jsonl, default: true}
  screen: {kind: stdout}
  equipe: {kind: jsonl, path: equipe.jsonl, language: fr}
  hook: {kind: webhook, url: "env:HOOK", allow_http: true, allow_private: true, patience: 0}
"""
METRICS = """
datasets:
  orders:
    source: files
    table: orders.csv
    time: day
    columns: {day: date, plan: text, amount: number}
metrics:
  sales: {formula: sum(orders.amount), label: {en: Sales, fr: Ventes}}
rules:
  sales_low:
    when: sales < 100
    grain: month
    by: [plan]
    label: {en: Sales are low, fr: Ventes faibles}
    message: {en: "{plan} sold {sales} in {period}", fr: "{plan} : {sales} en {period}"}
  sales_high: {when: sales > 1000, grain: month, notify: [hook]}
"""
ORDERS = """day,plan,amount
2024-01-05,pro,120
2024-01-06,free,190
2024-02-05,pro,80
2024-02-06,free,120
2024-03-05,pro,170
2024-03-06,free,950
"""
FIRING = "Sales are low, plan pro: firing since 2024-02"
ENDED = "Sales are low, plan pro: ended in 2024-03"
HIGH = "sales_high: firing since 2024-03"


@pytest.fixture
def shop(folder: Path) -> Path:
    """A project with two rules over monthly sales by plan."""
    (folder / "data").mkdir()
    (folder / "metrics").mkdir()
    (folder / "data/orders.csv").write_text(ORDERS)
    write(folder)
    return folder


def write(folder: Path, project: str = PROJECT, metrics: str = METRICS) -> None:
    """Writes its definitions."""
    (folder / "tally.yaml").write_text(project)
    (folder / "metrics/shop.yaml").write_text(metrics)


def run(folder: Path, *arguments: str) -> Result:
    """The command's result."""
    return CliRunner().invoke(tally, ["rules", *arguments, "--project", str(folder)])


def lines(result: Result) -> list[str]:
    """What it prints."""
    return result.stdout.splitlines()


def subjects(folder: Path, name: str = "told") -> list[str]:
    """What a notifier wrote into its file."""
    path = folder / f"{name}.jsonl"
    return [json.loads(line)["subject"] for line in path.read_text("utf-8").splitlines()] if path.exists() else []


def test_months_go_by(shop: Path) -> None:
    """February: one begins. March: it ends. Each is told once, and a run with nothing new says so."""
    assert [f"{FIRING} (first run) -> log", "2 rules, 3 instances: 1 firing, 0 no data; 1 told, 0 failed"] == lines(
        run(shop, "run", "--as-of", "2024-02-29")
    )
    again = run(shop, "run", "--as-of", "2024-02-29")
    assert ["2 rules, 3 instances: 1 firing, 0 no data; nothing new"] == lines(again)
    assert 0 == again.exit_code
    assert [f"{ENDED} -> log"] == lines(run(shop, "run", "sales_low", "--as-of", "2024-03-31"))[:1]
    assert [FIRING, ENDED] == subjects(shop)
    (first, _) = map(json.loads, (shop / "told.jsonl").read_text("utf-8").splitlines())
    assert "pro sold 80 in 2024-02" == first["text"].splitlines()[0]
    assert {"sales": 80} == first["fields"]["values"]


def test_a_dry_run_and_failing_on_what_fires(shop: Path) -> None:
    """For CI: what would be told is printed and nothing kept; what fires is a failure only where that is asked."""
    dry = run(shop, "run", "--as-of", "2024-02-29", "--dry-run")
    assert (0, f"{FIRING} (first run) -> log") == (dry.exit_code, lines(dry)[0])
    assert not (shop / ".tally").exists()
    assert 1 == run(shop, "run", "--as-of", "2024-02-29", "--dry-run", "--fail-on", "firing").exit_code
    assert 0 == run(shop, "run", "--as-of", "2024-02-29", "--dry-run", "--fail-on", "no_data").exit_code


WRONG = {
    "for: soon": "A100",
    "grain: fortnight": "R022",
    'message: "{1 + 1}"': "A103",
}
"""What keeps a rule from being read, and the fault it is."""


@pytest.mark.parametrize("written", WRONG)
def test_a_rule_that_cannot_be_read_is_named_and_not_ended(shop: Path, written: str) -> None:
    """A run names a rule that is written wrongly and leaves with 1; what it told stands, and others are told."""
    assert 0 == run(shop, "run", "--as-of", "2024-02-29").exit_code
    key = written.partition(":")[0]
    mended = "".join(line for line in METRICS.splitlines(True) if not line.lstrip().startswith(f"{key}:"))
    write(shop, metrics=mended.replace("  sales_low:\n", f"  sales_low:\n    {written}\n"))
    done = run(shop, "run", "--as-of", "2024-02-29")
    assert 1 == done.exit_code
    assert ["1 rule, 1 instance: 0 firing, 0 no data; 1 rule could not be evaluated (sales_low); nothing new"] == lines(
        done
    )
    assert f"error[{WRONG[written]}]" in done.stderr
    assert "in rule `sales_low`" in done.stderr
    alone = run(shop, "run", "sales_low")
    assert (1, True) == (alone.exit_code, f"error[{WRONG[written]}]" in alone.stderr)
    assert 0 == run(shop, "run", "sales_high", "--as-of", "2024-02-29").exit_code
    write(shop)
    assert (0, [FIRING]) == (run(shop, "run", "--as-of", "2024-02-29").exit_code, subjects(shop))


def test_a_file_that_cannot_be_read_is_told(shop: Path) -> None:
    """Rules may stand in a file that cannot be read: a run says so and leaves with 1, and ends nothing."""
    run(shop, "run", "--as-of", "2024-02-29")
    write(shop, metrics=METRICS + "# a bell: \x07")
    done = run(shop, "run", "--as-of", "2024-02-29")
    assert (1, True) == (done.exit_code, "error[R004]" in done.stderr)
    assert (
        "note: `sales_high`, `sales_low`: not found, but the project has faults, so what was told of it stands"
        in lines(done)
    )
    assert [FIRING] == subjects(shop)


def test_what_is_wrong_with_a_rule_is_told_before_it_matters(shop: Path) -> None:
    """A rule that can be evaluated, and would tell nobody when it fires, is a failure from the first run on."""
    write(shop, metrics=METRICS.replace("notify: [hook]", "notify: [nobody]"))
    done = run(shop, "run", "--as-of", "2024-02-29")
    assert (1, True) == (done.exit_code, "error[A107]: unknown notifier `nobody`" in done.stderr)
    assert [FIRING] == subjects(shop)


def test_as_data(shop: Path) -> None:
    """JSON is all that stands on the standard output, whatever a notifier writes there."""
    write(shop, metrics=METRICS.replace("notify: [hook]", "notify: [screen]"))
    done = run(shop, "run", "--as-of", "2024-03-31", "--format", "json")
    found = json.loads(done.stdout)
    assert [HIGH] == [each["subject"] for each in found["transitions"]]
    assert [("screen", "sent", 1)] == [(d["notifier"], d["state"], d["attempts"]) for d in found["deliveries"]]
    assert [("sales_low", 2, 0), ("sales_high", 1, 1)] == [
        (each["rule"], each["instances"], each["firing"]) for each in found["rules"]
    ]
    assert f"[warning] {HIGH}" in done.stderr
    status = json.loads(run(shop, "status", "--format", "json").stdout)
    assert [("sales_high", "firing", "2024-03")] == [(s["rule"], s["told"], s["since"]) for s in status["standing"]]


def test_what_could_not_be_told(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A notifier that fails leaves with 1 and is told by the status, until it works or what waits is given up."""
    monkeypatch.setenv("HOOK", "http://127.0.0.1:9/nobody")
    done = run(shop, "run", "--as-of", "2024-03-31")
    assert 1 == done.exit_code
    assert [f"{HIGH} (first run) -> hook", f"not told yet: {HIGH} -> hook"] == lines(done)[:2]
    assert "error[A332]" in done.stderr
    status = run(shop, "status").stdout
    assert "hook failed" in status
    assert f"not told yet: {HIGH} -> hook (tried once" in status
    assert "1 notification for `hook` given up" in run(shop, "drop", "hook").stdout
    assert 0 == run(shop, "run", "--as-of", "2024-03-31").exit_code


def test_the_status(shop: Path) -> None:
    """Before a run it says so; after one, what stands, since when and who was told."""
    assert ["never run: sales_low, sales_high"] == lines(run(shop, "status"))
    run(shop, "run", "sales_low", "--as-of", "2024-02-29")
    head, row, _, ran, never = lines(run(shop, "status"))
    assert ["rule", "instance", "stands", "since", "told"] == head.split()
    assert ["sales_low", "plan", "pro", "firing", "2024-02", "log"] == row.split()[:6]
    assert ran.startswith("1 of 2 rules were run, last at ")
    assert "never run: sales_high" == never
    run(shop, "run", "sales_low", "--as-of", "2024-03-31")
    assert "nothing fires" == lines(run(shop, "status"))[0]


def test_what_keeps_several_rules_from_it_is_told_once(shop: Path) -> None:
    """A broken file is one fault, however many rules read it; the summary names them all."""
    (shop / "data/orders.csv").write_text(ORDERS.replace("free,190", 'free,"190'))
    result = run(shop, "run")
    assert 1 == result.exit_code
    assert 1 == result.output.count("error[D432]")
    assert "2 rules could not be evaluated (sales_low, sales_high)" in result.output


def test_one_rule_with_a_fault(shop: Path) -> None:
    """A rule that cannot be evaluated leaves with 1, and the others are run and told."""
    write(shop, metrics=METRICS.replace("sales > 1000", "sales > 1000 and nothing_known > 1"))
    done = run(shop, "run", "--as-of", "2024-02-29")
    assert 1 == done.exit_code
    assert f"{FIRING} (first run) -> log" == lines(done)[0]
    assert "1 rule could not be evaluated" in lines(done)[-1]
    assert "in rule `sales_high`" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code"), [(("--as-of", "yesterday"), "Q52"), (("sales_lwo",), "A109"), (("nothing",), "A109")]
)
def test_what_is_asked_wrongly(shop: Path, arguments: tuple[str, ...], code: str) -> None:
    """A day that is none and a rule that there is not are faults, once, before anything is run or written."""
    done = run(shop, "run", *arguments)
    assert 1 == done.exit_code
    assert 1 == done.stderr.count(f"error[{code}")
    assert not (shop / ".tally").exists()


def test_a_rule_that_is_gone(shop: Path) -> None:
    """A rule that is no longer in the files is ended, in the reader's language; not while a file cannot be read."""
    metrics = METRICS.replace("    label: {en: Sales are", "    notify: [equipe]\n    label: {en: Sales are")
    write(shop, metrics=metrics)
    run(shop, "run", "--as-of", "2024-02-29")
    write(shop, metrics=metrics[: metrics.index("rules:")] + "  sales: broken\n")
    assert "`sales_low`: not found" in run(shop, "run", "--as-of", "2024-02-29").stdout
    write(shop, metrics=metrics[: metrics.index("rules:")])
    assert "Sales are low, plan pro: ended in 2024-02 (rule removed) -> equipe" == lines(run(shop, "run"))[0]
    assert [
        "Ventes faibles, plan pro : en alerte depuis 2024-02",
        "Ventes faibles, plan pro : fin d’alerte en 2024-02",
    ] == subjects(shop, "equipe")


def test_without_a_message_the_labels_are_the_readers(shop: Path) -> None:
    """A rule that says no message of its own tells its values by the labels of their metrics, in the reader's language."""
    write(shop, metrics=METRICS.replace("notify: [hook]", "notify: [equipe]"))
    run(shop, "run", "sales_high", "--as-of", "2024-03-31")
    (said,) = map(json.loads, (shop / "equipe.jsonl").read_text("utf-8").splitlines())
    assert "En 2024-03 : Ventes 1,120." == said["text"].splitlines()[0]


def test_from_python(shop: Path) -> None:
    """`run_rules` and `rules_status` give what the command prints, as data."""
    with tallymark.open(shop) as book:
        assert 1 == len(book.run_rules(as_of="2024-02-29", dry_run=True).transitions)
        done = book.run_rules("sales_low", as_of="2024-02-29")
        assert isinstance(done, tallymark.RuleRun)
        assert (True, 1, ("log",)) == (done.whole, done.firing, done.transitions[0].notify)
        found = book.rules_status()
        assert isinstance(found, tallymark.RulesStatus)
        assert ["plan pro"] == [each.who for each in found.standing]


class Desk:
    """A server that takes notifications, and may do something while one is on its way."""

    def __init__(self) -> None:
        self.keys: list[str] = []
        self.meanwhile: Callable[[], None] = lambda: None
        desk = self

        class Takes(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                desk.keys.append(self.headers["Idempotency-Key"])
                desk.meanwhile()
                self.send_response(204)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                """Silent."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Takes)
        Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()


@pytest.fixture
def desk() -> Iterator[Desk]:
    """A server that takes notifications."""
    made = Desk()
    yield made
    made.server.shutdown()
    made.server.server_close()


def test_killed_between_arriving_and_noting(shop: Path, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command is killed when a notification has arrived; one beside it is refused; the next sends the same key."""
    monkeypatch.setenv("HOOK", f"http://127.0.0.1:{desk.server.server_port}")
    asked = ("run", "--as-of", "2024-03-31")
    command = [sys.executable, "-m", "tallymark", "rules", *asked, "--project", str(shop)]
    arrived, killed = Event(), Event()

    def held() -> None:
        arrived.set()
        killed.wait(120)

    desk.meanwhile = held
    first = subprocess.Popen(
        command, env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert arrived.wait(120)
    beside = run(shop, *asked)
    first.kill()
    assert -signal.SIGKILL == first.wait()
    killed.set()
    desk.meanwhile = lambda: None
    assert (1, "error[A200]: another run of the project's rules is under way") == (
        beside.exit_code, beside.stderr.splitlines()[0],
    )  # fmt: skip
    assert (0, 2, 1) == (run(shop, *asked).exit_code, len(desk.keys), len(set(desk.keys)))
