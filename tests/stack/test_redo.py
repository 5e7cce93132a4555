"""Redoing a window as docs/redo.md says, wherever the settings are."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.support.documents import blocks
from tests.support.programs import ROOT, run_python
from tests.support.truths import assert_marked, assert_same
from tests.support.world import World, day

WINDOW = day("2025-08-01")
REMOVED = ("DB_", "S3_", "AWS_", "REDSHIFT_", "PIPELINE_")


@pytest.fixture
def orders(world: World) -> str:
    table = world.create(
        "orders",
        "id INT PRIMARY KEY, state INT, at DATETIME NOT NULL, INDEX (at)",
        "VALUES (1, 0, '2025-08-01 10:00'), (2, 0, '2025-08-01 11:00')",
        cursor="at",
    )
    world.load_days(table, 1)
    return table


@pytest.mark.local
@pytest.mark.parametrize(
    ("place", "prefix"), [(".env", ""), ("environment", "a/b")], ids=["no prefix", "prefix"]
)
def test_the_commands_of_the_page_redo_a_window_wherever_the_settings_are(
    world: World, orders: str, tmp_path: Path, place: str, prefix: str
):
    variables = {**world.environment, "S3_PREFIX": prefix}
    environment = {k: v for k, v in os.environ.items() if not k.startswith(REMOVED)}
    folder = tmp_path / "project"
    (folder / "configs").mkdir(parents=True)
    for name in ("luigi.cfg", "configs/logging.cfg"):
        shutil.copy(ROOT / name, folder / name)
    if place == ".env":
        lines = (f"{name}='{value}'\n" for name, value in variables.items())
        (folder / ".env").write_text("".join(lines))
        environment["LUIGI_CONFIG_PATH"] = variables["LUIGI_CONFIG_PATH"]
    else:
        environment |= variables

    def run(words: tuple[str, ...], *more: str) -> str:
        program = words[1:] if words[0] == "python" else ("-m", *words)
        named = (word.replace("shop.orders", orders) for word in (*program, *more))
        return run_python(*named, environment=environment, folder=folder, timeout=180).stdout

    (block,) = (b for b in blocks(ROOT / "docs" / "redo.md") if b.info == "sh")
    redo, load = (command.words for command in block.commands())
    run(load, "--local-scheduler")
    world.sql("UPDATE orders SET state = 1")
    out = run(redo)
    url = f"s3://{variables['S3_BUCKET_NAME']}/{prefix}{'/' if prefix else ''}"
    assert f"deleted  {url}lake/" in out
    assert "//" not in out.replace("s3://", "")
    run(load, "--local-scheduler")
    assert_same(world, "orders")


@pytest.mark.parametrize(
    ("start", "gone"),
    [
        ("source", {"lake", "csv", "load", "views"}),
        ("lake", {"csv", "load", "views"}),
        ("csv", {"load", "views"}),
        ("views", {"views"}),
    ],
)
def test_the_markers_from_a_stage_on_are_deleted(
    world: World, orders: str, start: str, gone: set[str]
):
    world.pipeline("redo", "--table", orders, "--window", WINDOW.name, "--from", start)
    keys = world.keys("orders")
    there = {
        s
        for s in ("lake", "csv", "load", "views")
        if world.lake.exists(getattr(keys, f"{s}_marker")(WINDOW))
    }
    assert there == {"lake", "csv", "load", "views"} - gone
    world.load_days(orders, 1)
    assert_marked(world, "orders", WINDOW)


@pytest.mark.parametrize("window", [("--date", "August"), ("--window", "20250801")])
def test_a_window_that_is_none_is_refused(world: World, orders: str, window: tuple[str, str]):
    done = world.pipeline("redo", "--table", orders, *window, check=41)
    assert "the window is not understood" in done.stderr


def test_a_redo_of_nothing_is_refused(world: World, orders: str):
    assert "nothing to redo is named" in world.pipeline("redo", check=41).stderr
    assert "required" in world.pipeline("redo", "--table", orders, check=41).stderr
