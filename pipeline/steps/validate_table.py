"""Is a table as its definition says? Asked once for every window, before anything is read."""

from __future__ import annotations

import logging

from pipeline.config.policies import KINDS
from pipeline.config.tables import Table
from pipeline.errors import ConfigurationError
from pipeline.model.columns import Column, is_text_of_number, of_one_target
from pipeline.model.cursors import Snapshot
from pipeline.model.identifiers import all_spelled
from pipeline.run import notes
from pipeline.source import sql as mysql_sql
from pipeline.source.table import SourceTable
from pipeline.warehouse.modes import MODES

log = logging.getLogger(__name__)


def key_of(table: Table, source: SourceTable) -> tuple[str, ...]:
    """The columns that identify a row, as the source spells them: the definition's, else the primary key.

    None where one of them is not carried: the others alone do not identify a row.
    """
    named = [source.column(name) for name in table.key or source.primary_key]
    key = tuple(column.name for column in named if column)
    return key if len(key) == len(named) else ()


def check_table(table: Table, source: SourceTable) -> None:
    """Raise ConfigurationError where the definition asks for what the table does not have."""
    named = {
        "cursor": (table.cursor,) if table.cursor else (),
        "key": table.key,
        "business_key": table.business_key,
        "distkey": (table.distkey,) if table.distkey else (),
        "sortkey": table.sortkey,
        "columns": tuple(table.columns),
        "super": table.super,
        "booleans": table.booleans,
        "datetimes_as_is": table.datetimes_as_is,
    }
    for setting, columns in named.items():
        for column in columns:
            if source.column(column) is None:
                right = ", or GRANT SELECT on the whole table" if source.hidden else ""
                raise ConfigurationError(
                    f"{setting} names the column {column}, which {source.name} does not have",
                    why=f"its columns are {', '.join(c.name for c in source.columns)}"
                    + (", as far as the account may read them" if source.hidden else ""),
                    todo=f"correct `{setting}:` in the table's definition{right}",
                )
    if table.business_key and not table.cursor and not key_of(table, source):
        raise ConfigurationError(
            f"{source.name} has no order in which one of its rows is the latest",
            why="business_key asks for the latest, and there is neither a cursor nor a key",
            todo="name unique columns in `key:`, or leave out `business_key:`",
        )
    if hidden := hidden_columns(table, source):
        notes.warn(log, f"{source.name}: {hidden}")
    _check_cursor(table, source)
    _check_key(table, source)
    _check_policies(table, source)
    _check_super(table, source)
    _check_names(source)


def hidden_columns(table: Table, source: SourceTable) -> str:
    """What to say of columns that the account may not read and `exclude:` does not name; else empty."""
    names = source.hidden.summary(table.exclude) if source.hidden else ""
    return f"columns left out, as the account may not read them: {names}" if names else ""


def peculiarities(table: Table, source: SourceTable) -> list[str]:
    """What somebody who knows the source would miss in the warehouse, a line for each kind."""
    excluded = all_spelled(table.exclude, source.left_out)
    hidden = [name for name in source.left_out if name not in excluded]
    texts = [c.name for c in source.columns if is_text_of_number(c)]
    found = {
        "columns left out, as they are invisible in the source": hidden,
        "columns carried as text, as no DECIMAL of Redshift has so many digits": texts,
    }
    return [f"{what}: {', '.join(names)}" for what, names in found.items() if names]


def check_zone(table: Table, source: SourceTable, server_zone: str) -> None:
    """Raise ConfigurationError where it is not said whose time a DATETIME or DATE cursor is.

    For tables of which no zone is set; `server_zone` is that of the server's sessions, UTC for any that is.
    Sessions write the server's zone into it unless they set one; a window in UTC would then close
    hours before its rows are written, or never see them.
    """
    cursor = source.column(table.cursor) if table.cursor else None
    if cursor is None or cursor.source_type not in ("date", *_datetimes(source)):
        return
    if cursor.name in all_spelled(table.datetimes_as_is, (c.name for c in source.columns)):
        return
    if server_zone != "UTC":
        raise ConfigurationError(
            f"the cursor {cursor.name} of {source.name} may not be in UTC",
            why=f"a {cursor.source_type.upper()} has no zone, and the server's zone is {server_zone}",
            todo="set DB_TIMEZONE to the zone whose time the application writes, such as UTC or "
            "Europe/Berlin, or source_timezone: in the table's definition",
        )


def _datetimes(source: SourceTable) -> set[str]:
    return {c.source_type for c in source.columns if c.source_type.startswith("datetime")}


# By cursor_type: what the column must be in Arrow, what that is called, and what it is in MySQL.
_CURSORS = {
    "timestamp": (("timestamp",), "timestamp", "a DATETIME or TIMESTAMP column"),
    "date": (("date32",), "DATE", "a DATE column"),
    "epoch": (("int", "decimal128(20, 0)"), "integer", "an integer column"),
    "id": (("int", "decimal128(20, 0)"), "integer", "the AUTO_INCREMENT column"),
}


