"""What must hold after any run, however it went: the same rows on both sides, and nothing left over."""

from __future__ import annotations

from contextlib import closing

from pipeline.lake.stages import LAKE
from pipeline.model.window import Window
from tests.support import oracle
from tests.support.world import World


def differences(world: World, table: str, where: str = "TRUE") -> list[str]:
    """Every value that differs between a table of the source and its table in the warehouse."""
    with closing(world.source()) as source, closing(world.reader()) as reader:
        columns = oracle.columns(source, world.name, table)
        there = oracle.in_source(source, world.name, table, columns, where)
        here = oracle.in_warehouse(reader, world.name, table, columns, where=where)
    return oracle.differences(columns, there, here)


def assert_same(world: World, table: str, where: str = "TRUE") -> None:
    """Row by row and value by value the warehouse holds what the source holds, nothing twice."""
    found = differences(world, table, where)
    assert not found, "\n".join(found[:20])


def assert_tidy(world: World, table: str) -> None:
    """One ledger row a window; in the lake what manifests name; no stage; no spool but to be evicted."""
    keys = world.keys(table)
    windows = world.query(
        "SELECT window_start, window_end FROM {schema}.pipeline_ledger WHERE table_name = %s",
        (f"{world.name}.{table}",),
    )
    assert len(windows) == len(set(windows)), windows
    listed = world.lake_keys(keys.lake)
    markers = [key for key in listed if LAKE.is_marker(key)]
    named = {part["key"] for key in markers for part in world.marker(key)["parts"]}
    unnamed, missing = set(listed) - named - set(markers), named - set(listed)
    assert not unnamed, f"of no manifest: {unnamed}"
    assert not missing, f"not there: {missing}"
    assert stages(world) == []
    if windows:
        assert world.marker(keys.watermark)["windows_loaded"] == len(windows)
    spooled = {path.parent for path in (world.folder / "spool").rglob("*") if path.is_file()}
    assert [folder for folder in spooled if not (folder / "uploaded").exists()] == []


def stages(world: World) -> list[str]:
    """Staging tables of any session."""
    rows = world.query(
        "SELECT relname FROM pg_class WHERE relname LIKE 'staging_%' AND relkind = 'r'"
    )
    return [name for (name,) in rows]


def assert_marked(world: World, table: str, window: Window) -> None:
    """All five markers of a window stand and speak of the same rows."""
    keys = world.keys(table)
    lake, csv = (world.marker(key) for key in (keys.lake_marker(window), keys.csv_marker(window)))
    load = world.marker(keys.load_marker(window))
    assert lake["rows"] == csv["rows"] == load["rows_staged"]
    assert csv["lake_digest"] == load["lake_digest"]
    assert world.lake.exists(keys.views_marker(window))


def assert_told(text: str, *words: str) -> None:
    """All the words, in one message that says what to do."""
    for word in (*words, "Try: "):
        assert word in text
    assert len(text.strip().splitlines()) <= 3, text


def assert_nothing_written(world: World) -> None:
    assert world.lake_keys() == []
    tables = "SELECT table_name FROM svv_tables WHERE table_schema = %s"
    assert world.query(tables, (world.name,)) == []
