"""Compare the stages of every window with each other, and the source with the warehouse."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from pipeline.columns import in_zone
from pipeline.config.tables import Table
from pipeline.cursors import Bounds
from pipeline.ledger import id_ranges, ledger
from pipeline.ledger.history import backed_up_windows, histories
from pipeline.names import Keys
from pipeline.stores import mysql, mysql_sql, redshift, redshift_sql, source_table
from pipeline.stores.mysql_sql import Span
from pipeline.stores.redshift_sql import Relation
from pipeline.stores.s3 import Store
from pipeline.window import Window, coalesced, unbroken_end


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
    done = histories(store, [(table.name, w) for w in backed_up_windows(store, table.name)])
    torn = tuple(history.window.name for history in done if not history.agrees)
    until, there, here = _counts(store, source, warehouse, table, schema, timezone)
    versions = table.definition.load_mode == "append"
    return Comparison(str(table.name), until, len(done), torn, there, here, versions)


def _counts(
    store: Store,
    source: mysql.Connection,
    warehouse: redshift.Connection,
    table: Table,
    schema: str,
    timezone: str | None,
) -> tuple[datetime | None, int, int]:
    ledger.ensure(warehouse, schema)
    target, column = Relation(schema, table.target), table.definition.cursor
    with warehouse.cursor() as cursor:
        windows = [e.window for e in ledger.entries(cursor, schema, str(table.name))]
        if not windows:
            return None, 0, 0
        if column is None:
            here = int(redshift.scalar(cursor, redshift_sql.count(target)))
            there = int(mysql.scalar(source, mysql_sql.count_rows(table.name, Span())))
            return None, there, here
        here = there = 0
        for ours, theirs in _bounds(store, source, table, windows, timezone):
            here += redshift.scalar(cursor, redshift_sql.count_window(target, column, ours))
            span = Span(column, lower=theirs.lower, upper=theirs.upper)
            there += mysql.scalar(source, mysql_sql.count_rows(table.name, span))
    return unbroken_end(windows), there, here


def _bounds(
    store: Store,
    source: mysql.Connection,
    table: Table,
    windows: list[Window],
    timezone: str | None,
) -> list[tuple[Bounds, Bounds]]:
    """What the windows hold together: bounds in the warehouse, and the same in the source."""
    loaded = table.definition.time_cursor(None)
    if loaded is None:
        ranges, _ = id_ranges.read(store, Keys(table.name))
        return [(ids, ids) for ids in ranges.together(windows)]
    there = replace(loaded, timezone=_zone_of_cursor(source, table, timezone))
    return [(loaded.bounds(span), there.bounds(span)) for span in coalesced(windows)]


def _zone_of_cursor(source: mysql.Connection, table: Table, timezone: str | None) -> str | None:
    described = source_table.describe(source, table.name)
    zone = table.definition.source_timezone or timezone
    if zone is None:
        return None
    columns = in_zone(described.columns, zone, table.definition.datetimes_as_is)
    cursor = (table.definition.cursor or "").lower()
    return next((c.timezone for c in columns if c.name.lower() == cursor), None)
