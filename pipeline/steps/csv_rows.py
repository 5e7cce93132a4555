"""Rows of the lake to compressed CSV: two row groups at a time, each by a thread from Parquet to its parts.

A thread decodes, fits, writes and compresses a few hundred rows after the other, which stay in its
processor's cache all the way. Parts come in the order of the rows, and a row group begins a new one.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.codec.csv import contains, csv_blocks
from pipeline.codec.memory import release_unused
from pipeline.config.policies import Rules
from pipeline.errors import DataError
from pipeline.lake.csv_parts import Compressed, CsvWriter
from pipeline.model.columns import Column
from pipeline.model.markers import Coercion, LakeManifest
from pipeline.policies.conversion import ConversionPolicies, TokenTaken
from pipeline.policies.null_tokens import Tokens
from pipeline.run.progress import Progress

Files = Callable[[], Generator[pa.NativeFile, None, None]]
SIDE_BY_SIDE = 2
"""Row groups that are converted at once: about as fast as MySQL sends over one connection."""
_BATCH_ROWS = 8_192


@dataclass(frozen=True)
class Conversion:
    """How rows become CSV: the columns as the lake has them (`replicated`) and as written, the rules.

    A part is `part_bytes` of text, about. `hint` is added to a refusal: what to do after the value is fixed
    in the source.
    """

    lake: LakeManifest
    replicated: tuple[Column, ...]
    columns: Sequence[Column]
    rules: Rules
    part_bytes: int
    compression: str
    hint: str = ""

    @property
    def excluded(self) -> list[str]:
        """The lake's columns that are left out, sorted."""
        return sorted({c.name for c in self.lake.columns} - {c.name for c in self.replicated})


@dataclass(frozen=True)
class Changes:
    """What the policies changed, and how many bytes of length zero each column has."""

    coerced: tuple[Coercion, ...] = ()
    empty: Counter[str] = field(default_factory=Counter)

    def __add__(self, other: Changes) -> Changes:
        return Changes((*self.coerced, *other.coerced), self.empty + other.empty)


@dataclass(frozen=True)
class Group:
    """One row group of an open file; the last one's taker closes it."""

    file: pa.NativeFile
    metadata: pq.FileMetaData
    index: int

    @property
    def is_last(self) -> bool:
        """Whether no other of its file follows."""
        return bool(self.index + 1 == self.metadata.num_row_groups)


def convert_rows(
    files: Files,
    conversion: Conversion,
    tokens: Tokens,
    store: Callable[[Compressed], None],
    progress: Progress,
) -> Changes:
    """Make the parts of all rows and hand them to `store`, in their order.

    Raises TokenTaken where a value is one of the tokens, DataError where a policy refuses a value.
    """
    done, rows, changes = 0, conversion.lake.rows, Changes()

    def make(group: Group) -> _Made:
        return _converted(group, conversion, tokens)

    with closing(files()) as opened, closing(_side_by_side(row_groups(opened), make)) as made:
        for parts, changed in made:
            for part in parts:
                store(part)
                done += part.rows
            changes += changed
            progress(f"{done:,} of {rows:,} rows", done / rows)
    return changes


_Made = tuple[list[Compressed], Changes]


def row_groups(files: Iterator[pa.NativeFile]) -> Iterator[Group]:
    """All groups of the files, in order; a file without any is closed."""
    for file in files:
        metadata = pq.ParquetFile(file).metadata
        if not metadata.num_row_groups:
            file.close()
        yield from (Group(file, metadata, index) for index in range(metadata.num_row_groups))


def _side_by_side(
    groups: Iterator[Group], make: Callable[[Group], _Made]
) -> Generator[_Made, None, None]:
    """What is made of the groups, in order; one more waits than are under way."""
    pending: deque[tuple[Group, Future[_Made]]] = deque()

    def first() -> _Made:
        group, future = pending[0]
        made = future.result()
        if group.is_last:
            group.file.close()
        pending.popleft()
        return made

    with ThreadPoolExecutor(SIDE_BY_SIDE, "convert") as pool:
        try:
            for group in groups:
                pending.append((group, pool.submit(make, group)))
                if len(pending) > SIDE_BY_SIDE:
                    yield first()
            while pending:
                yield first()
        finally:
            for _, late in pending:
                late.cancel()
            pool.shutdown()
            for group, _ in pending:
                group.file.close()


def _converted(group: Group, conversion: Conversion, tokens: Tokens) -> _Made:
    names = [column.name for column in conversion.columns]
    lake, token = conversion.lake, tokens.null.encode()
    policies = ConversionPolicies(
        conversion.columns,
        conversion.rules,
        [name for name in lake.nul_columns if name in names],
        tokens.empty,
        {each.column for each in lake.coerced if each.kind == "invalid_utf8"},
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
    """The group's rows, of the named columns, in small batches.

    An iterator over several groups keeps what it has read of each to its end: the memory of the file. The
    thread that wants the rows decodes them, and not Arrow's own threads besides.
    """
    file = pq.ParquetFile(group.file, metadata=group.metadata)
    some = None if len(names) == len(file.schema_arrow.names) else names
    groups = [group.index]
    for batch in file.iter_batches(_BATCH_ROWS, groups, columns=some, use_threads=False):
        yield batch.select(names) if some else batch
