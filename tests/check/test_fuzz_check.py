"""Whatever formulas and definitions say, checking them gives a catalog and faults: never an exception, and soon."""

from __future__ import annotations

import json
import random
from functools import cache
from pathlib import Path

import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tallymark.catalog import Catalog
from tallymark.check import check
from tallymark.check.empty_windows import Windows
from tallymark.check.formulas import Formulas
from tallymark.check.report import POISON, Report
from tallymark.codes import CODES
from tallymark.definitions import Project
from tallymark.errors import Fault, FaultError
from tallymark.formula.functions import CALLABLE, TABLE
from tallymark.formula.parse import load_grammar, parse
from tallymark.formula.write import write
from tallymark.kinds import Type
from tallymark.place import Written
from tallymark.read import read_texts
from tests.formula.trees import formulas

from .shop import PACK, SHOP, checked, describe
from .test_sound_formulas import SOUND

HERE = Path(__file__).parent
FAULTY = [case["formula"] for case in yaml.safe_load((HERE / "faults.yaml").read_text(encoding="utf-8"))]
WRITTEN = [*FAULTY, *(formula for formula, *_ in SOUND), *(f.example for f in CALLABLE.values())]
"""Formulas that people write, right and wrong."""

# The deadline, in milliseconds, is what "soon" means.
patient = settings(deadline=4_000, max_examples=300)


@cache
def shop() -> Catalog:
    """The shop, checked once."""
    load_grammar()
    return checked().catalog


def proper(fault: Fault, text: str) -> bool:
    """Whether a fault is one a user can read: coded, placed in the text, with words."""
    json.dumps(fault.as_dict())
    place = fault.place
    lines = text.count("\n") + 1
    return (
        fault.code in CODES
        and bool(fault.message)
        and "`None`" not in fault.message
        and place is not None
        and place.width >= 1
        and 1 <= place.line <= lines
        and bool(str(fault))
    )


def bind(text: str) -> None:
    """Parses and checks a formula in the shop, and sees to it that its faults are proper ones."""
    report = Report(Written(text), "the formula")
    catalog = shop()
    try:
        bound = Formulas(catalog, TABLE, Windows(catalog)).bind(parse(report.written), report)
    except FaultError as error:
        report.faults = list(error.faults)
        bound = POISON
    assert [] == [f for f in report.faults if not proper(f, text)]
    if bound is POISON:
        assert report.errors or report.needs
    else:
        assert not report.errors
        assert bound.type not in (Type.NULL, Type.OPAQUE)
        repr(bound)
        hash(bound)


names = [
    "orders", "orders.amount", "orders.fee", "orders.at", "orders.quantity", "orders.paid", "orders.status",
    "orders.wait", "orders.tags", "customer", "customers.country", "country", "plan", "status", "subscriptions.mrr",
    "tickets.solved_at", "tickets", "mrr", "revenue", "n_orders", "nrr", "kept", "waiting", "last_at", "last_status",
    "any_paid", "backlog", "monthly", "zip", "seen", "customer.country", "versions.name", "logs.price", "nothing",
]  # fmt: skip
words = st.sampled_from(
    [
        *names,
        *(f"{name}(" for name in CALLABLE),
        *(
            "per customer",
            "per day",
            "per month",
            "where",
            "on seen",
            "at end",
            "at start",
            "within 3 days",
            "per",
            "on",
        ),
        *(
            "+",
            "-",
            "*",
            "/",
            "=",
            "!=",
            "<",
            ">=",
            "??",
            "and",
            "or",
            "not",
            "in (",
            "in $statuses",
            "between",
            "is null",
        ),
        *("1", "0", "100", "0.5", "5%", "100%", "28 days", "1 month", "'x'", "null", "true", "date('2024-01-31')"),
        *("$window", "$cutoff", "$statuses", "$since", "$nothing", "day", "year"),
        *("(", ")", ")", ",", "if(", "case when", "then", "else", "end"),
    ]
)


@patient
@given(st.lists(words, max_size=20).map(" ".join))
@example("weighted_mean( null , 1 , null , 2 )")
@example("case when null then null end")
@example("band( null , null )")
@example("greatest( date('2024-01-31') , seen )")
def test_soup(text: str) -> None:
    """Words of the language and of the shop in any order give a bound formula or faults."""
    bind(text)


@patient
@given(formulas.map(write))
def test_well_formed_nonsense(text: str) -> None:
    """Formulas of any form, over names that mean nothing, give faults."""
    bind(text)


