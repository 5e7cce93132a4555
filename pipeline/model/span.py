"""The rows of a table between two values of its cursor."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Span:
    """The rows with ``lower <= cursor < upper``; a bound that is None is open.

    Bounds are values of the cursor's own type as MySQL writes them. Without a cursor: every row.
    `after` narrows it to the rows behind one position: columns in the order of the read, each with
    the literal of its value there. With `whole_dates` a cursor as 2025-08-00, which is between two months
    and on no calendar, is not among them.
    """

    cursor: str | None = None
    lower: str | None = None
    upper: str | None = None
    after: tuple[tuple[str, str], ...] = ()
    whole_dates: bool = False
