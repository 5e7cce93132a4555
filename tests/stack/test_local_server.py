"""A source whose operating system is in local time: its clock goes back, and in winter it says GMT."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone

import pytest

from devstack import lifecycle
from devstack.mariadb import MariaDB
from devstack.ports import HOST
from pipeline.config.settings import Source
from pipeline.source import connection as mysql
from pipeline.source import window_closing
from tests import promises

UTC = timezone.utc


@dataclass(frozen=True)
class InLondon(MariaDB):
    """A server in London, where the clock goes back on the last Sunday of October, 01:00 UTC."""

    def process_environment(self) -> dict[str, str]:
        return {"TZ": "GMT0BST,M3.5.0/1,M10.5.0/2"}


@pytest.fixture(scope="module")
def london(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InLondon]:
    server = InLondon.new(tmp_path_factory.mktemp("london"))
    try:
        lifecycle.start(server)
        yield server
    finally:
        lifecycle.stop(server.directory)


@pytest.fixture
def connection(london: InLondon) -> Iterator[mysql.Connection]:
    user = london.environment()["DB_USER"]
    source = Source(host=HOST, port=london.port, user=user, password=london.password)
    with mysql.connected(source) as connection:
        yield connection


@promises.LATE_COMMIT
@pytest.mark.parametrize(
    ("now", "by_local_time", "age"),
    [
        ("2025-10-26 01:20:00", 600, 4200),  # begun at 01:10, the first or the second time
        ("2025-10-26 01:05:00", -2700, 900),  # begun at 01:50, the first time
        ("2025-10-26 00:59:00", 600, 600),
        ("2025-10-26 02:10:00", 600, 600),  # begun at 02:00, which comes once
        ("2025-10-26 06:00:00", 21_600, 25_200),  # begun at 00:00 of summer, seven hours ago
        ("2025-03-30 01:20:00", 5400, 5400),  # forward: too early at worst
        ("2025-07-01 12:00:00", 7, 7),
        ("2025-12-01 12:00:00", 7, 7),
    ],
)
def test_a_transaction_begun_before_the_clock_went_back_is_as_old_as_it_is(
    connection: mysql.Connection, now: str, by_local_time: int, age: int
):
    instant = datetime.fromisoformat(now).replace(tzinfo=UTC)
    connection.cursor().execute(f"SET timestamp = {instant.timestamp():.0f}")
    assert mysql.clock(connection) == instant
    assert window_closing._with_clock_setback(connection, by_local_time) == age


@pytest.mark.parametrize(
    ("zone", "says"), [("SYSTEM", "SYSTEM, "), ("+00:00", "UTC"), ("+01:00", "+01:00")]
)
def test_a_zone_is_utc_if_it_is_so_in_winter_and_in_summer(
    london: InLondon, connection: mysql.Connection, zone: str, says: str
):
    with london.connect(root=True) as root, root.cursor() as cursor:
        cursor.execute(f"SET GLOBAL time_zone = '{zone}'")
        try:
            assert mysql.zone(connection).startswith(says)
        finally:
            cursor.execute("SET GLOBAL time_zone = 'SYSTEM'")
