"""The watermark: how far a table is loaded without a gap, derived from the ledger and published to S3."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from pipeline.config.tables import Table
from pipeline.lake.keys import Keys
from pipeline.lake.s3 import Store
from pipeline.model.markers import LakeMarker, LoadMarker, decode
from pipeline.model.table_name import TableName
from pipeline.model.window import UTC, Window, unbroken_end

_REPUBLISHED = "delete it; the next load publishes it again"


class Watermark(BaseModel):
    """The published state of a table: instants in UTC, row counts of the latest window.

    `loaded_until` is the end of the contiguous run of loaded windows.
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
    columns: tuple[str, ...] = ()
    """Every column of the windows loaded so far, but for those that `on_lost_column: follow` gave up."""
    strategy: str
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True)
class Latest:
    """The markers of the window loaded last, and the run's strategy."""

    lake: LakeMarker
    load: LoadMarker
    strategy: str


def read(store: Store, table: TableName) -> Watermark | None:
    """The published watermark, None before the first load."""
    key = Keys(table).watermark
    data = store.get_if_exists(key)
    return None if data is None else decode(Watermark, data, store.url(key), _REPUBLISHED)


def reached(table: Table, windows: list[Window]) -> datetime | None:
    """How far the windows reach without a gap; a snapshot covers everything before it."""
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

    A process whose conditional write (S3's If-Match) fails reads the ledger again: an older state never
    replaces a newer one.
    """
    key = Keys(table.name).watermark
    while True:
        data, etag = store.get_with_etag(key) or (None, None)
        earlier = None if data is None else decode(Watermark, data, store.url(key), _REPUBLISHED)
        watermark = _watermark(table, loaded_windows(), latest, earlier)
        content = watermark.model_dump_json(indent=1).encode()
        if store.put_if_match(key, content, etag):
            return watermark


def _watermark(
    table: Table, windows: list[Window], latest: Latest, earlier: Watermark | None
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
        columns=_columns(table, lake, earlier),
        strategy=latest.strategy,
        created_at=earlier.created_at if earlier else now,
        updated_at=now,
    )


def _columns(table: Table, lake: LakeMarker, earlier: Watermark | None) -> tuple[str, ...]:
    names = [column.name for column in lake.columns]
    known = earlier.columns if earlier and table.on_lost_column != "follow" else ()
    return tuple(dict.fromkeys([*known, *names]))
