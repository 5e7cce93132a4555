"""The column that ends a read: the server reports a failing expression without the name of its column.

Such are generated columns over text that is no JSON (MySQL), arithmetic out of range, and a view's subqueries
with more than one row.
"""

from __future__ import annotations

from collections.abc import Sequence

import pymysql

from pipeline.model.columns import Column
from pipeline.model.span import Span
from pipeline.source import failures
from pipeline.source import sql as mysql_sql
from pipeline.source.connection import Connection, scalar
from pipeline.source.table import SourceTable


def failing_column(connection: Connection, source: SourceTable, span: Span) -> Column | None:
    """A column whose value the server cannot compute for a row of the span; None for no column.

    None, too, where the rows alone fail, as by a view's condition. Each step halves the columns, and reads
    the span once.
    """
    columns: Sequence[Column] = source.columns
    if _fails(connection, source, (), span) or not _fails(connection, source, columns, span):
        return None
    while len(columns) > 1:
        first, second = columns[: len(columns) // 2], columns[len(columns) // 2 :]
        columns = first if _fails(connection, source, first, span) else second
    return columns[0]


def _fails(
    connection: Connection, source: SourceTable, columns: Sequence[Column], span: Span
) -> bool:
    try:
        scalar(connection, mysql_sql.measure(source.name, columns, span))
    except pymysql.err.Error as error:
        if failures.failure_of(error) or not failures.is_of_server(error):
            raise
        return True
    return False
