"""What must hold after any run, however it went: the same rows on both sides, and nothing left over."""

from __future__ import annotations

import struct
from contextlib import closing
from typing import Any

from pymysql.cursors import SSCursor

from pipeline.model.columns import MAX_DECIMAL
from pipeline.model.window import Window
from tests.support.world import World

Row = dict[str, Any]

# How the source and the warehouse are asked for a value, so that equal values give equal answers.
# Written without the product's type map, which is under test.
_TEXT = ("CONVERT({0} USING utf8mb4)", "{0}")
_PLAIN = ("CAST({0} AS CHAR)", "CAST({0} AS VARCHAR)")
_NUMBER = ("CAST({0} + 0 AS CHAR)", "CAST({0} AS VARCHAR)")  # without ZEROFILL's and YEAR's zeros
_ASKED = {
    **dict.fromkeys(("tinyint", "smallint", "mediumint", "int", "bigint", "bit", "year"), _NUMBER),
    "float": ("{0} + 0e0", "{0}"),
    "double": ("{0} + 0e0", "{0}"),
    "datetime": (
        "DATE_FORMAT({0}, '%Y-%m-%d %H:%i:%s.%f')",
        "TO_CHAR({0}, 'YYYY-MM-DD HH24:MI:SS.US')",
    ),
    "date": ("DATE_FORMAT({0}, '%Y-%m-%d')", "TO_CHAR({0}, 'YYYY-MM-DD')"),
    **dict.fromkeys(
        ("binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"),
        ("LOWER(HEX({0}))", "FROM_VARBYTE({0}, 'hex')"),
    ),
    **dict.fromkeys(
        ("char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum", "set", "json"),
        _TEXT,
    ),
}
_ASKED["timestamp"] = _ASKED["datetime"]


def differences(world: World, table: str, where: str = "TRUE") -> list[str]:
    """Every value that differs between a table of the source and its table in the warehouse.

    Rows are paired by the table's first column, which must identify them.
    """
    kinds = _kinds(world, table)
    there, here = _source(world, table, kinds, where), _warehouse(world, table, kinds, where)
    found = [f"{len(there)} rows in the source, {len(here)} here"] * (len(there) != len(here))
    for ours, theirs in zip(here, there, strict=False):
        key = next(iter(theirs.values()))
        found += [
            f"{key}.{column}: {theirs[column]!r} in the source, {ours[column]!r} here"
            for column in theirs
            if not _equal(kinds[column], theirs[column], ours[column])
        ]
    return found


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
    markers = [key for key in listed if keys.is_lake_marker(key)]
    named = {part["key"] for key in markers for part in world.marker(key)["parts"]}
    assert set(listed) == named | set(markers)
    assert stages(world) == []
    if windows:
        assert world.marker(keys.watermark)["windows_loaded"] == len(windows)
    spooled = {path.parent for path in (world.folder / "spool").rglob("*") if path.is_file()}
    assert [folder for folder in spooled if not (folder / "uploaded").exists()] == []


def stages(world: World) -> list[str]:
    """Stage tables of whatever session."""
    rows = world.query(
        "SELECT relname FROM pg_class WHERE relname LIKE 'stage_%' AND relkind = 'r'"
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


def _kinds(world: World, table: str) -> dict[str, str]:
    rows = world.sql(
        "SELECT COLUMN_NAME, DATA_TYPE, NUMERIC_PRECISION FROM information_schema.columns "
        f"WHERE TABLE_SCHEMA = '{world.name}' AND TABLE_NAME = '{table}' ORDER BY ORDINAL_POSITION"
    )
    return {
        name: "text" if kind == "decimal" and precision > MAX_DECIMAL else kind
        for name, kind, precision in rows
    }


def _source(world: World, table: str, kinds: dict[str, str], where: str) -> list[Row]:
    asked = ", ".join(_ASKED.get(kind, _PLAIN)[0].format(f"`{n}`") for n, kind in kinds.items())
    with closing(world.source()) as connection, connection.cursor(SSCursor) as cursor:
        cursor.execute(f"SELECT {asked} FROM {table} WHERE {where}")
        return _sorted(kinds, cursor.fetchall())


def _warehouse(world: World, table: str, kinds: dict[str, str], where: str) -> list[Row]:
    names = ", ".join(
        _ASKED.get(kind, _PLAIN)[1].format(f'"{n.lower()}"') for n, kind in kinds.items()
    )
    return _sorted(
        kinds, world.query(f'SELECT {names} FROM {{schema}}."{table.lower()}" WHERE {where}')
    )


def _sorted(kinds: dict[str, str], rows: Any) -> list[Row]:
    return sorted(
        (dict(zip(kinds, row, strict=True)) for row in rows),
        key=lambda row: (str(next(iter(row.values()))), str(row)),
    )


def _equal(kind: str, there: Any, here: Any) -> bool:
    if kind == "float" and there is not None and here is not None:
        # a FLOAT has four bytes on both sides; each side widens it in its own way
        return struct.pack("f", there) == struct.pack("f", here)
    return type(there) is type(here) and bool(there == here)
