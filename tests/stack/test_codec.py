"""A real server: every type it has, huge values, TLS, and queries that are killed."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pymysql
import pytest
from pymysql import err
from pymysql.connections import Connection

from devstack import lifecycle
from devstack.mariadb import MariaDB
from pipeline.codec.checksum import MODULUS, sum_of_crc32
from pipeline.model.span import Span
from pipeline.model.table_name import TableName
from pipeline.source import sql as mysql_sql
from pipeline.source.row_batches import read_batches
from pipeline.source.table import describe
from tests.support import wire
from tests.support.certificates import server_context

UTC = timezone.utc


@dataclass(frozen=True)
class Encrypted(MariaDB):
    """With a certificate of its own, and packets as large as they can be."""

    def command(self) -> list[str]:
        pem = self.directory / "server.pem"
        return [
            *super().command(),
            f"--ssl-cert={pem}",
            f"--ssl-key={pem}",
            "--max-allowed-packet=256M",
        ]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDB]:
    server = Encrypted.new(tmp_path_factory.mktemp("codec"))
    server.directory.mkdir(exist_ok=True)
    server_context(server.directory)
    lifecycle.start(server)
    yield server
    lifecycle.stop(server.directory)


def connect(server: MariaDB, **options: Any) -> Connection[Any]:
    return pymysql.connect(
        host="127.0.0.1",
        port=server.port,
        user="root",
        password=server.root_password,
        database="settlement",
        charset="utf8mb4",
        init_command="SET time_zone='+00:00'",
        max_allowed_packet=256 << 20,
        **options,
    )


@pytest.fixture(params=["plain", "encrypted"])
def connection(server: MariaDB, request: pytest.FixtureRequest) -> Iterator[Connection[Any]]:
    with connect(server, ssl_disabled=request.param == "plain") as connection:
        with connection.cursor() as cursor:
            cursor.execute("SHOW STATUS LIKE 'Ssl_cipher'")
            assert bool(cursor.fetchone()[1]) == (request.param == "encrypted")
        yield connection


def read(connection: Connection[Any], table: str) -> pa.Table:
    source = describe(connection, TableName("settlement", table))
    query = mysql_sql.select_rows(source.name, source.columns, Span(None))
    return pa.Table.from_batches(
        [decoded.batch for decoded in read_batches(connection, query, source.columns)]
    )


# type → literal → value
VALUES: dict[str, dict[str, object]] = {
    "TINYINT": {"-128": -128, "127": 127},
    "TINYINT(1)": {"2": 2},
    "TINYINT UNSIGNED": {"255": 255},
    "SMALLINT UNSIGNED": {"65535": 65535},
    "MEDIUMINT": {"-8388608": -8388608},
    "INT UNSIGNED": {"4294967295": 4294967295},
    "INT(10) ZEROFILL": {"42": 42},
    "BIGINT": {"-9223372036854775808": -(2**63), "9007199254740993": 2**53 + 1},
    "BIGINT UNSIGNED": {"18446744073709551615": Decimal(2**64 - 1)},
    "DECIMAL(38,10)": {
        "-1234567890123456789012345678.0123456789": Decimal(
            "-1234567890123456789012345678.0123456789"
        )
    },
    "DECIMAL(8,2) ZEROFILL": {"1.5": Decimal("1.50")},
    "DECIMAL(38,37)": {"0.0000000000000000000000000000000000001": Decimal(1).scaleb(-37)},
    "DECIMAL(65,30)": {"1.5": "1." + "5".ljust(30, "0")},
    "FLOAT": {number: np.float32(number) for number in ("0.1", "3.4e38", "-1e-37")},
    "DOUBLE": {
        number: float(number)
        for number in ("0.1", "1e300", "0.30000000000000004", "1.7976931348623157e308", "5e-324")
    },
    "BIT(1)": {"b'1'": 1},
    "BIT(64)": {"18446744073709551615": Decimal(2**64 - 1)},
    "CHAR(9)": {"'a  '": "a", "''": ""},
    "VARCHAR(99)": {"'naïve 😀 深圳'": "naïve 😀 深圳", "'null'": "null", "'NaN'": "NaN"},
    "VARCHAR(9) CHARACTER SET latin1": {"'é€'": "é€"},
    "LONGTEXT": {"REPEAT('long', 20000)": "long" * 20000},
    "ENUM('a','b''c')": {"'b''c'": "b'c"},
    "SET('x','y','z')": {"'z,x'": "x,z"},
    "JSON": {"""'{"a": [1, null]}'""": '{"a": [1, null]}'},
    "UUID": dict.fromkeys(
        ["'123e4567-e89b-12d3-a456-426655440000'"], "123e4567-e89b-12d3-a456-426655440000"
    ),
    "INET6": {"'::1'": "::1"},
    "BINARY(4)": {"X'00FF'": b"\x00\xff\x00\x00"},
    "VARBINARY(9)": {"X'00FF80'": b"\x00\xff\x80", "''": b""},
    "BLOB": {"X'C3'": b"\xc3"},
    "DATE": {"'1000-01-01'": date(1000, 1, 1), "'9999-12-31'": date(9999, 12, 31)},
    "DATETIME": {"'2025-03-30 02:30:00'": datetime(2025, 3, 30, 2, 30, tzinfo=UTC)},
    "DATETIME(1)": {"'2025-01-01 00:00:00.5'": datetime(2025, 1, 1, 0, 0, 0, 500_000, UTC)},
    "DATETIME(6)": {
        "'9999-12-31 23:59:59.999999'": datetime(9999, 12, 31, 23, 59, 59, 999999, UTC),
        "'0001-01-01 00:00:00'": datetime(1, 1, 1, tzinfo=UTC),
    },
    "TIMESTAMP(3)": {"'2025-01-01 00:00:00.123'": datetime(2025, 1, 1, 0, 0, 0, 123_000, UTC)},
    "TIME(2)": {"'-838:59:59'": "-838:59:59.00", "'12:34:56.78'": "12:34:56.78"},
    "YEAR": {"1901": 1901, "2155": 2155},
    "POINT": {"POINT(1, 2)": struct.pack("<BIdd", 1, 1, 1.0, 2.0)},
}


@pytest.fixture(scope="module")
def every_type(server: MariaDB) -> str:
    """A table with a column of every type, and a row for each of the literals, and one of NULLs."""
    names = {kind: f"c{place}" for place, kind in enumerate(VALUES)}
    with connect(server) as connection, connection.cursor() as cursor:
        definitions = ", ".join(f"{name} {kind} NULL" for kind, name in names.items())
        cursor.execute(f"CREATE TABLE every_type (id INT PRIMARY KEY, {definitions})")
        for row in range(ROWS):
            literals = [[*VALUES[kind], *["NULL"] * ROWS][row] for kind in names]
            cursor.execute(f"INSERT INTO every_type VALUES ({row}, {', '.join(literals)})")
        connection.commit()
    return "every_type"


ROWS = 1 + max(map(len, VALUES.values()))


def test_every_type_arrives_exactly(connection: Connection[Any], every_type: str) -> None:
    table = read(connection, every_type)
    assert table.column("id").to_pylist() == list(range(ROWS))
    for place, (kind, values) in enumerate(VALUES.items()):
        expected = [*values.values(), *[None] * ROWS][:ROWS]
        assert table.column(f"c{place}").to_pylist() == expected, kind


def test_a_value_over_sixteen_megabytes(server: MariaDB, connection: Connection[Any]) -> None:
    long = "é" * (20 << 20)
    with connect(server) as writer, writer.cursor() as cursor:
        cursor.execute("CREATE OR REPLACE TABLE large (id INT PRIMARY KEY, c LONGTEXT)")
        cursor.execute("INSERT INTO large VALUES (1, 'a'), (2, %s), (3, 'b')", (long,))
        writer.commit()
    table = read(connection, "large")
    assert table.column("c").to_pylist() == ["a", long, "b"]


def test_a_query_that_is_killed_ends_as_pymysql_says(server: MariaDB) -> None:
    columns = [wire.column("int64", "n")]
    # the second half is computed slowly, so that the first is on its way when the end comes
    query = "SELECT IF(seq < 500000, seq, seq + SLEEP(0.01)) FROM seq_1_to_1000000"
    with connect(server) as connection, connect(server) as other:
        session = connection.thread_id()  # type: ignore[no-untyped-call]
        batches = read_batches(connection, query, columns, batch_rows=1000)
        assert next(batches).batch.column(0).to_pylist()[:2] == [1, 2]
        with other.cursor() as cursor:
            cursor.execute(f"KILL QUERY {session}")
        with pytest.raises(err.OperationalError) as raised:
            for _ in batches:
                pass
        assert raised.value.args[0] == 1317
        assert not connection.open


def test_a_connection_that_is_killed_is_lost(server: MariaDB) -> None:
    columns = [wire.column("int64", "n")]
    query = "SELECT IF(seq < 500000, seq, seq + SLEEP(0.01)) FROM seq_1_to_1000000"
    with connect(server) as connection, connect(server) as other:
        session = connection.thread_id()  # type: ignore[no-untyped-call]
        batches = read_batches(connection, query, columns, batch_rows=1000)
        next(batches)
        with other.cursor() as cursor:
            cursor.execute(f"KILL {session}")
        with pytest.raises(err.OperationalError):
            for _ in batches:
                pass
        assert not connection.open


def test_impossible_dates_of_a_real_server_are_counted(server: MariaDB) -> None:
    with connect(server) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE OR REPLACE TABLE d (c DATETIME NULL)")
        cursor.execute("SET sql_mode = 'ALLOW_INVALID_DATES'")
        cursor.execute("INSERT INTO d VALUES ('0000-00-00'), ('2025-02-31 01:00:00'), (NULL)")
        connection.commit()
        columns = [wire.column("timestamp[us, tz=UTC]", "c")]
        (decoded,) = read_batches(connection, "SELECT c FROM d", columns)
    assert decoded.batch.column(0).null_count == 3
    assert [(values.kind, values.rows) for values in decoded.invalid] == [("zero_date", 2)]


def test_the_checksum_is_the_server_s(server: MariaDB, connection: Connection[Any]) -> None:
    with connect(server) as writer, writer.cursor() as cursor:
        cursor.execute(
            "CREATE OR REPLACE TABLE keyed (id BIGINT, code VARCHAR(20) CHARACTER SET latin1, "
            "amount DECIMAL(9,2), at DATETIME, day DATE, u BIGINT UNSIGNED)"
        )
        cursor.execute(
            "INSERT INTO keyed SELECT CAST(seq AS SIGNED) - 2500, CONCAT('é|', seq), seq / 7, "
            "'2025-01-01' + INTERVAL seq MINUTE, '2025-01-01' + INTERVAL seq DAY, "
            "18446744073709551615 - seq FROM seq_1_to_5000"
        )
        writer.commit()
    table = read(connection, "keyed")
    ours = sum(sum_of_crc32(batch, table.column_names) for batch in table.to_batches()) % MODULUS
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT SUM(CRC32(CONCAT_WS('|', id, CONVERT(code USING utf8mb4), amount, "
            "CAST(at AS DATETIME(6)), day, u))) FROM keyed"
        )
        assert ours == int(cursor.fetchone()[0])
