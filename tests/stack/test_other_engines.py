"""Tables without snapshots, and tables and views that cannot be read: named with their own reason."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

import pytest

from pipeline import DailyLoad
from pipeline.config.settings import settings
from pipeline.config.yaml_loader import table_named
from pipeline.errors import DataError, SourceError
from pipeline.model.span import Span
from pipeline.model.table_name import TableName
from pipeline.source import connection as mysql
from pipeline.source import sql as mysql_sql
from pipeline.source.replicated_table import replicated_table
from pipeline.steps import extract
from tests.support.world import World

DAY = date(2025, 8, 1)
ENGINES = ["MyISAM", "MEMORY", "Aria", "CSV"]


@contextmanager
def written_between_count_and_read(
    world: World, monkeypatch: pytest.MonkeyPatch, times: int
) -> Iterator[list[int]]:
    """A row is added to `notes` after each of the first counts."""
    before, written = extract.read_batches, list[int]()

    def writing(*arguments: object, **options: object) -> object:
        if len(written) < times:
            written.append(len(written) + 10)
            world.sql(f"INSERT INTO notes VALUES ({written[-1]}, 'new')")
        return before(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(extract, "read_batches", writing)
    yield written


@pytest.fixture(params=ENGINES)
def notes(request: pytest.FixtureRequest, world: World) -> str:
    """A table of an engine without snapshots."""
    if request.param == "Aria" and world.stack.source.kind == "mysql":
        pytest.skip("Aria is MariaDB's")
    key = "" if request.param == "CSV" else ", PRIMARY KEY (id)"
    world.sql(
        f"CREATE TABLE notes (id INT NOT NULL, note VARCHAR(20) NOT NULL{key}) ENGINE = {request.param}",
        "INSERT INTO notes VALUES (1, 'a'), (2, 'b')",
    )
    return world.define("notes", cursor_type="full")


def test_a_table_without_snapshots_that_was_written_is_read_again(
    world: World, notes: str, monkeypatch: pytest.MonkeyPatch
):
    with written_between_count_and_read(world, monkeypatch, times=2):
        world.load_days(notes, DAY)
    assert world.loaded("notes", "id") == [(1,), (2,), (10,), (11,)]


def test_a_table_without_snapshots_that_is_written_all_the_time_is_refused_with_its_engine(
    world: World, notes: str, monkeypatch: pytest.MonkeyPatch
):
    ((engine,),) = world.sql(
        f"SELECT ENGINE FROM information_schema.tables WHERE TABLE_SCHEMA = '{world.name}'"
    )
    with written_between_count_and_read(world, monkeypatch, times=100) as written:
        error = world.failure(DailyLoad(date=DAY, table=notes))
    assert len(written) == extract.MAX_LOSSES
    assert isinstance(error, DataError)
    assert f"{notes} changed while it was read: 6 rows counted, 7 read" in str(error)
    assert f"its engine {engine} has no snapshots" in error.why
    assert "ENGINE = InnoDB" in error.todo
    for misleading in ("None", "CHECK TABLE", "snapshot counts"):
        assert misleading not in str(error)


def test_check_says_which_engine_has_no_snapshots(world: World, notes: str):
    assert "has no snapshots" in world.pipeline("check").stdout


def test_the_engine_is_known_for_partitions_and_merged_tables(world: World):
    world.sql(
        "CREATE TABLE part (id INT NOT NULL, note INT) ENGINE = MyISAM",
        "CREATE TABLE merged (id INT NOT NULL, note INT) ENGINE = MERGE UNION = (part)",
        "CREATE VIEW seen AS SELECT * FROM part",
    )
    expected = {
        "part": "its engine MyISAM",
        "merged": "its engine MRG_MyISAM",
        "seen": "it is a view",
    }
    with mysql.connected(settings().source) as connection:
        for name, reason in expected.items():
            table = table_named(
                settings().run.configs, world.define(name, cursor_type="full"), world.name
            )
            source = replicated_table(connection, table, None)
            assert source.without_snapshots.lower().startswith(reason.lower())


def test_a_view_gets_no_advice_to_create_an_index(world: World, caplog: pytest.LogCaptureFixture):
    world.sql(
        "CREATE TABLE orders (id INT PRIMARY KEY, at DATETIME NOT NULL)",
        "INSERT INTO orders VALUES (1, '2025-08-01 10:00:00')",
        "CREATE VIEW sold AS SELECT * FROM orders",
    )
    sold = world.define("sold", cursor="at", key=["id"])
    world.load_days(sold, DAY)
    assert world.loaded("sold", "id") == [(1,)]
    assert "ADD INDEX" not in caplog.text
    out = world.pipeline("check").stdout
    assert "ADD INDEX" not in out
    assert "2 columns, key id, cursor at" in out


BROKEN = {
    "dropped table": ("CREATE VIEW broken AS SELECT * FROM base", "DROP TABLE base"),
    "dropped column": (
        "CREATE VIEW broken AS SELECT id, at FROM base",
        "ALTER TABLE base DROP COLUMN at",
    ),
    "view on a broken view": (
        "CREATE VIEW inner_view AS SELECT * FROM base",
        "CREATE VIEW broken AS SELECT * FROM inner_view",
        "DROP TABLE base",
    ),
    "missing definer": (
        "CREATE USER 'd{0}'@'127.0.0.1'",
        "GRANT SELECT ON {0}.* TO 'd{0}'@'127.0.0.1'",
        "CREATE DEFINER = 'd{0}'@'127.0.0.1' VIEW broken AS SELECT * FROM base",
        "DROP USER 'd{0}'@'127.0.0.1'",
    ),
    "definer without rights": (
        "CREATE USER IF NOT EXISTS 'poor'@'127.0.0.1'",
        "CREATE DEFINER = 'poor'@'127.0.0.1' VIEW broken AS SELECT * FROM base",
    ),
    "merged table without its parts": (
        "CREATE TABLE part (id INT NOT NULL, at DATETIME NOT NULL) ENGINE = MyISAM",
        "CREATE TABLE broken (id INT NOT NULL, at DATETIME NOT NULL) ENGINE = MERGE UNION = (part)",
        "DROP TABLE part",
    ),
}


@pytest.mark.parametrize("statements", BROKEN.values(), ids=BROKEN)
def test_a_view_or_table_that_nobody_can_read_is_refused_with_its_own_error(
    world: World, statements: tuple[str, ...]
):
    world.sql("CREATE TABLE base (id INT PRIMARY KEY, at DATETIME NOT NULL)")
    world.sql(*(statement.format(world.name) for statement in statements))
    broken = world.define("broken", cursor="at", key=["id"])
    whole = world.create("whole", "id INT PRIMARY KEY", "VALUES (1)", cursor_type="full")
    error = world.failure(DailyLoad(date=DAY, table=broken))
    assert isinstance(error, SourceError)
    assert f"{broken} cannot be read" in str(error)
    assert error.why
    assert broken in error.where
    out = world.pipeline("check", check=42).stdout
    assert f"{broken} cannot be read" in out
    assert f"ok      {whole}" in out
    for text in (str(error), out):
        for misleading in ("DB_PASSWORD", "GRANT SELECT on", "has no table", "refused the login"):
            assert misleading not in text


def test_a_view_that_breaks_after_it_was_planned_is_named(world: World):
    world.sql(
        "CREATE TABLE base (id INT PRIMARY KEY)",
        "CREATE VIEW late AS SELECT * FROM base",
        "DROP TABLE base",
    )
    query = mysql_sql.count_rows(TableName(world.name, "late"), Span())
    with (
        pytest.raises(SourceError, match="a view cannot be read") as caught,
        mysql.connected(settings().source) as connection,
    ):
        mysql.scalar(connection, query)
    assert f"{world.name}.late" in caught.value.why
