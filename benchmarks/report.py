"""docs/benchmarks.md from the result files: every figure in it is read from one of them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from string import Template
from typing import Any

from benchmarks import peer_venv, targets
from benchmarks.children import ROOT
from benchmarks.rounds import spread
from benchmarks.targets import Results, contestant

NAMES = ("throughput", "bounds", "readers", "growth", "overhead", "conversion", "profile")
_TEMPLATE = Path(__file__).parent / "template.md"
_LONGEST_MESSAGE = 300


def write(folder: Path, page: Path) -> None:
    """Write plots beside the result files in `folder`, and the page that shows them."""
    results = read(folder)
    command = [str(peer_venv.PYTHON), "-m", "benchmarks.plots", str(folder.resolve())]
    if subprocess.run(command, cwd=ROOT, check=False).returncode:
        print("the plots could not be drawn; the page shows the last ones")
    parts = {name: _part(section, results) for name, section in SECTIONS.items()}
    text = Template(_TEMPLATE.read_text(encoding="utf-8")).substitute(parts, plots=folder.name)
    page.write_text(text, encoding="utf-8")
    print(f"wrote {page}")


def read(folder: Path) -> Results:
    """The result files that are there, by name."""
    files = {name: folder / f"{name}.json" for name in NAMES}
    return {n: json.loads(file.read_text()) for n, file in files.items() if file.exists()}


def _part(section: Callable[[Results], str], results: Results) -> str:
    try:
        return section(results)
    except KeyError:
        return "*Not measured yet.*"


def table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table; all columns but the first are set to the right."""
    lines = [headings, ["---", *["---:"] * (len(headings) - 1)], *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def _machine(results: Results) -> str:
    rows = []
    for name, result in results.items():
        told = result["machine"]
        commit = told["commit"] + (" and changes" if told["changed"] else "")
        place = f"{told['processor']}, {told['cores']} cores, {told['memory_gb']} GB"
        rows.append((name, told["date"], commit, place, told["system"], told["python"]))
    first: dict[str, Any] = next((result["machine"] for result in results.values()), {})
    versions = {**first.get("packages", {}), **first.get("peers", {})}
    listed = ", ".join(f"{name} {number}" for name, number in versions.items())
    heads = ("measured", "when", "commit", "machine", "system", "Python")
    return f"{table(heads, rows)}\n\n{listed}."


def _figures(results: Results) -> str:
    return table(("figure", "target", "measured", ""), targets.rows(results))


def _throughput(results: Results) -> str:
    return _contestants(results["throughput"])


def _readers(results: Results) -> str:
    return _contestants(results["readers"])


def _contestants(found: dict[str, Any]) -> str:
    rows = []
    for each in found["contestants"]:
        if not each["runs"]:
            rows.append((each["label"], *["–"] * 7))
            continue
        rows.append(
            (
                each["label"],
                f"{each['rows_per_second']['median']:,.0f}",
                spread(each["seconds"]),
                spread(each["of_drain"]),
                spread(each["cpu"], 1),
                f"{each['peak_mb']['median']:,.0f}",
                _mb(each["bytes"].get("median")),
                spread({"median": r, "min": r, "max": r}) if (r := _startup(each)) else "–",
            )
        )
    heads = ("", "rows/s", "seconds", "of the raw drain", "CPU s", "peak MiB", "MB", "start s")
    said = (
        f"{found['rows']:,} rows × 51 columns, {found['wire_bytes'] / 1e6:,.0f} MB on the wire, "
        f"rounds: {found['rounds']}. "
        f"The server's plan for the pipeline's statement (EXPLAIN): {found['plan']}."
    )
    refused = [f"- not installed: {name}: {why}" for name, why in found["not_installed"].items()]
    failures = _failures(found["contestants"]) + ["\n".join(refused)] * bool(refused)
    return "\n\n".join([said, table(heads, rows), *failures])


def _bounds(results: Results) -> str:
    """What the processors alone allow: all CPU of a run, the server's included, spread over every core."""
    cores = results["bounds"]["machine"]["cores"]
    drain = contestant(results, "drain", "bounds")["seconds"]["median"]
    rows = []
    for name in ("drain", "extract", "lake", "csv"):
        each = contestant(results, name, "bounds")
        own, server = each["cpu"]["median"], each["server"]["median"]
        least, took = (own + server) / cores, each["seconds"]["median"]
        rows.append(
            (
                each["label"],
                *(f"{value:.2f}" for value in (own, server, least, drain / least, took)),
                f"{least / took:.0%}",
            )
        )
    heads = ("", "CPU s", "server CPU s", "least seconds", "of the drain at most", "took s", "busy")
    said = f"{results['bounds']['rows']:,} rows, rounds: {results['bounds']['rounds']}."
    return f"{said}\n\n{table(heads, rows)}"


def _headroom(results: Results) -> str:
    """How many times faster than each peer the raw drain is: no reader over one connection is faster."""
    peers = [each for each in results["throughput"]["contestants"] if each["peer"] and each["runs"]]
    rows = [(each["label"], f"{1 / each['of_drain']['median']:.1f}") for each in peers]
    return table(("", "the raw drain is faster, times"), rows)


def _startup(each: dict[str, Any]) -> float:
    return float(sorted(run["startup"] for run in each["runs"])[len(each["runs"]) // 2])


def _failures(contestants: Iterable[dict[str, Any]]) -> list[str]:
    lines = [
        f"- {each['label']}: `{' '.join(each['error'].split())[-_LONGEST_MESSAGE:]}`"
        for each in contestants
        if each["error"]
    ]
    return ["What could not be measured:\n\n" + "\n".join(lines)] if lines else []


def _mb(size: float | None) -> str:
    return f"{size / 1e6:,.1f}" if size else "–"


def _stages(results: Results) -> str:
    runs = contestant(results, "loaded")["runs"]
    if not runs:
        raise KeyError("loaded")
    run = sorted(runs, key=lambda r: r["seconds"])[len(runs) // 2]
    inside = sum(run["stages"].values())
    rows = [(name, f"{seconds:.2f}") for name, seconds in run["stages"].items()]
    rows.append(("scheduling and all between", f"{run['seconds'] - inside:.2f}"))
    return table(("task", "seconds"), [*rows, ("together", f"{run['seconds']:.2f}")])


def _growth(results: Results) -> str:
    rows = [
        (
            f"{point['rows']:,}",
            spread(point["seconds"]),
            spread(point["microseconds_per_row"], 1),
            spread(point["drain_microseconds_per_row"], 1),
            spread(point["of_drain"]),
            spread(point["peak_mb"], 0),
            _mb(point["parquet_bytes"]),
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


def _projection(results: Results) -> str:
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


def _conversion(results: Results) -> str:
    found = results["conversion"]
    rows = [
        (
            each["label"],
            spread(each["seconds"]),
            spread(each["times_ours"], 1),
            f"{each['peak_mb'].get('median', 0):,.0f}",
            _mb(each["bytes"].get("median")),
        )
        for each in found["contestants"]
    ]
    heads = ("", "seconds", "times ours", "peak MiB", "MB")
    said = f"{found['rows']:,} rows, {_mb(found['parquet_bytes'])} MB of Parquet."
    return "\n\n".join([said, table(heads, rows), *_failures(found["contestants"])])


def _overhead(results: Results) -> str:
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


def _profile(results: Results) -> str:
    found = results["profile"]
    threads = {"MainThread": "reading", "consume": "writing"}
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
        f"{found['rows']:,} rows in {found['seconds']:.2f} s ({found['unsampled_seconds']:.2f} s "
        f"without the sampler), {found['user'] + found['system']:.2f} s of CPU."
    )
    return f"{said}\n\n{table(('thread', 'where', 'seconds', 'of the time'), rows)}"


SECTIONS: dict[str, Callable[[Results], str]] = {
    "figures": _figures,
    "throughput": _throughput,
    "bounds": _bounds,
    "headroom": _headroom,
    "readers": _readers,
    "stages": _stages,
    "growth": _growth,
    "projection": _projection,
    "conversion": _conversion,
    "overhead": _overhead,
    "profile": _profile,
    "machine": _machine,
}
