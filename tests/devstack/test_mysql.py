"""A real MySQL instead of MariaDB; not fetched for a test run."""

from collections.abc import Iterator

import pytest

from devstack import mysql
from devstack.seed import mutate_settlement, seed_settlement
from devstack.seed.tables import DELIVERY
from devstack.stack import Stack, running_stack

pytestmark = pytest.mark.skipif(
    not mysql.is_available(),
    reason="no MySQL server available; `python -m devstack up --server mysql` fetches one",
)


@pytest.fixture(scope="module")
def mysql_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running_stack(tmp_path_factory.mktemp("mysql"), server="mysql", redshift=False) as stack:
        yield stack


def test_the_pipelines_account_uses_mysqls_own_authentication(mysql_stack: Stack) -> None:
    with mysql_stack.source.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT VERSION(), plugin FROM mysql.user WHERE user = 'pipeline'")
        version, plugin = cursor.fetchone() or ("", "")
    assert "MariaDB" not in version
    assert plugin == "caching_sha2_password"


def test_settlement_data_is_the_same_as_on_mariadb(mysql_stack: Stack, small_stack: Stack) -> None:
    assert _summary(mysql_stack) == _summary(small_stack)


def _summary(stack: Stack) -> tuple[object, ...]:
    with stack.source.connect(root=True, database=None) as connection:
        cursor = connection.cursor()
        cursor.execute("CREATE DATABASE compared CHARACTER SET utf8mb4")
        connection.select_db("compared")
        seed_settlement(connection, days=2, rows=5000)
        mutate_settlement(connection, rows=100)
        cursor.execute(
            "SELECT COUNT(*), SUM(CRC32(CONCAT_WS('|', ID, update_at, scanned_at, net_price,"
            f" latest_status, status_note, remarks, order_id, receiver_name))) FROM {DELIVERY}"
        )
        return cursor.fetchone() or ()
