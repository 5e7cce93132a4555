"""CSV to warehouse: COPY into a stage, then one transaction that merges it and writes the ledger row."""

from __future__ import annotations

import logging
import time
import uuid
from datetime import datetime

from pipeline.config.settings import Lake, Warehouse
from pipeline.errors import ConfigurationError, LoadRefused
from pipeline.lake.keys import Keys
from pipeline.lake.reread_hint import markers_of, once_mended
from pipeline.lake.s3 import Store
from pipeline.model.markers import CsvManifest, LoadMarker
from pipeline.model.window import UTC, Window
from pipeline.run.progress import Progress, silent
from pipeline.warehouse import apply, catalog, cursor_guard, ledger, schema_evolution, stage
from pipeline.warehouse import connection as redshift
from pipeline.warehouse import sql as redshift_sql
from pipeline.warehouse.ledger import Entry
from pipeline.warehouse.schema_evolution import Target
from pipeline.warehouse.sql import Relation
from pipeline.warehouse.window_load import Load

log = logging.getLogger(__name__)


def load_window(
    connection: redshift.Connection,
    store: Store,
    load: Load,
    credentials: str,
    progress: Progress = silent,
) -> LoadMarker:
    """Load the window unless the ledger says that this very content is loaded, and return its marker.

    Raises LoadRefused when COPY refuses a value, DataError when the window is not one that the target may
    take, or when counts differ; nothing is changed in the target then. The marker is written by the caller.
    """
    started = time.monotonic()
    cursor_guard.check(connection, store, load)
    ledger.ensure(connection, load.schema)
    _forget_dropped(connection, store, load)
    target = schema_evolution.follow(
        *(connection, load.target, load.definitions, load.layout, _undone(store, load)),
        unique=load.unique,
        is_empty=not load.csv.rows,
    )
    with connection.cursor() as cursor:
        entry = apply.loaded(cursor, load)
    if entry:
        progress("the ledger has it already", 1.0)
        return marker(entry, load.csv, 0.0)
    entry = _load(connection, store, load, target, credentials, progress)
    return marker(entry, load.csv, time.monotonic() - started)


def _load(
    connection: redshift.Connection,
    store: Store,
    load: Load,
    target: Target,
    credentials: str,
    progress: Progress,
) -> Entry:
    stage.check_parts(store, load)
    staged = Relation(None, f"stage_{uuid.uuid4().hex[:16]}")
    if load.csv.rows:
        progress("COPY", None)
        try:
            stage.fill(connection, store, load, staged, target, credentials)
        except LoadRefused as error:
            error.todo += once_mended(store, Keys(load.table.name), load.window)
            raise
    progress("merge", None)
    return redshift.in_transaction(
        connection,
        lambda cursor: apply.apply(cursor, store, load, staged, target),
        what=f"{load.table.name} {load.window}: merge",
    )


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
    if catalog.table_columns(connection, load.target):
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
