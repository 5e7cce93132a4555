"""Compare the stages of every window with each other, and the source with the warehouse."""

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

_AT_ONCE = 200  # windows


@dataclass(frozen=True)
class Comparison:
    """Rows of one table on both sides, in all its loaded windows; without a gap they reach `until`.

    `windows` are those in the lake, `torn` those of them whose stages do not have the same rows.
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
        """Whether both sides have the same number of rows, and all stages of each window too.

        A table that is appended to keeps versions that the source has no more: it has no fewer rows.
        """
        same = self.source_rows == self.warehouse_rows
        more = self.keeps_versions and self.warehouse_rows > self.source_rows
        return (same or more) and not self.torn


@dataclass(frozen=True)
class Servers:
    """Where the rows of a table are: in the lake, in the source and in a schema of the warehouse."""

    store: Store
    source: mysql.Connection
    warehouse: redshift.Connection
    schema: str
    timezone: str | None = None
    """That of the DATETIMEs of tables whose definition names none."""


def compare(servers: Servers, table: Table) -> Comparison:
    """Compare a table's windows stage by stage, and count it on both sides.

    A row that was updated in the source since has left its window there and not yet here, so
    the sides agree when the window of that update is loaded.
    """
    windows = marked_windows(servers.store, table.name, LAKE)
    torn = tuple(_torn(servers.store, table, windows))
    until, source_rows, warehouse_rows = _counts(servers, table)
    versions = MODES[table.load_mode].keeps_versions
    counts = (source_rows, warehouse_rows, versions)
    return Comparison(str(table.name), until, len(windows), torn, *counts)


def _torn(store: Store, table: Table, windows: list[Window]) -> Iterator[str]:
    """The windows whose stages differ; the markers of a few hundred windows are in memory at a time."""
    for first in range(0, len(windows), _AT_ONCE):
        wanted = [(table.name, window) for window in windows[first : first + _AT_ONCE]]
        yield from (each.window.name for each in histories(store, wanted) if not each.agrees)


def _counts(servers: Servers, table: Table) -> tuple[datetime | None, int, int]:
    ledger = Ledger(servers.schema, str(table.name))
    ledger.ensure(servers.warehouse)
    target = Relation(servers.schema, table.target)
    windows = ledger.windows(servers.warehouse, str(target), snapshots=table.is_snapshot)
    if not windows:
        return None, 0, 0
    with servers.warehouse.cursor() as cursor:
        if table.cursor is None:
            here = int(redshift.scalar(cursor, redshift_sql.count(target)))
            there = int(mysql.scalar(servers.source, mysql_sql.count_rows(table.name, Span())))
            return None, there, here
        column, here, there = _cursor(servers, table), 0, 0
        for ours, theirs in _bounds(servers.store, column, table, windows):
            counted = redshift_sql.count_window(target, column.target, ours)
            here += redshift.scalar(cursor, counted)
            span = Span(column.name, lower=theirs.lower, upper=theirs.upper)
            there += mysql.scalar(servers.source, mysql_sql.count_rows(table.name, span))
    return unbroken_end(windows), there, here


def _bounds(
    store: Store, column: Column, table: Table, windows: list[Window]
) -> list[tuple[Bounds, Bounds]]:
    """What the windows hold together: bounds in the warehouse, and the same in the source."""
    loaded = table.warehouse_cursor
    if loaded.needs_assigned_bounds:
        ranges, _ = id_ranges.read(store, table.name)
        return [(ids, ids) for ids in ranges.merged(windows)]
    read = table.source_cursor(column.timezone)
    return [(loaded.bounds(span), read.bounds(span)) for span in coalesced(windows)]


def _cursor(servers: Servers, table: Table) -> Column:
    """The cursor's column: its names on both sides, and the zone of its values in the source."""
    name = table.cursor or ""
    column = replicated_table(servers.source, table, servers.timezone).column(name)
    if column is None:
        raise ConfigurationError(
            f"cursor names the column {name}, which {table.name} does not have",
            todo="correct `cursor:` in the table's definition",
        )
    return column
