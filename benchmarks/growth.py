"""Tables from ten thousand rows to ten million: cost per row, memory over time, the slope."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from benchmarks import machine, outputs
from benchmarks.children import ChildFailed, Measured
from benchmarks.rounds import ratios, slope, summary
from benchmarks.world import DELIVERY, Dataset, World, place
from pipeline.model.window import UTC, Window

PROJECTED = (65_000_000, 100_000_000)
_FIT_FROM = 100_000
"""Below, what a run costs before its first row would bend the line."""
_ROWS_A_DAY = 100_000
_ONCE_ABOVE = 3_000_000
"""Rows from which a run takes minutes, and differs from the next by hundredths."""


def measure(world: World, sizes: Sequence[int], rounds: int) -> Any:
    """Extract windows of each size from one table that has the greatest, and drain the same rows.

    The largest are done in the first round alone.
    """
    largest = max(sizes)
    data = world.dataset(largest, days=max(1, largest // _ROWS_A_DAY))
    runs: dict[int, dict[int, tuple[Measured, Measured, int]]] = {size: {} for size in sizes}
    windows = {size: _window(world, data, size) for size in sizes}
    expected = {size: world.expected(data, windows[size]) for size in sorted(sizes)}
    for number in range(1, rounds + 1):
        for size in sorted(sizes):
            if size > _ONCE_ABOVE and number > 1:
                continue
            with place(world, data, windows[size]) as here:
                ours = here.run("ours", "extract")
                drained = here.run("ours", "drain", queries=ours.extra["queries"])
                found, written = outputs.of_files(here)
            if said := expected[size].differences(found):
                raise ChildFailed(f"{size:,} rows: the output is not the table: {said}")
            runs[size][number] = (ours, drained, written)
            print(
                f"  round {number}  {found.rows:>10,} rows {ours.seconds:8.2f} s, drain "
                f"{drained.seconds:8.2f} s, {ours.peak_mb:.0f} MB",
                flush=True,
            )
    points = [_point(expected[size].rows, runs[size]) for size in sorted(sizes)]
    for point in points:
        point["plan"] = world.plan(data.database, point.pop("query"))
    return {
        "machine": machine.description(),
        "rounds": rounds,
        "points": points,
        "projection": _projection(points),
    }


def _window(world: World, data: Dataset, rows: int) -> Window:
    """From the table's first instant to the one that has about `rows` rows before it."""
    if rows >= data.rows:
        return data.window
    found = world.sql(
        data.database, f"SELECT update_at FROM {DELIVERY} ORDER BY update_at LIMIT 1 OFFSET {rows}"
    )
    end = found[0][0].replace(tzinfo=UTC)
    return Window(data.window.start, max(end, data.window.start + timedelta(seconds=1)))


def _point(rows: int, runs: dict[int, tuple[Measured, Measured, int]]) -> dict[str, Any]:
    ours = {number: run[0].seconds for number, run in runs.items()}
    drained = {number: run[1].seconds for number, run in runs.items()}
    last = runs[max(runs)]
    return {
        "rows": rows,
        "seconds": summary(list(ours.values())),
        "drain_seconds": summary(list(drained.values())),
        "of_drain": summary(ratios(drained, ours)),
        "microseconds_per_row": summary([value / rows * 1e6 for value in ours.values()]),
        "drain_microseconds_per_row": summary([value / rows * 1e6 for value in drained.values()]),
        "cpu": summary([run[0].user + run[0].system for run in runs.values()]),
        "peak_mb": summary([run[0].peak_mb for run in runs.values()]),
        "parquet_bytes": last[2],
        "query": last[0].extra["queries"][0],
        "wire_bytes": last[1].extra["bytes"],
        "memory": last[0].series(),
    }


def _projection(points: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """What larger tables would take at the measured slope, with the bytes and the memory they need."""
    fitted = [point for point in points if point["rows"] >= _FIT_FROM * 9 // 10]
    if len(fitted) < 2:
        return None
    rows = [point["rows"] for point in fitted]
    per_row, fixed = slope(rows, [point["seconds"]["median"] for point in fitted])
    largest = points[-1]
    return {
        "microseconds_per_row": per_row * 1e6,
        "fixed_seconds": fixed,
        "fitted_rows": rows,
        "tables": [
            {
                "rows": size,
                "seconds": fixed + per_row * size,
                "parquet_bytes": largest["parquet_bytes"] / largest["rows"] * size,
                "peak_mb": largest["peak_mb"]["median"],
            }
            for size in PROJECTED
        ],
    }
