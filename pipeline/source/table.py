"""A table's columns, indexes and size in the source, from `information_schema`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipeline.errors import ConfigurationError
from pipeline.model.charsets import may_lose
from pipeline.model.columns import Column, column_of
from pipeline.model.identifiers import all_spelled, spelled
from pipeline.model.suggestion import with_suggestion
from pipeline.model.table_name import TableName
from pipeline.source import sql as mysql_sql
from pipeline.source import visibility
from pipeline.source.connection import Connection, rows_of
from pipeline.source.visibility import Hidden, may_read

# Before the first quoted option, such as a comment. The server omits AUTO_INCREMENT = 1.
_NEXT_ID = re.compile(r"[^']*?\bENGINE=\w+ AUTO_INCREMENT=(\d+)")

_SNAPSHOT_ENGINES = {"innodb", "rocksdb", "tokudb"}


@dataclass(frozen=True)
class SourceTable:
    """A source table: columns in order, primary key, columns of each index."""

    name: TableName
    columns: tuple[Column, ...]
    primary_key: tuple[str, ...]
    indexes: tuple[tuple[str, ...], ...]
    left_out: tuple[str, ...] = ()
    auto_increment: str | None = None
    """The AUTO_INCREMENT column."""
    on_update: tuple[str, ...] = ()
    """The columns that the server sets to the time of each change."""
    lossy_charsets: Mapping[str, str] = field(default_factory=dict)
    """By column, the character set of text that may change in UTF-8."""
    hidden: Hidden | None = None
    """The columns that the account may not read; None where it may read every column."""
    engine: str | None = "InnoDB"
    """The storage engine; None for a view."""

    @property
    def is_view(self) -> bool:
        """Whether it is a view."""
        return self.engine is None

    @property
    def has_snapshots(self) -> bool:
        """Whether the engine reads a consistent snapshot; False for a view, whose tables are unknown."""
        return (self.engine or "").lower() in _SNAPSHOT_ENGINES

    @property
    def without_snapshots(self) -> str:
        """The reason why rows may change while they are read; empty for an engine with snapshots."""
        if self.has_snapshots:
            return ""
        if self.is_view:
            return "it is a view: one of its tables has no snapshots, or its result differs from read to read"
        return f"its engine {self.engine} has no snapshots, so rows written during a read are in it or not"

    def column(self, name: str) -> Column | None:
        """The column of that name, in any case, as MySQL compares column names."""
        spelling = spelled(name, (column.name for column in self.columns))
        return next((column for column in self.columns if column.name == spelling), None)

    def is_indexed(self, column: str) -> bool:
        """Whether an index begins with the column."""
        return spelled(column, (c.name for c in self.columns)) in {i[0] for i in self.indexes}


@dataclass(frozen=True)
class TableSize:
    """InnoDB's estimate of a table: rows, bytes of data, bytes per row."""

    rows: int
    bytes: int
    row_bytes: int


@dataclass(frozen=True)
class ListedTable:
    """A table or view of a database, and the estimate of its rows."""

    name: TableName
    rows: int
    is_view: bool


def describe(
    connection: Connection,
    name: TableName,
    exclude: Sequence[str] = (),
    rename: Mapping[str, str] | None = None,
) -> SourceTable:
    """The table's columns, key and indexes.

    Generated columns keep their type; invisible ones and those of `exclude` are left out; those of `rename`
    have another name in the warehouse. `exclude` may name hidden columns. Raises ConfigurationError for a
    missing table, and for an unknown column in `exclude` or `rename`; SourceError for a broken view.
    """
    shown, sees_all = _shown_columns(connection, name)
    rows = [row for row in shown if sees_all or may_read(row)]
    keys = _indexes(connection, name)
    hidden = None if sees_all else visibility.hidden(connection, name, shown, keys)
    known = [str(row["COLUMN_NAME"]) for row in rows]
    for setting, named in (("exclude", () if hidden else exclude), ("rename", rename or {})):
        if unknown := [column for column in named if spelled(column, known) is None]:
            raise ConfigurationError(
                f"{setting} names columns that {name} does not have{_or_hidden(hidden)}",
                why="; ".join(with_suggestion(column, column, known) for column in unknown),
            )
    extras = {str(row["COLUMN_NAME"]): str(row["EXTRA"]).upper() for row in rows}
    invisible = {name for name, extra in extras.items() if "INVISIBLE" in extra}
    left_out = invisible | all_spelled(exclude, known)
    targets = {spelled(column, known): target for column, target in (rename or {}).items()}
    return SourceTable(
        name=name,
        columns=tuple(
            column_of(row, targets.get(column))
            for row, column in ((row, str(row["COLUMN_NAME"])) for row in rows)
            if column not in left_out
        ),
        primary_key=() if hidden and hidden.key else tuple(keys.get("PRIMARY", ())),
        indexes=tuple(tuple(columns) for columns in keys.values()),
        left_out=tuple(sorted(left_out)),
        auto_increment=next((n for n, extra in extras.items() if "AUTO_INCREMENT" in extra), None),
        on_update=tuple(n for n, extra in extras.items() if "ON UPDATE" in extra),
        lossy_charsets={
            str(row["COLUMN_NAME"]): str(row["CHARACTER_SET_NAME"])
            for row in rows
            if may_lose(row["CHARACTER_SET_NAME"])
        },
        hidden=hidden,
        engine=_engine(connection, name),
    )


