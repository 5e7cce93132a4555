"""What cannot be loaded fails its window, says where and why, and leaves everything else as it was."""

import hashlib
import json
from datetime import date
from typing import Any

import pyarrow as pa
import pytest

from pipeline import ConvertCSV, DailyBackup, DailyLoad, DailyLoadAll
from pipeline.errors import DataError, LakeError, LoadRefused, PipelineError
from tests import promises
from tests.support.truths import assert_same, assert_tidy
from tests.support.world import World, day

FIRST, SECOND = day("2025-08-01"), day("2025-08-02")


@pytest.fixture
def notes(world: World) -> str:
    """Two days of notes; the first is loaded."""
    table = world.create(
        "notes",
        "id INT PRIMARY KEY, note LONGTEXT, at DATETIME NOT NULL, INDEX (at)",
        "VALUES (1, 'early', '2025-08-01 10:00:00'),"
        " (2, 'short', '2025-08-02 10:00:00'), (3, 'quite a long note', '2025-08-02 11:00:00')",
        cursor="at",
        business_key="id",
    )
    world.build(DailyLoad(date(2025, 8, 1), table=table))
    return table


def refused(world: World, table: str, kind: type[PipelineError]) -> str:
    """What the second day's load says when it fails."""
    error = world.failure(DailyLoad(date(2025, 8, 2), table=table))
    assert type(error) is kind
    assert f"{table} {SECOND}: " in str(error)
    return str(error)


def assert_untouched(world: World) -> None:
    """The first day's row is there, of the second nothing, in table, view, ledger or markers."""
    assert world.loaded("notes", "id, note") == [(1, "early")]
    assert world.query("SELECT id FROM {schema}.notes_latest") == [(1,)]
    assert len(world.ledger("notes")) == 1
    keys = world.keys("notes")
    assert world.lake_keys(keys.loads) == [keys.load_marker(FIRST)]
    assert world.lake_keys(keys.views) == [keys.views_marker(FIRST)]


def quarantined(world: World) -> dict[str, Any]:
    keys = world.lake_keys(f"quarantine/{world.name}/notes/{SECOND}")
    assert len(keys) == 1
    return world.marker(keys[-1])


def test_a_value_too_long_for_its_column_is_named(world: World, notes: str):
    """A LONGTEXT may hold more than the 65,535 bytes of Redshift's longest VARCHAR."""
    world.sql("UPDATE notes SET note = CONCAT('begin', REPEAT('x', 70000)) WHERE id = 3")
    arguments = ["DailyLoad", "--date", "2025-08-02", "--table", notes]
    out = world.luigi(*arguments, check=45).stdout
    assert "Traceback" not in out
    assert f"ConvertCSV {notes} {SECOND}: " in out
    assert "1 values of column note cannot be replicated (oversize_text)" in out
    assert "'beginxxx" in out
    assert_untouched(world)
    entry = quarantined(world)
    assert (entry["table"], entry["window"], entry["stage"]) == (notes, str(SECOND), "ConvertCSV")
    assert "70005 bytes" in entry["why"]
    assert entry["tries"] == 1
    world.luigi(*arguments, check=45)
    again = quarantined(world)
    assert (again["tries"], again["first_at"]) == (2, entry["first_at"])
    # once fixed in the source, the window is read again once its markers are gone
    world.sql("UPDATE notes SET note = 'fixed' WHERE id = 3")
    world.unmark("notes", SECOND, "lake", "csv")
    world.luigi(*arguments)
    assert_same(world, "notes")
    assert_tidy(world, "notes")


def test_a_column_that_somebody_narrowed_is_widened_again(world: World, notes: str):
    world.query('ALTER TABLE {schema}.notes ALTER COLUMN "note" TYPE VARCHAR(10)')
    world.build(DailyLoad(date(2025, 8, 2), table=notes))
    assert_same(world, "notes")


def test_a_column_of_another_type_stops_the_window_and_says_what_to_do(world: World, notes: str):
    world.sql("ALTER TABLE notes MODIFY at DATETIME NOT NULL, ADD price DECIMAL(10,2)")
    world.query("ALTER TABLE {schema}.notes ADD COLUMN price DATE")
    out = refused(world, notes, DataError)
    assert '"price" is DATE but the source column is' in out
    assert "needs DECIMAL(10,2)" in out
    assert_untouched(world)
    world.query("ALTER TABLE {schema}.notes DROP COLUMN price")
    world.build(DailyLoad(date(2025, 8, 2), table=notes))
    assert_same(world, "notes")


