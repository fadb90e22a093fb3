"""A plugin's aggregate as SQL, out of the templates of its row."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import sqlglot
from sqlglot import exp

from tallymark.formula.function import Recipe
from tallymark.kinds import Type
from tallymark.render.values import atom, cast

WRITTEN_IN = "duckdb"
"""The dialect of the templates; for another database the tree is put into its own."""

PART = "part"
"""What `merge` calls the accumulators that become one."""


def whole(recipe: Recipe, argument: exp.Expression, condition: exp.Expression | None) -> exp.Expression:
    """The aggregate at once. It skips nulls, and so the argument is null where `condition` does not hold.

    A FILTER would say it too, but only of a single aggregate, and a template may have several.
    """
    value = argument if condition is None else exp.Case(ifs=[exp.If(this=condition, true=argument)])
    return taken(recipe, recipe.template(WRITTEN_IN), value)


def taken(recipe: Recipe, text: str, argument: exp.Expression) -> exp.Expression:
    """A template over the values of rows."""
    value = cast(argument, Type.DOUBLE) if recipe.double else argument
    return filled(text, {recipe.argument: value, **_literals(recipe)})


def finished(recipe: Recipe, values: list[exp.Expression]) -> exp.Expression:
    """The result out of merged accumulators."""
    named = {f"p{number}": value for number, value in enumerate(values, 1)}
    return filled(recipe.finish or ":p1", {**named, **_literals(recipe)})


def filled(text: str, values: Mapping[str, exp.Expression]) -> exp.Expression:
    """A template with its placeholders replaced."""

    def put(node: exp.Expression) -> exp.Expression:
        return atom(values[node.name].copy()) if isinstance(node, exp.Placeholder) else node

    found = _template(text).transform(put)
    assert isinstance(found, exp.Expression)
    return found


@lru_cache(maxsize=512)
def _template(text: str) -> exp.Expression:
    parsed = sqlglot.parse_one(text, read=WRITTEN_IN)
    assert isinstance(parsed, exp.Expression)
    return parsed


def _literals(recipe: Recipe) -> dict[str, exp.Expression]:
    return {
        name: exp.Literal.string(value) if isinstance(value, str) else exp.Literal.number(str(value))
        for name, value in recipe.literals
    }
