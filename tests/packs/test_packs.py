"""The packs as they are shipped: they read without a fault, every name means one thing, nothing is said by halves."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import yaml

from tallymark.check import check
from tallymark.definitions import Project
from tallymark.formula import nodes
from tallymark.formula.functions import CALLABLE
from tallymark.formula.parse import parse_text
from tallymark.kinds import DECLARABLE
from tallymark.read import read_texts
from tallymark.source import Table, TableColumn
from tallymark.spoken import plain
from tallymark.units import DURATION_SCALES, NAMES
from tallymark_packs import packs

from .figures import contents, entries, types_of

LANGUAGES = {"en", "fr", "ro"}
CEDILLA = re.compile("[şţŞŢ]")
METRIC_KEYS = {"formula", "unit", "label", "description", "aliases", "direction", "decimals", "tags", "hidden", "bands"}
MUST_CATCH = {
    "taux de roulement": "customer_churn_rate",
    "désabonnement": "customer_churn_rate",
    "attrition": "customer_churn_rate",
    "rata de abandon": "customer_churn_rate",
    "pierdere": "customer_churn_rate",
    "logo churn": "customer_churn_rate",
    "rétention nette": "nrr",
    "reținerea netă": "nrr",
    "NDR": "nrr",
    "valeur vie client": "ltv_simple",
    "CLV": "ltv_simple",
    "CLTV": "ltv_simple",
    "LTV": "ltv_simple",
    "panier moyen": "average_order_value",
    "score d'effort": "ces_mean",
    "CES": "ces_mean",
    "taux de résolution au premier contact": "fcr",
    "contraction": "downgrades",
    "score de santé client": "customer_health_score",
    "scor de sănătate al clientului": "customer_health_score",
}


def every(section: str) -> list[Any]:
    """The entries of a section as test parameters: name and what is said."""
    return [pytest.param(name, said, id=name) for name, said in entries(section).items()]


def spoken(metric: str, said: Mapping[str, Any]) -> set[str]:
    """All that a question may call a metric, folded as questions are."""
    aliases = [a for listed in said.get("aliases", {}).values() for a in listed]
    return {plain(text) for text in (metric, *said["label"].values(), *aliases)}


def describe(source: str, table: Table) -> tuple[TableColumn, ...]:
    """Every canonical dataset has a table with the declared columns."""
    return tuple(TableColumn(name, DECLARABLE[kind]) for name, kind in types_of(table.dataset).items())


class Once(yaml.SafeLoader):
    """PyYAML, but a key given twice is an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """The mapping. Raises when a key repeats."""
        keys = [key.value for key, _ in node.value]
        assert sorted(set(keys)) == sorted(keys), node.start_mark
        return super().construct_mapping(node, deep)


@pytest.mark.parametrize("pack", ["all", *packs()])
def test_packs_check_without_a_fault(pack: str) -> None:
    """Each pack by itself, and all together: names bind, types and units agree, and there is not a warning."""
    tables = "".join(f"  {name}: {{implements: {name}, table: {name}.csv}}\n" for name in entries("datasets"))
    files = [("tables.yaml", f"datasets:\n{tables}")]
    definitions, faults = read_texts(files, project=Project(packs=(pack,)), packs=packs())
    assert [] == [str(f) for f in faults]
    catalog, faults_of_check = check(definitions, describe)
    assert [] == [str(f) for f in faults_of_check]
    taken = packs().values() if pack == "all" else [packs()[pack]]
    files_taken = [contents()[path] for own in taken for path, _ in own]
    written = {name for file in files_taken for name in (*file.get("metrics", {}), *file.get("scorecards", {}))}
    alone = {name for name, metric in catalog.metrics.items() if metric.definition.about is None}
    assert written == {name for name in alone if "check" not in catalog.metrics[name].tags}
    assert {c for file in files_taken for c in file.get("scorecards", {})} == catalog.scorecards.keys()
    assert {c for file in files_taken for c in file.get("checks", {})} == catalog.checks.keys()
    assert {name for check in catalog.checks.values() for name in check.metrics} == {
        name for name, metric in catalog.metrics.items() if "check" in metric.tags
    }


