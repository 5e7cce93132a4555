"""Everything may run twice at the same time: the result is that of one run."""

import subprocess
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from luigi.task import flatten, getpaths

from pipeline import (
    ConvertCSV,
    CopyToRedshift,
    DailyBackup,
    DailyLoad,
    ExtractChunk,
    PlanChunks,
    UploadParquet,
)
from pipeline.config.settings import settings
from pipeline.config.yaml_loader import table_named
from pipeline.lake.stages import CSV, LAKE
from pipeline.model.markers import ChunkFigures
from pipeline.model.window import Window
from pipeline.spool.chunk_file import ChunkFile
from pipeline.steps import refresh, upload
from pipeline.warehouse import connection as redshift
from pipeline.warehouse import sql as redshift_sql
from pipeline.warehouse import staging
from pipeline.warehouse.views import refresh_views
from tests import promises
from tests.support.truths import assert_marked, assert_same, assert_tidy
from tests.support.waiting import until
from tests.support.world import World, day

DAYS = ("2025-08-01", "2025-08-02")


def orders(world: World, **definition: Any) -> str:
    """Two days of 400 rows."""
    return world.create(
        "orders",
        "id INT PRIMARY KEY, state INT, at DATETIME(6) NOT NULL, INDEX (at)",
        "SELECT seq, seq % 7, TIMESTAMPADD(SECOND, seq * 216, '2025-08-01') FROM seq_0_to_799",
        **{"cursor": "at", **definition},
    )


@promises.PARALLEL_LOADS
@pytest.mark.parametrize("mode", ["merge", "append", "replace"])
def test_two_identical_runs_at_once_come_to_what_one_comes_to(world: World, mode: str):
    full = mode == "replace"
    table = (
        orders(world, cursor=None, cursor_type="full")
        if full
        else orders(world, load=mode, chunks=2, business_key="state")
    )
    arguments = ["DailyLoad", "--table", table, "--date", "2025-08-01", "--workers", "2"]
    world.sql("DELETE FROM orders WHERE at >= '2025-08-02'")
    for _ in range(2):
        processes = [world.start(*arguments, "--no-lock") for _ in range(2)]
        for process in processes:
            out, _ = process.communicate(timeout=120)
            assert process.returncode == 0, out
        assert_same(world, "orders")
        assert_tidy(world, "orders")
        assert [row[2] for row in world.ledger("orders")] == [400]
        if not full:  # whose window is that of the day on which the test runs
            assert_marked(world, "orders", day("2025-08-01"))
        # the next round starts from nothing again, but for the table itself
        world.lake.delete(world.lake_keys())
        world.query("DELETE FROM {schema}.pipeline_ledger")


def test_the_same_command_line_waits_for_nobody_and_says_so(world: World):
    table = orders(world)
    blocker = world.source()
    with blocker.cursor() as cursor:
        cursor.execute("LOCK TABLES orders WRITE")  # the first run waits for this
    arguments = ["DailyBackup", "--date", "2025-08-01", "--table", table]
    first = world.start(*arguments)
    try:
        until_blocked(world, first)
        second = world.luigi(*arguments, check=10)
        assert "already running" in second.stdout
    finally:
        blocker.close()
    out, _ = first.communicate(timeout=60)
    assert first.returncode == 0, out


def until_blocked(world: World, process: "subprocess.Popen[str]") -> None:
    """Wait until the run's own statement waits for the table's lock."""
    waiting = (
        "SELECT 1 FROM information_schema.processlist"
        f" WHERE STATE LIKE 'Waiting for table%' AND INFO LIKE '%{world.name}%'"
    )
    until(lambda: world.sql(waiting), "the run waits for no lock", process=process)


def test_of_two_loads_that_have_both_copied_one_merges(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    table = orders(world, load="append")
    window = day("2025-08-01")
    world.build(ConvertCSV(table=table, window=window))
    together(monkeypatch, staging, "fill")  # from here both hold a full stage

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda _: world.load("orders", window), range(2))
    assert first.committed_at == second.committed_at
    assert (first.rows_replaced, second.rows_replaced) == (0, 0)
    assert world.query("SELECT COUNT(*) FROM {schema}.orders") == [(400,)]
    assert len(world.ledger("orders")) == 1


def test_of_two_uploads_with_different_rows_the_first_counts_and_the_other_leaves_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    table = orders(world)
    window, keys = day("2025-08-01"), world.keys("orders")
    world.build(DailyBackup(date(2025, 8, 1), table=table))
    lake_window = world.lake_window("orders", window)
    manifest = lake_window.read(LAKE)
    world.lake.delete(world.lake_keys())
    chunks = [
        chunk(tmp_path / f"{index}.parquet", manifest.columns, second=index) for index in range(2)
    ]
    together(monkeypatch, upload.LakeMarker, "encode")  # both parts are stored, no marker is

    with ThreadPoolExecutor(2) as pool:
        manifests = list(
            pool.map(lambda c: upload.upload_window(lake_window, [c], manifest.extent), chunks)
        )
    assert manifests[0] == manifests[1]
    part = manifests[0].parts[0].key
    assert world.lake_keys(keys.lake) == sorted([part, keys.lake_marker(window)])


