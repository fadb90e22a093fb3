"""What DuckDB's words become in PostgreSQL: a rule for each node and each function that means something else there.

Rules are applied to a tree from its leaves up. One gets the node and gives what stands in its place.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from tallymark.kinds import DECIMAL_SCALE, Type
from tallymark.render.values import atom, call, cast, integer, named

JUST_BELOW_HALF = "0.49999999999999994"
"""The largest double below a half: added before cutting, it rounds half away from zero without a slip."""


def exact(double: exp.Expression) -> exp.Expression:
    """A double as a decimal of ours, rounded half away from zero; PostgreSQL's own cast keeps 15 digits."""
    scaled = exp.Mul(this=double, expression=_double(f"1e{DECIMAL_SCALE}"))
    half = exp.Mul(this=call("SIGN", double.copy()), expression=_double(JUST_BELOW_HALF))
    whole = cast(exp.Trunc(this=exp.Add(this=scaled, expression=half)), Type.INTEGER)
    unit = exp.Literal.number(f"0.{'1'.zfill(DECIMAL_SCALE)}")
    return cast(exp.Mul(this=whole, expression=unit), Type.DECIMAL)


def numeric(text: str) -> exp.Expression:
    """A decimal of any size."""
    return exp.Cast(this=exp.Literal.string(text), to=exp.DataType.build("NUMERIC", dialect="postgres"))


def _double(text: str) -> exp.Expression:
    return cast(exp.Literal.string(text), Type.DOUBLE)


# --- rewriting -------------------------------------------------------------------------------------------------------


def rewritten(query: exp.Expr) -> exp.Expr:
    """The tree after every rule, children before parents."""
    nodes = list(query.walk())
    root = query
    for node in reversed(nodes):
        rule = CALLS.get(node.name.upper()) if isinstance(node, exp.Anonymous) else RULES.get(type(node))
        found = rule(node) if rule is not None else node
        if found is not node and node is root:
            root = found
    return root


Rule = Callable[..., exp.Expr]


def _replaced(node: exp.Expr, by: exp.Expr) -> exp.Expr:
    """`by` where `node` stands."""
    return node.replace(by) if node.parent is not None else by


def _each(node: exp.Expr, build: Callable[[exp.Expr], exp.Expr], arrange: Callable[..., exp.Expr]) -> exp.Expr:
    """Puts several aggregates in the place of one: each that `arrange` asks for with the FILTER and the window of it.

    `arrange` is given a function that clothes an aggregate.
    """
    outer = node
    while isinstance(outer.parent, exp.Filter | exp.Window) and outer.arg_key == "this":
        outer = outer.parent
    clothes: list[exp.Expr] = []
    here = node
    while here is not outer:
        assert here.parent is not None
        here = here.parent
        clothes.append(here)

    def clothed(aggregate: exp.Expr) -> exp.Expr:
        for worn in clothes:
            naked = worn.this
            worn.set("this", None)
            copy = worn.copy()
            worn.set("this", naked)
            copy.set("this", aggregate)
            aggregate = copy
        return aggregate

    return _replaced(outer, arrange(lambda aggregate: clothed(build(aggregate))))


# --- arrays ----------------------------------------------------------------------------------------------------------


def _range(node: exp.Anonymous) -> tuple[exp.Expression, exp.Expression]:
    """The first and the last number of a RANGE."""
    *first, end = node.expressions
    if isinstance(end, exp.Literal):
        last: exp.Expression = integer(int(end.this) - 1)
    else:
        last = exp.Sub(this=atom(end), expression=integer(1))
    return (first[0] if first else integer(0)), last


def _unnest(node: exp.Anonymous) -> exp.Expr:
    (values,) = node.expressions
    if isinstance(values, exp.Anonymous) and values.name.upper() == "RANGE":
        return _replaced(node, call("GENERATE_SERIES", *_range(values)))
    return node


def _entry(node: exp.Anonymous) -> exp.Expr:
    """The value at a place of an array; of a range the place is the value."""
    values, place = node.expressions
    if isinstance(values, exp.Anonymous) and values.name.upper() == "RANGE":
        first = _range(values)[0]
        before = exp.Sub(this=exp.Add(this=atom(first), expression=atom(place)), expression=integer(1))
        return _replaced(node, exp.Paren(this=before))
    held = values if isinstance(values, exp.Subquery) else exp.Paren(this=values)
    return _replaced(node, exp.Bracket(this=held, expressions=[place], offset=1))


