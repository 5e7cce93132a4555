"""The lake's part in a comparison: its markers, its key checksums, and the rows of a snapshot."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pyarrow.parquet as pq

from pipeline.codec.row_checksum import row_hashes
from pipeline.comparison.cell_comparison import ComparedCell
from pipeline.comparison.loaded_windows import LoadedWindow
from pipeline.comparison.row_sums import RowSum
from pipeline.comparison.verdict import Finding, State, some
from pipeline.lake.parquet_parts import open_parts
from pipeline.lake.s3 import Store
from pipeline.lake.stages import LAKE
from pipeline.lake.window import LakeWindow
from pipeline.model.canonical import CanonicalColumn
from pipeline.model.markers import LakeMarker
from pipeline.model.table_name import TableName
from pipeline.spool.folder import fetching

_BATCH_ROWS = 8_192


def lake_findings(
    windows: Sequence[LoadedWindow], cells: Sequence[ComparedCell], key: Sequence[CanonicalColumn]
) -> Iterator[Finding]:
    """The windows whose markers disagree, or whose key checksum is not that of the rows.

    `key` are the key's columns. Key checksums are compared where no row has moved since the window was read.
    """
    faults: dict[str, list[str]] = {}
    for window in windows:
        if window.lake and window.lake.fault:
            faults.setdefault(window.lake.fault, []).append(window.window.label)
    if other := [c.cell.windows[0].window.label for c in cells if _has_other_keys(c, key)]:
        faults["the lake's key checksum is not the source's"] = other
    for fault, names in faults.items():
        yield Finding(State.DIFFERS, f"{fault} ({some(names)})")
    if gone := [window.window.label for window in windows if window.lake is None]:
        yield Finding(State.EQUAL, f"the lake has no marker of {some(gone)}")


def _has_other_keys(compared: ComparedCell, key: Sequence[CanonicalColumn]) -> bool:
    (window, *_), source = compared.cell.windows, compared.source
    lake = window.lake
    return (
        lake is not None
        and not lake.fault
        and compared.cell.is_window
        and compared.agrees
        and lake.rows == source.rows
        and lake.key == tuple(c.column.name for c in key)
        and None not in (lake.key_checksum, source.key_checksum)
        and lake.key_checksum != source.key_checksum
    )


def snapshot_findings(
    store: Store, table: TableName, compared: ComparedCell, spool: Path
) -> Iterator[Finding]:
    """The findings on the rows of a snapshot, which has no cursor to tell later changes by.

    Where the warehouse has the snapshot of the lake, the source has changed since. Raises LakeError or
    DataError for a part that is missing or differs from its marker.
    """
    if compared.agrees:
        return
    (window,) = compared.cell.windows
    rows = (
        f"{compared.source.rows:,} rows in the source, {compared.warehouse.rows:,} in the warehouse"
    )
    if window.lake is None or window.lake.fault:
        yield Finding(State.DIFFERS, f"other rows than in the source: {rows}")
        return
    marker = LakeWindow(store, table, window.window).read(LAKE)
    if _lake_sum(store, marker, compared.batch.columns, spool).equals(compared.warehouse):
        since = f"the source has changed since the snapshot of {marker.read_at:%Y-%m-%d %H:%M}"
        yield Finding(State.PENDING, since)
    else:
        yield Finding(State.DIFFERS, f"other rows than in the lake: {rows}")


def _lake_sum(
    store: Store, marker: LakeMarker, columns: Sequence[CanonicalColumn], spool: Path
) -> RowSum:
    """The sum of a window's rows in the lake, from its Parquet parts."""
    names, rows, total = [c.column.name for c in columns], 0, 0
    with fetching(spool) as folder, closing(open_parts(store, marker, (), folder)) as files:
        for file in files:
            with closing(file), pq.ParquetFile(file) as parquet:
                for batch in parquet.iter_batches(_BATCH_ROWS, columns=names, use_threads=False):
                    rows += batch.num_rows
                    total += sum(row_hashes(batch, columns))
    return RowSum(rows, total)
