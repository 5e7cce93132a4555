"""The id range of each window of an append-only table, assigned in one object of the lake.

A window's range begins where the range assigned before it ends, and ends at the highest id read after the
window's end. A window that ends no later than an assigned one has no ids. The ranges therefore partition the
ids, whatever the order of the windows, and never change: a conditional write replaces the object
(S3's If-Match, https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from pipeline.errors import DataError
from pipeline.lake.history import has_marker
from pipeline.lake.keys import Keys
from pipeline.lake.s3 import Store
from pipeline.lake.stages import LAKE, LOAD
from pipeline.lake.window import LakeWindow
from pipeline.model.cursors import Bounds, Cursor
from pipeline.model.markers import decode
from pipeline.model.table_name import TableName
from pipeline.model.window import Window

LOWEST_ID = -(2**63)
NO_IDS = Bounds("0", "0")


class Reading(BaseModel):
    """One more than the highest id (`behind`), read at an instant between `asked` and `answered`."""

    model_config = ConfigDict(frozen=True)

    behind: int
    asked: datetime
    answered: datetime


class IdRanges(BaseModel):
    """The windows with a range, by name, and the exclusive upper end of each range; both ascend.

    `reading` is kept until the transactions that were open when it was taken have ended.
    """

    model_config = ConfigDict(frozen=True)

    table: str
    windows: tuple[tuple[str, int], ...] = ()
    reading: Reading | None = None

    @property
    def upper(self) -> int:
        """The exclusive upper end of all ranges."""
        return self.windows[-1][1] if self.windows else LOWEST_ID

    def bounds(self, window: Window) -> Bounds | None:
        """The window's range; None before it is assigned. The first range has no lower bound."""
        lower: int | None = None
        for name, upper in self.windows:
            if name == window.name:
                return Bounds(None if lower is None else str(lower), str(upper))
            lower = upper
        if self.windows and window.end <= Window.parse(self.windows[-1][0]).end:
            return NO_IDS
        return None

    def assigned(self) -> Iterator[tuple[str, Bounds]]:
        """Each window with a range, by name, ascending. The first range has no lower bound."""
        lower: str | None = None
        for name, upper in self.windows:
            yield name, Bounds(lower, str(upper))
            lower = str(upper)

    def with_window(self, window: Window, upper: int) -> IdRanges:
        """A copy with one more window, whose range ends before the id `upper`."""
        last = (window.name, max(upper, self.upper))
        return self.model_copy(update={"windows": (*self.windows, last)})

    def with_reading(self, reading: Reading) -> IdRanges:
        """A copy with another reading."""
        return self.model_copy(update={"reading": reading})


_RESTORE = (
    "restore it from an earlier object version or a backup of the bucket; it is the only copy"
)


def read(store: Store, table: TableName) -> tuple[IdRanges, str | None]:
    """The table's ranges and their ETag for `replace`, None for a table without ranges.

    Raises LakeError for a damaged object.
    """
    key = Keys(table).id_ranges
    stored = store.get_with_etag(key)
    if stored is None:
        return IdRanges(table=str(table)), None
    data, etag = stored
    return decode(IdRanges, data, store.url(key), _RESTORE), etag


def bounds_of(lake_window: LakeWindow, cursor: Cursor) -> Bounds:
    """The window's bounds on its cursor: computed for a time, stored for an id.

    Raises DataError where the window's id range is lost.
    """
    if not cursor.needs_assigned_bounds:
        return cursor.bounds(lake_window.window)
    store, table = lake_window.store, lake_window.table
    ranges, _ = read(store, table)
    if (bounds := ranges.bounds(lake_window.window)) is None:
        raise DataError(
            f"the id range of window {lake_window.window} is lost",
            why=f"{store.url(Keys(table).id_ranges)} does not have it",
            todo="restore that object from a backup of the bucket",
        )
    return bounds


def check_not_lost(store: Store, table: TableName) -> None:
    """Raise DataError where the ranges are missing although windows of the table are in the lake or loaded.

    New ranges would extract every row a second time.
    """
    key = Keys(table).id_ranges
    # the lake may have a retention period, load markers stay
    if not any(has_marker(store, table, stage) for stage in (LAKE, LOAD)) or store.exists(key):
        return
    raise DataError(
        f"the id ranges of {table} are lost",
        why=f"windows are in the lake or loaded, but {store.url(key)} does not exist",
        todo=f"{_RESTORE}. If the table had another cursor before, start over (docs/redo.md)",
    )


def replace(store: Store, ranges: IdRanges, etag: str | None) -> bool:
    """Write `ranges` if the stored ETag is still `etag`; False where another run has written since."""
    key = Keys(TableName.parse(ranges.table)).id_ranges
    return store.put_if_match(key, ranges.model_dump_json().encode(), etag)
