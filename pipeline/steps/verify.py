"""Compare the stages of every window with each other, and the source with the warehouse."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pipeline.config.tables import Table
from pipeline.ledger import ledger
from pipeline.ledger.history import backed_up_windows, histories
from pipeline.stores import mysql, mysql_sql, redshift, redshift_sql
from pipeline.stores.mysql_sql import Span
from pipeline.stores.redshift_sql import Relation
from pipeline.stores.s3 import Store
from pipeline.window import coalesced, unbroken_end


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
) -> Comparison:
    """Compare a table's windows stage by stage, and count it on both sides.

    A row that was updated in the source since has left its window there and not yet here, so
    the sides agree once the window of that update is loaded.
    """
    done = histories(store, [(table.name, w) for w in backed_up_windows(store, table.name)])
    torn = tuple(history.window.name for history in done if not history.agrees)
    until, there, here = _counts(source, warehouse, table, schema)
    versions = table.definition.load_mode == "append"
    return Comparison(str(table.name), until, len(done), torn, there, here, versions)


def _counts(
    source: mysql.Connection, warehouse: redshift.Connection, table: Table, schema: str
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
        for loaded in coalesced(windows):
            low, high = (f"{i:%Y-%m-%d %H:%M:%S}" for i in (loaded.start, loaded.end))
            here += redshift.scalar(cursor, redshift_sql.count_window(target, column, low, high))
            span = Span(column, lower=low, upper=high)
            there += mysql.scalar(source, mysql_sql.count_rows(table.name, span))
    return unbroken_end(windows), there, here
