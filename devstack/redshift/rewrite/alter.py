"""ALTER TABLE, with Redshift's limits.

Source: Amazon Redshift Database Developer Guide, "ALTER TABLE", "ALTER TABLE APPEND".
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from devstack.redshift.backend import literal
from devstack.redshift.errors import (
    RedshiftError,
    in_transaction_block,
    not_supported,
    syntax_error,
)
from devstack.redshift.plan import Run, Session
from devstack.redshift.rewrite.append import rewrite_append
from devstack.redshift.rewrite.column import Column, encoding, read_column_attributes
from devstack.redshift.rewrite.reserved import refuse_reserved
from devstack.redshift.rewrite.table import (
    read_key,
    regclass,
)
from devstack.redshift.rewrite.types import read_type
from devstack.redshift.tokens import Tokens, qualified_name, quote, split, sql_of, starts

_KEYS = ("constraint", "primary", "unique", "foreign")
_UNALTERABLE = ("bytedict", "runlength", "text255", "text32k")


@dataclass(frozen=True)
class _Alteration:
    """One ALTER TABLE: the table, and the tokens after its name."""

    name: list[str]
    rest: Tokens
    session: Session

    @property
    def table(self) -> str:
        return ".".join(quote(part) for part in self.name)

    @property
    def relation(self) -> str:
        return regclass(self.name)

    def run(self, action: str, *after: str) -> Run:
        return Run(f"ALTER TABLE {self.table} {action}", after=after, table=self.name[-1])

    def only_attributes(self, *after: str) -> Run:
        """A change of the side catalogue only; the no-op in PostgreSQL checks that the table exists."""
        return self.run("RESET (fillfactor)", *after)

    def word(self, at: int) -> str:
        return self.rest[at].key if at < len(self.rest) else ""

    def wrong(self, at: int) -> RedshiftError:
        return syntax_error(self.rest[at].text if at < len(self.rest) else ";")


def rewrite_alter_table(tokens: Tokens, session: Session) -> Run:
    """ALTER TABLE name action; raises RedshiftError for what Redshift refuses."""
    name, at = qualified_name(tokens, 2)
    change = _Alteration(name, tokens[at:], session)
    if not name or not change.rest:
        raise change.wrong(0)
    action = _ACTIONS.get(change.word(0))
    if action is None:
        raise change.wrong(0)
    return action(change)


def _add(change: _Alteration) -> Run:
    if change.word(1) in _KEYS:
        key = json.dumps(_checked_key(change))
        return change.only_attributes(f"SELECT standin.add_key({change.relation}, {literal(key)})")
    at = 2 if change.word(1) == "column" else 1
    if len(split(change.rest[at:])) > 1:
        raise syntax_error(",")
    if at >= len(change.rest) or starts(change.rest, "if", "not", at=at):
        raise change.wrong(at)
    refuse_reserved(change.rest[at])
    name = change.rest[at].name
    column_type, after_type = read_type(change.rest, at + 1, f"{change.name[-1]}.{name}")
    column = Column(name, column_type)
    keys = read_column_attributes(column, change.rest, after_type)
    if column.distkey or column.sortkey or any("IDENTITY" in part for part in column.sql):
        raise not_supported(
            "ALTER TABLE ADD COLUMN with DISTKEY, SORTKEY or IDENTITY is not supported"
        )
    if column.not_null and not any(part.startswith("DEFAULT") for part in column.sql):
        raise RedshiftError(
            "ALTER TABLE ADD COLUMN defined as NOT NULL must have a non-null default expression",
            "0A000",
        )
    after = [
        "INSERT INTO standin.column_attribute (relid, attname, encoding)"
        f" VALUES ({change.relation}, {literal(name)},"
        f" {literal(column.encoding or column_type.default_encoding)})"
    ]
    after += [
        f"SELECT standin.add_key({change.relation}, {literal(json.dumps(key))})" for key in keys
    ]
    return change.run(f"ADD COLUMN {column.definition}", *after)


def _checked_key(change: _Alteration) -> dict[str, Any]:
    key = read_key(change.rest[1:])
    for name in key["columns"] if key["type"] == "PRIMARY KEY" else ():
        if _attributes(change, name).get("not_null") == "f":
            raise not_supported(f'cannot add a primary key on nullable column "{name}"')
    return key


def _drop(change: _Alteration) -> Run:
    if change.word(1) == "constraint" and len(change.rest) > 2:
        name = literal(change.rest[2].name)
        return change.only_attributes(f"SELECT standin.drop_key({change.relation}, {name})")
    at = 2 if change.word(1) == "column" else 1
    if len(split(change.rest[at:])) > 1:
        raise syntax_error(",")
    if at >= len(change.rest) or starts(change.rest, "if", "exists", at=at):
        raise change.wrong(at)
    name = change.rest[at].name
    attributes = _attributes(change, name)
    if attributes.get("columns") == "1":
        raise not_supported("cannot drop the last column of a table")
    for key in ("distkey", "sortkey"):
        if attributes.get(key) not in (None, "f", "0"):
            raise RedshiftError(f'cannot drop {key} column "{name}"', "0A000")
    return change.run(
        f"DROP COLUMN {sql_of(change.rest[at:])}",
        f"DELETE FROM standin.column_attribute WHERE relid = {change.relation}"
        f" AND attname = {literal(name)}",
    )


def _attributes(change: _Alteration, column: str) -> dict[str, str | None]:
    """The catalogue's attributes of a column; empty for an unknown column."""
    rows = change.session.lookup(
        "SELECT distkey, sortkey, encoding, default_expr, attidentity,"
        " standin.type_name(atttypid, atttypmod), EXISTS (SELECT FROM standin.table_key k"
        " WHERE k.relid = c.relid AND k.columns::jsonb ? attname::text), attnotnull,"
        " (SELECT count(*) FROM standin.relation_column n WHERE n.relid = c.relid)"
        f" FROM standin.relation_column c WHERE relid = {change.relation}"
        f" AND attname = {literal(column)}"
    )
    if not rows:
        return {}
    names = ("distkey", "sortkey", "encoding", "default", "identity", "type", "in_key", "not_null",
             "columns")  # fmt: skip
    return dict(zip(names, rows[0], strict=True))


