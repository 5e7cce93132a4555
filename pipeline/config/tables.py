"""What `configs/*.yml` may say of a table, and the table that it makes."""

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
    """One table: its cursor, and what it becomes in the warehouse. Every key but `cursor` is optional."""

    cursor: str | None = Field(
        None, description="column that says when a row changed; none for cursor_type: full"
    )
    cursor_type: CursorType = Field(
        "timestamp",
        description="timestamp: a DATETIME or TIMESTAMP; date: a DATE, with daily windows; epoch: an "
        "integer that counts from 1970; id: the ascending id of rows that never change; "
        "full: no cursor, a snapshot of the whole table",
    )
    epoch_unit: EpochUnit = Field("seconds", description="what a cursor_type: epoch counts")
    ids_ascend: bool = Field(
        False,
        description="cursor_type: id of a column without AUTO_INCREMENT, whose ids ascend all the same",
    )
    source_timezone: str | None = Field(
        None,
        description="zone whose local time the DATETIME columns hold; default: DB_TIMEZONE",
    )
    datetimes_as_is: tuple[str, ...] = Field(
        (), description="DATETIME columns that are in UTC already, or are to be left as they are"
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
        (), description="columns of the thing a row is about; asks for the view <target>_latest"
    )
    target: str | None = Field(None, description="table in the warehouse; default: the same name")
    distkey: str | None = Field(None, description="column that distributes the warehouse table")
    sortkey: tuple[str, ...] = Field((), description="columns that sort the warehouse table")
    exclude: tuple[str, ...] = Field((), description="columns to leave out")
    booleans: tuple[str, ...] = Field(
        (), description="TINYINT or BIT(1) columns that become BOOLEAN; any value but 0 and 1 fails"
    )
    geometry: Literal["wkb", "wkt"] = Field(
        "wkb", description="wkb: VARBYTE; wkt: VARCHAR, with the digits the source prints"
    )
    columns: dict[str, Policies] = Field(
        {}, description="policies of single columns, by name, in place of the table's"
    )
    rename: dict[str, str] = Field(
        {}, description="columns that get another name in the warehouse: {source: target}"
    )
    super: tuple[str, ...] = Field(
        (),
        description="JSON columns to load as SUPER; without it they are text of up to 65535 bytes",
    )
    copy_format: Literal["csv", "parquet"] = Field(
        "csv",
        description="what COPY reads: csv, made from the lake's Parquet; parquet: the lake's files "
        "themselves, which spares the conversion",
    )
    on_null_cursor: Literal["error", "ignore"] = Field(
        "error", description="rows without a cursor, which no window holds: refuse, or leave out"
    )
    chunks: Annotated[int, Field(ge=1, le=256)] | Literal["auto"] = Field(
        "auto",
        description="pieces a window is read in, side by side with strategy intra-table; "
        "auto: as many as PIPELINE_CHUNK_MB asks for; cursor_type: full is always one piece",
    )

    @field_validator("source_timezone")
    @classmethod
    def _is_a_zone(cls, value: str | None) -> str | None:
        return value and zone_named(value).name

    @model_validator(mode="after")
    def _agrees(self) -> TableDefinition:
        kind = cursor_of(self.cursor_type, self.epoch_unit)
        if "epoch_unit" in self.model_fields_set and kind.epoch_unit is None:
            raise ValueError("epoch_unit goes with cursor_type: epoch")
        if self.ids_ascend and not kind.needs_assigned_bounds:
            raise ValueError("ids_ascend goes with cursor_type: id")
        self._check_cursor()
        self._check_super()
        self._check_parquet()
        return self

    def _check_cursor(self) -> None:
        """A cursor's kind decides whether there is a column, and in which modes its rows can be loaded."""
        kind = cursor_of(self.cursor_type)
        if kind.is_snapshot and self.cursor:
            raise ValueError("cursor_type: full reads the whole table and takes no cursor")
        if not kind.is_snapshot and not self.cursor:
            raise ValueError("cursor is missing; name the column that says when a row changed")
        if self.load in (None, *kind.load_modes):
            return
        if kind.is_snapshot:
            raise ValueError("cursor_type: full is loaded with load: replace")
        raise ValueError("load: replace needs cursor_type: full; a window is not a whole table")

    def _check_parquet(self) -> None:
        """The lake's files are loaded as they are: nothing in between could change a value."""
        if self.copy_format != "parquet":
            return
        if self.super:
            raise ValueError("super columns are loaded from copy_format: csv alone")
        for policy in ("on_oversize_text", "on_oversize_bytes", "on_empty_bytes"):
            default = Policies.model_fields[policy].default
            for policies in (self, *self.columns.values()):
                if getattr(policies, policy) != default:
                    raise ValueError(
                        f"{policy} is for copy_format: csv, which is made of the values"
                    )

    def _check_super(self) -> None:
        """SUPER has no order and is no key."""
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
                names = sorted(parsed[each] for each in wrong)
                raise ValueError(f"{place} cannot be a super column: {', '.join(names)}")

    @field_validator("rename")
    @classmethod
    def _can_be_held(cls, names: dict[str, str]) -> dict[str, str]:
        for target in names.values():
            fold(target)
        return names

    @property
    def load_mode(self) -> LoadModeName:
        """The mode that `load:` names, or the default of the cursor's kind."""
        return self.load or cursor_of(self.cursor_type).load_modes[0]

    def source_cursor(self, timezone: str | None) -> Cursor:
        """The cursor as the source has it; `timezone` is that of a DATETIME in local time."""
        return cursor_of(self.cursor_type, self.epoch_unit, timezone)

    @cached_property
    def warehouse_cursor(self) -> Cursor:
        """The cursor as the warehouse has it: DATETIMEs are in UTC there."""
        return self.source_cursor(None)

    @property
    def is_snapshot(self) -> bool:
        """Whether a window is the whole table."""
        return self.warehouse_cursor.is_snapshot


class Table(TableDefinition):
    """One table of the configuration: its name in the source, and its definition with `target` resolved."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: TableName
    order: int = 0
    target: str = ""
    """The warehouse table's name, without schema."""

    @classmethod
    def of(cls, name: TableName, definition: TableDefinition, order: int = 0) -> Table:
        """The table of a definition; raises ValueError for a target that the warehouse cannot hold."""
        values = definition.model_dump(exclude_unset=True)
        target = fold(definition.target or name.table)
        return cls.model_validate({**values, "name": name, "order": order, "target": target})

    def rules(self, key: tuple[str, ...], names: Iterable[str] = ()) -> Rules:
        """The policies in effect; `key` are the columns that identify a row, `names` all columns'."""
        return Rules(str(self.name), self, self.columns, key, self.cursor, tuple(names))

    @property
    def latest_view(self) -> str | None:
        """The name of the view of its latest rows, None where no business key asks for one."""
        return fold(f"{self.target}_latest") if self.business_key else None
