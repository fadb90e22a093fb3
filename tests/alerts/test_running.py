"""A run of rules: what is told to whom, what waits, and what stands in nobody's way."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tallymark.engine.rules_standing import drop_notifications, rules_status
from tallymark.errors import Fault, FaultError
from tallymark.rules.ledger import alone
from tallymark.rules.outcome import RuleRun
from tallymark.rules.states import Evaluation
from tests.alerts.pretend import Pretend, Remembers
from tests.alerts.written import evaluation, rule

PRO, FREE = (("plan", "pro"),), (("plan", "free"),)


@pytest.fixture
def book(folder: Path) -> Pretend:
    """One rule that tells a log, and another notifier."""
    made = Pretend(folder, channels={"log": Remembers(), "team": Remembers()})
    set_(made, "oo")
    return made


def set_(book: Pretend, series: Any, name: str = "churn_high", notify: tuple[str, ...] = ("log",), **more: Any) -> None:
    """What a rule's evaluation is from now on."""
    means = {"meaning": more.pop("meaning")} if "meaning" in more else {}
    book.evaluations[name] = evaluation(series, of=rule(name, notify=notify, **more), **means)


def told(run: RuleRun) -> list[tuple[str, str, int]]:
    """What became of each delivery."""
    return [(each.notifier, each.state, each.attempts) for each in run.deliveries]


def status(book: Pretend) -> Any:
    """How its rules stand."""
    any_: Any = book
    return rules_status(any_)


def test_a_transition_is_told_once(book: Pretend) -> None:
    """What begins and what ends is told once each, however often rules are run."""
    for series in ("oo", "oo", "ooF", "ooF", "ooFo", "ooFo"):
        set_(book, series)
        book.run()
    assert ["churn_high: firing since 2024-03", "churn_high: ended in 2024-04"] == book.channels["log"].lines
    assert [] == book.channels["team"].told


def test_the_summary(book: Pretend) -> None:
    """A run says in a line how things stand and what was told; a second one that nothing is new."""
    set_(book, {PRO: "oF", FREE: "on", (("plan", "old"),): "oo"})
    assert "1 rule, 3 instances: 1 firing, 1 no data; 2 told, 0 failed" == book.run().summary()
    assert "1 rule, 3 instances: 1 firing, 1 no data; nothing new" == book.run().summary()


def test_a_dry_run_leaves_no_trace(book: Pretend) -> None:
    """A dry run finds what a run would tell, sends nothing and writes no file."""
    set_(book, "oF")
    done = book.run(dry_run=True)
    assert ["churn_high: firing since 2024-02"] == [each.subject for each in done.transitions]
    assert () == done.deliveries
    assert [] == book.channels["log"].told
    assert [] == list(book.folder.iterdir())
    assert "1 rule, 1 instance: 1 firing, 0 no data; 1 transition to tell (dry run: nothing is written or sent)" == (
        done.summary()
    )


def test_a_dry_run_between_runs_changes_nothing(book: Pretend) -> None:
    """A dry run over a ledger finds what is new, and so does the run after it."""
    book.run()
    set_(book, "ooF")
    before = (book.folder / ".tally/rules.db").read_bytes()
    assert 1 == len(book.run(dry_run=True).transitions)
    assert before == (book.folder / ".tally/rules.db").read_bytes()
    assert [("log", "sent", 1)] == told(book.run())


def test_a_rule_without_notifiers_tells_the_default_ones(book: Pretend) -> None:
    """`default: true` takes what names nobody, and only that; without one it is written down and told to nobody."""
    set_(book, "oF", notify=())
    set_(book, "oF", "other")
    assert [("log", "sent", 1)] == told(book.run())
    book.declared["team"] = {"default": True}
    set_(book, "oFo", notify=())
    set_(book, "oFo", "other")
    assert [("team", "sent", 1), ("log", "sent", 1)] == told(book.run())


