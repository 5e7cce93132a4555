"""Compile or load every kernel before the first table needs them.

``python -m pipeline.codec`` does it for a machine, `tasks.luigi_hooks` for the tasks of a run.
"""

from __future__ import annotations

import numpy as np

from pipeline.codec.checksum import sum_of_crc32
from pipeline.codec.csv import encode_csv
from pipeline.codec.decoder import Decoder
from pipeline.codec.jit import SLACK
from pipeline.codec.stream import RowStream
from pipeline.model.columns import Column

# Arrow types and a text of each. A zero byte, a letter beyond ASCII and a double with too many digits for
# the fast path reach the kernels that ordinary values do not.
_SAMPLES = {
    "int16": b"1",
    "int32": b"1",
    "int64": b"1",
    "decimal128(9, 2)": b"1.23",
    "float": b"0.10000000149011612",
    "double": b"0.30000000000000004",
    "date32[day]": b"2025-08-01",
    "timestamp[us, tz=UTC]": b"2025-08-01 12:00:00.5",
    "string": "\0ü".encode(),
    "binary": b"\xff",
}


def warm() -> None:
    """Run every kernel once, on a table of one row, so that it is compiled and in the cache."""
    columns = [
        Column(kind, kind, nullable=True, arrow=kind, redshift="", target=kind) for kind in _SAMPLES
    ]
    payload = b"".join(bytes([len(text)]) + text for text in _SAMPLES.values())
    packets = len(payload).to_bytes(3, "little") + b"\0" + payload + b"\5\0\0\1\xfe\0\0\0\0"

    def read_into(target: memoryview) -> int:
        target[: len(packets)] = packets
        return len(packets)

    stream = RowStream(read_into, columns, sequence=0, batch_rows=1, batch_bytes=1)
    for decoded in stream.batches():
        encode_csv(decoded.batch, null_token=b"")
        sum_of_crc32(decoded.batch, ["int64"])
    block = np.frombuffer(bytearray(payload + bytes(SLACK)), np.uint8)
    Decoder(columns, 1, 1).row(block, len(payload), len(payload))
