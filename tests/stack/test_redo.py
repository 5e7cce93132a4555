"""`pipeline redo` repeats windows from any stage, whatever happens meanwhile."""

from __future__ import annotations

import json
import os
import shutil
import signal
from pathlib import Path

import pytest

from tests.support.documents import blocks
from tests.support.programs import ROOT, run_python
from tests.support.truths import assert_marked, assert_same, assert_tidy
from tests.support.world import World, day

FIRST, SECOND = day("2025-08-01"), day("2025-08-02")
PERIOD = ("--since", "2025-08-01")
REMOVED = ("DB_", "S3_", "AWS_", "REDSHIFT_", "PIPELINE_")


@pytest.fixture(params=["merge", "append"])
def notes(world: World, request: pytest.FixtureRequest) -> str:
    """A table with two loaded days."""
    table = world.create(
        "notes",
        "id INT PRIMARY KEY, note VARCHAR(40), at DATETIME NOT NULL, INDEX (at)",
        "SELECT seq, CONCAT('n', seq), '2025-08-01 10:00:00' + INTERVAL seq DIV 20 DAY"
        " FROM seq_1_to_39",
        cursor="at",
        load=request.param,
    )
    world.load_days(table, 1, 2)
    return table


def state(world: World) -> tuple[list[str], list[object]]:
    """The keys of the lake, and the ledger."""
    return world.lake_keys(), list(world.ledger("notes"))


def test_without_yes_nothing_is_deleted_and_the_windows_are_shown(world: World, notes: str):
    before = state(world)
    out = world.pipeline("redo", "-t", notes, *PERIOD, "--until", "2025-08-03").stdout
    assert [line.split()[1] for line in out.splitlines() if notes in line] == [
        FIRST.label,
        SECOND.label,
    ]
    assert "Nothing was deleted" in out
    assert state(world) == before


def test_a_row_that_changed_with_its_cursor_kept_is_read_again(world: World, notes: str):
    world.sql("UPDATE notes SET note = 'fixed' WHERE id = 7")
    out = world.pipeline("redo", "-t", notes, *PERIOD, "--yes").stdout
    line = next(each for each in out.splitlines() if "luigi --module" in each)
    world.luigi(*line.replace("'", "").split()[3:])
    assert_same(world, "notes")
    assert_tidy(world, "notes")
    assert_marked(world, "notes", FIRST)


@pytest.mark.parametrize("start_at", ["source", "lake", "csv"])
def test_rows_that_were_deleted_in_the_warehouse_are_loaded_again(
    world: World, notes: str, start_at: str
):
    """Their content is the ledger's: without its row nothing would be loaded."""
    world.query("DELETE FROM {schema}.notes WHERE id < 10")
    untouched = world.ledger("notes")[1]
    world.pipeline("redo", "-t", notes, *PERIOD, "--from", start_at, "--yes")
    assert world.ledger("notes") == [untouched]
    world.load_days(notes, 1)
    assert_same(world, "notes")
    assert_tidy(world, "notes")


def test_redo_of_the_views_reaches_no_warehouse(world: World, notes: str):
    world.pipeline(*("redo", "-t", notes, *PERIOD, "--from", "views", "--yes"), REDSHIFT_PORT="1")
    assert not world.lake.exists(world.keys("notes").views_marker(FIRST))
    assert world.lake.exists(world.keys("notes").load_marker(FIRST))
    world.load_days(notes, 1)
    assert_marked(world, "notes", FIRST)


POINTS = {
    "before the views marker": "pipeline.lake.window:LakeWindow.delete:before:of=views",
    "after the views marker": "pipeline.lake.window:LakeWindow.delete:after:of=views",
    "after the load marker": "pipeline.lake.window:LakeWindow.delete:after:of=load",
    "after the CSV marker": "pipeline.lake.window:LakeWindow.delete:after:of=CSV",
    "after the lake marker": "pipeline.lake.window:LakeWindow.delete:after:of=lake",
    "before the ledger": "pipeline.warehouse.ledger:Ledger.forget:before",
    "after the ledger, uncommitted": "pipeline.warehouse.ledger:Ledger.forget:after",
    "after the ledger": "pipeline.warehouse.ledger:Ledger.forget_all:after",
}


@pytest.mark.parametrize("notes", ["append"], indirect=True)
@pytest.mark.parametrize("point", POINTS)
def test_a_redo_that_is_killed_anywhere_loses_nothing(world: World, notes: str, point: str):
    """A run completes the windows; the same redo deletes what is left, and its run reads them again."""
    world.sql("UPDATE notes SET note = 'fixed' WHERE id = 7")
    line = ("redo", "-t", notes, *PERIOD, "--yes")
    world.pipeline(*line, killed=POINTS[point], check=-signal.SIGKILL)
    world.load_days(notes, 1, 2)
    assert_tidy(world, "notes")
    world.pipeline(*line)
    world.load_days(notes, 1)
    assert_same(world, "notes")
    assert_tidy(world, "notes")


def test_json_names_every_window(world: World, notes: str):
    out = world.pipeline("redo", "-t", notes, *PERIOD, "--json").stdout
    assert json.loads(out) == {
        "deleted": False,
        "tables": [
            {
                "table": notes,
                "windows": [
                    {
                        "window": FIRST.name,
                        "markers": ["lake", "CSV", "load", "views"],
                        "in_ledger": True,
                    }
                ],
            }
        ],
    }


def test_a_pattern_chooses_tables_and_none_is_an_error(world: World, notes: str):
    other = world.create("others", "id INT PRIMARY KEY", cursor_type="full")
    out = world.pipeline("redo", "-t", f"{world.name}.*", *PERIOD).stdout
    assert notes in out
    assert other not in out
    done = world.pipeline("redo", "-t", "none.*", *PERIOD, check=41)
    assert "no table matches none.*" in done.stderr
    done = world.pipeline("redo", "-t", notes, *PERIOD, "--until", "2025-08-01", check=41)
    assert "--until 2025-08-01 is not after --since 2025-08-01" in done.stderr


@pytest.fixture
def orders(world: World) -> str:
    return world.create(
        "orders",
        "id INT PRIMARY KEY, state INT, at DATETIME NOT NULL, INDEX (at)",
        "VALUES (1, 0, '2025-08-01 10:00'), (2, 0, '2025-08-01 11:00')",
        cursor="at",
    )


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
    assert "Deleted." in out
    run(load, "--local-scheduler")
    assert_same(world, "orders")
