"""load: append. The target keeps every row version; a window is replaced as a whole."""

from __future__ import annotations

from psycopg2 import extensions

from pipeline.errors import DataError
from pipeline.model.load_modes import LoadModeName
from pipeline.warehouse import connection as redshift
from pipeline.warehouse import merge_sql
from pipeline.warehouse import sql as redshift_sql
from pipeline.warehouse.ledger import Ledger
from pipeline.warehouse.staging import insert_all
from pipeline.warehouse.window_load import Counts, StagingTable, WindowLoad

name: LoadModeName = "append"
needs_key: bool = False
keeps_versions: bool = True
replaces_table: bool = False


def prepare(_cursor: extensions.cursor, _staging: StagingTable) -> None:
    """Nothing to prepare: rows are inserted as staged."""


def apply(cursor: extensions.cursor, staging: StagingTable) -> Counts:
    """Replace the window's rows, or where windows overlap, the staged versions."""
    load = staging.load
    if not _is_overlapped(cursor, load):
        return _replace_window(cursor, staging)
    if not load.csv.rows:
        return Counts()
    if load.version:
        return _replace_versions(cursor, staging)
    _refuse_fewer_rows(cursor, load)
    return _replace_window(cursor, staging)


def _is_overlapped(cursor: extensions.cursor, load: WindowLoad) -> bool:
    """Whether other windows, such as hours of a day, have loaded rows between the window's bounds."""
    if load.table.warehouse_cursor.needs_assigned_bounds:
        return False
    ledger = Ledger(load.schema, str(load.table.name))
    return ledger.is_overlapped(cursor, str(load.target), load.window)


def _replace_window(cursor: extensions.cursor, staging: StagingTable) -> Counts:
    load = staging.load
    delete = redshift_sql.delete_window(load.target, load.cursor, load.bounds)
    replaced = redshift.affected(cursor, delete)
    return Counts(insert_all(cursor, staging), replaced)


def _replace_versions(cursor: extensions.cursor, staging: StagingTable) -> Counts:
    """Replace the staged versions; those that only another window has stay."""
    load = staging.load
    texts = load.texts.intersection(load.version)
    delete = merge_sql.delete_versions(
        load.target, staging.relation, load.version, texts, staging.values
    )
    replaced = redshift.affected(cursor, delete)
    return Counts(insert_all(cursor, staging), replaced)


def _refuse_fewer_rows(cursor: extensions.cursor, load: WindowLoad) -> None:
    count = redshift_sql.count_window(load.target, load.cursor, load.bounds)
    if (rows := redshift.scalar(cursor, count)) > load.csv.rows:
        raise DataError(
            f"the window has {load.csv.rows} rows, but overlapping windows have loaded {rows}",
            why="row versions that the source no longer has would be lost, and there is no key to find them",
            todo="load this table by days or by hours only, or name columns in `key:` that are never NULL",
        )
