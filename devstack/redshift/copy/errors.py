"""Rows that a COPY rejects, and their rows in the system tables."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone

from devstack.redshift.catalog import Journal
from devstack.redshift.copy.source import S3File
from devstack.redshift.errors import RedshiftError


@dataclass(frozen=True)
class Rejected:
    """One rejected row, as in stl_load_errors."""

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
    """Values common to the rows of one COPY in the system tables."""

    query: int
    session: int
    table_id: int
    table: str


def report(journal: Journal, context: LoadContext, rejected: Rejected) -> None:
    """Add a row to stl_load_errors, which a ROLLBACK does not remove."""
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
    """The first 1024 characters, the width of the system table's columns."""
    return text[:1024].replace("\0", "\\x00")


def load_failed(table: str) -> RedshiftError:
    """The client's error for a COPY with more than MAXERROR errors."""
    return RedshiftError(
        f"Load into table '{table}' failed.  Check 'stl_load_errors' system table for details."
    )
