"""Propose a table's definition from its schema in the source.

The proposal is limited to what is certain: a cursor where the server itself sets it at every change, else a
snapshot of the whole table. Anything else is a remark for a person to decide.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, count

from pipeline.errors import ConfigurationError
from pipeline.model.columns import column_of
from pipeline.model.cursors import Snapshot
from pipeline.model.identifiers import MAX_IDENTIFIER_BYTES, SYSTEM_COLUMNS, fold
from pipeline.source import connection as mysql
from pipeline.source import sql as mysql_sql
from pipeline.source import table as source_table
from pipeline.source.connection import Connection
from pipeline.source.table import ListedTable, SourceTable

# Rows from which a daily snapshot is worth a remark.
_LARGE = 100_000
_NAMED_LIKE_A_CURSOR = re.compile(r"updat|modif|chang|touch|revis", re.IGNORECASE)
_ROOM_FOR_A_NUMBER = 8
# gh-ost: _t_gho, _t_ghc, _t_del, _t_20250801120000_del; pt-online-schema-change: _t_new, __t_new, _t_old
_SCHEMA_CHANGE = re.compile(r"_+(.+?)(?:_\d{14})?_(?:gho|ghc|del|new|old)", re.DOTALL)
# Names that no other table must confirm: an interrupted ALTER's, LHM's (Shopify), Vitess's.
_LEFT_BEHIND = re.compile(r"#sql.*|lhm[an]_.+|_vt_(?:[A-Z]{4}|[a-z]{3})_.+|_.+_vrepl", re.DOTALL)


@dataclass(frozen=True)
class Proposal:
    """A table's definition for `tables:`, and remarks on it."""

    definition: Mapping[str, object]
    remarks: tuple[str, ...]


def propose(connection: Connection, listed: ListedTable, taken: set[str]) -> Proposal:
    """Propose the definition of a table, without the columns that the warehouse cannot hold.

    `taken` are the names of warehouse tables, to which the proposed target is added.
    """
    exclude, rename = _fitting_columns(connection, listed)
    source = source_table.describe(connection, listed.name, tuple(exclude), rename)
    cursor, remarks = _cursor(source, listed.rows)
    if cursor and (oldest := _oldest(connection, source, cursor, listed.rows)):
        remarks.append(
            f"its oldest row is of {oldest:%Y-%m-%d}: --start {oldest:%Y-%m-%d} loads all rows"
        )
    definition: dict[str, object] = (
        {"cursor": cursor} if cursor else {"cursor_type": Snapshot.cursor_type}
    )
    target = _target(listed, taken)
    optional = {"target": target, "exclude": list(exclude), "rename": rename}
    definition |= {key: value for key, value in optional.items() if value}
    if source.hidden:
        remarks.append(f"left out, as the account may not read them: {source.hidden.summary(())}")
    if hidden := [name for name in source.left_out if name not in exclude]:
        remarks.append(f"left out, as they are invisible: {', '.join(hidden)}")
    return Proposal(definition, (*(f"{name}: {why}" for name, why in exclude.items()), *remarks))


def schema_change_tables(names: Iterable[str]) -> frozenset[str]:
    """Those tables that a tool for schema changes copies another one's rows into, or left behind.

    >>> sorted(schema_change_tables(["orders", "_orders_gho", "_orders_20250801120000_del", "_a_new"]))
    ['_orders_20250801120000_del', '_orders_gho']
    >>> sorted(schema_change_tables(["#sql2-1-2", "lhmn_orders", "_vt_HOLD_0a1b_20250801120000", "orders"]))
    ['#sql2-1-2', '_vt_HOLD_0a1b_20250801120000', 'lhmn_orders']
    """
    known = set(names)
    matches = ((name, _SCHEMA_CHANGE.fullmatch(name)) for name in known)
    copies = {name for name, match in matches if match and match[1] in known}
    return frozenset(copies.union(filter(_LEFT_BEHIND.fullmatch, known)))


def _oldest(connection: Connection, source: SourceTable, cursor: str, rows: int) -> datetime | None:
    """The smallest cursor value; None where there is none, or where it takes a long scan."""
    if rows >= _LARGE and not source.is_indexed(cursor):
        return None
    value = mysql.scalar(connection, mysql_sql.lowest(source.name, cursor))
    return value if isinstance(value, datetime) else None


def _fitting_columns(
    connection: Connection, listed: ListedTable
) -> tuple[dict[str, str], dict[str, str]]:
    """The columns to exclude, each with the reason, and those to rename, each with its new name."""
    exclude: dict[str, str] = {}
    rename: dict[str, str] = {}
    taken: set[str] = set(SYSTEM_COLUMNS)
    for row in source_table.readable_columns(connection, listed.name):
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


def _target(listed: ListedTable, taken: set[str]) -> str | None:
    """A target name, where the table's own is taken or too long; None where it fits."""
    name = listed.name
    target = next(n for n in _names(name.table, name.database) if _is_free(n, taken))
    taken.add(target)
    return None if target == name.table.lower() else target


def _free(name: str, taken: set[str]) -> str:
    return next(candidate for candidate in _names(name) if _is_free(candidate, taken))


def _names(name: str, database: str | None = None) -> Iterator[str]:
    """Candidates for a warehouse name: folded, qualified by the database, numbered."""
    short = (
        name.lower().encode()[: MAX_IDENTIFIER_BYTES - _ROOM_FOR_A_NUMBER].decode(errors="ignore")
    )
    qualified = [re.sub(r"[.\"'`;\s]", "_", f"{database}_{name}".lower())] if database else []
    return chain([name.lower(), *qualified], (f"{short}_{number}" for number in count(2)))


def _is_free(name: str, taken: set[str]) -> bool:
    try:
        return fold(name) not in taken
    except ValueError:
        return False


def _cursor(source: SourceTable, rows: int) -> tuple[str | None, list[str]]:
    """The column that the server sets at every change, where there is a key to merge by; and remarks."""
    columns = {column.name: column for column in source.columns}
    size = [f"about {rows:,} rows, read as a whole each time"] if rows >= _LARGE else []
    key = [columns.get(name) for name in source.primary_key]
    if not key or any(column is None or column.nullable for column in key):
        missing = "no primary key to merge by"
        if source.hidden and source.hidden.key:
            missing = f"its primary key is hidden, {source.hidden.key}"
        return None, [*size, *(f"{missing}: {name}" for name in source.on_update)]
    certain = [name for name in source.on_update if name in columns and not columns[name].nullable]
    if certain:
        cursor = min(certain, key=lambda name: not source.is_indexed(name))
        index = mysql_sql.add_index(source.name, (cursor, *source.primary_key))
        return cursor, [] if source.is_indexed(cursor) else [f"without an index: {index}"]
    likely = [
        name
        for name, column in columns.items()
        if column.arrow.startswith("timestamp") and _NAMED_LIKE_A_CURSOR.search(name)
    ]
    if size and not likely and source.primary_key == (source.auto_increment,):
        size.append(
            "if rows are only added, never changed or deleted, and ids are never set by hand: "
            f"cursor: {source.auto_increment}, cursor_type: id"
        )
    return None, [
        *size,
        *(f"if every change sets it, and it is never NULL: cursor: {name}" for name in likely),
    ]
