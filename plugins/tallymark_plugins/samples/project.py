"""The sample company as a project: metric files, and data the way a company's tools export it.

The exports are not in the standard packs' form: other names, other words, other formats. `metrics/company.yaml` maps
them, and is there to be read.
"""

from __future__ import annotations

from pathlib import Path

from tallymark_plugins.samples.brackenfold import company
from tallymark_plugins.samples.folder import not_writable, start_project
from tallymark_plugins.samples.tables import Columns
from tallymark_plugins.samples.writing import renamed, write_csv, write_french_csv, write_json_lines, write_parquet

CUSTOMER_COLUMNS = {
    "id": "account_no",
    "name": "account_name",
    "country": "country_code",
    "channel": "acquired_by",
    "segment": "size",
    "signed_up_at": "registered",
    "started_at": "first_payment",
    "churned_at": "left_on",
}
INVOICE_COLUMNS = {"id": "N° facture", "customer": "Client", "amount": "Montant HT", "paid_at": "Payée le"}
TICKET_COLUMNS = {"id": "ticket_no", "customer": "account", "kind": "type", "created_at": "opened_at"}
BILLING_STATES = {"active": "live", "past_due": "late", "trialing": "trial", "paused": "on_hold"}
PLAIN = ("users", "mrr_movements", "orders", "costs", "leads", "visits", "funnel_steps", "checks")
"""Tables written as they are."""


def write_project(folder: Path) -> None:
    """Writes the whole project into `folder`, about 7 MB. Raises FaultError when the folder holds anything."""
    start_project(folder, "company")
    try:
        _write_data(folder / "data", company())
    except OSError as error:
        raise not_writable(folder, error) from error


def _write_data(data: Path, tables: dict[str, Columns]) -> None:
    for name in PLAIN:
        write_csv(data / f"{name}.csv", tables[name])
    write_csv(data / "accounts.csv", renamed(tables["customers"], CUSTOMER_COLUMNS))
    write_csv(data / "billing.csv", _billing_export(tables["subscriptions"]))
    write_french_csv(data / "factures.csv", renamed(tables["invoices"], INVOICE_COLUMNS))
    write_csv(data / "helpdesk.csv", _helpdesk_export(tables["tickets"]))
    write_json_lines(data / "surveys.jsonl", _survey_export(tables["survey_responses"]))
    write_parquet(data / "events.parquet", {n: v for n, v in tables["events"].items() if n != "key_feature"})
    write_parquet(data / "sessions.parquet", _session_export(tables["sessions"]))


def _billing_export(table: Columns) -> Columns:
    """Subscriptions in the billing program's words."""
    states = [BILLING_STATES.get(status, status) for status in table["status"]]
    return renamed({**table, "status": states}, {"status": "state", "mrr": "monthly_amount"})


def _helpdesk_export(table: Columns) -> Columns:
    """Tickets in the help desk's words: what the packs call a defect is a bug there."""
    kinds = ["bug" if kind == "defect" else kind for kind in table["kind"]]
    return renamed({**table, "kind": kinds}, TICKET_COLUMNS)


def _survey_export(table: Columns) -> Columns:
    """Surveys with two times, as the survey tool keeps them: when it was answered, or when it expired unanswered."""
    pairs = list(zip(table["answered_at"], table["score"], strict=True))
    kept = {name: values for name, values in table.items() if name != "answered_at"}
    return {
        **kept,
        "expired_at": [at if score is None else None for at, score in pairs],
        "replied_at": [None if score is None else at for at, score in pairs],
    }


def _session_export(table: Columns) -> Columns:
    """Sessions in milliseconds."""
    lengths = [None if seconds is None else seconds * 1000 for seconds in table["seconds"]]
    return renamed({**table, "seconds": lengths}, {"seconds": "length_ms"})
