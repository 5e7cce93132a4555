"""A window is done again while a run of it is paused: the rows are right, and the same command ends well."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest

from pipeline import RefreshViews
from pipeline.config.settings import settings
from pipeline.config.yaml_loader import table_named
from pipeline.errors import LakeError, Overtaken, PipelineError
from pipeline.lake.s3 import Store
from pipeline.lake.stages import CSV, LAKE, LOAD, STAGES, VIEWS
from pipeline.steps import convert, load, refresh
from pipeline.warehouse import connection as redshift
from pipeline.warehouse import staging
from tests import promises
from tests.support.truths import assert_marked, assert_same, assert_tidy
from tests.support.world import World, day

WINDOW = day("2025-08-01")


@pytest.fixture
def orders(world: World) -> str:
    table = world.create(
        "orders",
        "id INT PRIMARY KEY, state INT, at DATETIME NOT NULL, INDEX (at)",
        "SELECT seq, 0, '2025-08-01 10:00:00' FROM seq_1_to_50",
        cursor="at",
        load="append",
    )
    world.succeed(RefreshViews(table=table, window=WINDOW))
    return table


class Pause:
    """Holds the first call of a function: `reached` is set there, `release` lets it go on."""

    def __init__(self) -> None:
        self.reached, self.release = threading.Event(), threading.Event()
        self._calls = threading.Lock()

    def hold(self) -> None:
        if self._calls.acquire(blocking=False):
            self.reached.set()
            assert self.release.wait(60)


def paused_at(
    monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, only: Callable[..., bool]
) -> Pause:
    """Hold the first call of `owner.name` with such arguments, before it happens."""
    pause, original = Pause(), getattr(owner, name)

    def held(*arguments: Any, **named: Any) -> Any:
        if only(*arguments):
            pause.hold()
        return original(*arguments, **named)

    monkeypatch.setattr(owner, name, held)
    return pause


def redo(world: World, table: str) -> None:
    """What docs/redo.md says: fix rows, delete markers from the source on, run the same command."""
    world.sql("UPDATE orders SET state = state + 1", "DELETE FROM orders WHERE id = 50")
    world.lake_window("orders", WINDOW).delete(*STAGES)
    world.succeed(RefreshViews(table=table, window=WINDOW))


def load_again(world: World, table: str) -> None:
    lake_window = world.lake_window("orders", WINDOW)
    definition = table_named(settings().run.configs, table)
    loaded = load.load_window(settings(), lake_window, definition)
    lake_window.write_while(LOAD, loaded.marker, lambda: loaded.is_current(lake_window))


def convert_again(world: World, table: str) -> None:
    lake_window = world.lake_window("orders", WINDOW)
    definition = table_named(settings().run.configs, table)
    lake = lake_window.read(LAKE)
    convert.prepare_copy(lake_window, lake, definition, [], settings().run)


def refresh_again(world: World, table: str) -> None:
    lake_window = world.lake_window("orders", WINDOW)
    refresh.refresh_window(settings(), lake_window, table_named(settings().run.configs, table))


def is_marker(stage: Any) -> Callable[..., bool]:
    def only(_store: Store, key: str, *_: Any) -> bool:
        return (
            key.endswith(stage.suffix)
            and f"/{WINDOW.name}" in key
            and key.startswith(
                {"lake": "lake", "CSV": "csv", "load": "loads", "views": "views"}[stage.name]
            )
        )

    return only


def anything(*_: Any) -> bool:
    return True


# The stage that run A is in, what has been done when A begins, and where A pauses.
HELD = {
    "conversion, before its parts": (convert_again, (CSV, LOAD, VIEWS), Store, "put", anything),
    "conversion, before its marker": (
        convert_again,
        (CSV, LOAD, VIEWS),
        Store,
        "put_if_absent",
        is_marker(CSV),
    ),
    "load, at its login": (load_again, (LOAD, VIEWS), redshift, "connected", anything),
    "load, before COPY": (load_again, (LOAD, VIEWS), staging, "fill", anything),
    "load, before its transaction": (
        load_again,
        (LOAD, VIEWS),
        redshift,
        "in_transaction",
        anything,
    ),
    "load, before its marker": (
        load_again,
        (LOAD, VIEWS),
        Store,
        "put_if_absent",
        is_marker(LOAD),
    ),
    "views, at the login": (refresh_again, (VIEWS,), redshift, "connected", anything),
    "views, before their marker": (
        refresh_again,
        (VIEWS,),
        Store,
        "put_if_absent",
        is_marker(VIEWS),
    ),
}


@promises.REREAD
@pytest.mark.parametrize("held", HELD.values(), ids=HELD)
@pytest.mark.parametrize("goes_on", ["after the redo", "between its deletions"])
def test_a_run_that_is_paused_during_a_redo_neither_undoes_it_nor_blocks_the_window(
    world: World,
    orders: str,
    monkeypatch: pytest.MonkeyPatch,
    held: tuple[Any, ...],
    goes_on: str,
):
    stage, deleted, owner, name, only = held
    lake_window = world.lake_window("orders", WINDOW)
    lake_window.delete(*reversed(deleted))
    if stage is load_again:
        # the ledger knows other rows, so that the load has something to do
        world.query("UPDATE {schema}.pipeline_ledger SET lake_digest = 'earlier'")
    with monkeypatch.context() as patch, ThreadPoolExecutor(1) as pool:
        pause = paused_at(patch, owner, name, only)
        run = pool.submit(stage, world, orders)
        try:
            assert pause.reached.wait(60), run.exception(0)
            if goes_on == "after the redo":
                redo(world, orders)
                pause.release.set()
                with suppress(PipelineError):
                    run.result(60)
            else:
                world.sql("UPDATE orders SET state = 7")
                lake_window.delete(LAKE)
                lake_window.delete(CSV)
                pause.release.set()
                with suppress(PipelineError):
                    run.result(60)
                lake_window.delete(LOAD)
                lake_window.delete(VIEWS)
        finally:
            pause.release.set()
    error = run.exception(0)
    assert error is None or isinstance(error, Overtaken | LakeError), repr(error)
    world.succeed(RefreshViews(table=orders, window=WINDOW))
    assert_same(world, "orders")
    assert_marked(world, "orders", WINDOW)
    assert_tidy(world, "orders")
    assert not world.lake_keys(world.keys("orders").quarantined)
    folder = world.keys("orders").csv_folder(WINDOW)
    parts = [key for key in world.lake_keys(folder) if "/part-" in key]
    assert parts == [part.key for part in lake_window.read(CSV).parts]
