"""The steps of a receipt as a tree for a reader."""

from __future__ import annotations

from dataclasses import dataclass, field

from tallymark.answer.steps import Step
from tallymark.show.counts import many
from tallymark.show.lines import one_line
from tallymark.show.tree import GLUE, Branch


def drawn(step: Step, window: str, locale: str, decimals: int | None) -> Branch:
    """The step and all below it. `window` is the receipt's own, `decimals` are those of the step's value alone."""
    return _Drawing(step, locale, decimals).branch(step, window)


@dataclass(frozen=True, slots=True)
class _Drawing:
    """Draws what is below `root`. `told` are the steps that stand in full already."""

    root: Step
    locale: str
    decimals: int | None
    told: set[int] = field(default_factory=set)

    def branch(self, step: Step, window: str | None) -> Branch:
        """The step as a branch. What stands in full further up is not told again; constants say their value
        themselves.

        `window` is what was read by the step above: only another one is worth a word.
        """
        shown = step.shown(self.locale, self.decimals if step is self.root else None)
        text = one_line(step.text if step.name in (None, step.text) else f"{step.name} = {step.text}")
        if step.window is not None and step.window != window:
            text += f" {GLUE}[{step.window.replace(' ', GLUE)}]"
        if step.children and id(step) in self.told:
            return Branch(text, shown, "as above")
        self.told.add(id(step))
        parts = [c for c in step.children if c.kind != "constant"]
        below = [self.branch(c, step.window or window) for c in parts]
        rows = ""
        if step.rows is not None:
            rows = many(step.rows, step.per or "row")
            left = step.rows - len(below)
            if step.per is not None and below and left > 0:
                below.append(Branch(f"… {left:,} more{f', {step.rest}' if step.rest else ''}"))
        label = step.label if step.label is not None and step is not self.root and not _same(step) else ""
        return Branch(text, shown, rows, tuple(below), label)


def _same(step: Step) -> bool:
    """Whether a label says no more than the metric's name."""
    bare = ["".join(c for c in text.casefold() if c.isalnum()) for text in (step.label or "", step.name or "")]
    return bare[0] == bare[1]
