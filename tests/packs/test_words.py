"""The words of the trade lead to the metrics, however they are written; what fits nothing is not taken for another."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest
import yaml

import tallymark
from tallymark.spoken import loose, unaccented

FRENCH = yaml.safe_load((Path(__file__).parent / "words_french.yaml").read_text("utf-8"))
TERMS = [(term, metric) for metric, terms in FRENCH.items() for term in terms]
NOTHING = "`tally list` shows the metrics there are"
UNKNOWN = {
    "taux de renouvellement": NOTHING,
    "délai de récupération du CAC": NOTHING,
    "time to value": NOTHING,
    "taux de recommandation": "did you mean `nps` (NPS)?",
    "clients à risque": "`customer_health_score` (Score de santé client) speaks of it",
    "comptes à risque": "did you mean `customer_health_score` (Score de santé client)?",
    "taux de satisfaction globale": "did you mean `csat` (CSAT)?",
    "taux de résollution premier contact": "did you mean `fcr` (Résolution au premier contact)?",
    "taux de churn des clients français": "did you mean `customer_churn_rate` (Taux de churn clients)?",
}
"""What is asked and is no metric's name, with the help that is given."""


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> tallymark.Book:
    """A French project of all packs, without data."""
    folder = tmp_path_factory.mktemp("words")
    (folder / "tally.yaml").write_text("language: fr\npacks: all\n")
    return tallymark.open(folder)


def found(book: tallymark.Book, text: str) -> list[str]:
    """The names of the metrics that a text names."""
    return [m.name for m in book.catalog.find(text)]


def test_the_list_is_long() -> None:
    """There are enough terms for the list to speak for the trade, and none stands under two metrics."""
    assert len(TERMS) > 200
    assert len(TERMS) == len({term for term, _ in TERMS})


@pytest.mark.parametrize(
    "written",
    [
        str,
        str.upper,
        str.capitalize,
        lambda term: term.replace("'", "’"),
        lambda term: unaccented(term).replace("'", " "),
        lambda term: f"  {term.replace(' ', '-')} ",
    ],
    ids=["as listed", "capitals", "capitalised", "typographic apostrophe", "no accents", "hyphens"],
)
def test_french_terms_find_their_metric(book: tallymark.Book, written: object) -> None:
    """Each term finds the metric it means and no other, in capitals, without accents, with either apostrophe."""
    assert callable(written)
    wrong = {text: got for term, metric in TERMS if (got := found(book, text := written(term))) != [metric]}
    assert {} == wrong


def test_plurals_and_small_words_make_no_two_metrics_one(book: tallymark.Book) -> None:
    """No two metrics of the packs have names that differ only in a plural, an article or `of`."""
    owners = defaultdict(set)
    for metric in (m for m in book.catalog.metrics.values() if not m.hidden):
        for name in metric.called(loose):
            owners[name].add(metric.name)
    assert {} == {name: sorted(metrics) for name, metrics in owners.items() if len(metrics) > 1}


@pytest.mark.parametrize(("text", "expected"), UNKNOWN.items())
def test_what_is_unknown_is_proposed_only_where_near(book: tallymark.Book, text: str, expected: str) -> None:
    """A term without a metric is a fault; a metric is proposed if its names say most of it, and else none."""
    with pytest.raises(tallymark.FaultError) as caught:
        book.ask(text, period="2024")
    (fault,) = caught.value.faults
    assert "T103" == fault.code
    assert (fault.help or "").startswith(expected)


@pytest.mark.parametrize("text", ["lost - paid", "lost-paid", "  lost - paid"])
def test_a_difference_is_no_name(text: str, tmp_path: Path) -> None:
    """`lost - paid` is a formula of two metrics, though `lost paid` is another name of one of them."""
    (tmp_path / "orders.csv").write_text("id,at\n1,2024-01-05\n2,2024-01-06\n3,2024-01-07\n")
    (tmp_path / "tally.yaml").write_text(
        "datasets: {orders: {table: orders.csv, key: id, time: at, columns: {id: integer, at: date}}}\n"
    )
    (tmp_path / "metrics").mkdir()
    (tmp_path / "metrics" / "two.yaml").write_text(
        "metrics: {paid: count(orders), lost: {formula: count(orders where id = 1), aliases: [lost paid]}}\n"
    )
    with tallymark.open(tmp_path) as book:
        assert [1 - 3] == book.ask(text, period="2024-01").table.column(text).to_pylist()
        assert [1] == book.ask("Lost paid", period="2024-01").table.column("lost").to_pylist()
