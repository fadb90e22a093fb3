"""Datasets that transforms make, inside a book: plugins, packs, references, receipts, lineage, faults of the data."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from types import ModuleType
from typing import Any

import pyarrow as pa
import pytest
import sqlglot
from sqlglot import exp

import tallymark
from tallymark.catalog import Dataset
from tallymark.definitions import Project
from tallymark.errors import FaultError, PluginError
from tallymark.kinds import Type
from tallymark.read import read_texts
from tallymark.transforms.mrr import invoices, movements, subscriptions
from tallymark.transforms.table import TRANSFORMS
from tallymark.transforms.transform import Arguments, Bench, Field, Made, Rows, Shape, Take, Transform

from .books import opened

DAY = datetime(2024, 1, 5, 10)


def events(*rows: tuple[str | None, int | None, str | None]) -> pa.Table:
    """Events of users: minutes after 10 o'clock, and a page."""
    users, minutes, pages = zip(*rows, strict=True) if rows else ((), (), ())
    times = [None if m is None else DAY + timedelta(minutes=m) for m in minutes]
    return pa.table(
        {
            "user": pa.array(users, pa.string()),
            "at": pa.array(times, pa.timestamp("us")),
            "page": pa.array(pages, pa.string()),
        }
    )


EVENTS = events(("ada", 0, "a"), ("ada", 10, "b"), ("ada", 100, "c"), ("ben", 5, None))
SESSIONS = """
datasets:
  users: {key: id, columns: {id: text, country: text}}
  events: {time: at, refs: {user: users}, columns: {user: text, at: timestamp, page: text}}
  sessions: {transform: "sessionize(events, gap: 30 minutes, per user, last: page)"}
"""
USERS = pa.table({"id": ["ada", "ben"], "country": ["fr", "ro"]})


def book(more: str = "", **tables: Any) -> tallymark.Book:
    """Events and their sessions, and what `more` adds."""
    return opened(SESSIONS + more, {"users": USERS, "events": EVENTS, **tables})


def value(asked: tallymark.Book, formula: str, **question: Any) -> Any:
    """The only cell of a question about January 2024."""
    return asked.ask(formula, period="2024-01", **question).value


# --- plugins ---------------------------------------------------------------------------------------------------------


def shape(inputs: Sequence[Shape], arguments: Arguments) -> Made:
    """The input with one column more."""
    (rows,) = inputs
    said = Field("said", Type.TEXT, of=((0, "page"),))
    fields = {**rows.fields, "said": said}
    return Made(Shape("", fields, rows.key, rows.own_time, references=rows.references), (frozenset(rows.fields),))


def write(inputs: Sequence[Rows], arguments: Arguments, bench: Bench) -> exp.Select:
    """The page in capitals."""
    (rows,) = inputs
    said = exp.alias_(exp.Upper(this=exp.column("page")), "said")
    return exp.select("*", said).from_(rows.relation)


def plugin(*rows: Transform) -> ModuleType:
    """A plugin that gives transforms."""
    module = ModuleType("acme")
    module.tally_transforms = tallymark.hookimpl(lambda: rows)  # type: ignore[attr-defined]
    return module


LOUD = Transform("acme.loud", "Says it louder.", "acme.loud(events)", shape, write)


def with_plugin(yaml: str, *rows: Transform) -> tallymark.Book:
    """A book of events with a plugin."""
    definitions, _ = read_texts([("book.yaml", yaml)], project=Project(folder=""))
    tables = {"users": USERS, "events": EVENTS}
    return tallymark.open(definitions=definitions, tables=tables, plugins=[plugin(*rows)], strict=False)


def test_a_plugin_gives_transforms() -> None:
    """Its rows stand in the same table as the built-in ones, and what they make is a dataset like any other."""
    yaml = SESSIONS + '  louder: {transform: "acme.loud(events where page is not null)"}\n'
    found = with_plugin(yaml, LOUD)
    assert () == found.faults
    answer = found.ask("count(louder)", by="said", period="2024-01")
    assert [{"said": s, "count(louder)": 1} for s in "ABC"] == answer.to_dicts()


def test_a_plugin_takes_no_built_in_name() -> None:
    """A name that there is already stays what it was, and the plugin is told."""
    found = with_plugin(SESSIONS, Transform("union", "Mine.", "union(a)", shape, write))
    assert ["P706"] == [f.code for f in found.faults]
    assert 3 == value(found, "count(sessions)")