def _engine(connection: Connection, name: TableName) -> str | None:
    """The storage engine of a table; None for a view."""
    (row,) = rows_of(connection, mysql_sql.ENGINE, (name.database, name.table))
    return None if row["ENGINE"] is None else str(row["ENGINE"])


def _or_hidden(hidden: Hidden | None) -> str:
    return ", or that the account may not read" if hidden else ""


def _indexes(connection: Connection, name: TableName) -> dict[str, list[str]]:
    """The visible columns of each index, in order; the primary key first."""
    keys: dict[str, list[str]] = {}
    for row in rows_of(connection, mysql_sql.INDEXES, (name.database, name.table)):
        if row["COLUMN_NAME"] is not None:  # NULL for an index on an expression
            keys.setdefault(str(row["INDEX_NAME"]), []).append(str(row["COLUMN_NAME"]))
    return keys


def readable_columns(connection: Connection, name: TableName) -> list[dict[str, Any]]:
    """The rows of ``information_schema.columns`` for the readable columns, in order; raises as `describe`."""
    shown, sees_all = _shown_columns(connection, name)
    return [row for row in shown if sees_all or may_read(row)]


def _shown_columns(connection: Connection, name: TableName) -> tuple[list[dict[str, Any]], bool]:
    """The rows of ``information_schema.columns``, and whether the account may read every column."""
    rows = rows_of(connection, mysql_sql.COLUMNS, (name.database, name.table))
    sees_all = visibility.sees_all(connection, name)
    if not rows:
        raise ConfigurationError(
            f"the source has no table {name}",
            why="information_schema does not show it to this user",
            todo="correct the name (it may be case-sensitive), or GRANT SELECT on it",
        )
    if not sees_all and not any(map(may_read, rows)):
        raise ConfigurationError(
            f"no column of {name} may be read",
            why="the account has other rights on it, but not SELECT",
            todo="GRANT SELECT on it",
        )
    return rows, sees_all


def tables_of(connection: Connection, database: str) -> list[ListedTable]:
    """The tables and views of a database, by name; raises ConfigurationError where none is visible."""
    rows = rows_of(connection, mysql_sql.TABLES, (database,))
    if not rows:
        raise ConfigurationError(
            f"the source has no table in a database {database}",
            why="information_schema does not show one to this user",
            todo="correct the name (it may be case-sensitive), or GRANT SELECT on its tables",
        )
    return [
        ListedTable(
            TableName(database, str(row["TABLE_NAME"])),
            int(row["TABLE_ROWS"]),
            is_view=row["TABLE_TYPE"] == "VIEW",
        )
        for row in rows
    ]


def next_id(connection: Connection, name: TableName) -> int:
    """The next row's AUTO_INCREMENT, from SHOW CREATE TABLE: `information_schema` may be stale (MySQL 8)."""
    (row,) = rows_of(connection, mysql_sql.show_create(name))
    options = str(row.get("Create Table", "")).rpartition("\n)")[2]
    match = _NEXT_ID.match(options)
    return int(match[1]) if match else 1


def size(connection: Connection, name: TableName) -> TableSize:
    """The estimate of the table's size."""
    with connection.cursor() as cursor:
        cursor.execute(mysql_sql.SIZE, (name.database, name.table))
        return TableSize(*map(int, cursor.fetchone() or (0, 0, 1)))
