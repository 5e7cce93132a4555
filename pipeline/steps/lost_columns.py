"""Columns that the lake has and the account sees no more: dropped, or hidden by a REVOKE?

Where the account may read every column, one that is gone was dropped, and the warehouse keeps what it had.
Else nobody can tell, and rows without the column would look like rows with NULL in it.
"""

from __future__ import annotations

import logging

from pipeline.config.tables import Table
from pipeline.errors import DataError
from pipeline.lake import history
from pipeline.lake.s3 import Store
from pipeline.model.columns import Column
from pipeline.model.identifiers import left_out
from pipeline.source.table import SourceTable

log = logging.getLogger(__name__)


def refuse_lost(store: Store, table: Table, source: SourceTable) -> None:
    """Raise DataError where columns of the latest window in the lake are hidden now, or may be.

    With ``on_lost_column: follow`` they are taken for dropped, and named in the log. The lake is read only
    where the account does not see the whole table.
    """
    if source.hidden is None:
        return
    before = history.newest_manifest(store, table.name)
    lost = lost_columns(table, source, before.columns if before else ())
    if before is None or not lost:
        return
    names = ", ".join(lost)
    if table.on_lost_column == "follow":
        log.warning("%s: columns that are gone are taken for dropped: %s", table.name, names)
        return
    raise DataError(
        f"columns of {table.name} cannot be seen any more: {names}",
        why=f"window {before.window} has them; the account may not read every column, so that nothing tells a"
        " column that was dropped from one whose SELECT was revoked",
        todo=f"GRANT SELECT on the whole table, or on {names}; or leave them out from now on with `exclude:`,"
        f" or take them for dropped with `on_lost_column: follow` in the definition of {table.name}",
    )


def lost_columns(table: Table, source: SourceTable, before: tuple[Column, ...]) -> tuple[str, ...]:
    """Those of the columns before that the definition still wants, and the account does not see."""
    if source.hidden is None:
        return ()
    names = [column.name for column in before]
    known = left_out(table.exclude, names).union(source.left_out)
    return tuple(
        name
        for name in names
        if name not in known and source.column(name) is None and source.hidden.may_include(name)
    )
