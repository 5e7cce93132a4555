"""Where a window that could not be carried is described, to be looked at and run again."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from pipeline.errors import DataError, LoadRefused, PipelineError
from pipeline.lake.keys import Keys, window_of_key
from pipeline.lake.s3 import Store
from pipeline.model.markers import decode
from pipeline.model.window import UTC, Window
from pipeline.version import VERSION

log = logging.getLogger(__name__)


class Entry(BaseModel):
    """A refused window: `table` as ``db.table``, `window` by name, what its `stage` said, how often it tried.

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


def keep(
    lake: Callable[[], Store], keys: Keys, window: Window, stage: str, error: PipelineError
) -> str | None:
    """Describe a refused window in the lake's quarantine, one object a window, and return the key.

    Only for what a person must look at (DataError, LoadRefused): None for anything else. The rows
    stay where they are, in the lake and as CSV; the same command tries again. A lake that cannot be
    written to is logged, as the failure itself is what matters.
    """
    if not isinstance(error, DataError | LoadRefused):
        return None
    now, key = datetime.now(UTC), keys.quarantine(window)
    entry = Entry(
        table=str(keys.table),
        window=window.name,
        stage=stage,
        first_at=now,
        at=now,
        what=error.what,
        why=error.why,
        todo=error.todo,
        csv=keys.csv_folder(window),
        lake=keys.lake_folder(window),
    )
    try:
        store = lake()
        if (before := _read(store, key)) is not None:
            again = {"first_at": before.first_at, "tries": before.tries + 1}
            entry = entry.model_copy(update=again)
        store.put(key, entry.model_dump_json(indent=1).encode())
    except PipelineError as failure:
        log.warning("the refused window could not be described in the quarantine: %s", failure)
        return None
    log.warning("described in %s", store.url(key))
    return key


def settle(store: Store, keys: Keys, window: Window, *, with_earlier: bool = False) -> None:
    """Remove the window's entry, as it is done now; of a snapshot, `with_earlier` ones, which it covers."""
    found = ((each.key, window_of_key(each.key)) for each in list(store.list(keys.quarantined)))
    store.delete(
        key for key, of in found if of == window or (with_earlier and of and of.end <= window.end)
    )


def entries(store: Store, keys: Keys) -> list[Entry]:
    """The table's refused windows, oldest first: one LIST, and a GET for each."""
    with ThreadPoolExecutor(max_workers=8) as pool:
        read = pool.map(lambda each: _read(store, each.key), list(store.list(keys.quarantined)))
        return [entry for entry in read if entry is not None]


def _read(store: Store, key: str) -> Entry | None:
    data = store.get_if_there(key)
    return None if data is None else decode(Entry, data, store.url(key))
