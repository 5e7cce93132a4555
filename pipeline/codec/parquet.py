"""Settings of the Parquet writer: zstd at the pace of extraction, readable by all common engines.

Logical types of format 2.6, data pages of version 1, PLAIN and dictionary encodings only, as Athena, Redshift
Spectrum, Spark, DuckDB and pandas have read for years.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.codec.memory import release_unused

_REPEATS = 10
"""Average occurrences of a value from which a dictionary saves time and space."""

_RARELY = 2
"""Average occurrences below which a dictionary saves neither. In between both encodings are tried."""

_SAMPLE_BYTES = 2 << 20
"""Bytes of a column sampled: a table of its distinct values takes several times their size."""

_COMMON: dict[str, Any] = {
    "version": "2.6",
    "data_page_version": "1.0",
    "compression": "zstd",
    # Long texts repeat at a distance: 7.3 MB in place of 9.2 MB with pages of 1 MB.
    "data_page_size": 4 << 20,
    # PyArrow would end a page after 20,000 rows and miss values that repeat further apart (the address of
    # a parcel, in each of its events): a tenth of the file.
    "max_rows_per_page": 1 << 30,
}
_LEVEL = 3
"""Level 1 does not search far enough for the repeated high bytes of numbers."""
_TEXT_LEVEL = 2
"""Texts are as small as at level 3, in two thirds of the time: wide values match at once."""
_TEXT_INDEX_LEVEL = 1
"""Packed indices hold little redundancy, and a dictionary of texts is largest at level 3."""


def open_writer(
    sink: str | IO[bytes] | pa.NativeFile,
    schema: pa.Schema,
    sample: pa.Table | None = None,
    metadata: Mapping[str, str] | None = None,
) -> pq.ParquetWriter:
    """A writer of `schema` to `sink` with settings chosen by `sample`.

    `sample` is the first row group, possibly empty, or None. `metadata` is stored in the footer.
    """
    names = dictionary_columns(sample) if sample is not None and sample.num_rows else []
    writer = pq.ParquetWriter(
        sink,
        schema,
        use_dictionary=names or False,
        compression_level={field.name: _level(field.type, field.name in names) for field in schema},
        write_statistics=[field.name for field in schema if _is_pruned_by(field.type)] or False,
        **_COMMON,
    )
    # the trials take more than a batch, and malloc would retain it
    release_unused()
    if metadata:
        writer.add_key_value_metadata(dict(metadata))
    return writer


def _level(kind: pa.DataType, dictionary: bool) -> int:
    text = pa.types.is_string(kind) or pa.types.is_binary(kind)
    if not text:
        return _LEVEL
    return _TEXT_INDEX_LEVEL if dictionary else _TEXT_LEVEL


def _is_pruned_by(kind: pa.DataType) -> bool:
    """Whether readers can skip row groups by such a column: rows are ordered by a time or a key.

    The bounds of strings and decimals cost a tenth of the writing, and are alike in every row group.
    """
    return bool(pa.types.is_integer(kind) or pa.types.is_temporal(kind))


def dictionary_columns(sample: pa.Table) -> list[str]:
    """The columns of `sample` to write with a dictionary."""
    return [name for name in sample.schema.names if _repeats(sample.column(name))]


def _repeats(column: pa.ChunkedArray) -> bool:
    rows = len(column) * _SAMPLE_BYTES // max(column.nbytes, _SAMPLE_BYTES)
    values = column.slice(0, rows).combine_chunks()
    present = len(values) - values.null_count
    # not count_distinct: four times the time, twice the memory
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
