"""The rows of a table between two values of its cursor."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Span:
    """The rows with ``lower <= cursor < upper``; None is open.

    Bounds are values of the cursor's type as MySQL writes them. Without a cursor: every row. `after` limits
    the span to the rows after one position: the columns of the read order, each with the literal of its
    value there. `whole_dates` excludes invalid dates such as 2025-08-00 in the cursor.
    """

    cursor: str | None = None
    lower: str | None = None
    upper: str | None = None
    after: tuple[tuple[str, str], ...] = ()
    whole_dates: bool = False
