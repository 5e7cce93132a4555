"""Kinds of cursors: the rows of a window as bounds of the cursor, in the source and in the warehouse.

A bound is text in the SQL of both servers. Bounds never decrease with the instant, and adjacent windows
share one, so windows partition the rows for every kind of cursor (docs/cursors.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import ClassVar, Literal, TypeAlias

from pipeline.errors import ConfigurationError
from pipeline.model.load_modes import LoadModeName
from pipeline.model.timezones import Zone, zone_named
from pipeline.model.window import UTC, Window

TimeKind = Literal["timestamp", "date", "epoch"]
CursorType = Literal["timestamp", "date", "epoch", "id", "full"]
EpochUnit = Literal["seconds", "milliseconds", "microseconds"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST, _LAST = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)  # of all windows
_PER_SECOND: dict[EpochUnit, int] = {"seconds": 1, "milliseconds": 1000, "microseconds": 1_000_000}


@dataclass(frozen=True)
class Bounds:
    """``lower <= cursor < upper``; None is open, equal bounds are empty."""

    lower: str | None
    upper: str | None


@dataclass(frozen=True)
class TimeCursor:
    """A cursor that holds a time; `timezone` is that of a DATETIME not in UTC."""

    cursor_type: TimeKind
    unit: EpochUnit = "seconds"
    timezone: str | None = None

    is_snapshot: ClassVar[bool] = False
    needs_assigned_bounds: ClassVar[bool] = False
    zero_is_a_value: ClassVar[bool] = False
    load_modes: ClassVar[tuple[LoadModeName, ...]] = ("merge", "append")

    @property
    def epoch_unit(self) -> EpochUnit | None:
        """The unit of a cursor that counts from 1970; None for any other."""
        return self.unit if self.cursor_type == "epoch" else None

    def bounds(self, window: Window) -> Bounds:
        """The window's bounds; raises ConfigurationError for a DATE cursor and a part of a day."""
        return Bounds(self._bound(window.start), self._bound(window.end))

    @property
    def reach(self) -> Bounds:
        """The bounds of all windows together; a value outside them is in none.

        An epoch below 1 is no time but a placeholder.
        """
        return Bounds(self._bound(_FIRST), self._bound(_LAST))

    def over(self, window: Window) -> datetime:
        """The instant from which no clock yields a value of the window.

        That is the window's end, except for a DATE in local time, whose day may end later.
        """
        if self.cursor_type != "date" or self.timezone is None:
            return window.end
        seconds = int((window.end - _EPOCH).total_seconds())
        local_end = timedelta(seconds=zone_named(self.timezone).instant_of(seconds))
        return max(window.end, _EPOCH + local_end)

    def _bound(self, instant: datetime) -> str:
        seconds = int((instant - _EPOCH).total_seconds())
        if self.cursor_type == "epoch":
            return str(max(seconds * _PER_SECOND[self.unit], 1))
        if self.cursor_type == "date":
            return _midnight(instant)
        zone: Zone | None = zone_named(self.timezone) if self.timezone else None
        first = int((_FIRST - _EPOCH).total_seconds())
        local = max(zone.local_bound(seconds), first) if zone else seconds
        shown = _EPOCH + timedelta(seconds=local)
        return bound_of(shown)


@dataclass(frozen=True)
class IdCursor:
    """The ascending id of immutable rows; `lake/id_ranges` assigns ids to windows."""

    cursor_type: ClassVar[CursorType] = "id"
    epoch_unit: ClassVar[None] = None
    is_snapshot: ClassVar[bool] = False
    needs_assigned_bounds: ClassVar[bool] = True
    reach: ClassVar[Bounds] = Bounds(None, None)
    zero_is_a_value: ClassVar[bool] = True
    load_modes: ClassVar[tuple[LoadModeName, ...]] = ("append", "merge")

    def bounds(self, window: Window) -> Bounds:
        """Raises TypeError: the bounds are not a function of the window."""
        raise TypeError(f"the ids of {window} are assigned, not computed")

    def over(self, window: Window) -> datetime:
        """The window's end."""
        return window.end


@dataclass(frozen=True)
class Snapshot:
    """No cursor: a window is the whole table at the time of the read."""

    cursor_type: ClassVar[CursorType] = "full"
    epoch_unit: ClassVar[None] = None
    is_snapshot: ClassVar[bool] = True
    needs_assigned_bounds: ClassVar[bool] = False
    reach: ClassVar[Bounds] = Bounds(None, None)
    zero_is_a_value: ClassVar[bool] = True
    load_modes: ClassVar[tuple[LoadModeName, ...]] = ("replace",)

    def bounds(self, _window: Window) -> Bounds:
        """Open on both sides."""
        return Bounds(None, None)

    def over(self, window: Window) -> datetime:
        """The window's end."""
        return window.end


Cursor: TypeAlias = TimeCursor | IdCursor | Snapshot
"""`load_modes` are the modes that the kind supports, the default first."""


def cursor_of(
    cursor_type: CursorType, unit: EpochUnit = "seconds", timezone: str | None = None
) -> Cursor:
    """The cursor of a definition."""
    if cursor_type == "id":
        return IdCursor()
    return Snapshot() if cursor_type == "full" else TimeCursor(cursor_type, unit, timezone)


def _midnight(instant: datetime) -> str:
    day = bound_of(instant.date())
    if instant.time() != datetime.min.time():
        raise ConfigurationError(
            "a window of a DATE cursor must consist of whole days",
            why=f"{instant:%Y-%m-%d %H:%M} is not midnight, and a DATE has no time of day",
            todo="load it with DailyLoad, or use a cursor with a time of day",
        )
    return day


def bound_of(value: object) -> str:
    """A cursor value from the source, as a bound.

    Years have four digits, which `%Y` omits: MySQL takes 1-01-01 for the year 2001.
    """
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat(" ", "microseconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int | Decimal):
        return f"{value:d}" if isinstance(value, int) else f"{value:f}"
    raise TypeError(f"{type(value).__name__} cannot be a cursor")
