"""A secret that is read is in no output, whatever a plugin does with it short of printing it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from .installing import HEAD

CANARY = "canary-4f9d-do-not-show"
PLUGIN = (
    HEAD
    + """
from tallymark.secret import secret
from tallymark.source import TableColumn
from tallymark.kinds import Type

OPTIONS = {
    "type": "object",
    "properties": {"key": {"type": "string", "secret": True}, "how": {"type": "string"}},
    "additionalProperties": False,
}
tally_plugin = PluginInfo("leaky", requires_api=">=1.0", version="1", config=OPTIONS)


class Leaky:
    def __init__(self, definition, folder, embedded):
        self.key = secret(definition.options, "key", folder).reveal()
        self.how = definition.options.get("how")
        self.backend = embedded
        if self.how == "make":
            raise ConnectionError(f"cannot connect to https://me:{self.key}@example.org")

    def describe(self, table):
        if self.how == "describe":
            raise FaultError(Fault("leaky.1", f"{self.key} was refused", help=f"not {self.key}"))
        return (TableColumn("n", Type.INTEGER),)

    def prepare(self, table):
        if self.how == "prepare":
            raise ValueError(self.key)
        with self.backend.loading() as cursor:
            cursor.execute("CREATE OR REPLACE TABLE leaky_rows AS SELECT 1 AS n")
        return ("memory", "main", "leaky_rows")

    def state(self, table):
        return 1

    def notes(self, table):
        return ()


@hookimpl
def tally_sources(config, folder):
    return [SourceKind("leaky", lambda d, f, e, t: Leaky(d, f, e), OPTIONS)]


class Teller:
    def __init__(self, options, folder):
        self.key = options["key"]

    def send(self, notification):
        raise ConnectionError(f"{self.key.reveal()} was refused at https://me:{self.key.reveal()}@example.org")


@hookimpl
def tally_notifiers():
    return [NotifierKind("leaky.notifier", Teller, "Fails.", {"properties": {"key": {"type": "string", "secret": True}}})]


@hookimpl
def tally_formats(config):
    def write(answer):
        raise RuntimeError("the key is " + config["key"].reveal())

    return [Format("leaky.text", write, "Fails.")]


@hookimpl
def tally_checks(config):
    def run(catalog):
        raise RuntimeError("the key is " + config["key"].reveal())

    return [Check("leaky.check", run, "Fails.")]
"""
)
COMMANDS = (
    "check",
    "check --format json",
    "list --all --format json",
    "list --datasets",
    "ask rows --period 2024",
    "ask rows --period 2024 --format leaky.text",
    "ask rows --period 2024 --format json --sql",
    "ask rows --period 2024 --how",
    "explain rows --period 2024 --sql",
    "lineage rows",
    "functions",
    "plugins list",
    "plugins show leaky",
    "plugins show leaky --format json",
    "plugins check",
    "plugins check leaky --format json",
    "notify",
    "notify --format json",
    *(f"notify {name}" for name in ("leaky", "hook", "chat", "mail", "service", "file")),
    "notify hook --format json",
)
SCRIPT = """
import sys
from tallymark.cli import tally
for line in sys.argv[1:]:
    print("$", line, flush=True)
    try:
        tally.main(line.split(), prog_name="tally")
    except SystemExit as done:
        print("exit", done.code, flush=True)
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a source and a plugin that are given a secret."""
    (tmp_path / "metrics").mkdir()
    (tmp_path / "leaky.py").write_text(PLUGIN)
    (tmp_path / "metrics" / "m.yaml").write_text("metrics: {rows: sum(drops.n)}\n")
    return tmp_path


FAILING = ("check", "check --format json", "ask rows --period 2024", "plugins check leaky")
SENDING = tuple(line for line in COMMANDS if line.startswith("notify"))
NOTIFIERS = """
notifiers:
  leaky: {kind: leaky.notifier, key: 'env:CANARY'}
  hook: {kind: webhook, url: 'env:CANARY_URL', headers: {Authorization: 'env:CANARY'}, allow_private: true, patience: 0}
  chat: {kind: slack, url: 'env:CANARY_URL', allow_private: true, patience: 0}
  mail: {kind: email, host: 127.0.0.1, port: 1, from: a@example.com, to: b@example.com, user: env:CANARY, password: env:CANARY}
  service: {kind: apprise, url: 'env:CANARY_SERVICE'}
  file: {kind: jsonl, path: told.jsonl}
"""


@pytest.mark.parametrize(
    ("how", "debug", "commands"),
    [
        ("", "", COMMANDS),
        ("", "1", SENDING),
        ("make", "1", FAILING),
        ("describe", "", FAILING[:3]),
        ("prepare", "", FAILING[:3]),
    ],
)
def test_a_secret_is_in_no_output(project: Path, how: str, debug: str, commands: tuple[str, ...]) -> None:
    """Every command, its errors, its JSON, its SQL and its tracebacks: the secret is in none of them, nor its address."""
    (project / "tally.yaml").write_text(
        "plugins: {load: [leaky.py], config: {leaky: {key: 'env:CANARY'}}}\n"
        f"sources: {{water: {{kind: leaky, key: 'env:CANARY', how: '{how}'}}}}\n"
        f"{NOTIFIERS}"
        "datasets: {drops: {source: water, table: drops}}\n"
    )
    # Nobody listens there: what the libraries then say has the address in it.
    urls = {
        "CANARY_URL": f"https://127.0.0.1:1/{CANARY}",
        "CANARY_SERVICE": f"jsons://me:{CANARY}@127.0.0.1:1/{CANARY}",
    }
    environment = {"CANARY": CANARY, **urls, "TALLY_DEBUG": debug, "PYTHONPATH": ":".join(sys.path), "PATH": ""}
    command = [sys.executable, "-c", SCRIPT, *commands]
    done = subprocess.run(command, capture_output=True, text=True, cwd=project, env=environment, check=True)
    said = done.stdout + done.stderr
    assert [] == [line for line in said.splitlines() if CANARY in line]
    assert len(commands) == done.stdout.count("$ ")
    assert "***" in said, "the plugin did say it"
    assert ("Traceback" in said) == bool(debug)
    if not how and "list --datasets" in commands:
        assert "SELECT" in said
        assert '"rows": [' in said
    if "notify hook" in commands:
        codes = ["P700", "A332", "A332", "A321", "A341"]
        assert codes == re.findall(r"error\[(P700|A\d{3})\]", done.stderr)[-5:]
