"""What a field becomes: quoting, NULL, empty, and the types."""

import datetime
from decimal import Decimal

import pytest

from tests import promises
from tests.devstack.redshift.conftest import Warehouse

pytestmark = promises.ASSUMED_OF_REDSHIFT

CSV = "CSV DELIMITER '|'"


def test_quotes_are_doubled_and_delimiters_and_newlines_are_data(warehouse: Warehouse) -> None:
    """Documentation: "Data format parameters", CSV."""
    warehouse.run("CREATE TABLE t (a int, b varchar(50))")
    warehouse.copy("t", b'1|"a|b"\n2|"say ""hi"""\n3|"two\nlines"\n4|plain\r\n5|"cr\r\nlf"\r\n')
    assert warehouse.run("SELECT b FROM t ORDER BY a") == [
        ("a|b",),
        ('say "hi"',),
        ("two\nlines",),
        ("plain",),
        ("cr\r\nlf",),
    ]


def test_another_quote_character_may_be_chosen(warehouse: Warehouse) -> None:
    """Documentation: "Data format parameters", QUOTE."""
    warehouse.run("CREATE TABLE t (a int, b varchar(50))")
    warehouse.copy("t", b'1,%a,b%\n2,"x%%"\n', "CSV QUOTE AS '%'")
    assert warehouse.run("SELECT b FROM t ORDER BY a") == [("a,b",), ('"x%%"',)]


def test_white_space_between_delimiter_and_quote_is_ignored(warehouse: Warehouse) -> None:
    """Documentation: "Data format parameters", CSV."""
    warehouse.run("CREATE TABLE t (a int, b varchar(50), c int)")
    warehouse.copy("t", b'1| "a b" |1\n2|"x"\t|2\n3|\t"y"|3\n4| z |4\n')
    assert warehouse.run("SELECT b FROM t ORDER BY a") == [("a b",), ("x",), ("y",), (" z ",)]


def test_the_null_string_is_backslash_n_by_default(warehouse: Warehouse) -> None:
    """Documentation: "Data conversion parameters", NULL AS."""
    warehouse.run("CREATE TABLE t (a int, b varchar(5), c date)")
    warehouse.copy("t", b"1|\\N|\\N\n")
    assert warehouse.run("SELECT * FROM t") == [(1, None, None)]


def test_an_empty_field_is_an_empty_string_or_null_by_type(warehouse: Warehouse) -> None:
    """Documentation: "Data conversion parameters", EMPTYASNULL."""
    warehouse.run("CREATE TABLE t (a int, b varchar(5), c date, d decimal(5,2), e char(3))")
    warehouse.copy("t", b'|||""|\n||""||""\n')
    assert warehouse.run("SELECT a, b, c, d, trim(e) FROM t") == [(None, "", None, None, "")] * 2


def test_emptyasnull_makes_empty_strings_null(warehouse: Warehouse) -> None:
    """Documentation: "Data conversion parameters", EMPTYASNULL."""
    warehouse.run("CREATE TABLE t (a int, b varchar(5))")
    warehouse.copy("t", b"1|\n2| \n", f"{CSV} EMPTYASNULL")
    assert warehouse.run("SELECT b FROM t ORDER BY a") == [(None,), (" ",)]


def test_blanksasnull_and_trimblanks(warehouse: Warehouse) -> None:
    """Documentation: "Data conversion parameters", BLANKSASNULL, TRIMBLANKS."""
    warehouse.run("CREATE TABLE t (a int, b varchar(9))")
    warehouse.copy("t", b"1|  \n2| x \n", f"{CSV} BLANKSASNULL")
    warehouse.copy("t", b"3|  \n4| x \n", f"{CSV} TRIMBLANKS")
    assert warehouse.run("SELECT b FROM t ORDER BY a") == [(None,), (" x ",), ("",), (" x",)]