def _array_cast(node: exp.Cast) -> None:
    """DuckDB writes the text of an array in brackets, PostgreSQL in braces."""
    text = node.this
    assert isinstance(text, exp.Literal)
    text.replace(exp.Literal.string("{" + text.this[1:-1] + "}"))


def _of_list(node: exp.Anonymous) -> exp.Expr:
    """The median or mean of the values of an array."""
    values, item = node.expressions[0], exp.column("x")
    taken: exp.Expression = exp.Avg(this=item)
    if node.name.upper() == "LIST_MEDIAN":
        order = exp.Order(expressions=[exp.Ordered(this=item)])
        taken = exp.WithinGroup(this=exp.PercentileCont(this=exp.Literal.number("0.5")), expression=order)
    return _replaced(node, exp.Subquery(this=_items(values, taken)))


def _mapped(node: exp.Transform) -> exp.Expr:
    """An array of what is made of each value of another."""
    function = node.expression
    (name,) = function.expressions
    made = function.this
    for use in list(made.find_all(exp.Identifier)):
        if use.name == name.name and not isinstance(use.parent, exp.Column):
            use.replace(exp.column("x"))
    return _replaced(node, exp.Array(expressions=[_items(node.this, made)]))


def _items(values: exp.Expression, shown: exp.Expression) -> exp.Select:
    alias = exp.TableAlias(this=exp.to_identifier("t"), columns=[exp.to_identifier("x")])
    return exp.Select(expressions=[shown], from_=exp.From(this=exp.Unnest(expressions=[values], alias=alias)))


# --- types -----------------------------------------------------------------------------------------------------------


def _cast(node: exp.Cast) -> exp.Expr:
    kind = node.to.this
    if kind == exp.DType.ARRAY:
        _array_cast(node)
    elif kind == exp.DType.BIGINT and isinstance(node.this.unnest(), exp.Predicate):
        # A truth is an integer of 32 bits only.
        node.set("this", exp.Cast(this=exp.Paren(this=node.this.unnest()), to=exp.DataType.build("INT")))
    elif kind in (exp.DType.VARCHAR, exp.DType.TEXT) and not isinstance(node.parent, exp.Collate):
        return _replaced(node, _collated(node.copy()))
    return node


def _collated(text: exp.Expr) -> exp.Expression:
    return exp.Paren(this=exp.Collate(this=text, expression=exp.Identifier(this="C", quoted=True)))


def _literal(node: exp.Literal) -> exp.Expr:
    """A text that may be a result: it has an order then."""
    if node.is_string and isinstance(node.parent, exp.If | exp.Case | exp.Alias | exp.Coalesce):
        return _replaced(node, _collated(node.copy()))
    return node


def _null(node: exp.Null) -> exp.Expr:
    """A null that has a type, where a UNION would take it for a text."""
    if node.type is not None and node.type.is_type(exp.DType.DECIMAL):
        return _replaced(node, exp.Cast(this=exp.Null(), to=exp.DataType.build("NUMERIC", dialect="postgres")))
    return node


# --- numbers ---------------------------------------------------------------------------------------------------------


def _division(node: exp.Div) -> exp.Expr:
    node.set("typed", True)
    node.set("safe", False)
    return node


def _whole_division(node: exp.IntDiv) -> exp.Expr:
    divided = exp.Div(this=atom(node.this), expression=atom(node.expression), typed=True, safe=False)
    return _replaced(node, exp.Paren(this=divided))


def _logarithm(node: exp.Log) -> exp.Expr:
    return _replaced(node, call("LOG10", node.expression))


def _finite(node: exp.Anonymous) -> exp.Expr:
    (value,) = node.expressions
    above = exp.GT(this=atom(value), expression=_double("-Infinity"))
    below = exp.LT(this=atom(value.copy()), expression=_double("Infinity"))
    return _replaced(node, exp.Paren(this=exp.And(this=above, expression=below)))


# --- times -----------------------------------------------------------------------------------------------------------


def _timestamp(value: exp.Expression) -> exp.Expression:
    return cast(value, Type.TIMESTAMP)


def _extract(part: str, value: exp.Expression) -> exp.Expression:
    return exp.Extract(this=exp.var(part.upper()), expression=value)


def _whole_part(part: str, value: exp.Expression) -> exp.Expression:
    return cast(exp.Floor(this=_extract(part, value)), Type.INTEGER)


def _part(node: exp.Anonymous) -> exp.Expr:
    part, value = node.expressions
    return _replaced(node, _whole_part(part.name, value))


