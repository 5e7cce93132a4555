"""A table in the warehouse's catalogue: its columns, their types, its key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

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
