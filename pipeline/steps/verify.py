"""Compare what the source has with what the warehouse has, over the span that is loaded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pipeline.config.tables import Table
from pipeline.errors import ConfigurationError
from pipeline.ledger import ledger
from pipeline.stores import mysql, mysql_sql, redshift, redshift_sql
from pipeline.stores.mysql_sql import Span
from pipeline.stores.redshift_sql import Relation
from pipeline.window import UTC, unbroken_end


@dataclass(frozen=True)
class Comparison:
    """Rows of one table on both sides, between the first loaded window and `until`."""

    table: str
    since: datetime | None
    until: datetime | None
    source_rows: int
    warehouse_rows: int

    @property
    def agrees(self) -> bool:
        """Whether both sides have the same number of rows."""
        return self.source_rows == self.warehouse_rows


def compare_counts(
    source: mysql.Connection, warehouse: redshift.Connection, table: Table, schema: str
) -> Comparison:
    """Count the table on both sides.

    A row that was updated in the source after `until` has left the span there and not yet here, so
    the sides agree once the window of that update is loaded. Raises ConfigurationError for a table
    of which nothing is loaded.
    """
    ledger.ensure(warehouse, schema)
    with warehouse.cursor() as cursor:
        windows = [e.window for e in ledger.entries(cursor, schema, str(table.name))]
        if not windows:
            raise ConfigurationError(f"nothing of {table.name} is loaded", todo="load it first")
        target = Relation(schema, table.target)
        if not table.definition.cursor:
            here = redshift.scalar(cursor, redshift_sql.count(target))
            there = mysql.scalar(source, mysql_sql.count_rows(table.name, Span()))
            return Comparison(str(table.name), None, None, int(there), int(here))
        since, until = min(windows).start, unbroken_end(windows)
        bounds = [f"{i.astimezone(UTC):%Y-%m-%d %H:%M:%S}" for i in (since, until) if i]
        column = table.definition.cursor
        here = redshift.scalar(cursor, redshift_sql.count_window(target, column, *bounds))
    span = Span(column, *bounds)
    there = mysql.scalar(source, mysql_sql.count_rows(table.name, span))
    return Comparison(str(table.name), since, until, int(there), int(here))
