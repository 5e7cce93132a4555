"""Who runs against the raw drain: ours stage by stage, and the other tools, with how an output is checked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks import outputs
from benchmarks.children import Measured
from benchmarks.fingerprint import Fingerprint
from benchmarks.world import Place

DRAIN, PLAIN_DRAIN = "drain", "drain-plain"
Check = Callable[[Place, Measured], tuple[Fingerprint, int]]
"""Reads an output back: its fingerprint, and its bytes."""


def _files(here: Place, _: Measured) -> tuple[Fingerprint, int]:
    return outputs.of_files(here)


def _in_memory(_: Place, run: Measured) -> tuple[Fingerprint, int]:
    return Fingerprint(**run.extra["fingerprint"]), run.extra["bytes"]


def _bucket(below: str, *, header: bool = True) -> Check:
    return lambda here, _: outputs.of_bucket(here, below, header)


@dataclass(frozen=True)
class Contestant:
    """Who runs: module and arguments, the peers in their own virtual environment.

    `against` is which of ours brings the rows as far as a peer does; `once` runs in the first round alone.
    """

    name: str
    label: str
    module: str
    arguments: tuple[str, ...] = ()
    check: Check | None = None
    peer: bool = False
    against: str = ""
    once: bool = False


OURS = (
    Contestant(DRAIN, "raw drain of the socket", "ours", ("drain",)),
    Contestant(PLAIN_DRAIN, "raw drain of SELECT *, in no order", "ours", ("drain",)),
    Contestant("extract", "pipeline, MySQL → Parquet file", "ours", ("extract",), _files),
    Contestant("lake", "pipeline, MySQL → Parquet on S3", "ours", ("lake",), _bucket("lake/")),
    Contestant(
        "csv",
        "pipeline, MySQL → CSV on S3, ready for COPY",
        "ours",
        ("csv",),
        _bucket("csv/", header=False),
    ),
    Contestant(
        "loaded",
        "pipeline, MySQL → loaded, with views",
        "ours",
        ("loaded",),
        lambda here, _: outputs.of_warehouse(here),
        once=True,  # most of it is the warehouse stand-in, which is nobody's measure
    ),
)
BOUNDED = (DRAIN, "extract", "lake", "csv")
"""What the processors are asked about: whose CPU, the server's included, says how fast it can be."""
PEERS = (
    Contestant(
        "connectorx",
        "ConnectorX → Arrow in memory",
        "peers.connectorx_arrow",
        check=_in_memory,
        peer=True,
        against="extract",
    ),
    Contestant(
        "duckdb",
        "DuckDB MySQL scanner → Parquet file",
        "peers.duckdb_parquet",
        check=_files,
        peer=True,
        against="extract",
    ),
    Contestant(
        "dlt-connectorx",
        "dlt, ConnectorX → Parquet on S3",
        "peers.dlt_s3",
        ("connectorx",),
        _bucket("out/"),
        peer=True,
        against="lake",
    ),
    Contestant(
        "sling",
        "Sling → CSV on S3",
        "peers.sling_csv",
        check=_bucket("out"),
        peer=True,
        against="csv",
    ),
    Contestant(
        "dlt-pyarrow",
        "dlt, SQLAlchemy/pyarrow → Parquet on S3",
        "peers.dlt_s3",
        ("pyarrow",),
        _bucket("out/"),
        peer=True,
        against="lake",
    ),
    Contestant(
        "pandas",
        "PyMySQL + pandas → Parquet file",
        "peers.pandas_parquet",
        check=_files,
        peer=True,
        against="extract",
    ),
)
