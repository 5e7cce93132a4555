"""Where a window that could not be carried is described, to be looked at and run again."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from datetime import datetime

from pipeline.errors import DataError, LoadRefused, PipelineError
from pipeline.names import Keys
from pipeline.stores.s3 import Store
from pipeline.version import VERSION
from pipeline.window import UTC, Window

log = logging.getLogger(__name__)


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
    now = datetime.now(UTC)
    key = keys.quarantine(window)
    entry = {
        "table": str(keys.table),
        "window": window.name,
        "stage": stage,
        "first_at": now.isoformat(),
        "at": now.isoformat(),
        "tries": 1,
        "what": error.what,
        "why": error.why,
        "todo": error.todo,
        "csv": keys.csv_folder(window),
        "lake": keys.lake_folder(window),
        "code_version": VERSION,
    }
    try:
        store = lake()
        if (before := store.get_if_there(key)) is not None:
            earlier = json.loads(before)
            entry |= {"first_at": earlier["first_at"], "tries": earlier["tries"] + 1}
        store.put(key, json.dumps(entry, indent=1, ensure_ascii=False).encode())
    except PipelineError as failure:
        log.warning("the refused window could not be described in the quarantine: %s", failure)
        return None
    log.warning("described in %s", store.url(key))
    return key
