"""On the way into the lake: dates that are none, text that is no UTF-8."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.codec import coercion
from pipeline.codec.decoder import DecodedBatch
from pipeline.codec.jit import Array
from pipeline.config.policies import SENTINEL, Rules
from pipeline.errors import DataError
from pipeline.model.markers import Coercion
from pipeline.model.window import UTC

_SHOWN = 60


@dataclass(frozen=True)
class Carried:
    """Rows as Parquet holds them, what was changed about them, and the text columns that hold NUL."""

    batch: pa.RecordBatch
    coerced: tuple[Coercion, ...] = ()
    nul_columns: tuple[str, ...] = ()


def carried(decoded: DecodedBatch, rules: Rules) -> Carried:
    """The decoded rows, made as the policies ask; raises DataError where they ask for an error."""
    batch, coerced, nul_columns = decoded.batch, [], []
    for doubt in decoded.doubts:
        if doubt.kind == "nul_byte":
            nul_columns.append(doubt.column)
            continue
        policy = rules.policy(doubt.column, doubt.kind)
        example = f"{doubt.example!r}{of_row(batch, doubt.row, rules.key)}"
        found = Coercion(
            column=doubt.column, kind=doubt.kind, policy=policy, rows=doubt.rows, example=example
        )
        if policy == "error":
            raise refusal(rules, found)
        if policy == "sentinel":
            batch = _with_sentinel(batch, doubt.column, np.concatenate(doubt.places))
        coerced.append(found)
    return Carried(batch, tuple(coerced), tuple(nul_columns))


def _with_sentinel(batch: pa.RecordBatch, column: str, rows: Array) -> pa.RecordBatch:
    array = batch.column(column)
    midnight = datetime.combine(SENTINEL, time(), UTC)
    value = SENTINEL if pa.types.is_date(array.type) else midnight
    return with_column(batch, column, coercion.replaced(array, rows, [value] * len(rows)))


def with_column(batch: pa.RecordBatch, column: str, array: pa.Array) -> pa.RecordBatch:
    """The batch with another array in place of a column."""
    arrays = [
        array if name == column else old
        for name, old in zip(batch.schema.names, batch.columns, strict=True)
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=batch.schema)


def of_row(batch: pa.RecordBatch, row: int, key: Sequence[str]) -> str:
    """The key of a row, to find it by, as the end of a sentence."""
    there = [name for name in key if name in batch.schema.names]
    values = (f"{name}={shown(batch.column(name)[row].as_py())}" for name in there)
    return f" where {', '.join(values)}" if there else ""


def shown(value: Any) -> str:
    """A value as a person would want to read it in a message; of a long one the beginning."""
    if isinstance(value, str | bytes) and len(value) > _SHOWN:
        size = len(value.encode() if isinstance(value, str) else value)
        return f"{value[:_SHOWN]!r}… ({size} bytes)"
    return repr(value) if isinstance(value, str | bytes) else str(value)


def refusal(rules: Rules, found: Coercion) -> DataError:
    """What a person is told of values that no policy accepts."""
    return DataError(
        f"at least {found.rows} values of the column {found.column} cannot be carried ({found.kind})",
        why=f"one of them is {found.example}",
        todo=rules.advice(found.column, found.kind),
    )
