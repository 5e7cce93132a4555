"""Which ids each window of an append-only table has: fixed once, in one object of the lake.

A window takes the ids from where the one planned before it ended, up to the highest there was after its own
end. A window that ends no later than one already planned has none. So the ranges part the ids in whatever
order windows are asked for, and none ever changes: the object is replaced only by whoever saw its last state
(S3's If-Match, https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from pipeline.errors import DataError
from pipeline.lake.keys import Keys
from pipeline.lake.s3 import Store
from pipeline.model.cursors import Bounds
from pipeline.model.markers import decode
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


_RESTORE = (
    "restore it from an earlier version or a backup of the bucket; what it says stands nowhere else"
)


def read(store: Store, keys: Keys) -> tuple[IdRanges, str | None]:
    """The table's ranges, and what `replace` must be told: the tag of this state, None before the first.

    Raises LakeError for an object that is damaged.
    """
    found = store.get_tagged(keys.id_ranges)
    if found is None:
        return IdRanges(table=str(keys.table)), None
    return decode(IdRanges, found[0], store.url(keys.id_ranges), _RESTORE), found[1]


def check_not_lost(store: Store, keys: Keys) -> None:
    """Raise DataError where there are no ranges any more, though windows of the table were planned.

    To begin anew then would be to read every row again, and to put all of them in the place of all.
    """
    if not any(_windows(store, keys)) or store.exists(keys.id_ranges):
        return
    raise DataError(
        f"the ids of the windows of {keys.table} are lost",
        why=f"windows are in the lake or loaded, but {store.url(keys.id_ranges)} is not there",
        todo=f"{_RESTORE}. If the table had another cursor before, begin anew (docs/redo.md)",
    )


def _windows(store: Store, keys: Keys) -> Iterator[str]:
    """Markers of windows; what is in the lake may be gone after a while, what is loaded stays."""
    yield from (found.key for found in store.list(keys.lake) if keys.is_lake_marker(found.key))
    yield from (found.key for found in store.list(keys.loads))


def replace(store: Store, keys: Keys, ranges: IdRanges, tag: str | None) -> bool:
    """Put `ranges` in the place of the state with that tag; False where somebody else was faster."""
    return store.put_if_same(keys.id_ranges, ranges.model_dump_json().encode(), tag)
