"""COPY … FORMAT AS PARQUET: columns by position, with the exact types of the table.

Source: Amazon Redshift Database Developer Guide, "COPY from columnar data formats", "Loading
semistructured data into Amazon Redshift", "Troubleshooting queries in Amazon Redshift Spectrum"
("Incompatible data formats"); the framing of the error from public issue trackers.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from devstack.redshift.copy.columns import Column
from devstack.redshift.copy.source import S3File, s3_errors
from devstack.redshift.errors import RedshiftError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_ROWS = 65_536
_KEEPS_IN_MEMORY = 32 << 20
_NAMES = {
    "int2": "smallint",
    "int4": "int",
    "int8": "bigint",
    "float4": "real",
    "float8": "double",
    "bool": "boolean",
}


def batches(
    client: S3Client, file: S3File, columns: Sequence[Column], serialize: bool
) -> Iterator[Any]:
    """The rows of a Parquet file as batches of strings for PostgreSQL.

    `serialize` is COPY's SERIALIZETOJSON: SUPER columns accept values of any type.
    """
    with tempfile.SpooledTemporaryFile(max_size=_KEEPS_IN_MEMORY) as content:
        with s3_errors():
            client.download_fileobj(file.bucket, file.key, content)
        content.seek(0)
        try:
            parquet = pq.ParquetFile(content)
        except pa.ArrowInvalid as error:
            raise _spectrum_error(
                f"File '{file.url}' is not a valid Parquet file: {error}"
            ) from error
        _check_schema(file, parquet, columns, serialize)
        for batch in parquet.iter_batches(_ROWS):
            texts = [_texts(batch.column(index), column) for index, column in enumerate(columns)]
            for text, column in zip(texts, columns, strict=True):
                _check_values(file, text, column)
            yield pa.RecordBatch.from_arrays(texts, [column.name for column in columns])


def _spectrum_error(context: str) -> RedshiftError:
    rule = "-" * 47
    detail = (
        f"\n  {rule}\n  error:  Spectrum Scan Error\n  code:      15007\n  context:   {context}\n"
        f"  {rule}\n"
    )
    return RedshiftError("Spectrum Scan Error", detail=detail)


def _check_schema(file: S3File, parquet: Any, columns: Sequence[Column], serialize: bool) -> None:
    schema = parquet.schema_arrow
    if len(schema) != len(columns):
        raise _spectrum_error(
            f"Unmatched number of columns between table and file. Table columns: {len(columns)}, "
            f"Data columns: {len(schema)}, File name: {file.url}"
        )
    for index, (field, column) in enumerate(zip(schema, columns, strict=True)):
        if not _fits(field.type, column, serialize):
            raise _spectrum_error(
                f"File '{file.url}' has an incompatible Parquet schema for column "
                f"'{file.url}.{column.name}'. Column type: {_shown(column)}, "
                f"Parquet schema:\n{_leaf(parquet, index, field)}"
            )


def _leaf(parquet: Any, index: int, field: Any) -> str:
    """A column of the file in Redshift's notation: physical type, index, levels."""
    if pa.types.is_nested(field.type):
        return f"{field.type} {field.name} [i:{index}]"
    leaf = parquet.schema.column([c.split(".")[0] for c in _paths(parquet)].index(field.name))
    presence = "optional" if leaf.max_definition_level else "required"
    return (
        f"{presence} {leaf.physical_type.lower()} {field.name} "
        f"[i:{index} d:{leaf.max_definition_level} r:{leaf.max_repetition_level}]"
    )


def _paths(parquet: Any) -> list[str]:
    return [parquet.schema.column(index).path for index in range(len(parquet.schema.names))]


def _shown(column: Column) -> str:
    if column.type == "numeric":
        return f"DECIMAL({column.precision}, {column.scale})"
    return _NAMES.get(column.type, column.shown_type).upper()


def _fits(kind: Any, column: Column, serialize: bool) -> bool:
    types = pa.types
    if column.type == "super":
        return serialize
    if column.is_character:
        return bool(
            types.is_string(kind)
            or types.is_large_string(kind)
            or (types.is_dictionary(kind) and types.is_string(kind.value_type))
        )
    if column.type == "numeric":
        return bool(
            types.is_decimal(kind)
            and (kind.precision, kind.scale) == (column.precision, column.scale)
        )
    if column.type == "varbyte":
        return bool(types.is_binary(kind) or types.is_large_binary(kind))
    if column.type in ("timestamp", "timestamptz"):
        # Redshift reads nanoseconds as another instant (apache/arrow, issue 38000).
        return bool(types.is_timestamp(kind) and kind.unit != "ns")
    exact = {
        "int2": (pa.int16(),),
        "int4": (pa.int32(),),
        "int8": (pa.int64(),),
        "float4": (pa.float32(),),
        "float8": (pa.float64(),),
        "bool": (pa.bool_(),),
        "date": (pa.date32(),),
    }
    return kind in exact.get(column.type, ())


def _texts(values: Any, column: Column) -> Any:
    """A column in PostgreSQL's text format."""
    if column.type == "varbyte":
        digits = [None if value is None else "\\x" + value.hex() for value in values.to_pylist()]
        return pa.array(digits, pa.string())
    if column.type == "super":
        return pa.array([_serialized(value) for value in values.to_pylist()], pa.string())
    if pa.types.is_timestamp(values.type) and values.type.tz:
        values = values.cast(pa.timestamp("us", "UTC"))
    elif pa.types.is_timestamp(values.type):
        values = pc.cast(values, pa.timestamp("us"), safe=False)
    return values.cast(pa.string())


def _serialized(value: object) -> str | None:
    """A value of the file as a SUPER value; a string stays a string, even if it is JSON."""
    return (
        None
        if value is None
        else json.dumps(value, ensure_ascii=False, default=str, separators=(",", ":"))
    )


def _check_values(file: S3File, values: Any, column: Column) -> None:
    if column.is_character:
        longest = pc.max(pc.binary_length(values)).as_py() or 0
        if longest > column.length:
            raise _spectrum_error(
                f"The length of the data column {column.name} is longer than the length defined "
                f"in the table. Table: {column.length}, Data: {longest}, File name: {file.url}"
            )
    if column.not_null and values.null_count:
        raise _spectrum_error(
            f"Column {column.name} is declared NOT NULL, the file {file.url} has NULL in it"
        )
