"""The source of kind `zendesk`: tickets, users, organisations, ratings and surveys of a Zendesk account.

    sources:
      helpdesk:
        kind: zendesk
        subdomain: acme
        email: admin@acme.example
        api_token: env:ZENDESK_API_TOKEN

`tally sync` lands the account's data in the project's store; questions read only what is landed. Beside the landed
tables (`tables.py`) there are views in the shapes of the metric packs (`views.py`), above all `support_tickets` and
`csat_responses`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tallymark import SourceKind, hookimpl
from tallymark_plugins.landed import landed_reads, landed_source
from tallymark_plugins.zendesk.settings import OPTIONS
from tallymark_plugins.zendesk.starter import starter
from tallymark_plugins.zendesk.views import VIEWS

if TYPE_CHECKING:
    from tallymark.definitions import SourceDef
    from tallymark.source import Landing

KIND = "zendesk"


def land(definition: SourceDef, folder: Path, landing: Landing) -> Any:
    """What `tally sync` lands, as a dlt source. Raises FaultError for bad options; its rows raise it for Zendesk's."""
    from tallymark_plugins.zendesk.landing import land as land_account

    return land_account(definition, folder, landing)


@hookimpl
def tally_sources() -> tuple[SourceKind, ...]:
    """The one kind of source this plugin gives."""
    return (SourceKind(KIND, landed_source, OPTIONS, landed_reads, land=land, views=VIEWS, starter=starter),)
