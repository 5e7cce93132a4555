"""Table definitions: what `configs/*.yml` may say of a table."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from pipeline.config.policies import Policies, Rules
from pipeline.config.yaml_loader import read_document
from pipeline.errors import ConfigurationError
from pipeline.model.cursors import CursorType, EpochUnit, TimeCursor
from pipeline.model.identifiers import LEDGER, VIEWS, fold, in_one_case
from pipeline.model.table_name import TableName
from pipeline.model.timezones import zone_named

LoadMode = Literal["merge", "append", "replace"]


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
    load: LoadMode | None = Field(
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
    on_lost_column: Literal["refuse", "follow"] = Field(
        "refuse",
        description="columns that the lake has and the account sees no more, where it may not read the whole "
        "table: refuse, or take them for dropped; a visible DROP COLUMN is followed in any case",
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
        if "epoch_unit" in self.model_fields_set and self.cursor_type != "epoch":
            raise ValueError("epoch_unit goes with cursor_type: epoch")
        if self.ids_ascend and self.cursor_type != "id":
            raise ValueError("ids_ascend goes with cursor_type: id")
        if self.cursor_type == "full":
            if self.cursor:
                raise ValueError("cursor_type: full reads the whole table and takes no cursor")
            if self.load not in (None, "replace"):
                raise ValueError("cursor_type: full is loaded with load: replace")
        elif not self.cursor:
            raise ValueError("cursor is missing; name the column that says when a row changed")
        elif self.load == "replace":
            raise ValueError("load: replace needs cursor_type: full; a window is not a whole table")
        self._check_super()
        self._check_parquet()
        return self

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
    def load_mode(self) -> LoadMode:
        """The mode asked for, or the default of the cursor type."""
        defaults: dict[str, LoadMode] = {"full": "replace", "id": "append"}
        return self.load or defaults.get(self.cursor_type, "merge")

    def time_cursor(self, timezone: str | None) -> TimeCursor | None:
        """The cursor that tells time, in that zone; None for an id, and for a full snapshot."""
        if self.cursor_type == "id" or self.cursor_type == "full":  # noqa: PLR1714 - narrows the type
            return None
        return TimeCursor(self.cursor_type, self.epoch_unit, timezone)

    @property
    def loaded_cursor(self) -> TimeCursor | None:
        """The same cursor as the warehouse has it: DATETIMEs are in UTC there."""
        return self.time_cursor(None)


class Table(BaseModel):
    """A table's name and definition."""

    model_config = ConfigDict(frozen=True)

    name: TableName
    definition: TableDefinition
    order: int = 0

    @property
    def target(self) -> str:
        """The warehouse table's name, without schema."""
        return fold(self.definition.target or self.name.table)

    def rules(self, key: tuple[str, ...], names: Iterable[str] = ()) -> Rules:
        """The policies in effect; `key` are the columns that identify a row, `names` all columns'."""
        definition = self.definition
        return Rules(
            *(str(self.name), definition, definition.columns, key, definition.cursor, tuple(names))
        )

    @property
    def latest_view(self) -> str | None:
        """The name of the view of its latest rows, None where no business key asks for one."""
        return fold(f"{self.target}_latest") if self.definition.business_key else None


def read_tables(folder: Path, default_database: str = "") -> dict[str, Table]:
    """All tables of ``folder/*.yml`` by name, in the order of files and lines.

    Raises ConfigurationError, naming the file, for anything that is not a valid definition, for a
    table defined twice and for two that would be one table or view in the warehouse.
    """
    files = _files(folder)
    tables = _read(files, default_database)
    if not tables:
        raise ConfigurationError(
            "no table is defined",
            why=f"{folder} holds {'an empty `tables:`' if files else 'no .yml file'}",
            todo="write one as docs/tables.md shows, or set PIPELINE_CONFIGS to its folder",
        )
    return tables


def written_tables(folder: Path, default_database: str = "") -> dict[str, Table]:
    """The tables that are defined so far: there may be none, and a file may be empty, as one just begun is.

    Raises ConfigurationError for a definition that is not valid.
    """
    return _read([file for file in _files(folder) if file.stat().st_size], default_database)


def _files(folder: Path) -> list[Path]:
    return sorted([*folder.glob("*.yml"), *folder.glob("*.yaml")])


