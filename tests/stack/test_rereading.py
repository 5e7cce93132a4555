"""Rows are read again where an operator wants it, and from the source alone."""

import shutil
import signal
import tempfile
from datetime import date

import pytest

from pipeline import DailyLoad, UploadParquet
from tests import promises
from tests.support.truths import assert_same, assert_tidy
from tests.support.world import World, day

WINDOW = day("2025-08-01")


@pytest.fixture
def notes(world: World) -> str:
    return world.create(
        "notes",
        "id INT PRIMARY KEY, note VARCHAR(40), at DATETIME NOT NULL, INDEX (at)",
        "SELECT seq, CONCAT('n', seq), '2025-08-01 10:00:00' FROM seq_1_to_50",
        cursor="at",
        load="append",
    )


@promises.REREAD
def test_a_window_is_read_again_though_its_run_was_killed_with_its_lake_marker_written(
    world: World, notes: str
):
    """A backup, then nothing looks at the window until it is to be done again."""
    line = ["--date", "2025-08-01", "--table", notes]
    point = "pipeline.lake.s3:Store.put_if_absent:after"
    process = world.start("DailyBackup", *line, killed=point)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL, out
    marker = world.keys("notes").lake_marker(WINDOW)
    assert world.lake.exists(marker)
    world.sql("UPDATE notes SET note = 'fixed' WHERE id = 7", "DELETE FROM notes WHERE id = 8")
    world.lake.delete([marker])
    world.luigi("DailyLoad", *line)
    assert_same(world, "notes")
    assert_tidy(world, "notes")


def test_parts_are_fetched_into_the_spool_not_into_the_systems_folder_for_temporary_files(
    world: World, notes: str, monkeypatch: pytest.MonkeyPatch
):
    """That one is often memory."""
    task = UploadParquet(table=notes, window=WINDOW)
    world.build(task)
    shutil.rmtree(world.folder / "spool")
    monkeypatch.setattr(tempfile, "tempdir", str(world.folder / "none"))
    world.succeed(DailyLoad(date(2025, 8, 1), table=notes))
    assert_same(world, "notes")
    assert [path for path in (world.folder / "spool").rglob("*") if path.is_file()] == []
