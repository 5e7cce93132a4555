"""Changes of settlement data as on a working day: statuses advance, events arrive."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from pymysql.connections import Connection
from pymysql.cursors import Cursor

from devstack.errors import StackError
from devstack.seed.tables import CLAIM, DELIVERY

_BATCH = 1000  # keys in one statement

# The changes of one call are within the hour after `@at`, a session variable.
_MOMENT = "TIMESTAMPADD(SECOND, ID % 3600, CAST(@at AS DATETIME))"


@dataclass(frozen=True)
class _Kind:
    """The changes of rows of one table: SQL expressions by column."""

    table: str
    change: dict[str, str]
    addition: dict[str, str]  # columns of a new row that differ from its original


_DELIVERIES = _Kind(
    DELIVERY,
    change={
        "latest_status": "ELT(1 + ID % 3, 'DELIVERED', 'RETURNED', 'OUT_FOR_DELIVERY')",
        "net_price": "net_price + 1.2500",
        "update_at": _MOMENT,
    },
    addition={
        "latest_status": "'RETURNED'",
        "event_seq": "event_seq + 1",
        "create_at": _MOMENT,
        "update_at": _MOMENT,
    },
)
_CLAIMS = _Kind(
    CLAIM,
    change={
        "claim_status": "ELT(1 + ID % 2, 'PAID', 'REJECTED')",
        "approved_amount": "claim_amount",
        "update_at": _MOMENT,
    },
    addition={
        "claim_no": "CONCAT(claim_no, '-2')",
        "claim_status": "'OPEN'",
        "create_at": _MOMENT,
        "update_at": _MOMENT,
    },
)


@dataclass(frozen=True)
class Changes:
    """The numbers of changed rows of one table."""

    updated: int
    inserted: int


def mutate_settlement(
    connection: "Connection[Cursor]",
    *,
    rows: int,
    at: datetime | None = None,
    random_seed: int = 1,
) -> dict[str, Changes]:
    """Update `rows` delivery events and insert a tenth as many; a fifth of both for claims.

    New events belong to existing parcels. Every changed row gets an `update_at` within the hour after `at`
    (UTC; by default an hour after the newest change of the table). The same call on the same data makes
    the same changes.

    Raises:
        StackError: `rows` is not positive, or a table is missing or empty.
    """
    if rows < 1:
        raise StackError(f"cannot change {rows} rows: give at least one")
    chance = np.random.default_rng(random_seed & 0xFFFF_FFFF)
    with connection.cursor() as cursor:
        cursor.execute("SET time_zone = '+00:00'")
        done = {
            kind.table: _change(cursor, kind, count, at, chance)
            for kind, count in ((_DELIVERIES, rows), (_CLAIMS, max(1, rows // 5)))
        }
    connection.commit()
    return done


def _change(
    cursor: Cursor, kind: _Kind, count: int, at: datetime | None, chance: np.random.Generator
) -> Changes:
    largest, newest = _extent(cursor, kind.table)
    cursor.execute("SET @at = %s", (at or newest + timedelta(hours=1),))
    keys = np.sort(chance.choice(largest, min(count, largest), replace=False) + 1).tolist()
    # Copied first: an addition is based on the state before this call.
    inserted = sum(_copy(cursor, kind, batch) for batch in _batches(keys[::10]))
    updated = sum(_update(cursor, kind, batch) for batch in _batches(keys))
    return Changes(updated, inserted)


def _extent(cursor: Cursor, table: str) -> tuple[int, datetime]:
    """The largest key and the latest change."""
    cursor.execute("SHOW TABLES LIKE %s", (table,))
    if cursor.fetchone():
        cursor.execute(f"SELECT MAX(ID), MAX(update_at) FROM {table}")
        largest, newest = cursor.fetchone() or (None, None)
        if largest is not None:
            return int(largest), newest
    raise StackError(f"{table} has no rows: run `python -m devstack seed` first")


def _update(cursor: Cursor, kind: _Kind, keys: Sequence[int]) -> int:
    assignments = ", ".join(f"{column} = {value}" for column, value in kind.change.items())
    return cursor.execute(f"UPDATE {kind.table} SET {assignments} WHERE ID IN ({_listed(keys)})")


def _copy(cursor: Cursor, kind: _Kind, keys: Sequence[int]) -> int:
    cursor.execute(f"SHOW COLUMNS FROM {kind.table}")
    columns = [row[0] for row in cursor.fetchall() if row[0] != "ID"]
    values = [kind.addition.get(column, column) for column in columns]
    return cursor.execute(
        f"INSERT INTO {kind.table} ({', '.join(columns)}) SELECT {', '.join(values)} "
        f"FROM {kind.table} WHERE ID IN ({_listed(keys)}) ORDER BY ID"
    )


def _batches(keys: list[int]) -> Iterator[list[int]]:
    for first in range(0, len(keys), _BATCH):
        yield keys[first : first + _BATCH]


def _listed(keys: Sequence[int]) -> str:
    return ", ".join(map(str, keys))
