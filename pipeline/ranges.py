"""Luigi's RangeDaily and RangeHourly with defaults that suit a warehouse.

Classes of the same name: Luigi takes the most derived one on the command line. Against Luigi's own,

- the running period is left out (its marker would freeze half a day's rows),
- an old `--start` is honoured (Luigi's `days_back` of 100 silently overrides it),
- a range of any length is worked off in one run, `task_limit` periods at a time, the oldest first:
  Luigi's scheduler slows down with the square of the live tasks, and its own RangeDaily stops after
  the first `task_limit`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import luigi
import luigi.tools.range

from pipeline import exit_status
from pipeline.errors import ConfigurationError
from pipeline.parameters import DayParameter, HourParameter
from pipeline.window import UTC

_CENTURY = 36_525  # days


class _InBatches(luigi.tools.range.RangeBase):
    """Work off what is missing in batches, each asked for when the one before it is complete."""

    # Luigi declares it as a string that is None
    param_name = luigi.OptionalParameter(
        default=None, positional=False, description="parameter that takes the period"
    )

    def missing(self) -> list[datetime]:
        """The periods that are not complete, oldest first, as the lake shows them now."""
        now = datetime.now(UTC) if self.now is None else datetime.fromtimestamp(self.now, UTC)
        naive = now.replace(tzinfo=None)
        if self.start is None:
            raise ConfigurationError(
                f"{self.task_family} does not know where to begin",
                why="--start is missing",
                todo="add --start and the first day or hour to load, e.g. --start 2025-08-01",
            )
        start = max(self.parameter_to_datetime(self.start), self.moving_start(naive))
        stop = self.moving_stop(naive)
        if self.stop is not None:
            stop = min(self.parameter_to_datetime(self.stop), stop)
        periods = self.finite_datetimes(start, stop) if start <= stop else []
        return sorted(self.missing_datetimes(periods)) if periods else []

    def batch(self) -> list[luigi.Task]:
        """The next periods to work on."""
        missing = self.missing()
        if self.reverse:
            missing.reverse()
        chosen = missing[: self.task_limit]
        return [self._instantiate_task_cls(self.datetime_to_parameter(when)) for when in chosen]

    def requires(self) -> list[luigi.Task]:
        """Nothing before it runs: the batches are asked for one by one."""
        return []

    @exit_status.noted
    def complete(self) -> bool:
        """Whether no period is missing; asked anew each time."""
        return not self.missing()

    def run(self) -> Iterator[list[luigi.Task]]:
        """Ask for batch after batch; Luigi starts this anew after each."""
        while batch := self.batch():
            yield batch


class RangeDaily(_InBatches, luigi.tools.range.RangeDaily):
    """Every day from `start` to yesterday, or up to `stop`."""

    start = DayParameter(default=None, description="the first day")
    stop = DayParameter(default=None, description="the day after the last one; default: today")
    days_back = luigi.IntParameter(default=_CENTURY, description="days before now to look at")
    days_forward = luigi.IntParameter(default=-1, description="-1: up to and with yesterday")
    task_limit = luigi.IntParameter(default=30, description="days to work on at once")


class RangeHourly(_InBatches, luigi.tools.range.RangeHourly):
    """Every hour from `start` to the last one that is over, or up to `stop`."""

    start = HourParameter(default=None, description="the first hour")
    stop = HourParameter(default=None, description="the hour after the last one; default: now")
    hours_back = luigi.IntParameter(
        default=24 * _CENTURY, description="hours before now to look at"
    )
    hours_forward = luigi.IntParameter(
        default=-1, description="-1: up to and with the last full one"
    )
    task_limit = luigi.IntParameter(default=48, description="hours to work on at once")
