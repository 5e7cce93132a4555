"""A column changes in the source: the warehouse follows where that is safe, or says what to run."""

import re
from datetime import date
from typing import Any

import pytest

from pipeline import ConvertCSV, DailyBackup, DailyLoad
from pipeline.errors import DataError, PipelineError
from tests import promises
from tests.support.truths import assert_same, assert_tidy
from tests.support.world import World, day

FIRST, SECOND, THIRD = (date(2025, 8, number) for number in (1, 2, 3))

# What the source's column becomes, a value of the old type and one of the new; the type that the
# warehouse has afterwards.
FOLLOWED = {
    "int to bigint": ("INT", "7", "BIGINT", "9007199254740993", "BIGINT"),
    "tinyint to int": ("TINYINT", "-128", "INT", "2147483647", "INTEGER"),
    "bigint to unsigned": (
        *("BIGINT", "9223372036854775807", "BIGINT UNSIGNED NULL", "18446744073709551615"),
        "DECIMAL(20,0)",
    ),
    "longer decimal": (
        "DECIMAL(10,2)",
        "-99999999.99",
        "DECIMAL(12,2)",
        "9999999999.99",
        "DECIMAL(12,2)",
    ),
    "finer decimal": ("DECIMAL(10,2)", "999999.99", "DECIMAL(10,4)", "0.0001", "DECIMAL(12,4)"),
    "int to decimal": ("INT", "214748", "DECIMAL(8,2)", "0.25", "DECIMAL(12,2)"),
    "float to double": ("FLOAT", "0.5", "DOUBLE", "0.1", "DOUBLE PRECISION"),
    "int to double": ("INT", "2147483647", "DOUBLE", "1e300", "DOUBLE PRECISION"),
    "date to datetime": (
        "DATE",
        "'2025-08-01'",
        "DATETIME(6)",
        "'2025-08-02 01:02:03.000004'",
        "TIMESTAMP",
    ),
    "longer varchar": ("VARCHAR(5)", "'äbc'", "VARCHAR(200)", "REPEAT('ü', 200)", "VARCHAR(800)"),
    "varchar to text": ("VARCHAR(5)", "''", "TEXT", "REPEAT('x', 65535)", "VARCHAR(65535)"),
    "longer enum": ("ENUM('a')", "'a'", "ENUM('a','bcd')", "'bcd'", "VARCHAR(12)"),
    "longer varbinary": (
        "VARBINARY(2)",
        "X'00FF'",
        "VARBINARY(20)",
        "REPEAT(X'00', 20)",
        "VARBYTE(20)",
    ),
}
# What stays as it is: the warehouse's type holds the new one, and has this text of the new value.
HELD = {
    "bigint to int": ("BIGINT", "7", "INT", "-7", "BIGINT", "-7"),
    "decimal to int": ("DECIMAL(12,2)", "1.25", "INT", "7", "DECIMAL(12,2)", "7.00"),
    "shorter varchar": ("VARCHAR(200)", "'abc'", "VARCHAR(3)", "'äöü'", "VARCHAR(800)", "äöü"),
    "datetime to date": (
        *("DATETIME", "'2025-08-01 01:02:03'", "DATE", "'2025-08-02'", "TIMESTAMP"),
        "2025-08-02 00:00:00",
    ),
    "varchar to int": ("VARCHAR(200)", "'7'", "INT", "-7", "VARCHAR(800)", "-7"),
    "varchar to decimal": ("VARCHAR(20)", "'7'", "DECIMAL(5,2)", "-0.50", "VARCHAR(80)", "-0.50"),
    "varchar to date": (
        "VARCHAR(20)",
        "'never'",
        "DATE",
        "'2025-08-02'",
        "VARCHAR(80)",
        "2025-08-02",
    ),
    "not null to null": ("INT NOT NULL", "7", "INT NULL", "NULL", "INTEGER", None),
    "null to not null": ("INT NULL", "NULL", "INT NOT NULL", "8", "INTEGER", "8"),
}
REFUSED = {
    "int to varchar": ("INT", "7", "VARCHAR(20)", "'seven'", "VARCHAR(80)"),
    "date to varchar": ("DATE", "'2025-08-01'", "VARCHAR(20)", "'never'", "VARCHAR(80)"),
    "datetime to bigint": ("DATETIME", "NULL", "BIGINT", "7", "BIGINT"),
    "bigint to double": ("BIGINT", "7", "DOUBLE", "0.1", "DOUBLE PRECISION"),
    "varchar to double": ("VARCHAR(20)", "'7'", "DOUBLE", "0.1", "DOUBLE PRECISION"),
    "varbinary to blob of text": ("VARBINARY(9)", "NULL", "VARCHAR(9)", "'a'", "VARCHAR(36)"),
}


