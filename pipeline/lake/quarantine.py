"""The quarantine: one object for each window that was refused, with the reason, until it is loaded."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from pipeline.errors import DataError, LoadRefused, PipelineError
from pipeline.lake.keys import Keys, window_of_key
from pipeline.lake.s3 import Store
from pipeline.lake.window import LakeWindow
from pipeline.model.markers import decode
from pipeline.model.table_name import TableName
from pipeline.model.window import UTC, Window
from pipeline.version import VERSION

log = logging.getLogger(__name__)


class Refusal(BaseModel):
    """A refused window: `table` as ``db.table``, `window` by name, what failed in which stage, how often.

    `csv` and `lake` are the folders where its rows are, if they came so far.
    """

    model_config = ConfigDict(frozen=True)

    table: str
    window: str
    stage: str
    first_at: datetime
    at: datetime
    tries: int = 1
    what: str
    why: str
    todo: str
    csv: str
    lake: str
    code_version: str = VERSION


def keep(open_window: Callable[[], LakeWindow], stage: str, error: PipelineError) -> str | None:
    """Record a refused window in the quarantine, one object a window, and return its key.

    Only for what a person must look at (DataError, LoadRefused): None for anything else. The rows
    stay where they are, in the lake and as CSV; the same command tries again. A lake that cannot be
    written to is logged, as the failure itself is what matters.
    """
    if not isinstance(error, DataError | LoadRefused):
        return None
    try:
        refused = open_window()
        key = refused.keys.quarantine(refused.window)
        refusal = _refusal(refused, stage, error, before=_read(refused.store, key))
        refused.store.put(key, refusal.model_dump_json(indent=1).encode())
    except PipelineError as failure:
        log.warning("the refused window could not be recorded in the quarantine: %s", failure)
        return None
    log.warning("recorded in %s", refused.store.url(key))
    return key


def _refusal(
    refused: LakeWindow, stage: str, error: PipelineError, before: Refusal | None
) -> Refusal:
    now, keys, window = datetime.now(UTC), refused.keys, refused.window
    return Refusal(
        table=str(refused.table),
        window=window.name,
        stage=stage,
        first_at=before.first_at if before else now,
        at=now,
        tries=before.tries + 1 if before else 1,
        what=error.what,
        why=error.why,
        todo=error.todo,
        csv=keys.csv_folder(window),
        lake=keys.lake_folder(window),
    )


def release(done: LakeWindow, *, with_earlier: bool = False) -> None:
    """Remove the window's refusal, as it is done now; `with_earlier` those that a snapshot covers too."""
    store, window = done.store, done.window
    listed = [(each.key, window_of_key(each.key)) for each in store.list(done.keys.quarantined)]
    store.delete(
        key
        for key, of in listed
        if of == window or (with_earlier and of is not None and of.end <= window.end)
    )


def refused_windows(store: Store, table: TableName) -> set[Window]:
    """The windows of a table that are in the quarantine: one LIST."""
    keys = (each.key for each in store.list(Keys(table).quarantined))
    return {window for key in keys if (window := window_of_key(key)) is not None}


def refusals(store: Store, table: TableName) -> list[Refusal]:
    """The table's refusals, oldest window first: one LIST, and a GET for each."""
    with ThreadPoolExecutor(max_workers=8) as pool:
        keys = [each.key for each in store.list(Keys(table).quarantined)]
        read = pool.map(lambda key: _read(store, key), keys)
        return [refusal for refusal in read if refusal is not None]


def _read(store: Store, key: str) -> Refusal | None:
    data = store.get_if_there(key)
    return None if data is None else decode(Refusal, data, store.url(key))
