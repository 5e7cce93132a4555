"""Local time of a zone and UTC, each mapped onto the other without ever changing the order.

A zone's clock is put back now and then, so that an hour of local time comes twice, and put forward, so that
one never comes. What a local time ``v`` is as an instant is therefore laid down as

    ``instant_of(v) = sup {u : local(u) <= v}``

which is the later of two candidates, and the moment of the change for a time that never comes. It never
decreases, so instants and local times can be cut at the same places: ``instant_of(v) >= u`` exactly when
``v >= local_bound(u)``. And nothing written at an instant ``w`` has a local time that belongs before ``w``: a
window in UTC is over when its end is, in every zone (docs/decisions/0016).

Times are whole seconds since 1970 here, or microseconds where that is said. Zones are those of `zoneinfo`;
before 1900 and after 2100 the offset at that end stays.
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
_FIRST, _LAST = -2_208_988_800, 4_102_444_800  # the beginnings of 1900 and 2100
_OFFSET = re.compile(r"([+-])(\d{1,2}):([0-5]\d)")
_UTC_NAMES = {"UTC", "GMT", "ETC/UTC", "ETC/GMT", "Z", "ZULU", "UNIVERSAL", "UCT"}


@dataclass(frozen=True)
class Zone:
    """A zone's offsets from UTC in seconds, and the instants at which one follows another.

    ``offsets[i]`` holds from ``changes[i - 1]`` to ``changes[i]``; ``starts[i]`` is the earliest local time
    that `offsets[i]`, or one after it, gives.
    """

    name: str
    changes: tuple[int, ...]
    offsets: tuple[int, ...]

    @property
    def is_utc(self) -> bool:
        """Whether local time is UTC, always."""
        return self.offsets == (0,)

    @property
    def starts(self) -> tuple[int, ...]:
        """For each offset but the first: the local time from which on it, or a later one, is taken."""
        return _starts(self)

    def instant_of(self, local: int) -> int:
        """The instant that the local time stands for."""
        index = bisect_right(self.starts, local)
        instant = local - self.offsets[index]
        return min(instant, self.changes[index]) if index < len(self.changes) else instant

    def local_bound(self, instant: int) -> int:
        """The first local time that stands for `instant` or a later one."""
        index = bisect_right(self.changes, instant)
        bound = instant + self.offsets[index]
        if index and self.changes[index - 1] == instant:
            bound = min(bound, instant + self.offsets[index - 1])
        return min(bound, self.starts[index]) if index < len(self.starts) else bound

    def local_of(self, instant: datetime) -> datetime:
        """What a clock of the zone shows at that instant; both without a zone, to the microsecond."""
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
    """The zone of a name such as ``Europe/Berlin``, ``UTC`` or ``+05:30``; raises ValueError for others."""
    if name.upper() in _UTC_NAMES:
        return Zone("UTC", (), (0,))
    if offset := _OFFSET.fullmatch(name):
        seconds = int(offset[2]) * 3600 + int(offset[3]) * 60
        if seconds > 14 * 3600:
            raise ValueError(f"{name} is no zone: offsets reach from -14:00 to +14:00")
        return Zone(name, (), (-seconds if offset[1] == "-" else seconds,))
    try:
        info = ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(
            f"{name} is no zone; one reads like Europe/Berlin, UTC or +05:30"
        ) from None
    changes = tuple(_changes(info))
    offsets = (_offset(info, _FIRST), *(_offset(info, change) for change in changes))
    return Zone(name, changes, offsets)


def _offset(zone: tzinfo, instant: int) -> int:
    shown = datetime.fromtimestamp(instant, zone).utcoffset()
    return int(shown.total_seconds()) if shown is not None else 0


def _changes(zone: tzinfo) -> Iterator[int]:
    """The instants of 1900 to 2100 at which the offset changes; no zone does so twice in a day."""
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
