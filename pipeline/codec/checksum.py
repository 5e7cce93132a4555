"""Checksum of a set of rows that MySQL can compute as well.

``SELECT SUM(CRC32(CONCAT_WS('|', <key columns>)))``: a sum is independent of the order, and sums of parts
add up. The text of each type is MySQL's, provided that the SQL fixes its form: datetimes as
``CAST(c AS DATETIME(6))``, strings of another character set as ``CONVERT(c USING utf8mb4)``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from pipeline.codec.jit import Array, Int, int64, kernel, uint32
from pipeline.codec.lines import Lines, Style

MODULUS = 1 << 63


def _crc_table() -> Array:
    """The remainder of each byte, reflected polynomial 0xEDB88320, as in zlib."""
    table: Array = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = np.where(table & 1, (table >> uint32(1)) ^ uint32(0xEDB88320), table >> 1)
    return table.astype(np.uint32)


_TABLE = _crc_table()


@kernel
def _sum(text: Array, ends: Array) -> Int:
    """The sum of the CRC-32 of ``text[:ends[0]]``, ``text[ends[0]:ends[1]]`` and so on."""
    total = int64(0)
    at = int64(0)
    for end in ends:
        remainder = uint32(0xFFFFFFFF)
        while at < end:
            index = (remainder ^ uint32(text[at])) & uint32(0xFF)
            remainder = _TABLE[index] ^ (remainder >> uint32(8))
            at += 1
        total += int64(remainder ^ uint32(0xFFFFFFFF))
    return total


def sum_of_crc32(batch: pa.RecordBatch, names: Sequence[str]) -> int:
    """The sum over the rows of the CRC-32 of the columns `names`, as text joined by ``|``, below 2^63.

    Raises ValueError for a column with nulls, TypeError for one whose text in MySQL differs (floating
    point, boolean).
    """
    for name in names:
        column = batch.column(name)
        if column.null_count:
            raise ValueError(f"the key column {name} holds NULL")
        if pa.types.is_floating(column.type) or pa.types.is_boolean(column.type):
            raise TypeError(
                f"the key column {name} is a {column.type}, whose text in MySQL differs"
            )
    lines = Lines(batch.select(list(names)), Style(null_token=b""))
    text = lines.write()
    return int(_sum(np.frombuffer(text, np.uint8), lines.ends)) % MODULUS
