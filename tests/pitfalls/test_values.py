"""Pitfalls of values: each has bitten users of another tool, and is named where it did."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal

import pytest

from pipeline import DailyLoad
from pipeline.config.settings import settings
from pipeline.warehouse import catalog, copy
from pipeline.warehouse import connection as redshift
from pipeline.warehouse.sql import Relation
from tests import promises
from tests.support.strategies.texts import ODD_TEXTS, quoted
from tests.support.truths import assert_same
from tests.support.world import World

Load = Callable[..., None]
AT = "2025-08-01 10:00:00"


def values(world: World, columns: str, *rows: str, **definition: object) -> str:
    """A table `facts` of id, the columns, and a cursor, with a row for each line of literals."""
    world.sql(
        "SET sql_mode = ''",
        f"CREATE TABLE facts (id INT PRIMARY KEY, {columns}, at DATETIME NOT NULL)",
        *(f"INSERT INTO facts VALUES ({n}, {row}, '{AT}')" for n, row in enumerate(rows, 1)),
    )
    return world.define("facts", cursor="at", **definition)


def types(world: World) -> dict[str, str]:
    with redshift.connected(settings().warehouse) as connection:
        return catalog.table_columns(connection, Relation(world.name, "facts"))


def refusal(world: World, table: str) -> str:
    """What a person is told when the day cannot be loaded; nothing of it is there then."""
    text = str(world.failure(DailyLoad(date(2025, 8, 1), table=table)))
    assert not [key for key in world.lake_keys() if key.startswith("loads/")]
    return text


@promises.ZERO_DATE
@pytest.mark.parametrize("value", ["0000-00-00", "2025-02-00", "2025-00-10"])
def test_pitfall_11_a_date_on_no_calendar_is_refused_or_becomes_what_is_asked(
    world: World, loaded_days: Load, value: str
):
    """Zero and partial dates crash, or become 1970 or another day: dlt#2699, olake#570."""
    table = values(world, "born DATE, seen DATETIME(3)", f"'{value}', '{value} 00:00:00'")
    assert "zero_date" in refusal(world, table)
    world.define("facts", cursor="at", on_zero_date="null")
    loaded_days("facts", 1)
    assert world.loaded("facts", "born, seen") == [(None, None)]


@promises.TINYINT
def test_pitfall_12_a_tinyint_is_a_number(world: World, loaded_days: Load):
    """TINYINT(1) is turned boolean, and 2 becomes true: airbyte#76180."""
    values(world, "flag TINYINT(1), yes BOOLEAN", "2, 1", "-1, 0", "127, -128", "NULL, NULL")
    loaded_days("facts", 1)
    assert types(world)["flag"] == types(world)["yes"] == "SMALLINT"
    assert world.loaded("facts", "flag, yes", "id") == [(2, 1), (-1, 0), (127, -128), (None, None)]


@promises.NUMBERS
def test_pitfall_13_the_largest_numbers_are_neither_cut_nor_null(world: World, loaded_days: Load):
    """Unsigned and decimal values overflow, and become NULL: pipelinewise-target-redshift#113."""
    most = [
        "4294967295",
        "18446744073709551615",
        "9" * 28 + "." + "9" * 10,
        "9" * 35 + "." + "9" * 30,
    ]
    values(
        world,
        "a INT UNSIGNED, b BIGINT UNSIGNED, c DECIMAL(38,10), d DECIMAL(65,30)",
        ", ".join(most),
    )
    loaded_days("facts", 1)
    ((a, b, c, d),) = world.loaded("facts", "a, b, c, d")
    assert (a, b, c, d) == (int(most[0]), Decimal(most[1]), Decimal(most[2]), most[3])


@promises.VARCHAR_ROOM
def test_pitfall_14_a_varchar_has_room_for_its_characters(world: World, loaded_days: Load):
    """VARCHAR counts bytes in Redshift and characters in MySQL: pipelinewise#423, sling#539."""
    values(
        world,
        "word VARCHAR(10), text VARCHAR(16000), longer TEXT",
        "'🚚🚚🚚🚚🚚🚚🚚🚚🚚🚚', REPEAT('€', 16000), REPEAT('顺', 21845)",
    )
    loaded_days("facts", 1)
    assert [types(world)[name] for name in ("word", "text", "longer")] == [
        "VARCHAR(40)",
        "VARCHAR(64000)",
        "VARCHAR(65535)",
    ]
    assert_same(world, "facts")


@promises.OVERSIZE_TEXT
def test_pitfall_15_a_value_that_is_too_long_is_refused_or_cut_as_asked(
    world: World, loaded_days: Load
):
    """Values over 65,535 bytes are cut in the middle of a character, or fail late: airbyte#35985."""
    table = values(world, "note LONGTEXT", "CONCAT('x', REPEAT('顺', 21845))")
    assert "oversize_text" in refusal(world, table)
    world.define("facts", cursor="at", on_oversize_text="truncate")
    loaded_days("facts", 1)
    assert world.loaded("facts", "note") == [("x" + "顺" * 21844,)]


