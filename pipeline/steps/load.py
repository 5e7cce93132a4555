"""CSV to warehouse: COPY into a stage, then one transaction that merges it and writes the ledger row.

The stage is private to the session, so COPY runs before the lock is taken and readers of the target
wait for the merge alone (docs/decisions/0004). After the lock the ledger is looked at again: of two
processes that load one window, one loads it.
"""

from __future__ import annotations

import logging
import time
import uuid
from datetime import datetime

from psycopg2 import extensions

from pipeline.config.settings import Lake, Warehouse
from pipeline.errors import ConfigurationError, DataError, LoadRefused
from pipeline.ledger import ledger, schema
from pipeline.ledger.ledger import Entry
from pipeline.ledger.load import Load
from pipeline.ledger.schema import Target
from pipeline.manifest import CsvManifest, LoadMarker
from pipeline.names import Keys
from pipeline.steps.again import markers_of, once_mended
from pipeline.steps.progress import Progress, silent
from pipeline.stores import redshift, redshift_sql, table_sql
from pipeline.stores.redshift_sql import CopySource, Relation
from pipeline.stores.s3 import Store
from pipeline.window import UTC, Window

log = logging.getLogger(__name__)


def load_window(
    connection: redshift.Connection,
    store: Store,
    load: Load,
    credentials: str,
    progress: Progress = silent,
) -> LoadMarker:
    """Load the window unless the ledger says that this very content is loaded, and return its marker.

    Raises LoadRefused when COPY refuses a value, DataError when counts differ; nothing is changed in
    the target then. The marker is written by the caller.
    """
    started = time.monotonic()
    load.refuse_other_extent()
    ledger.ensure(connection, load.schema)
    _forget_dropped(connection, store, load)
    target = schema.follow(
        *(connection, load.target, load.definitions, load.layout, _undone(store, load)),
        unique=load.unique,
        is_empty=not load.csv.rows,
    )
    if entry := _loaded(connection, load):
        progress("the ledger has it already", 1.0)
        return marker(entry, load.csv, 0.0)
    _check_parts(store, load)
    stage = Relation(None, f"stage_{uuid.uuid4().hex[:16]}")
    if load.csv.rows:
        progress("COPY", None)
        _fill_stage(connection, store, load, stage, target, credentials)
    progress("merge", None)
    entry = redshift.in_transaction(
        connection,
        lambda cursor: _commit(cursor, load, stage, target),
        what=f"{load.table.name} {load.window}: merge",
    )
    return marker(entry, load.csv, time.monotonic() - started)


def credentials(warehouse: Warehouse, lake: Lake) -> str:
    """COPY's way to log in to S3: the role if one is set, else the lake's access key.

    Raises ConfigurationError when there is neither. The text holds a secret; it is not for logs.
    """
    if warehouse.iam_role:
        return redshift_sql.role_credentials(warehouse.iam_role)
    if lake.access_key_id and lake.secret_access_key:
        token = lake.session_token.get_secret_value() if lake.session_token else None
        secret = lake.secret_access_key.get_secret_value()
        return redshift_sql.key_credentials(lake.access_key_id, secret, token)
    raise ConfigurationError(
        "COPY has no way to log in to S3",
        why="neither a role nor an access key is configured",
        todo="set REDSHIFT_IAM_ROLE to a role attached to the cluster, or to 'default'",
    )


def marker(entry: Entry, csv: CsvManifest, seconds: float) -> LoadMarker:
    """The S3 marker that copies a ledger entry, and says what was changed of its rows on their way."""
    return LoadMarker(
        table=entry.table,
        window=entry.window.name,
        written_at=datetime.now(UTC),
        seconds=round(seconds, 3),
        lake_digest=csv.lake_digest,
        content=entry.content,
        target=entry.target,
        mode=entry.mode,
        rows_staged=entry.rows_staged,
        rows_loaded=entry.rows_loaded,
        rows_replaced=entry.rows_replaced,
        committed_at=entry.committed_at,
        coerced=csv.coerced,
    )


def write_marker(store: Store, keys: Keys, window: Window, load: LoadMarker) -> None:
    """Publish what the ledger says."""
    store.put(keys.load_marker(window), load.encode())


def _forget_dropped(connection: redshift.Connection, store: Store, load: Load) -> None:
    """Where somebody dropped the target, what ledger and markers say of it is void: it is loaded again."""
    if redshift.table_columns(connection, load.target):
        return
    keys = Keys(load.table.name)
    with connection.cursor() as cursor:
        entries = ledger.entries(cursor, load.schema, str(load.table.name))
        void = [entry for entry in entries if entry.target == str(load.target)]
        if others := [entry.window for entry in void if entry.window != load.window]:
            log.warning(
                "%s is gone; the next run loads these windows of %s again: %s",
                *(load.target, load.table.name, ", ".join(window.label for window in others)),
            )
        # markers first: what dies in between finds the ledger's rows and does it again
        store.delete(
            each
            for entry in void
            for each in (keys.views_marker(entry.window), keys.load_marker(entry.window))
        )
        for entry in void:
            ledger.forget(cursor, load.schema, entry)


def _undone(store: Store, load: Load) -> str:
    markers = markers_of(store, Keys(load.table.name), load.window)
    return (
        f"\nOr, where the source was altered back or since this window was read, delete {markers}: "
        "the window is read anew"
    )


def _loaded(connection: redshift.Connection, load: Load) -> Entry | None:
    with connection.cursor() as cursor:
        return _same_content(cursor, load)


def _same_content(cursor: extensions.cursor, load: Load) -> Entry | None:
    entry = ledger.entry(cursor, load.schema, str(load.table.name), load.window)
    wanted = (load.content, str(load.target), load.table.definition.load_mode)
    return entry if entry and (entry.content, entry.target, entry.mode) == wanted else None