@pytest.mark.parametrize(
    "row",
    [
        lambda: Take("gap", "length", "?"),
        lambda: Take("keep", "word", "?"),
        lambda: Take("per", "member", "?", options=("a",)),
        lambda: Transform("f", "?", "f(a)", shape, write, (Take("a", "name", "?"), Take("a", "name", "?"))),
        lambda: Transform("f", "?", "f(a)", shape, write, least=0),
        lambda: Transform("f", "?", "f(a)", shape, write, least=3, most=2),
    ],
)
def test_a_row_that_cannot_mean_anything_is_refused(row: Any) -> None:
    """Who writes a plugin is told at once, by the name of what is wrong."""
    with pytest.raises(ValueError, match=r"`\w+`"):
        row()


def fails(*_: Any) -> Any:
    """What a plugin's function may do."""
    raise KeyError("page")


def test_a_plugin_that_fails_is_told_of() -> None:
    """Its dataset is at fault, or the question is; everything else goes on."""
    yaml = SESSIONS + '  louder: {transform: "acme.f(events)"}\n'
    found = with_plugin(yaml, Transform("acme.f", "?", "f(a)", fails, write))
    assert ["P700"] == [f.code for f in found.faults]
    assert 3 == value(found, "count(sessions)")
    found = with_plugin(yaml, Transform("acme.f", "?", "f(a)", shape, fails))
    assert 3 == value(found, "count(sessions)")
    with pytest.raises(PluginError, match=r"the transform `acme.f` failed: KeyError"):
        value(found, "count(louder)")


# --- SQL -------------------------------------------------------------------------------------------------------------


class Paper:
    """A bench that keeps what is put on it."""

    def __init__(self) -> None:
        self.steps: dict[str, exp.Select | exp.Union] = {}

    def put(self, step: str, query: exp.Select | exp.Union) -> str:
        """Keeps a step under its own name."""
        self.steps[step] = query
        return step

    def seconds(self, later: exp.Expression, earlier: exp.Expression, type: Type) -> exp.Expression:
        """Stands for what each dialect has of its own."""
        return exp.Literal.number(0)


@pytest.mark.parametrize("dialect", ["duckdb", "postgres", "snowflake", "bigquery", "spark", "redshift"])
@pytest.mark.parametrize("name", sorted(TRANSFORMS))
def test_built_in_transforms_are_portable(name: str, dialect: str) -> None:
    """Their SQL has no function of one dialect only, and each dialect reads its own text of it."""
    of = {"id": Type.TEXT, "user": Type.TEXT, "device": Type.TEXT, "at": Type.TIMESTAMP, "n": Type.DOUBLE}
    families = {"key": Type.TEXT, "text": Type.TEXT, "number": Type.DECIMAL, "time": Type.TIMESTAMP}
    named = {**subscriptions.NEEDED, **subscriptions.OPTIONAL, **invoices.NEEDED, **invoices.OPTIONAL}
    if name.startswith("mrr_"):
        of |= {c: families.get(f, Type.BOOLEAN) for c, f in (named | movements.NEEDED | {"currency": "text"}).items()}
    given = Shape("events", {n: Field(n, t) for n, t in of.items()}, "id", "at", own_time="at")
    members = {"per": ("user", "device"), "gap": timedelta(minutes=30), "tail": timedelta(seconds=1), "single": None}
    said: Arguments = {**members, "first": ("n",), "last": ("n",), "origin": "source", "of": ("n",), "keep": "first"}
    paper, row = Paper(), TRANSFORMS[name]
    said |= {t.name: t.default for t in row.takes if t.name not in said}
    inputs = [Rows("given", given)] * row.least
    made = row.shape([r.shape for r in inputs], said).shape
    query = row.write(inputs, said, paper)
    assert list(made.fields) == [shown.alias_or_name for shown in query.selects]
    for each in (*paper.steps.values(), query):
        assert {"REPLACE"} >= {f.name for f in each.find_all(exp.Anonymous)}
        sqlglot.parse_one(each.sql(dialect), dialect=dialect)


def test_what_is_made_stands_once_in_the_sql() -> None:
    """Groups that read the same made rows in different ways share them."""
    sql = book().ask("count(sessions) / count(sessions on ended_at)", period="2024-01").sql
    assert 1 == sql.count("sessions_made AS (")
    assert isinstance(sqlglot.parse_one(sql, dialect="duckdb"), exp.Select)


# --- references, packs, computed columns -----------------------------------------------------------------------------

PEOPLE = """
  leads: {key: id, columns: {id: text, country: text}}
  people: {transform: "union(users, leads)", key: id}
  calls: {time: at, refs: {person: people}, columns: {person: text, at: timestamp}}
"""
CALLS = pa.table({"person": ["ada", "eve", "zoe"], "at": pa.array([DAY] * 3, pa.timestamp("us"))})


def test_others_may_refer_to_what_is_made() -> None:
    """A reference finds its partner among the rows of a union, and orphans keep their place."""
    leads = pa.table({"id": ["eve"], "country": ["us"]})
    answer = book(PEOPLE, leads=leads, calls=CALLS).ask("count(calls)", by=["country", "dataset"], period="2024-01")
    assert [("fr", "users", 1), ("us", "leads", 1), (None, None, 1)] == [tuple(r.values()) for r in answer.to_dicts()]


