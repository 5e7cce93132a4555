"""What policies change is counted at every stage, told, and nothing else is touched."""

import csv
import io
import re
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from pipeline import DailyBackup, DailyLoad
from pipeline.cli.main import main
from pipeline.config.policies import Policies, Rules
from pipeline.config.settings import settings
from pipeline.model.span import Span
from pipeline.model.table_name import TableName
from pipeline.source import connection as mysql
from pipeline.source import table as source_table
from pipeline.steps.extract import Chunk, extract_chunk
from tests import promises
from tests.support.rfc4180 import Field, records
from tests.support.truths import assert_same
from tests.support.world import World, day

DAY = day("2025-08-01")
ARGUMENTS = ["DailyLoad", "--date", "2025-08-01", "--table"]
LONG = 65_536


@pytest.fixture
def odd(world: World) -> str:
    """Three rows of which two have something that one side or the other cannot hold."""
    world.sql(
        "SET sql_mode = ''",
        "CREATE TABLE odd (id INT PRIMARY KEY, born DATE, name VARCHAR(30), body LONGTEXT,"
        " raw LONGBLOB, at DATETIME NOT NULL)",
        "INSERT INTO odd VALUES (1, '0000-00-00', CONCAT('a', CHAR(0)), 'short', '', '2025-08-01'),"
        f" (2, '2025-00-10', CONCAT('b', CHAR(0)), REPEAT('x', {LONG}), REPEAT('y', 2200000), '2025-08-01'),"
        " (3, '2025-07-01', 'fine|\"\n', '', x'00', '2025-08-01')",
    )
    return world.define(
        "odd",
        cursor="at",
        on_zero_date="sentinel",
        on_nul_byte="strip",
        columns={
            "body": {"on_oversize_text": "truncate"},
            "raw": {"on_oversize_bytes": None, "on_empty_bytes": "null"},
        },
    )


def counted(coerced: list[dict[str, Any]]) -> list[tuple[str, str, str, int]]:
    return sorted((c["column"], c["kind"], c["policy"], c["rows"]) for c in coerced)


IN_LAKE = [("born", "zero_date", "sentinel", 2)]
IN_CSV = [
    ("body", "oversize_text", "truncate", 1),
    ("born", "zero_date", "sentinel", 2),
    ("name", "nul_byte", "strip", 2),
    ("raw", "empty_bytes", "null", 1),
    ("raw", "oversize_bytes", "null", 1),
]


@promises.COERCIONS
def test_every_change_is_counted_in_every_marker_and_logged(
    world: World, odd: str, capsys: pytest.CaptureFixture[str]
):
    out = world.luigi(*ARGUMENTS, odd).stdout
    keys = world.keys("odd")
    lake, load = world.marker(keys.lake_marker(DAY)), world.marker(keys.load_marker(DAY))
    converted = world.marker(keys.csv_marker(DAY))
    assert counted(lake["coerced"]) == IN_LAKE
    assert counted(converted["coerced"]) == counted(load["coerced"]) == IN_CSV
    examples = {c["column"]: c["example"] for c in load["coerced"]}
    assert examples["born"] in ("'0000-00-00' where id=1", "'2025-00-10' where id=2")
    assert examples["name"] == r"'a\x00' where id=1"
    assert examples["body"].endswith(f"({LONG} bytes) where id=2")

    told = re.findall(r"WARNING .*: (\d+) values of (\w+) changed \((\w+): (\w+)\)", out)
    assert len(told) == len(IN_CSV)  # at the end of the run; by its stage at level INFO
    assert sorted(set(told)) == sorted((str(n), c, f"on_{k}", p) for c, k, p, n in IN_CSV)
    end = [line for line in out.splitlines() if "in this run, " in line]
    assert len(end) == len(IN_CSV)
    assert all(f"in this run, {odd}: " in line and "windows: 1" in line for line in end)

    assert main(["status", "--table", odd]) == 0
    shown = capsys.readouterr().out
    for column, kind, policy, rows in IN_CSV:
        assert re.search(rf"{column} +on_{kind}: {policy} +{rows} ", shown)
    assert world.loaded("odd", "id, born, name, LEN(body), raw") == [
        (1, date(1, 1, 1), "a", 5, None),
        (2, date(1, 1, 1), "b", LONG - 1, None),
        (3, date(2025, 7, 1), 'fine|"\n', 0, "00"),
    ]


