"""load: replace. A snapshot replaces all rows, unless a later one is loaded."""

from __future__ import annotations

from psycopg2 import extensions

from pipeline.model.load_modes import LoadModeName, is_snapshot
from pipeline.warehouse import connection as redshift
from pipeline.warehouse import sql as redshift_sql
from pipeline.warehouse.ledger import Ledger
from pipeline.warehouse.staging import insert_all
from pipeline.warehouse.window_load import Counts, StagingTable

name: LoadModeName = "replace"
needs_key: bool = False
keeps_versions: bool = False
replaces_table: bool = True


def prepare(_cursor: extensions.cursor, _staging: StagingTable) -> None:
    """Nothing to prepare: rows are inserted as staged."""


def apply(cursor: extensions.cursor, staging: StagingTable) -> Counts:
    """Delete every row and insert the snapshot's; a later snapshot stays."""
    load = staging.load
    rows = Ledger(load.schema, str(load.table.name)).rows(cursor)
    snapshots = (row for row in rows if row.target == str(load.target) and is_snapshot(row.mode))
    if any(row.window.end > load.window.end for row in snapshots):
        return Counts()
    replaced = redshift.affected(cursor, redshift_sql.delete_all(load.target))
    return Counts(insert_all(cursor, staging), replaced)
