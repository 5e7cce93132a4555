"""Luigi's RangeDaily and RangeHourly with defaults that suit a warehouse.

For classes of the same name Luigi's command line takes the most derived. Unlike Luigi's own,

- they leave out the current period (its marker would freeze half a day's rows),
- they honour an old `--start` (Luigi's `days_back` of 100 silently overrides it),
- they complete a range of any length in one run, `task_limit` periods at a time, the oldest first:
  Luigi's scheduler slows down with the square of the live tasks, and its RangeDaily stops after the
  first `task_limit`. A failed period holds back no later one; a range with a `limit` takes periods
  with only quarantined windows left last.
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
# A window is seven tasks, and the scheduler scans all tasks to assign one.
_LIVE_WINDOWS = 150


class _BatchedRange(luigi.tools.range.RangeBase):
    """A range that requires shorter ranges, each of which requires its periods while it runs.

    A short range runs when nothing more urgent can: its priority is below that of every window.
    """

    _taken: set[datetime] | None = None
    """The periods of a run with a `limit`, once they are chosen."""
    step: ClassVar[timedelta]
    excludes: ClassVar[type[luigi.Task]]

    # Luigi declares a plain string parameter, with the default None
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
        default=None, positional=False, description="minutes after which to start nothing new"
    )
    max_chunks = CountParameter(
        default=None, positional=False, description="chunks to read in this run; default: all"
    )

    def missing(self) -> list[datetime]:
        """The periods left for this run, oldest first, by the lake's current markers."""
        missing = self._missing_now()
        if self._taken is not None:
            missing = [when for when in missing if when in self._taken]
        if missing and limits.are_reached():
            log.info("limit reached: %d periods are left, the same command continues", len(missing))
            return []
        return missing

    def _in_turn(self, missing: list[datetime]) -> list[datetime]:
        """Enough periods for `limit`; those known to fail last, as they would use it up in each run."""
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
        """Set the limits of the run, if the command line has any."""
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
                todo="""add it, e.g. --of-params '{"table": "shop.orders"}'""",
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
        elif issubclass(self.of, self.excludes):
            why = f"{self.of.task_family} has another period; RangeDaily takes days, RangeHourly hours"
        if why:
            raise ConfigurationError(
                f"{self.task_family} has invalid parameters",
                why=why,
                todo="write it like --of DailyLoadAll --start 2025-08-01",
            )

    @property
    def priority(self) -> float:
        """The earliest end first, and after every window, whose priorities are in hours.

        A long range ends no earlier than its last part: Luigi passes its priority on to its parts.
        """
        end = datetime(2200, 1, 1)
        stop = self.parameter_to_datetime(self.stop) if self.stop else end
        return max((end - stop).total_seconds(), 0.0) / 1e10

    def requires(self) -> list[luigi.Task]:
        """The parts of a long range.

        The first call, before Luigi forks, sets the limits of the run and chooses the periods of `limit`.
        """
        if not hasattr(self, "_parts"):
            self._limit_run()
            if self.limit is not None:
                self._taken = set(self._in_turn(self._missing_now())[: self.limit])
            self._parts = list(self._short_ranges())
        return self._parts

    def _short_ranges(self) -> Iterator[luigi.Task]:
        if self._is_short():
            return
        missing = sorted(self.missing())
        size = self._batch_size()
        if len(missing) <= size:
            return
        for index in range(0, len(missing), size):
            part = missing[index : index + size]
            bounds = {"start": self.datetime_to_parameter(part[0])}
            bounds["stop"] = self.datetime_to_parameter(part[-1] + self.step)
            yield self.clone(**bounds, limit=None, minutes=None, max_chunks=None)

    def _batch_size(self) -> int:
        """The number of concurrent periods: `task_limit`, less where each is of many tables."""
        if not issubclass(self.of, DailyEntry | HourlyEntry):
            return self.task_limit
        tables = self._instantiate_task_cls(self.start).tables()
        return max(1, min(self.task_limit, _LIVE_WINDOWS // len(tables)))

    def _is_short(self) -> bool:
        """Whether the range has at most `_batch_size` periods, whatever the lake has."""
        if self.start is None or self.stop is None or self.param_name:
            return False
        start, stop = map(self.parameter_to_datetime, (self.start, self.stop))
        return bool(stop - start <= self._batch_size() * self.step)

    @exit_status.recorded
    def complete(self) -> bool:
        """Whether no period is left; each call reads the lake."""
        return not self.missing()

    def run(self) -> Iterator[list[luigi.Task]]:
        """Require the periods; the parts of a long range have completed them."""
        if missing := self.missing()[: self._batch_size()]:
            periods = map(self.datetime_to_parameter, missing)
            yield [self._instantiate_task_cls(period) for period in periods]


class RangeDaily(_BatchedRange, luigi.tools.range.RangeDaily):
    """Every day from `start` to yesterday, or up to `stop`."""

    step = timedelta(days=1)
    excludes = HourlyEntry

    start = DayParameter(default=None, description="the first day")
    stop = DayParameter(default=None, description="the day after the last one; default: today")
    days_back = luigi.IntParameter(default=_CENTURY, description="days before now to look at")
    days_forward = luigi.IntParameter(default=-1, description="-1: up to and including yesterday")
    task_limit = luigi.IntParameter(default=30, description="concurrent days")


class RangeHourly(_BatchedRange, luigi.tools.range.RangeHourly):
    """Every hour from `start` to the last full one, or up to `stop`."""

    step = timedelta(hours=1)
    excludes = DailyEntry

    start = HourParameter(default=None, description="the first hour")
    stop = HourParameter(default=None, description="the hour after the last one; default: now")
    hours_back = luigi.IntParameter(
        default=24 * _CENTURY, description="hours before now to look at"
    )
    hours_forward = luigi.IntParameter(
        default=-1, description="-1: up to and including the last full one"
    )
    task_limit = luigi.IntParameter(default=48, description="concurrent hours")
