"""Decide how a window is read: check the table against its definition, and cut the window in chunks."""

from __future__ import annotations

import logging
from datetime import datetime
from itertools import pairwise

from pipeline.config.tables import Table
from pipeline.errors import ConfigurationError, DataError
from pipeline.stores import mysql, mysql_sql
from pipeline.stores.mysql import Connection, SourceTable
from pipeline.stores.mysql_sql import Span
from pipeline.stores.spool import Plan
from pipeline.window import UTC, Window

log = logging.getLogger(__name__)


def key_of(table: Table, source: SourceTable) -> tuple[str, ...]:
    """The columns that identify a row, as the source spells them: the definition's, else the primary key."""
    named = (source.column(name) for name in table.definition.key)
    return tuple(column.name for column in named if column) or source.primary_key


def check(table: Table, source: SourceTable) -> None:
    """Raise ConfigurationError where the definition asks for what the table does not have."""
    definition = table.definition
    named = {
        "cursor": (definition.cursor,) if definition.cursor else (),
        "key": definition.key,
        "business_key": definition.business_key,
        "distkey": (definition.distkey,) if definition.distkey else (),
        "sortkey": definition.sortkey,
    }
    for setting, columns in named.items():
        for column in columns:
            if source.column(column) is None:
                raise ConfigurationError(
                    f"{setting} names the column {column}, which {source.name} does not have",
                    why=f"its columns are {', '.join(c.name for c in source.columns)}",
                    todo=f"correct `{setting}:` in the table's definition",
                )
    _check_cursor(definition.cursor, source)
    _check_key(table, source)
    _check_names(source)


def _check_cursor(cursor: str | None, source: SourceTable) -> None:
    column = source.column(cursor) if cursor else None
    if column is None:
        return
    if not column.arrow.startswith("timestamp"):
        raise ConfigurationError(
            f"the cursor {column.name} of {source.name} is no timestamp",
            why=f"it is {column.source_type}",
            todo="name a DATETIME or TIMESTAMP column, or use cursor_type: full",
        )
    if not source.is_indexed(column.name):
        log.warning(
            "%s has no index on its cursor: every window scans the whole table. "
            "Create one: ALTER TABLE %s ADD INDEX (%s)",
            source.name,
            source.name,
            ", ".join((column.name, *source.primary_key)),
        )


def _check_key(table: Table, source: SourceTable) -> None:
    if table.definition.load_mode != "merge":
        return
    key = key_of(table, source)
    if not key:
        raise ConfigurationError(
            f"{source.name} has no primary key to merge by",
            why="load: merge keeps one row per key",
            todo="name unique columns in `key:`, or keep every version with load: append",
        )
    for name in key:
        column = source.column(name)
        if column and column.nullable:
            raise ConfigurationError(
                f"the key column {name} of {source.name} may be NULL",
                why="NULL equals nothing, so such a row would be added again by every load",
                todo="name other columns in `key:`, or use load: append",
            )


def _check_names(source: SourceTable) -> None:
    seen: dict[str, str] = {}
    for column in source.columns:
        other = seen.setdefault(column.target, column.name)
        if other != column.name:
            raise ConfigurationError(
                f"{source.name}: {other} and {column.name} are one column to Redshift",
                why="it folds names to lower case",
                todo="leave one out with `exclude:`",
            )


def plan(connection: Connection, table: Table, source: SourceTable, window: Window) -> Plan:
    """Check the table, then cut the window into the chunks its definition asks for.

    Raises ConfigurationError as `check` does, and DataError for rows that no window would ever hold.
    """
    check(table, source)
    if table.definition.cursor_type == "full" or not table.definition.cursor:
        return Plan(spans=(Span(),))
    cursor = source.column(table.definition.cursor)
    assert cursor is not None  # noqa: S101 - check() has just refused this
    if cursor.nullable and table.definition.on_null_cursor == "error":
        _refuse_null_cursors(connection, source, cursor.name)
    whole = Span(cursor.name, bound(window.start), bound(window.end))
    return Plan(spans=_cut(connection, source, whole, table.definition.chunks))


def bound(instant: datetime) -> str:
    """An instant as a bound of a timestamp cursor, in the session's zone, which is UTC."""
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}"


def _refuse_null_cursors(connection: Connection, source: SourceTable, cursor: str) -> None:
    rows = mysql.scalar(connection, mysql_sql.count_null_cursors(source.name, cursor))
    if rows:
        raise DataError(
            f"{rows} rows have no {cursor} and belong to no window",
            why=f"{cursor} is NULL there, and no window would ever read them",
            todo=f"fill in {cursor}, or leave such rows out knowingly with on_null_cursor: ignore",
        )


def _cut(connection: Connection, source: SourceTable, whole: Span, chunks: int) -> tuple[Span, ...]:
    """Contiguous spans of about the same number of rows; fewer where many rows share one cursor."""
    if chunks == 1:
        return (whole,)
    rows = int(mysql.scalar(connection, mysql_sql.count_rows(source.name, whole)))
    offsets = sorted({rows * index // chunks for index in range(1, chunks)} - {0})
    found = (mysql.scalar(connection, mysql_sql.cursor_at(source.name, whole, o)) for o in offsets)
    inner = sorted({f"{value:%Y-%m-%d %H:%M:%S.%f}" for value in found if value is not None})
    edges = [whole.lower, *(edge for edge in inner if edge != whole.lower), whole.upper]
    return tuple(Span(whole.cursor, lower, upper) for lower, upper in pairwise(edges))
