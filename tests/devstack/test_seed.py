from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import pytest

from devstack.errors import StackError
from devstack.seed import mutate_settlement, pools, seed_settlement
from devstack.seed.tables import CLAIM, DELIVERY, PARTNER
from devstack.stack import Stack

ROWS, DAYS = 30_000, 3  # more than one block
TABLES = (DELIVERY, CLAIM, PARTNER)


class Source:
    """Questions to the source."""

    def __init__(self, stack: Stack) -> None:
        self.connection = stack.source.connect(root=True)

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        with self.connection.cursor() as cursor:
            cursor.execute(sql, values)
            return list(cursor.fetchall())

    def value(self, sql: str, *values: object) -> Any:
        return self.rows(sql, *values)[0][0]

    def checksums(self) -> list[tuple[str, int]]:
        return [(name, number) for name, number in self.rows(f"CHECKSUM TABLE {', '.join(TABLES)}")]


@pytest.fixture
def source(small_stack: Stack) -> Iterator[Source]:
    source = Source(small_stack)
    yield source
    source.connection.close()


@pytest.fixture
def seeded(source: Source) -> Source:
    seed_settlement(source.connection, days=DAYS, rows=ROWS)
    return source


@pytest.fixture(scope="module")
def untouched(small_stack: Stack) -> Iterator[Source]:
    """Seeded once, in a database of its own, for tests that only look."""
    source = Source(small_stack)
    source.rows("CREATE DATABASE untouched CHARACTER SET utf8mb4")
    source.connection.select_db("untouched")
    counts = seed_settlement(source.connection, days=DAYS, rows=ROWS)
    assert counts == {DELIVERY: ROWS, CLAIM: ROWS // 5, PARTNER: pools.PARTNERS}
    yield source
    source.connection.close()


def test_tables_hold_what_is_reported(untouched: Source) -> None:
    counts = [untouched.value(f"SELECT COUNT(*) FROM {table}") for table in TABLES]
    assert counts == [ROWS, ROWS // 5, pools.PARTNERS]


def test_tables_have_their_columns(untouched: Source) -> None:
    columns = [len(untouched.rows(f"SHOW COLUMNS FROM {table}")) for table in TABLES]
    assert columns == [51, 18, 12]


@pytest.mark.parametrize("table", [DELIVERY, CLAIM])
def test_rows_are_spread_over_the_days_and_none_is_outside(untouched: Source, table: str) -> None:
    first, last = untouched.rows(f"SELECT MIN(update_at), MAX(update_at) FROM {table}")[0]
    assert first == datetime(2025, 8, 1)
    assert datetime(2025, 8, 3, 23) < last < datetime(2025, 8, 4)
    per_day = [
        n for _, n in untouched.rows(f"SELECT DATE(update_at), COUNT(*) FROM {table} GROUP BY 1")
    ]
    assert len(per_day) == DAYS
    assert min(per_day) > 0.8 * max(per_day)


def test_days_have_busy_and_quiet_hours(untouched: Source) -> None:
    hours = dict(untouched.rows(f"SELECT HOUR(create_at), COUNT(*) FROM {DELIVERY} GROUP BY 1"))
    assert len(hours) == 24
    assert max(hours.values()) > 8 * min(hours.values())


def test_some_rows_lie_exactly_on_a_midnight(untouched: Source) -> None:
    midnights = untouched.rows(
        f"SELECT DISTINCT update_at FROM {DELIVERY} WHERE TIME(update_at) = '00:00:00'"
    )
    assert {at for (at,) in midnights} == {datetime(2025, 8, day) for day in (1, 2, 3)}


def test_a_parcel_has_several_events_one_after_the_other(untouched: Source) -> None:
    backwards = untouched.value(
        "SELECT COUNT(*) FROM (SELECT update_at <= LAG(update_at) OVER"
        f" (PARTITION BY ant_parcel_no ORDER BY event_seq) AS back FROM {DELIVERY}) event"
        " WHERE back"
    )
    parcels, several, days = untouched.rows(
        "SELECT COUNT(*), SUM(events > 1), SUM(days > 1) FROM (SELECT COUNT(*) events,"
        f" COUNT(DISTINCT DATE(update_at)) days FROM {DELIVERY} GROUP BY ant_parcel_no) parcel"
    )[0]
    assert backwards == 0
    assert several > parcels / 2
    assert days > parcels / 4


def test_rows_are_updated_after_they_were_created(untouched: Source) -> None:
    updated = untouched.value(f"SELECT SUM(update_at > create_at) FROM {DELIVERY}")
    assert ROWS / 10 < updated < ROWS / 2
    assert untouched.value(f"SELECT SUM(update_at < create_at) FROM {DELIVERY}") == 0


@pytest.mark.parametrize("column", ["status_note", "remarks"])
def test_every_awkward_text_is_there_unchanged(untouched: Source, column: str) -> None:
    # By bytes: to the column's collation, 'null' and 'NULL' are the same.
    question = f"SELECT {column} FROM {DELIVERY} GROUP BY BINARY {column}"
    found = {text for (text,) in untouched.rows(question)}
    assert set(pools.AWKWARD) <= found


def test_numbers_reach_the_edges_of_their_types(untouched: Source) -> None:
    edges = untouched.rows(
        "SELECT MAX(order_id) > 18446744073709000000, MAX(origin_station_id) > 4294966000,"
        " MIN(net_price) < 0, MAX(is_returned) = 2, MIN(temperature_c) = -128,"
        f" SUM(MICROSECOND(scanned_at) > 0) > 0, MAX(customer_id) > 9007199254740993 FROM {DELIVERY}"
    )
    assert edges == [(1,) * 7]


def test_claims_are_about_delivered_parcels(untouched: Source) -> None:
    strangers = untouched.value(
        f"SELECT COUNT(*) FROM {CLAIM} c WHERE NOT EXISTS"
        f" (SELECT 1 FROM {DELIVERY} d WHERE d.ID = (c.ID - 1) * 5 + 1"
        " AND d.ant_parcel_no = c.ant_parcel_no AND d.partner_id = c.partner_id)"
    )
    assert strangers == 0


def test_the_same_seed_makes_the_same_rows_and_another_does_not(seeded: Source) -> None:
    first = seeded.checksums()
    seed_settlement(seeded.connection, days=DAYS, rows=ROWS)
    assert seeded.checksums() == first
    seed_settlement(seeded.connection, days=DAYS, rows=ROWS, random_seed=2)
    assert not set(seeded.checksums()) & set(first)


def test_changes_move_rows_to_the_hour_after(seeded: Source) -> None:
    done = mutate_settlement(seeded.connection, rows=1000, at=datetime(2025, 8, 8, 3))
    assert (done[DELIVERY].updated, done[DELIVERY].inserted) == (1000, 100)
    assert (done[CLAIM].updated, done[CLAIM].inserted) == (200, 20)
    counts = [
        seeded.value(
            f"SELECT COUNT(*) FROM {table} WHERE update_at >= '2025-08-08 03:00:00'"
            " AND update_at < '2025-08-08 04:00:00'"
        )
        for table in (DELIVERY, CLAIM)
    ]
    assert counts == [1100, 220]
    assert seeded.value(f"SELECT COUNT(*) FROM {DELIVERY}") == ROWS + 100


def test_changes_are_reproducible_and_later_than_all_before(seeded: Source) -> None:
    mutate_settlement(seeded.connection, rows=500)
    first, newest = seeded.checksums(), seeded.value(f"SELECT MAX(update_at) FROM {DELIVERY}")
    assert newest > datetime(2025, 8, 4)
    seed_settlement(seeded.connection, days=DAYS, rows=ROWS)
    mutate_settlement(seeded.connection, rows=500)
    assert seeded.checksums() == first


@pytest.mark.parametrize(("days", "rows"), [(1, 1), (60, 10), (2, 100)])
def test_small_seeds_stay_within_their_days(source: Source, days: int, rows: int) -> None:
    counts = seed_settlement(source.connection, days=days, rows=rows, start=date(2024, 2, 28))
    assert counts[DELIVERY] == rows
    outside = source.value(
        f"SELECT COUNT(*) FROM {DELIVERY} WHERE update_at < '2024-02-28'"
        " OR update_at >= DATE_ADD('2024-02-28', INTERVAL %s DAY)",
        days,
    )
    assert outside == 0


def test_nothing_cannot_be_seeded(source: Source) -> None:
    with pytest.raises(StackError, match="at least one"):
        seed_settlement(source.connection, days=1, rows=0)


def test_changing_an_empty_database_says_what_to_do(source: Source) -> None:
    source.rows("CREATE DATABASE empty")
    source.connection.select_db("empty")
    with pytest.raises(StackError, match="run `python -m devstack seed` first"):
        mutate_settlement(source.connection, rows=1)
