"""The warehouse's own record of what is loaded; it decides.

A row commits in the same transaction as the data it speaks of. The S3 load marker is a copy of it
that spares Luigi the question.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg2 import extensions

from pipeline.model.window import UTC, Window
from pipeline.version import VERSION
from pipeline.warehouse import connection as redshift
from pipeline.warehouse import ledger_sql


@dataclass(frozen=True)
class Entry:
    """One loaded window: what was loaded (`content`), where to, how, and the rows it came to.

    `content` is the lake's digest, or that and what definition and policies made of it since.
    """

    table: str
    window: Window
    content: str
    target: str
    mode: str
    rows_staged: int
    rows_loaded: int
    rows_replaced: int
    committed_at: datetime


def ensure(connection: redshift.Connection, schema: str) -> None:
    """Create the ledger where there is none yet; raises WarehouseError when that is not allowed."""
    redshift.ensure(connection, ledger_sql.create_ledger(schema), "create the ledger")


def entries(cursor: extensions.cursor, schema: str, table: str) -> list[Entry]:
    """All loaded windows of a table, oldest first."""
    cursor.execute(ledger_sql.select_entries(schema), (table,))
    return [_entry(table, row) for row in cursor.fetchall()]


def entry(cursor: extensions.cursor, schema: str, table: str, window: Window) -> Entry | None:
    """The entry of one window, None when it is not loaded."""
    instants = (_naive(window.start), _naive(window.end))
    cursor.execute(ledger_sql.select_entry(schema), (table, *instants))
    row = cursor.fetchone()
    return None if row is None else _entry(table, row)


def is_overlapped(
    cursor: extensions.cursor, schema: str, table: str, target: str, window: Window
) -> bool:
    """Whether other windows that share an instant with this one have brought rows into the target."""
    instants = (_naive(window.start), _naive(window.end))
    cursor.execute(ledger_sql.count_overlapping(schema), (table, target, *instants, *instants))
    (found,) = cursor.fetchone() or (0,)
    return bool(found)


def windows(
    connection: redshift.Connection, schema: str, table: str, target: str, *, snapshots: bool
) -> list[Window]:
    """All windows, or snapshots alone, that are loaded into a target: one question, however many."""
    with connection.cursor() as cursor:
        cursor.execute(ledger_sql.select_windows(schema), (table, target))
        return [
            Window(_utc(start), _utc(end))
            for start, end, mode in cursor.fetchall()
            if mode == "replace" or not snapshots
        ]


def record(cursor: extensions.cursor, schema: str, entry: Entry) -> None:
    """Write the entry, in place of an earlier one of the same window; commits with the caller."""
    name = (entry.table, _naive(entry.window.start), _naive(entry.window.end))
    cursor.execute(ledger_sql.delete_entry(schema), name)
    figures = (entry.rows_staged, entry.rows_loaded, entry.rows_replaced)
    rest = (entry.content, entry.target, entry.mode, *figures, _naive(entry.committed_at))
    cursor.execute(ledger_sql.insert_entry(schema), (*name, *rest, VERSION))


def forget(cursor: extensions.cursor, schema: str, entry: Entry) -> None:
    """Remove the entry."""
    name = (entry.table, _naive(entry.window.start), _naive(entry.window.end))
    cursor.execute(ledger_sql.delete_entry(schema), name)


def _entry(table: str, row: tuple[Any, ...]) -> Entry:
    start, end, digest, target, mode, staged, loaded, replaced, committed = row
    window = Window(_utc(start), _utc(end))
    return Entry(table, window, digest, target, mode, staged, loaded, replaced, _utc(committed))


def _utc(value: datetime) -> datetime:
    return value.replace(tzinfo=UTC)


def _naive(value: datetime) -> datetime:
    return value.astimezone(UTC).replace(tzinfo=None)
