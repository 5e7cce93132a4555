"""Compare the stages of every window, and the source with the warehouse."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from pipeline.config.tables import Table
from pipeline.errors import ConfigurationError
from pipeline.lake import id_ranges
from pipeline.lake.history import histories, marked_windows
from pipeline.lake.s3 import Store
from pipeline.lake.stages import LAKE
from pipeline.model.columns import Column
from pipeline.model.cursors import Bounds
from pipeline.model.span import Span
from pipeline.model.window import Window, coalesced, unbroken_end
from pipeline.source import connection as mysql
from pipeline.source import sql as mysql_sql
from pipeline.source.replicated_table import replicated_table
from pipeline.warehouse import connection as redshift
from pipeline.warehouse import sql as redshift_sql
from pipeline.warehouse.ledger import Ledger
from pipeline.warehouse.modes import MODES
from pipeline.warehouse.sql import Relation

_BATCH = 200  # windows whose markers are in memory


@dataclass(frozen=True)
class Comparison:
    """The row counts of a table's loaded windows on both sides; they have no gap before `until`.

    `windows` counts those in the lake, `torn` names those whose stages differ in rows.
    """

    table: str
    until: datetime | None
    windows: int
    torn: tuple[str, ...]
    source_rows: int
    warehouse_rows: int
    keeps_versions: bool = False

    @property
    def agrees(self) -> bool:
        """Whether both sides, and the stages of each window, have the same number of rows.

        A table with `load: append` may have more in the warehouse: versions that the source no longer has.
        """
        has_more = self.keeps_versions and self.warehouse_rows > self.source_rows
        return (self.source_rows == self.warehouse_rows or has_more) and not self.torn


@dataclass(frozen=True)
class Servers:
    """Lake, source and warehouse schema of the tables to compare."""

    store: Store
    source: mysql.Connection
    warehouse: redshift.Connection
    schema: str
    timezone: str | None = None
    """The time zone of DATETIMEs in tables whose definition names none."""


def compare(servers: Servers, table: Table) -> Comparison:
    """Compare a table's windows stage by stage, and its row counts on both sides.

    A row updated in the source since its load has left its window there only: the sides agree again when the
    window of the update is loaded.
    """
    windows = marked_windows(servers.store, table.name, LAKE)
    torn = tuple(_torn(servers.store, table, windows))
    until, source_rows, warehouse_rows = _counts(servers, table)
    versions = MODES[table.load_mode].keeps_versions
    counts = (source_rows, warehouse_rows, versions)
    return Comparison(str(table.name), until, len(windows), torn, *counts)


def _torn(store: Store, table: Table, windows: list[Window]) -> Iterator[str]:
    """The windows whose stages differ."""
    for first in range(0, len(windows), _BATCH):
        batch = [(table.name, window) for window in windows[first : first + _BATCH]]
        yield from (
            history.window.name for history in histories(store, batch) if not history.agrees
        )


def _counts(servers: Servers, table: Table) -> tuple[datetime | None, int, int]:
    ledger = Ledger(servers.schema, str(table.name))
    ledger.ensure(servers.warehouse)
    target = Relation(servers.schema, table.target)
    windows = ledger.windows(servers.warehouse, str(target), snapshots=table.is_snapshot)
    if not windows:
        return None, 0, 0
    with servers.warehouse.cursor() as cursor:
        if table.cursor is None:
            loaded = int(redshift.scalar(cursor, redshift_sql.count(target)))
            rows = int(mysql.scalar(servers.source, mysql_sql.count_rows(table.name, Span())))
            return None, rows, loaded
        column, rows, loaded = _cursor(servers, table), 0, 0
        for warehouse, source in _bounds(servers.store, column, table, windows):
            count = redshift_sql.count_window(target, column.target, warehouse)
            loaded += redshift.scalar(cursor, count)
            span = Span(column.name, lower=source.lower, upper=source.upper)
            rows += mysql.scalar(servers.source, mysql_sql.count_rows(table.name, span))
    return unbroken_end(windows), rows, loaded


def _bounds(
    store: Store, column: Column, table: Table, windows: list[Window]
) -> list[tuple[Bounds, Bounds]]:
    """The merged bounds of the windows: each range in the warehouse and in the source."""
    cursor = table.warehouse_cursor
    if cursor.needs_assigned_bounds:
        ranges, _ = id_ranges.read(store, table.name)
        return [(ids, ids) for ids in ranges.merged(windows)]
    source = table.source_cursor(column.timezone)
    return [(cursor.bounds(span), source.bounds(span)) for span in coalesced(windows)]


def _cursor(servers: Servers, table: Table) -> Column:
    """The cursor's column: its names on both sides, its time zone in the source."""
    name = table.cursor or ""
    column = replicated_table(servers.source, table, servers.timezone).column(name)
    if column is None:
        raise ConfigurationError(
            f"cursor names the column {name}, which {table.name} does not have",
            todo="correct `cursor:` in the table's definition",
        )
    return column