def _check_parts(store: Store, load: Load) -> None:
    keys, window = Keys(load.table.name), load.window
    in_lake = load.csv.format == "parquet"
    folder = keys.lake_folder(window) if in_lake else keys.csv_folder(window)
    stored = {f.key: f.bytes for f in store.list(folder)}
    for part in load.csv.parts:
        if stored.get(part.key) != part.bytes:
            raise DataError(
                f"{store.url(part.key)} is not what its manifest says",
                why=f"{part.bytes} bytes were written, {stored.get(part.key, 'none')} are there",
                todo="delete the window's lake marker and CSV marker, and it is read again"
                if in_lake
                else "delete the window's CSV marker, and it is converted again",
            )


def _fill_stage(
    connection: redshift.Connection,
    store: Store,
    load: Load,
    stage: Relation,
    target: Target,
    credentials: str,
) -> None:
    with connection.cursor() as cursor:
        staged = {column.target: column.redshift for column in load.staged}
        cursor.execute(table_sql.create_stage(stage, staged, load.layout))
        source = CopySource(
            manifest_url=store.url(load.csv.copy_manifest),
            region=store.settings.region,
            credentials=credentials,
            null_token=load.csv.null_token,
            compression=load.csv.compression,
            format=load.csv.format,
        )
        try:
            copied = redshift.copy(connection, stage, tuple(staged), source)
        except LoadRefused as error:
            error.todo += once_mended(store, Keys(load.table.name), load.window)
            raise
        _check_count(load, "COPY reports", copied)
        _restore_empty(cursor, load, stage)
        _check_count(load, "the stage holds", redshift.scalar(cursor, redshift_sql.count(stage)))
        _check_nulls(cursor, load, stage, target)
        if load.table.definition.load_mode == "merge":
            merge = load.merge(stage, target)
            cursor.execute(merge.keep_newest)
            _check_keys(load, redshift.scalar(cursor, merge.count_newest))


def _check_nulls(cursor: extensions.cursor, load: Load, stage: Relation, target: Target) -> None:
    """A column that was part of a key once is NOT NULL in the warehouse still."""
    for column in load.definitions:
        if column.target not in target.required or not column.nullable:
            continue
        if rows := redshift.scalar(cursor, redshift_sql.count_nulls(stage, column.target)):
            raise schema.not_null(target, column.target, load.layout, rows)


def _restore_empty(cursor: extensions.cursor, load: Load, stage: Relation) -> None:
    """COPY has no word for bytes of length zero: something else came for them (docs/decisions/0011)."""
    for name, token in load.csv.empty_tokens.items():
        rows = redshift.restore_empty(cursor, stage, load.stage_name(name), token)
        if rows != load.csv.empty_bytes[name]:
            raise DataError(
                f"{rows} values of {name} have the length zero in the warehouse",
                why=f"the CSV manifest has {load.csv.empty_bytes[name]}; nothing was loaded",
                todo=f"make them NULL with `columns: {{{name}: {{on_empty_bytes: null}}}}`",
            )


def _check_keys(load: Load, distinct: int) -> None:
    """A primary key is unique; what `key:` names instead may repeat, and the newest row stays."""
    if load.table.definition.key or distinct == load.csv.rows:
        return
    raise DataError(
        f"{load.csv.rows} rows have only {distinct} different keys",
        why=f"{', '.join(load.key)} is the primary key in the source, but a row was read twice: its cursor"
        " was set back within the window between the reading of two chunks",
        todo="delete the window's lake marker and CSV marker to read it again",
    )


def _check_count(load: Load, who: str, rows: int) -> None:
    if rows != load.csv.rows:
        raise DataError(
            f"{who} {rows} rows",
            why=f"the CSV manifest has {load.csv.rows}",
            todo="run it again; nothing was loaded",
        )


def _commit(cursor: extensions.cursor, load: Load, stage: Relation, target: Target) -> Entry:
    cursor.execute(redshift_sql.lock(load.target))
    if entry := _same_content(cursor, load):
        return entry
    loaded, replaced = _APPLY[load.table.definition.load_mode](cursor, load, stage, target)
    entry = Entry(
        table=str(load.table.name),
        window=load.window,
        content=load.content,
        target=str(load.target),
        mode=load.table.definition.load_mode,
        rows_staged=load.csv.rows,
        rows_loaded=loaded,
        rows_replaced=replaced,
        committed_at=datetime.now(UTC).replace(microsecond=0),
    )
    ledger.record(cursor, load.schema, entry)
    return entry


def _apply_merge(
    cursor: extensions.cursor, load: Load, stage: Relation, target: Target
) -> tuple[int, int]:
    if not load.csv.rows:
        return 0, 0
    merge = load.merge(stage, target)
    cursor.execute(merge.delete_older)
    replaced = cursor.rowcount
    cursor.execute(merge.insert_missing)
    loaded = cursor.rowcount
    if unmerged := redshift.scalar(cursor, merge.count_unmerged):
        raise DataError(
            f"{unmerged} rows of the stage did not reach {load.target}",
            why="their keys are equal there but not here",
            todo="check that `key:` identifies a row; nothing was loaded",
        )
    return loaded, replaced


def _apply_append(
    cursor: extensions.cursor, load: Load, stage: Relation, target: Target
) -> tuple[int, int]:
    cursor.execute(redshift_sql.delete_window(load.target, load.cursor, load.bounds))
    return _insert_all(cursor, load, stage, target)


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
    _check_count(load, "INSERT reports", cursor.rowcount)
    return cursor.rowcount, replaced


_APPLY = {"merge": _apply_merge, "append": _apply_append, "replace": _apply_replace}
