"""A table in the warehouse's catalogue: its columns, their types, its key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from psycopg2 import extensions

from pipeline.warehouse import sql as redshift_sql
from pipeline.warehouse.connection import Connection, ensure
from pipeline.warehouse.sql import Relation

_TABLE_COLUMNS = """
SELECT column_name, data_type, character_maximum_length, numeric_precision, numeric_scale
FROM svv_columns WHERE table_schema = %s AND table_name = %s ORDER BY ordinal_position
"""
_REQUIRED_COLUMNS = """
SELECT column_name FROM svv_columns WHERE table_schema = %s AND table_name = %s
AND is_nullable = 'NO' AND column_default IS NULL
"""
# A constraint's name is unique only within its table.
_PRIMARY_KEY = """
SELECT k.column_name FROM information_schema.table_constraints AS c
JOIN information_schema.key_column_usage AS k ON k.constraint_name = c.constraint_name
AND k.table_schema = c.table_schema AND k.table_name = c.table_name
WHERE c.constraint_type = 'PRIMARY KEY' AND c.table_schema = %s AND c.table_name = %s
ORDER BY k.ordinal_position
"""
# Only the owner of a table and superusers may comment on it:
# https://docs.aws.amazon.com/redshift/latest/dg/r_COMMENT.html
# obj_description runs on the leader node alone, so no table of compute nodes may be joined.
_COMMENT = """
SELECT obj_description(c.oid, 'pg_class'), u.usesuper OR u.usesysid = c.relowner, c.relkind = 'v'
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_user AS u ON u.usename = current_user
WHERE n.nspname = %s AND c.relname = %s
"""
_COMMENTS = """
SELECT c.relname, obj_description(c.oid, 'pg_class'), c.relkind = 'v'
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = %s AND c.relkind IN ('r', 'v')
"""


@dataclass(frozen=True)
class Comment:
    """A relation's comment, empty for none; whether this session may change it; whether it is a view's."""

    text: str = ""
    is_ours_to_change: bool = False
    is_of_view: bool = False


@dataclass(frozen=True)
class Target:
    """An existing warehouse table: the types of its columns in order, and those that require a value."""

    relation: Relation
    types: Mapping[str, str]
    required: frozenset[str]


def table_columns(connection: Connection, table: Relation) -> dict[str, str]:
    """The table's columns in order, each with its DDL type; empty for a missing table."""
    with connection.cursor() as cursor:
        cursor.execute(_TABLE_COLUMNS, (table.schema, table.name))
        return {str(row[0]): _type_text(*row[1:]) for row in cursor.fetchall()}


def ensure_table(connection: Connection, table: Relation, create: str) -> None:
    """Run `create`, a CREATE TABLE IF NOT EXISTS, unless the table exists: it needs the right even then."""
    if not table_columns(connection, table):
        ensure(connection, create, f"create {table}")


def required_columns(connection: Connection, table: Relation) -> frozenset[str]:
    """The table's columns that are NOT NULL without a default."""
    with connection.cursor() as cursor:
        cursor.execute(_REQUIRED_COLUMNS, (table.schema, table.name))
        return frozenset(str(name) for (name,) in cursor.fetchall())


def primary_key(connection: Connection, table: Relation) -> tuple[str, ...]:
    """The table's declared primary key, in order; empty for no key, or a table of another owner."""
    with connection.cursor() as cursor:
        cursor.execute(_PRIMARY_KEY, (table.schema, table.name))
        return tuple(str(name) for (name,) in cursor.fetchall())


def comment(cursor: extensions.cursor, table: Relation) -> Comment:
    """The table's comment; an empty one for a missing table."""
    cursor.execute(_COMMENT, (table.schema, table.name))
    return _comment(cursor)


def lock(cursor: extensions.cursor, table: Relation) -> Comment:
    """Lock the table, as the transaction's first statement, and return its comment: one round trip."""
    select = cursor.mogrify(_COMMENT, (table.schema, table.name)).decode()
    cursor.execute(f"{redshift_sql.lock(table)}; {select}")
    return _comment(cursor)


def comments(cursor: extensions.cursor, schema: str) -> dict[str, Comment]:
    """The comment of every table and view of a schema, by name."""
    cursor.execute(_COMMENTS, (schema,))
    return {
        str(name): Comment(text or "", is_of_view=bool(is_view))
        for name, text, is_view in cursor.fetchall()
    }


def _comment(cursor: extensions.cursor) -> Comment:
    text, is_ours, is_view = cursor.fetchone() or (None, None, None)
    return Comment(text or "", bool(is_ours), bool(is_view))


def _type_text(name: str, length: int | None, precision: int | None, scale: int | None) -> str:
    names = {
        "character varying": "VARCHAR",
        "character": "CHAR",
        "numeric": "DECIMAL",
        "timestamp without time zone": "TIMESTAMP",
        "binary varying": "VARBYTE",
    }
    text = names.get(name.lower(), name.upper())
    if text in ("VARCHAR", "CHAR", "VARBYTE") and length:
        return f"{text}({length})"
    return f"{text}({precision},{scale})" if text == "DECIMAL" else text
