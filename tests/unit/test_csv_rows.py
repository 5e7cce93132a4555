"""Row groups to CSV parts, two at a time: in order, whole, and nothing left open."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.codec.csv import encode_csv
from pipeline.config.policies import Policies, Rules
from pipeline.errors import DataError
from pipeline.lake.csv_parts import Compressed
from pipeline.model.columns import Column
from pipeline.model.markers import Extent, LakeMarker
from pipeline.model.window import UTC
from pipeline.policies.conversion import TokenTaken
from pipeline.policies.null_tokens import Tokens
from pipeline.run.progress import silent
from pipeline.steps import csv_rows
from pipeline.steps.csv_rows import SIDE_BY_SIDE, Changes, Conversion, convert_rows

NOW = datetime(2025, 8, 1, tzinfo=UTC)
COLUMNS = (
    Column("id", "int", nullable=False, arrow="int64", redshift="BIGINT", target="id"),
    Column("t", "text", nullable=True, arrow="string", redshift="VARCHAR(65535)", target="t"),
    Column("b", "blob", nullable=True, arrow="binary", redshift="VARBYTE(9)", target="b"),
)
SCHEMA = pa.schema({"id": pa.int64(), "t": pa.string(), "b": pa.binary()})


class Files:
    """Parquet files of a few row groups, and which of them were left open."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.opened = folder, list[pa.NativeFile]()
        self.rows: list[dict[str, Any]] = []
        self.paths: list[Path] = []

    def add(self, rows: int, group: int, **special: Any) -> None:
        """A file of `rows` rows; `special` are values of its last one."""
        first = len(self.rows)
        made = [{"id": n, "t": f"text {n}", "b": b"x"} for n in range(first, first + rows)]
        if special:
            made[-1] |= special
        self.paths.append(self.folder / f"{len(self.paths)}.parquet")
        pq.write_table(pa.Table.from_pylist(made, SCHEMA), self.paths[-1], row_group_size=group)
        self.rows += made

    def __call__(self) -> Generator[pa.NativeFile, None, None]:
        for path in self.paths:
            self.opened.append(pa.OSFile(str(path)))
            yield self.opened[-1]

    def conversion(self, part_bytes: int = 1 << 20, **policies: Any) -> Conversion:
        lake = LakeMarker(
            table="a.b",
            window="w",
            written_at=NOW,
            columns=COLUMNS,
            key=("id",),
            parts=(),
            rows=len(self.rows),
            bytes=0,
            cursor_min=None,
            cursor_max=None,
            key_checksum=None,
            read_at=NOW,
            schema_fingerprint="f" * 64,
            extent=Extent(cursor=None, cursor_type="full"),
        )
        rules = Rules("a.b", Policies.model_validate(policies), key=("id",))
        return Conversion(lake, COLUMNS, COLUMNS, rules, part_bytes, "zstd", "\nThen fix it.")


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def converted(files: Files, part_bytes: int = 1 << 20, **policies: Any) -> tuple[Any, Changes]:
    made: list[Compressed] = []
    what = files.conversion(part_bytes, **policies)
    changes = convert_rows(files, what, Tokens(COLUMNS), made.append, silent)
    return made, changes


def text_of(parts: Sequence[Compressed]) -> bytes:
    streams = [pa.CompressedInputStream(pa.BufferReader(p.data), "zstd").read() for p in parts]
    return b"".join(streams)


def as_csv(rows: list[dict[str, Any]]) -> bytes:
    batch = pa.RecordBatch.from_pylist(rows, SCHEMA)
    return encode_csv(batch, null_token=b"__null__").to_pybytes()


def test_rows_come_in_order_over_groups_and_files(files: Files):
    for rows, group in ((1000, 130), (0, 10), (1, 10), (777, 1000)):
        files.add(rows, group)
    parts, _ = converted(files)
    assert [part.rows for part in parts] == [*[130] * 7, 90, 1, 777]
    assert text_of(parts) == as_csv(files.rows)
    assert len(files.opened) == 4
    assert all(file.closed for file in files.opened)


def test_a_part_is_full_after_its_bytes_of_text_and_ends_with_a_row(
    files: Files, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(csv_rows, "_BATCH_ROWS", 10)
    files.add(1000, 500)
    parts, _ = converted(files, part_bytes=300)
    line = len(as_csv(files.rows[-1:]))
    assert all(300 - 10 * line < len(text_of([part])) <= 300 + 10 * line for part in parts[1:-1])
    assert all(text_of([part]).endswith(b"\n") for part in parts)
    assert text_of(parts) == as_csv(files.rows)


def test_what_policies_changed_is_counted_over_all_threads(files: Files):
    files.add(100, 10, t="é" * 40_000, b=b"")
    files.add(100, 10, t="x" * 65_536)
    parts, changes = converted(files, on_oversize_text="truncate")
    assert sum(part.rows for part in parts) == 200
    assert [(each.kind, each.rows) for each in changes.coerced] == [("oversize_text", 1)] * 2
    assert "id=99" in changes.coerced[0].example
    assert changes.empty == {"b": 1}


@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_refused_value_ends_it_and_closes_the_files(files: Files, at: int):
    for number in range(3):
        files.add(100, 10, **({"t": "x" * 65_536} if number == at else {}))
    with pytest.raises(DataError, match="oversize_text") as refused:
        converted(files)
    assert refused.value.todo.endswith("\nThen fix it.")
    assert all(file.closed for file in files.opened)


def test_of_two_refused_values_the_first_is_reported(files: Files):
    files.add(10, 10, t="x" * 65_537)
    files.add(10, 10, t="x" * 65_536)
    with pytest.raises(DataError, match="id=9"):
        converted(files)


@pytest.mark.parametrize(("column", "value"), [("t", "__null__"), ("b", None)])
def test_a_value_that_is_a_token_is_reported(files: Files, column: str, value: Any):
    files.add(100, 10)
    files.add(100, 10, **{column: value or Tokens(COLUMNS).empty["b"]})
    with pytest.raises(TokenTaken) as taken:
        converted(files)
    assert taken.value.column == (None if column == "t" else column)
    assert all(file.closed for file in files.opened)


def test_where_parts_cannot_be_stored_little_is_made_ahead_and_the_files_are_closed(files: Files):
    for _ in range(10):
        files.add(10, 10)

    def full(_: Compressed) -> None:
        raise OSError("no room")

    with pytest.raises(OSError, match="no room"):
        convert_rows(files, files.conversion(), Tokens(COLUMNS), full, silent)
    assert len(files.opened) == SIDE_BY_SIDE + 1
    assert all(file.closed for file in files.opened)
