"""The pipeline against the raw drain and against other tools, and what bounds it."""

from __future__ import annotations

from typing import Any

from benchmarks.contestants import BOUNDED, DRAIN, PEERS
from benchmarks.report.markdown import failures, megabytes, table
from benchmarks.rounds import ratios, spread, summary
from benchmarks.targets import Results, contestant, least_seconds, of_rounds

_FAR = {"extract": "Parquet file", "lake": "Parquet on S3", "csv": "CSV on S3"}


def throughput(results: Results) -> str:
    """Everybody's pace, processors and memory."""
    return _contestants(results["throughput"])


def readers(results: Results) -> str:
    """The same of those who only read."""
    return _contestants(results["readers"])


def against(results: Results) -> str:
    """Of each peer: how much faster the pipeline is, the drain, and what the rows cost the processors."""
    found = results["throughput"]
    rows = []
    for peer in (each for each in PEERS if each.against):
        theirs = contestant(results, peer.name)
        ours, drain = contestant(results, peer.against), contestant(results, DRAIN)
        if not theirs["runs"] or not ours["runs"]:
            continue
        seconds, cpu = of_rounds(theirs, "seconds"), of_rounds(theirs, "user", "system")
        own_cpu = of_rounds(ours, "user", "system")
        rows.append(
            (
                peer.label,
                _FAR[peer.against],
                spread(summary(ratios(seconds, of_rounds(ours, "seconds"))), 1),
                spread(summary(ratios(seconds, of_rounds(drain, "seconds"))), 1),
                spread(summary(ratios(cpu, own_cpu)), 1),
                *(f"{each['cpu']['median'] / found['rows'] * 1e6:.1f}" for each in (theirs, ours)),
            )
        )
    heads = (
        *("against", "to", "times as fast", "the drain itself", "times less CPU"),
        *("its CPU µs a row", "ours"),
    )
    return table(heads, rows)


def bounds(results: Results) -> str:
    """What the processors alone allow: all CPU of a run, the servers' included, spread over every core."""
    drain = contestant(results, DRAIN, "bounds")["seconds"]["median"]
    rows = []
    for name in BOUNDED:
        each = contestant(results, name, "bounds")
        own, server = each["cpu"]["median"], each["server"]["median"]
        least, took = least_seconds(results, name), each["seconds"]["median"]
        rows.append(
            (
                each["label"],
                *(f"{value:.2f}" for value in (own, server, least, drain / least, took)),
                f"{least / took:.0%}",
            )
        )
    heads = (
        "",
        "CPU s",
        "servers' CPU s",
        "least seconds",
        "of the drain at most",
        "took s",
        "busy",
    )
    said = f"{results['bounds']['rows']:,} rows, rounds: {results['bounds']['rounds']}."
    return f"{said}\n\n{table(heads, rows)}"


def bounded_tasks(results: Results) -> str:
    """The same rows' seconds by task, from the run to CSV that took the middle time, beside the drain's."""
    runs = contestant(results, "csv", "bounds")["runs"]
    if not runs:
        raise KeyError("csv")
    run = sorted(runs, key=lambda r: r["seconds"])[len(runs) // 2]
    drain = contestant(results, DRAIN, "bounds")["seconds"]["median"]
    spent = {**run["stages"], "all between": run["seconds"] - sum(run["stages"].values())}
    rows = [(name, f"{taken:.2f}", f"{taken / drain:.2f}") for name, taken in spent.items()]
    rows.append(("together", f"{run['seconds']:.2f}", f"{run['seconds'] / drain:.2f}"))
    return table(("task", "seconds", "times the drain's"), rows)


def conversion(results: Results) -> str:
    """Parquet to CSV, ours and others."""
    found = results["conversion"]
    rows = [
        (
            each["label"],
            spread(each["seconds"]),
            spread(each["times_ours"], 1),
            f"{each['peak_mb'].get('median', 0):,.0f}",
            megabytes(each["bytes"].get("median")),
        )
        for each in found["contestants"]
    ]
    heads = ("", "seconds", "times ours", "peak MiB", "MB")
    said = f"{found['rows']:,} rows, {megabytes(found['parquet_bytes'])} MB of Parquet."
    return "\n\n".join([said, table(heads, rows), *failures(found["contestants"])])


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
                megabytes(each["bytes"].get("median")),
                f"{_startup(each):.2f}",
            )
        )
    heads = ("", "rows/s", "seconds", "of the raw drain", "CPU s", "peak MiB", "MB", "start s")
    said = (
        f"{found['rows']:,} rows × 51 columns, {found['wire_bytes'] / 1e6:,.0f} MB on the wire, "
        f"rounds: {found['rounds']}. "
        f"The server's plan for the pipeline's statement (EXPLAIN): {found['plan']}."
    )
    refused = [f"- not installed: {name}: {why}" for name, why in found["not_installed"].items()]
    paragraphs = [*failures(found["contestants"]), *(["\n".join(refused)] if refused else [])]
    return "\n\n".join([said, table(heads, rows), *paragraphs])


def _startup(each: dict[str, Any]) -> float:
    return float(sorted(run["startup"] for run in each["runs"])[len(each["runs"]) // 2])