@promises.NUL_BYTE
def test_pitfall_16_a_nul_byte_is_refused_or_stripped_as_asked(world: World, loaded_days: Load):
    """No VARCHAR holds a NUL byte, whatever ACCEPTINVCHARS says: pipelinewise#405."""
    table = values(world, "note VARCHAR(20)", "CONCAT('a', CHAR(0), 'b')")
    assert "nul_byte" in refusal(world, table)
    world.define("facts", cursor="at", on_nul_byte="strip")
    loaded_days("facts", 1)
    assert world.loaded("facts", "note") == [("ab",)]


@promises.DELIMITERS
@pytest.mark.parametrize("reading", ["yes", "no"])
def test_pitfall_17_delimiters_quotes_and_line_ends_are_data(
    world: World, loaded_days: Load, reading: str, monkeypatch: pytest.MonkeyPatch
):
    """Writer and reader of the CSV disagree about quoting: pipelinewise-target-redshift#45.

    Whether COPY takes a quoted null string for NULL is undocumented: it must not matter.
    """
    original = copy.copy

    def set_first(connection: redshift.Connection, *arguments: object) -> int:
        connection.cursor().execute(f"SET standin.quoted_null_is_null = {reading}")
        return original(connection, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(copy, "copy", set_first)
    rows = [f"{quoted(text)}, {quoted(ODD_TEXTS[-n])}" for n, text in enumerate(ODD_TEXTS, 1)]
    values(world, "one TEXT, two VARCHAR(99)", *rows)
    loaded_days("facts", 1)
    assert_same(world, "facts")
    assert [text for (text,) in world.loaded("facts", "one", "id")] == ODD_TEXTS


@promises.NULLS
def test_pitfall_18_null_and_empty_stay_apart(world: World, loaded_days: Load):
    """NULL and '' become one: snowplow-rdb-loader#120."""
    kinds = ("CHAR(5)", "VARCHAR(5)", "TINYTEXT", "LONGTEXT", "ENUM('', 'a')", "SET('a')", "BLOB")
    names = [f"c{index}" for index in range(len(kinds))]
    columns = ", ".join(f"{name} {kind} NULL" for name, kind in zip(names, kinds, strict=True))
    values(world, columns, ", ".join(["''"] * 7), ", ".join(["NULL"] * 7))
    loaded_days("facts", 1)
    is_null = ", ".join(f"{name} IS NULL" for name in names)
    assert world.loaded("facts", is_null, "id") == [(False,) * 7, (True,) * 7]


# What was seen when other tools were run on edge tables


@promises.NUMBERS
def test_edge_a_bigint_beside_a_null_is_not_made_a_double(world: World, loaded_days: Load):
    """9007199254740993 became …992 on its way through a column of doubles."""
    values(
        world, "big BIGINT, u BIGINT UNSIGNED", "9007199254740993, 9007199254740993", "NULL, NULL"
    )
    loaded_days("facts", 1)
    number = 9007199254740993
    assert world.loaded("facts", "big, u", "id") == [(number, Decimal(number)), (None, None)]


@promises.NULLS
def test_edge_texts_that_look_like_null_stay_texts(world: World, loaded_days: Load):
    """The strings `null` and `NaN` became NULL, and NULL and '' became one."""
    words = ["null", "NULL", "NaN", "nan", "None", "N/A", "", " ", "\\\\N", "__null__"]
    values(world, "word VARCHAR(10)", *(f"'{word}'" for word in words), "NULL")
    loaded_days("facts", 1)
    assert world.loaded("facts", "word", "id") == [
        *((word.replace("\\\\", "\\"),) for word in words),
        (None,),
    ]


@promises.TINYINT
def test_edge_a_tinyint_of_two_is_two(world: World, loaded_days: Load):
    """TINYINT(1) value 2 became true."""
    values(world, "flag TINYINT(1)", "2")
    loaded_days("facts", 1)
    assert world.loaded("facts", "flag") == [(2,)]


@promises.DOUBLES
def test_edge_doubles_are_the_same_doubles(world: World, loaded_days: Load):
    """DOUBLE became DECIMAL(38,9): 0.30000000000000004 was 0.3 then, and 1e300 aborted the run."""
    numbers = [0.30000000000000004, 1e300, -1e-300, 5e-324, 1.7976931348623157e308]
    values(world, "d DOUBLE", *(repr(number) for number in numbers))
    loaded_days("facts", 1)
    assert [number for (number,) in world.loaded("facts", "d", "id")] == numbers


@promises.DOUBLES
@pytest.mark.parametrize("kind", ["DOUBLE(40,30)", "DOUBLE(20,5)", "FLOAT(30,20)", "FLOAT(7,4)"])
def test_edge_display_digits_cut_no_bit(world: World, loaded_days: Load, kind: str):
    """DOUBLE(M,D) is printed with D digits, which may be another double's."""
    values(world, f"d {kind}", *(f"{seed} / 7e{seed % 27}" for seed in range(1, 200)))
    world.sql("UPDATE facts SET d = d / 3")
    loaded_days("facts", 1)
    assert_same(world, "facts")


@promises.DOUBLES
def test_edge_a_float_keeps_the_sign_of_zero(world: World, loaded_days: Load):
    """-0 is another value than 0 to whoever divides by it."""
    if world.stack.source.kind == "mariadb":
        pytest.skip("MariaDB stores 0 for -0")
    values(world, "f FLOAT, d DOUBLE", "'-0.0', '-0.0'", "'0', '0'")
    loaded_days("facts", 1)
    found = world.loaded("facts", "CAST(f AS VARCHAR), CAST(d AS VARCHAR)", "id")
    assert found == [("-0", "-0"), ("0", "0")]


@promises.NUMBERS
def test_edge_decimals_keep_their_precision(world: World, loaded_days: Load):
    """DECIMAL(38,10) was cut to (18,10)."""
    number = "1234567890123456789012345678.0123456789"
    values(world, "d DECIMAL(38,10)", number, f"-{number}")
    loaded_days("facts", 1)
    assert types(world)["d"] == "DECIMAL(38,10)"
    assert world.loaded("facts", "d", "id") == [(Decimal(number),), (Decimal(f"-{number}"),)]


@promises.NUMBERS
def test_edge_the_precision_of_decimals_is_the_tables_not_the_batches(
    world: World, loaded_days: Load
):
    """Precision inferred per batch: the second batch did not fit the column of the first."""
    values(world, "d DECIMAL(20,4)", "1.5")
    world.sql("INSERT INTO facts VALUES (2, 9999999999999999.9999, '2025-08-02')")
    loaded_days("facts", 1, 2)
    found = [number for (number,) in world.loaded("facts", "d", "id")]
    assert found == [Decimal("1.5"), Decimal("9999999999999999.9999")]


@promises.NUMBERS
def test_edge_the_largest_unsigned_numbers_abort_nothing(world: World, loaded_days: Load):
    """INT UNSIGNED above 2^31−1 and the largest BIGINT UNSIGNED aborted the batch."""
    values(world, "i INT UNSIGNED, b BIGINT UNSIGNED", "2147483648, 18446744073709551615")
    loaded_days("facts", 1)
    assert world.loaded("facts", "i, b") == [(2147483648, Decimal(18446744073709551615))]


@promises.VARCHAR_ROOM
def test_edge_characters_beyond_the_bmp_are_replicated(world: World, loaded_days: Load):
    """Emoji became `?`."""
    values(world, "a VARCHAR(9), e ENUM('🚚')", "'🚚👨‍👩‍👧', '🚚'")
    loaded_days("facts", 1)
    assert world.loaded("facts", "a, e") == [("🚚👨‍👩‍👧", "🚚")]


@promises.DATES
def test_edge_datetime_and_timestamp_are_of_one_type(world: World, loaded_days: Load):
    """DATETIME was marked UTC while TIMESTAMP was left naive."""
    values(
        world,
        "d DATETIME(6), t TIMESTAMP(6) NULL",
        *["'2025-03-30 02:30:00.5', '2025-03-30 02:30:00.5'"],
    )
    loaded_days("facts", 1)
    assert types(world)["d"] == types(world)["t"] == "TIMESTAMP"
    assert world.loaded("facts", "d, t") == [(datetime(2025, 3, 30, 2, 30, 0, 500_000),) * 2]


@promises.DATES
def test_edge_a_date_stays_a_date(world: World, loaded_days: Load):
    """DATE became DATETIME."""
    values(world, "d DATE", "'2025-08-01'", "'1000-01-01'", "'9999-12-31'")
    loaded_days("facts", 1)
    assert types(world)["d"] == "DATE"
    assert world.loaded("facts", "d", "id") == [
        (date(2025, 8, 1),),
        (date(1000, 1, 1),),
        (date(9999, 12, 31),),
    ]


@promises.ONE_WINDOW
def test_edge_the_row_on_the_boundary_is_read_once(world: World, loaded_days: Load):
    """The boundary row was read twice."""
    values(world, "n INT", "1", load="append")
    world.sql("UPDATE facts SET at = '2025-08-02'")
    loaded_days("facts", 1, 2, 3)
    assert world.query("SELECT COUNT(*) FROM {schema}.facts") == [(1,)]


@promises.FAILED_RUN
def test_edge_a_failed_run_says_so_and_ends_otherwise_than_a_good_one(world: World):
    """A failed sync printed success and exited 0."""
    table = values(world, "note LONGTEXT", "REPEAT('x', 65536)")
    out = world.luigi("DailyLoad", "--date", "2025-08-01", "--table", table, check=45).stdout
    assert "oversize_text" in out
    assert out.count(" ERROR ") == 1