def table(world: World, kind: str, **definition: Any) -> str:
    return world.create(
        "things",
        f"id INT PRIMARY KEY, v {kind}, n INT, at DATETIME NOT NULL, INDEX (at)",
        **{"cursor": "at", **definition},
    )


def add(world: World, number: int, value: str) -> None:
    """A row of the given day."""
    world.sql(
        f"INSERT INTO things (id, v, n, at) VALUES ({number}, {value}, {number}, '2025-08-0{number} 10:00')"
    )


def column_type(world: World, column: str = "v") -> str:
    rows = world.query(
        "SELECT data_type, character_maximum_length, numeric_precision, numeric_scale FROM svv_columns"
        " WHERE table_schema = %s AND table_name = 'things' AND column_name = %s",
        (world.name, column),
    )
    kind, length, precision, scale = rows[0]
    short = {"character varying": "VARCHAR", "numeric": "DECIMAL", "binary varying": "VARBYTE"}
    text = short.get(kind, kind.upper().replace(" WITHOUT TIME ZONE", ""))
    if length:
        return f"{text}({length})"
    return f"{text}({precision},{scale})" if text == "DECIMAL" else text


def values(world: World) -> list[Any]:
    """The column in the order of days, as text."""
    chosen = "FROM_VARBYTE(v, 'hex')" if "VARBYTE" in column_type(world) else "CAST(v AS VARCHAR)"
    return [
        value for (value,) in world.query(f"SELECT {chosen} FROM {{schema}}.things ORDER BY id")
    ]


@promises.TYPE_CHANGES
@pytest.mark.parametrize("case", FOLLOWED)
def test_a_wider_type_is_followed_and_an_old_window_comes_after_it(world: World, case: str):
    before, old, after, new, wanted = FOLLOWED[case]
    name = table(world, before, business_key="n")
    add(world, 1, old)
    add(world, 3, old)
    world.load_days(name, 1)
    assert world.build(
        DailyBackup(THIRD, table=name)
    ).scheduling_succeeded  # read before the change
    # a plain DATE would be given a time by the change itself; what is compared is the third day's value
    world.sql(f"ALTER TABLE things MODIFY v {after}")
    add(world, 2, new)
    world.load_days(name, 2, 3)
    assert column_type(world) == wanted
    assert_same(world, "things")
    assert_tidy(world, "things")
    assert world.query("SELECT COUNT(*), COUNT(v) FROM {schema}.things_latest") == [(3, 3)]


@pytest.mark.parametrize("mode", ["merge", "append"])
@pytest.mark.parametrize("case", HELD)
def test_what_the_warehouse_holds_already_changes_nothing_there(world: World, case: str, mode: str):
    before, old, after, new, wanted, text = HELD[case]
    name = table(world, before, load=mode)
    add(world, 1, old)
    world.load_days(name, 1)
    kept = values(world)
    world.sql("DELETE FROM things")  # the old value need not fit into the new type
    world.sql(f"ALTER TABLE things MODIFY v {after}")
    add(world, 2, new)
    world.load_days(name, 2)
    assert column_type(world) == wanted
    assert values(world) == [*kept, text]


def test_a_float_in_a_wider_column_is_that_float(world: World):
    name = table(world, "DOUBLE")
    add(world, 1, "0.1")
    world.load_days(name, 1)
    world.sql("ALTER TABLE things MODIFY v FLOAT")
    add(world, 2, "0.1")
    world.load_days(name, 2)
    equal = "SELECT CAST(v AS REAL) = CAST(0.1 AS REAL) FROM {schema}.things WHERE id = 2"
    assert world.query(equal) == [(True,)]


@promises.TYPE_CHANGES
@pytest.mark.parametrize("case", REFUSED)
def test_another_kind_of_thing_is_refused_with_statements_that_work(world: World, case: str):
    before, old, after, new, wanted = REFUSED[case]
    name = table(world, before, business_key="n")
    add(world, 1, old)
    world.load_days(name, 1)
    world.sql("UPDATE things SET v = NULL", f"ALTER TABLE things MODIFY v {after}")
    add(world, 2, new)
    error = world.failure(DailyLoad(SECOND, table=name))
    assert_refused(world, error, "but the source column is")
    assert len(world.ledger("things")) == 1
    if case in ("datetime to bigint", "varbinary to blob of text"):
        return  # no cast leads from one to the other, and a person has to say what the values are
    world.follow(error)
    assert column_type(world) == wanted
    world.load_days(name, 2)
    assert_same(world, "things", "id = 2")
    assert len(world.query("SELECT * FROM {schema}.things_latest")) == 2


