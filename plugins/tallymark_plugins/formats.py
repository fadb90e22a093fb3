"""The formats that answers are written in by name: `tally ask --format NAME`, `answer.to(NAME)`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tallymark import Format, hookimpl

if TYPE_CHECKING:
    from tallymark import Answer


def table(answer: Answer) -> str:
    """A table in plain text, with labels and rounded numbers."""
    return answer.to_text()


def csv(answer: Answer) -> str:
    """The rows as CSV, at full precision."""
    return answer.to_csv()


def json(answer: Answer) -> str:
    """Columns, rows and notes as JSON, at full precision."""
    return answer.to_json()


def markdown(answer: Answer) -> str:
    """The rows as a Markdown table, at full precision."""
    return answer.to_markdown()


def html(answer: Answer) -> str:
    """A table in HTML, with labels and rounded numbers."""
    return f"{answer.to_html()}\n"


def parquet(answer: Answer) -> bytes:
    """The rows as a Parquet file."""
    from io import BytesIO

    import pyarrow.parquet

    out = BytesIO()
    pyarrow.parquet.write_table(answer.to_arrow(), out)
    return out.getvalue()


@hookimpl
def tally_formats() -> tuple[Format, ...]:
    """The formats that come with the engine."""
    return (
        Format("table", table, "A table in plain text, with labels and rounded numbers.", (".txt",)),
        Format("csv", csv, "The rows as CSV, at full precision.", (".csv",)),
        Format("json", json, "Columns, rows and notes as JSON, at full precision.", (".json",)),
        Format("parquet", parquet, "The rows as a Parquet file.", (".parquet",), binary=True),
        Format("markdown", markdown, "The rows as a Markdown table, at full precision.", (".md", ".markdown")),
        Format("html", html, "A table in HTML, with labels and rounded numbers.", (".html", ".htm")),
    )