def _check_cursor(table: Table, source: SourceTable) -> None:
    column = source.column(table.cursor) if table.cursor else None
    if column is None:
        return
    kinds, called, wanted = _CURSORS[table.cursor_type]
    if not column.arrow.startswith(kinds):
        fitting = [name for name, (kind, *_) in _CURSORS.items() if column.arrow.startswith(kind)]
        other = " or ".join(f"cursor_type: {name}" for name in [*fitting, Snapshot.cursor_type])
        raise ConfigurationError(
            f"the cursor {column.name} of {source.name} is no {called}",
            why=f"it is {column.source_type}",
            todo=f"name {wanted}, or use {other}",
        )
    _check_ascends(table, source, column)
    if advice := index_advice(column.name, source):
        notes.warn(log, advice)


def _check_ascends(table: Table, source: SourceTable, column: Column) -> None:
    """An id that does not ascend as rows are added would be below those that are read already."""
    if not table.warehouse_cursor.needs_assigned_bounds or table.ids_ascend:
        return
    if column.name != source.auto_increment:
        raise ConfigurationError(
            f"the cursor {column.name} of {source.name} has no AUTO_INCREMENT",
            why="a row that is added with an id below the highest would never be read",
            todo="name the AUTO_INCREMENT column; or, where every new row gets a higher id than any that "
            "is committed or under way, say so with `ids_ascend: true`",
        )


def index_advice(cursor: str, source: SourceTable) -> str:
    """What to say of a cursor without an index, with the statement that makes one; else empty."""
    if source.is_indexed(cursor):
        return ""
    columns = list(dict.fromkeys((cursor, *source.primary_key)))
    return (
        f"{source.name} has no index on its cursor: every window scans the whole table. Create one: "
        f"{mysql_sql.add_index(source.name, columns)}"
    )


def _check_key(table: Table, source: SourceTable) -> None:
    if not MODES[table.load_mode].needs_key:
        return
    key = table.key or source.primary_key
    if not key and source.hidden and source.hidden.key:
        raise ConfigurationError(
            f"the primary key of {source.name} is hidden from the account",
            why=source.hidden.key,
            todo="GRANT SELECT on the whole table, name unique columns that it may read in `key:`, or keep"
            " every version with load: append",
        )
    if not key:
        raise ConfigurationError(
            f"{source.name} has no primary key to merge by",
            why="load: merge keeps one row per key",
            todo="name unique columns in `key:`, or keep every version with load: append",
        )
    for name in key:
        column = source.column(name)
        if column is None:
            raise ConfigurationError(
                f"the key column {name} of {source.name} is left out",
                why="it is invisible in the source, or `exclude:` names it",
                todo="keep it, name other unique columns in `key:`, or use load: append",
            )
        if column.nullable:
            raise ConfigurationError(
                f"the key column {name} of {source.name} may be NULL",
                why="NULL equals nothing, so such a row would be added again by every load",
                todo="name other columns in `key:`, or use load: append",
            )


def _check_policies(table: Table, source: SourceTable) -> None:
    """A policy that could never apply is a mistake, and a key's values are not to be changed."""
    rules = table.rules(key_of(table, source), (column.name for column in source.columns))
    for name, policies in table.columns.items():
        column = source.column(name)
        for kind, arrow in KINDS.items():
            if column is None or f"on_{kind}" not in policies.model_fields_set:
                continue
            if not column.arrow.startswith(arrow):
                raise ConfigurationError(
                    f"on_{kind} says nothing about the column {column.name} of {source.name}",
                    why=f"it is {column.source_type}",
                    todo=f"take it out of `columns:` in the definition of {source.name}",
                )
            if rules.policy(column.name, kind) != getattr(policies, f"on_{kind}"):
                is_key = rules.is_key(column.name)
                what = "key column" if is_key else "cursor"
                raise ConfigurationError(
                    f"on_{kind} asks to change the {what} {column.name} of {source.name}",
                    why="two rows whose keys are changed may become one"
                    if is_key
                    else "a row whose cursor is changed belongs to another window, or to none",
                    todo=f"take it out of `columns:` in the definition of {source.name}",
                )


def _check_super(table: Table, source: SourceTable) -> None:
    key = key_of(table, source)
    for name in table.super:
        column = source.column(name)
        if column is not None and (column.arrow != "string" or column.name in key):
            raise ConfigurationError(
                f"{source.name}: {name} cannot be loaded as SUPER",
                why=f"it is {column.source_type}{', and a key' if column.name in key else ''}",
                todo="name columns of JSON in `super:`, or leave it out there",
            )


def _check_names(source: SourceTable) -> None:
    if (both := of_one_target(source.columns)) is not None:
        raise ConfigurationError(
            f"{source.name}: {both[0].name} and {both[1].name} are one column to Redshift",
            why="it folds names to lower case",
            todo="give one of them another name with `rename:`, or leave it out with `exclude:`",
        )
