"""Read back what a run has written, wherever it is, before its time counts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import csv

from benchmarks import fingerprint
from benchmarks.fingerprint import COLUMNS, Fingerprint
from benchmarks.world import DELIVERY, Place

PARQUET, CSV = (".parquet",), (".csv", ".csv.zst", ".csv.gz")
OUR_NULL = "__null__"


def of_files(place: Place, folder: str = "", csv_header: bool = True) -> tuple[Fingerprint, int]:
    """Fingerprint and bytes of the Parquet or CSV files below the place's folder."""
    top = place.folder / folder
    files = [f for f in sorted(top.rglob("*")) if f.name.endswith((*PARQUET, *CSV))]
    found = fingerprint.of_batches(b for file in files for b in _batches(file, place, csv_header))
    return found, sum(file.stat().st_size for file in files)


def of_bucket(place: Place, below: str, csv_header: bool) -> tuple[Fingerprint, int]:
    """The same of the table's objects whose key starts with `below`; they are downloaded to be read."""
    lake, folder = place.world.lake(place.name), place.folder / "fetched"
    folder.mkdir()
    for number, found in enumerate(lake.list(below)):
        suffix = next((s for s in (*PARQUET, *CSV[::-1]) if found.key.endswith(s)), None)
        if suffix and "_dlt" not in found.key:
            lake.download(found.key, folder / f"{number:05d}{suffix}")
    return of_files(place, "fetched", csv_header)


def of_warehouse(place: Place) -> tuple[Fingerprint, int]:
    """The warehouse table's; its text is not summed there, so that the source's sum stands for it."""
    (row,) = place.world.warehouse(
        "SELECT COUNT(*), SUM(net_price) * 10000, SUM(EXTRACT(EPOCH FROM update_at)), SUM(id), "
        f"SUM(LENGTH(ant_parcel_no)) FROM {place.name}.{DELIVERY}"
    )
    ours = [int(value) for value in row]
    (theirs,) = place.world.sql(
        place.data.database,
        "SELECT SUM(ID), SUM(CHAR_LENGTH(ant_parcel_no)) FROM "
        f"{DELIVERY} WHERE update_at >= '{place.window.start:%Y-%m-%d %H:%M:%S}' "
        f"AND update_at < '{place.window.end:%Y-%m-%d %H:%M:%S}'",
    )
    source = place.world.expected(place.data, place.window)
    keys = source.keys if ours[3:] == [int(value) for value in theirs] else -1
    return Fingerprint(ours[0], keys, ours[1], ours[2], source.texts), 0


def _batches(file: Path, place: Place, csv_header: bool) -> Iterator[pa.RecordBatch]:
    if file.name.endswith(PARQUET):
        whole = pq.ParquetFile(file)
        wanted = {name.lower() for name in COLUMNS}
        names = [name for name in whole.schema_arrow.names if name.lower() in wanted]
        yield from whole.iter_batches(columns=names)
    else:
        yield from _csv_batches(file, place, csv_header)


def _csv_batches(file: Path, place: Place, header: bool) -> Iterator[pa.RecordBatch]:
    compression = {".zst": "zstd", ".gz": "gzip"}.get(file.suffix)
    raw = pa.OSFile(str(file))
    stream = pa.CompressedInputStream(raw, compression) if compression else raw
    names = None if header else _column_names(place)
    with csv.open_csv(
        stream,
        read_options=csv.ReadOptions(column_names=names, block_size=8 << 20),
        parse_options=csv.ParseOptions(
            delimiter=_delimiter(file, compression), newlines_in_values=True
        ),
        convert_options=csv.ConvertOptions(
            column_types={name: pa.string() for name in _spellings()},
            null_values=[OUR_NULL],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    ) as reader:
        for batch in reader:
            wanted = [n for n in batch.schema.names if n.lower() in map(str.lower, COLUMNS)]
            yield batch.select(wanted)


def _spellings() -> set[str]:
    return {spelling for name in COLUMNS for spelling in (name, name.lower(), name.upper())}


def _delimiter(file: Path, compression: str | None) -> str:
    """The pipeline's and the conversions' CSV has bars; plain files are a peer's, with commas."""
    return "|" if compression or file.parent.name == "in" else ","


def _column_names(place: Place) -> list[str]:
    """The columns of the pipeline's CSV, which has no header: those of the marker beside it."""
    lake = place.world.lake(place.name)
    key = next(f.key for f in lake.list("csv/") if f.key.endswith("_manifest.json"))
    return [column["name"] for column in json.loads(lake.get(key))["columns"]]
