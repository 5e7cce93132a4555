"""Luigi's RangeDaily and RangeHourly with defaults that suit a warehouse.

Classes of the same name: Luigi takes the most derived one on the command line. Against Luigi's own,

- the running period is left out (its marker would freeze half a day's rows),
- an old `--start` is honoured (Luigi's `days_back` of 100 silently overrides it),
- a range of any length is worked off in one run, `task_limit` periods at a time, the oldest first:
  Luigi's scheduler slows down with the square of the live tasks, and its own RangeDaily stops after
  the first `task_limit`. A period that fails holds back none that come later, not in a range with a
  `limit` either: that takes those last of which only what is in the quarantine is left.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import ClassVar

import luigi
import luigi.tools.range

from pipeline.errors import ConfigurationError
from pipeline.model.window import UTC
from pipeline.run import exit_status, limits
from pipeline.tasks.entries import DailyEntry, HourlyEntry, refused_by_table
from pipeline.tasks.parameters import CountParameter, DayParameter, HourParameter, MappingParameter

log = logging.getLogger(__name__)
_CENTURY = 36_525  # days
# Each is seven tasks to the scheduler, which looks at all of them for each that it hands out.
_LIVE_WINDOWS = 150


class _InParts(luigi.tools.range.RangeBase):
    """A long range is made of short ones, which ask for their periods one after the other.

    A short range asks when it runs, and it runs when nothing more urgent can: its priority is below
    that of every window.
    """

    step: ClassVar[timedelta]
    not_of: ClassVar[type[luigi.Task]]

    # Luigi declares it as a string that is None
    param_name = luigi.OptionalParameter(
        default=None, positional=False, description="parameter that takes the period"
    )
    of_params = MappingParameter(
        default={}, positional=False, description="parameters of the task that --of names, as JSON"
    )
    limit = CountParameter(
        default=None, positional=False, description="periods to take in this run; default: all"
    )
    minutes = CountParameter(
        default=None, positional=False, description="after how long to begin nothing new"
    )
    max_chunks = CountParameter(
        default=None, positional=False, description="chunks to read in this run; default: all"
    )

    def missing(self) -> list[datetime]:
        """The periods that this run has to take, oldest first, as the lake shows them now."""
        missing = self._missing_now()
        if self.limit is not None:
            # Fixed at the first look, which Luigi takes before it forks.
            if not hasattr(self, "_taken"):
                self._taken = set(self._in_turn(missing)[: self.limit])
            missing = [when for when in missing if when in self._taken]
        if missing and limits.are_reached():
            log.info("enough for now: %d periods are left, the same command goes on", len(missing))
            return []
        return missing

    def _in_turn(self, missing: list[datetime]) -> list[datetime]:
        """Enough of them for `limit`, last those known to fail, which would be taken each time."""
        if not issubclass(self.of, DailyEntry | HourlyEntry):
            return missing
        refused = refused_by_table(self._instantiate_task_cls(self.start).tables())
        fresh: list[datetime] = []
        stuck: list[datetime] = []
        for when in missing:
            if len(fresh) == self.limit:
                break
            entry = self._instantiate_task_cls(self.datetime_to_parameter(when))
            (stuck if entry.is_stuck(refused) else fresh).append(when)
        return fresh + stuck

    def _limit_run(self) -> None:
        """Set the limits of the run, where the command line names any."""
        if (self.minutes, self.max_chunks) != (None, None):
            limits.begin(self.minutes, self.max_chunks)

    def _missing_now(self) -> list[datetime]:
        now = datetime.now(UTC) if self.now is None else datetime.fromtimestamp(self.now, UTC)
        naive = now.replace(tzinfo=None)
        self._check(naive)
        start = max(self.parameter_to_datetime(self.start), self.moving_start(naive))
        stop = self.moving_stop(naive)
        if self.stop is not None:
            stop = min(self.parameter_to_datetime(self.stop), stop)
        periods = self.finite_datetimes(start, stop) if start <= stop else []
        try:
            missing = self.missing_datetimes(periods) if periods else []
        except luigi.parameter.ParameterException as error:
            raise ConfigurationError(
                f"{self.of.task_family} does not take these parameters",
                why=str(error),
                todo="""give it, e.g. --of-params '{"table": "shop.orders"}'""",
            ) from None
        return sorted(missing, reverse=self.reverse)

    def _check(self, now: datetime) -> None:
        why = ""
        if self.start is None:
            why = "--start is missing"
        elif self.parameter_to_datetime(self.start) > now:
            why = f"--start {self.start} lies in the future"
        elif self.stop is not None and self.stop <= self.start:
            why = f"--stop {self.stop} does not come after --start {self.start}"
        elif issubclass(self.of, self.not_of):
            why = f"{self.of.task_family} has another period; days go with RangeDaily, hours with RangeHourly"
        if why:
            raise ConfigurationError(
                f"{self.task_family} makes no sense like this",
                why=why,
                todo="write it like --of DailyLoadAll --start 2025-08-01",
            )

    @property
    def priority(self) -> float:
        """What ends first goes first, all of it after every window, whose priorities are hours.

        A long range ends with its last part or later: Luigi hands its priority on to all of them.
        """
        end = datetime(2200, 1, 1)
        behind = self.parameter_to_datetime(self.stop) if self.stop else end
        return max((end - behind).total_seconds(), 0.0) / 1e10

    def requires(self) -> list[luigi.Task]:
        """The short ranges that a long one is made of; the first call, before Luigi forks, limits the run."""
        if not hasattr(self, "_parts"):
            self._limit_run()
            self._parts = list(self._short_ranges())
        return self._parts

    def _short_ranges(self) -> Iterator[luigi.Task]:
        if self._is_short():
            return
        missing = sorted(self.missing())
        at_once = self._at_once()
        if len(missing) <= at_once:
            return
        for index in range(0, len(missing), at_once):
            part = missing[index : index + at_once]
            first, behind = part[0], part[-1] + self.step
            bounds = {"start": self.datetime_to_parameter(first)}
            bounds["stop"] = self.datetime_to_parameter(behind)
            yield self.clone(**bounds, limit=None, minutes=None, max_chunks=None)

    def _at_once(self) -> int:
        """Periods to work on at once: `task_limit`, fewer where each of them is of many tables."""
        if not issubclass(self.of, DailyEntry | HourlyEntry):
            return self.task_limit
        tables = self._instantiate_task_cls(self.start).tables()
        return max(1, min(self.task_limit, _LIVE_WINDOWS // len(tables)))

    def _is_short(self) -> bool:
        """Whether there are no more periods than may be worked on at once: nobody needs to look then."""
        if self.start is None or self.stop is None or self.param_name:
            return False
        first, behind = map(self.parameter_to_datetime, (self.start, self.stop))
        return bool(behind - first <= self._at_once() * self.step)

    @exit_status.recorded
    def complete(self) -> bool:
        """Whether no period is left to take; asked anew each time."""
        return not self.missing()

    def run(self) -> Iterator[list[luigi.Task]]:
        """Ask for the periods; a long range has them from its parts by now."""
        if missing := self.missing()[: self._at_once()]:
            periods = map(self.datetime_to_parameter, missing)
            yield [self._instantiate_task_cls(period) for period in periods]


class RangeDaily(_InParts, luigi.tools.range.RangeDaily):
    """Every day from `start` to yesterday, or up to `stop`."""

    step = timedelta(days=1)
    not_of = HourlyEntry

    start = DayParameter(default=None, description="the first day")
    stop = DayParameter(default=None, description="the day after the last one; default: today")
    days_back = luigi.IntParameter(default=_CENTURY, description="days before now to look at")
    days_forward = luigi.IntParameter(default=-1, description="-1: up to and with yesterday")
    task_limit = luigi.IntParameter(default=30, description="days to work on at once")


class RangeHourly(_InParts, luigi.tools.range.RangeHourly):
    """Every hour from `start` to the last one that is over, or up to `stop`."""

    step = timedelta(hours=1)
    not_of = DailyEntry

    start = HourParameter(default=None, description="the first hour")
    stop = HourParameter(default=None, description="the hour after the last one; default: now")
    hours_back = luigi.IntParameter(
        default=24 * _CENTURY, description="hours before now to look at"
    )
    hours_forward = luigi.IntParameter(
        default=-1, description="-1: up to and with the last full one"
    )
    task_limit = luigi.IntParameter(default=48, description="hours to work on at once")
