"""Command line parameters that report an invalid value in one line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, TypeVar

import luigi

from pipeline.errors import ConfigurationError
from pipeline.model.window import Window
from pipeline.run import exit_status

Value = TypeVar("Value")


class WindowParameter(luigi.Parameter[Window]):
    """A window by its name."""

    def parse(self, x: str) -> Window:
        """The window named on a command line."""
        return _parsed(Window.parse, x, "20250801T000000Z_20250802T000000Z")


class DayParameter(luigi.DateParameter):
    """A day in UTC."""

    def parse(self, s: str) -> date:
        """The day named on a command line."""
        day: date = _parsed(super().parse, s, "2025-08-01")
        return day


class HourParameter(luigi.DateHourParameter):
    """An hour in UTC."""

    def parse(self, s: str) -> datetime:
        """The hour named on a command line."""
        hour: datetime = _parsed(super().parse, s, "2025-08-01T13")
        return hour


class CountParameter(luigi.OptionalIntParameter):
    """A number from 0, or nothing."""

    def parse(self, x: str) -> int | None:
        """The number on a command line."""
        parse: Any = super().parse

        def count(text: str) -> int | None:
            number: int | None = parse(text)
            if number is not None and number < 0:
                raise ValueError(text)
            return number

        return _parsed(count, x, "10")


class MappingParameter(luigi.DictParameter):
    """Parameters of another task, as JSON."""

    def parse(self, source: str) -> Any:
        """The mapping on a command line."""
        parse: Any = super().parse

        def mapping(text: str) -> Any:
            value = parse(text)
            if not isinstance(value, Mapping):
                raise ValueError(text)
            return value

        return _parsed(mapping, source, """'{"table": "shop.orders"}'""")


def _parsed(parse: Callable[[str], Value], text: str, example: str) -> Value:
    try:
        return parse(text)
    except ValueError:
        error = ConfigurationError(
            f"{text!r} on the command line is invalid",
            todo=f"write it like {example}",
        )
        exit_status.record(error)
        raise error from None
