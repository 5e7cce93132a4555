"""Policies at extraction: invalid dates and times, invalid UTF-8."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.codec.coercion import replaced
from pipeline.codec.decoder import DecodedBatch
from pipeline.codec.jit import Array
from pipeline.config.policies import SENTINEL, Rules
from pipeline.errors import DataError
from pipeline.model.markers import Coercion
from pipeline.model.window import UTC

_SHOWN = 60


@dataclass(frozen=True)
class ExtractedRows:
    """Rows that Parquet can hold, the coercions applied, and the text columns that contain NUL."""

    batch: pa.RecordBatch
    coerced: tuple[Coercion, ...] = ()
    nul_columns: tuple[str, ...] = ()


def apply_policies(decoded: DecodedBatch, rules: Rules) -> ExtractedRows:
    """Coerce the invalid values of a batch; raises DataError where the policy is `error`."""
    batch, coerced, nul_columns = decoded.batch, [], []
    for values in decoded.invalid:
        if values.kind == "nul_byte":
            nul_columns.append(values.column)
            continue
        example = f"{values.example!r}{row_key(batch, values.row, rules.key)}"
        coercion = Coercion(
            column=values.column,
            kind=values.kind,
            policy=rules.policy(values.column, values.kind),
            rows=values.rows,
            example=example,
        )
        if coercion.policy == "error":
            raise refusal(rules, coercion)
        if coercion.policy == "sentinel":
            batch = _with_sentinel(batch, values.column, np.concatenate(values.places))
        coerced.append(coercion)
    return ExtractedRows(batch, tuple(coerced), tuple(nul_columns))


def _with_sentinel(batch: pa.RecordBatch, column: str, rows: Array) -> pa.RecordBatch:
    array = batch.column(column)
    midnight = datetime.combine(SENTINEL, time(), UTC)
    value = SENTINEL if pa.types.is_date(array.type) else midnight
    return with_column(batch, column, replaced(array, rows, [value] * len(rows)))


def with_column(batch: pa.RecordBatch, column: str, array: pa.Array) -> pa.RecordBatch:
    """The batch with one column replaced."""
    arrays = [
        array if name == column else old
        for name, old in zip(batch.schema.names, batch.columns, strict=True)
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=batch.schema)


def row_key(batch: pa.RecordBatch, row: int, key: Sequence[str]) -> str:
    """The key of a row for a message: `` where id=1``; empty for a table without a key."""
    values = [
        f"{name}={abbreviated(batch.column(name)[row].as_py())}"
        for name in key
        if name in batch.schema.names
    ]
    return f" where {', '.join(values)}" if values else ""


def abbreviated(value: Any) -> str:
    """A value for a message, cut to its first `_SHOWN` characters or bytes."""
    if isinstance(value, str | bytes) and len(value) > _SHOWN:
        size = len(value.encode() if isinstance(value, str) else value)
        return f"{value[:_SHOWN]!r}… ({size} bytes)"
    return repr(value) if isinstance(value, str | bytes) else str(value)


def refusal(rules: Rules, refused: Coercion) -> DataError:
    """The error for values whose policy is `error`."""
    return DataError(
        f"at least {refused.rows} values of column {refused.column} cannot be replicated ({refused.kind})",
        why=f"one of them is {refused.example}",
        todo=rules.advice(refused.column, refused.kind),
    )