def test_a_repeated_key_of_what_is_made_is_a_fault() -> None:
    """A union of datasets that share a key would multiply rows."""
    found = book(PEOPLE, leads=pa.table({"id": ["ada"], "country": ["us"]}), calls=CALLS)
    with pytest.raises(FaultError) as caught:
        found.ask("count(calls)", by="country", period="2024-01")
    assert ["D440"] == [f.code for f in caught.value.faults]
    assert ["D440", "D444"] == sorted(f.code for f in found.check(data=True))


def test_whether_a_key_repeats_depends_on_the_parameters_of_the_question() -> None:
    """What another question was told of a union's key does not hold for this one."""
    yaml = PEOPLE.replace('"union(users, leads)"', '"union(users, leads where country = $home)"')
    leads = pa.table({"id": ["eve", "ada"], "country": ["us", "fr"]})
    found = book(yaml + "parameters: {home: us}\n", leads=leads, calls=CALLS)
    assert 3 == value(found, "count(calls)")
    asked = {"by": "country", "period": "2024-01"}
    assert 3 == len(found.ask("count(calls)", **asked))
    with pytest.raises(FaultError, match="D440"):
        found.ask("count(calls)", parameters={"home": "fr"}, **asked)


def test_an_input_may_compute_columns_from_what_another_transform_makes() -> None:
    """The order of making follows what columns are computed from, wherever the datasets stand."""
    more = """
  visits: {transform: "sessionize(events where busy, gap: 30 minutes, per user)"}
"""
    yaml = SESSIONS.replace("country: text}", "country: text, n: {formula: count(sessions)}}", 1)
    yaml = yaml.replace("page: text}}", "page: text, busy: {formula: user.n > 1}}}", 1)
    head, tail = yaml.split("  sessions:")
    found = opened(head + more.strip("\n") + "\n  sessions:" + tail, {"users": USERS, "events": EVENTS})
    assert (2, 3) == (value(found, "count(visits)"), value(found, "count(sessions)"))


@pytest.mark.parametrize(
    "transform", ["dedupe(events, per page)", "versions(events, per user)", "union(events, events)"]
)
def test_computed_columns_are_taken_along(transform: str) -> None:
    """What carries whole rows carries the columns that are computed too."""
    yaml = SESSIONS.replace("page: text}}", "page: text, shout: {formula: upper(page)}}}")
    found = opened(f'{yaml}  made: {{transform: "{transform}"}}\n', {"users": USERS, "events": EVENTS})
    assert {"A", "B", "C"} <= {r["shout"] for r in found.ask("count(made)", by="shout", period="2024-01").to_dicts()}


def test_what_is_made_may_implement_a_standard_dataset() -> None:
    """The metrics of a pack read sessions that the project's own events make."""
    yaml = """
datasets:
  clicks:
    implements: events
    columns: {id: {formula: user}, user: text, at: timestamp, name: {column: page}}
  users: {implements: users, columns: {id: text, customer: {column: country}}}
  visits: {implements: sessions, transform: "sessionize(events, gap: 30 minutes, per user)"}
"""
    from tallymark.plugins import load

    packs = load(False).packs
    definitions, faults = read_texts([("tally.yaml", "packs: [usage]"), ("book.yaml", yaml)], packs=packs)
    assert [] == faults
    found = tallymark.open(definitions=definitions, tables={"events": EVENTS, "users": USERS}, strict=False)
    assert [] == [str(f) for f in found.faults if f.severity == "error"]
    assert "visits" not in found.datasets
    sessions = found.datasets["sessions"]
    assert ("Sessions", "id", "started_at") == (sessions.label["en"], sessions.key, sessions.time)
    assert 3 == value(found, "count(sessions)")
    assert 200.0 == value(found, "avg(sessions.seconds)")
    assert 3 == value(found, "session_count")


def test_a_column_may_be_renamed_and_roles_follow() -> None:
    """The key and the time are those of the transform under the names that the project gives them."""
    more = """
  visits:
    transform: "sessionize(events, gap: 30 minutes, per user)"
    columns: {visit: {column: id}, began: {column: started_at, label: Began}, who: {column: user}}
"""
    found = book(more)
    made: Dataset = found.datasets["visits"]
    assert ("visit", "began", "who") == (made.key, made.time, made.references["user"].column)
    assert {"id", "started_at", "user"} & made.columns.keys() == set()
    assert 2 == value(found, "count(visits)", where="country = 'fr'")


# --- identities ------------------------------------------------------------------------------------------------------


