"""What the account may read of a table: `information_schema` leaves out the rest without a word.

``SELECT *`` is refused unless every column may be read, by both servers, whatever gives the right (a role,
the table, each column). That is the proof by which a column that is gone was dropped, and not revoked.
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
from pipeline.source import sql as mysql_sql
from pipeline.source.connection import NO_PRIVILEGE, Connection, rows_of

_DENIED = {
    ER.DBACCESS_DENIED_ERROR,
    ER.TABLEACCESS_DENIED_ERROR,
    ER.COLUMNACCESS_DENIED_ERROR,
    ER.NO_SUCH_TABLE,
    ER.BAD_DB_ERROR,
}
_BROKEN = {ER.VIEW_INVALID, ER.NO_SUCH_USER}
_PLAIN = re.compile(r"[A-Za-z0-9_]+")
_NOT_THERE = {*NO_PRIVILEGE, ER.UNKNOWN_TABLE}


@dataclass(frozen=True)
class Hidden:
    """What of a table the account may not read.

    `names` are those columns, all of them where they are `known`; there are `at_least` so many. `key` says
    what of the primary key is hidden, empty where all of it may be read.
    """

    names: tuple[str, ...]
    known: bool
    at_least: int
    key: str = ""

    def has(self, column: str) -> bool:
        """Whether the column may be there, as far as the account can tell."""
        return not self.known or column in self.names

    def besides(self, excluded: Collection[str]) -> str:
        """The hidden columns in words, without those that are left out anyway; empty for none."""
        names = [name for name in self.names if name not in excluded]
        if self.known or (names and len(self.names) >= self.at_least):
            return ", ".join(names) + ("" if self.known else " (there may be more)")
        others = f"{max(self.at_least - len(names) - len(excluded), 0)} or more"
        return (
            f"{', '.join(names)}, and others" if names else f"{others}, whose names it may not see"
        )


def sees_all(connection: Connection, name: TableName) -> bool:
    """Whether there is such a table and the account may read every column of it.

    Raises SourceError for a view that is broken.
    """
    try:
        rows_of(connection, mysql_sql.select_nothing(name))
    except pymysql.err.Error as error:
        if error.args[0] in _BROKEN:
            raise SourceError(
                f"the view {name} cannot be read",
                why=str(error.args[-1]),
                todo="repair it in the source, or take it out of the tables' definitions",
            ) from error
        if error.args[0] not in _DENIED:
            raise
        return False
    return True


def may_read(row: Mapping[str, Any]) -> bool:
    """Whether a column of `information_schema.columns` may be read: one to be written to is shown too."""
    return "select" in str(row["PRIVILEGES"]).lower().split(",")


def hidden(
    connection: Connection,
    name: TableName,
    columns: Sequence[Mapping[str, Any]],
    indexes: Mapping[str, Sequence[str]],
) -> Hidden:
    """What of a table is hidden of which not every column may be read.

    `columns` are the rows that `information_schema` shows, `indexes` the columns of each index as far as it
    shows them: MySQL all of them, MariaDB those that may be read.
    """
    readable = [str(row["COLUMN_NAME"]) for row in columns if may_read(row)]
    stored = _stored(connection, name)
    shown = [str(row["COLUMN_NAME"]) for row in columns]
    named = stored or [*shown, *(column for index in indexes.values() for column in index)]
    names = tuple(dict.fromkeys(column for column in named if column not in readable))
    last = max((int(row["ORDINAL_POSITION"]) for row in columns), default=0)
    at_least = max(len(names), last - len(readable), 1)
    key = _hidden_key(connection, name, indexes.get("PRIMARY", ()), readable)
    return Hidden(names, bool(stored), at_least, key)


def _stored(connection: Connection, name: TableName) -> list[str]:
    """The columns as InnoDB has them, which an account with the right PROCESS may see; else empty.

    Tables with other characters in their names are spelled otherwise there:
    https://dev.mysql.com/doc/refman/9.0/en/identifier-mapping.html
    """
    if not (_PLAIN.fullmatch(name.database) and _PLAIN.fullmatch(name.table)):
        return []
    for query in mysql_sql.STORED_COLUMNS:
        try:
            found = rows_of(connection, query, (f"{name.database}/{name.table}",))
        except pymysql.err.Error as error:
            if error.args[0] not in _NOT_THERE:
                raise
            continue
        return [str(row["NAME"]) for row in found if not str(row["NAME"]).startswith("!hidden!")]
    return []


def _hidden_key(
    connection: Connection, name: TableName, key: Sequence[str], readable: Collection[str]
) -> str:
    if not key:
        return "none of its columns may be read, if it has one"
    if unreadable := [column for column in key if column not in readable]:
        return f"{', '.join(unreadable)} may not be read"
    (*_, access) = rows_of(connection, mysql_sql.explain(mysql_sql.join_by_key(name, key)))
    # one row for each, by the whole of a unique key
    return "" if access["type"] == "eq_ref" else "not all of its columns may be read"


def lists_all_tables(connection: Connection, database: str) -> bool:
    """Whether the account has a right by which it sees every table; one that a role gives is not found."""
    (row,) = rows_of(connection, mysql_sql.READS_DATABASE, (database, database))
    return bool(*row.values())
