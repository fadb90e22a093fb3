"""What `tally init --from zendesk` writes opens as it stands, and so does what it offers behind a `#`."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import jsonschema
import yaml

import tallymark
from tallymark_plugins import zendesk

README = Path(__file__).parents[2] / "plugins" / "README.md"


def offered(text: str) -> str:
    """The text with what it offers: a line that is YAML behind a `#` is taken in."""
    return re.sub(r"^( *)# ( *[a-z_]+:)", r"\1\2", text, flags=re.MULTILINE)


def test_options_fit_their_schema() -> None:
    """The options that are written, and those offered, are what the source takes, under any name."""
    for name in ("zendesk", "helpdesk"):
        text = zendesk.starter(name).options
        assert f"metrics/{name}.yaml" in text
        for one in (text, offered(text)):
            jsonschema.validate(yaml.safe_load(one), zendesk.OPTIONS)
    assert {"subdomain", "email", "api_token"} == set(yaml.safe_load(text))
    assert {"start", "customer", "fields", "skip"} <= set(yaml.safe_load(offered(text)))


def test_its_test_passes(tmp_path: Path) -> None:
    """The test that a new project has of its tickets holds, in any time zone and beside another source's datasets."""
    (tmp_path / "metrics").mkdir()
    (tmp_path / "tally.yaml").write_text("packs: [support, voice]\ntimezone: America/New_York\n", encoding="utf-8")
    (tmp_path / "metrics/desk.yaml").write_text(zendesk.starter("desk").definitions, encoding="utf-8")
    run = tallymark.run_tests(tmp_path)
    assert [("desk_tickets_of_a_month", True)] == [(r.name, r.passed) for r in run.results]


def test_the_variables_to_set_are_those_of_the_options() -> None:
    """Each secret that the options name is told of, and no other."""
    starter = zendesk.starter("zendesk")
    assert set(starter.secrets) == set(re.findall(r"env:(\w+)", starter.options))


def test_what_is_offered_can_be_asked(project: Path, tmp_path: Path) -> None:
    """Organisations as customers, a field as a dimension, one's own kinds of defects; and what the README tells to add."""
    folder = tmp_path / "offered"
    shutil.copytree(project, folder)
    section = README.read_text(encoding="utf-8").partition("## Zendesk\n")[2]
    (told,) = re.findall(r"```yaml\n(datasets:\n.*?)```", section, re.DOTALL)
    (folder / "metrics" / "told.yaml").write_text(told.replace("source: zendesk", "source: helpdesk"))
    (folder / "metrics" / "helpdesk.yaml").write_text(offered(zendesk.starter("helpdesk").definitions))
    with tallymark.open(folder) as book:
        months: dict[str, str] = {"start": "2026-01-01", "end": "2026-02-28"}
        by_name = book.ask("solved_tickets", by="customer.name", **months).to_dicts()
        assert {"Acme": 3, "Beta": 2, None: 1} == {row["customer.name"]: row["solved_tickets"] for row in by_name}
        by_field = book.ask("ticket_volume", by="severity", **months).to_dicts()
        assert {"high": 1, None: 6} == {row["severity"]: row["ticket_volume"] for row in by_field}
        assert 1 == book.ask("defect_count", **months).value
        assert 0 == book.ask("count(differences)").value
        assert 2 == book.ask("count(customers)", start="2025-06-01", end="2025-06-30").value