@pytest.mark.local
@pytest.mark.parametrize(("reading", "found"), [("yes", None), ("no", "@NULL@")])
def test_a_quoted_null_string_is_read_both_ways(
    warehouse: Warehouse, reading: str, found: str | None
) -> None:
    """Undocumented on Redshift, so both readings can be chosen."""
    warehouse.run("CREATE TABLE t (a int, b varchar(9))")
    warehouse.run(f"SET standin.quoted_null_is_null = {reading}")
    warehouse.copy("t", b'1|"@NULL@"\n', f"{CSV} NULL AS '@NULL@'")
    assert warehouse.run("SELECT b FROM t") == [(found,)]
    # The exact reader agrees with the fast one.
    warehouse.copy("t", b'2|"@NULL@"\n', f"{CSV} NULL AS '@NULL@' MAXERROR 1")
    assert warehouse.run("SELECT b FROM t WHERE a = 2") == [(found,)]


def test_a_null_field_takes_the_default_of_a_not_null_column(warehouse: Warehouse) -> None:
    """Documentation: "COPY", NULL AS and default values."""
    warehouse.run("CREATE TABLE t (a int, b varchar(9) NOT NULL DEFAULT 'none')")
    warehouse.copy("t", b"1|\\N\n2|x\n")
    assert warehouse.run("SELECT b FROM t ORDER BY a") == [("none",), ("x",)]


def test_decimals_are_cut_and_with_roundec_rounded(warehouse: Warehouse) -> None:
    """Documentation: "Data conversion parameters", ROUNDEC."""
    warehouse.run("CREATE TABLE t (d decimal(10,2))")
    warehouse.copy("t", b"1.239\n-1.239\n.5\n1.\n007\n")
    assert warehouse.run("SELECT d FROM t ORDER BY d") == [
        (Decimal(text),) for text in ("-1.23", "0.50", "1.00", "1.23", "7.00")
    ]
    warehouse.run("DELETE FROM t")
    warehouse.copy("t", b"1.239\n-1.235\n1.234\n", "CSV ROUNDEC")
    assert warehouse.run("SELECT d FROM t ORDER BY d") == [
        (Decimal(text),) for text in ("-1.24", "1.23", "1.24")
    ]


def test_the_widest_decimals_are_exact(warehouse: Warehouse) -> None:
    """Documentation: "Numeric types": precision up to 38, scale up to 37."""
    warehouse.run("CREATE TABLE t (a decimal(38,0), b decimal(38,37), c decimal(20,0))")
    row = ("9" * 38, "9." + "9" * 37, "18446744073709551615")
    warehouse.copy("t", "|".join(row).encode())
    assert warehouse.run("SELECT * FROM t") == [tuple(Decimal(value) for value in row)]


def test_varchar_counts_bytes_and_truncatecolumns_cuts_between_characters(
    warehouse: Warehouse,
) -> None:
    """Documentation: "Character types", "Data conversion parameters", TRUNCATECOLUMNS."""
    warehouse.run("CREATE TABLE t (s varchar(4))")
    warehouse.copy("t", "é😀\n".encode(), "CSV TRUNCATECOLUMNS")
    warehouse.copy("t", "éé\n".encode())
    assert warehouse.run("SELECT s FROM t ORDER BY 1") == [("é",), ("éé",)]


@pytest.mark.parametrize(
    ("kind", "given", "found"),
    [
        ("boolean", "t f 1 0 y n yes no true FALSE", [True, False] * 5),
        ("smallint", "-32768 32767", [-32768, 32767]),
        ("bigint", "-9223372036854775808 9223372036854775807", [-(2**63), 2**63 - 1]),
        ("double precision", "1.5 -2e10 1e-3", [1.5, -2e10, 0.001]),
        ("date", "2024-02-29 0001-01-01", [datetime.date(2024, 2, 29), datetime.date(1, 1, 1)]),
        ("varbyte(3)", "00ff 616263", ["00ff", "616263"]),
        ("time", "23:59:59.123456", [datetime.time(23, 59, 59, 123456)]),
    ],
)
def test_types_are_read(warehouse: Warehouse, kind: str, given: str, found: list[object]) -> None:
    """Documentation: "Data types"."""
    warehouse.run(f"CREATE TABLE t (i int, v {kind})")
    lines = [f"{number}|{word}" for number, word in enumerate(given.split())]
    warehouse.copy("t", "\n".join(lines).encode())
    assert [row[0] for row in warehouse.run("SELECT v FROM t ORDER BY i")] == found


