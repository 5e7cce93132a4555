"""Every value of every type, compared between source and warehouse."""

from datetime import date, datetime
from typing import Any

import pytest

from devstack.seed import mutate_settlement, seed_settlement
from devstack.seed.tables import CLAIM, DELIVERY, PARTNER
from pipeline import DailyLoad, DailyLoadAll, RangeDaily
from tests import promises
from tests.support.truths import assert_same, assert_tidy, differences
from tests.support.world import World, day

BIG = 65_535  # bytes of a VARCHAR


@pytest.fixture
def settlement(world: World) -> World:
    """Three days of settlement data, and its table definitions."""
    with world.source() as connection:
        counts = seed_settlement(connection, days=3, rows=3000)
    assert counts[DELIVERY] == 3000
    world.define(
        DELIVERY, cursor="update_at", business_key="ant_parcel_no", distkey="ant_parcel_no"
    )
    world.define(CLAIM, cursor="update_at", sortkey="update_at")
    world.define(PARTNER, cursor_type="full")
    return world


def caught_up(world: World, stop: date) -> None:
    world.succeed(RangeDaily(of=DailyLoadAll, start=date(2025, 8, 1), stop=stop))


def test_settlement_data_is_the_same_on_both_sides_before_and_after_changes(settlement: World):
    caught_up(settlement, date(2025, 8, 4))
    assert len(settlement.sql(f"SHOW COLUMNS FROM {DELIVERY}")) == 51
    for table in (DELIVERY, CLAIM, PARTNER):
        assert_same(settlement, table)

    with settlement.source() as connection:
        changed = mutate_settlement(connection, rows=500, at=datetime(2025, 8, 6, 3))
    assert changed[DELIVERY].updated == 500
    stale = differences(settlement, DELIVERY)
    assert any("net_price" in line for line in stale)  # the comparison sees what is not loaded yet
    caught_up(settlement, date(2025, 8, 7))
    for table in (DELIVERY, CLAIM):
        assert_same(settlement, table)
        assert_tidy(settlement, table)


@promises.SNAPSHOT
def test_a_full_snapshot_follows_changes_and_deletions(settlement: World):
    table = f"{settlement.name}.{PARTNER}"
    settlement.build(DailyLoad(date(2025, 8, 1), table=table))
    assert_same(settlement, PARTNER)
    first = settlement.ledger(PARTNER)
    settlement.sql(
        f"DELETE FROM {PARTNER} WHERE partner_id % 3 = 0",
        f"UPDATE {PARTNER} SET note = CONCAT('changed ', partner_id) WHERE partner_id % 3 = 1",
    )
    # the next day's run: the newest snapshot is looked at, so take away what says it is there
    keys = settlement.keys(PARTNER)
    settlement.lake.delete(settlement.lake_keys())
    settlement.build(DailyLoad(date(2025, 8, 1), table=table))
    assert_same(settlement, PARTNER)
    assert len(settlement.ledger(PARTNER)) == len(first) == 1
    assert len(settlement.lake_keys(keys.views)) == 1


