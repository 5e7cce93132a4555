"""Check a table against its definition, for each window before the read."""

from __future__ import annotations

import logging

from pipeline.config.policies import KINDS
from pipeline.config.tables import Table
from pipeline.errors import ConfigurationError
from pipeline.model.columns import Column, is_text_of_number, same_target
from pipeline.model.cursors import Snapshot
from pipeline.model.identifiers import MAX_COLUMNS, all_spelled
from pipeline.model.suggestion import with_suggestion
from pipeline.run import notes
from pipeline.source import sql as mysql_sql
from pipeline.source.replicated_table import hidden_columns, key_of
from pipeline.source.table import SourceTable
from pipeline.warehouse.modes import MODES

log = logging.getLogger(__name__)


def check_table(table: Table, source: SourceTable) -> None:
    """Raise ConfigurationError where the definition does not fit the table."""
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
                grant = ", or GRANT SELECT on the whole table" if source.hidden else ""
                what = f"{setting} names the column {column}, which {source.name} does not have"
                raise ConfigurationError(
                    with_suggestion(what, column, [c.name for c in source.columns]),
                    why=f"its columns are {', '.join(c.name for c in source.columns)}"
                    + (", as far as the account may read them" if source.hidden else ""),
                    todo=f"correct `{setting}:` in the table's definition{grant}",
                )
    if table.business_key and not table.cursor and not key_of(table, source):
        raise ConfigurationError(
            f"{source.name} has no order of versions, which business_key requires",
            why="the latest version needs a cursor or a key, and the table has neither",
            todo="name unique columns in `key:`, or leave out `business_key:`",
        )
    if hidden := hidden_columns(table, source):
        notes.warn(log, f"{source.name}: {hidden}")
    if not source.has_snapshots and not source.is_view:
        notes.warn(log, f"{source.name}: {source.without_snapshots}")
    _check_cursor(table, source)
    _check_key(table, source)
    _check_policies(table, source)
    _check_super(table, source)
    _check_names(source)
    _check_count(source)


def deviations(table: Table, source: SourceTable) -> list[str]:
    """The columns that differ in the warehouse without a setting that says so, one line per reason."""
    excluded = all_spelled(table.exclude, source.left_out)
    columns = {
        "left out, as they are invisible in the source": [
            name for name in source.left_out if name not in excluded
        ],
        "replicated as text, as they have more digits than Redshift's DECIMAL": [
            column.name for column in source.columns if is_text_of_number(column)
        ],
    }
    return [f"columns {reason}: {', '.join(names)}" for reason, names in columns.items() if names]


def check_zone(table: Table, source: SourceTable, server_zone: str) -> None:
    """Raise ConfigurationError where the zone of a DATETIME or DATE cursor is unknown.

    For tables without a configured zone. `server_zone` is the default of the server's sessions: local times
    in a zone other than UTC fall into windows that close hours before or after their rows are written.
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
            todo="set DB_TIMEZONE, or source_timezone: in the table's definition, to the application's zone, "
            "such as UTC or Europe/Berlin",
        )


def _datetimes(source: SourceTable) -> set[str]:
    return {c.source_type for c in source.columns if c.source_type.startswith("datetime")}


# By cursor_type: prefixes of the Arrow type, its name, and the column in MySQL.
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
    prefixes, kind, required = _CURSORS[table.cursor_type]
    if not column.arrow.startswith(prefixes):
        fitting = [name for name, (arrow, *_) in _CURSORS.items() if column.arrow.startswith(arrow)]
        types = " or ".join(f"cursor_type: {name}" for name in [*fitting, Snapshot.cursor_type])
        raise ConfigurationError(
            f"the cursor {column.name} of {source.name} is not of type {kind}",
            why=f"it is {column.source_type}",
            todo=f"name {required}, or use {types}",
        )
    _check_ascends(table, source, column)
    if advice := index_advice(column.name, source):
        notes.warn(log, advice)


def _check_ascends(table: Table, source: SourceTable, column: Column) -> None:
    """Refuse an id cursor that may not ascend: a new row below the ids already read would be lost."""
    if not table.warehouse_cursor.needs_assigned_bounds or table.ids_ascend:
        return
    if column.name != source.auto_increment:
        raise ConfigurationError(
            f"the cursor {column.name} of {source.name} has no AUTO_INCREMENT",
            why="a new row with an id below the highest would never be read",
            todo="name the AUTO_INCREMENT column, or set `ids_ascend: true` if every new row has a higher id "
            "than all rows, committed or not",
        )


def index_advice(cursor: str, source: SourceTable) -> str:
    """The warning about a cursor without an index, with the statement that creates one; else empty.

    A view has no index of its own.
    """
    if source.is_view or source.is_indexed(cursor):
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
            todo="GRANT SELECT on the whole table, name readable unique columns in `key:`, or keep every"
            " version with load: append",
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
                why="NULL equals nothing, so every load would insert such a row again",
                todo="name other columns in `key:`, or use load: append",
            )


def _check_policies(table: Table, source: SourceTable) -> None:
    """Refuse a policy that cannot apply to its column, or would change a key or the cursor."""
    rules = table.rules(key_of(table, source), (column.name for column in source.columns))
    for name, policies in table.columns.items():
        column = source.column(name)
        for kind, arrow in KINDS.items():
            if column is None or f"on_{kind}" not in policies.model_fields_set:
                continue
            if not column.arrow.startswith(arrow):
                raise ConfigurationError(
                    f"on_{kind} does not apply to the column {column.name} of {source.name}",
                    why=f"it is {column.source_type}",
                    todo=f"remove it from `columns:` in the definition of {source.name}",
                )
            if rules.policy(column.name, kind) != getattr(policies, f"on_{kind}"):
                is_key = rules.is_key(column.name)
                role = "key column" if is_key else "cursor"
                raise ConfigurationError(
                    f"on_{kind} would change the {role} {column.name} of {source.name}",
                    why="two rows with changed keys may become one"
                    if is_key
                    else "a row with a changed cursor belongs to another window, or to none",
                    todo=f"remove it from `columns:` in the definition of {source.name}",
                )


def _check_super(table: Table, source: SourceTable) -> None:
    key = key_of(table, source)
    for name in table.super:
        column = source.column(name)
        if column is not None and (column.arrow != "string" or column.name in key):
            raise ConfigurationError(
                f"{source.name}: {name} cannot be loaded as SUPER",
                why=f"it is {column.source_type}{', and a key' if column.name in key else ''}",
                todo="name JSON columns that are not keys in `super:`",
            )


def _check_count(source: SourceTable) -> None:
    if (count := len(source.columns)) > MAX_COLUMNS:
        raise ConfigurationError(
            f"{source.name} has {count:,} columns",
            why=f"a table in Redshift has at most {MAX_COLUMNS:,}",
            todo=f"leave out {count - MAX_COLUMNS:,} or more of them with `exclude:`",
        )


def _check_names(source: SourceTable) -> None:
    if (pair := same_target(source.columns)) is not None:
        raise ConfigurationError(
            f"{source.name}: {pair[0].name} and {pair[1].name} are one column in Redshift",
            why="Redshift folds names to lower case",
            todo="rename one of them with `rename:`, or leave it out with `exclude:`",
        )
