"""Cut a window into chunks of about equal size."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator
from dataclasses import replace

from pipeline.config.tables import Table
from pipeline.errors import DataError
from pipeline.model.columns import Column, fingerprint
from pipeline.model.cursors import Bounds, bound_of
from pipeline.model.span import Span
from pipeline.run import notes
from pipeline.source import connection as mysql
from pipeline.source import sql as mysql_sql
from pipeline.source import table as source_table
from pipeline.source.connection import Connection
from pipeline.source.table import SourceTable
from pipeline.spool.folder import Plan

log = logging.getLogger(__name__)
MAX_CHUNKS = 256


def plan_chunks(
    connection: Connection, table: Table, source: SourceTable, bounds: Bounds, chunk_bytes: int
) -> Plan:
    """Cut the rows between the bounds into contiguous spans of about the same number of rows.

    Their number is the definition's, or that at which each has about `chunk_bytes` of the source's storage.
    Raises DataError for rows that fall into no window.
    """
    columns = fingerprint(source.columns)
    cursor = source.column(table.cursor) if table.cursor else None
    if cursor is None:
        return Plan(spans=(Span(),), schema_fingerprint=columns)
    whole = Span(cursor.name, bounds.lower, bounds.upper)
    partial = _count_partial_dates(connection, source, cursor, whole)
    without = partial + _check_cursors(connection, source, table, cursor, partial)
    whole = replace(whole, whole_dates=partial > 0)
    size = source_table.size(connection, source.name)
    if table.chunks == 1 or (table.chunks == "auto" and size.bytes <= chunk_bytes):
        return Plan(spans=(whole,), schema_fingerprint=columns, rows_without_cursor=without)
    rows = int(mysql.scalar(connection, mysql_sql.count_rows(source.name, whole)))
    fitting = max(1, min(math.ceil(size.row_bytes * rows / chunk_bytes), MAX_CHUNKS))
    chunks = fitting if table.chunks == "auto" else table.chunks
    spans = tuple(_cut(connection, source, whole, math.ceil(rows / chunks)))
    return Plan(spans=spans, schema_fingerprint=columns, rows_without_cursor=without)


def _count_partial_dates(
    connection: Connection, source: SourceTable, cursor: Column, span: Span
) -> int:
    """The number of rows with a date such as 2025-08-00, which sorts before the month's first day."""
    if not cursor.arrow.startswith(("timestamp", "date")):
        return 0
    if span.lower and span.upper and span.lower[:7] == span.upper[:7]:  # no start of a month within
        return 0
    return int(mysql.scalar(connection, mysql_sql.count_partial_dates(source.name, span)))


def _check_cursors(
    connection: Connection, source: SourceTable, table: Table, cursor: Column, partial: int
) -> int:
    """The number of rows in no window but for `partial` dates; raises DataError unless they are ignored."""
    kind = table.source_cursor(cursor.timezone)
    # every TIMESTAMP is within reach, and MariaDB compares none with such bounds by index
    reach = Bounds(None, None) if cursor.source_type.startswith("timestamp") else kind.reach
    query = mysql_sql.count_without_cursor(
        source.name, cursor.name, reach, zero_is_a_value=kind.zero_is_a_value
    )
    rows = int(mysql.scalar(connection, query))
    total = rows + partial
    if total and table.on_null_cursor == "ignore":
        text = f"{source.name}: {total} rows without {cursor.name} are left out (on_null_cursor: ignore)"
        notes.warn(log, text, about=f"rows of {source.name} without {cursor.name}")
    elif total:
        raise DataError(
            f"{total} rows have no {cursor.name} and belong to no window",
            why=f"{cursor.name} is NULL{_outside(cursor, reach)}",
            todo=f"set {cursor.name} in these rows, or leave them out with on_null_cursor: ignore",
        )
    return rows


def _outside(cursor: Column, reach: Bounds) -> str:
    """The values of a cursor that are in no window, apart from NULL, for a message."""
    below = f", below {reach.lower}, or {reach.upper} or later" if reach.lower else ""
    is_date = cursor.arrow.startswith(("timestamp", "date"))
    return (", zero, or a date without a month or a day" if is_date else "") + below


def _cut(connection: Connection, source: SourceTable, whole: Span, rows: int) -> Iterator[Span]:
    """Spans of `rows` rows each, larger where more rows share one cursor value.

    Each search starts at the previous edge, so all of them scan the index once.
    """
    lower = whole.lower
    while rows:
        rest = replace(whole, lower=lower)
        value = mysql.scalar(connection, mysql_sql.cursor_at(source.name, rest, rows))
        if value is not None and bound_of(value) == lower:
            value = mysql.scalar(connection, mysql_sql.cursor_after(source.name, rest))
        if value is None:
            break
        yield replace(rest, upper=bound_of(value))
        lower = bound_of(value)
    yield replace(whole, lower=lower)
