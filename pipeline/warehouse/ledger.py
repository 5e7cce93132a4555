"""The ledger: the authoritative record of loaded windows, in the warehouse.

A row commits in the transaction of its data. The S3 load marker is a copy, which spares Luigi the query.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg2 import extensions

from pipeline.model.identifiers import LEDGER
from pipeline.model.load_modes import is_snapshot
from pipeline.model.window import UTC, Window
from pipeline.version import VERSION
from pipeline.warehouse import catalog, ledger_sql
from pipeline.warehouse import connection as redshift
from pipeline.warehouse.sql import Relation


@dataclass(frozen=True)
class LedgerRow:
    """One loaded window: its content, target, load mode and row counts.

    `content` is the lake's digest, combined with the changes by definition and policies where there are any.
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


@dataclass(frozen=True)
class Ledger:
    """The rows of one source table (``db.table``) in the ledger of a schema."""

    schema: str
    table: str

    def ensure(self, connection: redshift.Connection) -> None:
        """Create the ledger unless it exists; raises WarehouseError without the right to do so."""
        ledger = Relation(self.schema, LEDGER)
        catalog.ensure_table(connection, ledger, ledger_sql.create_ledger(self.schema))

    def rows(self, cursor: extensions.cursor) -> list[LedgerRow]:
        """The rows of all loaded windows, oldest first."""
        cursor.execute(ledger_sql.select_rows(self.schema), (self.table,))
        return [self._row(values) for values in cursor.fetchall()]

    def row(self, cursor: extensions.cursor, window: Window) -> LedgerRow | None:
        """The row of a window, None when it is not loaded."""
        cursor.execute(ledger_sql.select_row(self.schema), self._key(window))
        values = cursor.fetchone()
        return None if values is None else self._row(values)

    def is_overlapped(self, cursor: extensions.cursor, target: str, window: Window) -> bool:
        """Whether overlapping windows have loaded rows into the target."""
        instants = (_naive(window.start), _naive(window.end))
        arguments = (self.table, target, *instants, *instants)
        cursor.execute(ledger_sql.count_overlapping(self.schema), arguments)
        (count,) = cursor.fetchone() or (0,)
        return bool(count)

    def windows(
        self, connection: redshift.Connection, target: str, *, snapshots: bool
    ) -> list[Window]:
        """The windows loaded into a target, or only the snapshots."""
        with connection.cursor() as cursor:
            cursor.execute(ledger_sql.select_windows(self.schema), (self.table, target))
            return [
                Window(_utc(start), _utc(end))
                for start, end, mode in cursor.fetchall()
                if is_snapshot(mode) or not snapshots
            ]

    def record(self, cursor: extensions.cursor, row: LedgerRow) -> None:
        """Write a window's row in the caller's transaction; replaces an earlier one."""
        self.forget(cursor, row.window)
        figures = (row.rows_staged, row.rows_loaded, row.rows_replaced)
        rest = (row.content, row.target, row.mode, *figures, _naive(row.committed_at))
        cursor.execute(ledger_sql.insert_row(self.schema), (*self._key(row.window), *rest, VERSION))

    def forget(self, cursor: extensions.cursor, window: Window) -> None:
        """Remove a window's row."""
        cursor.execute(ledger_sql.delete_row(self.schema), self._key(window))

    def _key(self, window: Window) -> tuple[str, datetime, datetime]:
        return self.table, _naive(window.start), _naive(window.end)

    def _row(self, values: tuple[Any, ...]) -> LedgerRow:
        start, end, content, target, mode, staged, loaded, replaced, committed = values
        window = Window(_utc(start), _utc(end))
        figures = (staged, loaded, replaced)
        return LedgerRow(self.table, window, content, target, mode, *figures, _utc(committed))


def _utc(value: datetime) -> datetime:
    return value.replace(tzinfo=UTC)


def _naive(value: datetime) -> datetime:
    return value.astimezone(UTC).replace(tzinfo=None)
