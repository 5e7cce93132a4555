"""The SQL of the pipeline's own tables in the warehouse: the ledger and the view registry."""

from __future__ import annotations

from pipeline.model.identifiers import LEDGER, VIEWS
from pipeline.warehouse.sql import Relation

_ROW = {
    "window_start": "TIMESTAMP",
    "window_end": "TIMESTAMP",
    "lake_digest": "CHAR(64)",
    "target": "VARCHAR(300)",
    "mode": "VARCHAR(16)",
    "rows_staged": "BIGINT",
    "rows_loaded": "BIGINT",
    "rows_replaced": "BIGINT",
    "committed_at": "TIMESTAMP",
}


def create_ledger(schema: str) -> str:
    """CREATE TABLE for the ledger: one row per loaded window of a table."""
    types = {"table_name": "VARCHAR(600)", **_ROW, "code_version": "VARCHAR(64)"}
    columns = ",\n  ".join(f"{name} {kind} NOT NULL" for name, kind in types.items())
    return f"CREATE TABLE IF NOT EXISTS {Relation(schema, LEDGER)} (\n  {columns}\n)"


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
        f"SELECT {', '.join(_ROW)} FROM {Relation(schema, LEDGER)}"
        " WHERE table_name = %s ORDER BY window_start, window_end"
    )


def select_row_and_tables(schema: str) -> str:
    """A window's row, and NULLs for each table with windows in a target; the table's name comes first.

    Takes the table's name, the window's start and end, and the target's name.
    """
    ledger = Relation(schema, LEDGER)
    nulls = ", ".join(f"CAST(NULL AS {kind})" for kind in _ROW.values())
    return (
        f"SELECT table_name, {', '.join(_ROW)} FROM {ledger}"
        " WHERE table_name = %s AND window_start = %s AND window_end = %s"
        f" UNION ALL SELECT table_name, {nulls} FROM {ledger} WHERE target = %s GROUP BY table_name"
    )


def select_targets(schema: str) -> str:
    """Every target with each table that has windows in it."""
    return f"SELECT DISTINCT target, table_name FROM {Relation(schema, LEDGER)}"


def delete_other_tables(schema: str) -> str:
    """Delete the rows of other tables in a target; takes the target's and this table's name."""
    return f"DELETE FROM {Relation(schema, LEDGER)} WHERE target = %s AND table_name <> %s"


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