def test_each_notifier_has_its_language(book: Pretend) -> None:
    """A notifier is told in its own language, others in the project's."""
    book.declared["team"] = {"language": "fr"}
    set_(book, "oF", notify=("log", "team"), label={"en": "Churn", "fr": "Attrition"})
    book.run()
    assert ["Churn: firing since 2024-02"] == book.channels["log"].lines
    assert ["Attrition : en alerte depuis 2024-02"] == book.channels["team"].lines


def test_a_failure_is_tried_again_and_keeps_its_order(book: Pretend) -> None:
    """What is not taken waits, with what comes after it for the same instance; others are told; then all of it goes."""
    book.channels["log"].fails = "down for a while"
    set_(book, {PRO: "oF", FREE: "oo"}, notify=("log", "team"))
    first = book.run()
    assert [("log", "failed", 1), ("team", "sent", 1)] == told(first)
    assert ["A399"] == [fault.code for fault in first.faults]
    assert not first.whole
    set_(book, {PRO: "oFo", FREE: "ooF"}, notify=("log", "team"))
    assert [
        ("team", "sent", 1),
        ("log", "failed", 1),
        ("team", "sent", 1),
        ("log", "failed", 2),
        ("log", "waiting", 0),
    ] == told(book.run())
    book.channels["log"].fails = None
    assert [("log", "sent", 2), ("log", "sent", 3), ("log", "sent", 1)] == told(book.run())
    assert sorted(book.channels["team"].lines) == sorted(book.channels["log"].lines)
    pro = [line for line in book.channels["log"].lines if "plan pro" in line]
    assert ["churn_high, plan pro: firing since 2024-02", "churn_high, plan pro: ended in 2024-03"] == pro
    assert () == book.run().deliveries


def test_a_notifier_that_keeps_failing_is_left_alone(book: Pretend) -> None:
    """After three failures in a row the rest waits for the next run: nobody sits through a hundred time-outs."""
    book.channels["log"].fails = "down"
    set_(book, {((("plan", str(n)),)): "oF" for n in range(5)})
    assert [("log", "failed", 1)] * 3 + [("log", "waiting", 0)] * 2 == told(book.run())


def test_what_is_never_taken_keeps_nobody_waiting(book: Pretend) -> None:
    """Notifications that a notifier refuses for themselves come last: others reach it all the same."""
    log = book.channels["log"]
    log.refuses = "poison"
    set_(book, {((("plan", f"poison {n}"),)): "oF" for n in range(4)})
    for _ in range(3):
        book.run()
    set_(book, {((("plan", f"poison {n}"),)): "oF" for n in range(4)} | {PRO: "ooF"})
    book.run()
    assert ["churn_high, plan pro: firing since 2024-03"] == log.lines


def test_a_notifier_that_is_gone(book: Pretend) -> None:
    """What waits for a notifier that the project no longer has is kept and said, until it is back or given up."""
    book.channels["log"].fails = "down"
    set_(book, "oF")
    book.run()
    gone = book.channels.pop("log")
    set_(book, "oFF", notify=("team",))
    done = book.run()
    assert [("log", "waiting", 1)] == told(done)
    assert ["A210", "A300"] == sorted(fault.code for fault in done.faults)
    assert ("notifications wait for `log`, which the project does not have",) == status(book).notes
    gone.fails = None
    book.channels["log"] = gone
    assert [("log", "sent", 2)] == told(book.run())


def test_giving_up_what_waits(book: Pretend) -> None:
    """What is given up is counted, and never sent."""
    book.channels["log"].fails = "down"
    set_(book, {PRO: "oF", FREE: "oF"})
    book.run()
    any_: Any = book
    assert 2 == drop_notifications(any_, "log")
    assert 0 == drop_notifications(any_, "log")
    book.channels["log"].fails = None
    assert () == book.run().deliveries
    assert [["dropped"], ["dropped"]] == [[d.state for d in s.heard] for s in status(book).standing]


