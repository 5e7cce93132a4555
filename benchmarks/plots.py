"""The plots of docs/benchmarks.md, from its result files; matplotlib stands in `.venv-bench`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("svg")
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.ticker import StrMethodFormatter

OURS, LIMIT, PEER = "#2f6f9f", "#8a8a8a", "#c98b3a"
_STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "benchmarks",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
}
Result = dict[str, Any]


def main() -> None:
    """Draw whatever the result files of a folder allow."""
    folder = Path(sys.argv[1])
    plt.rcParams.update(_STYLE)
    for name, (file, draw) in PLOTS.items():
        source = folder / f"{file}.json"
        result = json.loads(source.read_text()) if source.exists() else {}
        _save(folder / f"{name}.svg", draw, result)


def _save(target: Path, draw: Callable[[Result], bool], result: Result) -> None:
    """Draw and save; no file for a plot that has nothing to show, nor for what could not be measured."""
    drawn = bool(result) and "error" not in result and draw(result)
    if drawn:
        plt.savefig(target, bbox_inches="tight", metadata={"Date": None})
    plt.close("all")
    if not drawn:
        target.unlink(missing_ok=True)


def _colour(each: Result) -> str:
    return PEER if each["peer"] else LIMIT if each["name"].startswith("drain") else OURS


def _bars(axes: Axes, shown: list[Result], key: str, digits: int) -> None:
    middle = [each[key]["median"] for each in shown]
    low = [each[key]["median"] - each[key]["min"] for each in shown]
    high = [each[key]["max"] - each[key]["median"] for each in shown]
    labels = [each["label"] for each in shown]
    colours = [_colour(each) for each in shown]
    axes.barh(labels, middle, xerr=[low, high], color=colours, error_kw={"elinewidth": 1})
    for place, (value, more) in enumerate(zip(middle, high, strict=True)):
        axes.annotate(
            f"{value:,.{digits}f}",
            (value + more, place),
            (4, 0),
            textcoords="offset points",
            va="center",
        )
    axes.invert_yaxis()
    axes.xaxis.set_major_formatter(StrMethodFormatter(f"{{x:,.{min(digits, 1)}f}}"))


def stages(result: Result) -> bool:
    """Ours stage by stage, as shares of the raw drain."""
    shown = [c for c in result["contestants"] if not c["peer"] and c["of_drain"]]
    _, axes = plt.subplots(figsize=(7, 0.4 * len(shown) + 0.8))
    _bars(axes, shown, "of_drain", 2)
    axes.set_xlabel("of the raw drain (1 = as fast as the server sends)")
    return bool(shown)


def peers(result: Result) -> bool:
    """Everybody's rows per second, the fastest first."""
    shown = [c for c in result["contestants"] if c["rows_per_second"]]
    shown.sort(key=lambda c: -c["rows_per_second"]["median"])
    _, axes = plt.subplots(figsize=(7, 0.32 * len(shown) + 0.8))
    _bars(axes, shown, "rows_per_second", 0)
    axes.set_xlabel(f"rows per second ({result['rows']:,} rows × 51 columns)")
    return bool(shown)


def end_to_end(result: Result) -> bool:
    """One run's seconds by task, in the order they were first spent."""
    runs = next((c["runs"] for c in result["contestants"] if c["name"] == "loaded"), [])
    if not runs:
        return False
    run = sorted(runs, key=lambda r: r["seconds"])[len(runs) // 2]
    parts = dict(run["stages"])
    parts["between"] = run["seconds"] - sum(parts.values())
    _, axes = plt.subplots(figsize=(7, 1.3))
    left = 0.0
    for (name, seconds), shade in zip(parts.items(), plt.cm.tab10.colors, strict=False):
        axes.barh([""], seconds, left=left, color=shade, label=f"{name} {seconds:.1f} s")
        left += seconds
    axes.legend(ncols=3, frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.35))
    axes.set_xlabel(f"seconds for {result['rows']:,} rows")
    return True


def growth(result: Result) -> bool:
    """Microseconds per row over the size of the table."""
    points = result["points"]
    rows = [point["rows"] for point in points]
    _, axes = plt.subplots(figsize=(7, 3))
    for key, label, colour in (
        ("microseconds_per_row", "extract → Parquet", OURS),
        ("drain_microseconds_per_row", "raw drain", LIMIT),
    ):
        axes.plot(rows, [p[key]["median"] for p in points], "o-", color=colour, label=label)
        low, high = ([p[key][end] for p in points] for end in ("min", "max"))
        axes.fill_between(rows, low, high, color=colour, alpha=0.2, linewidth=0)
    axes.set_xscale("log")
    axes.set_ylim(bottom=0)
    axes.set_xlabel("rows")
    axes.set_ylabel("µs per row")
    axes.legend(frameon=False)
    return True


def memory(result: Result) -> bool:
    """Resident memory while a table of about a million rows and the largest are extracted."""
    points = result["points"]
    near = min(points, key=lambda p: abs(p["rows"] - 1_000_000))
    shown = [near] if near is points[-1] else [near, points[-1]]
    _, all_axes = plt.subplots(1, len(shown), figsize=(7, 2.6), sharey=True, squeeze=False)
    for axes, point in zip(all_axes[0], shown, strict=True):
        axes.plot(*zip(*point["memory"], strict=True), color=OURS, linewidth=1)
        axes.set_title(f"{point['rows']:,} rows", fontsize=9)
        axes.set_xlabel("seconds since the process started")
        axes.set_ylim(bottom=0)
    all_axes[0][0].set_ylabel("resident MiB")
    return True


PLOTS: dict[str, tuple[str, Callable[[Result], bool]]] = {
    "stages": ("throughput", stages),
    "peers": ("throughput", peers),
    "end_to_end": ("throughput", end_to_end),
    "growth": ("growth", growth),
    "memory": ("growth", memory),
}

if __name__ == "__main__":
    main()