def test_the_lake_has_what_only_the_warehouse_cannot_hold(world: World, odd: str, tmp_path: Path):
    """A backup needs no policy for it, and pandas and pyarrow read it as the source has it."""
    world.define("odd", cursor="at", columns={"born": {"on_zero_date": "null"}})
    world.succeed(DailyBackup(date(2025, 8, 1), table=odd))
    marker = world.marker(world.keys("odd").lake_marker(DAY))
    assert counted(marker["coerced"]) == [("born", "zero_date", "null", 2)]
    assert marker["nul_columns"] == ["name"]
    (part,) = marker["parts"]
    world.lake.download(part["key"], tmp_path / "part.parquet")
    source = world.sql(
        "SELECT id, IF(id = 3, born, NULL), name, body, raw, at FROM odd ORDER BY id"
    )
    table = pq.read_table(tmp_path / "part.parquet")
    naive = table.set_column(5, "at", pc.local_timestamp(table["at"]))
    assert list(zip(*naive.to_pydict().values(), strict=True)) == source
    frame = pd.read_parquet(tmp_path / "part.parquet", dtype_backend="pyarrow")
    assert pa.Table.from_pandas(frame, preserve_index=False).to_pydict() == table.to_pydict()
    error = world.failure(DailyLoad(date(2025, 8, 1), table=odd))
    assert "2 values of column name cannot be replicated (nul_byte)" in str(error)
    assert "`columns: {name: {on_nul_byte: strip}}`" in str(error)
    present = "SELECT COUNT(*) FROM svv_tables WHERE table_schema = %s AND table_name = 'odd'"
    assert world.query(present, (world.name,)) == [(0,)]


def test_a_clean_window_counts_nothing_and_says_nothing(world: World):
    table = world.create(
        "clean",
        "id INT PRIMARY KEY, word VARCHAR(9), raw BLOB, at DATETIME NOT NULL",
        "VALUES (1, 'é', x'00', '2025-08-01')",
        cursor="at",
        on_zero_date=None,
        on_nul_byte="strip",
    )
    out = world.luigi(*ARGUMENTS, table).stdout
    assert "changed" not in out
    assert "in this run" not in out
    keys = world.keys("clean")
    for key in (keys.lake_marker(DAY), keys.csv_marker(DAY), keys.load_marker(DAY)):
        assert world.marker(key)["coerced"] == []


def test_changes_add_up_over_chunks_and_days(world: World):
    world.sql(
        "SET sql_mode = ''",
        "CREATE TABLE many (id INT PRIMARY KEY, born DATE, at DATETIME NOT NULL, INDEX (at, id))",
        "INSERT INTO many SELECT seq, IF(seq % 10 = 0, '0000-00-00', '2025-07-01'),"
        " TIMESTAMPADD(SECOND, seq * 60, '2025-08-01') FROM seq_0_to_2879",
    )
    table = world.define("many", cursor="at", chunks=3, on_zero_date=None)
    line = ["RangeDaily", "--of", "DailyLoad", "--DailyLoad-table", table]
    out = world.luigi(*line, "--start", "2025-08-01", "--stop", "2025-08-03").stdout
    marker = world.marker(world.keys("many").lake_marker(DAY))
    assert len(marker["parts"]) == 3
    assert counted(marker["coerced"]) == [("born", "zero_date", "null", 144)]
    assert f"in this run, {table}: 288 values of born changed (on_zero_date: null)" in out
    assert "windows: 2" in out


def test_rows_without_a_cursor_are_counted_in_the_marker_and_logged(
    world: World, capsys: pytest.CaptureFixture[str]
):
    table = world.create(
        "visits",
        "id INT PRIMARY KEY, at DATETIME",
        "VALUES (1, '2025-08-01'), (2, NULL), (3, NULL)",
        cursor="at",
        on_null_cursor="ignore",
    )
    out = world.luigi(*ARGUMENTS, table).stdout
    assert world.marker(world.keys("visits").lake_marker(DAY))["rows_without_cursor"] == 2
    assert f"in this run, {table}: 2 rows without a cursor left out (on_null_cursor: ignore)" in out
    assert main(["status", "--table", table]) == 0
    assert re.search(r"on_null_cursor: ignore +2 +rows left out", capsys.readouterr().out)


CSV_VALUES = [
    '"',
    '""',
    "|",
    "\n",
    "\r\n",
    "a,b",
    "",
    " ",
    "__null__",
    "\\N",
    "🚚 顺丰",
    "'",
    "\t\x01",
]


