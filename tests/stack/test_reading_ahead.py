"""ConvertCSV fetches the next part while it converts one: nothing is left over, whatever becomes of it."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline import ConvertCSV, UploadParquet
from tests.support.world import World, day

DAY = day("2025-08-01")


@pytest.fixture
def uploaded(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A day in four parts of the lake, the spool cleared; temporary files would be seen."""
    table = world.create(
        "parcels",
        "id INT PRIMARY KEY, note VARCHAR(40), changed DATETIME(6) NOT NULL, INDEX (changed, id)",
        "SELECT seq, CONCAT('n|', seq),"
        " TIMESTAMPADD(SECOND, seq * 80, '2025-08-01') FROM seq_0_to_999",
        cursor="changed",
        business_key="id",
        chunks=4,
    )
    assert world.build(UploadParquet(table=table, window=DAY)).scheduling_succeeded
    assert len(parts(world)) == 4
    shutil.rmtree(world.environment["PIPELINE_SPOOL"])
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield table
    assert not list(folder.iterdir())


def parts(world: World) -> list[str]:
    marker = world.marker(world.keys("parcels").lake_marker(DAY))
    return [part["key"] for part in marker["parts"]]


def test_all_parts_are_fetched_and_converted(world: World, uploaded: str):
    assert world.build(ConvertCSV(table=uploaded, window=DAY)).scheduling_succeeded
    assert world.marker(world.keys("parcels").csv_marker(DAY))["rows"] == 1000


@pytest.mark.parametrize("which", [0, 1, 3])
def test_a_damaged_part_is_refused(world: World, uploaded: str, which: int):
    key = parts(world)[which]
    content = world.lake.get(key)
    world.lake.put(key, bytes([content[0] ^ 1]) + content[1:])
    error = world.failure(ConvertCSV(table=uploaded, window=DAY))
    assert key in str(error)
    assert "does not match its marker" in str(error)
    assert not world.lake.exists(world.keys("parcels").csv_marker(DAY))


def test_a_missing_part_is_reported(world: World, uploaded: str):
    key = parts(world)[2]
    world.lake.delete([key])
    assert key in str(world.failure(ConvertCSV(table=uploaded, window=DAY)))
    assert not world.lake.exists(world.keys("parcels").csv_marker(DAY))
