"""Windows: half-open intervals of time in UTC, and their names.

A row belongs to the one window that contains its cursor value: ``start <= cursor < end``. Adjacent windows
share an instant and no row.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from itertools import pairwise

UTC = timezone.utc
_NAME_FORMAT = "%Y%m%dT%H%M%SZ"
# A listing has one name per window: parsing with strptime would take longer than the transfer.
_NAME = re.compile(r"\d{8}T\d{6}Z_\d{8}T\d{6}Z", re.ASCII)


@dataclass(frozen=True, order=True)
class Window:
    """The span ``[start, end)``; both instants are whole seconds in UTC.

    Raises ValueError for an instant that is naive, not in UTC or with a fraction of a second (which a name
    cannot represent), and for an `end` that is not after `start`.
    """

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        for instant in (self.start, self.end):
            if instant.utcoffset() != timedelta(0):
                raise ValueError(f"a window's instants are in UTC, not {instant!r}")
            if instant.microsecond:
                raise ValueError(f"a window's instants are whole seconds, not {instant!r}")
        if self.start >= self.end:
            raise ValueError(f"a window ends after it starts, not {self.start} .. {self.end}")

    @property
    def name(self) -> str:
        """Sortable name, used in keys, markers, logs and the ledger.

        >>> Window.day(date(2025, 8, 1)).name
        '20250801T000000Z_20250802T000000Z'
        """
        return f"{self.start:{_NAME_FORMAT}}_{self.end:{_NAME_FORMAT}}"

    @property
    def label(self) -> str:
        """Short name for messages: the day, the hour, or else `name`.

        >>> Window.day(date(2025, 8, 1)).label, Window.hour(datetime(2025, 8, 1, 13)).label
        ('2025-08-01', '2025-08-01T13')
        """
        if self == Window.day(self.start.date()):
            return f"{self.start:%Y-%m-%d}"
        return f"{self.start:%Y-%m-%dT%H}" if self == Window.hour(self.start) else self.name

    @classmethod
    def parse(cls, name: str) -> Window:
        """The window of a name; raises ValueError for an invalid one."""
        if not _NAME.fullmatch(name):
            raise _no_window(name)
        try:
            start, end = (_instant(part) for part in name.split("_"))
        except ValueError as error:
            raise _no_window(name) from error
        return cls(start, end)

    @classmethod
    def day(cls, day: date) -> Window:
        """One day, midnight to midnight UTC."""
        start = datetime(day.year, day.month, day.day, tzinfo=UTC)
        return cls(start, start + timedelta(days=1))

    @classmethod
    def hour(cls, hour: datetime) -> Window:
        """One hour; a naive `hour` is in UTC, as from Luigi's DateHourParameter."""
        start = hour.replace(minute=0, second=0, microsecond=0, tzinfo=hour.tzinfo or UTC)
        return cls(start, start + timedelta(hours=1))

    def __str__(self) -> str:
        return self.name


def _instant(part: str) -> datetime:
    day, time = f"{part[:4]}-{part[4:6]}-{part[6:8]}", f"{part[9:11]}:{part[11:13]}:{part[13:15]}"
    return datetime.fromisoformat(f"{day}T{time}+00:00")


def _no_window(name: str) -> ValueError:
    return ValueError(f"{name!r} is not a window; one reads like 20250801T000000Z_20250802T000000Z")


def coalesced(windows: list[Window]) -> list[Window]:
    """The union of the windows, oldest first: overlapping and adjacent windows are joined.

    >>> [len(coalesced([Window.day(date(2025, 8, day)) for day in days])) for days in [(1, 2), (1, 3)]]
    [1, 2]
    """
    spans: list[Window] = []
    for window in sorted(windows):
        if spans and window.start <= spans[-1].end:
            spans[-1] = Window(spans[-1].start, max(spans[-1].end, window.end))
        else:
            spans.append(window)
    return spans


def gaps(windows: list[Window]) -> list[Window]:
    """The spans between the windows that none of them covers, oldest first.

    >>> [gap.label for gap in gaps([Window.day(date(2025, 8, day)) for day in (1, 2, 4, 5)])]
    ['2025-08-03']
    """
    covered = coalesced(windows)
    return [Window(earlier.end, later.start) for earlier, later in pairwise(covered)]


def unbroken_end(windows: list[Window]) -> datetime | None:
    """The end of the gapless series that starts with the earliest window; None for no windows.

    Windows may overlap, differ in length and come in any order.

    >>> days = [Window.day(date(2025, 8, day)) for day in (1, 2, 4)]
    >>> unbroken_end(days).day
    3
    """
    reached: datetime | None = None
    for window in sorted(windows):
        if reached is not None and window.start > reached:
            break
        reached = max(reached or window.end, window.end)
    return reached