def _rename(change: _Alteration) -> Run:
    if change.word(1) == "to":
        return change.run(sql_of(change.rest))
    at = 2 if change.word(1) == "column" else 1
    if len(change.rest) != at + 3 or change.word(at + 1) != "to":
        raise change.wrong(at)
    old, new = change.rest[at].name, change.rest[at + 2].name
    return change.run(
        f"RENAME COLUMN {quote(old)} TO {quote(new)}",
        f"UPDATE standin.column_attribute SET attname = {literal(new)}"
        f" WHERE relid = {change.relation} AND attname = {literal(old)}",
    )


def _alter(change: _Alteration) -> Run:
    word = change.word(1)
    if word in ("distkey", "diststyle", "sortkey", "compound", "encode"):
        return _alter_attributes(change)
    at = 2 if word == "column" else 1
    if at >= len(change.rest):
        raise change.wrong(at)
    name, action = change.rest[at].name, change.word(at + 1)
    if action == "encode":
        chosen = encoding(change.rest[at + 2].name if at + 2 < len(change.rest) else "")
        if _attributes(change, name).get("encoding") == chosen:
            raise not_supported(f'column "{name}" has encoding {chosen} already')
        return change.only_attributes(
            f"UPDATE standin.column_attribute SET encoding = {literal(chosen)}"
            f" WHERE relid = {change.relation} AND attname = {literal(name)}"
        )
    if action == "type":
        return _alter_type(change, name, at + 2)
    if action in ("set", "drop"):
        words = sql_of(change.rest[at + 1 : at + 4]).upper()
        raise not_supported(f"ALTER TABLE ALTER COLUMN {words} is not supported")
    raise change.wrong(at + 1)


def _alter_type(change: _Alteration, name: str, at: int) -> Run:
    if change.session.in_block:
        raise in_transaction_block("ALTER TABLE ALTER COLUMN")
    column_type, end = read_type(change.rest, at, f"{change.name[-1]}.{name}")
    if end < len(change.rest):
        raise change.wrong(end)
    if not column_type.sql.startswith("character varying"):
        raise not_supported(f'target data type "{column_type.sql}" is not supported')
    attributes = _attributes(change, name)
    if attributes:
        _refuse_type_change(name, attributes)
    return change.run(f"ALTER COLUMN {quote(name)} TYPE {column_type.sql}")


def _refuse_type_change(name: str, attributes: dict[str, str | None]) -> None:
    if not (attributes["type"] or "").startswith("character varying"):
        raise not_supported(f'cannot alter type of column "{name}": only VARCHAR can be altered')
    if attributes["default"] is not None or attributes["identity"]:
        raise not_supported(f'cannot alter type of column "{name}" with a default value')
    if attributes["in_key"] == "t":
        raise not_supported(
            f'cannot alter type of column "{name}" in a UNIQUE, PRIMARY KEY or FOREIGN KEY'
        )
    if attributes["encoding"] in _UNALTERABLE:
        raise not_supported(
            f'cannot alter type of column "{name}" with encoding {attributes["encoding"]}'
        )


def _alter_attributes(change: _Alteration) -> Run:
    """ALTER DISTKEY, DISTSTYLE, [COMPOUND] SORTKEY or ENCODE AUTO: only the side catalogue."""
    words = [token.key for token in change.rest]
    names = [token.name for token in change.rest if token.name]
    target = f"standin.table_attribute SET {{}} WHERE relid = {change.relation}"
    columns = f"standin.column_attribute SET {{}} WHERE relid = {change.relation}"
    after = []
    if "distkey" in words and len(names) > words.index("distkey"):
        column = literal(change.rest[-1].name)
        after += [
            "UPDATE " + columns.format(f"distkey = (attname = {column})"),
            "UPDATE " + target.format("diststyle = 'KEY'"),
        ]
    elif words[1] == "diststyle":
        style = literal(names[2].upper())
        after += [
            "UPDATE " + columns.format("distkey = false"),
            "UPDATE " + target.format(f"diststyle = {style}"),
        ]
    elif words[1] == "encode":
        after.append("UPDATE " + target.format("auto_encode = true"))
    else:
        chosen = [] if words[-1] in ("auto", "none") else names[names.index("sortkey") + 1 :]
        listed = ", ".join(literal(name) for name in chosen)
        position = f"coalesce(array_position(ARRAY[{listed}]::name[], attname), 0)"
        style = "AUTO" if words[-1] == "auto" else "COMPOUND" if chosen else ""
        after += [
            "UPDATE " + columns.format(f"sortkey = {position}"),
            "UPDATE " + target.format(f"sortstyle = {literal(style)}"),
        ]
    return change.only_attributes(*after)


def _owner(change: _Alteration) -> Run:
    return change.run(sql_of(change.rest))


def _append(change: _Alteration) -> Run:
    return rewrite_append(change.name, change.rest, change.session)


_ACTIONS: dict[str, Callable[[_Alteration], Run]] = {
    "add": _add,
    "drop": _drop,
    "rename": _rename,
    "alter": _alter,
    "owner": _owner,
    "append": _append,
}