def _read(files: Iterable[Path], default_database: str) -> dict[str, Table]:
    tables: dict[str, Table] = {}
    owners = dict.fromkeys((LEDGER, VIEWS), "the pipeline itself")
    for file in files:
        for name, entry in _entries(file):
            table = _table(file, name, entry, default_database, order=len(tables))
            _claim(file, owners, table)
            tables[str(table.name)] = table
    return tables


def _entries(file: Path) -> list[tuple[str, Any]]:
    try:
        document = read_document(file) or {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file} is not YAML", why=" ".join(str(error).split())) from None
    if not isinstance(document, dict) or not isinstance(document.get("tables"), dict):
        raise ConfigurationError(
            f"{file} defines no tables",
            why="it has no mapping `tables:`",
            todo="see docs/tables.md for one that works",
        )
    if unknown := sorted(set(document) - {"tables", "defaults"}):
        raise ConfigurationError(f"{file} has unknown keys", why=", ".join(map(str, unknown)))
    defaults = document.get("defaults") or {}
    if not isinstance(defaults, dict):
        raise ConfigurationError(f"{file}: `defaults:` is no mapping", why=f"it is {defaults!r}")
    entries = ((str(name), entry or {}) for name, entry in document["tables"].items())
    return [(name, {**defaults, **e} if isinstance(e, dict) else e) for name, e in entries]


def _table(file: Path, name: str, entry: Any, default_database: str, order: int) -> Table:
    try:
        qualified = _qualified(name, default_database)
        table = Table(
            name=TableName.parse(qualified),
            definition=TableDefinition.model_validate(_lists(entry)),
            order=order,
        )
        fold(table.target)  # a name that the warehouse cannot hold is refused here
        return table
    except ValidationError as error:
        reasons = [_reason(fault["loc"], fault["msg"]) for fault in error.errors()]
        raise ConfigurationError(
            f"{file}: the definition of {name} is not valid",
            why="; ".join(reasons),
            todo="docs/tables.md lists every key",
        ) from None
    except ValueError as error:
        raise ConfigurationError(f"{file}: {error}") from None


def _qualified(name: str, default_database: str) -> str:
    """The name with the default database before it where it has none."""
    return name if "." in name or not default_database else str(TableName(default_database, name))


def _lists(entry: Any) -> Any:
    """Let a single column stand where a list of columns is meant."""
    many = ("key", "business_key", "sortkey", "exclude", "super", "booleans", "datetimes_as_is")
    if not isinstance(entry, dict):
        return entry
    return {k: [v] if k in many and isinstance(v, str) else v for k, v in entry.items()}


def _reason(location: tuple[int | str, ...], message: str) -> str:
    where = ".".join(map(str, location))
    text = message.removeprefix("Value error, ")
    return f"{where}: {text}" if where else text


def _claim(file: Path, owners: dict[str, str], table: Table) -> None:
    """Take the names the table's relations have in the warehouse; `owners` says whose each is."""
    name = str(table.name)
    try:
        relations = [each for each in (table.target, table.latest_view) if each]
    except ValueError as error:
        raise ConfigurationError(
            f"{file}: {name} has no name in the warehouse",
            why=str(error),
            todo="give it a shorter `target:`",
        ) from None
    for relation in relations:
        if (other := owners.get(relation)) is not None:
            raise ConfigurationError(
                f"{file}: {name} and {other} would load into one table",
                why=f"both would be {relation}" if name != other else "it is defined twice",
                todo="give one of them another `target:`",
            )
        owners[relation] = name


@lru_cache(maxsize=8)
def tables(folder: Path, default_database: str = "") -> dict[str, Table]:
    """The tables of a folder, read once in this process."""
    return read_tables(folder, default_database)


def table_named(folder: Path, name: str, default_database: str = "") -> Table:
    """The definition of one table; raises ConfigurationError when there is none."""
    known = tables(folder, default_database)
    qualified = _qualified(name, default_database)
    if qualified not in known:
        raise ConfigurationError(
            f"table {name} is not defined",
            why=f"{folder} defines {', '.join(known)}",
            todo=f"add it to a file in {folder}, or correct the name",
        )
    return known[qualified]
