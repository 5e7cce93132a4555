"""Table definitions of `configs/*.yml`."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, field_validator, model_validator

from pipeline.config.policies import Policies, Rules
from pipeline.model.cursors import Cursor, CursorType, EpochUnit, cursor_of
from pipeline.model.identifiers import fold, in_one_case
from pipeline.model.load_modes import LoadModeName
from pipeline.model.table_name import TableName
from pipeline.model.timezones import zone_named


class TableDefinition(Policies):
    """One table: its cursor and its warehouse table. Every key but `cursor` is optional."""

    cursor: str | None = Field(
        None, description="column with the time of a row's last change; none for cursor_type: full"
    )
    cursor_type: CursorType = Field(
        "timestamp",
        description="timestamp: a DATETIME or TIMESTAMP; date: a DATE, with daily windows; epoch: an "
        "integer that counts from 1970; id: the ascending id of rows that never change; "
        "full: no cursor, a snapshot of the whole table",
    )
    epoch_unit: EpochUnit = Field("seconds", description="unit of a cursor_type: epoch")
    ids_ascend: bool = Field(
        False,
        description="for cursor_type: id, declares that a column without AUTO_INCREMENT ascends",
    )
    source_timezone: str | None = Field(
        None,
        description="zone of the local time in DATETIME columns; default: DB_TIMEZONE",
    )
    datetimes_as_is: tuple[str, ...] = Field(
        (), description="DATETIME columns to replicate unconverted, such as those in UTC already"
    )
    load: LoadModeName | None = Field(
        None,
        description="merge: newest row per key (default); append: every version (default of "
        "cursor_type: id); replace: the whole table (default of cursor_type: full)",
    )
    key: tuple[str, ...] = Field(
        (), description="columns that identify a row; default: the source's primary key"
    )
    business_key: tuple[str, ...] = Field(
        (),
        description="columns of the entity that a row describes; creates the view <target>_latest",
    )
    target: str | None = Field(
        None, description="table in the warehouse, without its schema; default: the same name"
    )
    distkey: str | None = Field(None, description="column that distributes the warehouse table")
    sortkey: tuple[str, ...] = Field((), description="columns that sort the warehouse table")
    exclude: tuple[str, ...] = Field((), description="columns to exclude")
    booleans: tuple[str, ...] = Field(
        (), description="TINYINT or BIT(1) columns that become BOOLEAN; any value but 0 and 1 fails"
    )
    geometry: Literal["wkb", "wkt"] = Field(
        "wkb", description="wkb: VARBYTE; wkt: VARCHAR, with the digits the source prints"
    )
    columns: dict[str, Policies] = Field(
        {}, description="policies of single columns, by name; override the table's"
    )
    rename: dict[str, str] = Field(
        {}, description="columns to rename in the warehouse: {source: target}"
    )
    super: tuple[str, ...] = Field(
        (),
        description="JSON columns to load as SUPER; others are text of up to 65535 bytes",
    )
    copy_format: Literal["csv", "parquet"] = Field(
        "csv",
        description="input of COPY: csv, converted from the lake's Parquet; parquet: the lake's files, "
        "without a conversion",
    )
    on_null_cursor: Literal["error", "ignore"] = Field(
        "error",
        description="rows without a cursor value, which belong to no window: refuse, or leave out",
    )
    on_lost_column: Literal["refuse", "follow"] = Field(
        "refuse",
        description="columns that the lake has and the account sees no more, where it may not read the whole "
        "table: refuse, or take them for dropped; a visible DROP COLUMN is followed in any case",
    )
    on_new_column: Literal["follow", "refuse", "exclude"] = Field(
        "follow",
        description="columns that the newest window in the lake lacks: replicate them, refuse the window, or "
        "leave them out; the log names them in any case",
    )
    chunks: Annotated[int, Field(ge=1, le=256)] | Literal["auto"] = Field(
        "auto",
        description="chunks of a window, read in parallel with strategy intra-table; "
        "auto: by PIPELINE_CHUNK_MB; cursor_type: full is always one chunk",
    )

    @field_validator("source_timezone")
    @classmethod
    def _is_a_zone(cls, value: str | None) -> str | None:
        return value and zone_named(value).name

    @model_validator(mode="after")
    def _agrees(self) -> TableDefinition:
        kind = cursor_of(self.cursor_type, self.epoch_unit)
        if "epoch_unit" in self.model_fields_set and kind.epoch_unit is None:
            raise ValueError("epoch_unit requires cursor_type: epoch")
        if self.ids_ascend and not kind.needs_assigned_bounds:
            raise ValueError("ids_ascend requires cursor_type: id")
        self._check_cursor()
        self._check_super()
        self._check_parquet()
        return self

    def _check_cursor(self) -> None:
        """Check the column and the load mode against the cursor's kind."""
        kind = cursor_of(self.cursor_type)
        if kind.is_snapshot and self.cursor:
            raise ValueError("cursor_type: full reads the whole table and takes no cursor")
        if not kind.is_snapshot and not self.cursor:
            raise ValueError("cursor is missing; name the column with the time of the last change")
        if self.load in (None, *kind.load_modes):
            return
        if kind.is_snapshot:
            raise ValueError("cursor_type: full requires load: replace")
        raise ValueError("load: replace requires cursor_type: full; a window is not a whole table")

    def _check_parquet(self) -> None:
        """Refuse keys that change values: with `parquet` COPY reads the lake's files unchanged."""
        if self.copy_format != "parquet":
            return
        if self.super:
            raise ValueError("super columns require copy_format: csv")
        for policy in ("on_oversize_text", "on_oversize_bytes", "on_empty_bytes"):
            default = Policies.model_fields[policy].default
            for policies in (self, *self.columns.values()):
                if getattr(policies, policy) != default:
                    raise ValueError(f"{policy} requires copy_format: csv")

    def _check_super(self) -> None:
        """Refuse SUPER columns as cursor or key: SUPER has no order."""
        parsed = {in_one_case(column): column for column in self.super}
        places = {
            "cursor": (self.cursor or "",),
            "key": self.key,
            "business_key": self.business_key,
            "distkey": (self.distkey or "",),
            "sortkey": self.sortkey,
        }
        for place, columns in places.items():
            if wrong := parsed.keys() & map(in_one_case, columns):
                names = sorted(parsed[name] for name in wrong)
                raise ValueError(f"{place} cannot be a super column: {', '.join(names)}")

    @field_validator("rename")
    @classmethod
    def _fit_the_warehouse(cls, names: dict[str, str]) -> dict[str, str]:
        for target in names.values():
            fold(target)
        return names

    @property
    def load_mode(self) -> LoadModeName:
        """The mode of `load:`, or the default of the cursor's kind."""
        return self.load or cursor_of(self.cursor_type).load_modes[0]

    def source_cursor(self, timezone: str | None) -> Cursor:
        """The cursor in the source; `timezone` is that of a DATETIME in local time."""
        return cursor_of(self.cursor_type, self.epoch_unit, timezone)

    @cached_property
    def warehouse_cursor(self) -> Cursor:
        """The cursor in the warehouse, where DATETIMEs are in UTC."""
        return self.source_cursor(None)

    @property
    def is_snapshot(self) -> bool:
        """Whether a window is the whole table."""
        return self.warehouse_cursor.is_snapshot


class Table(TableDefinition):
    """A table of the configuration: its source name and its definition with `target` resolved."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: TableName
    order: int = 0
    target: str = ""
    """The warehouse table's name, without schema."""

    @classmethod
    def of(cls, name: TableName, definition: TableDefinition, order: int = 0) -> Table:
        """The table of a definition; raises ValueError for an invalid target name."""
        values = definition.model_dump(exclude_unset=True)
        target = fold(definition.target or name.table)
        return cls.model_validate({**values, "name": name, "order": order, "target": target})

    def rules(self, key: tuple[str, ...], names: Iterable[str] = ()) -> Rules:
        """The policies in effect; `key` are the columns that identify a row, `names` all columns."""
        return Rules(str(self.name), self, self.columns, key, self.cursor, tuple(names))

    @property
    def latest_view(self) -> str | None:
        """The name of the view of the latest rows; None without a business key."""
        return fold(f"{self.target}_latest") if self.business_key else None
