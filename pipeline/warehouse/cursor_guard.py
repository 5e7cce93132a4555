"""The cursor a window was read by, against the definition's and that of the rows already loaded.

Of two versions of a row the cursor decides which is newer. Values of another column, or of the same in
another zone's time, are not part of that order: a merge would keep old rows for new ones, an append would
put a window in the place of others. The cursor that a table is loaded by is kept in one object of the lake,
beside the ledger; a window that was read by another one is refused as long as the table has rows.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from pipeline.errors import DataError
from pipeline.lake.keys import Keys
from pipeline.lake.reread_hint import REREAD
from pipeline.lake.s3 import Store
from pipeline.model.markers import Extent, decode
from pipeline.warehouse import catalog
from pipeline.warehouse import connection as redshift
from pipeline.warehouse import sql as redshift_sql
from pipeline.warehouse.ledger import Ledger
from pipeline.warehouse.window_load import WindowLoad


class LoadedBy(BaseModel):
    """The cursor that all rows of a target were read by, as the warehouse calls it."""

    model_config = ConfigDict(frozen=True)

    table: str
    target: str
    cursor: Extent


def check(connection: redshift.Connection, store: Store, load: WindowLoad) -> None:
    """Raise DataError where the window was read by another cursor than it is to be loaded by.

    That is the definition's, and that of the rows which the target has. The cursor of an empty target's
    first load is kept. A snapshot takes the place of all rows, whatever they were read by.
    """
    _refuse_other_than_defined(load)
    if load.csv.extent.cursor is None:
        return
    key = Keys(load.table.name).loaded_cursor
    data = store.get_if_exists(key)
    kept = decode(LoadedBy, data, store.url(key)) if data is not None else None
    wanted = LoadedBy(table=str(load.table.name), target=str(load.target), cursor=load.extent.order)
    if kept == wanted:
        return
    if kept is not None and kept.target == wanted.target and _has_rows(connection, load):
        raise DataError(
            f"{load.target} is loaded by another cursor than this window was read by",
            why=f"its rows are by {kept.cursor}, the window's by {load.extent};"
            " neither tells which row is newer",
            todo="set the definition back and read the window again, or load the whole table from the"
            " start as docs/redo.md says",
        )
    store.put(key, wanted.model_dump_json(indent=1).encode())


def _refuse_other_than_defined(load: WindowLoad) -> None:
    """Its rows would be compared by the definition's cursor, and replaced between its bounds."""
    read = load.extent
    if read == load.defined_extent:
        return
    raise DataError(
        f"the window was read by {read}, from {read.lower} to {read.upper}",
        why=f"the definition names {load.defined_extent}, by which other rows are in it",
        todo=f"{REREAD}; or restore the definition",
    )


def _has_rows(connection: redshift.Connection, load: WindowLoad) -> bool:
    """Whether the target has rows, or the ledger says so; a target that was dropped has none."""
    if not catalog.table_columns(connection, load.target):
        return False
    ledger = Ledger(load.schema, str(load.table.name))
    ledger.ensure(connection)
    with connection.cursor() as cursor:
        loaded = any(row.target == str(load.target) for row in ledger.rows(cursor))
        return loaded or bool(redshift.scalar(cursor, redshift_sql.count(load.target)))
