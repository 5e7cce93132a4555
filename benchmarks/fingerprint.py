"""Whether an output holds the rows of the table: counts and sums that MySQL computes as well.

Tools disagree about types, so that values are brought to one form first: a price becomes its
ten-thousandths, a time its seconds. The checksum is zlib's and none of the pipeline's own.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

COLUMNS = ("ID", "ant_parcel_no", "net_price", "update_at", "status_note")

SQL = """
SELECT COUNT(*), SUM(CRC32(CONCAT_WS('|', ID, ant_parcel_no))), SUM(net_price) * 10000,
       SUM(UNIX_TIMESTAMP(update_at)), SUM(LENGTH(status_note))
FROM {table} WHERE update_at >= '{start}' AND update_at < '{end}'
"""


@dataclass(frozen=True)
class Fingerprint:
    """Rows, sum of CRC-32 of the keys, of prices in ten-thousandths, of times in seconds, of text bytes."""

    rows: int
    keys: int
    prices: int
    times: int
    texts: int

    def differences(self, other: Fingerprint) -> str:
        """What differs, in words; empty where the two are equal."""
        mine, theirs = asdict(self), asdict(other)
        return ", ".join(
            f"{name}: {theirs[name]} instead of {mine[name]}"
            for name in mine
            if mine[name] != theirs[name]
        )


def of_row(row: Iterable[Any]) -> Fingerprint:
    """The fingerprint in the one row that `SQL` gives."""
    return Fingerprint(*(int(value or 0) for value in row))


def of_batches(batches: Iterable[pa.RecordBatch]) -> Fingerprint:
    """The fingerprint of rows that hold at least `COLUMNS`, in whatever case and type."""
    rows = keys = prices = times = texts = 0
    for batch in batches:
        by_name = {name.lower(): batch.column(i) for i, name in enumerate(batch.schema.names)}
        number, parcel, price, time, note = (by_name[name.lower()] for name in COLUMNS)
        rows += batch.num_rows
        keys += _keys(number, parcel)
        prices += _sum(pc.round(pc.multiply(price.cast(pa.float64(), safe=False), 10_000.0)))
        times += _sum(_seconds(time))
        texts += _sum(pc.binary_length(note.cast(pa.string())))
    return Fingerprint(rows, keys, prices, times, texts)


def _sum(values: pa.Array) -> int:
    return int(pc.sum(values.cast(pa.int64(), safe=False)).as_py() or 0)


def _keys(number: pa.Array, parcel: pa.Array) -> int:
    numbers = number.cast(pa.int64(), safe=False).cast(pa.string())
    joined = pc.binary_join_element_wise(numbers, parcel.cast(pa.string()), "|")
    return sum(zlib.crc32(text.encode()) for text in joined.to_pylist())


def _seconds(time: pa.Array) -> pa.Array:
    if pa.types.is_string(time.type) or pa.types.is_large_string(time.type):
        time = pc.utf8_slice_codeunits(time, 0, 19).cast(pa.timestamp("s"))
    zone = getattr(time.type, "tz", None)
    return time.cast(pa.timestamp("s", zone), safe=False).cast(pa.int64())
