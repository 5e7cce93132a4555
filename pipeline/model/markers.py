"""Markers: the JSON by which each stage records its output.

A stage writes its marker last, and checks its input against the marker of the stage before.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from pipeline.errors import LakeError
from pipeline.model.cursors import CursorType, EpochUnit
from pipeline.model.load_modes import LoadModeName, is_snapshot
from pipeline.model.vocabulary import Columns, Count, HexBytes, NullToken, Sha256
from pipeline.version import VERSION


class Marker(BaseModel):
    """Base of all markers: `table` as ``db.table``, `window` by name, version of the writer."""

    model_config = ConfigDict(frozen=True)

    table: str
    window: str
    written_at: datetime
    seconds: float = 0.0
    code_version: str = VERSION

    @property
    def result(self) -> tuple[object, ...]:
        """What the stage has made, without times and file names: equal for runs that are interchangeable."""
        return ()

    def encode(self) -> bytes:
        """The marker's JSON."""
        return self.model_dump_json(indent=1).encode()


class Part(BaseModel):
    """One object in S3: its key below the prefix, rows, size, SHA-256 of its content (hex)."""

    model_config = ConfigDict(frozen=True)

    key: str
    rows: Count
    bytes: Count
    sha256: Sha256


class Coercion(BaseModel):
    """Values of one column changed by the `policy` for their `kind`.

    `rows` counts them; `example` is one original value with its row's key.
    """

    model_config = ConfigDict(frozen=True)

    column: str
    kind: str
    policy: str
    rows: Count
    example: str

    @property
    def change(self) -> str:
        """The change, for a message."""
        return f"values of {self.column} changed (on_{self.kind}: {self.policy})"

    def __str__(self) -> str:
        return f"{self.rows:,} {self.change}, e.g. {self.example}"


def added_up(coercions: Iterable[Coercion]) -> tuple[Coercion, ...]:
    """One entry for each column, kind and policy: the sum of the rows, the first example."""
    totals: dict[tuple[str, str, str], Coercion] = {}
    for coercion in coercions:
        group = (coercion.column, coercion.kind, coercion.policy)
        first = totals.get(group)
        rows = coercion.rows + (first.rows if first else 0)
        totals[group] = (first or coercion).model_copy(update={"rows": rows})
    return tuple(totals.values())


class ChunkFigures(BaseModel):
    """Figures of a chunk, read in one consistent snapshot; stored in the footer of the spool file.

    `cursor_min` and `cursor_max` are text, times in UTC, None for no rows or no cursor; `key_checksum` is
    the sum of CRC-32 over the rows' keys (mod 2**63), None for a table without a key. `coerced` are values
    that policies changed at extraction, `nul_columns` the text columns with NUL, which Redshift cannot
    hold.
    """

    model_config = ConfigDict(frozen=True)

    columns: Columns
    key: tuple[str, ...]
    rows: Count
    cursor_min: str | None = None
    cursor_max: str | None = None
    key_checksum: int | None = None
    read_at: datetime
    seconds: float
    coerced: tuple[Coercion, ...] = ()
    nul_columns: tuple[str, ...] = ()


class Extent(BaseModel):
    """The rows that a window was read as: ``lower <= cursor < upper``, in values of the source.

    `cursor` is spelled as in the source, None for a snapshot; `timezone` is that of a DATETIME cursor in
    local time, `epoch_unit` the unit of a cursor that counts from 1970. `key` is `key:` of the definition.
    """

    model_config = ConfigDict(frozen=True)

    cursor: str | None
    cursor_type: CursorType
    timezone: str | None = None
    epoch_unit: EpochUnit | None = None
    lower: str | None = None
    upper: str | None = None
    key: Annotated[tuple[str, ...], BeforeValidator(lambda key: key or ())] = ()
    """Null in the cursor objects that version 0.1 wrote."""

    @property
    def order(self) -> Extent:
        """The cursor alone, without bounds and key: it orders the versions of a row."""
        return self.model_copy(update={"lower": None, "upper": None, "key": ()})

    def __str__(self) -> str:
        if self.cursor is None:
            return "no cursor, as a snapshot"
        details = (
            self.cursor_type,
            self.epoch_unit,
            self.timezone and f"local time of {self.timezone}",
        )
        return f"{self.cursor} ({', '.join(filter(None, details))})"


