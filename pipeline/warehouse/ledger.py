"""The ledger: the authoritative record of loaded windows, in the warehouse.

A row commits in the transaction of its data. The S3 load marker is a copy, which spares Luigi the query.
"""

from __future__ import annotations

from collections.abc import Sequence
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
from pipeline.warehouse import sql as redshift_sql
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
class Lookup:
    """A window's row, None when it is not loaded, and all source tables with windows in the target."""

    row: LedgerRow | None
    tables: frozenset[str]


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

    def look_up(self, cursor: extensions.cursor, window: Window, target: str) -> Lookup:
        """The row of a window, and the tables with windows in the target: one round trip."""
        cursor.execute(ledger_sql.select_row_and_tables(self.schema), (*self._key(window), target))
        row, tables = None, set()
        for table, *values in cursor.fetchall():
            if values[0] is None:
                tables.add(str(table))
            else:
                row = self._row(tuple(values))
        return Lookup(row, frozenset(tables))

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

    def forget_all(
        self, connection: redshift.Connection, target: Relation, windows: Sequence[Window]
    ) -> None:
        """Remove windows' rows under the target's lock, where the target exists."""
        has_target = bool(catalog.table_columns(connection, target))

        def forget(cursor: extensions.cursor) -> None:
            if has_target:
                cursor.execute(redshift_sql.lock(target))
            for window in windows:
                self.forget(cursor, window)

        redshift.in_transaction(connection, forget, what=f"{self.table}: forget loads")

    def forget_other_tables(self, cursor: extensions.cursor, target: str) -> None:
        """Remove the rows of other tables in a target that has lost theirs."""
        cursor.execute(ledger_sql.delete_other_tables(self.schema), (target, self.table))

    def _key(self, window: Window) -> tuple[str, datetime, datetime]:
        return self.table, _naive(window.start), _naive(window.end)

    def _row(self, values: tuple[Any, ...]) -> LedgerRow:
        start, end, content, target, mode, staged, loaded, replaced, committed = values
        window = Window(_utc(start), _utc(end))
        figures = (staged, loaded, replaced)
        return LedgerRow(self.table, window, content, target, mode, *figures, _utc(committed))


def tables_by_target(cursor: extensions.cursor, schema: str) -> dict[str, frozenset[str]]:
    """The source tables with windows in each target of an existing ledger."""
    tables: dict[str, frozenset[str]] = {}
    cursor.execute(ledger_sql.select_targets(schema))
    for target, table in cursor.fetchall():
        tables[target] = tables.get(target, frozenset()) | {str(table)}
    return tables


def _utc(value: datetime) -> datetime:
    return value.replace(tzinfo=UTC)


def _naive(value: datetime) -> datetime:
    return value.astimezone(UTC).replace(tzinfo=None)
