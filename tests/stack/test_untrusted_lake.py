"""Objects of the lake are input: nothing that one says reaches the warehouse unchecked."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline import ConvertCSV, CopyToRedshift
from pipeline.errors import DataError, LakeError
from pipeline.lake import copy_manifest
from pipeline.lake.stages import CSV, LAKE, AnyStage
from tests.support.world import World, day

FIRST = day("2025-08-01")
INJECTED = "TIMESTAMP); CREATE TABLE {schema}.x AS SELECT 1; CREATE TABLE {schema}.y (id INTEGER"


@pytest.fixture
def orders(world: World) -> str:
    table = world.create(
        "orders",
        "id INT PRIMARY KEY, at DATETIME NOT NULL, INDEX (at)",
        "VALUES (1, '2025-08-01 10:00'), (2, '2025-08-01 11:00')",
        cursor="at",
    )
    world.build(ConvertCSV(table=table, window=FIRST))
    return table


def tamper(world: World, stage: AnyStage, change: Callable[[dict[str, Any]], None]) -> None:
    key = world.lake_window("orders", FIRST).key(stage)
    marker = world.marker(key)
    change(marker)
    world.lake.put(key, json.dumps(marker).encode())


def tables(world: World) -> list[str]:
    query = "SELECT table_name FROM svv_tables WHERE table_schema = %s"
    return [name for (name,) in world.query(query, (world.name,))]


def set_type(marker: dict[str, Any], world: World) -> None:
    marker["columns"][1]["redshift"] = INJECTED.replace("{schema}", world.name)


@pytest.mark.parametrize("stage", [LAKE, CSV], ids=str)
def test_a_column_type_of_a_marker_is_matched_against_the_types_there_are(
    world: World, orders: str, stage: AnyStage
):
    tamper(world, stage, lambda marker: set_type(marker, world))
    error = world.failure(CopyToRedshift(table=orders, window=FIRST))
    assert isinstance(error, LakeError)
    assert "column at has the unknown type" in str(error)
    assert world.lake_window("orders", FIRST).url(stage) in str(error)
    assert tables(world) == []


FIELDS: dict[str, tuple[str, Any]] = {
    "compression": ("compression", "ZSTD; DROP TABLE x"),
    "NULL token": ("null_token", "' MAXERROR 1000 '"),
    "token for empty bytes": ("empty_tokens", {"at": "0'; --"}),
    "negative count": ("rows", -1),
    "digest": ("lake_digest", "../../elsewhere"),
    "format": ("format", "json"),
    "name of a column": ("columns", [{"target": 'x" INTEGER); --'}]),
    "another table's marker": ("table", "shop.customers"),
}


@pytest.mark.parametrize("field", FIELDS)
def test_every_field_of_a_marker_has_a_closed_vocabulary(world: World, orders: str, field: str):
    name, value = FIELDS[field]

    def change(marker: dict[str, Any]) -> None:
        if name == "columns":
            marker["columns"][1] |= value[0]
        else:
            marker[name] = value

    tamper(world, CSV, change)
    error = world.failure(CopyToRedshift(table=orders, window=FIRST))
    assert isinstance(error, LakeError)
    assert tables(world) == []


def test_copy_reads_the_parts_of_the_marker_whatever_its_manifest_says(world: World, orders: str):
    marker = world.lake_window("orders", FIRST).read(CSV)
    world.lake.put("stray.csv.zst", world.lake.get(marker.parts[0].key))
    strange = {"url": world.lake.url("stray.csv.zst"), "mandatory": True}
    world.lake.put(marker.copy_manifest, json.dumps({"entries": [strange]}).encode())
    world.lake.delete(["stray.csv.zst"])
    world.succeed(CopyToRedshift(table=orders, window=FIRST))
    assert world.loaded("orders", "id", "id") == [(1,), (2,)]


def test_two_loads_of_one_window_write_two_copy_manifests(world: World, orders: str):
    """One of them has the CSV marker of before a redo; it must not replace what the other's COPY reads."""
    window = world.lake_window("orders", FIRST)
    parts = window.read(CSV).parts
    current = copy_manifest.write(window, parts)
    before = world.lake.get(current)
    outdated = [parts[0].model_copy(update={"key": f"{parts[0].key}.before"})]
    assert copy_manifest.write(window, outdated) != current
    assert world.lake.get(current) == before


def test_a_part_outside_the_window_s_folder_is_refused(world: World, orders: str):
    marker = world.lake_window("orders", FIRST).read(CSV)
    world.lake.put("stray.csv.zst", world.lake.get(marker.parts[0].key))
    tamper(world, CSV, lambda marker: marker["parts"][0].update(key="stray.csv.zst"))
    error = world.failure(CopyToRedshift(table=orders, window=FIRST))
    assert isinstance(error, DataError)
    assert "stray.csv.zst does not match its marker" in str(error)


def test_a_part_of_the_same_size_and_other_content_is_refused(world: World, orders: str):
    part = world.lake_window("orders", FIRST).read(CSV).parts[0]
    data = world.lake.get(part.key)
    world.lake.put(part.key, data[:-1] + bytes([data[-1] ^ 1]))
    error = world.failure(CopyToRedshift(table=orders, window=FIRST))
    assert isinstance(error, DataError)
    assert "its SHA-256 is" in str(error)


def swapped(table: pa.Table) -> pa.Table:
    return table.select(table.column_names[::-1])


def retyped(table: pa.Table) -> pa.Table:
    return table.set_column(0, "id", table["id"].cast(pa.string()))


def narrowed(table: pa.Table) -> pa.Table:
    return table.select(["id"])


def widened(table: pa.Table) -> pa.Table:
    return table.append_column("more", pa.array(["x"] * table.num_rows))


def shortened(table: pa.Table) -> pa.Table:
    return table.slice(1)


@pytest.mark.parametrize("copy_format", ["csv", "parquet"])
@pytest.mark.parametrize(
    "change",
    [swapped, retyped, narrowed, widened, shortened, None],
    ids=lambda c: getattr(c, "__name__", "none"),
)
def test_parquet_of_another_schema_than_the_marker_s_is_never_loaded(
    world: World,
    orders: str,
    tmp_path: Path,
    copy_format: str,
    change: Callable[[pa.Table], pa.Table] | None,
):
    world.define("orders", cursor="at", copy_format=copy_format)
    lake_window = world.lake_window("orders", FIRST)
    part = lake_window.read(LAKE).parts[0]
    content = b"PAR1 this is none PAR1"
    if change is not None:
        sink = pa.BufferOutputStream()
        source = pq.read_table(pa.BufferReader(world.lake.get(part.key)))
        pq.write_table(change(source), sink)
        content = sink.getvalue().to_pybytes()
    world.lake.put(part.key, content)
    sha256 = hashlib.sha256(content).hexdigest()
    tamper(world, LAKE, lambda m: m["parts"][0].update(bytes=len(content), sha256=sha256))
    lake_window.delete(CSV)
    error = world.failure(CopyToRedshift(table=orders, window=FIRST))
    assert isinstance(error, DataError)
    assert f"{world.lake.url(part.key)} does not match its marker" in str(error)
    assert tables(world) == []
