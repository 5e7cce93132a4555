"""What is MySQL's own, and not MariaDB's: how it is logged in to, and what it says of itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from pipeline.config.settings import Settings, settings
from pipeline.errors import SourceError
from pipeline.source import connection as mysql
from pipeline.source import window_closing
from tests.support.certificates import server_context
from tests.support.truths import assert_same, assert_tidy
from tests.support.waiting import until
from tests.support.world import World

pytestmark = pytest.mark.source("mysql")
LOAD = ("DailyLoad", "--date", "2025-08-01", "--table")


@pytest.fixture
def orders(world: World) -> str:
    return world.create(
        "orders",
        "id INT PRIMARY KEY, at DATETIME(3) NOT NULL, note TEXT",
        "VALUES (1, '2025-08-01 01:02:03.456', 'ä'), (2, '2025-08-01', NULL)",
        cursor="at",
    )


@contextmanager
def account(world: World, rule: str = "") -> Iterator[dict[str, str]]:
    """A reader that logs in by caching_sha2_password, unknown to the server's cache; its variables."""
    name, password = f"u{world.name[2:]}", "Geheim-1"
    world.sql(
        f"CREATE USER '{name}'@'127.0.0.1' IDENTIFIED WITH caching_sha2_password BY '{password}' {rule}",
        f"GRANT SELECT, SHOW VIEW, PROCESS, REPLICATION CLIENT ON *.* TO '{name}'@'127.0.0.1'",
    )
    yield {"DB_USER": name, "DB_PASSWORD": password}
    world.sql(f"DROP USER '{name}'@'127.0.0.1'")


@pytest.fixture(params=["TLS", "no TLS"])
def encrypted(world: World, request: pytest.FixtureRequest) -> Iterator[bool]:
    """Whether the server speaks TLS; PyMySQL uses it wherever it does."""
    if request.param == "TLS":
        yield True
        return
    # A version that there is not: TLS is off from here on, since nothing is rolled back.
    world.sql("SET GLOBAL tls_version = ''", "ALTER INSTANCE RELOAD TLS NO ROLLBACK ON ERROR")
    yield False
    world.sql("SET GLOBAL tls_version = 'TLSv1.2,TLSv1.3'", "ALTER INSTANCE RELOAD TLS")


def test_a_new_account_logs_in_with_and_without_tls(world: World, orders: str, encrypted: bool):
    """Its password goes there whole, as the server's cache has no digest of it yet: by TLS, or by RSA."""
    with account(world) as login:
        source = Settings({**world.environment, **login}, {}).source
        with mysql.connected(source) as connection, connection.cursor() as cursor:
            cursor.execute("SHOW STATUS LIKE 'Ssl_cipher'")
            ((_, cipher),) = cursor.fetchall()
        world.luigi(*LOAD, orders, **login)
    assert bool(cipher) is encrypted
    assert_same(world, "orders")
    assert_tidy(world, "orders")


def test_with_a_ca_the_servers_certificate_must_be_of_it(world: World, orders: str):
    ca = world.stack.source.data / "ca.pem"  # MySQL makes its own when its data are made
    server_context(world.folder)
    with account(world, "REQUIRE SSL") as login:
        refused = world.luigi(
            *LOAD, orders, check=42, DB_SSL_CA=str(world.folder / "server.pem"), **login
        )
        assert "certificate verify failed" in refused.stdout
        assert world.lake_keys() == []
        world.luigi(*LOAD, orders, DB_SSL_CA=str(ca), **login)
    assert_same(world, "orders")


def test_with_a_ca_a_server_without_tls_is_refused(world: World, orders: str, encrypted: bool):
    ca = world.stack.source.data / "ca.pem"
    out = world.luigi(*LOAD, orders, check=0 if encrypted else 42, DB_SSL_CA=str(ca)).stdout
    assert encrypted or "SSL" in out


def test_the_clock_and_the_open_transactions_of_mysql_are_read(world: World, orders: str):
    with mysql.connected(settings().source) as reading:
        before = window_closing.closed_until(reading, 0)
        writing = world.source()
        with writing.cursor() as cursor:
            cursor.execute("INSERT INTO orders VALUES (3, '2025-08-01', 'open')")
            until(lambda: mysql.clock(reading) > before, "the server's clock does not go on")
            held = window_closing.closed_until(reading, 0)
            # the clock goes on, what is closed does not
            until(
                lambda: (mysql.clock(reading) - held).total_seconds() >= 3,
                "the server's clock does not go on",
            )
            assert (window_closing.closed_until(reading, 0) - held).total_seconds() < 2
        writing.rollback()
        writing.close()
        assert window_closing.closed_until(reading, 0) > held


def test_a_replica_of_mysql_that_stands_still_closes_no_window(world: World):
    world.sql("CHANGE REPLICATION SOURCE TO SOURCE_HOST = '127.0.0.1', SOURCE_PORT = 1")
    try:
        with (
            mysql.connected(settings().source) as connection,
            pytest.raises(SourceError, match="does not replicate"),
        ):
            window_closing.closed_until(connection, 0)
    finally:
        world.sql("RESET REPLICA ALL")


def test_a_table_in_the_default_collation_keeps_what_it_tells_apart(world: World):
    """utf8mb4_0900_ai_ci overlooks case and accents, and sees trailing blanks."""
    table = world.create(
        "words",
        "w VARCHAR(64) COLLATE utf8mb4_0900_ai_ci PRIMARY KEY, n INT, at DATETIME",
        "VALUES ('straße', 1, '2025-08-01'), ('Résumé', 2, '2025-08-01'),"
        " ('a', 3, '2025-08-01'), ('a ', 4, '2025-08-01'),"
        " ('🚚', 5, '2025-08-01'), ('🚛', 6, '2025-08-01')",
        cursor="at",
    )
    world.luigi(*LOAD, table)
    world.sql(
        "UPDATE words SET n = n + 10, at = '2025-08-02' WHERE w IN ('STRASSE', 'resume', 'a ')"
    )
    world.luigi("DailyLoad", "--date", "2025-08-02", "--table", table)
    assert_same(world, "words")
    assert_tidy(world, "words")
