"""What a scalar function of a plugin must do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from tallymark.formula import nodes
from tallymark.formula.function import Function, Kind
from tallymark.formula.parse import parse_text
from tallymark.testing.books import column_type, near, opened, table
from tallymark.testing.plugin import functions_of


@dataclass(frozen=True, slots=True)
class FunctionCase:
    """A call over the columns of one row, and what it gives: `FunctionCase("acme.doubled(x)", {"x": 21}, 42)`.

    Values are int, float, Decimal, str, bool, date or datetime; `gives` may be None.
    """

    call: str
    row: Mapping[str, Any]
    gives: Any

    def __str__(self) -> str:
        return f"{self.call} of {', '.join(map(str, self.row.values()))}"


def called(formula: str) -> set[str]:
    """The names of the functions that a formula calls."""
    return {node.name for node in nodes.walk(parse_text(formula)) if isinstance(node, nodes.Call)}


class FunctionConformance:
    """Inherit it in a test class and set `plugin`, the module with the hooks, and `cases`: at least one a function.

    Every case is asked, over one row and over many, and with each column null in turn. `config` are the plugin's
    options, if it has any.
    """

    plugin: ClassVar[Any]
    config: ClassVar[Mapping[str, Any]] = {}
    cases: ClassVar[Sequence[FunctionCase]] = ()

    def pytest_generate_tests(self, metafunc: Any) -> None:
        """A test a case and a test a function."""
        if "case" in metafunc.fixturenames:
            metafunc.parametrize("case", self.cases, ids=str)
        if "function" in metafunc.fixturenames:
            rows = functions_of(self.plugin, Kind.SCALAR, self.config)
            metafunc.parametrize("function", rows, ids=lambda row: row.name)

    def test_there_are_cases(self) -> None:
        """A kit without cases would prove nothing."""
        assert self.cases, "give `cases`, at least one for each function"

    def test_is_documented(self, function: Function) -> None:
        """The help is a sentence, and the example is a formula that calls the function."""
        assert function.help.endswith("."), "`help` is a sentence"
        assert function.name in called(function.example), "`example` is a formula that calls the function"

    def test_has_a_case(self, function: Function) -> None:
        """Each function is called in a case."""
        assert function.name in set().union(*(called(case.call) for case in self.cases))

    def test_gives_the_value(self, case: FunctionCase) -> None:
        """The call gives what the case says, over one row."""
        assert near(case.gives, self._asked(case, [case.row])[0])

    def test_each_row_by_itself(self, case: FunctionCase) -> None:
        """Over several rows each gets its own value, whatever stands beside it."""
        assert [True] * 3 == [near(case.gives, found) for found in self._asked(case, [case.row] * 3)]

    def test_null_passes_as_said(self, case: FunctionCase) -> None:
        """A function that says it passes null gives null as soon as one of its arguments is null."""
        (function, *_) = [
            row for row in functions_of(self.plugin, Kind.SCALAR, self.config) if row.name in called(case.call)
        ]
        if function.nulls != "pass":
            return
        for name in case.row:
            assert [None] == self._asked(case, [{**case.row, name: None}]), f"`{name}` is null, the result is not"

    def _asked(self, case: FunctionCase, rows: Sequence[Mapping[str, Any]]) -> list[Any]:
        types = {name: column_type([value]) for name, value in case.row.items()}
        columns: dict[str, Sequence[Any]] = {name: [row[name] for row in rows] for name in case.row}
        columns["n"] = [str(number) for number in range(len(rows))]
        types["n"] = "text"
        declared = ", ".join(f"{name}: {type_}" for name, type_ in types.items())
        yaml = f"datasets:\n  kit: {{columns: {{{declared}, found: {{formula: {case.call!r}}}}}}}\n"
        best = "any" if isinstance(case.gives, bool) else "max"
        with opened(yaml, {"kit": table(columns, types)}, self.plugin, self.config) as book:
            answer = book.ask(f"{best}(kit.found)", by="n", period="2024")
            return [found for _, found in sorted(tuple(row.values()) for row in answer)]