def test_a_rule_that_faults_keeps_no_other_from_running(book: Pretend) -> None:
    """A rule that cannot be evaluated is a fault of the run, and what was told of it stands."""
    set_(book, "oF", "other")
    book.run()
    book.definitions["other"] = rule("other")
    book.evaluations["other"] = Fault("Q502", "no data today")
    set_(book, "ooF")
    done = book.run()
    assert ["churn_high: firing since 2024-03"] == [each.subject for each in done.transitions]
    assert [("Q502", "rule `other`")] == [(fault.code, fault.subject) for fault in done.faults]
    assert ("other",) == done.failed
    set_(book, "oF", "other")
    assert () == book.run().transitions


def test_who_was_told_of_the_beginning_is_told_of_the_end(book: Pretend) -> None:
    """A rule that tells somebody else from now on tells the end also to whom it told the beginning, and no more."""
    set_(book, "oF")
    book.run()
    set_(book, "oFo", notify=("team",))
    book.run()
    assert ["churn_high: firing since 2024-02", "churn_high: ended in 2024-03"] == book.channels["log"].lines
    assert ["churn_high: ended in 2024-03"] == book.channels["team"].lines
    set_(book, "oFoF", notify=("team",))
    book.run()
    assert 2 == len(book.channels["log"].told)


def test_a_removed_rule_is_ended_once(book: Pretend) -> None:
    """A rule that the project no longer has ends for whom it told; should it come back it begins anew."""
    set_(book, "oF", label={"en": "Churn"})
    set_(book, "oo", "other")
    book.run()
    del book.evaluations["churn_high"]
    assert [("log", "sent", 1)] == told(book.run())
    assert "Churn: ended in 2024-02" == book.channels["log"].lines[-1]
    assert "The rule is no longer in the project." == book.channels["log"].told[-1].text
    assert () == book.run().transitions
    set_(book, "oFoooF")
    assert ["churn_high: firing since 2024-06"] == [each.subject for each in book.run().transitions]


def test_a_file_that_cannot_be_read_ends_nothing(book: Pretend) -> None:
    """A rule that is not there while the project's files have faults may stand in them: what was told of it stands."""
    set_(book, "oF")
    set_(book, "oo", "other")
    book.run()
    del book.evaluations["churn_high"]
    book.faults = (Fault("R005", "text that is not YAML"),)
    done = book.run()
    assert () == done.transitions
    assert ("`churn_high`: not found, but the project has faults, so what was told of it stands",) == done.notes


def test_a_run_of_some_rules_leaves_the_others_alone(book: Pretend) -> None:
    """Named rules are run; the others are neither evaluated nor ended."""
    set_(book, "oF")
    set_(book, "oF", "other")
    book.run()
    del book.evaluations["churn_high"]
    assert () == book.run("other").transitions
    with pytest.raises(FaultError) as unknown:
        book.run("churn_high")
    assert ["A109"] == [fault.code for fault in unknown.value.faults]


def test_an_older_run_tells_nothing_and_says_so(book: Pretend) -> None:
    """Run as of a day before what was told of, rules tell nothing, and the next run goes on as if it had not been."""
    set_(book, "oFFo")
    book.run()
    set_(book, "oF")
    done = book.run()
    assert () == done.transitions
    assert ("`churn_high`: it ends with 2024-02, and 2024-04 was told of before: nothing is told",) == done.notes
    set_(book, "oFFo")
    assert () == book.run().transitions


@pytest.mark.parametrize("repeatable", [True, False])
def test_what_was_being_sent_when_a_run_broke_off(book: Pretend, repeatable: bool) -> None:
    """It is sent again under its key; where the notifier does not know keys, it says that it may have been told."""
    log = book.channels["log"]
    log.breaks, log.repeatable = True, repeatable
    set_(book, "oF")
    with pytest.raises(KeyboardInterrupt):
        book.run()
    assert [(True, "waiting")] == [(each.doubtful, each.state) for each in status(book).waiting]
    log.breaks = False
    assert [("log", "sent", 2)] == told(book.run())
    once, twice = log.told
    assert once.key == twice.key
    assert repeatable == (once == twice)
    assert repeatable != twice.text.endswith("while it was telling this.")
    assert () == book.run().deliveries


