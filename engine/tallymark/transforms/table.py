"""The built-in transforms by name. An engine's own table is this one and its plugins' rows."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from tallymark.transforms.duplicates import DEDUPE
from tallymark.transforms.mrr.invoices import MRR_FROM_INVOICES
from tallymark.transforms.mrr.movements import MRR_MOVEMENTS
from tallymark.transforms.mrr.subscriptions import MRR_SUBSCRIPTIONS
from tallymark.transforms.sessions import SESSIONIZE
from tallymark.transforms.stacking import UNION
from tallymark.transforms.transform import Transform
from tallymark.transforms.versions import VERSIONS

__all__ = ["TRANSFORMS", "Transform"]

TRANSFORMS: Mapping[str, Transform] = MappingProxyType(
    {t.name: t for t in (SESSIONIZE, UNION, VERSIONS, DEDUPE, MRR_SUBSCRIPTIONS, MRR_FROM_INVOICES, MRR_MOVEMENTS)}
)