class LakeMarker(Marker):
    """UploadParquet's marker: the window's rows in the lake."""

    columns: Columns
    key: tuple[str, ...]
    parts: tuple[Part, ...]
    rows: Count
    bytes: Count
    cursor_min: str | None
    cursor_max: str | None
    key_checksum: int | None
    read_at: datetime
    schema_fingerprint: Sha256
    coerced: tuple[Coercion, ...] = ()
    nul_columns: tuple[str, ...] = ()
    rows_without_cursor: Count = 0
    """Rows of the whole table, at planning, that belong to no window (`on_null_cursor: ignore`)."""
    extent: Extent

    @property
    def is_snapshot(self) -> bool:
        """Whether the window is the whole table."""
        return self.extent.cursor is None

    @property
    def digest(self) -> str:
        """Digest of the content: equal for the same parts in the same schema."""
        content = [self.table, self.window, self.schema_fingerprint]
        content += [part.sha256 for part in self.parts]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()


class CsvMarker(Marker):
    """ConvertCSV's marker: the parts that COPY reads, and their input.

    With `format` parquet the parts are the lake's, and tokens and compression are unused.
    """

    columns: Columns
    key: tuple[str, ...]
    lake_digest: Sha256
    parts: tuple[Part, ...]
    rows: Count
    bytes: Count
    null_token: NullToken
    compression: Literal["zstd", "gzip", ""]
    copy_manifest: str
    coerced: tuple[Coercion, ...] = ()
    """At extraction and conversion."""
    empty_tokens: dict[str, HexBytes] = {}
    """By column, hexadecimal: the token for empty bytes."""
    empty_bytes: dict[str, Count] = {}
    """By column: the number of values of length zero."""
    extent: Extent
    """The lake marker's."""
    converted: str = ""
    """Digest of the columns excluded and values changed by conversion; empty for none."""
    format: Literal["csv", "parquet"] = "csv"

    @property
    def result(self) -> tuple[object, ...]:
        """The rows of the parts, however they are cut and compressed."""
        return (self.lake_digest, self.converted, self.columns, self.format)


class LoadMarker(Marker):
    """CopyToRedshift's marker: a copy of the ledger's row, which is authoritative."""

    lake_digest: Sha256
    target: str
    mode: LoadModeName
    rows_staged: Count
    rows_loaded: Count
    rows_replaced: Count
    committed_at: datetime
    coerced: tuple[Coercion, ...] = ()
    content: str
    """As in the ledger: the lake digest, or a digest that includes the changes of conversion."""

    @property
    def result(self) -> tuple[object, ...]:
        """The loaded content, its target and mode."""
        return (self.content, self.target, self.mode)

    @property
    def is_snapshot(self) -> bool:
        """Whether the load replaced the whole table."""
        return is_snapshot(self.mode)


class ViewsMarker(Marker):
    """RefreshViews' marker: the views that exist, and those of them that were recreated."""

    views: tuple[str, ...]
    changed: tuple[str, ...]


MarkerT = TypeVar("MarkerT", bound=BaseModel)


_RERUN = "delete it; the stage that writes it will run again"


def decode(model: type[MarkerT], data: bytes, where: str, todo: str = _RERUN) -> MarkerT:
    """The marker in `data`; raises LakeError if it is invalid.

    `where` is the key read, `todo` the next action for an object that no stage rewrites.
    """
    try:
        return model.model_validate_json(data)
    except ValidationError as error:
        fault = error.errors(include_input=False)[0]
        raise LakeError(
            f"{where} is not a marker this version understands",
            why=f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}",
            todo=todo,
        ) from None
