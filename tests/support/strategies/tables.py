"""Drawn tables: odd names, columns of every type, rows of odd values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from tests.support.strategies.kinds import Kind
from tests.support.strategies.values import kinds

ODD_NAMES = [
    *(
        "select",
        "Order",
        "table",
        "user",
        "desc",
        "offset",
        "tag",
        "default",
        "value",
        "GROUP",
        "rows",
    ),
    *(
        "a b",
        "a  b",
        "UPPER",
        "MiXeD",
        "dol$lar",
        "$",
        "hash#tag",
        "per%cent",
        "%s",
        "%(x)s",
        "a.b",
    ),
    *(
        "quo'te",
        'dou"ble',
        "back`tick",
        "sla/sh",
        "semi;colon",
        "ques?tion",
        "co,mma",
        "(paren)",
        "{brace}",
    ),
    *(
        "顺丰",
        "价格",
        "naïve",
        "Ärger",
        "ÉTÉ",
        "שלום",
        "ключ",
        "1st",
        "123",
        "0x1",
        "_",
        "__",
        "-dash",
    ),
    *(
        "x" * 64,
        "L" * 64,
        "长" * 40,
        "null",
        "NULL2",
        " lead",
        "true",
        "version_rank",
        "pipeline",
        "id2",
        "new\tline",
    ),
]
MODES = ("merge", "append", "full")


@dataclass(frozen=True)
class Drawn:
    """A table as hypothesis drew it; its repr is the SQL that makes it again."""

    name: str
    columns: tuple[tuple[str, Kind, bool], ...]
    """Name, type, and whether it may be NULL."""
    rows: tuple[tuple[str | None, ...], ...]
    """A literal for each column that is not computed; None for NULL."""
    mode: str
    chunks: int
    copy_format: str = "csv"

    @property
    def create(self) -> str:
        """CREATE TABLE, with a key and a cursor of its own."""
        lines = ["id INT PRIMARY KEY", "changed_at DATETIME(6) NOT NULL", "INDEX (changed_at)"]
        lines += [
            f"{_name(name)} {kind.ddl}{_null(kind, nullable)}"
            for name, kind, nullable in self.columns
        ]
        return f"CREATE TABLE {_name(self.name)} ({', '.join(lines)})"

    @property
    def inserts(self) -> list[str]:
        """One INSERT a row; the rows' cursors are spread over the day of the window."""
        written = [name for name, kind, _ in self.columns if kind.literals is not None]
        names = ", ".join(["id", "changed_at", *map(_name, written)])
        return [
            f"INSERT INTO {_name(self.name)} ({names}) VALUES "
            f"({', '.join([str(index), _cursor(index), *(cell or 'NULL' for cell in row)])})"
            for index, row in enumerate(self.rows)
        ]

    @property
    def definition(self) -> dict[str, Any]:
        """What configs/ says of it."""
        copied = {"copy_format": self.copy_format}
        if self.mode == "full":
            return {"cursor_type": "full", **copied}
        return {"cursor": "changed_at", "load": self.mode, "chunks": self.chunks, **copied}

    def __repr__(self) -> str:
        return ";\n".join([f"-- {self.definition}", self.create, *self.inserts]) + ";"


def _null(kind: Kind, nullable: bool) -> str:
    if kind.literals is None:
        return ""
    return " NULL" if nullable else " NOT NULL"


def _name(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _cursor(index: int) -> str:
    # two rows at a time share a cursor; the first are at the window's very beginning
    return f"'2025-08-01 {index // 2 % 24:02d}:00:00.{index // 2:06d}'"


@st.composite
def drawn_tables(draw: st.DrawFn, server: str, *, most_columns: int = 20) -> Drawn:
    """A table of 1 to `most_columns` columns beside key and cursor, and up to eighteen rows.

    Some rows are drawn; in the others every column goes through its edges, from a drawn one onward.
    """
    names = draw(
        st.lists(st.sampled_from(ODD_NAMES), min_size=1, max_size=most_columns, unique_by=str.lower)
    )
    columns = []
    for name in names:
        kind = draw(kinds(server))
        columns.append((name, kind, kind.literals is not None and draw(st.booleans())))
    rows = draw(st.lists(st.tuples(*_cells(columns)), max_size=4))
    first = draw(st.integers(0, 200))
    rows += [_edges(columns, row) for row in range(first, first + draw(st.integers(0, 14)))]
    return Drawn(
        name=draw(st.sampled_from(ODD_NAMES)),
        columns=tuple(columns),
        rows=tuple(rows),
        mode=draw(st.sampled_from(MODES)),
        chunks=draw(st.integers(1, 3)),
        copy_format=draw(st.sampled_from(["csv", "csv", "parquet"])),
    )


def _cells(columns: list[tuple[str, Kind, bool]]) -> list[st.SearchStrategy[str | None]]:
    return [
        st.one_of(kind.literals, st.none()) if nullable else kind.literals
        for _, kind, nullable in columns
        if kind.literals is not None
    ]


def _edges(columns: list[tuple[str, Kind, bool]], row: int) -> tuple[str | None, ...]:
    written = [(kind, nullable) for _, kind, nullable in columns if kind.literals is not None]
    return tuple(
        None
        if nullable and (row + index) % 7 == 6
        else kind.edges[(row + 11 * index) % len(kind.edges)]
        for index, (kind, nullable) in enumerate(written)
    )
