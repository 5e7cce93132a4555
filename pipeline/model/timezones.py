"""Monotonic mapping between the local time of a zone and UTC.

When a zone's clock is set back, an hour of local time repeats; when it is set forward, one is skipped. The
instant of a local time ``v`` is therefore defined as

    ``instant_of(v) = sup {u : local(u) <= v}``

the later of two candidates, and the instant of the change for a skipped time. It never decreases, so
instants and local times have common bounds: ``instant_of(v) >= u`` exactly when ``v >= local_bound(u)``.
The local time of an instant ``w`` never maps to one before ``w``: a window in UTC is over at its end, in
every zone (docs/decisions/0016).

Times are seconds since 1970 unless stated otherwise. Zones are those of `zoneinfo`, with constant offsets
before 1900 and after 2100.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_DAY = 86_400
_FIRST, _LAST = -2_208_988_800, 4_102_444_800  # start of 1900 and of 2100
_OFFSET = re.compile(r"([+-])(\d{1,2}):([0-5]\d)")
_UTC_NAMES = {"UTC", "GMT", "ETC/UTC", "ETC/GMT", "Z", "ZULU", "UNIVERSAL", "UCT"}


@dataclass(frozen=True)
class Zone:
    """A zone's offsets from UTC in seconds, and the instants at which they change.

    ``offsets[i]`` applies from ``changes[i - 1]`` to ``changes[i]``.
    """

    name: str
    changes: tuple[int, ...]
    offsets: tuple[int, ...]

    @property
    def is_utc(self) -> bool:
        """Whether local time always equals UTC."""
        return self.offsets == (0,)

    @property
    def starts(self) -> tuple[int, ...]:
        """For each offset but the first, the earliest local time under it or a later offset."""
        return _starts(self)

    def instant_of(self, local: int) -> int:
        """The instant of a local time."""
        index = bisect_right(self.starts, local)
        instant = local - self.offsets[index]
        return min(instant, self.changes[index]) if index < len(self.changes) else instant

    def local_bound(self, instant: int) -> int:
        """The first local time whose instant is `instant` or later."""
        index = bisect_right(self.changes, instant)
        bound = instant + self.offsets[index]
        if index and self.changes[index - 1] == instant:
            bound = min(bound, instant + self.offsets[index - 1])
        return min(bound, self.starts[index]) if index < len(self.starts) else bound

    def local_of(self, instant: datetime) -> datetime:
        """The local time at an instant in UTC; both are naive, to the microsecond."""
        seconds = (instant - _EPOCH.replace(tzinfo=None)) // timedelta(seconds=1)
        return instant + timedelta(seconds=self.offsets[bisect_right(self.changes, seconds)])


@lru_cache(maxsize=64)
def _starts(zone: Zone) -> tuple[int, ...]:
    starts = [change + zone.offsets[i + 1] for i, change in enumerate(zone.changes)]
    for index in reversed(range(len(starts) - 1)):
        starts[index] = min(starts[index], starts[index + 1])
    return tuple(starts)


@lru_cache(maxsize=64)
def zone_named(name: str) -> Zone:
    """The zone of a name such as ``Europe/Berlin``, ``UTC`` or ``+05:30``; raises ValueError if unknown."""
    if name.upper() in _UTC_NAMES:
        return Zone("UTC", (), (0,))
    if offset := _OFFSET.fullmatch(name):
        seconds = int(offset[2]) * 3600 + int(offset[3]) * 60
        if seconds > 14 * 3600:
            raise ValueError(f"{name} is not a time zone: offsets range from -14:00 to +14:00")
        return Zone(name, (), (-seconds if offset[1] == "-" else seconds,))
    try:
        info = ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(
            f"{name} is not a time zone such as Europe/Berlin, UTC or +05:30"
        ) from None
    changes = tuple(_changes(info))
    offsets = (_offset(info, _FIRST), *(_offset(info, change) for change in changes))
    return Zone(name, changes, offsets)


def _offset(zone: tzinfo, instant: int) -> int:
    shown = datetime.fromtimestamp(instant, zone).utcoffset()
    return int(shown.total_seconds()) if shown is not None else 0


def _changes(zone: tzinfo) -> Iterator[int]:
    """The instants of 1900 to 2100 at which the offset changes; at most one a day, in every zone."""
    before = _offset(zone, _FIRST)
    for day in range(_FIRST, _LAST, _DAY):
        after = _offset(zone, day + _DAY)
        if after != before:
            low, high = day, day + _DAY
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if _offset(zone, middle) == before else (low, middle)
            yield high
        before = after
