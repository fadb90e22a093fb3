"""Writes `metric_defs/README.md` from the packs: `python -m tests.packs.write_readme`, run at the top."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tallymark_packs import packs

from .figures import contents

README = Path(__file__).parents[2] / "metric_defs" / "README.md"

OPENING = """\
# The standard metrics

`tallymark_packs` holds metric packs: YAML files, a subject each. A project takes packs by name in `tally.yaml`

```yaml
packs: [revenue, voice]
```

and gives data to the canonical datasets that they read. A column is mapped where its name in the project
differs:

```yaml
datasets:
  abos:
    table: abonnements.csv
    implements: subscriptions
    columns:
      mrr: {column: montant_mensuel}
```

A dataset or an optional column that a project leaves out makes only the metrics that read it unavailable. A definition
of the same name in the project replaces the pack's; an entry without a formula says more of it, or something else:
`nrr: {target: 115}`. Policies, on which vendors disagree, are parameters: a project sets its own default, and a question
may set another.

Some metrics come with bands: the benchmarks of the field. They are rules of thumb, of companies unlike yours; comments
in the YAML say where each comes from. Those for a year colour years alone, as a year's churn is no month's: of a month,
ask `monthly_churn_rate` or `annualised_churn`, whose bands hold at any grain. A project gives bands of its own with
`bands:` in such an entry. The mean of `ces_mean` has none, as it is on any scale.

Every metric has tests, with figures worked out by hand: `tally test --packs` runs those of the packs that a project
takes. Packs have checks of data too, which `tally check --data` runs; all of them are warnings. A project drops one with
`checks: {tickets_in_order: off}`.

This page is written from the YAML by `python -m tests.packs.write_readme`, and a test holds it to that.
"""


def readme() -> str:
    """The page: packs, then each file's parameters and metrics, then the canonical datasets."""
    parts = [OPENING, *_packs()]
    for path, file in contents().items():
        if "metrics" in file or "scorecards" in file:
            parts += _subject(path, file)
    parts += _checks()
    parts += _datasets()
    return "\n".join(parts)


def _packs() -> Iterator[str]:
    yield "## Packs\n"
    yield "| pack | files | metrics |"
    yield "|---|---|---|"
    for pack, files in packs().items():
        names = ", ".join(f"`{path.split('/')[-1]}`" for path, _ in files)
        count = sum(not m.get("hidden") for path, _ in files for m in contents()[path].get("metrics", {}).values())
        count += sum(len(contents()[path].get("scorecards", {})) for path, _ in files)
        yield f"| `{pack}` | {names} | {count} |"
    yield ""


def _subject(path: str, file: Mapping[str, Any]) -> Iterator[str]:
    yield f"## `{path.split('/')[-1]}`\n"
    if "parameters" in file:
        yield "| policy | default | options | meaning |"
        yield "|---|---|---|---|"
        for name, said in file["parameters"].items():
            options = ", ".join(f"`{o}`" for o in said.get("options", []))
            default = said["default"]
            shown = ", ".join(default) if isinstance(default, list) else default
            yield f"| `${name}` | {shown} | {options} | {_cell(said['description']['en'])} |"
        yield ""
    yield from _cards(file.get("scorecards", {}))
    if "metrics" not in file:
        return
    yield "| metric | unit | definition | formula |"
    yield "|---|---|---|---|"
    for name, said in file["metrics"].items():
        label = said["label"]["en"] + (" (hidden)" if said.get("hidden") else "")
        definition = f"**{label}.** {_cell(said['description']['en'])}"
        yield f"| `{name}` | {said['unit']} | {definition} | `{_cell(said['formula'])}` |"
    yield ""
    yield from _benchmarks(file["metrics"])