@promises.DELIMITERS
def test_the_csv_alone_is_what_rfc_4180_says(world: World):
    """Read by a reader of the tests' own, and once more by Python's, it is the source."""
    world.sql(
        "CREATE TABLE said (id INT PRIMARY KEY, word VARCHAR(30), raw VARBINARY(30), n DECIMAL(9,2),"
        " seen DATETIME(6), at DATETIME NOT NULL)"
    )
    with world.source() as connection, connection.cursor() as cursor:
        rows = [
            (n, w, w.encode(), n / 4, "2025-08-01 00:00:00.5") for n, w in enumerate(CSV_VALUES)
        ]
        rows.append((len(rows), None, None, None, None))
        insert = "INSERT INTO said VALUES (%s, %s, %s, %s, %s, '2025-08-01')"
        cursor.executemany(insert, rows)
        connection.commit()
    table = world.define("said", cursor="at")
    world.succeed(DailyLoad(date(2025, 8, 1), table=table))
    assert_same(world, "said")
    text, marker = csv_text(world, "said")
    wanted = world.sql(
        "SELECT CAST(id AS CHAR), word, LOWER(HEX(raw)), CAST(n AS CHAR),"
        " DATE_FORMAT(seen, '%Y-%m-%d %H:%i:%s.%f'), DATE_FORMAT(at, '%Y-%m-%d %H:%i:%s.%f')"
        " FROM said ORDER BY id"
    )
    empty = marker["empty_tokens"]["raw"]

    def meant(field: Field) -> str | None:
        if not field.quoted and field == marker["null_token"]:
            return None
        return "" if not field.quoted and field == empty else str(field)

    found = sorted(
        (tuple(map(meant, record)) for record in records(text)), key=lambda r: int(r[0] or 0)
    )
    assert found == wanted
    for record in records(text):
        word = record[1]
        assert word.quoted == (word != marker["null_token"])
        assert not any(field.quoted for field in (record[0], *record[2:]))
    read = list(csv.reader(io.StringIO(text.decode(), newline=""), delimiter="|", strict=True))
    assert read == [list(map(str, record)) for record in records(text)]


def csv_text(world: World, table: str) -> tuple[bytes, dict[str, Any]]:
    """The text of a window's CSV parts, one behind the other, and their manifest."""
    marker = world.marker(world.keys(table).csv_marker(DAY))
    parts = (pa.BufferReader(world.lake.get(part["key"])) for part in marker["parts"])
    return b"".join(
        pa.CompressedInputStream(p, marker["compression"]).read() for p in parts
    ), marker


@pytest.fixture
def latin(world: World) -> str:
    """Some words that are UTF-8, and some that are not."""
    return make_latin(
        world,
        "(1, x'636166E9', 'fine é', '2025-08-01'), (2, 'sure', NULL, '2025-08-01'),"
        " (3, x'F09F9AE9E9', '', '2025-08-01'), (4, x'C3A9', '', '2025-08-01')",
    )


def make_latin(world: World, rows: str) -> str:
    """A utf8mb4 column with bytes that are not UTF-8, as a restored tablespace of another table has them."""
    shape = "(id INT PRIMARY KEY, word {} NOT NULL, more TEXT, at DATETIME NOT NULL) ENGINE=InnoDB"
    world.sql(
        f"CREATE TABLE raw {shape.format('VARBINARY(120)')}",
        f"CREATE TABLE latin {shape.format('VARCHAR(30)')}",
        f"INSERT INTO raw VALUES {rows}",
        "ALTER TABLE latin DISCARD TABLESPACE",
    )
    ((folder,),) = world.sql("SELECT @@datadir")
    database = Path(folder) / world.name
    with world.source() as connection, connection.cursor() as cursor:
        cursor.execute("FLUSH TABLES raw FOR EXPORT")
        shutil.copy(database / "raw.ibd", database / "latin.ibd")
        cursor.execute("UNLOCK TABLES")
        cursor.execute("ALTER TABLE latin IMPORT TABLESPACE")
    same = "SELECT COUNT(*) FROM raw JOIN latin USING (id) WHERE HEX(raw.word) <> HEX(latin.word)"
    assert world.sql(same) == [(0,)]
    return world.define("latin", cursor="at")