def test_timestamps_are_read_to_the_microsecond(warehouse: Warehouse) -> None:
    """Documentation: "DATEFORMAT and TIMEFORMAT strings"."""
    warehouse.run("CREATE TABLE t (a timestamp, b timestamptz)")
    warehouse.copy(
        "t",
        b"2024-01-02 03:04:05.678901|2024-01-02 03:04:05+08:00\n"
        b"2024-01-02 03:04:05|2024-01-02 03:04:05\n",
    )
    zone = datetime.timezone.utc
    assert sorted(warehouse.run("SELECT * FROM t")) == [
        (datetime.datetime(2024, 1, 2, 3, 4, 5), datetime.datetime(2024, 1, 2, 3, 4, 5, 0, zone)),
        (
            datetime.datetime(2024, 1, 2, 3, 4, 5, 678901),
            datetime.datetime(2024, 1, 1, 19, 4, 5, 0, zone),
        ),
    ]


@pytest.mark.parametrize(
    ("options", "given"),
    [
        ("TIMEFORMAT 'auto'", "2024-03-04T05:06:07"),
        ("TIMEFORMAT AS 'DD.MM.YYYY HH:MI:SS'", "04.03.2024 05:06:07"),
        ("TIMEFORMAT 'epochsecs'", "1709528767"),
        ("TIMEFORMAT 'epochmillisecs'", "1709528767000"),
        ("TIMEFORMAT 'MM/DD/YYYY HH12:MI:SS AM'", "03/04/2024 05:06:07 am"),
    ],
)
def test_time_formats_are_understood(warehouse: Warehouse, options: str, given: str) -> None:
    """Documentation: "DATEFORMAT and TIMEFORMAT strings"."""
    warehouse.run("CREATE TABLE t (a timestamp)")
    warehouse.copy("t", given.encode(), f"CSV {options}")
    assert warehouse.run("SELECT a FROM t") == [(datetime.datetime(2024, 3, 4, 5, 6, 7),)]


def test_super_is_parsed_and_given_back_compact(warehouse: Warehouse) -> None:
    """Documentation: "SUPER type", "JSON_PARSE function"."""
    warehouse.run("CREATE TABLE t (a int, s super)")
    warehouse.copy("t", b'1|"{""b"": [1, 2.50, null], ""a"": ""x y""}"\n2|\n')
    assert warehouse.run("SELECT s FROM t ORDER BY a") == [
        ('{"b":[1,2.50,null],"a":"x y"}',),
        (None,),
    ]
    with warehouse.connection.cursor() as cursor:
        cursor.execute("SELECT s FROM t")
        assert cursor.description[0].type_code == 4000


def test_acceptinvchars_replaces_each_bad_byte(warehouse: Warehouse) -> None:
    """Documentation: "Data conversion parameters", ACCEPTINVCHARS."""
    warehouse.run("CREATE TABLE t (s varchar(9))")
    warehouse.copy("t", b"a\xff\xfeb\n", "CSV ACCEPTINVCHARS AS '^'")
    assert warehouse.run("SELECT s FROM t") == [("a^^b",)]


def test_without_csv_the_fields_are_plain_and_escape_works(warehouse: Warehouse) -> None:
    """Documentation: "Data format parameters", DELIMITER; "Data conversion parameters", ESCAPE."""
    warehouse.run("CREATE TABLE t (a int, b varchar(20))")
    warehouse.copy("t", b'1|"x"\n2|a\\|b\n', "ESCAPE")
    warehouse.copy("t", b'3|"x"\n', "REMOVEQUOTES")
    assert warehouse.run("SELECT b FROM t ORDER BY a") == [('"x"',), ("a|b",), ("x",)]
