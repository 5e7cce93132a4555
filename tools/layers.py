"""The rooms of `pipeline/`, floor by floor: the one layer table, which README and CONTRIBUTING show.

`tests/test_layers.py` holds the rules, `make docs` writes the table between the marks of both pages.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

BEGIN, END = "<!-- layers: written by `make docs` -->", "<!-- /layers -->"


@dataclass(frozen=True)
class Room:
    """A folder or a module of `pipeline/`, what it holds, and the libraries it alone may import."""

    name: str
    holds: str
    alone_imports: tuple[str, ...] = ()


# Bottom to top. A room may import itself and the floors below; never another room of its floor.
FLOORS: tuple[tuple[Room, ...], ...] = (
    (Room("version", "the version"), Room("errors", "error classes, and the exit status of each")),
    (Room("run", "the shared state of the processes of one run"),),
    (
        Room(
            "model", "values without I/O: window, cursors, columns and the type map, markers, names"
        ),
    ),
    (
        Room(
            "config",
            "the only reader of settings (`luigi.cfg`, `.env`, the environment) and table definitions",
            ("dotenv", "pydantic_core"),
        ),
        Room("codec", "bytes ↔ Arrow, compiled", ("llvmlite", "numba")),
    ),
    (
        Room("policies", "handling of values that Parquet or Redshift cannot hold"),
        Room(
            "net",
            "SSH tunnel, retry policy, circuit breaker",
            ("cryptography", "paramiko", "sshtunnel", "tenacity"),
        ),
        Room("spool", "rows on the local disk, between MySQL and S3"),
    ),
    (
        Room("source", "MySQL: sessions, SQL, open transactions, the row stream", ("pymysql",)),
        Room(
            "lake",
            "S3: every key, every object: Parquet, CSV, markers, quarantine",
            ("boto3", "botocore", "mypy_boto3_s3"),
        ),
    ),
    (Room("warehouse", "Redshift: sessions, SQL, ledger, COPY, load modes, views", ("psycopg2",)),),
    (Room("comparison", "source, lake and warehouse by row counts and checksums"),),
    (Room("steps", "one step a module: plan, extract, upload, convert, load, refresh, verify"),),
    (Room("tasks", "Luigi wiring", ("luigi",)),),
    (Room("cli", "`python -m pipeline …`, one module a command"),),
    (Room("__main__", "the entry point of `python -m pipeline`"),),
)


def rooms() -> Iterable[Room]:
    """Every room, from the ground floor up."""
    return (room for floor in FLOORS for room in floor)


def table() -> str:
    """The layer table in Markdown, from the top floor down."""
    lines = ["| floor | room | holds | alone imports |", "|---:|---|---|---|"]
    for number, floor in reversed(list(enumerate(FLOORS, 1))):
        for room in floor:
            if room.name.startswith("__"):
                continue
            libraries = ", ".join(f"`{name}`" for name in room.alone_imports)
            lines.append(f"| {number} | `{room.name}` | {room.holds} | {libraries} |")
    return "\n".join(lines)


def with_table(page: str) -> str:
    """A page with the table between its marks; raises ValueError for a page without them."""
    head, found, rest = page.partition(BEGIN)
    _, closed, tail = rest.partition(END)
    if not (found and closed):
        raise ValueError(f"the page has no {BEGIN} … {END}")
    return f"{head}{BEGIN}\n{table()}\n{END}{tail}"