# The second line of two, and what COPY is to say of it.
DAMAGE = {
    "no number": ('x3|"quite"|2025-08-02 11:00:00', "column id", "Invalid digit"),
    "no day": ('3|"quite"|2025-13-02 11:00:00', "column at", "timestamp"),
    "too few fields": ('3|"quite"', "", "elimiter"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_csv_part_is_refused_and_rewritten(world: World, notes: str, damage: str):
    line, column, reason = DAMAGE[damage]
    world.build(ConvertCSV(table=notes, window=SECOND))
    keys = world.keys("notes")
    marker = world.marker(keys.csv_marker(SECOND))
    part = marker["parts"][0]
    text = f'2|"short"|2025-08-02 10:00:00\n{line}\n'
    data = pa.compress(text.encode(), "zstd", asbytes=True)
    world.lake.put(part["key"], data)
    # a part of another size is noticed before anything is asked of the warehouse
    out = refused(world, notes, DataError)
    assert f"{world.lake.url(part['key'])} does not match its marker" in out
    part["bytes"] = len(data)
    world.lake.put(keys.csv_marker(SECOND), json.dumps(marker).encode())
    assert "its SHA-256 is" in refused(world, notes, DataError)
    part["sha256"] = hashlib.sha256(data).hexdigest()
    world.lake.put(keys.csv_marker(SECOND), json.dumps(marker).encode())
    out = refused(world, notes, LoadRefused)
    assert "COPY refused line 2" in out
    assert reason in out
    assert column in out
    assert_untouched(world)
    world.unmark("notes", SECOND, "csv")
    world.build(DailyLoad(date(2025, 8, 2), table=notes))
    assert_same(world, "notes")


@pytest.mark.parametrize("rows", [1, 3])
def test_counts_that_differ_load_nothing(world: World, notes: str, rows: int):
    """The CSV marker is made to promise another number of rows than the part holds."""
    world.build(ConvertCSV(table=notes, window=SECOND))
    key = world.keys("notes").csv_marker(SECOND)
    marker = world.marker(key)
    world.lake.put(key, json.dumps({**marker, "rows": rows}).encode())
    out = refused(world, notes, DataError)
    assert "COPY reports 2 rows" in out
    assert f"the CSV marker has {rows}" in out
    assert_untouched(world)
    assert quarantined(world)["stage"] == "CopyToRedshift"
    world.lake.put(key, json.dumps(marker).encode())
    world.build(DailyLoad(date(2025, 8, 2), table=notes))
    assert_same(world, "notes")


@promises.MARKERS
def test_a_lake_part_that_was_tampered_with_is_not_converted(world: World, notes: str):
    world.build(DailyBackup(date(2025, 8, 2), table=notes))
    keys = world.keys("notes")
    part = world.marker(keys.lake_marker(SECOND))["parts"][0]["key"]
    good = world.lake.get(part)
    for file in (world.folder / "spool").rglob("chunk-*.parquet"):
        file.unlink()  # the local copy would spare the download, and with it the look
    world.lake.put(part, good[:-1] + bytes([good[-1] ^ 1]))
    out = refused(world, notes, DataError)
    assert f"{world.lake.url(part)} does not match its marker" in out
    assert_untouched(world)
    assert not world.lake_keys(keys.csv_folder(SECOND))
    world.unmark("notes", SECOND, "lake")  # as the message advises
    world.build(DailyLoad(date(2025, 8, 2), table=notes))
    assert_same(world, "notes")


def test_a_marker_that_is_none_is_said_to_be_so(world: World, notes: str):
    world.build(DailyBackup(date(2025, 8, 2), table=notes))
    key = world.keys("notes").lake_marker(SECOND)
    world.lake.put(key, b'{"table": "x"}')
    out = refused(world, notes, LakeError)
    assert f"{world.lake.url(key)} is not a marker this version understands" in out
    assert "delete it" in out


def test_one_refused_table_does_not_stop_the_others(world: World, notes: str):
    world.sql(
        "UPDATE notes SET note = REPEAT('x', 70000) WHERE id = 3",
        "CREATE TABLE other (id INT PRIMARY KEY, at DATETIME NOT NULL)",
        "INSERT INTO other VALUES (1, '2025-08-02')",
    )
    world.define("other", cursor="at")
    result = world.build(DailyLoadAll(date(2025, 8, 2)))
    assert result.status.name == "FAILED"
    assert_untouched(world)
    assert_same(world, "other")
