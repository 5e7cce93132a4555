"""The SQL of the pipeline's own tables in the warehouse: the ledger and the view registry."""

from __future__ import annotations

from pipeline.model.identifiers import LEDGER, VIEWS
from pipeline.warehouse.sql import Relation


def create_ledger(schema: str) -> str:
    """CREATE TABLE for the ledger: one row per loaded window of a table."""
    return (
        f"CREATE TABLE IF NOT EXISTS {Relation(schema, LEDGER)} (\n"
        "  table_name VARCHAR(600) NOT NULL,\n"
        "  window_start TIMESTAMP NOT NULL,\n"
        "  window_end TIMESTAMP NOT NULL,\n"
        "  lake_digest CHAR(64) NOT NULL,\n"
        "  target VARCHAR(300) NOT NULL,\n"
        "  mode VARCHAR(16) NOT NULL,\n"
        "  rows_staged BIGINT NOT NULL,\n"
        "  rows_loaded BIGINT NOT NULL,\n"
        "  rows_replaced BIGINT NOT NULL,\n"
        "  committed_at TIMESTAMP NOT NULL,\n"
        "  code_version VARCHAR(64) NOT NULL\n"
        ")"
    )


def create_view_registry(schema: str) -> str:
    """CREATE TABLE for the view registry: the definition each view was created from."""
    return (
        f"CREATE TABLE IF NOT EXISTS {Relation(schema, VIEWS)} (\n"
        "  view_name VARCHAR(127) NOT NULL,\n"
        "  definition_digest CHAR(64) NOT NULL,\n"
        "  created_at TIMESTAMP NOT NULL\n"
        ")"
    )


def select_rows(schema: str) -> str:
    """The ledger's rows of a table, oldest window first; takes the table's name."""
    return (
        "SELECT window_start, window_end, lake_digest, target, mode, rows_staged, rows_loaded,"
        f" rows_replaced, committed_at FROM {Relation(schema, LEDGER)}"
        " WHERE table_name = %s ORDER BY window_start, window_end"
    )


def select_row(schema: str) -> str:
    """The ledger's row of a window; takes the table's name and the window's start and end."""
    rows, _, order = select_rows(schema).partition(" ORDER BY ")
    return f"{rows} AND window_start = %s AND window_end = %s ORDER BY {order}"


def select_windows(schema: str) -> str:
    """Start, end and mode of every loaded window; takes the table's and the target's name."""
    return (
        f"SELECT window_start, window_end, mode FROM {Relation(schema, LEDGER)}"
        " WHERE table_name = %s AND target = %s"
    )


def count_overlapping(schema: str) -> str:
    """The number of other windows with rows that overlap one; takes table, target, start, end, start, end."""
    return (
        f"SELECT COUNT(*) FROM {Relation(schema, LEDGER)} WHERE table_name = %s AND target = %s"
        " AND rows_staged > 0 AND window_end > %s AND window_start < %s"
        " AND NOT (window_start = %s AND window_end = %s)"
    )


def delete_row(schema: str) -> str:
    """Delete a window's row; takes the table's name and the window's start and end."""
    return (
        f"DELETE FROM {Relation(schema, LEDGER)}"
        " WHERE table_name = %s AND window_start = %s AND window_end = %s"
    )


def insert_row(schema: str) -> str:
    """Add a row; takes a value for every column, in order."""
    return f"INSERT INTO {Relation(schema, LEDGER)} VALUES ({', '.join(['%s'] * 11)})"


def select_view(schema: str) -> str:
    """The digest of a view's definition; takes the view's name."""
    return f"SELECT definition_digest FROM {Relation(schema, VIEWS)} WHERE view_name = %s"


def delete_view(schema: str) -> str:
    """Delete a view's row; takes the view's name."""
    return f"DELETE FROM {Relation(schema, VIEWS)} WHERE view_name = %s"


def insert_view(schema: str) -> str:
    """Add a view's row; takes name, digest and instant."""
    return f"INSERT INTO {Relation(schema, VIEWS)} VALUES (%s, %s, %s)"
