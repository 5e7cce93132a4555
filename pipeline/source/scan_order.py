"""The order in which the server returns a span's rows without sorting them.

To resume after a lost connection, a read needs an order that is unique by row. Sorting wide rows costs the
server more than sending them, and so does an index where it would scan the table (docs/decisions/0010). But
every scan has an order: an index that of its columns and the primary key, the table that of the primary key.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.model.span import Span
from pipeline.source import connection as mysql
from pipeline.source import sql as mysql_sql
from pipeline.source.connection import Connection
from pipeline.source.table import SourceTable

Order = tuple[str, ...]
_WHOLE_TABLE = "PRIMARY"


@dataclass(frozen=True)
class _Access:
    """The server's plan of a statement: the index that it scans, and whether it sorts the rows."""

    index: str
    sorts: bool


def free_order(connection: Connection, source: SourceTable, span: Span) -> Order:
    """Columns that order the span's rows uniquely and without a sort.

    Empty where there are none, and for a span without a cursor: a snapshot cannot be resumed, as it must be
    of one instant.
    """
    orders = list(_orders(source, span))
    unordered = _access(connection, source, span, ()) if orders else None
    return next((o for o in orders if _access(connection, source, span, o) == unordered), ())


def _orders(source: SourceTable, span: Span) -> Iterator[Order]:
    """The orders of the indexes that begin with the cursor, and that of the table."""
    key, cursor = source.primary_key, span.cursor
    if cursor is None or not key:
        return
    leading = (index for index in source.indexes if index[0] == cursor)
    for index in dict.fromkeys((*leading, key)):
        order = (*index, *(name for name in key if name not in index))
        if all(_can_resume_after(source, name, span) for name in order):
            yield order


def _can_resume_after(source: SourceTable, name: str, span: Span) -> bool:
    """Whether the rows after any of the column's values in the span can be selected."""
    column = source.column(name)
    if column is None or not mysql_sql.has_literal(column):
        return False
    if column.name in source.lossy_charsets and column.name not in source.primary_key:
        return False  # its UTF-8 may be that of another text; a key's is refused (`lossy_text`)
    is_bounded = column.name == span.cursor and (span.lower or span.upper) is not None
    return is_bounded or not column.nullable


def _access(connection: Connection, source: SourceTable, span: Span, order: Order) -> _Access:
    query = mysql_sql.select_rows(source.name, source.columns, span, order)
    (step,) = mysql.rows_of(connection, mysql_sql.explain(query))
    extra = str(step["Extra"] or "")
    return _Access(
        # InnoDB stores a table as its primary key's index
        index=_WHOLE_TABLE if step["type"] == "ALL" else str(step["key"]),
        sorts="filesort" in extra or "temporary" in extra,
    )
