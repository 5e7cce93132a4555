"""Create the settlement tables and fill them."""

import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timezone
from pathlib import Path

import numpy as np
import pyarrow as pa
from pymysql.connections import Connection
from pymysql.cursors import Cursor

from devstack.errors import StackError
from devstack.seed import texts
from devstack.seed.chance import Chance
from devstack.seed.claims import ROWS_PER_CLAIM, claim_columns, partner_columns
from devstack.seed.deliveries import Deliveries
from devstack.seed.tables import CLAIM, DEFINITIONS, DELIVERY, PARTNER
from devstack.seed.texts import Int64s
from devstack.seed.timeline import SECOND, Timeline

_BLOCK_ROWS = 25_000  # about 20 MB of the wide table

Columns = dict[str, pa.Array]


def seed_settlement(
    connection: "Connection[Cursor]",
    *,
    days: int,
    rows: int,
    start: date = date(2025, 8, 1),
    random_seed: int = 1,
) -> dict[str, int]:
    """Replace the settlement tables of the connection's database by generated ones.

    `rows` delivery events and a fifth as many claims are spread over `days` days from `start`, in
    UTC. The same arguments make the same rows.

    Returns:
        The number of rows of each table.

    Raises:
        StackError: `rows` or `days` is not positive, or the server changed a value.
    """
    if days < 1 or rows < 1:
        raise StackError(f"cannot generate {rows} rows over {days} days: give at least one of each")
    begin = int(datetime(start.year, start.month, start.day, tzinfo=timezone.utc).timestamp())
    chance = Chance(random_seed)
    events = Timeline(begin * SECOND, days, rows)
    claims = Timeline(begin * SECOND, days, max(1, rows // ROWS_PER_CLAIM))
    with connection.cursor() as cursor:
        cursor.execute("SET time_zone = '+00:00'")  # the zone of TIMESTAMP values in the file
        for name, definition in DEFINITIONS.items():
            cursor.execute(f"DROP TABLE IF EXISTS {name}")
            cursor.execute(definition)
    return {
        DELIVERY: _fill(
            connection, DELIVERY, rows, lambda row: Deliveries(events, chance, row).columns()
        ),
        CLAIM: _fill(
            connection, CLAIM, claims.rows, lambda row: claim_columns(events, claims, chance, row)
        ),
        PARTNER: _load(connection, PARTNER, partner_columns(chance, events.start)),
    }


def _fill(
    connection: "Connection[Cursor]", table: str, rows: int, make: Callable[[Int64s], Columns]
) -> int:
    """Load `rows` rows in blocks; the next block is generated while the server reads the last."""
    with ThreadPoolExecutor(1) as maker:
        blocks = iter(_blocks(rows))
        coming = maker.submit(make, next(blocks))
        loaded = 0
        for block in blocks:
            columns, coming = coming.result(), maker.submit(make, block)
            loaded += _load(connection, table, columns)
        return loaded + _load(connection, table, coming.result())


def _blocks(rows: int) -> Iterator[Int64s]:
    for first in range(0, rows, _BLOCK_ROWS):
        yield np.arange(first, min(first + _BLOCK_ROWS, rows), dtype=np.int64)


def _load(connection: "Connection[Cursor]", table: str, columns: Columns) -> int:
    with tempfile.TemporaryDirectory(prefix="devstack-seed-") as folder:
        path = Path(folder) / table
        path.write_bytes(texts.rows(list(columns.values())))
        with connection.cursor() as cursor:
            loaded = cursor.execute(
                f"LOAD DATA LOCAL INFILE %s INTO TABLE {table} CHARACTER SET utf8mb4 "
                f"({', '.join(columns)})",
                (str(path),),
            )
            # LOCAL turns errors into warnings: a value out of range would be truncated silently.
            cursor.execute("SHOW WARNINGS LIMIT 3")
            warnings = cursor.fetchall()
    connection.commit()
    if warnings:
        raise StackError(f"{table}: the server changed values: {warnings}")
    return loaded
