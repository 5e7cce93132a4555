"""Compare a window's cursor with the definition's and with that of the rows already loaded.

The cursor decides which of two versions of a row is newer. Values of another column, or of the same column
in another time zone, have no place in that order: a merge would keep old rows instead of new ones, an append
would replace other windows. One object of the lake holds the cursor of a table's loaded rows; a window with
another cursor is refused as long as the table has rows.
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

_RESTORE = (
    "restore it from an earlier object version, or reload the whole table as docs/redo.md describes: without"
    " it rows of two cursors could be merged"
)


class LoadedCursor(BaseModel):
    """The cursor of all rows of a target, by its warehouse name."""

    model_config = ConfigDict(frozen=True)

    table: str
    target: str
    cursor: Extent


def check(connection: redshift.Connection, store: Store, load: WindowLoad) -> None:
    """Raise DataError where the window's cursor differs from the definition's or the loaded rows'.

    The first load into an empty target stores its cursor. A snapshot replaces all rows, whatever their
    cursor.
    """
    _refuse_other_than_defined(load)
    if load.csv.extent.cursor is None:
        return
    key = Keys(load.table.name).loaded_cursor
    data = store.get_if_exists(key)
    stored = decode(LoadedCursor, data, store.url(key), _RESTORE) if data is not None else None
    current = LoadedCursor(
        table=str(load.table.name), target=str(load.target), cursor=load.extent.order
    )
    if stored == current:
        return
    if stored is not None and stored.target == current.target and _has_rows(connection, load):
        raise DataError(
            f"{load.target} is loaded by another cursor than this window",
            why=f"its rows have {stored.cursor}, the window has {load.extent};"
            " the newer of two rows cannot be determined",
            todo="restore the definition and read the window again, or reload the whole table as"
            " docs/redo.md describes",
        )
    store.put(key, current.model_dump_json(indent=1).encode())


def _refuse_other_than_defined(load: WindowLoad) -> None:
    """A load compares rows by the definition's cursor, and replaces those between its bounds."""
    read = load.extent
    if read == load.defined_extent:
        return
    raise DataError(
        f"the window was read by {read}, from {read.lower} to {read.upper}",
        why=f"the definition has {load.defined_extent}, which selects other rows",
        todo=f"{REREAD}; or restore the definition",
    )


def _has_rows(connection: redshift.Connection, load: WindowLoad) -> bool:
    """Whether the target has rows, or the ledger has some for it; a dropped target has none."""
    if not catalog.table_columns(connection, load.target):
        return False
    ledger = Ledger(load.schema, str(load.table.name))
    ledger.ensure(connection)
    with connection.cursor() as cursor:
        loaded = any(row.target == str(load.target) for row in ledger.rows(cursor))
        return loaded or bool(redshift.scalar(cursor, redshift_sql.count(load.target)))
