"""Funnels: steps that members take in order, and the metrics that each funnel stands for.

A funnel of the steps `visited`, `asked` and `bought` called `sales` stands for `sales_visited`, `sales_asked` and
`sales_bought` (how many members reach each step), `sales_asked_dropoff` and `sales_bought_dropoff` (the percentage lost
since the step before), and `sales_conversion` (the percentage of the first step that reaches the last).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from tallymark.definitions import Formula, FunnelDef, MetricDef, StepDef, Texts, UnitDef
from tallymark.errors import FaultError
from tallymark.place import Written
from tallymark.read.pieces import Pieces
from tallymark.read.values import Reading, by_language, entries, formula, named, parsed, spoken, text, texts, word
from tallymark.yaml_text import Entries, Scalar, Value

LOST = {
    "en": "{funnel}: lost before {step}",
    "fr": "{funnel} : perdus avant {step}",
    "ro": "{funnel}: pierduți înainte de {step}",
}
WHOLE = {"en": "{funnel}: conversion", "fr": "{funnel} : conversion", "ro": "{funnel}: conversie"}


def funnel(key: Scalar, value: Value, reading: Reading) -> FunnelDef | None:
    """A funnel; None, and a fault, when it has no usable name, no members or fewer than two steps."""
    subject = f"funnel `{key.text[:60]}`"
    usable = named(key, "funnel", reading, bare=True)
    said = value if isinstance(value, Entries) else None
    if said is None:
        return None
    per, steps = text(said.get("per")), _steps(said.get("steps"), reading, subject)
    if per is None:
        reading.fault("R023", "a funnel without members", key, "write `per: user`: who takes the steps", subject)
    if len(list(entries(said.get("steps")))) < 2:
        at = said.key("steps") or key
        reading.fault("R023", "a funnel has two steps at least", at, "write `steps:`, and below it each step", subject)
    sound = _understood(said, reading, subject)
    if per is None or len(steps) < 2 or not usable or not sound or any(s.rows.node is None for s in steps.values()):
        return None
    counting = word(said.get("counting"))
    made = FunnelDef(
        name=key.text,
        per=per,
        steps=steps,
        within=text(said.get("within")),
        counting=counting if counting == "same period" else None,
        label=by_language(said.get("label"), reading) or {reading.language: spoken(key.text)},
        description=by_language(said.get("description"), reading),
        tags=texts(said.get("tags")),
        pack=reading.pack,
        place=key.place(),
    )
    return replace(made, metrics=tuple(m.name for m in _metrics(made)))


def _steps(value: Value | None, reading: Reading, owner: str) -> Mapping[str, StepDef]:
    found = {}
    for key, said in entries(value):
        subject = f"step `{key.text[:60]}` of {owner}"
        rows = said.get("rows") if isinstance(said, Entries) else said
        if isinstance(said, Entries) and rows is None:
            reading.fault("R023", "a step without rows", key, "write `rows: events where …`", subject)
        written = formula(rows, reading, subject) if rows is not None else None
        if not named(key, "step", reading, bare=False) or written is None:
            continue
        label = by_language(said.get("label"), reading) if isinstance(said, Entries) else {}
        found[key.text] = StepDef(key.text, written, label or {reading.language: spoken(key.text)}, key.place())
    return found


def _understood(said: Entries, reading: Reading, subject: str) -> bool:
    """Whether the members and the time given read as they must in a formula. Notes a fault for each that does not."""
    understood = True
    for name, help in (("per", "write a name, as `per: user`"), ("within", "write a duration, as `within: 14 days`")):
        at, value = said.get(name), text(said.get(name))
        if at is None or value is None:
            continue
        try:
            parsed(Written(f"converted(a, {name} {value})"))
        except FaultError:
            reading.fault("R022", f"`{name}: {value[:60]}` is not understood", at, help, subject)
            understood = False
    return understood


# --- what it stands for ----------------------------------------------------------------------------------------------


def metrics_of(funnel: FunnelDef) -> Iterator[MetricDef]:
    """The metrics that a funnel stands for, their formulas parsed."""
    for metric in _metrics(funnel):
        yield replace(metric, formula=replace(metric.formula, node=parsed(metric.formula.written)))


def _metrics(funnel: FunnelDef) -> Iterator[MetricDef]:
    steps = list(funnel.steps.values())
    for number, step in enumerate(steps):
        name = f"{funnel.name}_{step.name}"
        reached = _reached(funnel, steps[: number + 1])
        yield _metric(funnel, step, name, reached, _labels("{funnel}: {step}", funnel, step))
        if number:
            before = f"{funnel.name}_{steps[number - 1].name}"
            lost = _metric(funnel, step, f"{name}_dropoff", _at(step, f"(1 - {name} / {before}) * 100"),
                           _labels(LOST, funnel, step))  # fmt: skip
            yield replace(lost, unit=UnitDef("percent"), direction="down")
    first, last = (f"{funnel.name}_{s.name}" for s in (steps[0], steps[-1]))
    whole = _metric(funnel, steps[-1], f"{funnel.name}_conversion", _at(steps[-1], f"{last} / {first} * 100"),
                    _labels(WHOLE, funnel, steps[-1]))  # fmt: skip
    yield replace(whole, unit=UnitDef("percent"), direction="up")


def _metric(funnel: FunnelDef, step: StepDef, name: str, written: Written, label: Texts) -> MetricDef:
    return MetricDef(
        name, Formula(written, None), label=label, description=funnel.description, tags=(*funnel.tags, funnel.name),
        pack=funnel.pack, place=step.place,
    )  # fmt: skip


def _labels(template: str | Mapping[str, str], funnel: FunnelDef, step: StepDef) -> Texts:
    """The label in every language that the funnel or the step speaks."""
    found = {}
    for language in {**funnel.label, **step.label}:
        pattern = template if isinstance(template, str) else template.get(language, template["en"])
        whole, part = (next(iter(texts.values())) if language not in texts else texts[language]
                       for texts in (funnel.label, step.label))  # fmt: skip
        found[language] = pattern.format(funnel=whole, step=part[:1].lower() + part[1:])
    return found


def _reached(funnel: FunnelDef, steps: list[StepDef]) -> Written:
    """`converted(first, …, per user, within 14 days)`, each character of a step standing where it was written."""
    pieces = _pieces(steps[-1])
    pieces.add("converted(")
    for step in steps:
        pieces.take(step.rows.written)
        pieces.add(", ")
    pieces.add(f"per {funnel.per}")
    if funnel.within is not None and len(steps) > 1:
        pieces.add(f", within {funnel.within}")
    if funnel.counting is not None and len(steps) > 1:
        pieces.add(f", '{funnel.counting}'")
    pieces.add(")")
    return pieces.written()


def _at(step: StepDef, formula: str) -> Written:
    """A formula that nobody wrote; its faults point at the step it is about."""
    pieces = _pieces(step)
    pieces.add(formula)
    return pieces.written()


def _pieces(step: StepDef) -> Pieces:
    return Pieces(step.place, step.rows.written.lines)