def test_days_add_up_to_the_whole() -> None:
    """No session is lost or counted twice when a range is cut, at whatever edge."""
    night = events(*(("ada", m, None) for m in range(0, 3 * 1440, 25)), *(("ben", m, None) for m in (830, 850, 3000)))
    found = opened(SESSIONS, {"users": USERS, "events": night})
    for grain in ("hour", "day", "month"):
        answer = found.ask(
            "count(sessions)", "sum(sessions.seconds)", grain=grain, start="2024-01-05", end="2024-01-08"
        )
        rows = answer.to_dicts()
        assert 3 == sum(r["count(sessions)"] for r in rows)
        assert 60.0 * (25 * 172 + 20) == sum(r["sum(sessions.seconds)"] for r in rows)


@pytest.mark.parametrize(("minute", "expected"), [(1, (2, 2)), (11, (2, 3)), (100, (2, 3)), (101, (3, 4))])
def test_the_knowledge_date_hides_what_came_after(minute: int, expected: tuple[int, int]) -> None:
    """Of a session only what had happened by then is there, and a row at the very date is not."""
    known = DAY + timedelta(minutes=minute)
    if minute < 5:
        expected = (1, 1)
    found = book().ask("count(sessions)", "sum(sessions.events)", period="2024-01", as_of=known)
    assert [expected] == [tuple(r.values()) for r in found.to_dicts()]


# --- what is told ----------------------------------------------------------------------------------------------------


def test_a_receipt_tells_how_rows_were_made() -> None:
    """The transform's text, its inputs', the values of its parameters, and the SQL."""
    more = """
  long: {transform: "sessionize(sessions where events > 1, gap: $rest, per user)"}
parameters: {rest: 2 days}
"""
    receipt = book(more).explain("count(long)", period="2024-01")
    told = [n for n in receipt.notes if "made by" in n]
    assert [
        "`long` is made by sessionize(sessions where events > 1, gap: $rest, per user)",
        "`sessions` is made by sessionize(events, gap: 30 minutes, per user, last: page)",
    ] == told
    assert {"rest": "2 days"} == receipt.parameters
    assert "long_made" in receipt.sql
    assert "sessions_made" in receipt.sql


def test_lineage_goes_on_through_what_is_made() -> None:
    """A made dataset leads to its inputs, and a column of it to the columns that it is made of."""
    found = book("metrics: {length: sum(sessions.seconds), pages: count(sessions.last_page)}\n").lineage("length")
    edges = {(made.name, of.name) for made, of in found.edges}
    assert {("length", "sessions"), ("sessions", "events"), ("sessions.seconds", "events.at")} <= edges
    assert ("length", "events") not in edges
    node = next(n for n in found.nodes if n.name == "sessions")
    assert "sessionize(events, gap: 30 minutes, per user, last: page)" == node.formula
    assert "sessions = sessionize(events, gap: 30 minutes, per user, last: page) (dataset)" in found.tree()


def test_a_gap_without_a_value_is_asked_for() -> None:
    """A parameter without a default must be given by the question."""
    more = """
  visits: {transform: "sessionize(events, gap: $pause, per user)"}
parameters: {pause: {type: duration}}
"""
    found = book(more)
    with pytest.raises(FaultError) as caught:
        found.ask("count(visits)", period="2024-01")
    assert ["Q504"] == [f.code for f in caught.value.faults]
    assert () == found.check(data=True)
    assert 2 == value(found, "count(visits)", parameters={"pause": "2 hours"})


def test_faults_of_an_inputs_data_are_told_once() -> None:
    """References and times that a transform takes over are checked where they come from."""
    rows = events(("ada", 0, None), ("zoe", 0, None), (None, 1, None), ("ada", None, None))
    found = opened(SESSIONS, {"users": USERS, "events": rows}).check(data=True)
    assert ["D442", "D444", "D445"] == sorted(f.code for f in found)
    assert {"dataset `events`"} == {f.subject for f in found}


# --- size ------------------------------------------------------------------------------------------------------------


def chain(length: int) -> str:
    """Datasets that are each made of the one before."""
    levels = (f'  d{n}: {{transform: "dedupe(d{n - 1}, per user)"}}\n' for n in range(1, length))
    return SESSIONS + '  d0: {transform: "dedupe(events, per user)"}\n' + "".join(levels)


def test_datasets_may_be_made_of_one_another_fifty_deep() -> None:
    """The deepest is answered; beyond that the first that is too deep is told, once."""
    found = opened(chain(50), {"users": USERS, "events": EVENTS})
    assert 2 == value(found, "count(d49)")
    with pytest.raises(FaultError) as caught:
        opened(chain(60), {"users": USERS, "events": EVENTS})
    assert [("T121", "dataset `d50`")] == [(f.code, f.subject) for f in caught.value.faults]
