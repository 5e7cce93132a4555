"""When events happen, and to which parcel: the shape of the data, as functions of the row number.

Rows are numbered in the order of their creation. Their times follow a day's curve. Parcels live
in lanes: the rows number L, L + lanes, L + 2·lanes … belong to lane L, one parcel after the other,
so that the events of a parcel lie about `_GAP` apart and cross the days.
"""

from dataclasses import dataclass

import numpy as np

from devstack.seed.chance import Chance
from devstack.seed.texts import Bools, Floats, Int64s

SECOND = 1_000_000  # all instants and durations are in microseconds
HOUR = 3600 * SECOND
DAY = 24 * HOUR

# Relative number of events in each hour of the day: a quiet night, peaks at ten and at seven.
_HOURLY = [2, 1, 1, 1, 1, 2, 4, 6, 9, 12, 13, 11, 9, 8, 9, 10, 11, 12, 13, 13, 11, 8, 5, 3]

# Events of six parcels that follow one another in a lane, again and again.
_EVENTS = (4, 1, 5, 3, 2, 6)
_PARCEL_OF_STEP = np.repeat(np.arange(len(_EVENTS)), _EVENTS)
_STAGE_OF_STEP: Int64s = np.concatenate([np.arange(count) for count in _EVENTS])
_IS_LAST_OF_STEP: Bools = np.concatenate([np.arange(count) == count - 1 for count in _EVENTS])
_GAP = 9 * HOUR


@dataclass(frozen=True)
class Timeline:
    """`rows` events spread over `days` days from `start` (an instant in microseconds)."""

    start: int
    days: int
    rows: int

    @property
    def end(self) -> int:
        """The end of the last day; no event happens at or after it."""
        return self.start + self.days * DAY

    @property
    def gap(self) -> int:
        """The average time between two events of a parcel; shorter where there are few days."""
        return min(_GAP, self.days * DAY // 8)

    @property
    def lanes(self) -> int:
        """How many parcels are on their way at a time."""
        return max(1, self.rows * self.gap // (self.days * DAY))

    def created(self, row: Int64s) -> Int64s:
        """When each row was created: growing with the row number, one exactly at each midnight."""
        passed: Floats = (row + 0.5) * self.days / self.rows
        day, within = np.floor(passed), passed % 1
        instant = self.start + (day * DAY).astype(np.int64) + _time_of_day(within)
        first = day > np.floor((row - 0.5) * self.days / self.rows)
        return np.where(first, self.start + day.astype(np.int64) * DAY, instant)

    def updated(self, row: Int64s, chance: Chance) -> Int64s:
        """When each row was changed last: mostly when it was created, at times hours later.

        The next event of the parcel, even at the busiest hour, is further away than that.
        """
        created = self.created(row)
        later = created + chance.below(self.gap * 3 // 10, "later", row)
        is_later = chance.one_in(5, "is later", row) & (later < self.end)
        # What was created at midnight stays there: rows exactly on a window's boundary.
        return np.where(is_later & (created % DAY != 0), later, created)

    def parcels(self, row: Int64s) -> tuple[Int64s, Int64s, Bools]:
        """Of each row: the parcel's number, which of its events this is, whether it is the last."""
        step, lane = np.divmod(row, self.lanes)
        # Lanes start at different places of the pattern, so that a day sees all stages.
        steps = len(_PARCEL_OF_STEP)
        cycle, place = np.divmod(step + lane * 5 % steps, steps)
        number = (cycle * len(_EVENTS) + _PARCEL_OF_STEP[place]) * self.lanes + lane
        return number, _STAGE_OF_STEP[place], _IS_LAST_OF_STEP[place]


def _time_of_day(share: Floats) -> Int64s:
    """The instant of the day by which this share of the day's events has happened."""
    reached = np.concatenate([[0], np.cumsum(_HOURLY)]) / sum(_HOURLY)
    hours: Floats = np.interp(share, reached, np.arange(25))
    return (hours * HOUR).astype(np.int64)