def _cards(cards: Mapping[str, Any]) -> Iterator[str]:
    """Each scorecard: what it says, its measures and its overrides."""
    for name, said in cards.items():
        yield f"`{name}`: **{said['label']['en']}.** {_cell(said['description']['en'])}\n"
        yield "| measure | weight | formula | from 0 to 100 |"
        yield "|---|---|---|---|"
        for measure in said["measures"].values():
            scale = measure.get("scale", {"from": 0, "to": 100})
            ends = f"{scale['from']} to {scale['to']}"
            yield f"| {measure['label']['en']} | {measure['weight']} | `{_cell(measure['value'])}` | {ends} |"
        yield ""
        for override in said.get("overrides", []):
            limit = next(f"{word.replace('_', ' ')} {override[word]}" for word in LIMITS if word in override)
            yield f"{override['label']['en']} (`{override['when']}`): {limit}.\n"
        yield from _benchmarks({name: said})


LIMITS = ("at_most", "at_least", "exactly")


def _benchmarks(metrics: Mapping[str, Any]) -> Iterator[str]:
    """The bands that come with a file's metrics, the best first as they are written."""
    banded = {name: said["bands"] for name, said in metrics.items() if "bands" in said}
    if not banded:
        return
    yield "| benchmarks of | for | bands |"
    yield "|---|---|---|"
    for name, said in banded.items():
        grain = f"a {said['grain']}" if "grain" in said else "any period"
        bands = "; ".join(f"{b} {_ends(ends)}" for b, ends in said.items() if b != "grain")
        yield f"| `{name}` | {grain} | {bands} |"
    yield ""


def _ends(said: Mapping[str, Any]) -> str:
    """The ends of a band in words: `above 100, to 120`."""
    return ", ".join(f"{word} {said[word]}" for word in ("from", "above", "to", "below") if word in said)


def _checks() -> Iterator[str]:
    yield "## Checks of data\n"
    yield "| check | in | looks at | what holds | why |"
    yield "|---|---|---|---|---|"
    for path, file in contents().items():
        for name, said in file.get("checks", {}).items():
            of = f"`{said['dataset']}`" if "dataset" in said else "metrics"
            label, why = (_cell(said[key]["en"]) for key in ("label", "description"))
            yield f"| `{name}` | `{path.split('/')[-1]}` | {of} | **{label}.** {_held(said)} | {why} |"
    yield ""


def _held(said: Mapping[str, Any]) -> str:
    """What a check asks of the data, in the words of its definition."""
    if "accepted" in said:
        return "; ".join(
            f"`{c}` is one of {', '.join(f'`{o}`' for o in options)}" for c, options in said["accepted"].items()
        )
    if "equal" in said:
        return f"`{said['equal'][0]}` is `{said['equal'][1]}`, each {said['per']}"
    return f"`{_cell(said['every'])}`"


def _datasets() -> Iterator[str]:
    yield "## Canonical datasets\n"
    for file in contents().values():
        for name, said in file.get("datasets", {}).items():
            yield f"### `{name}`\n"
            yield said["description"]["en"].strip()
            yield ""
            yield from _shape(said)
            yield "| column | type | meaning |"
            yield "|---|---|---|"
            for column, about in said["columns"].items():
                yield f"| `{column}` | {_kind(about)} | {_cell(about['description']['en'])} |"
            yield ""


def _shape(said: Mapping[str, Any]) -> Iterator[str]:
    facts = [f"{word} `{said[word]}`" for word in ("key", "time") if word in said]
    if "valid" in said:
        facts.append("valid from `{}` until `{}`".format(*said["valid"]))
    facts += [f"`{reference}` refers to `{target}`" for reference, target in said.get("refs", {}).items()]
    yield "; ".join(facts) + ".\n"


def _kind(about: Mapping[str, Any]) -> str:
    if "formula" in about:
        return f"computed: `{_cell(about['formula'])}`"
    unit = about.get("unit")
    measured = f", {unit}" if isinstance(unit, str) else f", duration in {unit['duration']}" if unit else ""
    return f"{about['type']}{measured}{'' if about.get('required', True) else ', optional'}"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    README.write_text(readme(), encoding="utf-8")