def chunk(path: Path, columns: Any, second: int) -> tuple[Path, ChunkFigures]:
    """A spool file of no rows that differs from another in its figures alone."""
    file = ChunkFile(path, columns, ("id",), "at")
    figures = file.finish(datetime(2025, 8, 2, 0, 0, second, tzinfo=timezone.utc), 0.0)
    return path, figures


def together(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str) -> None:
    """Let two threads leave the function at the same time only."""
    original: Callable[..., Any] = getattr(owner, name)
    barrier = threading.Barrier(2, timeout=30)

    def meeting(*arguments: Any, **named: Any) -> Any:
        result = original(*arguments, **named)
        barrier.wait()
        return result

    monkeypatch.setattr(owner, name, meeting)


def test_different_windows_of_one_table_load_at_once(world: World):
    table = orders(world, load="append")
    processes = [
        world.start("DailyLoad", "--date", text, "--table", table, "--no-lock") for text in DAYS
    ]
    for process in processes:
        out, _ = process.communicate(timeout=120)
        assert process.returncode == 0, out
    assert_same(world, "orders")
    assert_tidy(world, "orders")
    assert len(world.ledger("orders")) == 2


@promises.NEWEST_ROW
@pytest.mark.parametrize("order", [(1, 2, 3), (3, 2, 1), (2, 3, 1), (3, 1, 2)])
def test_windows_may_come_in_any_order_and_no_older_version_replaces_a_newer(
    world: World, order: tuple[int, ...]
):
    table = orders(world)
    # every day is read while it holds its version of the rows, as an hourly backup would
    for number in (1, 2, 3):
        world.sql(f"UPDATE orders SET state = {number}0, at = '2025-08-0{number} 12:00:00.5'")
        world.build(DailyBackup(date(2025, 8, number), table=table))
    for number in order:
        assert world.build(DailyLoad(date(2025, 8, number), table=table)).scheduling_succeeded
    assert world.query("SELECT state, COUNT(*) FROM {schema}.orders GROUP BY 1") == [(30, 800)]
    assert len(world.ledger("orders")) == 3
    # a window whose load was forgotten by everybody is loaded once more, and changes nothing
    old: Window = day("2025-08-01")
    world.query("DELETE FROM {schema}.pipeline_ledger WHERE window_start = '2025-08-01'")
    world.unmark("orders", old, "load")
    world.build(CopyToRedshift(table=table, window=old))
    assert world.query("SELECT state, COUNT(*) FROM {schema}.orders GROUP BY 1") == [(30, 800)]


def test_a_view_that_another_run_is_just_making_is_waited_for(world: World):
    table = orders(world, business_key="state")
    window = day("2025-08-01")
    world.build(CopyToRedshift(table=table, window=window))
    definition = table_named(settings().run.configs, table)
    csv = world.lake_window("orders", window).read(CSV)
    with redshift.connected(settings().warehouse) as connection:
        view = refresh.latest_view(connection, definition, csv, world.name)
    assert view is not None

    def refreshed() -> tuple[str, ...]:
        with redshift.connected(settings().warehouse) as connection:
            return refresh_views(connection, [view], world.name)

    with redshift.connected(settings().warehouse) as other, ThreadPoolExecutor(1) as pool:
        with redshift.transaction(other) as cursor:
            cursor.execute(redshift_sql.create_view(view.relation, view.query))
            made = pool.submit(refreshed)
            until(world.waits_for_lock, "no session waits for the lock")
        assert made.result(timeout=60) == ("orders_latest",)
    assert world.query("SELECT COUNT(*) FROM {schema}.orders_latest") == [(7,)]
    assert world.query("SELECT COUNT(*) FROM {schema}.pipeline_views") == [(1,)]


def test_a_chunk_that_one_run_has_spooled_is_not_written_over_by_another(world: World):
    """The first may have its digest already, and be about to upload it."""
    table = orders(world)
    world.build(PlanChunks(table=table, window=day("2025-08-01")))
    task = ExtractChunk(table=table, window=day("2025-08-01"), chunk=0)
    task.run()
    path = Path(task.output().path)
    first = path.read_bytes()
    task.run()  # at another moment, which stands in the file's footer
    assert path.read_bytes() == first


def test_an_upload_whose_chunks_another_run_brings_to_the_lake_meanwhile_goes_on(world: World):
    table, window = orders(world), day("2025-08-01")
    world.build(PlanChunks(table=table, window=window))
    upload_ = UploadParquet(table=table, window=window).run()
    asked = next(upload_)
    world.build(ConvertCSV(table=table, window=window))  # it clears the spool
    assert not PlanChunks(table=table, window=window).spool.plan_path.exists()
    # what Luigi does with what a running task asks for
    assert all(task.complete() for task in flatten(asked))
    getpaths(asked)
    with pytest.raises(StopIteration):
        next(upload_)
