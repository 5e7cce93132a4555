"""What markers say: the figures by which each stage proves what it did, as JSON.

A marker is written last, and a stage checks its input's marker against what it reads.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from datetime import datetime
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from pipeline.errors import LakeError
from pipeline.model.cursors import CursorType, EpochUnit
from pipeline.model.load_modes import LoadModeName, is_snapshot
from pipeline.model.vocabulary import Columns, Count, HexBytes, NullToken, Sha256
from pipeline.version import VERSION


class Marker(BaseModel):
    """What all markers have in common: `table` as ``db.table``, `window` by name, who wrote it."""

    model_config = ConfigDict(frozen=True)

    table: str
    window: str
    written_at: datetime
    seconds: float = 0.0
    code_version: str = VERSION

    def encode(self) -> bytes:
        """The marker's JSON."""
        return self.model_dump_json(indent=1).encode()


class Part(BaseModel):
    """One object in S3: its key below the prefix, its rows, its size, its content's SHA-256 (hex)."""

    model_config = ConfigDict(frozen=True)

    key: str
    rows: Count
    bytes: Count
    sha256: Sha256


class Coercion(BaseModel):
    """Values of one column that were changed on the way, as the `policy` for their `kind` asks.

    `rows` counts them, `example` is one as it was, with its row's key.
    """

    model_config = ConfigDict(frozen=True)

    column: str
    kind: str
    policy: str
    rows: Count
    example: str

    @property
    def what(self) -> str:
        """What was done, in words."""
        return f"values of {self.column} changed (on_{self.kind}: {self.policy})"

    def __str__(self) -> str:
        return f"{self.rows:,} {self.what}, e.g. {self.example}"


def added_up(coercions: Iterable[Coercion]) -> tuple[Coercion, ...]:
    """One entry for each column, kind and policy: rows added up, the first one's example."""
    total: dict[tuple[str, str, str], Coercion] = {}
    for each in coercions:
        name = (each.column, each.kind, each.policy)
        before = total.get(name)
        rows = each.rows + before.rows if before else each.rows
        total[name] = (before or each).model_copy(update={"rows": rows})
    return tuple(total.values())


class ChunkFigures(BaseModel):
    """What was read in one consistent snapshot: the footer of a spool file carries it.

    `cursor_min` and `cursor_max` are text, times in UTC, None for no rows or no cursor; `key_checksum` is
    the sum of CRC-32 over the rows' keys (mod 2**63), None for a table without a key. `coerced` are values
    that Parquet does not hold as the source did, `nul_columns` the text columns with NUL, which Redshift
    will not hold.
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
    """Which rows a window was read as: ``lower <= cursor < upper``, as values of the source.

    `cursor` is spelled as the source does, None for a snapshot; `timezone` is that of a DATETIME cursor in
    local time, `epoch_unit` what one that counts from 1970 counts. `key` is what `key:` of the definition
    named.
    """

    model_config = ConfigDict(frozen=True)

    cursor: str | None
    cursor_type: CursorType
    timezone: str | None = None
    epoch_unit: EpochUnit | None = None
    lower: str | None = None
    upper: str | None = None
    key: tuple[str, ...] = ()

    @property
    def order(self) -> Extent:
        """What tells which of two rows is newer: the cursor, without the bounds."""
        return self.model_copy(update={"lower": None, "upper": None, "key": ()})

    def __str__(self) -> str:
        if self.cursor is None:
            return "no cursor, as a snapshot"
        said = (
            self.cursor_type,
            self.epoch_unit,
            self.timezone and f"local time of {self.timezone}",
        )
        return f"{self.cursor} ({', '.join(word for word in said if word)})"


class LakeManifest(Marker):
    """UploadParquet's marker: the window's rows as they stand in the lake."""

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
    """Rows of the whole table, as it was planned, that no window holds (`on_null_cursor: ignore`)."""
    extent: Extent

    @property
    def is_snapshot(self) -> bool:
        """Whether the window is the whole table."""
        return self.extent.cursor is None

    @property
    def digest(self) -> str:
        """One name for this content: the same rows in the same schema have the same digest."""
        content = [self.table, self.window, self.schema_fingerprint]
        content += [part.sha256 for part in self.parts]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()


class CsvManifest(Marker):
    """ConvertCSV's marker: the parts COPY will read, and what they were made from.

    With `format` parquet the parts are the lake's own, and neither token nor compression is used.
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
    """On the whole way from the source into the CSV."""
    empty_tokens: dict[str, HexBytes] = {}
    """By column, hexadecimal: the bytes that stand in the CSV for bytes of length zero."""
    empty_bytes: dict[str, Count] = {}
    """By column: how many values have the length zero."""
    extent: Extent
    """The lake manifest's."""
    converted: str = ""
    """One name for what conversion left out or changed of the lake's rows, empty for nothing."""
    format: Literal["csv", "parquet"] = "csv"


class LoadMarker(Marker):
    """CopyToRedshift's marker: a copy of the ledger's row, which decides."""

    lake_digest: Sha256
    target: str
    mode: LoadModeName
    rows_staged: Count
    rows_loaded: Count
    rows_replaced: Count
    committed_at: datetime
    coerced: tuple[Coercion, ...] = ()
    content: str
    """The ledger's: the lake digest, or what stands for it where definition or policies changed its rows."""

    @property
    def is_snapshot(self) -> bool:
        """Whether the load brought the whole table."""
        return is_snapshot(self.mode)


class ViewsMarker(Marker):
    """RefreshViews' marker: the views that stand, and which of them were made anew."""

    views: tuple[str, ...]
    changed: tuple[str, ...]


MarkerT = TypeVar("MarkerT", bound=BaseModel)


_AGAIN = "delete it, and the stage that writes it will run again"


def decode(model: type[MarkerT], data: bytes, where: str, todo: str = _AGAIN) -> MarkerT:
    """The marker that `data` holds; raises LakeError when it is not one.

    `where` is the key read, `todo` what to do with an object that no stage writes anew.
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
