"""The arithmetic of interleaved rounds: medians, spreads, ratios round by round, a straight line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import linear_regression, median

Summary = dict[str, float]


def summary(values: Sequence[float]) -> Summary:
    """Median, least and greatest; empty for no values."""
    if not values:
        return {}
    return {"median": median(values), "min": min(values), "max": max(values)}


def ratios(base: Mapping[int, float], other: Mapping[int, float]) -> list[float]:
    """``base / other`` of every round that has both: how fast `other` is, `base` being 1."""
    return [base[number] / other[number] for number in sorted(base) if number in other]


def slope(sizes: Sequence[float], seconds: Sequence[float]) -> tuple[float, float]:
    """Seconds per row, and the seconds that do not depend on the rows (least squares)."""
    line = linear_regression(sizes, seconds)
    return line.slope, line.intercept


def spread(values: Summary, digits: int = 2) -> str:
    """``median (min to max)`` for a table; a dash for nothing.

    >>> spread({"median": 0.814, "min": 0.8, "max": 0.829})
    '0.81 (0.80 to 0.83)'
    """
    if not values:
        return "–"
    middle, low, high = (f"{values[k]:,.{digits}f}" for k in ("median", "min", "max"))
    return middle if low == high else f"{middle} ({low} to {high})"