@pytest.mark.parametrize("pack", packs())
def test_a_pack_brings_the_parameters_it_uses(pack: str) -> None:
    """The parameters of a pack's files are those that its formulas name."""
    files = [contents()[path] for path, _ in packs()[pack]]
    used = {name for file in files for said in file.get("metrics", {}).values() for name in asked(said)}
    cards = [str(card) for file in files for card in file.get("scorecards", {}).values()]
    used |= {name for card in cards for name in re.findall(r"\$([a-z_]+)", card)}
    assert used == {name for file in files for name in file.get("parameters", {})}


def names_in(said: Mapping[str, Any]) -> Iterator[str]:
    """The bare names in a metric's formula."""
    yield from (n.parts[0] for n in nodes.walk(parse_text(said["formula"])) if isinstance(n, nodes.Name))


def asked(said: Mapping[str, Any]) -> Iterator[str]:
    """The parameters in a metric's formula."""
    yield from (n.name for n in nodes.walk(parse_text(said["formula"])) if isinstance(n, nodes.Parameter))


def test_a_path_has_one_text() -> None:
    """Packs that share a file hand out the same path and text, so that a reader may drop the repeats."""
    texts = defaultdict(set)
    for files in packs().values():
        for path, text in files:
            texts[path].add(text)
    assert {1} == {len(found) for found in texts.values()}


def test_no_name_twice() -> None:
    """No file repeats a key, and no metric, parameter or dataset is defined in two files."""
    for section in ("datasets", "metrics", "parameters", "scorecards"):
        defined = [name for file in contents().values() for name in file.get(section, {})]
        assert sorted(set(defined)) == sorted(defined)
    for files in packs().values():
        for _, text in files:
            yaml.load(text, Once)


@pytest.mark.parametrize(("name", "said"), every("metrics"))
def test_metric_says_everything(name: str, said: Mapping[str, Any]) -> None:
    """A metric has a formula, a unit, tags, a label and a description in every language, and no unknown key."""
    assert set() == said.keys() - METRIC_KEYS
    assert LANGUAGES == said["label"].keys()
    assert LANGUAGES == said["description"].keys()
    assert all(len(text) >= 20 and text.rstrip()[-1] in ".»”" for text in said["description"].values())
    assert said["unit"] in NAMES
    assert said.get("direction", "up") in ("up", "down")
    assert said["tags"]


@pytest.mark.parametrize(("name", "said"), every("scorecards"))
def test_scorecard_says_everything(name: str, said: Mapping[str, Any]) -> None:
    """A card, its measures, its bands and its overrides are labelled in every language, and the card described."""
    assert LANGUAGES == said["label"].keys() == said["description"].keys() == said["aliases"].keys()
    parts = [*said["measures"].values(), *said.get("bands", {}).values(), *said.get("overrides", [])]
    assert [] == [part for part in parts if LANGUAGES != part["label"].keys()]
    assert said["tags"]


@pytest.mark.parametrize(("name", "said"), every("metrics"))
def test_aliases_come_in_every_language(name: str, said: Mapping[str, Any]) -> None:
    """A metric with aliases has some in each language."""
    if "aliases" in said:
        assert LANGUAGES == said["aliases"].keys()
        assert all(said["aliases"].values())


@pytest.mark.parametrize(("name", "said"), every("metrics"))
def test_formula_calls_known_functions(name: str, said: Mapping[str, Any]) -> None:
    """Every function of a formula is in the table of functions, and every parameter in the packs."""
    calls = {n.name for n in nodes.walk(parse_text(said["formula"])) if isinstance(n, nodes.Call)}
    assert set() == calls - CALLABLE.keys()
    assert set() == set(asked(said)) - entries("parameters").keys()


