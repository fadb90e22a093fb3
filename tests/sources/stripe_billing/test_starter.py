"""The test that `tally init --from stripe` writes."""

from __future__ import annotations

from pathlib import Path

import tallymark
from tallymark_plugins import stripe_billing


def test_its_test_passes(tmp_path: Path) -> None:
    """What a new project says of a yearly price and of one that ends holds, before anything is synced."""
    starter = stripe_billing.starter("billing")
    (tmp_path / "metrics").mkdir()
    (tmp_path / "tally.yaml").write_text("packs: [revenue]\ntimezone: America/New_York\n", encoding="utf-8")
    (tmp_path / "metrics/billing.yaml").write_text(starter.definitions, encoding="utf-8")
    run = tallymark.run_tests(tmp_path)
    assert [("billing_prices_a_month", True)] == [(r.name, r.passed) for r in run.results]
