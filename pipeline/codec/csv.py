"""Arrow batches as the CSV that Redshift's COPY reads without doubt."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc


def encode_csv(batch: pa.RecordBatch, *, null_token: bytes) -> pa.Buffer:
    """The batch as CSV: every string quoted, NULL as an unquoted token, one line feed a row."""
    token = null_token.decode()
    cells = [pc.fill_null(_cells(column), token) for column in batch.columns]
    lines = pc.binary_join_element_wise(*cells, "|")
    text = pc.binary_join(pa.ListArray.from_arrays([0, len(lines)], lines), "\n")
    return pa.py_buffer(text[0].as_buffer().to_pybytes() + b"\n")


def contains(batch: pa.RecordBatch, token: bytes) -> bool:
    """Whether a string of the batch is the token."""
    return any(
        pc.any(pc.equal(column, token.decode())).as_py()
        for column in batch.columns
        if pa.types.is_string(column.type)
    )


def _cells(column: pa.Array) -> pa.Array:
    if pa.types.is_string(column.type):
        doubled = pc.replace_substring(column, '"', '""')
        return pc.binary_join_element_wise('"', doubled, '"', "")
    if pa.types.is_binary(column.type):
        return pa.array([None if v is None else v.hex() for v in column.to_pylist()], pa.string())
    if pa.types.is_timestamp(column.type):
        return pc.strftime(column, format="%Y-%m-%d %H:%M:%S")
    return pc.cast(column, pa.string())