@pytest.mark.parametrize(("name", "said"), every("metrics"))
def test_hidden_metrics_are_used(name: str, said: Mapping[str, Any]) -> None:
    """A metric that lists leave out is there for another's formula."""
    users = [other for other, m in entries("metrics").items() if other != name and name in names_in(m)]
    assert users or not said.get("hidden")


@pytest.mark.parametrize(("name", "said"), every("checks"))
def test_check_says_everything(name: str, said: Mapping[str, Any]) -> None:
    """A check is labelled and described in every language, and warns: a project decides what is an error."""
    assert LANGUAGES == said["label"].keys() == said["description"].keys()
    assert "warning" == said["severity"]
    assert name not in entries("metrics")


@pytest.mark.parametrize(("name", "said"), every("parameters"))
def test_parameter_says_everything(name: str, said: Mapping[str, Any]) -> None:
    """A parameter has a type, a default among its options, and a description in every language."""
    assert {"type", "default", "description"} <= said.keys()
    assert LANGUAGES == said["description"].keys()
    assert said["default"] in said.get("options", [said["default"]])


@pytest.mark.parametrize(("name", "said"), every("parameters"))
def test_options_of_policies_occur_in_formulas(name: str, said: Mapping[str, Any]) -> None:
    """All options of a policy but one (which may be the rest) stand in a formula."""
    formulas = " ".join(m["formula"] for m in entries("metrics").values() if name in asked(m))
    missing = [o for o in said.get("options", []) if f"'{o}'" not in formulas]
    assert len(missing) <= 1


@pytest.mark.parametrize(("name", "said"), every("datasets"))
def test_dataset_says_everything(name: str, said: Mapping[str, Any]) -> None:
    """A canonical dataset has no table, is labelled and described in every language, and names only its own columns."""
    assert set() == {"source", "table", "implements"} & said.keys()
    assert LANGUAGES == said["label"].keys() == said["description"].keys()
    special = {said.get("key"), said.get("time"), *said.get("valid", []), *said.get("refs", {})} - {None}
    assert special <= said["columns"].keys()
    assert set(said.get("refs", {}).values()) <= entries("datasets").keys()
    assert all(said["columns"][column].get("required", True) for column in special)


@pytest.mark.parametrize(("name", "said"), every("datasets"))
def test_columns_say_everything(name: str, said: Mapping[str, Any]) -> None:
    """A column has a known type or a formula, a description, a known unit, and a label in all languages or none."""
    for column in said["columns"].values():
        assert (column.get("type") in DECLARABLE) != ("formula" in column)
        assert "en" in column["description"]
        assert LANGUAGES == column.get("label", dict.fromkeys(LANGUAGES)).keys()
        unit = column.get("unit", "number")
        assert unit in NAMES or unit["duration"] in DURATION_SCALES


def test_an_alias_means_one_metric() -> None:
    """Apart from case, accents and punctuation, no name, label or alias belongs to two metrics."""
    owners = defaultdict(set)
    for metric, said in {**entries("metrics"), **entries("scorecards")}.items():
        for text in spoken(metric, said):
            owners[text].add(metric)
    assert {} == {text: sorted(found) for text, found in owners.items() if len(found) > 1}


@pytest.mark.parametrize(("word", "metric"), MUST_CATCH.items())
def test_words_of_the_trade_are_caught(word: str, metric: str) -> None:
    """The words that people use for the usual metrics lead to them, without accents too."""
    assert plain(word) in spoken(metric, {**entries("metrics"), **entries("scorecards")}[metric])


def test_romanian_has_commas_below() -> None:
    """Romanian ș and ț are written with a comma, not the cedilla of Turkish."""
    texts = dict(file for files in packs().values() for file in files)
    assert {} == {path: found for path, text in texts.items() if (found := CEDILLA.findall(text))}
