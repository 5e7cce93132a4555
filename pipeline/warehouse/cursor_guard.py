"""By which cursor a window was read, against what is asked of it and what the table's rows were read by.

Of two versions of a row the cursor tells the newer. Values of another column, or of the same in another
zone's time, are no part of that order: a merge would keep old rows for new ones, an append would put a
window in the place of others. What a table is loaded by is kept in one object of the lake, beside the
ledger; a window that was read otherwise is refused as long as the table has rows.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from pipeline.errors import DataError
from pipeline.lake.keys import Keys
from pipeline.lake.s3 import Store
from pipeline.model.markers import Extent, decode
from pipeline.warehouse import catalog, ledger
from pipeline.warehouse import connection as redshift
from pipeline.warehouse import sql as redshift_sql
from pipeline.warehouse.window_load import ANEW, Load


class LoadedBy(BaseModel):
    """The cursor that all rows of a target were read by, as the warehouse calls it."""

    model_config = ConfigDict(frozen=True)

    table: str
    target: str
    cursor: Extent


def check(connection: redshift.Connection, store: Store, load: Load) -> None:
    """Raise DataError where the window was read by another cursor than it is to be loaded by.

    That is the definition's, and that of the rows which the target has. What an empty target is first
    loaded by is kept. A snapshot takes the place of all rows, whatever they were read by.
    """
    if (read := load.extent) is None:
        return
    _refuse_other_than_defined(load, read)
    if read.cursor is None:
        return
    key = Keys(load.table.name).loaded_by
    found = store.get_if_there(key)
    kept = decode(LoadedBy, found, store.url(key)) if found is not None else None
    wanted = LoadedBy(table=str(load.table.name), target=str(load.target), cursor=read.order)
    if kept == wanted:
        return
    if kept is not None and kept.target == wanted.target and _has_rows(connection, load):
        raise DataError(
            f"{load.target} is loaded by another cursor than this window was read by",
            why=f"its rows are by {kept.cursor}, the window's by {read}; neither tells which row is newer",
            todo="set the definition back and read the window again, or load the whole table anew as "
            "docs/redo.md says",
        )
    store.put(key, wanted.model_dump_json(indent=1).encode())


def _refuse_other_than_defined(load: Load, read: Extent) -> None:
    """Its rows would be compared by the definition's cursor, and replaced between its bounds."""
    if read == load.wanted:
        return
    raise DataError(
        f"the window was read by {read}, from {read.lower} to {read.upper}",
        why=f"the definition asks for {load.wanted}, by which other rows are in it",
        todo=f"{ANEW}; or restore the definition",
    )


def _has_rows(connection: redshift.Connection, load: Load) -> bool:
    """Whether anything is in the target, or is said to be; of one that was dropped nothing is."""
    if not catalog.table_columns(connection, load.target):
        return False
    ledger.ensure(connection, load.schema)
    with connection.cursor() as cursor:
        entries = ledger.entries(cursor, load.schema, str(load.table.name))
        said = any(entry.target == str(load.target) for entry in entries)
        return said or bool(redshift.scalar(cursor, redshift_sql.count(load.target)))
