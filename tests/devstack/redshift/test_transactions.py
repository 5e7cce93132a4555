"""Transactions, locks, conflicts, cancellation."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg2
import psycopg2.errors
import pytest
from psycopg2.extensions import TRANSACTION_STATUS_IDLE

from devstack.redshift.server import RedshiftStandIn
from tests.devstack.redshift.conftest import PASSWORD, Lake, Warehouse, another
from tests.support.waiting import until


def test_what_is_rolled_back_never_was(transaction: Warehouse) -> None:
    transaction.run("CREATE TABLE t (a int)")
    transaction.run("INSERT INTO t VALUES (1)")
    transaction.connection.rollback()
    assert transaction.refused("SELECT * FROM t").pgcode == "42P01"


def test_a_copy_is_rolled_back_with_its_transaction(transaction: Warehouse) -> None:
    transaction.run("CREATE TABLE t (a int)")
    transaction.connection.commit()
    transaction.copy("t", b"1\n2\n")
    assert transaction.run("SELECT count(*) FROM t") == [(2,)]
    transaction.connection.rollback()
    assert transaction.run("SELECT count(*) FROM t") == [(0,)]


def test_after_an_error_the_block_takes_nothing_but_its_end(transaction: Warehouse) -> None:
    with pytest.raises(psycopg2.Error):
        transaction.run("SELECT 1/0")
    with pytest.raises(psycopg2.errors.InFailedSqlTransaction):
        transaction.run("SELECT 1")
    transaction.connection.rollback()
    assert transaction.run("SELECT 1") == [(1,)]


def test_a_refusal_by_the_proxy_fails_the_block_too(transaction: Warehouse) -> None:
    transaction.run("CREATE TABLE t (a int)")
    with pytest.raises(psycopg2.Error):
        transaction.run("CREATE INDEX i ON t (a)")
    with pytest.raises(psycopg2.errors.InFailedSqlTransaction):
        transaction.run("COPY t FROM 's3://b/k' IAM_ROLE default CSV")


def test_truncate_commits_the_transaction_that_it_runs_in(transaction: Warehouse) -> None:
    """Documentation: "TRUNCATE"."""
    transaction.run("CREATE TABLE t (a int)")
    transaction.run("INSERT INTO t VALUES (1)")
    transaction.run("TRUNCATE t")
    assert transaction.connection.info.transaction_status == TRANSACTION_STATUS_IDLE
    transaction.connection.rollback()
    assert transaction.run("SELECT count(*) FROM t") == [(0,)]


def test_readers_see_the_snapshot_of_their_transaction(
    transaction: Warehouse, warehouse: Warehouse
) -> None:
    """Documentation: "Isolation levels in Amazon Redshift"."""
    warehouse.run("CREATE TABLE t (a int)")
    assert transaction.run("SELECT count(*) FROM t") == [(0,)]
    warehouse.run("INSERT INTO t VALUES (1)")
    assert transaction.run("SELECT count(*) FROM t") == [(0,)]
    transaction.connection.commit()
    assert transaction.run("SELECT count(*) FROM t") == [(1,)]


def test_a_write_conflict_is_error_1023(transaction: Warehouse, warehouse: Warehouse) -> None:
    """Documentation: "Serializable isolation"; the wording from public issue trackers."""
    warehouse.run("CREATE TABLE t (a int)")
    warehouse.run("INSERT INTO t VALUES (1)")
    assert transaction.run("SELECT a FROM t") == [(1,)]
    warehouse.run("UPDATE t SET a = 2")
    error = transaction.refused("UPDATE t SET a = 3")
    assert isinstance(error, psycopg2.errors.InternalError_)
    assert error.pgcode == "XX000"
    assert "1023" in str(error)
    assert "Serializable isolation violation on table" in str(error)


def test_lock_as_the_first_statement_sees_what_the_other_committed(
    connect: Callable[..., Any], schema: str, lake: Lake
) -> None:
    """Documentation: "LOCK"."""
    first, second = (another(connect, schema, lake) for _ in range(2))
    first.run("CREATE TABLE t (a int)")
    first.connection.commit()
    first.run("LOCK t")
    waiting = threading.Thread(target=second.run, args=("LOCK TABLE t",))
    waiting.start()
    first.run("INSERT INTO t VALUES (1)")
    assert waiting.is_alive()
    first.connection.commit()
    waiting.join(30)
    assert second.run("SELECT a FROM t") == [(1,)]
    second.run("UPDATE t SET a = 2")  # no conflict: the snapshot came after the lock


def test_copies_into_one_table_wait_for_each_other(
    connect: Callable[..., Any], schema: str, lake: Lake
) -> None:
    """Documentation: "Managing concurrent write operations"."""
    first, second = (another(connect, schema, lake) for _ in range(2))
    first.run("CREATE TABLE t (a int)")
    first.connection.commit()
    first.copy("t", b"1\n")
    waiting = threading.Thread(target=second.copy, args=("t", b"2\n"))
    waiting.start()
    waiting.join(0.3)
    assert waiting.is_alive()
    first.connection.commit()
    waiting.join(30)
    assert second.run("SELECT count(*) FROM t") == [(2,)]


def test_a_client_that_is_gone_has_its_transaction_rolled_back(
    transaction: Warehouse, warehouse: Warehouse
) -> None:
    warehouse.run("CREATE TABLE t (a int)")
    transaction.run("LOCK t")
    transaction.connection.close()
    warehouse.run("SET statement_timeout TO 20000")
    warehouse.run("INSERT INTO t VALUES (1)")


@contextmanager
def cancelled_once_it_waits(waiting: Warehouse, observer: Warehouse) -> Iterator[None]:
    """Cancel what `waiting` does in this block as soon as `observer` sees it wait for a lock."""

    def cancel() -> None:
        # else the block ends by the server's own statement timeout
        until(
            lambda: observer.run("SELECT 1 FROM pg_locks WHERE NOT granted"),
            "nothing waits",
            timeout=30,
        )
        waiting.connection.cancel()

    waiting.run("SET statement_timeout TO 60000")
    thread = threading.Thread(target=cancel)
    thread.start()
    yield
    thread.join()


@pytest.mark.local
def test_a_statement_can_be_cancelled(warehouse: Warehouse, transaction: Warehouse) -> None:
    warehouse.run("CREATE TABLE t (a int)")
    transaction.run("LOCK t")
    with cancelled_once_it_waits(warehouse, transaction):
        assert warehouse.refused("SELECT * FROM t").pgcode == "57014"


def test_cancel_ends_what_another_session_runs(
    warehouse: Warehouse, transaction: Warehouse, connect: Callable[..., Any]
) -> None:
    """Documentation: "CANCEL"."""
    warehouse.run("CREATE TABLE t (a int)")
    transaction.run("LOCK t")
    ((process,),) = warehouse.run("SELECT pg_backend_pid()")
    errors: list[psycopg2.Error] = []
    waiting = threading.Thread(target=lambda: errors.append(warehouse.refused("SELECT * FROM t")))
    waiting.start()
    other = connect().cursor()

    def is_cancelled() -> bool:
        other.execute(f"CANCEL {process}")  # in vain while the other has not begun to wait
        waiting.join(0.1)
        return not waiting.is_alive()

    until(is_cancelled, "the statement is not cancelled")
    assert errors[0].pgcode == "57014"
    assert "cancelled on user's request" in str(errors[0])


def test_cancel_of_no_session_is_refused(warehouse: Warehouse) -> None:
    """Documentation: "CANCEL"."""
    assert "Session 1 does not exist" in str(warehouse.refused("CANCEL 1 'no such'"))


def test_statement_timeout_ends_a_wait(warehouse: Warehouse, transaction: Warehouse) -> None:
    """Documentation: "statement_timeout", in milliseconds."""
    warehouse.run("CREATE TABLE t (a int)")
    transaction.run("LOCK t")
    warehouse.run("SET statement_timeout TO 100")
    assert warehouse.refused("SELECT * FROM t").pgcode == "57014"


@pytest.mark.local
def test_a_copy_can_be_cancelled_while_it_waits(
    warehouse: Warehouse, transaction: Warehouse
) -> None:
    warehouse.run("CREATE TABLE t (a int)")
    transaction.run("LOCK t")
    with (
        cancelled_once_it_waits(warehouse, transaction),
        pytest.raises(psycopg2.errors.QueryCanceled),
    ):
        warehouse.copy("t", b"1\n")


def test_several_statements_in_one_query_are_one_transaction(warehouse: Warehouse) -> None:
    warehouse.run("CREATE TABLE t (a int)")
    warehouse.refused("INSERT INTO t VALUES (1); SELECT 1/0")
    assert warehouse.run("SELECT count(*) FROM t") == [(0,)]
    warehouse.run("INSERT INTO t VALUES (1); INSERT INTO t VALUES (2)")
    assert warehouse.run("SELECT count(*) FROM t") == [(2,)]


@pytest.mark.local
def test_every_isolation_level_is_accepted_and_means_the_same(transaction: Warehouse) -> None:
    """Documentation: "BEGIN"."""
    for level in ("READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE", "READ UNCOMMITTED"):
        transaction.run(f"BEGIN ISOLATION LEVEL {level}")
        assert transaction.run("SHOW transaction_isolation") == [("repeatable read",)]
        transaction.connection.rollback()


def test_a_serializable_database_refuses_a_write_skew(tmp_path_factory: Any) -> None:
    """Documentation: "Serializable isolation"; two transactions read what the other writes."""
    with RedshiftStandIn(
        tmp_path_factory.mktemp("serializable"), password=PASSWORD, isolation="serializable"
    ) as server:

        def session() -> Any:
            return psycopg2.connect(
                host="127.0.0.1", port=server.port, user="awsuser", password=PASSWORD, dbname="dev"
            ).cursor()

        one, two = session(), session()
        one.execute("CREATE TABLE a (x int); CREATE TABLE b (x int)")
        one.connection.commit()
        one.execute("INSERT INTO a SELECT count(*) FROM b")
        two.execute("INSERT INTO b SELECT count(*) FROM a")
        one.connection.commit()
        with pytest.raises(psycopg2.errors.InternalError_, match="Serializable isolation"):
            two.connection.commit()


@pytest.mark.parametrize("command", ["VACUUM t", "ALTER TABLE t ALTER COLUMN s TYPE varchar(9)"])
def test_some_commands_cannot_run_within_a_block(transaction: Warehouse, command: str) -> None:
    """Documentation: "VACUUM", "ALTER TABLE"."""
    transaction.run("CREATE TABLE t (s varchar(3))")
    error = transaction.refused(command)
    assert error.pgcode == "25001"
    assert "cannot run inside a transaction block" in str(error)
