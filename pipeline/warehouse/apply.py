"""Stage to target: what is done in the one transaction that writes the ledger row.

After the lock the ledger is looked at again, and the window's CSV marker too: of two processes that load
one window one loads it, and none loads what the window was before it was made anew.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from psycopg2 import extensions

from pipeline.errors import DataError
from pipeline.lake.keys import Keys
from pipeline.lake.s3 import Store
from pipeline.model.markers import CsvManifest, decode
from pipeline.model.window import UTC
from pipeline.warehouse import connection as redshift
from pipeline.warehouse import ledger, merge_sql
from pipeline.warehouse import sql as redshift_sql
from pipeline.warehouse.ledger import Entry
from pipeline.warehouse.schema_evolution import Target
from pipeline.warehouse.sql import Relation
from pipeline.warehouse.window_load import Load


def loaded(cursor: extensions.cursor, load: Load) -> Entry | None:
    """The ledger's entry, if this very content is loaded into this target in this way."""
    entry = ledger.entry(cursor, load.schema, str(load.table.name), load.window)
    wanted = (load.content, str(load.target), load.table.definition.load_mode)
    return entry if entry and (entry.content, entry.target, entry.mode) == wanted else None


def apply(
    cursor: extensions.cursor, store: Store, load: Load, stage: Relation, target: Target
) -> Entry:
    """Bring the stage into the target and write the ledger row, unless another process has done so.

    To be called at the beginning of a transaction. Raises DataError where nothing may be loaded.
    """
    cursor.execute(redshift_sql.lock(load.target))
    if entry := loaded(cursor, load):
        return entry
    _refuse_outdated(store, load)
    rows, replaced = _APPLY[load.table.definition.load_mode](cursor, load, stage, target)
    entry = Entry(
        table=str(load.table.name),
        window=load.window,
        content=load.content,
        target=str(load.target),
        mode=load.table.definition.load_mode,
        rows_staged=load.csv.rows,
        rows_loaded=rows,
        rows_replaced=replaced,
        committed_at=datetime.now(UTC).replace(microsecond=0),
    )
    ledger.record(cursor, load.schema, entry)
    return entry


def _refuse_outdated(store: Store, load: Load) -> None:
    """A run that was slower than one that read the window anew would put the old rows back."""
    key = Keys(load.table.name).csv_marker(load.window)
    data = store.get_if_there(key)
    now = decode(CsvManifest, data, store.url(key)) if data is not None else None
    if now is None or replace(load, csv=now).content != load.content:
        raise DataError(
            "the window was made anew while it was loaded",
            why=f"{store.url(key)} is {'gone' if now is None else 'of other rows'}; nothing was loaded",
            todo="run it again",
        )


def _apply_merge(
    cursor: extensions.cursor, load: Load, stage: Relation, target: Target
) -> tuple[int, int]:
    if not load.csv.rows:
        return 0, 0
    merge = load.merge(stage, target)
    cursor.execute(merge.delete_older)
    replaced = cursor.rowcount
    cursor.execute(merge.insert_missing)
    rows = cursor.rowcount
    if unmerged := redshift.scalar(cursor, merge.count_unmerged):
        raise DataError(
            f"{unmerged} rows of the stage did not reach {load.target}",
            why="their keys are equal there but not here",
            todo="check that `key:` identifies a row; nothing was loaded",
        )
    return rows, replaced


def _apply_append(
    cursor: extensions.cursor, load: Load, stage: Relation, target: Target
) -> tuple[int, int]:
    if _is_overlapped(cursor, load):
        return _append_versions(cursor, load, stage, target)
    cursor.execute(redshift_sql.delete_window(load.target, load.cursor, load.bounds))
    return _insert_all(cursor, load, stage, target)


def _is_overlapped(cursor: extensions.cursor, load: Load) -> bool:
    """Whether rows between the window's bounds were loaded by others, as by hours of a day."""
    what = (load.schema, str(load.table.name), str(load.target), load.window)
    is_of_time = load.table.definition.loaded_cursor is not None
    return is_of_time and ledger.is_overlapped(cursor, *what)


def _append_versions(
    cursor: extensions.cursor, load: Load, stage: Relation, target: Target
) -> tuple[int, int]:
    """Replace what the window brings; versions that only another window saw stay."""
    if not load.csv.rows:
        return 0, 0
    if load.version:
        texts = load.texts.intersection(load.version)
        what = (load.target, stage, load.version, texts, load.values(target))
        cursor.execute(merge_sql.delete_versions(*what))
        return _insert_all(cursor, load, stage, target)
    _refuse_fewer_rows(cursor, load)
    cursor.execute(redshift_sql.delete_window(load.target, load.cursor, load.bounds))
    return _insert_all(cursor, load, stage, target)


def _refuse_fewer_rows(cursor: extensions.cursor, load: Load) -> None:
    counted = redshift_sql.count_window(load.target, load.cursor, load.bounds)
    if (rows := redshift.scalar(cursor, counted)) > load.csv.rows:
        raise DataError(
            f"{rows} rows of the window are loaded already, by windows that overlap it, and it has"
            f" {load.csv.rows}",
            why="versions that are in the source no more would be lost; without a key nothing tells which",
            todo="load this table by days or by hours alone, or name columns in `key:` that are never NULL",
        )


def _apply_replace(
    cursor: extensions.cursor, load: Load, stage: Relation, target: Target
) -> tuple[int, int]:
    entries = ledger.entries(cursor, load.schema, str(load.table.name))
    snapshots = (e for e in entries if (e.target, e.mode) == (str(load.target), "replace"))
    if any(entry.window.end > load.window.end for entry in snapshots):
        return 0, 0  # a later snapshot stands there already
    cursor.execute(redshift_sql.delete_all(load.target))
    return _insert_all(cursor, load, stage, target)


def _insert_all(
    cursor: extensions.cursor, load: Load, stage: Relation, target: Target
) -> tuple[int, int]:
    replaced = cursor.rowcount
    if not load.csv.rows:
        return 0, replaced
    values = load.values(target)
    cursor.execute(redshift_sql.insert_stage(load.target, stage, load.columns, values))
    load.check_count("INSERT reports", cursor.rowcount)
    return cursor.rowcount, replaced


_APPLY = {"merge": _apply_merge, "append": _apply_append, "replace": _apply_replace}