@promises.INVALID_UTF8
def test_text_that_is_no_utf8_is_refused_or_replaced_as_python_does(world: World, latin: str):
    error = world.failure(DailyLoad(date(2025, 8, 1), table=latin))
    assert "2 values of column word cannot be replicated (invalid_utf8)" in str(error)
    assert "where id=3" in str(error)
    assert "`columns: {word: {on_invalid_utf8: replace}}`" in str(error)
    assert world.lake_keys("lake/") == []
    world.define("latin", cursor="at", columns={"word": {"on_invalid_utf8": "replace"}})
    world.succeed(DailyLoad(date(2025, 8, 1), table=latin))
    assert world.loaded("latin", "id, word, more") == [
        (1, b"caf\xe9".decode(errors="replace"), "fine é"),
        (2, "sure", None),
        (3, b"\xf0\x9f\x9a\xe9\xe9".decode(errors="replace"), ""),
        (4, "é", ""),
    ]
    marker = world.marker(world.keys("latin").load_marker(DAY))
    assert counted(marker["coerced"]) == [("word", "invalid_utf8", "replace", 2)]


def test_what_replacing_made_longer_than_its_column_is_oversize(world: World):
    """120 bytes that are no UTF-8 become 120 characters of three bytes, and 120 is the column's width."""
    table = make_latin(world, "(1, REPEAT(x'E9', 120), 'é', '2025-08-01')")
    world.define("latin", cursor="at", on_invalid_utf8="replace")
    error = world.failure(DailyLoad(date(2025, 8, 1), table=table))
    assert "values of column word cannot be replicated (oversize_text)" in str(error)
    world.define("latin", cursor="at", on_invalid_utf8="replace", on_oversize_text="truncate")
    world.succeed(DailyLoad(date(2025, 8, 1), table=table))
    assert world.loaded("latin", "word, more") == [("\N{REPLACEMENT CHARACTER}" * 40, "é")]


MANY = 600_000  # more than fits the socket's buffers


@pytest.mark.parametrize(
    ("policy", "index"), [("null", "at, born"), ("sentinel", "at, born"), ("null", "at")]
)
def test_a_lost_connection_neither_loses_nor_doubles_what_is_changed(
    world: World, tmp_path: Path, policy: str, index: str, caplog: pytest.LogCaptureFixture
):
    """Where the rows come by a column that was changed, a position in them means nothing to the source."""
    world.sql(
        "SET sql_mode = ''",
        "CREATE TABLE events (id INT PRIMARY KEY, born DATE NOT NULL,"
        f" at DATETIME NOT NULL, INDEX ({index}))",
        "INSERT INTO events SELECT seq, IF(seq % 2, '0000-00-00', '2025-07-01'),"
        f" '2025-08-01' FROM seq_1_to_{MANY}",
    )
    with mysql.connected(settings().source) as connection:
        source = source_table.describe(connection, TableName(world.name, "events"))
    rules = Rules(policies=Policies.model_validate({"on_zero_date": policy}), key=("id",))
    span = Span("at", "2025-08-01 00:00:00", "2025-08-02 00:00:00")
    killed: list[str] = []

    def kill(message: str, _share: float | None) -> None:
        if not killed:
            world.sql(f"KILL CONNECTION {reader(world)}")
            killed.append(message)

    figures = extract_chunk(
        lambda: mysql.connected(settings().source),
        Chunk(source, ("id",), span, rules),
        tmp_path / "chunk.parquet",
        kill,
    )
    assert killed
    assert ("resuming" if index == "at" else "restarting") in caplog.text
    table = pq.read_table(tmp_path / "chunk.parquet", columns=["id", "born"])
    assert sorted(table["id"].to_pylist()) == list(range(1, MANY + 1))
    sentinel = None if policy == "null" else date(1, 1, 1)
    assert table["born"].to_pylist().count(sentinel) == MANY // 2
    assert [(c.kind, c.rows) for c in figures.coerced] == [("zero_date", MANY // 2)]


def reader(world: World) -> int:
    """The connection that reads the rows of `events`."""
    ((connection,),) = world.sql(
        "SELECT id FROM information_schema.processlist WHERE info LIKE 'SELECT `id`%`events`%'"
    )
    return int(connection)


def test_columns_that_are_left_out_or_text_are_logged(world: World):
    world.sql(
        "CREATE TABLE shy (id INT PRIMARY KEY, secret INT INVISIBLE, big DECIMAL(65,30), small DECIMAL(9,2),"
        " gone INT, at DATETIME NOT NULL)"
    )
    out = world.luigi(*ARGUMENTS, world.define("shy", cursor="at", exclude="gone")).stdout
    assert "columns left out, as they are invisible in the source: secret\n" in out
    assert (
        "columns replicated as text, as they have more digits than Redshift's DECIMAL: big\n" in out
    )
