"""Whatever is written as the pipeline writes CSV comes back from the table, value by value."""

import csv
import io
import itertools
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devstack.redshift.copy.columns import Column
from devstack.redshift.copy.command import CopyCommand
from devstack.redshift.copy.faults import FieldError
from devstack.redshift.copy.vector import CellError, ColumnLoader
from tests.devstack.redshift.conftest import Warehouse

_text = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20
) | st.text("|\"\\\n\r\t N,'é😀", max_size=12)
_rows = st.lists(
    st.tuples(
        st.none() | _text,
        st.none() | st.integers(-(2**63), 2**63 - 1),
        st.none() | st.decimals(-999, 999, places=3),
        st.none() | st.booleans(),
        st.none() | _text,
    ),
    max_size=20,
)
_numbers = itertools.count()
NULL = "@NULL@"


def _encoded(rows: list[tuple[Any, ...]]) -> bytes:
    """Strings quoted, everything else bare, NULL as a bare token that no string holds."""
    lines = []
    for row in rows:
        cells = []
        for value in row:
            if value is None:
                cells.append(NULL)
            elif isinstance(value, bool):
                cells.append("t" if value else "f")
            elif isinstance(value, str):
                cells.append('"' + value.replace('"', '""') + '"')
            else:
                cells.append(str(value))
        lines.append("|".join(cells) + "\n")
    return "".join(lines).encode()


@pytest.mark.local  # it chooses a reading of what is undocumented
@pytest.mark.parametrize("options", ["", "MAXERROR 1"], ids=["fast reader", "exact reader"])
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(rows=_rows)
def test_rows_come_back_as_they_were_written(
    warehouse: Warehouse, options: str, rows: list[tuple[Any, ...]]
) -> None:
    table = f"t{next(_numbers)}"
    warehouse.run(
        f"CREATE TABLE {table} (i int, a varchar(200), b bigint, c decimal(10,3), d boolean,"
        " e varchar(200))"
    )
    numbered = [(number, *row) for number, row in enumerate(rows)]
    copy = f"CSV DELIMITER '|' NULL AS '{NULL}' {options}"
    warehouse.run("SET standin.quoted_null_is_null = no")
    warehouse.copy(table, _encoded(numbered), copy)
    assert warehouse.run(f"SELECT * FROM {table} ORDER BY i") == numbered


@pytest.mark.local  # it chooses a reading of what is undocumented
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=st.lists(st.tuples(_text, _text), min_size=1, max_size=20))
def test_what_pythons_csv_writer_quotes_is_read(
    warehouse: Warehouse, rows: list[tuple[str, str]]
) -> None:
    table = f"t{next(_numbers)}"
    warehouse.run(f"CREATE TABLE {table} (i int, a varchar(200), b varchar(200))")
    sink = io.StringIO(newline="")
    writer = csv.writer(sink, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerows((str(number), *row) for number, row in enumerate(rows))
    warehouse.run("SET standin.quoted_null_is_null = no")
    warehouse.copy(table, sink.getvalue().encode(), "CSV")
    assert warehouse.run(f"SELECT a, b FROM {table} ORDER BY i") == rows


_COLUMNS = [
    Column("c", "varchar", length=4),
    Column("c", "bpchar", length=3),
    Column("c", "int2"),
    Column("c", "int4"),
    Column("c", "int8"),
    Column("c", "numeric", precision=5, scale=2),
    Column("c", "numeric", precision=2, scale=2),
    Column("c", "float8"),
    Column("c", "bool"),
    Column("c", "date"),
    Column("c", "timestamp"),
    Column("c", "timestamptz"),
    Column("c", "time"),
    Column("c", "varbyte", length=2),
    Column("c", "super"),
    Column("c", "int4", not_null=True),
    Column("c", "int4", not_null=True, default="7"),
]
_DEFAULT = CopyCommand(file_format="csv")
_AUTO = CopyCommand(file_format="csv", date_format="auto", time_format="Auto")
_field = st.none() | st.sampled_from(
    ["", " ", "1", "-1", "+1", "01", "1.5", "1.239", ".5", "5.", "1e3", "0x1F", "999.99", "1000",
     "40000", "3000000000", "9" * 20, "t", "TRUE", "yes", "2024-02-29", "2023-02-29", "0000-01-01",
     "2024-1-1", "2024-01-01 00:00:00", "2024-01-01 24:00:00", "2024-01-01 10", "2024-01-01T10:00",
     "2024-01-01 10:00:00.1234567", "2024-01-01 10:00:00+08:00", "2024-01-01 10:00:00Z", "ff",
     "abc", "éé", "é", "😀", "nan", "inf", "{}", "[1, 2]", "NaN", "\u0661", "1_0", "10:00:00"]
) | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=5)  # fmt: skip
"""Without NUL, for which the whole file goes to the exact reader (copy/quoting)."""


@pytest.mark.parametrize("command", [_DEFAULT, _AUTO], ids=["default", "auto"])
@pytest.mark.parametrize("column", _COLUMNS, ids=lambda c: f"{c.type}-{c.not_null}-{c.scale}")
@settings(max_examples=150, deadline=None)
@given(fields=st.lists(_field, min_size=1, max_size=6))
def test_the_fast_check_accepts_only_what_the_exact_rule_accepts(
    command: CopyCommand, column: Column, fields: list[str | None]
) -> None:
    loader = ColumnLoader(column, 0, command)
    exact: list[str | None] = []
    failing: FieldError | None = None
    for field in fields:
        try:
            exact.append(loader.scalar(field))
        except FieldError as error:
            failing = error
    values = pa.array(fields, pa.string())
    if failing is not None:
        with pytest.raises(CellError):
            loader.array(values)
        return
    fast = loader.array(values).to_pylist()
    if column.type in ("numeric", "date", "timestamp", "bool", "float8"):
        # Another spelling of the same value is as good: PostgreSQL reads both alike.
        assert [value is None for value in fast] == [value is None for value in exact]
    elif column.type != "timestamptz":
        assert [(v or "").lstrip("+") for v in fast] == [(v or "").lstrip("+") for v in exact]


@pytest.mark.parametrize("command", [_DEFAULT, _AUTO], ids=["default", "auto"])
@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("date", "2024-02-29"),
        ("timestamp", "2024-02-29 23:59:59.123456"),
        ("timestamptz", "2024-02-29 23:59:59+08:00"),
    ],
)
def test_a_moment_as_the_pipeline_writes_it_is_not_read_cell_by_cell(
    command: CopyCommand, kind: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    loader = ColumnLoader(Column("c", kind), 0, command)
    monkeypatch.delattr(ColumnLoader, "_each")
    assert loader.array(pa.array([value, None])).to_pylist() == [value, None]
