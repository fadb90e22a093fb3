"""The views over the landed tables, in the order in which each may read those before it: SQL files beside this one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import resources

NAMES = ("invoice_lines", "item_states", "subscription_versions", "paid_invoices", "billed_customers")


class Views(Mapping[str, str]):
    """The SELECT of each view by its name, read from its file when it is asked for."""

    def __getitem__(self, name: str) -> str:
        if name not in NAMES:
            raise KeyError(name)
        return (resources.files(__name__) / f"{name}.sql").read_text(encoding="utf-8")

    def __iter__(self) -> Iterator[str]:
        return iter(NAMES)

    def __len__(self) -> int:
        return len(NAMES)


VIEWS = Views()
