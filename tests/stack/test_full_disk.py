"""A full disk is named with its folder and its setting, loses nothing, and has an exit status of its own."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest

from pipeline import DailyBackup, DailyLoad
from pipeline.errors import DiskError
from pipeline.spool.disk import DiskFull
from tests.support.world import World

pytestmark = pytest.mark.local
LOAD = ("DailyLoad", "--date", "2025-08-01", "--table")
ROWS_OF_A_MEGABYTE = 18_000  # of 64 hexadecimal digits, half of which are redundant


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Path]]:
    """Mounts a disk of a given size as the spool, or gives it another size."""
    folder = tmp_path / "small"
    folder.mkdir()

    def resize(size: str) -> Path:
        remount = "remount," if folder.is_mount() else ""
        command = ["mount", "-t", "tmpfs", "-o", f"{remount}size={size}", "tmpfs", str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"no file system may be mounted: {done.stderr.strip()}")
        monkeypatch.setenv("PIPELINE_SPOOL", str(folder / "spool"))
        return folder / "spool"

    yield resize
    if folder.is_mount():
        subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture
def scans(world: World) -> str:
    """Rows of three days that do not compress well, about a megabyte a day."""
    rows = (
        "SELECT seq, '2025-08-01' + INTERVAL seq % 3 DAY, SHA2(seq, 256)"
        f" FROM seq_1_to_{3 * ROWS_OF_A_MEGABYTE}"
    )
    columns = "id INT PRIMARY KEY, at DATETIME NOT NULL, code CHAR(64) NOT NULL"
    return world.create("scans", columns, rows, cursor="at")


def loaded_rows(world: World) -> int:
    return int(world.loaded("scans", "COUNT(*)")[0][0])


def test_a_read_that_fills_the_disk_names_folder_room_and_setting_and_the_next_run_goes_on(
    world: World, scans: str, small: Callable[[str], Path]
):
    spool = small("400k")
    out = world.luigi(*LOAD, scans, check=46, PIPELINE_SPOOL=str(spool)).stdout
    assert f"ExtractChunk {scans} 2025" in out
    assert "the disk of the spool folder" in out
    assert f"{spool}" in out
    assert "is full: 0.0 MB are free" in out
    assert f"the chunk's {ROWS_OF_A_MEGABYTE:,} rows need up to" in out
    assert "No space left on device" in out
    assert "PIPELINE_SPOOL" in out
    assert "Traceback" not in out
    assert world.lake_keys("lake/") == []
    assert list(spool.rglob("*.parquet*")) == []
    small("64m")
    world.luigi(*LOAD, scans, PIPELINE_SPOOL=str(spool))
    assert loaded_rows(world) == ROWS_OF_A_MEGABYTE


def test_a_plan_that_finds_no_room_is_a_full_disk_too(
    world: World, scans: str, small: Callable[[str], Path]
):
    spool = small("64k")
    (spool.parent / "filler").write_bytes(bytes(16 * 4096))
    error = world.failure(DailyLoad(date=date(2025, 8, 1), table=scans))
    assert isinstance(error, DiskFull)
    assert str(spool) in str(error)
    assert error.exit_status == 46
    (spool.parent / "filler").unlink()
    small("64m")
    world.load_days(scans, 1)


def test_a_download_that_fills_the_disk_names_the_part_and_the_next_run_goes_on(
    world: World, scans: str, small: Callable[[str], Path], tmp_path: Path
):
    world.succeed(DailyBackup(date=date(2025, 8, 1), table=scans))
    small("400k")
    error = world.failure(DailyLoad(date=date(2025, 8, 1), table=scans))
    assert isinstance(error, DiskFull)
    assert error.where.startswith("ConvertCSV")
    assert "the part needs" in error.why
    small("64m")
    world.load_days(scans, 1)
    assert loaded_rows(world) == ROWS_OF_A_MEGABYTE


def test_uploaded_windows_make_room_for_the_next_where_the_disk_is_smaller_than_their_limit(
    world: World, scans: str, small: Callable[[str], Path]
):
    """PIPELINE_SPOOL_GB is 20 by default; else every later backup would fail."""
    small("1500k")
    for day in (1, 2, 3):
        world.succeed(DailyBackup(date=date(2025, 8, day), table=scans))
    small("64m")
    world.load_days(scans, 1, 2, 3)
    assert loaded_rows(world) == 3 * ROWS_OF_A_MEGABYTE


def test_check_looks_at_the_room_of_the_spool(
    world: World, scans: str, small: Callable[[str], Path]
):
    world.sql("ANALYZE TABLE scans")
    spool = small("8m")
    ok = world.pipeline("check", PIPELINE_SPOOL=str(spool)).stdout
    assert f"{spool}: 8.4 MB of 8.4 MB are free" in ok
    tight = world.pipeline("check", PIPELINE_SPOOL=str(small("4m"))).stdout
    assert "a chunk needs up to" in tight
    assert "4.2 MB are free" in tight
    failed = world.pipeline("check", PIPELINE_SPOOL=str(small("1m")), check=46).stdout
    assert f"FAILED  {scans}" in failed
    assert "the disk of the spool folder" in failed
    (spool.parent / "filler").write_bytes(bytes(1 << 20))
    full = world.pipeline("check", PIPELINE_SPOOL=str(spool), check=46).stdout
    assert "FAILED  spool" in full
    assert not spool.exists()


def test_a_spool_that_is_no_folder_is_named(
    world: World, scans: str, monkeypatch: pytest.MonkeyPatch
):
    file = world.folder / "file"
    file.write_text("")
    monkeypatch.setenv("PIPELINE_SPOOL", str(file))
    error = world.failure(DailyLoad(date=date(2025, 8, 1), table=scans))
    assert isinstance(error, DiskError)
    assert "cannot be written" in str(error)
    assert str(file) in str(error)
    assert "PIPELINE_SPOOL" in error.todo
    out = world.pipeline("check", check=46, PIPELINE_SPOOL=str(file)).stdout
    assert "cannot be written" in out