def assert_refused(world: World, error: PipelineError, says: str) -> None:
    assert type(error) is DataError
    assert error.exit_status == 45
    assert says in str(error).replace('"', "")
    assert "run in the warehouse: BEGIN; " in error.todo


def test_a_type_that_was_altered_back_needs_no_more_than_the_message_says(world: World):
    name = table(world, "INT")
    add(world, 1, "1")
    world.load_days(name, 1)
    world.sql("ALTER TABLE things MODIFY v VARCHAR(20)")
    add(world, 2, "'2'")
    error = world.failure(DailyLoad(SECOND, table=name))
    world.sql("ALTER TABLE things MODIFY v INT")
    urls = re.findall(r"s3://\S+\.json", error.todo)
    keys = world.keys("things")
    markers = [keys.lake_marker(day("2025-08-02")), keys.csv_marker(day("2025-08-02"))]
    assert urls == [world.lake.url(key) for key in markers]
    world.lake.delete(markers)
    world.load_days(name, 2)
    assert_same(world, "things")
    assert_tidy(world, "things")


def test_windows_of_the_other_type_may_be_loaded_once_the_column_is_text(world: World):
    """The change was right, and windows from before it are still to come."""
    name = table(world, "INT")
    add(world, 1, "1")
    add(world, 3, "3")
    world.load_days(name, 1)
    world.build(DailyBackup(THIRD, table=name))
    world.sql("ALTER TABLE things MODIFY v VARCHAR(20)")
    add(world, 2, "'two'")
    world.follow(world.failure(DailyLoad(SECOND, table=name)))
    world.load_days(name, 2, 3)
    assert_same(world, "things")


@pytest.mark.parametrize("definition", [{"sortkey": "v"}, {"distkey": "v"}, {"key": "v"}])
def test_a_column_that_cannot_be_dropped_is_refused_with_statements_that_work(
    world: World, definition: dict[str, Any]
):
    name = table(world, "INT NOT NULL", business_key="n", **definition)
    add(world, 1, "1")
    world.load_days(name, 1)
    world.sql("ALTER TABLE things MODIFY v BIGINT NOT NULL")
    add(world, 2, "9007199254740993")
    error = world.failure(DailyLoad(SECOND, table=name))
    assert_refused(world, error, "a column of the key, distkey or sortkey cannot be altered")
    world.follow(error)
    world.load_days(name, 2)
    assert_same(world, "things")
    assert len(world.query("SELECT * FROM {schema}.things_latest")) == 2


def test_a_longer_text_key_is_refused_with_statements_that_work(world: World):
    name = table(world, "VARCHAR(5) NOT NULL", key="v")
    add(world, 1, "'a'")
    world.load_days(name, 1)
    world.sql("ALTER TABLE things MODIFY v VARCHAR(50) NOT NULL")
    add(world, 2, "REPEAT('b', 50)")
    error = world.failure(DailyLoad(SECOND, table=name))
    world.follow(error)
    world.load_days(name, 2)
    assert_same(world, "things")


def test_a_column_that_a_bound_view_reads_is_refused_and_as_it_was(world: World):
    name = table(world, "INT")
    add(world, 1, "1")
    world.load_days(name, 1)
    world.query("CREATE VIEW {schema}.bound AS SELECT v FROM {schema}.things")
    world.sql("ALTER TABLE things MODIFY v BIGINT")
    add(world, 2, "9007199254740993")
    error = world.failure(DailyLoad(SECOND, table=name))
    assert_refused(world, error, "other objects depend on it")
    assert (column_type(world), world.loaded("things", "v")) == ("INTEGER", [(1,)])
    world.query("DROP VIEW {schema}.bound")
    world.load_days(name, 2)
    assert_same(world, "things")


def test_a_column_of_an_old_key_is_refused_where_it_is_gone(world: World):
    """It is NOT NULL in the warehouse, and there is no DROP NOT NULL."""
    name = table(world, "INT NOT NULL")
    world.sql("ALTER TABLE things DROP PRIMARY KEY, ADD PRIMARY KEY (id, v)")
    add(world, 1, "1")
    world.load_days(name, 1)
    world.sql("ALTER TABLE things DROP PRIMARY KEY, DROP COLUMN v, ADD PRIMARY KEY (id)")
    world.sql("INSERT INTO things VALUES (2, 2, '2025-08-02 10:00')")
    error = world.failure(DailyLoad(SECOND, table=name))
    assert_refused(world, error, "has the primary key id, v")
    world.follow(error)
    world.load_days(name, 2)
    assert world.loaded("things", "id, v") == [(1, 1), (2, None)]


