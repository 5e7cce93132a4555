"""The SQL of the two tables the pipeline keeps for itself in the warehouse."""

from __future__ import annotations

from pipeline.model.identifiers import LEDGER, VIEWS
from pipeline.warehouse.sql import Relation


def create_ledger(schema: str) -> str:
    """The ledger: one row for each table and window that is loaded."""
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
    """What each view was made from, so that an unchanged one is left alone."""
    return (
        f"CREATE TABLE IF NOT EXISTS {Relation(schema, VIEWS)} (\n"
        "  view_name VARCHAR(127) NOT NULL,\n"
        "  definition_digest CHAR(64) NOT NULL,\n"
        "  created_at TIMESTAMP NOT NULL\n"
        ")"
    )


def select_entries(schema: str) -> str:
    """The ledger's rows of one table, oldest window first; takes the table's name."""
    return (
        "SELECT window_start, window_end, lake_digest, target, mode, rows_staged, rows_loaded,"
        f" rows_replaced, committed_at FROM {Relation(schema, LEDGER)}"
        " WHERE table_name = %s ORDER BY window_start, window_end"
    )


def select_entry(schema: str) -> str:
    """The ledger's row of one window; takes the table's name and the window's two instants."""
    of_table, _, order = select_entries(schema).partition(" ORDER BY ")
    return f"{of_table} AND window_start = %s AND window_end = %s ORDER BY {order}"


def select_windows(schema: str) -> str:
    """The two instants and the mode of every loaded window; takes the table's name and the target's."""
    return (
        f"SELECT window_start, window_end, mode FROM {Relation(schema, LEDGER)}"
        " WHERE table_name = %s AND target = %s"
    )


def count_overlapping(schema: str) -> str:
    """How many other windows with rows overlap one; takes table, target, and its two instants, twice."""
    return (
        f"SELECT COUNT(*) FROM {Relation(schema, LEDGER)} WHERE table_name = %s AND target = %s"
        " AND rows_staged > 0 AND window_end > %s AND window_start < %s"
        " AND NOT (window_start = %s AND window_end = %s)"
    )


def delete_entry(schema: str) -> str:
    """Takes the table's name and the window's two instants."""
    return (
        f"DELETE FROM {Relation(schema, LEDGER)}"
        " WHERE table_name = %s AND window_start = %s AND window_end = %s"
    )


def insert_entry(schema: str) -> str:
    """Takes a value for every column of the ledger, in order."""
    return f"INSERT INTO {Relation(schema, LEDGER)} VALUES ({', '.join(['%s'] * 11)})"


def select_view(schema: str) -> str:
    """The digest of the definition a view was made from; takes the view's name."""
    return f"SELECT definition_digest FROM {Relation(schema, VIEWS)} WHERE view_name = %s"


def delete_view(schema: str) -> str:
    """Takes the view's name."""
    return f"DELETE FROM {Relation(schema, VIEWS)} WHERE view_name = %s"


def insert_view(schema: str) -> str:
    """Takes name, digest and instant."""
    return f"INSERT INTO {Relation(schema, VIEWS)} VALUES (%s, %s, %s)"
