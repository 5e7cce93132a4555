"""The quarantine: one refusal per window that failed for its data, kept until the window is loaded."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from pipeline.errors import DataError, LoadRefused, Overtaken, PipelineError
from pipeline.lake.keys import Keys, window_of_key
from pipeline.lake.s3 import Store
from pipeline.lake.stages import LOAD
from pipeline.lake.window import LakeWindow
from pipeline.model.markers import decode
from pipeline.model.table_name import TableName
from pipeline.model.window import UTC, Window
from pipeline.version import VERSION

log = logging.getLogger(__name__)


class Refusal(BaseModel):
    """A refused window: `table` as ``db.table``, `window` by name, the failed stage, the error, the tries.

    `csv` and `lake` are the folders of its rows, as far as it was processed.
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


def record(open_window: Callable[[], LakeWindow], stage: str, error: PipelineError) -> str | None:
    """Record a refused window and return the key of its refusal; None for errors other than of data.

    Only a DataError or LoadRefused needs a person, and only of a window that is not loaded. The window's rows
    stay in the lake and as CSV; the same command tries again. A failure to write the refusal is logged and
    does not hide `error`.
    """
    if not isinstance(error, DataError | LoadRefused) or isinstance(error, Overtaken):
        return None
    try:
        refused = open_window()
        key = refused.keys.quarantine(refused.window)
        refusal = _refusal(refused, stage, error, earlier=_read(refused.store, key))
        refused.store.put(key, refusal.model_dump_json(indent=1).encode())
        if refused.is_done(LOAD):  # by another run, which may have released it before
            refused.store.delete([key])
            return None
    except PipelineError as failure:
        log.warning("cannot record the refused window in the quarantine: %s", failure)
        return None
    log.warning("recorded in %s", refused.store.url(key))
    return key


def _refusal(
    refused: LakeWindow, stage: str, error: PipelineError, earlier: Refusal | None
) -> Refusal:
    now, keys, window = datetime.now(UTC), refused.keys, refused.window
    return Refusal(
        table=str(refused.table),
        window=window.name,
        stage=stage,
        first_at=earlier.first_at if earlier else now,
        at=now,
        tries=earlier.tries + 1 if earlier else 1,
        what=error.what,
        why=error.why,
        todo=error.todo,
        csv=keys.csv_folder(window),
        lake=keys.lake_folder(window),
    )


def release(done: LakeWindow, *, with_earlier: bool = False) -> None:
    """Remove the refusal of a finished window; `with_earlier`, those of all windows that end by then too."""
    store, window = done.store, done.window
    for key in [stored.key for stored in store.list(done.keys.quarantined)]:
        refused = window_of_key(key)
        if refused == window or (with_earlier and refused and refused.end <= window.end):
            store.delete([key])


def refused_windows(store: Store, table: TableName) -> set[Window]:
    """The quarantined windows of a table, from one LIST."""
    keys = (stored.key for stored in store.list(Keys(table).quarantined))
    return {window for key in keys if (window := window_of_key(key)) is not None}


def refusals(store: Store, table: TableName) -> list[Refusal]:
    """The table's refusals, oldest window first, from one LIST and a GET each."""
    with ThreadPoolExecutor(max_workers=8) as pool:
        keys = [stored.key for stored in store.list(Keys(table).quarantined)]
        read = pool.map(lambda key: _read(store, key), keys)
        return [refusal for refusal in read if refusal is not None]


def _read(store: Store, key: str) -> Refusal | None:
    data, todo = (
        store.get_if_exists(key),
        "delete it; a run that refuses the window writes it again",
    )
    return None if data is None else decode(Refusal, data, store.url(key), todo)