def made_by_hand(world: World) -> None:
    """A target without a key, whose columns take no NULL all the same."""
    world.query(
        "CREATE TABLE {schema}.things"
        " (id INTEGER NOT NULL, v INTEGER NOT NULL, n INTEGER, at TIMESTAMP)"
    )


def test_a_column_that_takes_no_null_is_refused_where_it_is_gone(world: World):
    made_by_hand(world)
    name = table(world, "INT")
    world.sql("ALTER TABLE things DROP COLUMN v")
    world.sql("INSERT INTO things VALUES (2, 2, '2025-08-02 10:00')")
    error = world.failure(DailyLoad(SECOND, table=name))
    assert_refused(world, error, "v is NOT NULL")
    world.follow(error)
    world.load_days(name, 2)
    assert world.loaded("things", "id, v") == [(2, None)]


def test_a_column_that_takes_no_null_is_refused_where_it_is_null(world: World):
    made_by_hand(world)
    name = table(world, "INT")
    add(world, 2, "2")
    world.load_days(name, 2)  # nothing is NULL yet
    add(world, 3, "NULL")
    error = world.failure(DailyLoad(THIRD, table=name))
    assert_refused(world, error, "1 rows of the window have no value for it")
    world.follow(error)
    world.load_days(name, 3)
    assert_same(world, "things")


@promises.COLUMN_PLACES
def test_columns_added_dropped_renamed_and_moved_in_whatever_order_windows_come(world: World):
    name = table(world, "INT", business_key="n")
    for number in (1, 2, 3):
        add(world, number, str(number))
    world.build(DailyBackup(FIRST, table=name))
    world.sql("ALTER TABLE things ADD extra VARCHAR(9) DEFAULT 'new' FIRST, MODIFY v INT AFTER at")
    world.build(DailyBackup(SECOND, table=name))
    world.sql("ALTER TABLE things DROP COLUMN extra, CHANGE v w INT FIRST")
    for number in (3, 1, 2):
        world.load_days(name, number)
    rows = world.query("SELECT id, v, w, extra FROM {schema}.things_latest ORDER BY id")
    assert rows == [(1, 1, None, None), (2, 2, None, "new"), (3, None, 3, None)]
    assert_same(world, "things", "id = 3")


@promises.COLUMN_PLACES
def test_a_window_that_was_read_before_a_change_is_loaded_after_it(world: World):
    name = table(world, "INT")
    add(world, 1, "1")
    world.build(ConvertCSV(table=name, window=day("2025-08-01")))
    world.sql("ALTER TABLE things MODIFY v BIGINT, ADD extra INT FIRST, DROP COLUMN n")
    world.load_days(name, 1)
    assert world.loaded("things", "id, v, n") == [(1, 1, 1)]


def test_a_rewrite_that_dies_leaves_the_column_as_it_was(world: World):
    name = table(world, "INT")
    add(world, 1, "1")
    world.load_days(name, 1)
    world.sql("ALTER TABLE things MODIFY v BIGINT")
    add(world, 2, "9007199254740993")
    run = world.start(
        *("DailyLoad", "--table", name, "--date", "2025-08-02"),
        killed="pipeline.warehouse.schema_evolution:_rewrite:after",
    )
    run.communicate(timeout=60)
    assert (column_type(world), world.loaded("things", "id, v")) == ("INTEGER", [(1, 1)])
    world.load_days(name, 2)
    assert_same(world, "things")


def test_two_loads_that_find_the_same_change_make_it_once(world: World):
    name = table(world, "INT")
    add(world, 1, "1")
    world.load_days(name, 1)
    world.sql("ALTER TABLE things MODIFY v BIGINT")
    add(world, 2, "9007199254740993")
    add(world, 3, "-9007199254740993")
    lines = [
        world.start("DailyLoad", "--table", name, "--date", text, "--no-lock")
        for text in ("2025-08-02", "2025-08-03")
    ]
    for process in lines:
        out, _ = process.communicate(timeout=120)
        assert process.returncode == 0, out
    assert column_type(world) == "BIGINT"
    assert_same(world, "things")
    assert_tidy(world, "things")


def test_a_column_that_somebody_added_in_the_warehouse_keeps_its_default(world: World):
    name = table(world, "INT")
    add(world, 1, "1")
    world.load_days(name, 1)
    world.query("ALTER TABLE {schema}.things ADD COLUMN mine VARCHAR(9) DEFAULT 'mine'")
    add(world, 2, "2")
    world.load_days(name, 2)
    assert world.loaded("things", "id, mine") == [(1, "mine"), (2, "mine")]
