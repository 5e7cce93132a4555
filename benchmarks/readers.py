"""Those who read rows from MySQL, by themselves: the raw drain, our decoder, and the drivers of others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmarks import throughput
from benchmarks.children import ChildFailed, Measured
from benchmarks.contestants import DRAIN, OURS, PEERS, Contestant
from benchmarks.fingerprint import Fingerprint
from benchmarks.world import Dataset, Place, World


def _counted(here: Place, run: Measured) -> tuple[Fingerprint, int]:
    """For rows that nobody kept: as many as there are, which says nothing of what is in them."""
    expected = here.world.expected(here.data, here.window)
    if run.extra["rows"] != expected.rows:
        raise ChildFailed(f"{run.extra['rows']} rows came instead of {expected.rows}")
    return expected, run.extra.get("bytes", 0)


READERS = (
    *(each for each in OURS if each.name == DRAIN),
    Contestant("decode", "pipeline, decoded to Arrow and dropped", "ours", ("decode",), _counted),
    *(each for each in OURS if each.name == "extract"),
    *(each for each in PEERS if each.name == "connectorx"),
    Contestant(
        "duckdb-arrow",
        "DuckDB MySQL scanner → Arrow, dropped",
        "peers.duckdb_arrow",
        check=_counted,
        peer=True,
    ),
    Contestant(
        "connector-raw",
        "MySQL Connector/Python in C, raw tuples",
        "peers.connector_raw",
        check=_counted,
        peer=True,
    ),
    Contestant(
        "pymysql", "PyMySQL SSCursor, rows", "peers.pymysql_rows", check=_counted, peer=True
    ),
)


def measure(world: World, data: Dataset, rounds: int, *, peers: bool) -> Any:
    """All in turn, round after round, as `throughput` does it."""
    chosen: Sequence[Contestant] = [each for each in READERS if peers or not each.peer]
    return throughput.measure(world, data, chosen, rounds)
