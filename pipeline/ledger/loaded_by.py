"""By which cursor a table's rows were loaded: kept in one object of the lake, beside the ledger.

Of two versions of a row the cursor tells the newer. Values of another column, or of the same in another
zone's time, are no part of that order: a merge would keep old rows for new ones, an append would put a
window in the place of others. So such a window is refused as long as the table has rows.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from pipeline.errors import DataError
from pipeline.ledger import ledger
from pipeline.ledger.load import Load
from pipeline.manifest import decode
from pipeline.names import Keys
from pipeline.stores import redshift, redshift_sql
from pipeline.stores.s3 import Store


class ReadBy(BaseModel):
    """What a table's windows are made by: its cursor column, the `cursor_type`, its unit and its zone."""

    model_config = ConfigDict(frozen=True)

    column: str
    type: str
    unit: str | None = None
    timezone: str | None = None

    def __str__(self) -> str:
        said = (self.type, self.unit, self.timezone and f"local time of {self.timezone}")
        return f"{self.column} ({', '.join(word for word in said if word)})"


class LoadedBy(BaseModel):
    """The cursor that all rows of a target were read by."""

    model_config = ConfigDict(frozen=True)

    table: str
    target: str
    cursor: ReadBy


def read_by(load: Load) -> ReadBy | None:
    """What a window was made by, its column as the warehouse calls it.

    None for a snapshot, and where a marker of an earlier version is silent.
    """
    extent = load.csv.extent
    if extent is None or extent.cursor is None:
        return None
    return ReadBy(
        column=load.name_of(extent.cursor),
        type=extent.cursor_type,
        unit=extent.epoch_unit,
        timezone=extent.timezone,
    )


def check(connection: redshift.Connection, store: Store, load: Load) -> None:
    """Raise DataError where the target has rows that were read by another cursor than this window's.

    What an empty target is first loaded by is kept.
    """
    if (cursor := read_by(load)) is None:
        return
    key = Keys(load.table.name).loaded_by
    found = store.get_if_there(key)
    kept = decode(LoadedBy, found, store.url(key)) if found is not None else None
    wanted = LoadedBy(table=str(load.table.name), target=str(load.target), cursor=cursor)
    if kept == wanted:
        return
    if kept is not None and kept.target == wanted.target and _has_rows(connection, load):
        raise DataError(
            f"{load.target} is loaded by another cursor than this window was read by",
            why=f"its rows are by {kept.cursor}, the window's by {cursor}; neither tells which row is newer",
            todo="set the definition back and read the window again, or load the whole table anew as "
            "docs/redo.md says",
        )
    store.put(key, wanted.model_dump_json(indent=1).encode())


def _has_rows(connection: redshift.Connection, load: Load) -> bool:
    """Whether anything is in the target, or is said to be; of one that was dropped nothing is."""
    if not redshift.table_columns(connection, load.target):
        return False
    ledger.ensure(connection, load.schema)
    with connection.cursor() as cursor:
        entries = ledger.entries(cursor, load.schema, str(load.table.name))
        said = any(entry.target == str(load.target) for entry in entries)
        return said or bool(redshift.scalar(cursor, redshift_sql.count(load.target)))