def _named_part(node: exp.Anonymous) -> exp.Expr:
    return _replaced(node, _whole_part(node.name, node.expressions[0]))


def _weekday(node: exp.DayOfWeekIso) -> exp.Expr:
    return _replaced(node, _whole_part("ISODOW", node.this))


def _micros(node: exp.Anonymous) -> exp.Expr:
    """Microseconds since 1970; PostgreSQL's seconds are exact decimals."""
    seconds = _extract("EPOCH", node.expressions[0])
    return _replaced(node, cast(exp.Mul(this=seconds, expression=integer(1_000_000)), Type.INTEGER))


def _truncated(node: exp.Anonymous) -> exp.Expr:
    unit, value = node.expressions
    return _replaced(node, exp.TimestampTrunc(this=_timestamp(value), unit=exp.var(unit.name.upper())))


SECONDS = {"second": 1, "minute": 60, "hour": 3600}
MONTHS = {"month": (12, "MONTH"), "quarter": (4, "QUARTER"), "year": (1, "")}


def _boundaries(node: exp.Anonymous) -> exp.Expr:
    """How many boundaries of a unit lie between two times."""
    unit, *times = node.expressions
    first, second = (_mark(unit.name, _timestamp(t)) for t in times)
    between = exp.Paren(this=exp.Sub(this=second, expression=first))
    return _replaced(node, cast(between, Type.INTEGER) if unit.name == "day" else between)


def _mark(unit: str, time: exp.Expression) -> exp.Expression:
    """The number of a unit that a time lies in."""
    if unit in SECONDS:
        since = exp.Div(this=_extract("EPOCH", time), expression=integer(SECONDS[unit]), typed=True)
        return cast(exp.Floor(this=since), Type.INTEGER)
    if unit == "day":
        return cast(time, Type.DATE)
    count, part = MONTHS[unit]
    years = _whole_part("YEAR", time)
    if not part:
        return years
    return exp.Paren(
        this=exp.Add(this=exp.Mul(this=years, expression=integer(count)), expression=_whole_part(part, time.copy()))
    )


# --- aggregates ------------------------------------------------------------------------------------------------------


def _quantile(node: exp.Anonymous) -> exp.Expr:
    value, fraction = node.expressions
    order = exp.Order(expressions=[exp.Ordered(this=value)])
    return _replaced(node, exp.WithinGroup(this=exp.PercentileCont(this=fraction), expression=order))


def _dispersion(node: exp.Anonymous) -> exp.Expr:
    """Values that are all alike have none: sums of squares may leave a residue there."""
    value, plain = node.expressions[0], node.copy()
    single = node.name.upper() == "VAR_POP"

    def arrange(clothed: Callable[[exp.Expr], exp.Expr]) -> exp.Expr:
        least, largest = (clothed(kind(this=value.copy())) for kind in (exp.Min, exp.Max))
        alike: exp.Expression = exp.EQ(this=least, expression=largest)
        if not single:
            several = exp.GT(this=clothed(exp.Count(this=value.copy())), expression=integer(1))
            alike = exp.And(this=alike, expression=several)
        return exp.Case(ifs=[exp.If(this=alike, true=integer(0))], default=clothed(plain))

    return _each(node, lambda aggregate: aggregate, arrange)


def _first(node: exp.Anonymous) -> exp.Expr:
    """The first or last value in an order: the head of an array in that order, or the other way round."""
    ordered = node.expressions[0]
    backwards = node.name.upper() == "LAST"
    by = [_turned(o) if backwards else o for o in ordered.expressions]
    listed = exp.ArrayAgg(this=exp.Order(this=ordered.this, expressions=by))
    return _each(node, lambda aggregate: aggregate, lambda clothed: _at(clothed(listed), integer(1)))


def _turned(ordered: exp.Ordered) -> exp.Ordered:
    nulls_first = bool(ordered.args.get("nulls_first"))
    return exp.Ordered(this=ordered.this, desc=not ordered.args.get("desc"), nulls_first=not nulls_first)


def _at(array: exp.Expr, place: exp.Expr) -> exp.Expression:
    return exp.Bracket(this=exp.Paren(this=array), expressions=[place], offset=1)


def _known_only(node: exp.IgnoreNulls) -> exp.Expr:
    """FIRST_VALUE or LAST_VALUE of what is known so far: an end of the array of it."""
    value = node.this.this
    known = exp.Not(this=exp.Is(this=value.copy(), expression=exp.Null()))
    listed = exp.Filter(this=exp.ArrayAgg(this=value), expression=exp.Where(this=known))
    last = isinstance(node.this, exp.LastValue)

    def arrange(clothed: Callable[[exp.Expr], exp.Expr]) -> exp.Expr:
        place = exp.Anonymous(this="CARDINALITY", expressions=[clothed(listed.copy())]) if last else integer(1)
        return _at(clothed(listed.copy()), place)

    return _each(node, lambda aggregate: aggregate, arrange)


