"""Parquet as small as zstd makes it at the pace of the rows, readable by everything in sight.

Logical types of format 2.6 and data pages of version 1, PLAIN and dictionary encodings only: what
Athena, Redshift Spectrum, Spark, DuckDB and pandas have all read for years.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

_REPEATS = 10
"""A dictionary pays where a value stands ten times on average; below that it costs time and, as its
indices look random to zstd, mostly space."""

_TEXT_LEVEL = 1
_NUMBER_LEVEL = 3
"""Higher bytes of numbers repeat at distances that level 1 does not look for."""


def open_writer(
    sink: str | IO[bytes] | pa.NativeFile,
    schema: pa.Schema,
    sample: pa.RecordBatch | None = None,
    metadata: Mapping[str, str] | None = None,
) -> pq.ParquetWriter:
    """A writer of `schema` to `sink` with the settings that suit data like `sample`.

    `sample` is the first batch, or None if there is no row. Each batch written becomes a row group.
    `metadata` goes into the footer, under its keys.
    """
    repeating = [] if sample is None else _repeating(sample)
    writer = pq.ParquetWriter(
        sink,
        schema,
        version="2.6",
        data_page_version="1.0",
        compression="zstd",
        compression_level={field.name: _level(field.type) for field in schema},
        use_dictionary=repeating or False,
    )
    if metadata:
        writer.add_key_value_metadata(dict(metadata))
    return writer


def _level(kind: pa.DataType) -> int:
    is_text = pa.types.is_string(kind) or pa.types.is_binary(kind)
    return _TEXT_LEVEL if is_text else _NUMBER_LEVEL


def _repeating(sample: pa.RecordBatch) -> list[str]:
    return [
        field.name
        for field, values in zip(sample.schema, sample.columns, strict=True)
        if _REPEATS * pc.count_distinct(values).as_py() <= len(values) - values.null_count
    ]
