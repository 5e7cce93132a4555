"""Text that UTF-8 output cannot hold or distinguish is counted or refused by its own reason."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest

from pipeline import DailyBackup, DailyLoad
from pipeline.cli.main import main
from pipeline.config.policies import Policies, Rules
from pipeline.config.settings import settings
from pipeline.errors import DataError
from pipeline.model.span import Span
from pipeline.model.table_name import TableName
from pipeline.source import connection as mysql
from pipeline.source import lossy_text
from pipeline.source import table as source_table
from pipeline.source.scan_order import free_order
from tests import promises
from tests.support.truths import assert_same, assert_tidy
from tests.support.world import World, day

FIRST, SECOND = date(2025, 8, 1), date(2025, 8, 2)
REPLACE = Policies(on_unmappable_text="replace")
CP1251 = "k VARCHAR(4) CHARACTER SET cp1251 COLLATE cp1251_bin"


def refused(world: World, table: str, on: date = FIRST) -> str:
    """The message of a load that the text of a key stops: no row was read twice, and none is stored."""
    error = world.failure(DailyLoad(on, table=table))
    assert isinstance(error, DataError)
    assert "twice" not in str(error)
    return str(error)


@pytest.fixture
def unmapped(world: World) -> str:
    """A value with a character that Unicode lacks, between two without."""
    world.sql(
        "SET sql_mode = ''",
        f"CREATE TABLE words (id INT PRIMARY KEY, {CP1251}, at DATETIME NOT NULL)",
        "INSERT INTO words VALUES (1, 'ы?', '2025-08-01'), (2, X'EB98', '2025-08-01'),"
        " (3, NULL, '2025-08-01')",
    )
    return world.define("words", cursor="at")


# Values


@promises.UNMAPPABLE_TEXT
def test_a_character_that_unicode_lacks_is_refused_with_its_bytes_and_row(
    world: World, unmapped: str
):
    error = refused(world, unmapped)
    assert "1 values of column k cannot be replicated (unmappable_text)" in error
    assert "X'EB98' (cp1251) where id='2'" in error
    assert "`columns: {k: {on_unmappable_text: replace}}`" in error
    assert world.lake_keys("lake/") == []


@promises.UNMAPPABLE_TEXT
def test_a_text_above_max_allowed_packet_is_looked_at_too(world: World):
    """The functions that look at it give NULL for so long a text."""
    text = "x TEXT CHARACTER SET cp1251"
    table = world.create(
        "words",
        f"id INT PRIMARY KEY, {text}, at DATETIME NOT NULL",
        "VALUES (1, CONCAT(X'98', REPEAT('b', 3000)), '2025-08-01')",
        cursor="at",
    )
    ((before,),) = world.sql("SELECT @@GLOBAL.max_allowed_packet")
    world.sql("SET GLOBAL max_allowed_packet = 1024")
    try:
        assert "(unmappable_text)" in refused(world, table)
    finally:
        world.sql(f"SET GLOBAL max_allowed_packet = {before}")


@promises.UNMAPPABLE_TEXT
def test_a_replaced_character_is_counted_in_every_marker_and_by_status(
    world: World, unmapped: str, capsys: pytest.CaptureFixture[str]
):
    world.define("words", cursor="at", columns={"k": {"on_unmappable_text": "replace"}})
    world.load_days(unmapped, 1)
    assert world.loaded("words", "id, k") == [(1, "ы?"), (2, "л?"), (3, None)]
    keys, window = world.keys("words"), day("2025-08-01")
    for key in (keys.lake_marker(window), keys.csv_marker(window), keys.load_marker(window)):
        (coerced,) = world.marker(key)["coerced"]
        assert (coerced["column"], coerced["kind"], coerced["rows"]) == ("k", "unmappable_text", 1)
        assert coerced["example"] == "X'EB98' (cp1251) where id='2'"
    assert main(["status", "--table", unmapped]) == 0
    assert re.search(r"k +on_unmappable_text: replace +1 ", capsys.readouterr().out)
    assert_tidy(world, "words")


@pytest.mark.parametrize(
    ("charset", "code"),
    [
        ("cp1250", "81"),
        ("greek", "FF"),
        ("hp8", "FF"),
        ("big5", "A15A"),  # arrives as U+FFFD
        ("tis620", "DB"),
        ("gbk", "A140"),
        ("euckr", "A2E8"),
    ],
)
@pytest.mark.parametrize("kind", ["VARCHAR(4)", "LONGTEXT", "CHAR(4)"])
def test_other_character_sets_and_types_are_counted_too(
    world: World, charset: str, code: str, kind: str
):
    world.create(
        "words",
        f"id INT PRIMARY KEY, k {kind} CHARACTER SET {charset}, at DATETIME NOT NULL",
        f"VALUES (1, X'{code}', '2025-08-01'), (2, 'a?', '2025-08-01')",
        cursor="at",
    )
    assert changed(world, "words", ("id",)) == [("k", 1, f"X'{code}' ({charset}) where id='1'")]


def test_a_surrogate_of_ucs2_is_invalid_utf8(world: World):
    """The server sends it as three bytes that no UTF-8 has, in place of a character."""
    table = world.create(
        "words",
        "id INT PRIMARY KEY, k VARCHAR(4) CHARACTER SET ucs2, at DATETIME NOT NULL",
        "VALUES (1, X'D8000041', '2025-08-01'), (2, X'0041', '2025-08-01')",
        cursor="at",
    )
    assert "1 values of column k cannot be replicated (invalid_utf8)" in refused(world, table)


def test_codes_of_one_character_are_that_character_where_they_are_no_key(world: World):
    table = world.create(
        "words",
        "id INT PRIMARY KEY, k VARCHAR(4) CHARACTER SET cp932, at DATETIME NOT NULL",
        "VALUES (1, X'8790', '2025-08-01'), (2, X'81E0', '2025-08-01')",
        cursor="at",
    )
    world.load_days(table, 1)
    assert world.loaded("words", "id, k") == [(1, "≒"), (2, "≒")]
    assert world.marker(world.keys("words").lake_marker(day("2025-08-01")))["coerced"] == []


def test_text_of_lossless_sets_costs_no_query(world: World):
    world.create(
        "words",
        "id INT PRIMARY KEY, a TEXT, b VARCHAR(4) CHARACTER SET latin1, c ENUM('a','')",
        cursor_type="full",
    )
    with mysql.connected(settings().source) as connection:
        source = source_table.describe(connection, TableName(world.name, "words"))
    closed: Any = None
    assert lossy_text.changed_text(closed, source, ("id",), Span(), Rules()) == []


def changed(world: World, table: str, key: tuple[str, ...]) -> list[tuple[str, int, str]]:
    """The replaced texts of a table: column, rows, example."""
    with mysql.connected(settings().source) as connection:
        source = source_table.describe(connection, TableName(world.name, table))
        rules = Rules(table, policies=REPLACE, key=key)
        coerced = lossy_text.changed_text(connection, source, key, Span(), rules)
    return [(each.column, each.rows, each.example) for each in coerced]


# Keys


@promises.UNMAPPABLE_TEXT
@pytest.mark.parametrize("rows", ["one window", "two windows"])
@pytest.mark.parametrize(
    ("charset", "one", "other"),
    [("cp1251", "98", "3F"), ("cp932", "8790", "81E0"), ("armscii8", "A5", "28")],
)
def test_keys_that_utf8_does_not_distinguish_are_refused_as_such(
    world: World, rows: str, charset: str, one: str, other: str
):
    on = "2025-08-01" if rows == "one window" else "2025-08-02"
    table = world.create(
        "words",
        f"k VARCHAR(4) CHARACTER SET {charset} COLLATE {charset}_bin PRIMARY KEY, v INT,"
        " at DATETIME NOT NULL",
        f"VALUES (X'{one}', 1, '2025-08-01'), (X'{other}', 2, '{on}')",
        cursor="at",
        on_unmappable_text="replace",
    )
    error = refused(world, table)
    assert f"1 values of the key column k of {table} are ambiguous as text" in error
    assert f"UTF-8 does not distinguish it from another text of {charset}" in error
    assert "X'" in error
    assert world.lake_keys("lake/") == []
    if rows == "two windows":
        world.load_days(table, 2)
        assert len(world.loaded("words", "v")) == 1


def test_the_keys_of_such_a_set_that_utf8_holds_are_loaded(world: World):
    table = world.create(
        "words",
        f"{CP1251} PRIMARY KEY, at DATETIME NOT NULL",
        "VALUES ('?', '2025-08-01'), ('ы', '2025-08-01'), ('Ы', '2025-08-01'), ('', '2025-08-01')",
        cursor="at",
    )
    world.load_days(table, 1)
    assert_same(world, "words")
    assert_tidy(world, "words")


@pytest.mark.parametrize(
    ("kind", "one", "other", "text"),
    [
        ("ENUM('a','')", 2, 0, "''"),
        ("ENUM('a','b','a')", 1, 3, "'a'"),
        ("SET('a','')", 0, 2, "''"),
        ("SET('','a')", 2, 3, "'a'"),
        ("SET('a','b','a')", 2 + 1, 2 + 4, "'a'"),
    ],
)
def test_members_of_a_key_with_one_text_are_refused_as_such(
    world: World, kind: str, one: int, other: int, text: str
):
    world.sql(
        "SET sql_mode = ''",
        f"CREATE TABLE words (k {kind} PRIMARY KEY, v INT, at DATETIME NOT NULL)",
        f"INSERT INTO words VALUES ({one}, 1, '2025-08-01')",
        f"INSERT INTO words VALUES ({other}, 2, '2025-08-02')",
    )
    table = world.define("words", cursor="at")
    world.load_days(table, 1)
    error = refused(world, table, SECOND)
    assert f"1 values of the key column k of {table} are ambiguous as text" in error
    assert f"the number {other}; in {kind.lower()} another number has the same text" in error
    assert world.loaded("words", "v") == [(1,)]


def test_a_value_that_is_no_member_is_a_key_of_its_own_where_no_member_is_empty(world: World):
    world.sql(
        "SET sql_mode = ''",
        "CREATE TABLE words (k ENUM('a','b') PRIMARY KEY, at DATETIME NOT NULL)",
        "INSERT INTO words VALUES (0, '2025-08-01'), ('a', '2025-08-01'), ('b', '2025-08-01')",
    )
    world.load_days(world.define("words", cursor="at"), 1)
    assert world.loaded("words", "k") == [("",), ("a",), ("b",)]


def test_columns_of_key_count_as_a_key_in_any_load_mode(world: World):
    table = world.create(
        "words",
        f"id INT PRIMARY KEY, {CP1251} NOT NULL, at DATETIME NOT NULL",
        "VALUES (1, X'98', '2025-08-01')",
        cursor="at",
        key=["k"],
        load="append",
        on_unmappable_text="replace",
    )
    error = world.failure(DailyBackup(FIRST, table=table))
    assert "key column k" in str(error)


def test_a_read_does_not_resume_after_a_text_that_utf8_does_not_distinguish(world: World):
    """The rows after 'ы' cannot be selected where another text has its UTF-8."""
    orders = {}
    for charset in ("cp932", "utf8mb4"):
        table = f"words_{charset}"
        world.create(
            table,
            f"id INT PRIMARY KEY, k VARCHAR(4) CHARACTER SET {charset} NOT NULL, at DATETIME NOT NULL,"
            " INDEX (at, k)",
            "SELECT seq, 'a', '2025-08-01' + INTERVAL seq SECOND FROM seq_1_to_999",
            cursor="at",
        )
        with mysql.connected(settings().source) as connection:
            source = source_table.describe(connection, TableName(world.name, table))
            span = Span("at", "2025-08-01", "2025-08-01 00:00:09")
            orders[charset] = free_order(connection, source, span)
    assert orders == {"cp932": (), "utf8mb4": ("at", "k", "id")}


# What the load says of a key that repeats


@pytest.mark.parametrize("moment", ["2025-08-01 00:00:00", "2025-08-01 10:00:00"])
def test_a_key_that_repeats_is_said_to_be_read_twice_only_where_that_may_be(
    world: World, moment: str, monkeypatch: pytest.MonkeyPatch
):
    """As if the source's count had missed a conversion."""
    table = world.create(
        "words",
        f"{CP1251} PRIMARY KEY, at DATETIME NOT NULL",
        f"VALUES ('?', '2025-08-01 00:00:00'), (X'98', '{moment}')",
        cursor="at",
    )
    monkeypatch.setattr(lossy_text, "_checks", lambda *_: ())
    error = str(world.failure(DailyLoad(FIRST, table=table)))
    assert "2 rows have only 1 distinct keys" in error
    assert "rows with k='?' have" in error
    assert "keys that differ in the source are equal in the warehouse" in error
    assert ("read twice" in error) == (moment != "2025-08-01 00:00:00")
    assert world.loaded("words") == []