@st.composite
def mutants(draw: st.DrawFn) -> str:
    """A written formula with a few of its words exchanged for other words, or for words of another formula."""
    text, other = draw(st.sampled_from(WRITTEN)), draw(st.sampled_from(WRITTEN))
    chance = random.Random(draw(st.integers(0, 2**32)))
    parts, spare = text.split(" "), [*other.split(" "), *names, "1", "'x'", "null", "5%", "3 days", "$cutoff"]
    for _ in range(chance.randint(1, 3)):
        place = chance.randrange(len(parts))
        match chance.randrange(3):
            case 0:
                parts[place] = chance.choice(spare)
            case 1:
                parts.insert(place, chance.choice(spare))
            case _:
                parts[place] = parts[place].replace(
                    chance.choice(["orders", "mrr", "at", ")", "(", "."]), chance.choice(spare)
                )
    return " ".join(parts)


@patient
@given(mutants())
def test_mutants(text: str) -> None:
    """Formulas that people write, with a slip or two, give a bound formula or faults."""
    bind(text)


@st.composite
def inside_out(draw: st.DrawFn) -> str:
    """Written formulas put into one another's arguments."""
    text = draw(st.sampled_from(WRITTEN))
    for _ in range(draw(st.integers(1, 3))):
        other = draw(st.sampled_from(WRITTEN))
        function = draw(st.sampled_from([*CALLABLE]))
        form = draw(st.sampled_from(["({0}) + ({1})", "if(({0}) = ({1}), {0}, {1})", "{2}(({0}))", "{2}(({0}), ({1}))",
                                     "avg(({0}) per customer)", "(({0}) where customer.country = 'x')", "{2}(({0}) per day)"]))  # fmt: skip
        text = form.format(text, other, function)
    return text


@patient
@given(inside_out())
def test_formulas_in_formulas(text: str) -> None:
    """Any formula where another's argument stands gives a bound formula or faults."""
    bind(text)


# --- definitions -----------------------------------------------------------------------------------------------------

short = st.sampled_from(
    ["a", "b", "orders", "customers", "id", "at", "amount", "customer", "status", "tickets", "nowhere"]
)
column = st.one_of(
    st.sampled_from(["text", "integer", "timestamp", "boolean", "decimal"]),
    st.fixed_dictionaries(
        {},
        optional={
            "type": st.sampled_from(["text", "double", "date"]),
            "unit": st.sampled_from(["money", "percent", "duration", {"money": "EUR"}, "count"]),
            "column": short,
            "formula": st.sampled_from(
                [*WRITTEN, "a + 1", "b", "amount * 2", "min(orders.at)", "customer.a", "count(orders)"]
            ),
        },
    ),
)
dataset = st.fixed_dictionaries(
    {},
    optional={
        "implements": st.sampled_from(["tickets", "customers", "incidents", "nowhere"]),
        "table": st.sampled_from(["orders", "customers", "tickets", "nowhere"]),
        "key": short,
        "time": short,
        "valid": st.lists(short, min_size=2, max_size=2),
        "refs": st.dictionaries(
            short, st.one_of(short, st.fixed_dictionaries({"dataset": short, "column": short})), max_size=3
        ),
        "columns": st.dictionaries(short, column, max_size=4),
    },
)
metric = st.one_of(
    st.sampled_from([*WRITTEN, "a", "b + a", "count(orders)", "avg(a per customer)", "a where status = 'x'"]),
    st.fixed_dictionaries(
        {"formula": st.sampled_from([*WRITTEN, "a / b", "b"])},
        optional={
            "unit": st.sampled_from(["money", "percent", "ratio", "duration", {"money": "EUR"}, "score"]),
            "missing": st.sampled_from(["zero", "null"]),
        },
    ),
)
files = st.fixed_dictionaries(
    {},
    optional={
        "datasets": st.dictionaries(short, dataset, max_size=4),
        "metrics": st.dictionaries(short, metric, max_size=5),
    },
)


@settings(deadline=6_000, max_examples=200)
@given(files, st.booleans(), st.booleans())
def test_definitions(said: dict[str, object], beside_the_shop: bool, with_the_pack: bool) -> None:
    """Datasets and metrics of any kind, alone or beside others, give a catalog that holds together, and faults."""
    text = yaml.safe_dump(said)
    project = Project(packs=("help",) if with_the_pack else ())
    texts = [("own.yaml", text), *([("shop.yaml", SHOP)] if beside_the_shop else [])]
    definitions, faults = read_texts(texts, project=project, packs={"help": [("pack.yaml", PACK)]})
    catalog, found = check(definitions, describe)
    for fault in (*faults, *found):
        json.dumps(fault.as_dict())
        assert fault.code in CODES
        assert str(fault)
        assert fault.place is not None
    holds_together(catalog)


def holds_together(catalog: Catalog) -> None:
    """References lead to datasets, keys and times are columns, and no metric is both bound and waiting."""
    for own in catalog.datasets.values():
        assert all(r.dataset in catalog.datasets and r.column in own.columns for r in own.references.values())
        assert not own.columns.keys() & (own.lacking | own.waiting.keys())
        assert all(c.type is not Type.OPAQUE or c.formula is None for c in own.columns.values())
    for made in catalog.metrics.values():
        assert not (made.needs and made.available)
    assert not catalog.datasets.keys() & catalog.missing.keys()
