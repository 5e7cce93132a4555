"""A definition of a table, proposed from what the source says of it.

Only what is certain is proposed: a cursor where the server itself sets it at every change, else a snapshot
of the whole table. What a person may know better is a remark.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, count

from pipeline.errors import ConfigurationError
from pipeline.model.columns import column_of
from pipeline.model.identifiers import MAX_IDENTIFIER_BYTES, SYSTEM_COLUMNS, fold
from pipeline.source import connection as mysql
from pipeline.source import sql as mysql_sql
from pipeline.source import table as source_table
from pipeline.source.connection import Connection
from pipeline.source.table import Listed, SourceTable

# Of a snapshot that is taken every day somebody should know that it is one.
_LARGE = 100_000
_NAMED_LIKE_A_CURSOR = re.compile(r"updat|modif|chang|touch|revis", re.IGNORECASE)
_ROOM_FOR_A_NUMBER = 8


@dataclass(frozen=True)
class Proposal:
    """A table's definition as it stands under `tables:`, and what a person should know of it."""

    definition: Mapping[str, object]
    remarks: tuple[str, ...]


def propose(connection: Connection, listed: Listed, taken: set[str]) -> Proposal:
    """The definition of a table.

    `taken` are the names of tables in the warehouse; the table's own is added to them. Columns that the
    warehouse cannot have are left out or renamed.
    """
    exclude, rename = _fitting_columns(connection, listed)
    source = source_table.describe(connection, listed.name, tuple(exclude), rename)
    cursor, remarks = _cursor(source, listed.rows)
    if cursor and (oldest := _oldest(connection, source, cursor, listed.rows)):
        remarks.append(
            f"its oldest row is of {oldest:%Y-%m-%d}: --start {oldest:%Y-%m-%d} loads them all"
        )
    definition: dict[str, object] = {"cursor": cursor} if cursor else {"cursor_type": "full"}
    target = _target(listed, taken)
    optional = {"target": target, "exclude": list(exclude), "rename": rename}
    definition |= {key: value for key, value in optional.items() if value}
    if source.hidden:
        remarks.append(f"left out, as the account may not read them: {source.hidden.besides(())}")
    if hidden := [name for name in source.left_out if name not in exclude]:
        remarks.append(f"left out, as they are invisible: {', '.join(hidden)}")
    return Proposal(definition, (*(f"{name}: {why}" for name, why in exclude.items()), *remarks))


def _oldest(connection: Connection, source: SourceTable, cursor: str, rows: int) -> datetime | None:
    """The smallest cursor, None where there is none or where only a long scan would tell."""
    if rows >= _LARGE and not source.is_indexed(cursor):
        return None
    value = mysql.scalar(connection, mysql_sql.lowest(source.name, cursor))
    return value if isinstance(value, datetime) else None


def _fitting_columns(
    connection: Connection, listed: Listed
) -> tuple[dict[str, str], dict[str, str]]:
    """The columns to leave out, each with the reason, and those that need another name, with it."""
    exclude: dict[str, str] = {}
    rename: dict[str, str] = {}
    taken: set[str] = set(SYSTEM_COLUMNS)
    for row in source_table.described_columns(connection, listed.name):
        name = str(row["COLUMN_NAME"])
        try:
            column_of(row, "any")
        except ConfigurationError:
            exclude[name] = f"no type for {row['COLUMN_TYPE']}"
            continue
        target = _free(name, taken)
        taken.add(target)
        if target != name.lower():
            rename[name] = target
    return exclude, rename


def _target(listed: Listed, taken: set[str]) -> str | None:
    """Another name than the table's own where that is taken or too long; None where it needs none."""
    name = listed.name
    target = next(each for each in _names(name.table, name.database) if _is_free(each, taken))
    taken.add(target)
    return None if target == name.table.lower() else target


def _free(name: str, taken: set[str]) -> str:
    return next(each for each in _names(name) if _is_free(each, taken))


def _names(name: str, database: str | None = None) -> Iterator[str]:
    """The name as the warehouse folds it, then others that say where it comes from."""
    short = (
        name.lower().encode()[: MAX_IDENTIFIER_BYTES - _ROOM_FOR_A_NUMBER].decode(errors="ignore")
    )
    qualified = [f"{database}_{name}".lower()] if database else []
    return chain([name.lower(), *qualified], (f"{short}_{number}" for number in count(2)))


def _is_free(name: str, taken: set[str]) -> bool:
    try:
        return fold(name) not in taken
    except ValueError:
        return False


def _cursor(source: SourceTable, rows: int) -> tuple[str | None, list[str]]:
    """The column that the server sets at every change, where rows can be merged by a key; and remarks."""
    named = {column.name: column for column in source.columns}
    size = [f"about {rows:,} rows, read as a whole each time"] if rows >= _LARGE else []
    key = [named.get(name) for name in source.primary_key]
    if not key or any(column is None or column.nullable for column in key):
        missing = "no primary key to merge by"
        if source.hidden and source.hidden.key:
            missing = f"its primary key is hidden, {source.hidden.key}"
        return None, [*size, *(f"{missing}: {name}" for name in source.on_update)]
    sure = [name for name in source.on_update if name in named and not named[name].nullable]
    sure.sort(key=lambda name: not source.is_indexed(name))
    if sure:
        index = mysql_sql.add_index(source.name, (sure[0], *source.primary_key))
        return sure[0], [] if source.is_indexed(sure[0]) else [f"without an index: {index}"]
    likely = [
        name
        for name, column in named.items()
        if column.arrow.startswith("timestamp") and _NAMED_LIKE_A_CURSOR.search(name)
    ]
    return None, [
        *size,
        *(f"if every change sets it, and it is never NULL: cursor: {name}" for name in likely),
    ]
