"""What an aggregate of a plugin must do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from tallymark.formula.function import Function, Kind
from tallymark.testing.books import column_type, near, opened, table
from tallymark.testing.functions import called
from tallymark.testing.plugin import functions_of

MONTHS = ("2024-01", "2024-02", "2024-03")
WINDOWS: Mapping[str, Callable[[int], int]] = {
    "{}": lambda month: month,
    "trailing({}, 2 months)": lambda month: month - 1,
    "cumulative({})": lambda month: 0,
}
"""Windows of a month, and the first month whose rows lie in each."""


@dataclass(frozen=True, slots=True)
class AggregateCase:
    """A call over `x`, the values of its rows (None among them), and what it gives:
    `AggregateCase("acme.spread(x)", [1, 5, None, 3], 4)`.

    `x` is the column; a second argument is written as it is: `acme.trimmed(x, 10)`.
    """

    call: str
    values: Sequence[Any]
    gives: Any

    def __str__(self) -> str:
        return f"{self.call} of {list(self.values)}"


class AggregateConformance:
    """Inherit it in a test class and set `plugin`, the module with the hooks, and `cases`: at least one a function.

    A case needs two values or more. Each is asked at once, in another order, with more nulls, in groups, over windows
    that share their rows, and over no rows. `ordered` says that the order of rows matters: they are not turned round.
    """

    plugin: ClassVar[Any]
    config: ClassVar[Mapping[str, Any]] = {}
    cases: ClassVar[Sequence[AggregateCase]] = ()
    ordered: ClassVar[bool] = False

    def pytest_generate_tests(self, metafunc: Any) -> None:
        """A test a case and a test a function."""
        if "case" in metafunc.fixturenames:
            metafunc.parametrize("case", self.cases, ids=str)
        if "function" in metafunc.fixturenames:
            metafunc.parametrize(
                "function", functions_of(self.plugin, Kind.AGGREGATE, self.config), ids=lambda row: row.name
            )

    def test_there_are_cases(self) -> None:
        """A kit without cases would prove nothing."""
        assert self.cases, "give `cases`, at least one for each aggregate"

    def test_is_documented(self, function: Function) -> None:
        """The help is a sentence, and the example is a formula that calls the aggregate."""
        assert function.help.endswith("."), "`help` is a sentence"
        assert function.name in called(function.example), "`example` is a formula that calls the aggregate"

    def test_has_a_case(self, function: Function) -> None:
        """Each aggregate is called in a case."""
        assert function.name in set().union(*(called(case.call) for case in self.cases))

    def test_gives_the_value(self, case: AggregateCase) -> None:
        """The call gives what the case says."""
        assert near(case.gives, self._whole(case, case.values))

    def test_the_order_of_rows_does_not_matter(self, case: AggregateCase) -> None:
        """Rows have no order: the same rows in another one give the same."""
        if not self.ordered:
            assert near(case.gives, self._whole(case, list(reversed(case.values))))

    def test_nulls_are_left_out(self, case: AggregateCase) -> None:
        """More rows without a value change nothing."""
        assert near(case.gives, self._whole(case, [None, *case.values, None]))

    def test_no_rows_give_what_is_said(self, case: AggregateCase) -> None:
        """Over no rows it is 0 or null, as the row of the function says."""
        (function,) = [
            row for row in functions_of(self.plugin, Kind.AGGREGATE, self.config) if row.name in called(case.call)
        ]
        assert {"zero": 0, "null": None}[function.empty] == self._whole(case, [], case.values)

    def test_groups_are_kept_apart(self, case: AggregateCase) -> None:
        """Two groups of the same rows give the value twice."""
        found = self._asked(case, [(0, v, g) for g in "ab" for v in case.values], by="g")
        assert [True] * 2 == [near(case.gives, value) for value in found]

    def test_windows_that_share_rows(self, case: AggregateCase) -> None:
        """Rows spread over three months: each month, the last two and all so far are those of the rows in them."""
        rows = [(number % 3, value, "a") for number, value in enumerate(case.values)]
        for window, first in WINDOWS.items():
            found = self._asked(case, rows, window, grain="month")
            for month, value in enumerate(found):
                own = [v for at, v, _ in rows if first(month) <= at <= month]
                alone = self._whole(case, own, case.values)
                assert near(alone, value), f"{window.format(case.call)} in {MONTHS[month]}"

    def _whole(self, case: AggregateCase, values: Sequence[Any], like: Sequence[Any] = ()) -> Any:
        return self._asked(case, [(0, value, "a") for value in values], like=like)[0]

    def _asked(
        self,
        case: AggregateCase,
        rows: Sequence[tuple[int, Any, str]],
        window: str = "{}",
        like: Sequence[Any] = (),
        **question: Any,
    ) -> list[Any]:
        """The value in each cell, in order; rows are (month, value, group)."""
        types = {"x": column_type([*like, *(v for _, v, _ in rows)]), "at": "timestamp", "g": "text"}
        columns = {
            "x": [value for _, value, _ in rows],
            "at": [datetime(2024, 1 + month, 10) for month, _, _ in rows],
            "g": [group for _, _, group in rows],
        }
        declared = ", ".join(f"{name}: {type_}" for name, type_ in types.items())
        yaml = f"datasets:\n  kit: {{time: at, columns: {{{declared}}}}}\n"
        formula = window.format(case.call.replace("(x", "(kit.x", 1))
        with opened(yaml, {"kit": table(columns, types)}, self.plugin, self.config) as book:
            answer = book.ask(formula, start=MONTHS[0], end=MONTHS[-1], **question)
            return [row[-1] for row in sorted(tuple(r.values()) for r in answer)]
