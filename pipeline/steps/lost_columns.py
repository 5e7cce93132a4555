"""Columns of the lake that are missing in the source: dropped, or hidden from the account by a REVOKE.

Where the account may read every column, a missing one was dropped, and the warehouse keeps its values. Else
the two are indistinguishable, and rows without the column would be loaded with NULL.
"""

from __future__ import annotations

import logging

from pipeline.config.tables import Table
from pipeline.errors import DataError
from pipeline.lake import history
from pipeline.lake.s3 import Store
from pipeline.model.columns import Column
from pipeline.model.identifiers import left_out
from pipeline.run import notes
from pipeline.source.table import SourceTable
from pipeline.source.visibility import Hidden

log = logging.getLogger(__name__)


def refuse_lost_columns(store: Store, table: Table, source: SourceTable) -> None:
    """Raise DataError where columns of the newest window in the lake may be hidden now.

    With ``on_lost_column: follow`` they are logged and treated as dropped. The lake is read only where the
    account may not read every column.
    """
    if source.hidden is None:
        return
    newest = history.newest_lake_marker(store, table.name)
    lost = _lost_columns(table, source, source.hidden, newest.columns if newest else ())
    if newest is None or not lost:
        return
    names = ", ".join(lost)
    if table.on_lost_column == "follow":
        notes.warn(log, f"{table.name}: missing columns are treated as dropped: {names}")
        return
    raise DataError(
        f"columns of {table.name} are no longer visible: {names}",
        why=f"window {newest.window} has them; the account may not read every column, so a dropped column and"
        " one whose SELECT was revoked look the same",
        todo=f"GRANT SELECT on the whole table, or on {names}; or, in the definition of {table.name}, leave"
        " them out with `exclude:`, or treat them as dropped with `on_lost_column: follow`",
    )


def _lost_columns(
    table: Table, source: SourceTable, hidden: Hidden, columns: tuple[Column, ...]
) -> list[str]:
    """The earlier columns that are not left out by the definition, and may be hidden now."""
    names = [column.name for column in columns]
    excluded = left_out(table.exclude, names).union(source.left_out)
    return [
        name
        for name in names
        if name not in excluded and source.column(name) is None and hidden.may_include(name)
    ]
