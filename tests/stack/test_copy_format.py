"""COPY reads the lake's own Parquet where a table asks for it: the same rows, without a conversion."""

import json
from datetime import date

import pytest

from pipeline import ConvertCSV, DailyLoad
from pipeline.errors import ConfigurationError, LoadRefused, PipelineError
from tests import promises
from tests.support.truths import assert_marked, assert_same, assert_tidy
from tests.support.world import World, day

FIRST = day("2025-08-01")
COLUMNS = """
    id BIGINT UNSIGNED PRIMARY KEY, small TINYINT(1), wide INT UNSIGNED, money DECIMAL(15,4), bits BIT(64),
    f FLOAT, d DOUBLE, name VARCHAR(40), note TEXT, doc JSON, kind ENUM('a','ä|"'), raw VARBINARY(20),
    day DATE, at DATETIME(6) NOT NULL, stamp TIMESTAMP(3) NULL, clock TIME(6), born YEAR, INDEX (at)
"""
ROWS = """
    (18446744073709551615, 2, 4294967295, -99999999999.9999, b'1', 0.1, 1e300, 'a|"b\\n', '', '{"a": 1}',
     'ä|"', X'00FF', '2025-08-01', '2025-08-01 10:00:00.000001', '2025-08-01 10:00:00.123',
     '-838:59:59.000001', 2025),
    (0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '2025-08-01 23:59:59.999999',
     NULL, NULL, NULL),
    (7, -128, 0, 0.0001, b'0', -0.0, -2.5, '__null__', 'null ', '[]', 'a', X'', '9999-12-31',
     '2025-08-01 00:00:00', '1971-01-01 00:00:00.001', '00:00:00', 1901)
"""


@pytest.fixture
def things(world: World) -> str:
    return world.create(
        "things",
        COLUMNS,
        f"VALUES {ROWS}",
        cursor="at",
        business_key="name",
        copy_format="parquet",
    )


@promises.PARQUET_COPY
@pytest.mark.parametrize("mode", ["merge", "append"])
def test_every_type_is_the_same_on_both_sides(world: World, things: str, mode: str):
    world.define("things", cursor="at", load=mode, copy_format="parquet", chunks=2)
    world.load_days(things, 1)
    assert_same(world, "things")
    assert_tidy(world, "things")
    assert_marked(world, "things", FIRST)


@promises.PARQUET_COPY
def test_what_is_copied_is_the_lake_itself(world: World, things: str):
    world.build(ConvertCSV(table=things, window=FIRST))
    keys = world.keys("things")
    csv, lake = (world.marker(key) for key in (keys.csv_marker(FIRST), keys.lake_marker(FIRST)))
    assert csv["format"] == "parquet"
    assert csv["parts"] == lake["parts"]
    assert len(world.lake_keys(keys.csv_folder(FIRST))) == 2  # the marker and the COPY manifest
    (entry,) = json.loads(world.lake.get(csv["copy_manifest"]))["entries"]
    (part,) = lake["parts"]
    assert entry["meta"]["content_length"] == part["bytes"]
    assert entry["mandatory"] is True


def test_a_column_that_was_added_in_between_and_one_that_moved_are_put_in_by_name(
    world: World, things: str
):
    world.load_days(things, 1)
    world.sql(
        "ALTER TABLE things ADD extra VARCHAR(9) FIRST, MODIFY raw VARBINARY(30) FIRST, DROP doc",
        "INSERT INTO things (id, extra, raw, at) VALUES (50, 'new', X'01', '2025-08-02')",
    )
    world.query("ALTER TABLE {schema}.things ADD COLUMN mine INTEGER DEFAULT 5")
    world.load_days(things, 2)
    assert_same(world, "things")


def test_a_window_without_rows_is_loaded(world: World, things: str):
    world.load_days(things, 3)
    assert world.loaded("things") == []


def test_a_chunk_without_rows_is_not_copied(world: World, things: str):
    world.define("things", cursor="at", copy_format="parquet", chunks=8)
    world.load_days(things, 1)
    assert_same(world, "things")


def test_a_snapshot_is_replaced(world: World, things: str):
    world.define("things", cursor_type="full", copy_format="parquet")
    world.load_days(things, 1)
    assert_same(world, "things")


def test_a_format_that_changes_in_between_changes_nothing(world: World, things: str):
    world.build(ConvertCSV(table=things, window=FIRST))
    world.define("things", cursor="at", copy_format="csv")
    world.load_days(things, 1)
    world.sql("INSERT INTO things (id, at) VALUES (60, '2025-08-02 01:00:00')")
    world.load_days(things, 2)
    assert world.marker(world.keys("things").csv_marker(day("2025-08-02")))["format"] == "csv"
    assert_same(world, "things")


def test_text_that_is_too_long_is_refused_by_copy_and_nothing_is_cut(world: World, things: str):
    world.sql(
        "ALTER TABLE things MODIFY note LONGTEXT", "UPDATE things SET note = REPEAT('x', 65536)"
    )
    error = world.failure(DailyLoad(date(2025, 8, 1), table=things))
    assert isinstance(error, LoadRefused)
    assert "data column note is longer than the length defined" in error.why
    assert "----" not in str(error)
    assert world.loaded("things") == []
    # as the message says: by CSV, where a policy may say what becomes of it
    world.define("things", cursor="at", on_oversize_text="truncate")
    world.unmark("things", FIRST, "csv")
    world.load_days(things, 1)
    assert world.query("SELECT MAX(LEN(note)) FROM {schema}.things") == [(65535,)]


def test_a_window_with_nul_goes_by_csv_where_a_policy_says_what_becomes_of_it(
    world: World, things: str
):
    world.sql("UPDATE things SET name = CONCAT('a', CHAR(0), 'b') WHERE id = 7")
    error = world.failure(DailyLoad(date(2025, 8, 1), table=things))
    assert "nul_byte" in str(error)
    world.define("things", cursor="at", copy_format="parquet", on_nul_byte="strip")
    world.load_days(things, 1)
    assert world.marker(world.keys("things").csv_marker(FIRST))["format"] == "csv"
    assert world.query("SELECT name FROM {schema}.things WHERE id = 7") == [("ab",)]


def test_a_lake_part_that_is_not_what_was_written_is_not_copied(world: World, things: str):
    world.build(ConvertCSV(table=things, window=FIRST))
    (part,) = world.marker(world.keys("things").csv_marker(FIRST))["parts"]
    world.lake.put(part["key"], b"PAR1 no more")
    error: PipelineError = world.failure(DailyLoad(date(2025, 8, 1), table=things))
    assert "does not match its marker" in str(error)
    assert "lake marker" in error.todo


@pytest.mark.parametrize(
    ("definition", "says"),
    [
        ({"super": "doc"}, "super columns require copy_format: csv"),
        ({"on_oversize_text": "truncate"}, "on_oversize_text requires copy_format: csv"),
        (
            {"columns": {"raw": {"on_empty_bytes": "null"}}},
            "on_empty_bytes requires copy_format: csv",
        ),
        ({"copy_format": "orc"}, "copy_format: Input should be 'csv' or 'parquet'"),
    ],
)
def test_what_only_csv_can_do_is_refused(
    world: World, things: str, definition: dict[str, object], says: str
):
    world.define("things", **{"cursor": "at", "copy_format": "parquet", **definition})
    with pytest.raises(ConfigurationError) as error:
        DailyLoad(date(2025, 8, 1), table=things).complete()
    assert says in str(error.value)
