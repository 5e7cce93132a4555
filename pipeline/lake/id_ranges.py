"""Which ids each window of an append-only table has: fixed once, in one object of the lake.

A window takes the ids from where the one planned before it ended, up to the highest there was after its own
end. A window that ends no later than one already planned has none. So the ranges part the ids in whatever
order windows are asked for, and none ever changes: the object is replaced only by whoever saw its last state
(S3's If-Match, https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from pipeline.errors import DataError
from pipeline.lake.history import marked_windows
from pipeline.lake.keys import Keys
from pipeline.lake.s3 import Store
from pipeline.lake.stages import LAKE, LOAD
from pipeline.lake.window import LakeWindow
from pipeline.model.cursors import Bounds, Cursor
from pipeline.model.markers import decode
from pipeline.model.table_name import TableName
from pipeline.model.window import Window

LEAST = -(2**63)
NOTHING = Bounds("0", "0")


class Reading(BaseModel):
    """The id behind the highest there was at some moment between `asked` and `answered`."""

    model_config = ConfigDict(frozen=True)

    behind: int
    asked: datetime
    answered: datetime


class IdRanges(BaseModel):
    """The windows planned so far by name, each with the id its range ends before, ascending in both.

    `reading` waits for the transactions that were open when it was taken.
    """

    model_config = ConfigDict(frozen=True)

    table: str
    windows: tuple[tuple[str, int], ...] = ()
    reading: Reading | None = None

    @property
    def behind(self) -> int:
        """The id behind all that are given to a window."""
        return self.windows[-1][1] if self.windows else LEAST

    def of(self, window: Window) -> Bounds | None:
        """The window's ids; None while it has no range yet. The first range has no lower bound."""
        lower: int | None = None
        for name, upper in self.windows:
            if name == window.name:
                return Bounds(None if lower is None else str(lower), str(upper))
            lower = upper
        if self.windows and window.end <= Window.parse(self.windows[-1][0]).end:
            return NOTHING
        return None

    def together(self, windows: Iterable[Window]) -> list[Bounds]:
        """The ids of several windows, as few ranges as possible, ascending."""
        ranges: list[Bounds] = []
        wanted = {window.name for window in windows}
        before: str | None = None
        for name, upper in self.windows:
            if name in wanted and ranges and ranges[-1].upper == before:
                ranges[-1] = Bounds(ranges[-1].lower, str(upper))
            elif name in wanted:
                ranges.append(Bounds(before, str(upper)))
            before = str(upper)
        return ranges

    def with_window(self, window: Window, behind: int) -> IdRanges:
        """The same with one more window, up to the id `behind`."""
        last = (window.name, max(behind, self.behind))
        return self.model_copy(update={"windows": (*self.windows, last)})

    def with_reading(self, reading: Reading) -> IdRanges:
        """The same, waiting with another reading."""
        return self.model_copy(update={"reading": reading})


_RESTORE = "restore it from an earlier version or a backup of the bucket; it is the only copy"


def read(store: Store, table: TableName) -> tuple[IdRanges, str | None]:
    """The table's ranges, and the tag of this state for `replace`, None before the first.

    Raises LakeError for an object that is damaged.
    """
    key = Keys(table).id_ranges
    tagged = store.get_tagged(key)
    if tagged is None:
        return IdRanges(table=str(table)), None
    return decode(IdRanges, tagged[0], store.url(key), _RESTORE), tagged[1]


def bounds_of(lake_window: LakeWindow, cursor: Cursor) -> Bounds:
    """The window's bounds on its cursor: those of time follow from the window, those of ids are stored.

    Raises DataError where the window's ids are lost.
    """
    if not cursor.needs_assigned_bounds:
        return cursor.bounds(lake_window.window)
    store, table = lake_window.store, lake_window.table
    ranges, _ = read(store, table)
    if (bounds := ranges.of(lake_window.window)) is None:
        raise DataError(
            f"the ids of window {lake_window.window} are lost",
            why=f"{store.url(Keys(table).id_ranges)} does not have them",
            todo="restore that object from a backup of the bucket",
        )
    return bounds


def check_not_lost(store: Store, table: TableName) -> None:
    """Raise DataError where there are no ranges any more, though windows of the table were planned.

    To begin again then would be to read every row again, and to put all of them in the place of all.
    """
    key = Keys(table).id_ranges
    # what is in the lake may be deleted after a while, load markers stay
    planned = (marked_windows(store, table, stage) for stage in (LAKE, LOAD))
    if not any(planned) or store.exists(key):
        return
    raise DataError(
        f"the ids of the windows of {table} are lost",
        why=f"windows are in the lake or loaded, but {store.url(key)} does not exist",
        todo=f"{_RESTORE}. If the table had another cursor before, start over (docs/redo.md)",
    )


def replace(store: Store, ranges: IdRanges, tag: str | None) -> bool:
    """Put `ranges` in the place of the state with that tag; False where another run was faster."""
    key = Keys(TableName.parse(ranges.table)).id_ranges
    return store.put_if_same(key, ranges.model_dump_json().encode(), tag)
