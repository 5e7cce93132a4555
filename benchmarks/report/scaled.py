"""What a run costs by task, by table size, besides the rows, and by place in the code."""

from __future__ import annotations

from typing import Any

from benchmarks.report.markdown import megabytes, table
from benchmarks.rounds import spread
from benchmarks.targets import Results, contestant
from pipeline.steps.csv_rows import SIDE_BY_SIDE

_LARGEST = 6
"""Packages that are named of those that are imported."""


def stages(results: Results) -> str:
    """The whole chain by task."""
    runs = contestant(results, "loaded")["runs"]
    if not runs:
        raise KeyError("loaded")
    run = sorted(runs, key=lambda r: r["seconds"])[len(runs) // 2]
    inside = sum(run["stages"].values())
    rows = [(name, f"{seconds:.2f}") for name, seconds in run["stages"].items()]
    rows.append(("scheduling and all between", f"{run['seconds'] - inside:.2f}"))
    return table(("task", "seconds"), [*rows, ("together", f"{run['seconds']:.2f}")])


def growth(results: Results) -> str:
    """Seconds, memory and size over the number of rows."""
    rows = [
        (
            f"{point['rows']:,}",
            spread(point["seconds"]),
            spread(point["microseconds_per_row"], 1),
            spread(point["drain_microseconds_per_row"], 1),
            spread(point["of_drain"]),
            spread(point["peak_mb"], 0),
            megabytes(point["parquet_bytes"]),
            point["plan"],
        )
        for point in results["growth"]["points"]
    ]
    heads = (
        "rows",
        "seconds",
        "µs per row",
        "raw drain",
        "of the drain",
        "peak MiB",
        "Parquet MB",
        "plan",
    )
    return table(heads, rows)


def projection(results: Results) -> str:
    """What larger tables would take."""
    found = results["growth"]["projection"]
    if not found:
        raise KeyError("projection")
    rows = [
        (
            f"{each['rows']:,}",
            f"{each['seconds'] / 60:,.1f}",
            f"{each['parquet_bytes'] / 1e9:,.1f}",
            f"{each['peak_mb']:,.0f}",
        )
        for each in found["tables"]
    ]
    fitted = ", ".join(f"{rows:,}" for rows in found["fitted_rows"])
    said = (
        f"Projected, not measured: a straight line through {fitted} rows, "
        f"{found['microseconds_per_row']:.1f} µs a row and {found['fixed_seconds']:.2f} s besides."
    )
    heads = ("rows (projected)", "minutes", "Parquet GB", "peak MiB")
    return f"{said}\n\n{table(heads, rows)}"


def overhead(results: Results) -> str:
    """Seconds and S3 requests of what is not rows."""
    found = results["overhead"]
    tables, catch_up, again = found["tables"], found["catch_up"], found["catch_up"]["again"]
    between = catch_up["seconds"] - catch_up["in_tasks"]
    rows: list[tuple[str, str, str]] = [
        (
            f"nothing to do, {found['nothing']['days']} days × {tables} tables",
            spread(found["nothing"]["seconds"]),
            spread(found["nothing"]["requests"], 0),
        ),
        (
            "a fresh window of a small table, all tasks",
            spread(found["fresh"]["seconds"]),
            spread(found["fresh"]["requests"], 0),
        ),
        (
            f"catch-up, {catch_up['days']:,} days × {tables} tables, {catch_up['windows']} windows "
            f"missing; {between:.1f} s of it outside of tasks, {between / catch_up['windows']:.2f} a window",
            f"{catch_up['seconds']:.2f}",
            f"{catch_up['requests']:,}",
        ),
        ("the same again, nothing missing", f"{again['seconds']:.2f}", f"{again['requests']:,}"),
        ("`python -m pipeline status`, two windows a table", spread(found["fresh"]["status"]), "–"),
        *(
            (f"`python -m pipeline {name}`, {catch_up['days']:,} days", spread(seconds), "–")
            for name, seconds in found["commands"].items()
        ),
        ("decoder, compiled for the first time", f"{found['decoder']['cold']:.2f}", "–"),
        ("decoder, from the cache", f"{found['decoder']['warm']:.2f}", "–"),
    ]
    return table(("", "seconds, whole process", "S3 requests"), rows)


def imports(results: Results) -> str:
    """What the imports of one command take, in words."""
    found = results["overhead"]["imports"]
    largest = ", ".join(f"{name} {taken:.2f} s" for name, taken in list(found.items())[:_LARGEST])
    return f"{sum(found.values()):.2f} s by `python -X importtime`, of which {largest}."


def profile(results: Results) -> str:
    """The extraction's seconds by thread and place."""
    found = results["profile"]
    return _places(found, found["rows"], {"MainThread": "reading", "consume": "writing"})


def conversion_profile(results: Results) -> str:
    """The conversion's."""
    threads = {
        "MainThread": "handing over",
        "convert": f"converting, {SIDE_BY_SIDE} of them",
        "fetch": "opening",
        "store": "storing",
    }
    return _places(results["profile"]["conversion"], results["profile"]["rows"], threads)


def _places(found: dict[str, Any], count: int, threads: dict[str, str]) -> str:
    rows = [
        (
            threads.get(p["thread"], p["thread"]),
            p["place"],
            f"{p['seconds']:.2f}",
            f"{p['share']:.0%}",
        )
        for p in found["places"]
    ]
    said = (
        f"{count:,} rows in {found['seconds']:.2f} s ({found['unsampled_seconds']:.2f} s "
        f"without the sampler), {found['user'] + found['system']:.2f} s of CPU."
    )
    return f"{said}\n\n{table(('thread', 'where', 'seconds', 'of the time'), rows)}"
