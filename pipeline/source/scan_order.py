"""In which order the server gives a span's rows without sorting them.

A read that is to go on after a lost connection needs an order that tells any two rows apart. Sorting
wide rows for it costs the server more than sending them, and so does walking an index where it would
rather read the whole table (docs/decisions/0010). But whatever the server walks, it walks in an order:
an index in that of its columns and the primary key, the table itself in that of the primary key.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.model.columns import Column
from pipeline.model.span import Span
from pipeline.source import connection as mysql
from pipeline.source import sql as mysql_sql
from pipeline.source.connection import Connection
from pipeline.source.table import SourceTable

Order = tuple[str, ...]
_WHOLE_TABLE = "PRIMARY"


@dataclass(frozen=True)
class _Access:
    """What the server says of a statement: the index it walks, and whether it sorts what comes."""

    index: str
    sorts: bool


def free_order(connection: Connection, source: SourceTable, span: Span) -> Order:
    """The columns by which the span's rows come at no cost, and by which any two of them differ.

    Empty where the server would have to sort or where there is no such key, and for a span without a
    cursor: a snapshot of a whole table is of one moment, or it is none.
    """
    orders = list(_orders(source, span))
    wanted = _access(connection, source, span, ()) if orders else None
    return next((o for o in orders if _access(connection, source, span, o) == wanted), ())


def _orders(source: SourceTable, span: Span) -> Iterator[Order]:
    """Those of the indexes that begin with the cursor, and that of the table itself."""
    key, cursor = source.primary_key, span.cursor
    if cursor is None or not key:
        return
    leading = (index for index in source.indexes if index[0] == cursor)
    for index in dict.fromkeys((*leading, key)):
        order = (*index, *(name for name in key if name not in index))
        if all(_has_literals(source.column(name), span) for name in order):
            yield order


def _has_literals(column: Column | None, span: Span) -> bool:
    """Whether the rows behind any value the column has in the span can be asked for."""
    if column is None or not mysql_sql.has_literal(column):
        return False
    is_bounded = column.name == span.cursor and (span.lower or span.upper) is not None
    return is_bounded or not column.nullable


def _access(connection: Connection, source: SourceTable, span: Span, order: Order) -> _Access:
    query = mysql_sql.select_rows(source.name, source.columns, span, order)
    (step,) = mysql.rows_of(connection, mysql_sql.explain(query))
    extra = str(step["Extra"] or "")
    return _Access(
        # InnoDB's table is the index of its primary key
        index=_WHOLE_TABLE if step["type"] == "ALL" else str(step["key"]),
        sorts="filesort" in extra or "temporary" in extra,
    )
