"""Which rows a window has: its bounds as values of the table's cursor, in the source and in the warehouse.

A bound is text, as both servers' SQL takes it. Windows that share an instant share a bound, and a later
instant never has a smaller one: the rows are parted, whatever the cursor is (docs/cursors.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Literal

from pipeline.errors import ConfigurationError
from pipeline.model.timezones import Zone, zone_named
from pipeline.model.window import UTC, Window

CursorType = Literal["timestamp", "date", "epoch", "id", "full"]
EpochUnit = Literal["seconds", "milliseconds", "microseconds"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PER_SECOND: dict[EpochUnit, int] = {"seconds": 1, "milliseconds": 1000, "microseconds": 1_000_000}


@dataclass(frozen=True)
class Bounds:
    """``lower <= cursor < upper``; None is open, two equal bounds hold nothing."""

    lower: str | None
    upper: str | None


@dataclass(frozen=True)
class TimeCursor:
    """A cursor that tells time: what it is made of, and the zone of a DATETIME that is not in UTC."""

    kind: Literal["timestamp", "date", "epoch"]
    unit: EpochUnit = "seconds"
    timezone: str | None = None

    def bounds(self, window: Window) -> Bounds:
        """The window's bounds in the source. Raises ConfigurationError for a part of a DATE."""
        return Bounds(self._bound(window.start), self._bound(window.end))

    def over(self, window: Window) -> datetime:
        """The instant from which on no clock gives a value of the window any more.

        That is the window's end, but for a DATE: its day is local time's, and not over before UTC's.
        """
        if self.kind != "date" or self.timezone is None:
            return window.end
        seconds = int((window.end - _EPOCH).total_seconds())
        return max(
            window.end,
            _EPOCH + timedelta(seconds=zone_named(self.timezone).instant_of(seconds)),
        )

    def _bound(self, instant: datetime) -> str:
        seconds = int((instant - _EPOCH).total_seconds())
        if self.kind == "epoch":
            return str(seconds * _PER_SECOND[self.unit])
        if self.kind == "date":
            return _midnight(instant)
        zone: Zone | None = zone_named(self.timezone) if self.timezone else None
        shown = _EPOCH + timedelta(seconds=zone.local_bound(seconds) if zone else seconds)
        return f"{shown:%Y-%m-%d %H:%M:%S.%f}"


def _midnight(instant: datetime) -> str:
    day = f"{instant:%Y-%m-%d}"
    if instant.time() != datetime.min.time():
        raise ConfigurationError(
            "a window of a DATE cursor is made of whole days",
            why=f"{instant:%Y-%m-%d %H:%M} is in the middle of one, and a DATE does not say where",
            todo="load it with DailyLoad, or name a column that has the time",
        )
    return day


def bound_of(value: object) -> str:
    """A cursor value that the source gave, as a bound."""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S.%f}"
    if isinstance(value, date):
        return f"{value:%Y-%m-%d}"
    if isinstance(value, int | Decimal):
        return f"{value:d}" if isinstance(value, int) else f"{value:f}"
    raise TypeError(f"{type(value).__name__} is no cursor")
