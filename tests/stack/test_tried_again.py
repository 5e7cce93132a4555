"""What two processes do at once, and what a lock that is held too long does to a load."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import psycopg2
import pytest

from pipeline import DailyLoad
from pipeline.config.settings import settings
from pipeline.model.columns import Column
from pipeline.warehouse import catalog, schema_evolution
from pipeline.warehouse import connection as redshift
from pipeline.warehouse.sql import Relation
from pipeline.warehouse.table_sql import Layout
from tests.support.truths import assert_same, assert_tidy
from tests.support.world import World


def test_two_processes_add_one_column(world: World, monkeypatch: pytest.MonkeyPatch):
    world.query("CREATE TABLE {schema}.things (id INTEGER)")
    target = Relation(world.name, "things")
    columns = [
        Column("id", "int", True, "int32", "INTEGER", "id"),
        Column("v", "int", True, "int32", "INTEGER", "v"),
    ]
    spec = schema_evolution.TableSpec(target, columns, Layout())
    table_columns, once = catalog.table_columns, threading.local()
    both_have_looked = threading.Barrier(2, timeout=60)

    def looking(connection: redshift.Connection, table: Relation) -> dict[str, str]:
        found = table_columns(connection, table)
        if not hasattr(once, "looked"):
            once.looked = True
            both_have_looked.wait()
        return found

    def one(_: int) -> dict[str, str]:
        with redshift.connected(settings().warehouse) as connection:
            present = catalog.table_columns(connection, target)
            return dict(schema_evolution.evolve(connection, spec, present).types)

    monkeypatch.setattr(catalog, "table_columns", looking)
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(one, range(2))) == [{"id": "INTEGER", "v": "INTEGER"}] * 2


def test_a_lock_that_is_held_too_long_is_asked_for_again(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    table = world.create(
        "orders",
        "id INT PRIMARY KEY, at DATETIME NOT NULL, INDEX (at)",
        "VALUES (1, '2025-08-01 10:00'), (2, '2025-08-02 10:00')",
        cursor="at",
    )
    world.build(DailyLoad(date(2025, 8, 1), table=table))
    monkeypatch.setenv("REDSHIFT_STATEMENT_TIMEOUT", "3")
    world.forget()
    is_unlocked, timeouts = redshift._is_lock_timeout, []

    with redshift.connected(settings().warehouse) as other, other.cursor() as holder:
        holder.execute("BEGIN")
        holder.execute(f'LOCK TABLE "{world.name}"."orders"')

        def released(error: BaseException) -> bool:
            """The holder is done once the load has waited in vain."""
            if found := is_unlocked(error):
                timeouts.append(error)
                holder.execute("COMMIT")
            return found

        monkeypatch.setattr(redshift, "_is_lock_timeout", released)
        world.succeed(DailyLoad(date(2025, 8, 2), table=table))
    assert [type(error) for error in timeouts] == [psycopg2.errors.QueryCanceled]
    assert_same(world, "orders")
    assert_tidy(world, "orders")
