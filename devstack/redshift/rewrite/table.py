"""CREATE TABLE, with Redshift's distribution, sorting, encoding and unenforced keys.

Source: Amazon Redshift Database Developer Guide, "CREATE TABLE", "CREATE TABLE AS".
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from devstack.redshift.backend import literal
from devstack.redshift.errors import RedshiftError, not_supported, syntax_error
from devstack.redshift.plan import Run
from devstack.redshift.rewrite.column import Column, read_column_attributes, referenced
from devstack.redshift.rewrite.reserved import refuse_reserved
from devstack.redshift.rewrite.types import ColumnType, read_type
from devstack.redshift.tokens import (
    Tokens,
    closing,
    find,
    qualified_name,
    quote,
    split,
    sql_of,
    starts,
)


@dataclass
class Table:
    """The attributes of a CREATE TABLE that PostgreSQL lacks."""

    name: list[str]
    columns: dict[str, Column] = field(default_factory=dict)
    diststyle: str = ""
    sortstyle: str = "AUTO"
    auto_encode: bool | None = None
    keys: list[dict[str, Any]] = field(default_factory=list)
    parent: str = ""

    @property
    def label(self) -> str:
        """The unqualified name, for messages."""
        return self.name[-1]


def regclass(name: list[str]) -> str:
    """An SQL expression for the table's regclass."""
    return literal(".".join(quote(part) for part in name)) + "::regclass"


def rewrite_create_table(tokens: Tokens) -> Run:
    """CREATE [TEMP] TABLE … (…) attributes, or … AS query; raises RedshiftError if refused."""
    start = find(tokens, "table") + 1
    head = tokens[:start]
    if starts(tokens, "if", "not", "exists", at=start):
        head, start = tokens[: start + 3], start + 3
    name, at = qualified_name(tokens, start)
    if not name:
        raise syntax_error(tokens[start].text if start < len(tokens) else ";")
    refuse_reserved(tokens[at - 1])
    table = Table(name)
    query_at = find(tokens, "as", start=at)
    if query_at >= 0:
        return _table_as(head, table, tokens, at, query_at)
    if not starts(tokens, "(", at=at):
        raise syntax_error(tokens[at].text if at < len(tokens) else ";")
    end = closing(tokens, at)
    items = [_item(table, part) for part in split(tokens[at + 1 : end])]
    _read_attributes(table, tokens[end + 1 :])
    _apply_keys(table)
    _complete(table)
    body = ", ".join(
        item if isinstance(item, str) else item.definition for item in items if item is not None
    )
    target = ".".join(quote(part) for part in name)
    after = [f"SELECT standin.describe_table({regclass(name)}, {literal(_description(table))})"]
    if table.parent:
        after.insert(0, f"SELECT standin.inherit({regclass(name)}, {table.parent})")
    create = sql_of(head)
    return Run(f"{create} {target} ({body})", after=tuple(after), table=table.label)


def _table_as(head: Tokens, table: Table, tokens: Tokens, at: int, query_at: int) -> Run:
    names = ""
    if starts(tokens, "(", at=at):
        end = closing(tokens, at)
        for part in split(tokens[at + 1 : end]):
            if len(part) != 1:
                raise syntax_error(part[1].text)
        names, at = sql_of(tokens[at : end + 1]), end + 1
    _read_attributes(table, tokens[at:query_at], known=False)
    query = sql_of(tokens[query_at + 1 :])
    target = ".".join(quote(part) for part in table.name)
    describe = (
        f"SELECT standin.describe_table({regclass(table.name)}, {literal(_description(table))})"
    )
    return Run(
        f"{sql_of(head)} {target} {names} AS {query}",
        after=(describe,),
        tag="SELECT",
        table=table.label,
    )


def _item(table: Table, part: Tokens) -> Column | str | None:
    """A column, a LIKE clause for PostgreSQL, or None for an unenforced key."""
    if not part:
        raise syntax_error(",")
    if part[0].key == "like":
        parent, at = qualified_name(part, 1)
        table.parent = regclass(parent)
        defaults = starts(part, "including", "defaults", at=at)
        return f"LIKE {sql_of(part[1:at])}" + (" INCLUDING DEFAULTS" if defaults else "")
    if part[0].key in ("primary", "unique", "foreign", "constraint", "check"):
        table.keys.append(read_key(part))
        return None
    refuse_reserved(part[0])
    name = part[0].name
    if not name:
        raise syntax_error(part[0].text)
    if name in table.columns:
        raise RedshiftError(f'column "{name}" specified more than once', "42701")
    column_type, at = read_type(part, 1, f"{table.label}.{name}")
    column = Column(name, column_type)
    table.columns[name] = column
    table.keys += read_column_attributes(column, part, at)
    return column


def read_key(part: Tokens) -> dict[str, Any]:
    """A table constraint: its type, columns, and name if any."""
    name = None
    if part[0].key == "constraint":
        name, part = part[1].name, part[2:]
    if starts(part, "check"):
        raise not_supported("ALTER/CREATE TABLE CHECK constraint is not supported")
    for opening, kind in (
        (("primary", "key"), "PRIMARY KEY"),
        (("unique",), "UNIQUE"),
        (("foreign", "key"), "FOREIGN KEY"),
    ):
        if starts(part, *opening, "("):
            end = closing(part, len(opening))
            columns = [token.name for token in part[len(opening) + 1 : end] if token.name]
            key: dict[str, Any] = {"type": kind, "columns": columns}
            if name:
                key["name"] = name
            if kind == "FOREIGN KEY":
                key["references"] = referenced(part[end + 1 :])
            return key
    raise syntax_error(part[0].text)


