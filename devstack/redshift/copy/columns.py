"""The columns that a COPY fills, from the catalogue."""

from __future__ import annotations

from dataclasses import dataclass

from devstack.redshift.backend import Backend, literal
from devstack.redshift.copy.command import CopyCommand
from devstack.redshift.errors import RedshiftError
from devstack.redshift.rewrite.types import MAX_VARBYTE, MAX_VARCHAR
from devstack.redshift.tokens import quote

_CHARACTER = ("varchar", "bpchar", "text")


@dataclass(frozen=True)
class Column:
    """A column to load: PostgreSQL's type name, the length in bytes or precision and scale."""

    name: str
    type: str
    length: int = 0
    precision: int = 0
    scale: int = 0
    not_null: bool = False
    default: str | None = None
    identity: str = ""

    @property
    def is_character(self) -> bool:
        """Whether an empty field is an empty string rather than NULL."""
        return self.type in _CHARACTER

    @property
    def shown_type(self) -> str:
        """The type as shown in stl_load_errors."""
        return {"bpchar": "char", "text": "varchar"}.get(self.type, self.type)

    @property
    def shown_length(self) -> str:
        """The length as shown in stl_load_errors."""
        if self.type == "numeric":
            return f"{self.precision}, {self.scale}"
        return str(self.length) if self.length else ""


def table_name(command: CopyCommand) -> str:
    """The table's name for the embedded PostgreSQL."""
    return ".".join(quote(part) for part in command.table)


def read_columns(backend: Backend, command: CopyCommand) -> list[Column]:
    """The columns of the command, in the order of its column list or of the table."""
    rows = backend.query(
        "SELECT attname, t.typname, atttypmod, attnotnull, default_expr, attidentity"
        " FROM standin.relation_column JOIN pg_type t ON t.oid = atttypid"
        f" WHERE relid = {literal(table_name(command))}::regclass ORDER BY attnum"
    )
    known = {column.name: column for column in map(_column, rows)}
    for name in command.columns:
        if name not in known:
            raise RedshiftError(
                f'column "{name}" of relation "{command.table[-1]}" does not exist', "42703"
            )
    if len(set(command.columns)) < len(command.columns):
        repeated = next(n for n in command.columns if command.columns.count(n) > 1)
        raise RedshiftError(f'column "{repeated}" specified more than once', "42701")
    explicit = command.has("explicit_ids")
    chosen = [known[name] for name in command.columns] or [
        column for column in known.values() if column.identity != "a" or explicit
    ]
    for column in chosen:
        if column.identity == "a" and not explicit:
            raise RedshiftError(
                f'cannot set an identity column "{column.name}" to a value', "0A000"
            )
    return [_with_default(backend, column) for column in chosen]


def _column(row: list[str | None]) -> Column:
    name, kind, modifier, not_null, default, identity = row
    bits = int(modifier or -1) - 4
    character = kind in (*_CHARACTER, "varbyte")
    unlimited = MAX_VARBYTE if kind == "varbyte" else MAX_VARCHAR
    length = (bits if bits > 0 else unlimited) if character else 0
    numeric = kind == "numeric" and bits >= 0
    return Column(
        name or "",
        kind or "",
        length=length,
        precision=(bits >> 16) & 65535 if numeric else 38,
        scale=bits & 2047 if numeric else 0,
        not_null=not_null == "t",
        default=default,
        identity=identity or "",
    )


def _with_default(backend: Backend, column: Column) -> Column:
    """The column with its default evaluated, if NULL fields take it."""
    value = None
    if column.not_null and column.default is not None:
        value = backend.query(f"SELECT ({column.default})::text")[0][0]
    fields = {name: getattr(column, name) for name in column.__dataclass_fields__}
    return Column(**{**fields, "default": value})
