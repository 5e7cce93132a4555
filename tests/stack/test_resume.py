"""kill -9 wherever it hurts, then the same command: the warehouse equals the source."""

import signal
from datetime import date

import pytest

from pipeline import DailyLoad, RangeDaily
from tests import promises
from tests.support.truths import assert_marked, assert_same, assert_tidy
from tests.support.waiting import until
from tests.support.world import World, day

DAYS = ("2025-08-01", "2025-08-02", "2025-08-03")

# What has just happened when the process dies, and the point at which it does (tests/support/killed.py).
POINTS = {
    "planned": "pipeline.spool.folder:Spool.keep_plan:after",
    "some rows written": "pipeline.spool.chunk_file:ChunkFile.write:after",
    "all rows written, the file not renamed": "pipeline.spool.chunk_file:ChunkFile.finish:after",
    "spool file renamed": "pipeline.steps.extract:extract_chunk:after",
    "before the part is uploaded": "pipeline.lake.s3:Store.upload:before",
    "part uploaded, no lake marker": "pipeline.lake.s3:Store.upload:after",
    "marked as uploaded, no lake marker": "pipeline.spool.folder:Spool.mark_uploaded:after",
    "lake marker written": "pipeline.lake.s3:Store.put_if_absent:after",
    "CSV parts stored, no COPY manifest": "pipeline.lake.copy_manifest:write:before",
    "COPY manifest stored, no CSV marker": "pipeline.model.markers:CsvMarker.encode:before",
    "CSV marker written, spool not cleared": "pipeline.steps.convert:prepare_copy:after",
    "COPY not begun": "pipeline.warehouse.copy:copy:before",
    "COPY done, nothing merged": "pipeline.warehouse.copy:copy:after",
    "merged, not committed": "pipeline.warehouse.ledger:Ledger.record:after",
    "committed, no load marker": "pipeline.steps.load:load_window:after",
    "load marker written, no watermark": "pipeline.lake.window:LakeWindow.write_while:after:of=load",
    "loaded, no views": "pipeline.steps.refresh:refresh_views:before",
    "views made, no marker": "pipeline.steps.refresh:refresh_views:after",
}
COMMITTED = list(POINTS)[list(POINTS).index("committed, no load marker") :]


@pytest.fixture
def parcels(world: World) -> str:
    """Three days of 300 rows, in two chunks a day, every version kept: what comes twice shows."""
    world.sql(
        "CREATE TABLE parcels (id INT PRIMARY KEY AUTO_INCREMENT, parcel INT, note VARCHAR(40),"
        " changed DATETIME(6) NOT NULL, INDEX (changed, id))",
        "INSERT INTO parcels (parcel, note, changed) SELECT seq % 50, CONCAT('n|', seq),"
        " TIMESTAMPADD(SECOND, seq * 288, '2025-08-01') FROM seq_0_to_899",
    )
    return world.define("parcels", cursor="changed", business_key="parcel", load="append", chunks=2)


def line(table: str) -> list[str]:
    return [
        *("RangeDaily", "--of", "DailyLoad", "--DailyLoad-table", table),
        *("--start", "2025-08-01", "--stop", "2025-08-04"),
    ]


def killed(world: World, table: str, point: str, *more: str) -> str:
    process = world.start(*line(table), *more, killed=point)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL, out
    return out


def assert_whole(world: World, table: str) -> None:
    name = table.partition(".")[2]
    assert_same(world, name)
    assert_tidy(world, name)
    assert len(world.ledger(name)) == len(DAYS)
    for text in DAYS:
        assert_marked(world, name, day(text))
    latest = world.query("SELECT COUNT(*), COUNT(DISTINCT parcel) FROM {schema}.parcels_latest")
    assert latest == [(50, 50)]


@promises.EXACTLY_ONCE
@pytest.mark.parametrize("happened", POINTS)
def test_a_run_killed_at_any_point_is_completed_by_the_next(
    world: World, parcels: str, happened: str
):
    killed(world, parcels, POINTS[happened])
    committed = ledger_or_none(world)
    assert len(committed) == (1 if happened in COMMITTED else 0)
    again = RangeDaily(
        of=DailyLoad,
        of_params={"table": parcels},
        start=date(2025, 8, 1),
        stop=date(2025, 8, 4),
    )
    world.succeed(again)
    assert_whole(world, parcels)
    # what was committed before the end is not loaded once more
    assert [row for row in world.ledger("parcels") if row in committed] == committed


def ledger_or_none(world: World) -> list[tuple[object, ...]]:
    there = world.query(
        "SELECT 1 FROM svv_tables WHERE table_schema = %s AND table_name = 'pipeline_ledger'",
        (world.name,),
    )
    return world.ledger("parcels") if there else []


def test_the_very_same_command_line_with_workers_of_its_own_resumes(world: World, parcels: str):
    killed(world, parcels, POINTS["COPY done, nothing merged"], "--workers", "2")
    world.luigi(*line(parcels), "--workers", "2")
    assert_whole(world, parcels)


def test_a_dead_child_fails_its_task_and_the_next_run_goes_on(world: World, parcels: str):
    point = POINTS["part uploaded, no lake marker"] + ":alone"
    process = world.start(*line(parcels), "--workers", "2", killed=point)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 30, out
    assert "died unexpectedly" in out
    world.luigi(*line(parcels), "--workers", "2")
    assert_whole(world, parcels)


def test_a_run_killed_while_rows_stream_leaves_no_half_file(world: World):
    table = world.create(
        "long_ones",
        "id INT PRIMARY KEY, filler TEXT, at DATETIME NOT NULL",
        "SELECT seq, REPEAT(MD5(seq), 60), '2025-08-01 10:00:00' FROM seq_1_to_60000",
        cursor="at",
    )
    spool = world.folder / "spool"
    arguments = ["DailyBackup", "--date", "2025-08-01", "--table", table]
    process = world.start(*arguments)
    until(
        lambda: any(path.stat().st_size for path in spool.rglob(".chunk*")),
        "no row is in the spool",
        process=process,
    )
    process.kill()
    process.communicate(timeout=30)  # ends when nothing holds the output any more: no child is left
    assert not list(spool.rglob("chunk-*.parquet"))
    world.luigi(*arguments)
    marker = world.marker(world.keys("long_ones").lake_marker(day("2025-08-01")))
    assert marker["rows"] == 60000


def test_the_central_scheduler_hands_a_dead_runs_tasks_to_the_next(world: World, parcels: str):
    scheduler = world.stack.scheduler
    assert scheduler is not None
    central = ["--scheduler-host", "127.0.0.1", "--scheduler-port", str(scheduler.port)]
    killed(
        world, parcels, POINTS["all rows written, the file not renamed"], "--workers", "2", *central
    )
    # luigid believes for a while that the dead run is at work: the next one waits for its tasks
    again = [*line(parcels), "--workers", "2", "--worker-keep-alive", *central]
    world.luigi(*again)
    assert_whole(world, parcels)
