"""Rows that a COPY could not load, on their way to the system tables."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone

from devstack.redshift.catalog import Journal
from devstack.redshift.copy.source import S3File
from devstack.redshift.errors import RedshiftError


@dataclass(frozen=True)
class Rejected:
    """One row that was refused, as stl_load_errors describes it."""

    file: S3File
    line: int
    code: int
    reason: str
    raw_line: str = ""
    column: str = ""
    type: str = ""
    length: str = ""
    position: int = 0
    value: str = ""


@dataclass(frozen=True)
class LoadContext:
    """What the rows of one COPY have in common in the system tables."""

    query: int
    session: int
    table_id: int
    table: str


def report(journal: Journal, context: LoadContext, rejected: Rejected) -> None:
    """Add a row to stl_load_errors, at once and for good: a ROLLBACK does not take it away."""
    now = datetime.now(timezone.utc).replace(tzinfo=None)
    row: dict[str, str | int | None] = {
        "userid": 100,
        "slice": 0,
        "tbl": context.table_id,
        "starttime": now.isoformat(" "),
        "session": context.session,
        "query": context.query,
        "filename": rejected.file.url,
        "line_number": rejected.line,
        "colname": rejected.column,
        "type": rejected.type,
        "col_length": rejected.length,
        "position": rejected.position,
        "raw_line": _shown(rejected.raw_line),
        "raw_field_value": _shown(rejected.value),
        "err_code": rejected.code,
        "err_reason": rejected.reason[:100],
        "is_partial": 0,
        "start_offset": 0,
        "copy_job_id": 0,
        "table_name": context.table,
        "bucket": rejected.file.bucket,
    }
    journal.insert("load_error", row)


def _shown(text: str) -> str:
    """The first 1024 characters, as the columns of the system table hold them."""
    return text[:1024].replace("\0", "\\x00")


def load_failed(table: str) -> RedshiftError:
    """What the client is told when a COPY has met more errors than it may."""
    return RedshiftError(
        f"Load into table '{table}' failed.  Check 'stl_load_errors' system table for details."
    )
