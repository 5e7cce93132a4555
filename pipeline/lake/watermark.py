"""The watermark: how far a table is loaded without a gap. Derived, and only published to S3."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from pipeline.config.tables import Table
from pipeline.lake.keys import Keys
from pipeline.lake.s3 import Store
from pipeline.model.markers import LakeManifest, LoadMarker, decode
from pipeline.model.table_name import TableName
from pipeline.model.window import UTC, Window, unbroken_end


class Watermark(BaseModel):
    """What is published of a table. Instants are in UTC, rows count the latest window alone.

    `loaded_until` is the end of the unbroken run of loaded windows: it cannot run ahead of the data.
    """

    model_config = ConfigDict(frozen=True)

    table: str
    loaded_until: datetime | None
    windows_loaded: int
    latest_window: str
    last_cursor: str | None
    extracted_at: datetime
    loaded_at: datetime
    extraction_status: str = "complete"
    load_status: str = "complete"
    rows_extracted: int
    rows_loaded: int
    files: tuple[str, ...]
    strategy: str
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True)
class Latest:
    """The markers of the window that was loaded last, and the strategy of the run."""

    lake: LakeManifest
    load: LoadMarker
    strategy: str


def read(store: Store, table: TableName) -> Watermark | None:
    """The published watermark, None before the first load."""
    key = Keys(table).watermark
    data = store.get_if_there(key)
    return None if data is None else decode(Watermark, data, key)


def reached(table: Table, windows: list[Window]) -> datetime | None:
    """How far the windows reach without a gap; a full snapshot covers all that came before it."""
    if table.is_snapshot:
        return max((window.end for window in windows), default=None)
    return unbroken_end(windows)


def publish(
    store: Store,
    table: Table,
    loaded_windows: Callable[[], list[Window]],
    latest: Latest,
) -> Watermark:
    """Derive the watermark from the ledger's windows and publish it.

    Whoever was slower than another asks again, and publishes what holds after both: an older state is
    never put in the place of a newer one (S3's If-Match).
    """
    key = Keys(table.name).watermark
    while True:
        found = store.get_tagged(key)
        before = decode(Watermark, found[0], key) if found else None
        watermark = _watermark(table, loaded_windows(), latest, before)
        content = watermark.model_dump_json(indent=1).encode()
        if store.put_if_same(key, content, found[1] if found else None):
            return watermark


def _watermark(
    table: Table, windows: list[Window], latest: Latest, before: Watermark | None
) -> Watermark:
    now, lake, load = datetime.now(UTC), latest.lake, latest.load
    return Watermark(
        table=str(table.name),
        loaded_until=reached(table, windows),
        windows_loaded=len(windows),
        latest_window=load.window,
        last_cursor=lake.cursor_max,
        extracted_at=lake.read_at,
        loaded_at=load.committed_at,
        rows_extracted=lake.rows,
        rows_loaded=load.rows_loaded,
        files=tuple(part.key for part in lake.parts),
        strategy=latest.strategy,
        created_at=before.created_at if before else now,
        updated_at=now,
    )
