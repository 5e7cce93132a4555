"""The figures to reach, and what the result files say of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from benchmarks.contestants import DRAIN
from benchmarks.rounds import Summary, ratios, spread, summary

Results = dict[str, Any]
"""The result files by name, those that exist."""

PREDECESSOR = 0.035
"""Share of the raw drain that the tool before this one reached; it is not part of the runs here."""
_MILLION = 1_000_000
_SIZE_ROWS = 300_000
_YEAR = 365


@dataclass(frozen=True)
class Figure:
    """One figure: at least or at most `limit`, and how it is read from the results."""

    name: str
    limit: float
    at_least: bool
    read: Callable[[Results], Summary]
    unit: str = ""
    digits: int = 2
    most: Callable[[Results], Summary] | None = None
    """What can be reached at all, where the figure is a ratio that the drain or the processors bound."""

    @property
    def target(self) -> str:
        """The limit in words."""
        return f"{'≥' if self.at_least else '≤'} {self.limit:g}{self.unit}"

    def row(self, results: Results) -> tuple[str, str, str, str, str]:
        """Name, target, measured, what can be reached at all, reached or not."""
        found, most = (_found(read, results) for read in (self.read, self.most))
        at_most = spread(most, self.digits)
        if not found:
            return self.name, self.target, "not measured", at_most, "–"
        value = found["median"]
        reached = value >= self.limit if self.at_least else value <= self.limit
        measured = f"{spread(found, self.digits)}{self.unit}"
        said = "reached" if reached else "**not reached**"
        return self.name, self.target, measured, at_most, said


def _found(read: Callable[[Results], Summary] | None, results: Results) -> Summary:
    """What is read; nothing where it was not measured."""
    try:
        return read(results) if read else {}
    except KeyError:
        return {}


def contestant(results: Results, name: str, file: str = "throughput") -> dict[str, Any]:
    """One contestant's results; KeyError when it did not run."""
    return {c["name"]: dict(c) for c in results[file]["contestants"]}[name]


def of_rounds(contestant: dict[str, Any], *names: str) -> dict[int, float]:
    """One figure of each of a contestant's rounds, or the sum of several."""
    return {run["round"]: sum(run[name] for name in names) for run in contestant["runs"]}


def least_seconds(results: Results, name: str) -> float:
    """What a run takes at least: all its CPU, the servers' included, spread over every core."""
    each = contestant(results, name, "bounds")
    cpu = each["cpu"]["median"] + each["server"]["median"]
    return float(cpu / results["bounds"]["machine"]["cores"])


def _of_drain(name: str, limit: float, ours: str) -> Figure:
    """A share of the raw drain, which the processors bound."""

    def most(results: Results) -> Summary:
        drain = contestant(results, DRAIN, "bounds")["seconds"]["median"]
        return summary([drain / least_seconds(results, ours)])

    def read(results: Results) -> Summary:
        return dict(contestant(results, ours, "bounds")["of_drain"])

    return Figure(name, limit, True, read, most=most)


def _faster(ours: str, peer: str) -> Callable[[Results], Summary]:
    def read(results: Results) -> Summary:
        theirs, own = (of_rounds(contestant(results, n), "seconds") for n in (peer, ours))
        return summary(ratios(theirs, own))

    return read


def _against_predecessor(results: Results) -> Summary:
    found = contestant(results, "lake")["of_drain"]
    return {name: value / PREDECESSOR for name, value in found.items()}


def _large(results: Results) -> list[dict[str, Any]]:
    """The tables of a million rows and more."""
    found = [p for p in results["growth"]["points"] if p["rows"] >= _MILLION * 99 // 100]
    return found if len(found) > 1 else []


def _peak(results: Results) -> Summary:
    """The greatest of all."""
    return summary([max(p["peak_mb"]["max"] for p in found)]) if (found := _large(results)) else {}


def _worst(values: list[float]) -> Summary:
    """How far the greatest is above the least, as a share."""
    return summary([max(values) / min(values) - 1]) if values else {}


def _peak_growth(results: Results) -> Summary:
    return _worst([point["peak_mb"]["median"] for point in _large(results)])


def _time_growth(results: Results) -> Summary:
    return _worst([point["microseconds_per_row"]["median"] for point in _large(results)])


def _size(results: Results) -> Summary:
    """Of the compared table, brought to exactly 300,000 rows."""
    written = contestant(results, "extract")["bytes"]["median"]
    return summary([written / results["throughput"]["rows"] * _SIZE_ROWS / 1e6])


def _overhead(*path: str) -> Callable[[Results], Summary]:
    """Read from the overheads; nothing where they were measured over fewer days than the figure names."""

    def read(results: Results) -> Summary:
        found = results["overhead"]
        if path[0] != "fresh" and found["nothing"]["days"] < _YEAR:
            return {}
        for step in path:
            found = found[step]
        return dict(found)

    return read


def _conversion(results: Results) -> Summary:
    return dict(contestant(results, "pandas", "conversion")["times_ours"])


def _against(name: str, limit: float, ours: str, peer: str, digits: int = 2) -> Figure:
    """A ratio to a peer: no reader over one connection is faster than the drain."""
    most = _faster(DRAIN, peer)
    return Figure(name, limit, True, _faster(ours, peer), digits=digits, most=most)


FIGURES = (
    _of_drain("extract → Parquet, of the raw drain", 0.80, "extract"),
    _of_drain("→ CSV on S3 ready for COPY, of the raw drain", 0.50, "csv"),
    _against("→ Parquet on S3, against dlt + ConnectorX", 2.5, "lake", "dlt-connectorx"),
    _against("→ CSV on S3, against Sling", 6, "csv", "sling"),
    _against("→ Parquet file, against PyMySQL + pandas", 12, "extract", "pandas", 1),
    Figure(
        "→ Parquet on S3, against the tool before this one ¹",
        *(20, True, _against_predecessor, "", 1, lambda _: summary([1 / PREDECESSOR])),
    ),
    Figure("peak memory of the extraction, 1M rows and more", 400, False, _peak, " MiB", 0),
    Figure("the same for all sizes from 1M rows, within", 0.10, False, _peak_growth),
    Figure("time per row the same from 1M rows, within", 0.10, False, _time_growth),
    Figure("Parquet size of 300,000 rows", 30, False, _size, " MB", 1),
    Figure("Parquet → CSV.zst, against pandas.to_csv + gzip", 12, True, _conversion, "", 1),
    Figure(
        "nothing to do, 365 days × 6 tables: seconds",
        *(3, False, _overhead("nothing", "seconds"), " s"),
    ),
    Figure("the same: S3 requests", 20, False, _overhead("nothing", "requests"), "", 0),
    Figure(
        "a fresh window of a small table: S3 requests",
        *(40, False, _overhead("fresh", "requests"), "", 0),
    ),
    Figure("`python -m pipeline --help`", 1, False, _overhead("commands", "--help"), " s"),
    Figure(
        "`python -m pipeline status`, two windows a table",
        *(1, False, _overhead("fresh", "status"), " s"),
    ),
    Figure("the same, three years of six tables", 1, False, _overhead("commands", "status"), " s"),
)


def rows(results: Results) -> Iterator[tuple[str, str, str, str, str]]:
    """Every figure's line of the report."""
    return (figure.row(results) for figure in FIGURES)