# Each type with the values at its edges; None is tried with all of them.
TYPES: dict[str, list[Any]] = {
    "TINYINT": [-128, 0, 127],
    "TINYINT UNSIGNED": [0, 255],
    "TINYINT(1)": [0, 1, 2, -1],
    "SMALLINT": [-32768, 32767],
    "SMALLINT UNSIGNED": [65535],
    "MEDIUMINT": [-8388608, 8388607],
    "MEDIUMINT UNSIGNED": [16777215],
    "INT": [-2147483648, 2147483647],
    "INT UNSIGNED": [4294967295],
    "INT(5) ZEROFILL": [7],
    "BIGINT": [-9223372036854775808, 9223372036854775807, 9007199254740993],
    "BIGINT UNSIGNED": [18446744073709551615, 9223372036854775808],
    "DECIMAL(38,10)": ["9999999999999999999999999999.9999999999", "-0.0000000001", "0"],
    "DECIMAL(5,0)": ["-99999", "1"],
    "DECIMAL(30,30)": ["0.123456789012345678901234567891"],
    "DECIMAL(65,30)": ["12345678901234567890123456789012345.000000000000000000000000000001"],
    "DECIMAL(10,4) UNSIGNED": ["999999.9999", "0.0001"],
    "FLOAT": ["0.1", "3.4028234e38", "1.1754944e-38", "-16777217", "0"],
    "DOUBLE": ["0.30000000000000004", "1e300", "-1.7976931348623157e308", "5e-324", "0.1"],
    "BIT(1)": ["b'1'", "b'0'"],
    "BIT(63)": ["9223372036854775807"],
    "BIT(64)": ["18446744073709551615", "b'1'"],
    "YEAR": [1901, 2155, 0],
    "DATE": ["1000-01-01", "9999-12-31", "2024-02-29"],
    "TIME": ["-838:59:59", "838:59:59", "00:00:00"],
    "TIME(6)": ["-00:00:00.000001", "23:59:59.999999"],
    "DATETIME": ["1000-01-01 00:00:00", "9999-12-31 23:59:59"],
    "DATETIME(3)": ["2025-08-01 00:00:00.001"],
    "DATETIME(6)": ["2025-08-01 23:59:59.999999", "1969-12-31 23:59:59.000001"],
    "TIMESTAMP(6) NULL": ["1970-01-01 00:00:01.000001", "2038-01-19 03:14:07.999999"],
    "CHAR(10)": ["a", "", "顺丰"],
    "VARCHAR(40)": [
        *("", " ", "trailing  ", " leading", "NULL", "null", "nan", "None", r"\N", "\\", "\\\\"),
        *(
            "__null__",
            "__null1__",
            "a|b",
            '"',
            '""',
            '"quoted"',
            "'",
            "a,b",
            "a\nb",
            "a\r\nb",
            "\t",
        ),
        *("🚚 顺丰", "e\u0301", "\u2028", "\ufeff", "\x01\x1f", "0", "1e5", "true", "2025-08-01"),
        *("x" * 40, "🚚" * 40),
    ],
    "VARCHAR(40) CHARACTER SET latin1": ["é", "ÿ", "€"],
    "TINYTEXT": ["z" * 255],
    "TEXT": ["", "€" * (BIG // 3)],
    "LONGTEXT": ["y" * BIG],
    "ENUM('a','b c','','d''e|\"f')": ["a", "b c", "", "d'e|\"f"],
    "SET('x','y y','z')": ["", "x", "x,y y,z"],
    "JSON": ['{"a": [1, 2.50, null, "|\\\\"], "顺": "\\u00e9"}', "null", "[]"],
    "BINARY(4)": ["x'00ff0000'", "x'20202020'"],
    "VARBINARY(8)": ["x'00'", "x'efbbbf7c220a0d5c'", "x'5f5f6e756c6c5f5f'"],
    "BLOB": ["x'00'", "REPEAT(x'fffe00', 3000)"],
    "LONGBLOB": ["REPEAT(x'7c', 100000)"],
}
_RAW = ("b'", "x'", "REPEAT(", "1844674407370955161", "922337203685477580")


def _literal(value: Any) -> str:
    text = str(value)
    if not isinstance(value, str) or text.startswith(_RAW):
        return text
    return "_utf8mb4 x'" + text.encode().hex() + "'" if text else "''"


@pytest.mark.parametrize("mode", ["merge", "full"])
def test_every_type_is_the_same_on_both_sides_at_its_edges(world: World, mode: str):
    columns = [f"c{index:02d} {kind}" for index, kind in enumerate(TYPES)]
    nullable = ", ".join(f"{c}" if "NULL" in c else f"{c} NULL" for c in columns)
    rows = []
    depth = max(map(len, TYPES.values()))
    for index in range(depth + 1):
        # one row of NULLs beside the big ones: a detour through floats would show
        values = [None if index == depth else v[index % len(v)] for v in TYPES.values()]
        rows.append(", ".join("NULL" if v is None else _literal(v) for v in values))
    world.sql(
        "SET sql_mode = 'STRICT_ALL_TABLES'",
        f"CREATE TABLE edges (id INT PRIMARY KEY, changed DATETIME(6) NOT NULL, {nullable})",
        *(
            f"INSERT INTO edges VALUES ({n}, '2025-08-01 12:00:00', {r})"
            for n, r in enumerate(rows)
        ),
    )
    definition = {"cursor": "changed"} if mode == "merge" else {"cursor_type": "full"}
    table = world.define("edges", **definition)
    world.succeed(DailyLoad(date(2025, 8, 1), table=table))
    assert world.query("SELECT COUNT(*) FROM {schema}.edges") == [(depth + 1,)]
    assert_same(world, "edges")


def test_an_empty_binary_value_is_not_null(world: World):
    world.sql(
        "CREATE TABLE blanks (id INT PRIMARY KEY, raw VARBINARY(8), at DATETIME NOT NULL)",
        "INSERT INTO blanks VALUES (1, '', '2025-08-01'), (2, NULL, '2025-08-01')",
    )
    world.build(DailyLoad(date(2025, 8, 1), table=world.define("blanks", cursor="at")))
    assert_same(world, "blanks")


@promises.NULLS
def test_the_null_token_is_one_that_no_value_is(world: World):
    table = world.create(
        "tokens",
        "id INT PRIMARY KEY, word VARCHAR(20), at DATETIME NOT NULL",
        "VALUES (1, '__null__', '2025-08-01'), (2, NULL, '2025-08-01'),"
        " (3, '__null1__', '2025-08-01'), (4, '', '2025-08-01')",
        cursor="at",
    )
    world.build(DailyLoad(date(2025, 8, 1), table=table))
    assert world.loaded("tokens", "id, word") == [
        (1, "__null__"),
        (2, None),
        (3, "__null1__"),
        (4, ""),
    ]
    marker = world.marker(world.keys("tokens").csv_marker(day("2025-08-01")))
    assert marker["null_token"] not in ("__null__", "__null1__")


def test_parts_that_a_token_was_given_up_for_are_gone_and_the_others_stay(world: World):
    """The first part has the token, the second is the same with any, the third shows that it is a value."""
    world.sql(
        "CREATE TABLE tokens (id INT PRIMARY KEY, word VARCHAR(20), at DATETIME NOT NULL, INDEX (at))",
        "INSERT INTO tokens VALUES (1, NULL, '2025-08-01 01:00'), (2, 'x', '2025-08-01 09:00'),"
        " (3, '__null__', '2025-08-01 18:00')",
    )
    table, window = world.define("tokens", cursor="at", chunks=3), day("2025-08-01")
    world.build(DailyLoad(date(2025, 8, 1), table=table))
    keys = world.keys("tokens")
    marker = world.marker(keys.csv_marker(window))
    parts = [part["key"] for part in marker["parts"]]
    assert len(parts) == 3
    wanted = sorted([*parts, marker["copy_manifest"], keys.csv_marker(window)])
    assert sorted(world.lake_keys(keys.csv_folder(window))) == wanted
    assert world.loaded("tokens", "id, word") == [(1, None), (2, "x"), (3, "__null__")]


def test_names_that_need_quoting_are_replicated(world: World):
    name = 'Odd "Table` 顺丰'
    quoted = "`" + name.replace("`", "``") + "`"
    world.sql(
        f"CREATE TABLE {quoted} (`Order` INT PRIMARY KEY, `select` VARCHAR(9), `a b%c` INT,"
        " `Um``laut ä` INT, `When` DATETIME NOT NULL)",
        f"INSERT INTO {quoted} VALUES (1, 'x', 2, 3, '2025-08-01 10:00:00')",
    )
    table = world.define(name, cursor="when", key="ORDER", business_key="select", sortkey="When")
    world.succeed(DailyLoad(date(2025, 8, 1), table=table))
    target = '{schema}."' + name.lower().replace('"', '""') + '"'
    assert world.query(f'SELECT "order", "select", "a b%c", "um`laut ä" FROM {target}') == [
        (1, "x", 2, 3)
    ]


def test_a_value_that_cannot_be_replicated_stops_the_window(world: World):
    world.sql(
        "SET sql_mode = ''",
        "CREATE TABLE zeros (id INT PRIMARY KEY, born DATE, at DATETIME NOT NULL)",
        "INSERT INTO zeros VALUES (1, '0000-00-00', '2025-08-01')",
    )
    table = world.define("zeros", cursor="at")
    line = ["DailyLoad", "--date", "2025-08-01", "--table", table]
    out = world.luigi(*line, check=45).stdout
    assert "column born cannot be replicated (zero_date)" in out
    assert "0000-00-00" in out
    assert "exclude:" in out
    assert world.lake_keys("lake/") == []
    world.define("zeros", cursor="at", exclude="born")
    world.luigi(*line)
    assert world.loaded("zeros", "id") == [(1,)]
