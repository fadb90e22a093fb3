"""What `tally init --from stripe` writes."""

from __future__ import annotations

from importlib import resources

from tallymark.hookspecs import Starter


def starter(name: str) -> Starter:
    """Options, definitions and packs of a new project for a source of this name."""
    text = (resources.files("tallymark_plugins.stripe_billing") / "starter.yaml").read_text(encoding="utf-8")
    return Starter(
        options=_OPTIONS,
        definitions=text.replace("SOURCE", name),
        packs=("revenue",),
        secrets={
            "STRIPE_API_KEY": "a restricted key of Stripe (Developers, API keys) that may read customers, products, "
            "prices, plans, coupons, promotion codes, subscriptions, invoices, credit notes, refunds and events"
        },
    )


_OPTIONS = """\
# A restricted key of Stripe, in the variable STRIPE_API_KEY: never the key itself.
api_key: env:STRIPE_API_KEY
# Invoices before this day are not read. The older the day, the longer the history, and the first sync.
# start: 2022-01-01
# A connected account, for platforms.
# account: acct_...
"""
