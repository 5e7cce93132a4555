"""Lake rows to compressed CSV: two row groups at a time, each in one thread from Parquet to parts.

A thread decodes, fits, writes and compresses a few hundred rows at a time, which stay in its processor's
cache. Parts are in row order; each row group begins a new one.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from typing import Literal

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.codec.csv import contains, csv_blocks
from pipeline.codec.memory import release_unused
from pipeline.config.policies import Rules
from pipeline.errors import DataError
from pipeline.lake.csv_parts import Compressed, CsvWriter
from pipeline.model.columns import Column
from pipeline.model.markers import Coercion, LakeMarker
from pipeline.policies.conversion import ConversionPolicies, TokenTaken
from pipeline.policies.null_tokens import Tokens
from pipeline.run.progress import Progress

Files = Callable[[], Generator[pa.NativeFile, None, None]]
SIDE_BY_SIDE = 2
"""Row groups converted concurrently: about as fast as MySQL sends over one connection."""
_BATCH_ROWS = 8_192


@dataclass(frozen=True)
class Conversion:
    """How rows become CSV: the columns in the lake (`replicated`) and as written, and the rules.

    A part has about `part_bytes` of text. `hint` is added to a refusal: the next step after the value is
    fixed in the source.
    """

    lake: LakeMarker
    replicated: tuple[Column, ...]
    columns: Sequence[Column]
    rules: Rules
    part_bytes: int
    compression: Literal["zstd", "gzip"]
    hint: str = ""

    @property
    def excluded(self) -> list[str]:
        """The lake's columns that are not replicated, sorted."""
        return sorted({c.name for c in self.lake.columns} - {c.name for c in self.replicated})


@dataclass(frozen=True)
class Changes:
    """The changes by policies, and the number of values of length zero by column."""

    coerced: tuple[Coercion, ...] = ()
    empty: Counter[str] = field(default_factory=Counter)

    def __add__(self, other: Changes) -> Changes:
        return Changes((*self.coerced, *other.coerced), self.empty + other.empty)


@dataclass(frozen=True)
class Group:
    """One row group of an open file; whoever converts the last one closes it."""

    file: pa.NativeFile
    metadata: pq.FileMetaData
    index: int

    @property
    def is_last(self) -> bool:
        """Whether it is the last of its file."""
        return bool(self.index + 1 == self.metadata.num_row_groups)


def convert_rows(
    files: Files,
    conversion: Conversion,
    tokens: Tokens,
    store: Callable[[Compressed], None],
    progress: Progress,
) -> Changes:
    """Convert all rows and pass the parts to `store`, in row order.

    Raises TokenTaken where a value equals a token, DataError where a policy refuses a value.
    """
    done, rows, changes = 0, conversion.lake.rows, Changes()

    def convert(group: Group) -> _Converted:
        return _convert_group(group, conversion, tokens)

    with closing(files()) as opened, closing(_side_by_side(row_groups(opened), convert)) as groups:
        for parts, group_changes in groups:
            for part in parts:
                store(part)
                done += part.rows
            changes += group_changes
            progress(f"{done:,} of {rows:,} rows", done / rows)
    return changes


_Converted = tuple[list[Compressed], Changes]


def row_groups(files: Iterator[pa.NativeFile]) -> Iterator[Group]:
    """The row groups of all files, in order; a file without any is closed."""
    for file in files:
        metadata = pq.ParquetFile(file).metadata
        if not metadata.num_row_groups:
            file.close()
        yield from (Group(file, metadata, index) for index in range(metadata.num_row_groups))


def _side_by_side(
    groups: Iterator[Group], convert: Callable[[Group], _Converted]
) -> Generator[_Converted, None, None]:
    """The converted groups, in order; one more than the concurrent ones is queued."""
    pending: deque[tuple[Group, Future[_Converted]]] = deque()

    def first() -> _Converted:
        group, future = pending[0]
        converted = future.result()
        if group.is_last:
            group.file.close()
        pending.popleft()
        return converted

    with ThreadPoolExecutor(SIDE_BY_SIDE, "convert") as pool:
        try:
            for group in groups:
                pending.append((group, pool.submit(convert, group)))
                if len(pending) > SIDE_BY_SIDE:
                    yield first()
            while pending:
                yield first()
        finally:
            for _, future in pending:
                future.cancel()
            pool.shutdown()
            for group, _ in pending:
                group.file.close()


def _convert_group(group: Group, conversion: Conversion, tokens: Tokens) -> _Converted:
    names = [column.name for column in conversion.columns]
    lake, token = conversion.lake, tokens.null.encode()
    policies = ConversionPolicies(
        conversion.columns,
        conversion.rules,
        [name for name in lake.nul_columns if name in names],
        tokens.empty,
        {c.column for c in lake.coerced if c.kind == "invalid_utf8"},
    )
    writer = CsvWriter(conversion.part_bytes, conversion.compression)
    for lake_batch in batches(group, names):
        try:
            batch = policies.apply(lake_batch)
        except DataError as error:
            error.todo += conversion.hint
            raise
        if contains(batch, token):
            raise TokenTaken
        for rows, text in csv_blocks(batch, null_token=token):
            writer.write(rows, text)
    release_unused()
    return writer.finish(), Changes(tuple(policies.coerced), policies.empty)


def batches(group: Group, names: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """The group's rows of the named columns, in small batches.

    An iterator over several groups would keep each one's data until its end. The calling thread decodes;
    Arrow's own threads are not used.
    """
    file = pq.ParquetFile(group.file, metadata=group.metadata)
    subset = None if len(names) == len(file.schema_arrow.names) else names
    groups = [group.index]
    for batch in file.iter_batches(_BATCH_ROWS, groups, columns=subset, use_threads=False):
        yield batch.select(names) if subset else batch
