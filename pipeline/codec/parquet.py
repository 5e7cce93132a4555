"""Parquet as small as zstd makes it at the pace of the rows, readable by everything in sight.

Logical types of format 2.6 and data pages of version 1, PLAIN and dictionary encodings only: what
Athena, Redshift Spectrum, Spark, DuckDB and pandas have all read for years.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.codec.memory import give_back

_REPEATS = 10
"""Where a value stands this often on average, a dictionary pays in time and in space."""

_RARELY = 2
"""Where it stands less often than this, a dictionary pays in neither. What lies between is tried."""

_SAMPLE_BYTES = 2 << 20
"""What is looked at of a column: a table of its distinct values takes several times their size."""

_COMMON: dict[str, Any] = {
    "version": "2.6",
    "data_page_version": "1.0",
    "compression": "zstd",
    # Long texts resemble each other at a distance: 7.3 MB for what takes 9.2 in pages of 1 MB.
    "data_page_size": 4 << 20,
    # PyArrow would end a page after 20,000 rows: what repeats further apart (the address of a parcel, in
    # each of its events) is not found then, and takes a tenth of the file.
    "max_rows_per_page": 1 << 30,
}
_LEVEL = 3
"""Level 1 does not look far enough for the repeated high bytes of numbers."""
_TEXT_LEVEL = 2
"""Texts are as small as at 3, in two thirds of the time: values as wide as these match at once."""
_TEXT_INDEX_LEVEL = 1
"""Packed indices have little left to find, and a dictionary of texts is largest at 3."""


def open_writer(
    sink: str | IO[bytes] | pa.NativeFile,
    schema: pa.Schema,
    sample: pa.Table | None = None,
    metadata: Mapping[str, str] | None = None,
) -> pq.ParquetWriter:
    """A writer of `schema` to `sink` with the settings that suit data like `sample`.

    `sample` is the first row group, or None; it may have no rows.
    `metadata` goes into the footer, under its keys.
    """
    names = dictionary_columns(sample) if sample is not None and sample.num_rows else []
    writer = pq.ParquetWriter(
        sink,
        schema,
        use_dictionary=names or False,
        compression_level={each.name: _level(each.type, each.name in names) for each in schema},
        write_statistics=[field.name for field in schema if _is_pruned_by(field.type)] or False,
        **_COMMON,
    )
    # what the trials took is more than a batch, and would be kept to the end
    give_back()
    if metadata:
        writer.add_key_value_metadata(dict(metadata))
    return writer


def _level(kind: pa.DataType, dictionary: bool) -> int:
    text = pa.types.is_string(kind) or pa.types.is_binary(kind)
    if not text:
        return _LEVEL
    return _TEXT_INDEX_LEVEL if dictionary else _TEXT_LEVEL


def _is_pruned_by(kind: pa.DataType) -> bool:
    """Whether readers skip row groups by such a column: rows come in the order of a time or a key.

    The bounds of strings and decimals cost a tenth of the writing, and each row group's are alike.
    """
    return bool(pa.types.is_integer(kind) or pa.types.is_temporal(kind))


def dictionary_columns(sample: pa.Table) -> list[str]:
    """The columns of `sample` that are better written with a dictionary of their values."""
    return [name for name in sample.schema.names if _repeats(sample.column(name))]


def _repeats(column: pa.ChunkedArray) -> bool:
    rows = len(column) * _SAMPLE_BYTES // max(column.nbytes, _SAMPLE_BYTES)
    values = column.slice(0, rows).combine_chunks()
    present = len(values) - values.null_count
    # not count_distinct, which takes four times the time and twice the memory
    distinct = len(pc.unique(values)) - (values.null_count > 0)
    if _REPEATS * distinct <= present:
        return True
    if _RARELY * distinct > present:
        return False
    return _size(values, True) < _size(values, False)


def _size(values: pa.Array, dictionary: bool) -> int:
    sink, level = pa.BufferOutputStream(), _level(values.type, dictionary)
    table = pa.table({"values": values})
    pq.write_table(table, sink, use_dictionary=dictionary, compression_level=level, **_COMMON)
    return int(sink.getvalue().size)
