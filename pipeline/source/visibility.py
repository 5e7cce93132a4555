"""The columns that the account may read: `information_schema` silently omits the others.

MySQL and MariaDB refuse ``SELECT *`` unless every column may be read, whatever grants it (a role, the table,
each column). Where it succeeds, a missing column was dropped, not revoked.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pymysql
from pymysql.constants import ER

from pipeline.errors import SourceError
from pipeline.model.table_name import TableName
from pipeline.source import failures
from pipeline.source import sql as mysql_sql
from pipeline.source.connection import NO_PRIVILEGE, Connection, rows_of

_DENIED = {
    ER.DBACCESS_DENIED_ERROR,
    ER.TABLEACCESS_DENIED_ERROR,
    ER.COLUMNACCESS_DENIED_ERROR,
    ER.NO_SUCH_TABLE,
    ER.BAD_DB_ERROR,
}
_PLAIN = re.compile(r"[A-Za-z0-9_]+")
_UNAVAILABLE = {*NO_PRIVILEGE, ER.UNKNOWN_TABLE}


@dataclass(frozen=True)
class Hidden:
    """The columns of a table that the account may not read."""

    names: tuple[str, ...]
    is_complete: bool
    """Whether `names` has all of them."""
    minimum: int
    """Their minimum number."""
    key: str = ""
    """Why the primary key cannot be read as a whole; empty where it can."""

    def may_include(self, column: str) -> bool:
        """Whether the column may be hidden, as far as the account can see."""
        return not self.is_complete or column in self.names

    def summary(self, excluded: Collection[str]) -> str:
        """The hidden columns other than the excluded ones, as text; empty for none."""
        names = [name for name in self.names if name not in excluded]
        if self.is_complete or (names and len(self.names) >= self.minimum):
            return ", ".join(names) + ("" if self.is_complete else " (there may be more)")
        others = f"{max(self.minimum - len(names) - len(excluded), 0)} or more"
        return (
            f"{', '.join(names)}, and others" if names else f"{others}, whose names it may not see"
        )


def sees_all(connection: Connection, name: TableName) -> bool:
    """Whether the table exists with all columns readable; raises SourceError for one that nobody can read."""
    try:
        rows_of(connection, mysql_sql.select_nothing(name))
    except pymysql.err.Error as error:
        if unreadable := failures.unreadable(error):
            raise SourceError(
                f"{name} cannot be read", why=str(error.args[-1]), todo=unreadable.todo
            ) from error
        if error.args[0] not in _DENIED:
            raise
        return False
    return True


def may_read(row: Mapping[str, Any]) -> bool:
    """Whether a column of `information_schema.columns` may be read: a writable one is shown, too."""
    return "select" in str(row["PRIVILEGES"]).lower().split(",")


def hidden(
    connection: Connection,
    name: TableName,
    columns: Sequence[Mapping[str, Any]],
    indexes: Mapping[str, Sequence[str]],
) -> Hidden:
    """The hidden columns of a table of which the account may not read every column.

    `columns` are its rows in `information_schema`, `indexes` the visible columns of each index: all in MySQL,
    the readable ones in MariaDB.
    """
    readable = [str(row["COLUMN_NAME"]) for row in columns if may_read(row)]
    stored = _innodb_columns(connection, name)
    shown = [str(row["COLUMN_NAME"]) for row in columns]
    known = stored or [*shown, *(column for index in indexes.values() for column in index)]
    names = tuple(dict.fromkeys(column for column in known if column not in readable))
    last = max((int(row["ORDINAL_POSITION"]) for row in columns), default=0)
    minimum = max(len(names), last - len(readable), 1)
    key = _hidden_key(connection, name, indexes.get("PRIMARY", ()), readable)
    return Hidden(names, bool(stored), minimum, key)


def _innodb_columns(connection: Connection, name: TableName) -> list[str]:
    """The columns in InnoDB's catalogue; empty without the privilege PROCESS.

    Empty also for names with other characters, which InnoDB encodes:
    https://dev.mysql.com/doc/refman/9.0/en/identifier-mapping.html
    """
    if not (_PLAIN.fullmatch(name.database) and _PLAIN.fullmatch(name.table)):
        return []
    for query in mysql_sql.INNODB_COLUMNS:
        try:
            rows = rows_of(connection, query, (f"{name.database}/{name.table}",))
        except pymysql.err.Error as error:
            if error.args[0] not in _UNAVAILABLE:
                raise
            continue
        return [str(row["NAME"]) for row in rows if not str(row["NAME"]).startswith("!hidden!")]
    return []


def _hidden_key(
    connection: Connection, name: TableName, key: Sequence[str], readable: Collection[str]
) -> str:
    if not key:
        return "none of its columns may be read, if it has one"
    if unreadable := [column for column in key if column not in readable]:
        return f"{', '.join(unreadable)} may not be read"
    (*_, access) = rows_of(connection, mysql_sql.explain(mysql_sql.join_by_key(name, key)))
    # one row per row, by a whole unique key
    return "" if access["type"] == "eq_ref" else "not all of its columns may be read"


def lists_all_tables(connection: Connection, database: str) -> bool:
    """Whether a grant lets the account see every table of the database; grants by role are ignored."""
    (row,) = rows_of(connection, mysql_sql.DATABASE_GRANTS, (database, database))
    return bool(*row.values())