def _read_attributes(table: Table, tokens: Tokens, known: bool = True) -> None:
    """Read the attributes after the columns; `known`: whether the column names are known."""
    at = 0
    while at < len(tokens):
        if starts(tokens, "diststyle", at=at) and at + 1 < len(tokens):
            table.diststyle = tokens[at + 1].name.upper()
            if table.diststyle not in ("AUTO", "EVEN", "KEY", "ALL"):
                raise syntax_error(tokens[at + 1].text)
            at += 2
        elif starts(tokens, "distkey", "(", at=at):
            end = closing(tokens, at + 1)
            columns = _key_columns(table, tokens[at + 2 : end], "DISTKEY", known)
            if len(columns) != 1:
                raise syntax_error(",")
            columns[0].distkey = True
            at = end + 1
        elif starts(tokens, "sortkey", "auto", at=at):
            at += 2
        elif tokens[at].key in ("compound", "interleaved", "sortkey"):
            at = _sort_clause(table, tokens, at, known)
        elif starts(tokens, "encode", "auto", at=at):
            table.auto_encode, at = True, at + 2
        elif starts(tokens, "backup", at=at):
            at += 2
        else:
            raise syntax_error(tokens[at].text)


def _sort_clause(table: Table, tokens: Tokens, at: int, known: bool) -> int:
    style = "COMPOUND"
    if tokens[at].key != "sortkey":
        style, at = tokens[at].key.upper(), at + 1
    if not starts(tokens, "sortkey", "(", at=at):
        raise syntax_error(tokens[at].text if at < len(tokens) else ";")
    end = closing(tokens, at + 1)
    columns = _key_columns(table, tokens[at + 2 : end], "SORTKEY", known)
    if style == "INTERLEAVED" and len(columns) > 8:
        raise RedshiftError("Interleaved sortkeys cannot have more than 8 columns", "0A000")
    if len(columns) > 400:
        raise RedshiftError("Compound sortkeys cannot have more than 400 columns", "0A000")
    for position, column in enumerate(columns, 1):
        # Source: "PG_TABLE_DEF": the columns of an interleaved key alternate in sign.
        interleaved = style == "INTERLEAVED" and position % 2 == 0
        column.sortkey = -position if interleaved else position
    table.sortstyle = style
    return end + 1


def _key_columns(table: Table, tokens: Tokens, clause: str, known: bool) -> list[Column]:
    names = [token.name for token in tokens if token.name]
    for name in names:
        if name not in table.columns:
            if known:
                raise RedshiftError(f'column "{name}" named in {clause} does not exist', "42703")
            table.columns[name] = Column(name, ColumnType("character varying"))
    return [table.columns[name] for name in names]


def _apply_keys(table: Table) -> None:
    for key in table.keys:
        for name in key["columns"]:
            if name not in table.columns:
                raise RedshiftError(f'column "{name}" named in key does not exist', "42703")
            if key["type"] == "PRIMARY KEY":
                table.columns[name].not_null = True
    if sum(key["type"] == "PRIMARY KEY" for key in table.keys) > 1:
        raise RedshiftError(
            f'multiple primary keys for table "{table.label}" are not allowed', "42P16"
        )


def _complete(table: Table) -> None:
    """Check distribution and sorting as a whole, and set the defaults."""
    dist = [column for column in table.columns.values() if column.distkey]
    if len(dist) > 1:
        raise RedshiftError("multiple DISTKEYs not allowed", "42601")
    if dist and table.diststyle in ("EVEN", "ALL"):
        raise RedshiftError(
            f"Cannot specify DISTKEY column of a table with DISTSTYLE {table.diststyle}", "42601"
        )
    if table.diststyle == "KEY" and not dist:
        raise RedshiftError("DISTSTYLE KEY requires a DISTKEY column", "42601")
    table.diststyle = "KEY" if dist else table.diststyle or "AUTO"
    explicit = False
    for column in table.columns.values():
        if (column.distkey or column.sortkey) and column.type.sql == "super":
            clause = "DISTKEY" if column.distkey else "SORTKEY"
            raise not_supported(f'SUPER column "{column.name}" cannot be a {clause}')
        if column.sortkey and table.sortstyle == "AUTO":
            table.sortstyle = "COMPOUND"
        explicit = explicit or bool(column.encoding)
        if not column.encoding:
            column.encoding = "none" if column.sortkey else column.type.default_encoding
    if explicit and table.auto_encode:
        raise RedshiftError("Cannot specify column encoding with ENCODE AUTO", "42601")
    table.auto_encode = not explicit


def _description(table: Table) -> str:
    return json.dumps(
        {
            "diststyle": table.diststyle or "AUTO",
            "sortstyle": table.sortstyle,
            "auto_encode": table.auto_encode is not False,
            "keys": table.keys,
            "columns": [
                {
                    "name": column.name,
                    "encoding": column.encoding or "none",
                    "distkey": column.distkey,
                    "sortkey": column.sortkey,
                }
                for column in table.columns.values()
            ],
        }
    )
