"""Compare the stages of every window with each other, and the source with the warehouse."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from pipeline.config.tables import Table
from pipeline.errors import ConfigurationError
from pipeline.lake import id_ranges
from pipeline.lake.history import backed_up_windows, histories
from pipeline.lake.keys import Keys
from pipeline.lake.s3 import Store
from pipeline.model.columns import Column
from pipeline.model.cursors import Bounds
from pipeline.model.span import Span
from pipeline.model.window import Window, coalesced, unbroken_end
from pipeline.source import connection as mysql
from pipeline.source import sql as mysql_sql
from pipeline.source.replicated_table import described
from pipeline.warehouse import connection as redshift
from pipeline.warehouse import ledger
from pipeline.warehouse import sql as redshift_sql
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


def compare(
    store: Store,
    source: mysql.Connection,
    warehouse: redshift.Connection,
    table: Table,
    schema: str,
    timezone: str | None = None,
) -> Comparison:
    """Compare a table's windows stage by stage, and count it on both sides.

    A row that was updated in the source since has left its window there and not yet here, so
    the sides agree once the window of that update is loaded. `timezone` is that of DATETIMEs where the
    table's definition names none.
    """
    done = backed_up_windows(store, table.name)
    torn = tuple(_torn(store, table, done))
    until, there, here = _counts(store, source, warehouse, table, schema, timezone)
    versions = table.definition.load_mode == "append"
    return Comparison(str(table.name), until, len(done), torn, there, here, versions)


def _torn(store: Store, table: Table, windows: list[Window]) -> Iterator[str]:
    """The windows whose stages differ; the markers of a few hundred windows are in memory at a time."""
    for first in range(0, len(windows), _AT_ONCE):
        wanted = [(table.name, window) for window in windows[first : first + _AT_ONCE]]
        yield from (each.window.name for each in histories(store, wanted) if not each.agrees)


def _counts(
    store: Store,
    source: mysql.Connection,
    warehouse: redshift.Connection,
    table: Table,
    schema: str,
    timezone: str | None,
) -> tuple[datetime | None, int, int]:
    ledger.ensure(warehouse, schema)
    target = Relation(schema, table.target)
    of = (warehouse, schema, str(table.name), str(target))
    windows = ledger.windows(*of, snapshots=table.definition.cursor_type == "full")
    if not windows:
        return None, 0, 0
    with warehouse.cursor() as cursor:
        if table.definition.cursor is None:
            here = int(redshift.scalar(cursor, redshift_sql.count(target)))
            there = int(mysql.scalar(source, mysql_sql.count_rows(table.name, Span())))
            return None, there, here
        column, here, there = _cursor(source, table, timezone), 0, 0
        for ours, theirs in _bounds(store, column, table, windows):
            counted = redshift_sql.count_window(target, column.target, ours)
            here += redshift.scalar(cursor, counted)
            span = Span(column.name, lower=theirs.lower, upper=theirs.upper)
            there += mysql.scalar(source, mysql_sql.count_rows(table.name, span))
    return unbroken_end(windows), there, here


def _bounds(
    store: Store, column: Column, table: Table, windows: list[Window]
) -> list[tuple[Bounds, Bounds]]:
    """What the windows hold together: bounds in the warehouse, and the same in the source."""
    loaded = table.definition.loaded_cursor
    if loaded is None:
        ranges, _ = id_ranges.read(store, Keys(table.name))
        return [(ids, ids) for ids in ranges.together(windows)]
    there = replace(loaded, timezone=column.timezone)
    return [(loaded.bounds(span), there.bounds(span)) for span in coalesced(windows)]


def _cursor(source: mysql.Connection, table: Table, timezone: str | None) -> Column:
    """The cursor's column: its names on both sides, and the zone of its values in the source."""
    name = table.definition.cursor or ""
    column = described(source, table, timezone).column(name)
    if column is None:
        raise ConfigurationError(
            f"cursor names the column {name}, which {table.name} does not have",
            todo="correct `cursor:` in the table's definition",
        )
    return column
