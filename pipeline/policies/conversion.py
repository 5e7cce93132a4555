"""Policies at conversion: NUL in text, oversize values, empty bytes."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.codec import coercion
from pipeline.codec.csv import line_lengths
from pipeline.codec.jit import Array
from pipeline.config.policies import Rules
from pipeline.errors import DataError
from pipeline.model.columns import MAX_VARCHAR, Column
from pipeline.model.markers import Coercion
from pipeline.policies.extraction import abbreviated, refusal, row_key, with_column

COPY_ROW = 4 << 20
"""Largest row that COPY accepts, in bytes: "COPY", usage notes, in the Database Developer Guide."""
_NARROW = 64
"""Upper bound for the text of a number or time."""


class TokenTaken(Exception):
    """A value equals the token for NULL, or that for empty bytes in `column`."""

    def __init__(self, column: str | None = None) -> None:
        super().__init__(column)
        self.column = column


def empty_tokens(column: Column) -> Iterator[bytes]:
    """Candidate tokens for empty bytes, no longer than the column, in the order to try."""
    width = min(_limit(column), 16)
    if width <= 2:
        yield from (number.to_bytes(width, "big") for number in reversed(range(256**width)))
    count = 0
    while width > 2:
        yield hashlib.sha256(b"no bytes %d" % count).digest()[:width]
        count += 1


class ConversionPolicies:
    """Applies a table's policies to batches of the lake and counts the values they change.

    `tokens` has the token for empty bytes by column; `empty` counts the values replaced by it. `grown`
    are text columns that extraction changed and that may exceed their declared length: U+FFFD takes three
    bytes in place of one.
    """

    def __init__(
        self,
        columns: Sequence[Column],
        rules: Rules,
        nul_columns: Sequence[str],
        tokens: dict[str, bytes],
        grown: Collection[str] = (),
    ) -> None:
        self.coerced: list[Coercion] = []
        self.empty: Counter[str] = Counter()
        self._rules, self._nul_columns, self._tokens = rules, nul_columns, tokens
        texts = {c.name: _limit(c) for c in columns if c.arrow == "string"}
        # MySQL enforces the declared length of shorter columns
        self._texts = {n: limit for n, limit in texts.items() if limit == MAX_VARCHAR or n in grown}
        self._bytes = {c.name: _limit(c) for c in columns if c.arrow == "binary"}
        self._parsed = [name for name, limit in texts.items() if not limit]  # SUPER
        # upper bound of a line's bytes, without long texts and bytes, which count twice
        self._narrow = _NARROW * len(columns) + 2 * (
            sum(texts.values()) - sum(self._texts.values())
        )
        widest = 2 * (sum(self._texts.values()) + sum(self._bytes.values()))
        self._may_be_long = bool(self._parsed) or self._narrow + widest > COPY_ROW

    def apply(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The batch with values that the warehouse can hold.

        Raises DataError where the policy is `error`, TokenTaken where another token is needed.
        """
        for name in self._nul_columns:
            if self._changes(batch, name, "nul_byte", coercion.with_nul(batch.column(name))):
                batch = with_column(batch, name, coercion.without_nul(batch.column(name)))
        for name, limit in self._texts.items():
            rows = coercion.longer(batch.column(name), limit)
            if self._changes(batch, name, "oversize_text", rows):
                batch = with_column(batch, name, coercion.truncated(batch.column(name), limit))
        for name, limit in self._bytes.items():
            rows = coercion.longer(batch.column(name), limit)
            batch = self._nulled(batch, name, "oversize_bytes", rows)
            batch = self._without_empty(batch, name)
        return self._with_short_rows(batch) if self._may_be_long else batch

    def _changes(self, batch: pa.RecordBatch, column: str, kind: str, rows: Array) -> bool:
        """Count such values; returns whether there are any, raises DataError if the policy is `error`."""
        if not len(rows):
            return False
        row, policy = int(rows[0]), self._rules.policy(column, kind)
        value = abbreviated(batch.column(column)[row].as_py())
        example = value + row_key(batch, row, self._rules.key)
        change = Coercion(column=column, kind=kind, policy=policy, rows=len(rows), example=example)
        if policy == "error":
            raise refusal(self._rules, change)
        self.coerced.append(change)
        return True

    def _nulled(self, batch: pa.RecordBatch, column: str, kind: str, rows: Array) -> pa.RecordBatch:
        if not self._changes(batch, column, kind, rows):
            return batch
        array = coercion.replaced(batch.column(column), rows, [None] * len(rows))
        return with_column(batch, column, array)

    def _without_empty(self, batch: pa.RecordBatch, column: str) -> pa.RecordBatch:
        array = batch.column(column)
        rows = coercion.empty(array)
        if self._rules.policy(column, "empty_bytes") != "keep":
            return self._nulled(batch, column, "empty_bytes", rows)
        token = self._tokens[column]
        if pc.index(array, pa.scalar(token, array.type)).as_py() >= 0:
            raise TokenTaken(column)
        if not len(rows):
            return batch
        self.empty[column] += len(rows)
        return with_column(batch, column, coercion.replaced(array, rows, [token] * len(rows)))

    def _with_short_rows(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Treat the longest bytes of a row too long for COPY as oversize, one value after another."""
        while self._narrow + 2 * sum(map(_longest, self._long_columns(batch))) > COPY_ROW:
            sizes = line_lengths(batch)
            rows = np.flatnonzero(sizes > COPY_ROW)
            if not len(rows):
                break
            for name, chosen in self._longest_bytes(batch, rows, sizes).items():
                batch = self._nulled(batch, name, "oversize_bytes", chosen)
        return batch

    def _long_columns(self, batch: pa.RecordBatch) -> list[pa.Array]:
        return [batch.column(name) for name in (*self._texts, *self._parsed, *self._bytes)]

    def _longest_bytes(self, batch: pa.RecordBatch, rows: Array, sizes: Array) -> dict[str, Array]:
        """For each column, the rows in which its bytes are the longest."""
        names = list(self._bytes)
        lengths = np.zeros((len(names) + 1, len(rows)), np.int64)
        for name, line in zip(names, lengths, strict=False):
            line[:] = pc.binary_length(batch.column(name)).fill_null(0).to_numpy()[rows]
        longest = lengths.argmax(axis=0)
        bare = rows[lengths.max(axis=0) == 0]
        if len(bare):
            row = int(bare[0])
            raise DataError(
                f"a row has {sizes[row]} bytes as CSV{row_key(batch, row, self._rules.key)}",
                why=f"COPY accepts at most {COPY_ROW}",
                todo="shorten it in the source, or exclude columns with `exclude:`",
            )
        return {name: rows[longest == index] for index, name in enumerate(names)}


def _longest(array: pa.Array) -> int:
    return int(pc.max(pc.binary_length(array)).as_py() or 0)


def _limit(column: Column) -> int:
    """Length of the warehouse column in bytes; 0 for a type without a length."""
    sized = re.fullmatch(r"(?:VARCHAR|VARBYTE)\((\d+)\)", column.redshift)
    return int(sized[1]) if sized else 0
