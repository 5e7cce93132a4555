"""The staging table: a window's rows in a temporary table of this session, counted and checked.

It is filled before the target is locked, so that readers wait only for the merge (docs/decisions/0004).
"""

from __future__ import annotations

import uuid

from psycopg2 import extensions

from pipeline.errors import DataError
from pipeline.lake.reread_hint import REREAD
from pipeline.lake.window import LakeWindow
from pipeline.model.markers import CsvMarker
from pipeline.warehouse import connection as redshift
from pipeline.warehouse import copy, schema_evolution, table_sql
from pipeline.warehouse import sql as redshift_sql
from pipeline.warehouse.sql import CopySource, Relation
from pipeline.warehouse.window_load import StagingTable


def new_name() -> Relation:
    """A unique name for a staging table."""
    return Relation(None, f"staging_{uuid.uuid4().hex[:16]}")


def check_parts(lake_window: LakeWindow, csv: CsvMarker) -> None:
    """Raise DataError unless every part is in the window's folder, with its marker's size and SHA-256."""
    keys, window, store = lake_window.keys, lake_window.window, lake_window.store
    in_lake = csv.format == "parquet"
    folder = keys.lake_folder(window) if in_lake else keys.csv_folder(window)
    sizes = {stored.key: stored.bytes for stored in store.list(folder)}
    reconvert = "delete the window's CSV marker: the window is converted again"
    for part in csv.parts:
        why = ""
        if sizes.get(part.key) != part.bytes:
            why = f"{part.bytes} bytes were written, {sizes.get(part.key, 'none')} are stored"
        elif (sha256 := store.sha256(part.key)) not in (None, part.sha256):
            why = f"its SHA-256 is {sha256}, the marker has {part.sha256}"
        if why:
            problem = f"{store.url(part.key)} does not match its marker"
            raise DataError(problem, why=why, todo=REREAD if in_lake else reconvert)


def fill(connection: redshift.Connection, staging: StagingTable, source: CopySource) -> None:
    """COPY the window into a new staging table, check it, and prepare it for the load mode.

    Raises LoadRefused when COPY refuses a value, DataError when counts differ.
    """
    load, relation = staging.load, staging.relation
    types = {column.target: column.redshift for column in load.staging_columns}
    with connection.cursor() as cursor:
        cursor.execute(table_sql.create_staging_table(relation, types, load.layout))
        copied = copy.copy(connection, relation, tuple(types), source)
        load.check_count("COPY reports", copied)
        _restore_empty(cursor, staging)
        stored = redshift.scalar(cursor, redshift_sql.count(relation))
        load.check_count("the staging table holds", stored)
        _check_nulls(cursor, staging)
        load.mode.prepare(cursor, staging)


def _restore_empty(cursor: extensions.cursor, staging: StagingTable) -> None:
    """Replace the tokens for bytes of length zero, which COPY cannot express (docs/decisions/0011)."""
    csv = staging.load.csv
    columns = {column.name: column.target for column in staging.load.staging_columns}
    for name, token in csv.empty_tokens.items():
        rows = copy.restore_empty(cursor, staging.relation, columns[name], token)
        if rows != csv.empty_bytes[name]:
            raise DataError(
                f"the staging table has {rows} values of length zero in {name}",
                why=f"the CSV marker has {csv.empty_bytes[name]}; nothing was loaded",
                todo=f"make them NULL with `columns: {{{name}: {{on_empty_bytes: null}}}}`",
            )


def _check_nulls(cursor: extensions.cursor, staging: StagingTable) -> None:
    """Raise DataError for a NULL in a NOT NULL column, as of a former key."""
    load, target = staging.load, staging.target
    for column in load.definitions:
        if column.target not in target.required or not column.nullable:
            continue
        count = redshift_sql.count_nulls(staging.relation, column.target)
        if rows := redshift.scalar(cursor, count):
            raise schema_evolution.not_null(target, column.target, load.layout, rows)


def insert_all(cursor: extensions.cursor, staging: StagingTable) -> int:
    """Insert every staged row and return their number; raises DataError unless it is the window's."""
    load = staging.load
    if not load.csv.rows:
        return 0
    insert = redshift_sql.insert_staged(load.target, staging.relation, load.columns, staging.values)
    rows = redshift.affected(cursor, insert)
    load.check_count("INSERT reports", rows)
    return rows
