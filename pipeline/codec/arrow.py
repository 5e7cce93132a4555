"""Arrow types and schemas of columns."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pyarrow as pa

from pipeline.model.columns import Column

_TYPES = {
    str(kind): kind
    for kind in (
        pa.bool_(),
        pa.int16(),
        pa.int32(),
        pa.int64(),
        pa.float32(),
        pa.float64(),
        pa.string(),
        pa.binary(),
        pa.date32(),
        pa.timestamp("us", tz="UTC"),
    )
}


def arrow_type(column: Column) -> pa.DataType:
    """The Arrow type of the column's values in Parquet."""
    if decimal := re.fullmatch(r"decimal128\((\d+), (\d+)\)", column.arrow):
        return pa.decimal128(int(decimal[1]), int(decimal[2]))
    return _TYPES[column.arrow]


def arrow_schema(columns: Sequence[Column]) -> pa.Schema:
    """The schema of the Parquet files; every field is nullable, as the source may be altered."""
    return pa.schema([pa.field(column.name, arrow_type(column)) for column in columns])
