"""Columns that the source has and the lake does not know yet, or no longer has."""

from __future__ import annotations

import logging
from dataclasses import replace

from pipeline.config.tables import Table
from pipeline.errors import DataError
from pipeline.lake import history
from pipeline.lake.s3 import Store
from pipeline.model.columns import Column
from pipeline.model.identifiers import left_out
from pipeline.run import notes
from pipeline.source.table import SourceTable

log = logging.getLogger(__name__)


def with_known_columns(store: Store, table: Table, source: SourceTable) -> SourceTable:
    """The source table as `on_new_column` has it; the lake is read only where the policy is not follow.

    A column is new where the newest window in the lake lacks it; without a window none is. Raises DataError
    for a new column with ``refuse``, and with ``exclude`` for one of the key.
    """
    if table.on_new_column == "follow":
        return source
    new = _new_columns(source, _known_columns(store, table))
    in_key = set(new) & {*source.primary_key, *table.key}
    if new and (table.on_new_column == "refuse" or in_key):
        raise _refused(table, sorted(in_key) or new)
    if new:
        names = ", ".join(new)
        notes.warn(log, f"{table.name}: new columns are left out (on_new_column: exclude): {names}")
    kept = tuple(column for column in source.columns if column.name not in new)
    return replace(source, columns=kept, left_out=(*source.left_out, *new))


def log_changes(store: Store, table: Table, source: SourceTable) -> None:
    """Log new and dropped columns, once for each table and run."""
    if not notes.is_new(f"compared columns of {table.name}"):
        return
    known = _known_columns(store, table)
    if new := _new_columns(source, known):
        policy = "on_new_column: follow"
        log.warning("%s: new columns are replicated (%s): %s", table.name, policy, ", ".join(new))
    if dropped := _dropped_columns(table, source, known):
        text = (
            "%s: dropped columns keep their values in the warehouse, and have NULL in new rows: %s"
        )
        log.warning(text, table.name, ", ".join(dropped))


def _known_columns(store: Store, table: Table) -> tuple[Column, ...]:
    newest = history.newest_lake_marker(store, table.name)
    return newest.columns if newest else ()


def _new_columns(source: SourceTable, known: tuple[Column, ...]) -> list[str]:
    names = [column.name for column in source.columns]
    return sorted(set(names) - left_out((column.name for column in known), names)) if known else []


def _dropped_columns(table: Table, source: SourceTable, known: tuple[Column, ...]) -> list[str]:
    """The known columns that the source has no more; none where some may be hidden (`lost_columns`)."""
    names = [column.name for column in known]
    excluded = left_out((*table.exclude, *source.left_out), names)
    gone = [name for name in names if name not in excluded and source.column(name) is None]
    return gone if source.hidden is None else []


def _refused(table: Table, names: list[str]) -> DataError:
    return DataError(
        f"{table.name} has new columns: {', '.join(names)}",
        why=f"the newest window in the lake lacks them, and on_new_column is {table.on_new_column}",
        todo=f"in the definition of {table.name}, set `on_new_column: follow` to replicate them, or name "
        "them in `exclude:`",
    )
