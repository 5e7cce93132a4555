"""Columns of the lake that are missing in the source: dropped, or hidden from the account by a REVOKE.

Where the account may read every column, a missing one was dropped, and the warehouse keeps its values. Else
the two are indistinguishable, and rows without the column would be loaded with NULL.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from pipeline.config.tables import Table
from pipeline.errors import DataError
from pipeline.lake import history, watermark
from pipeline.lake.s3 import Store
from pipeline.model.identifiers import left_out
from pipeline.run import notes
from pipeline.source.table import SourceTable
from pipeline.source.visibility import Hidden

log = logging.getLogger(__name__)


def refuse_lost_columns(store: Store, table: Table, source: SourceTable) -> None:
    """Raise DataError where columns of the newest window in the lake, or of a loaded one, may be hidden now.

    With ``on_lost_column: follow`` they are logged and treated as dropped. The lake is read only where the
    account may not read every column.
    """
    if source.hidden is None:
        return
    if not (lost := _lost_columns(table, source, source.hidden, _known_columns(store, table))):
        return
    names = ", ".join(lost)
    if table.on_lost_column == "follow":
        notes.warn(log, f"{table.name}: missing columns are treated as dropped: {names}")
        return
    raise DataError(
        f"columns of {table.name} are no longer visible: {names}",
        why="earlier windows have them; the account may not read every column, so a dropped column and one"
        " whose SELECT was revoked look the same",
        todo=f"GRANT SELECT on the whole table, or on {names}; or, in the definition of {table.name}, leave"
        " them out with `exclude:`, or treat them as dropped with `on_lost_column: follow`",
    )


def _known_columns(store: Store, table: Table) -> list[str]:
    """The columns of the newest window in the lake, and of all loaded windows, by the watermark."""
    newest, published = (
        history.newest_lake_marker(store, table.name),
        watermark.read(store, table.name),
    )
    names = [column.name for column in newest.columns] if newest else []
    return list(dict.fromkeys([*names, *(published.columns if published else ())]))


def _lost_columns(
    table: Table, source: SourceTable, hidden: Hidden, names: Sequence[str]
) -> list[str]:
    """The earlier columns that are not left out by the definition, and may be hidden now."""
    excluded = left_out(table.exclude, names).union(source.left_out)
    return [
        name
        for name in names
        if name not in excluded and source.column(name) is None and hidden.may_include(name)
    ]