def test_one_run_at_a_time(book: Pretend) -> None:
    """A run beside another one is refused, and told as under way; a dry run waits for nobody."""
    set_(book, "oF")
    with alone(book.folder):
        with pytest.raises(FaultError) as refused:
            book.run()
        assert ["A200"] == [fault.code for fault in refused.value.faults]
        assert status(book).running
        assert 1 == len(book.run(dry_run=True).transitions)
    assert not status(book).running


def test_the_status(book: Pretend) -> None:
    """What stands, since when, who was told when; which rules were never run."""
    set_(book, {PRO: "oFF", FREE: "on", (("plan", "old"),): "oo"}, notify=("log", "team"))
    before = status(book)
    assert ([None], (), ()) == ([each.ran for each in before.rules], before.standing, before.waiting)
    book.channels["team"].fails = "down"
    book.run()
    found = status(book)
    assert [("plan pro", "firing", "2024-02"), ("plan free", "no_data", "2024-02")] == [
        (each.who, each.told, each.since) for each in found.standing
    ]
    assert [[("log", "sent", book.clock), ("team", "failed", book.clock)]] * 2 == [
        [(each.notifier, each.state, each.at) for each in standing.heard] for standing in found.standing
    ]
    assert ["[A399] down"] * 2 == [each.error for each in found.waiting]
    assert [(book.clock, "2024-03")] == [(each.ran, each.period) for each in found.rules]


def test_the_status_tells_what_is_unknown_now(book: Pretend) -> None:
    """What was told as firing still stands where nothing is known since: the status has both, until that is told."""
    set_(book, {PRO: "oF"})
    book.run()
    assert [("firing", "firing", "2024-02")] == [(s.told, s.now, s.now_since) for s in status(book).standing]
    found = book.evaluations["churn_high"]
    assert isinstance(found, Evaluation)
    for months in ("oFF", "oFFF"):
        set_(book, {PRO: months})
        unknown = book.evaluations["churn_high"]
        assert isinstance(unknown, Evaluation)
        *before, last = unknown.instances[PRO]
        since = unknown.periods[2]
        silent = replace(last, state=replace(last.state, status="no_data", since=since))
        book.evaluations["churn_high"] = replace(unknown, instances={PRO: (*before, silent)})
        assert () == book.run().transitions
        assert [("firing", "no_data", "2024-03")] == [(s.told, s.now, s.now_since) for s in status(book).standing]


def test_the_status_tells_what_could_not_be_evaluated(book: Pretend) -> None:
    """A rule that a run could not evaluate is said to be so, with why, until a run can."""
    set_(book, "oF")
    book.run()
    ran, firing = book.clock, book.evaluations["churn_high"]
    assert isinstance(firing, Evaluation)
    book.definitions["churn_high"] = firing.rule
    book.evaluations["churn_high"] = Fault("D400", "the file is gone")
    assert () == book.run(dry_run=True).transitions
    assert [(ran, None)] == [(each.ran, each.error) for each in status(book).rules]
    book.run()
    found = status(book)
    assert [(ran, book.clock, "[D400] the file is gone")] == [(r.ran, r.failed_at, r.error) for r in found.rules]
    assert ["firing"] == [each.told for each in found.standing]
    book.evaluations["churn_high"] = firing
    book.run()
    assert [None] == [each.error for each in status(book).rules]


def test_a_run_with_less_knowledge_tells_nothing(book: Pretend) -> None:
    """A run as of an earlier day of the same period takes nothing back, and says so; the next one goes on."""
    set_(book, "oF")
    later = book.evaluations["churn_high"]
    assert isinstance(later, Evaluation)
    book.run()
    set_(book, "oo")
    earlier = book.evaluations["churn_high"]
    assert isinstance(earlier, Evaluation)
    book.evaluations["churn_high"] = replace(earlier, as_of=date(2025, 12, 31))
    done = book.run()
    assert () == done.transitions
    assert [True] == ["2025-12-31" in note and "nothing is told" in note for note in done.notes]
    book.evaluations["churn_high"] = earlier
    assert ["data changed"] == [each.transition.reason for each in book.run().transitions]