def _least_of(node: exp.Anonymous) -> exp.Expr:
    """ARG_MIN by several columns: the head of an array in their order."""
    value, by = node.expressions
    keys = by.expressions if isinstance(by, exp.Struct) else [by]
    order = [exp.Ordered(this=k.copy()) for k in keys]
    listed = exp.ArrayAgg(this=exp.Order(this=value, expressions=order))
    return _each(node, lambda aggregate: aggregate, lambda clothed: _at(clothed(listed), integer(1)))


def _any(node: exp.AnyValue) -> exp.Expr:
    """A value of those that are known."""
    known = exp.Not(this=exp.Is(this=node.this.copy(), expression=exp.Null()))
    listed = exp.Filter(this=exp.ArrayAgg(this=node.this), expression=exp.Where(this=known))
    return _replaced(node, _at(listed, integer(1)))


# --- joins -----------------------------------------------------------------------------------------------------------


def _join(node: exp.Join) -> exp.Expr:
    """DuckDB's ASOF: the row with the greatest time that is reached.

    The rows of each key become arrays in the order of time, of which one entry is found by halving.
    """
    if node.args.get("method") != "ASOF":
        return node
    relation, on, around = node.this, node.args["on"], node.parent
    assert around is not None
    alias = relation.alias
    reached = next(on.find_all(exp.GTE))
    time, since = reached.this, reached.expression
    keys = [(each.this, each.expression) for each in on.find_all(exp.EQ)]
    read = [c for c in around.find_all(exp.Column) if c.table == alias and not c.find_ancestor(exp.Join)]
    arrays = {name: _in_order(name, since.name) for name in (since.name, *(c.name for c in read))}
    shown = [*(_plain(key.name) for key, _ in keys), *(named(made, name, quoted=True) for name, made in arrays.items())]
    inner = exp.Select(expressions=shown).from_(exp.Table(this=relation.this.copy()))
    inner = inner.group_by(*(_plain(key.name) for key, _ in keys)) if keys else inner
    place = call("WIDTH_BUCKET", time.copy(), exp.column(exp.to_identifier(since.name, quoted=True), table=alias))
    for column in read:
        column.replace(exp.Bracket(this=exp.Paren(this=column.copy()), expressions=[place.copy()], offset=1))
    same = [exp.EQ(this=key.copy(), expression=value.copy()) for key, value in keys]
    source = exp.Subquery(this=inner, alias=exp.TableAlias(this=exp.to_identifier(alias)))
    return _replaced(node, exp.Join(this=source, on=exp.and_(*same) if same else exp.true(), side="LEFT"))


def _in_order(name: str, by: str) -> exp.Expression:
    return exp.ArrayAgg(this=exp.Order(this=_plain(name), expressions=[exp.Ordered(this=_plain(by))]))


def _plain(name: str) -> exp.Column:
    return exp.column(exp.to_identifier(name, quoted=True))


RULES: dict[type[exp.Expr], Rule] = {
    exp.AnyValue: _any,
    exp.Cast: _cast,
    exp.DayOfWeekIso: _weekday,
    exp.Div: _division,
    exp.IgnoreNulls: _known_only,
    exp.IntDiv: _whole_division,
    exp.Join: _join,
    exp.Literal: _literal,
    exp.Log: _logarithm,
    exp.Null: _null,
    exp.Transform: _mapped,
}

CALLS: dict[str, Rule] = {
    "ARG_MIN": _least_of,
    "ARRAY_EXTRACT": _entry,
    "DATE_DIFF": _boundaries,
    "DATE_PART": _part,
    "DATE_TRUNC": _truncated,
    "EPOCH_US": _micros,
    "FIRST": _first,
    "ISFINITE": _finite,
    "LAST": _first,
    "LIST_AVG": _of_list,
    "LIST_EXTRACT": _entry,
    "LIST_MEDIAN": _of_list,
    "MONTH": _named_part,
    "QUANTILE_CONT": _quantile,
    "STDDEV_SAMP": _dispersion,
    "UNNEST": _unnest,
    "VAR_POP": _dispersion,
    "VAR_SAMP": _dispersion,
    "YEAR": _named_part,
}
