"""One test, run: what goes in is put, the question asked, the answer compared."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from tallymark.answer import Answer
from tallymark.definitions import Definitions
from tallymark.definitions.trials import TrialDef
from tallymark.engine.book import Book
from tallymark.errors import Fault, FaultError, did_you_mean
from tallymark.formula.bound import Bound
from tallymark.plugins import Plugins
from tallymark.query import Query
from tallymark.trials.compare import Compared
from tallymark.trials.inputs import READS_ROWS, Inputs, Written, outside
from tallymark.trials.question import query_of, timed
from tallymark.trials.receipt import receipt_of
from tallymark.trials.results import Difference, TestResult
from tallymark.trials.rows import Rows
from tallymark.trials.stage import Stage, staged
from tallymark.units import Unit

_FURTHER = ("T111", "T222")
"""Codes of formulas that ask of a metric what a written value cannot say: dimensions, the value at an instant."""


@dataclass
class Trying:
    """Runs tests of one set of definitions. `trials` are all of them, files read."""

    definitions: Definitions
    plugins: Plugins
    trials: Mapping[str, TrialDef]
    language: str = "en"
    _stage: Stage | None = field(default=None, init=False)

    @property
    def stage(self) -> Stage:
        """The book of all datasets, made when a test first needs it."""
        if self._stage is None:
            self._stage = staged(self.definitions, self.plugins, self.trials.values())
        return self._stage

    def close(self) -> None:
        """Closes the book."""
        if self._stage is not None:
            self._stage.book.close()

    def run(self, trial: TrialDef) -> TestResult:
        """The result of a test. What is wrong with it, or with its question, is in the result; nothing is raised."""
        started = time.perf_counter()
        result = TestResult(trial.name, trial.place, trial.pack, _why(trial, self.language),
                            rule=trial.rule.text if trial.rule is not None else None)  # fmt: skip
        faults = [*trial.faults, *required(trial)]
        if not faults:
            try:
                result = self._tried(trial, result)
            except FaultError as error:
                faults = list(error.faults)
            except RecursionError:
                faults = [Fault("E114", "its metrics build on too many others, one on the other", trial.place)]
        subject = f"test `{trial.name}`"
        faults = [replace(f, place=f.place or trial.place).within(subject) for f in (*result.faults, *faults)]
        return replace(result, faults=tuple(faults), seconds=time.perf_counter() - started)

    def _tried(self, trial: TrialDef, result: TestResult) -> TestResult:
        if trial.rule is not None:
            from tallymark.trials.ruling import tried_rule

            return tried_rule(self, trial, result)
        query = query_of(trial)
        if trial.metrics is not None:
            written, stage = self.small_stage(trial, query.metrics, query.by, query.grain, query)
            with stage.book as book:
                faults = self._outside(written, query, book, trial)
                if faults:
                    raise FaultError(faults)
                return self._asked(trial, timed(query, *written.range), book, result)
        self.put_rows(trial)
        return self._asked(trial, query, self.stage.book, result)

    def put_rows(self, trial: TrialDef) -> None:
        """Puts the rows of a test on the stage. Raises FaultError with all that is wrong with them."""
        rows = Rows(self.stage.layout, self.trials, self.definitions.project.timezone)
        found = rows.of(trial)
        if rows.faults:
            raise FaultError(rows.faults)
        self.stage.tables.put(found, empty=trial.others is not None)

    def small_stage(
        self, trial: TrialDef, asked: tuple[str, ...], by: tuple[str, ...], grain: str | None, query: Query | None
    ) -> tuple[Written, Stage]:
        """A stage of its own for a test of written values. Raises FaultError."""
        inputs = Inputs(trial, self.definitions, self.plugins.functions, self._units(trial))
        written = inputs.written(asked, by, grain, query)
        stage = staged(written.definitions, self.plugins, ())
        stage.tables.types = {table.name: table.types for table in written.tables}
        stage.tables.put({table.name: table.rows for table in written.tables}, empty=False)
        return written, stage

    def _units(self, trial: TrialDef) -> Mapping[str, Unit]:
        """The units of metrics that the whole catalog knows; looked up only where a metric declares none."""
        known = self.definitions.metrics
        assert trial.metrics is not None
        names = [*trial.metrics.names, *(n for cell in trial.metrics.cells for n in cell)]
        if all(known[n].unit is not None for n in names if n in known):
            return {}
        return {n: m.unit for n, m in self.stage.book.metrics.items() if m.available}

    def _outside(self, written: Written, query: Query, book: Book, trial: TrialDef) -> list[Fault]:
        bounds: list[Bound] = []
        faults: list[Fault] = []
        for text in query.metrics:
            try:
                metric = book.catalog.metrics.get(text) or book.bound(text)
            except FaultError as error:
                faults += error.faults
                continue
            if metric.expression is not None:
                bounds.append(metric.expression)
            else:
                faults.append(_not_given(text, book, trial))
        return faults or outside(written, bounds, book.catalog, trial)

    def _asked(self, trial: TrialDef, query: Query, book: Book, result: TestResult) -> TestResult:
        self._require_known(query, trial)
        try:
            answer = book.ask(query)
        except FaultError as error:
            return _failed(trial, _explained(error, book, trial), result)
        if trial.fault is not None:
            message = f"the question is answered, and a fault `{trial.fault.text}` is expected"
            fault = Fault("E134", message, trial.fault.place)
            return replace(result, differences=(Difference({}, "fault", trial.fault.text, "none", fault),))
        return self._compared(trial, query, answer, book, result)

    def _require_known(self, query: Query, trial: TrialDef) -> None:
        """A test of a name that is nearly that of a metric asks nothing of it."""
        faults = []
        for text in query.metrics:
            if text.isidentifier() and not self._knows(text):
                place = trial.place
                for cell in trial.expect.cells if trial.expect is not None else ():
                    place = cell[text].place if text in cell else place
                help_ = did_you_mean(text, self.definitions.metrics)
                faults.append(Fault("E102", f"unknown metric `{text[:60]}`", place, help_))
        if faults:
            raise FaultError(faults)

    def _knows(self, text: str) -> bool:
        metrics = self.definitions.metrics
        if text in metrics or text in self.definitions.funnels:
            return True
        named = {*(a for m in metrics.values() for of in m.aliases.values() for a in of),
                 *(label for m in metrics.values() for label in m.label.values())}  # fmt: skip
        return text.casefold() in {n.casefold() for n in named}

    def _compared(self, trial: TrialDef, query: Query, answer: Answer, book: Book, result: TestResult) -> TestResult:
        compared = Compared(trial, answer, book.catalog)
        differences = compared.differences()
        result = replace(result, metrics=compared.metrics(), differences=differences, faults=tuple(compared.faults))
        receipt = receipt_of(book, query, compared) if differences else ""
        return replace(result, receipt=receipt)


def required(trial: TrialDef) -> list[Fault]:
    """What a test lacks, or has too much of, whatever it is of."""
    found = []
    expects = trial.expect is not None and (
        bool(trial.expect.cells or trial.expect.states or trial.expect.notifications is not None)
        or (trial.rule is None and not trial.some)
    )
    if not (expects or trial.fault is not None or trial.notes):
        help_ = "write `expect:` with what must come out"
        found.append(Fault("E101", "the test asserts nothing", trial.place, help_))
    if trial.fault is not None and (trial.expect is not None or trial.notes):
        message = "a fault and an answer are expected at once"
        found.append(Fault("E103", message, trial.fault.place, "keep `fault` or the others"))
    gives_rows = bool(trial.rows) or trial.rows_of is not None
    if gives_rows and trial.metrics is not None:
        message = "rows and values of metrics are given at once"
        found.append(Fault("E103", message, trial.metrics.place, "keep one; two tests may say both"))
    if not gives_rows and trial.metrics is None and trial.others is None:
        help_ = "write `rows:`, or values of `metrics:`"
        found.append(Fault("E103", "nothing goes into the test", trial.place, help_))
    if trial.start is not None and trial.metrics is None:
        found.append(Fault("E103", "`from` is of a series, and there is none", trial.start.place))
    return found


def _explained(error: FaultError, book: Book, trial: TrialDef) -> FaultError:
    """The same, where a metric has faults of its own with what they are: nobody sees them elsewhere.

    They may be of the tests alone: a column whose type nobody declares, and no test shows.
    """
    if all(f.code != "Q510" for f in error.faults):
        return error
    names = [m.name for m in book.catalog.metrics.values() if any(f.place == m.place for f in error.faults)]
    known = [f for f in book.faults if f.severity == "error"]
    own = [f for f in known if f.subject in {f"metric `{name}`" for name in names}] or known
    told = "; ".join(dict.fromkeys(f.message for f in own[:3]))
    help_ = "declare the types of the columns it reads, or give them values; `tally check` tells of all other faults"
    message = f"{', '.join(f'`{n}`' for n in names)} cannot be tested: {told}"
    return FaultError([Fault("E114", message, trial.place, help_), *(f for f in error.faults if f.code != "Q510")])


def _failed(trial: TrialDef, error: FaultError, result: TestResult) -> TestResult:
    codes = [f.code for f in error.faults]
    if trial.fault is not None:
        if trial.fault.text in codes:
            return result
        wanted = trial.fault.text
        message = f"the question ends in {', '.join(codes)}, and {wanted} is expected"
        fault = Fault("E134", message, trial.fault.place)
        return replace(result, differences=(Difference({}, "fault", wanted, ", ".join(codes), fault),),
                       faults=error.faults)  # fmt: skip
    return replace(result, faults=error.faults)


def _not_given(asked: str, book: Book, trial: TrialDef) -> Fault:
    """Why a metric cannot be made of written values alone."""
    assert trial.metrics is not None
    found = next((f for f in book.faults if f.severity == "error" and (f.subject or "").startswith("metric `")), None)
    name = (found.subject or "").removeprefix("metric ") if found is not None else f"`{asked}`"
    if found is None or found.code in READS_ROWS:
        message = f"the test looks outside its input: {name} has no value, and its formula reads rows"
        return Fault("E107", message, trial.metrics.place, f"give {name} a value too, or give rows instead")
    message = f"{name} cannot be made of written values: {found.message}"
    help_ = f"give {name} a value, or give rows instead" if found.code in _FURTHER else found.help
    return Fault("E111" if found.code in _FURTHER else "E114", message, trial.metrics.place, help_)


def _why(trial: TrialDef, language: str) -> str:
    texts = trial.why
    return texts.get(language) or texts.get("en") or next(iter(texts.values()), "")


__all__ = ["Trying", "required"]
