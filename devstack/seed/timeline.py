"""Times and parcels of events, as functions of the row number.

Rows are numbered in the order of creation; their times follow a daily curve. Parcels are arranged in lanes:
rows L, L + lanes, L + 2·lanes … belong to lane L, one parcel after another, so the events of a parcel are
about `_GAP` apart and span days.
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

# Events of six consecutive parcels in a lane, repeated.
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
        """The average time between two events of a parcel; shorter for few days."""
        return min(_GAP, self.days * DAY // 8)

    @property
    def lanes(self) -> int:
        """The number of parcels in transit at a time."""
        return max(1, self.rows * self.gap // (self.days * DAY))

    def created(self, row: Int64s) -> Int64s:
        """The creation time of each row: ascending, one row exactly at each midnight."""
        passed: Floats = (row + 0.5) * self.days / self.rows
        day, within = np.floor(passed), passed % 1
        instant = self.start + (day * DAY).astype(np.int64) + _time_of_day(within)
        first = day > np.floor((row - 0.5) * self.days / self.rows)
        return np.where(first, self.start + day.astype(np.int64) * DAY, instant)

    def updated(self, row: Int64s, chance: Chance) -> Int64s:
        """The time of each row's last change: mostly its creation, sometimes hours later.

        It always precedes the next event of the parcel, even at the busiest hour.
        """
        created = self.created(row)
        later = created + chance.below(self.gap * 3 // 10, "later", row)
        is_later = chance.one_in(5, "is later", row) & (later < self.end)
        # Rows created at midnight are not changed: they are exactly on a window's boundary.
        return np.where(is_later & (created % DAY != 0), later, created)

    def parcels(self, row: Int64s) -> tuple[Int64s, Int64s, Bools]:
        """For each row: the parcel's number, the index of the event, whether it is the last."""
        step, lane = np.divmod(row, self.lanes)
        # Lanes start at different places of the pattern: a day contains all stages.
        steps = len(_PARCEL_OF_STEP)
        cycle, place = np.divmod(step + lane * 5 % steps, steps)
        number = (cycle * len(_EVENTS) + _PARCEL_OF_STEP[place]) * self.lanes + lane
        return number, _STAGE_OF_STEP[place], _IS_LAST_OF_STEP[place]


def _time_of_day(share: Floats) -> Int64s:
    """The time of day by which this share of the day's events has occurred."""
    reached = np.concatenate([[0], np.cumsum(_HOURLY)]) / sum(_HOURLY)
    hours: Floats = np.interp(share, reached, np.arange(25))
    return (hours * HOUR).astype(np.int64)
