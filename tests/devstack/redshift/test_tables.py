"""CREATE TABLE, ALTER TABLE, types, names, and what the catalogue says of them."""

from typing import Any

import psycopg2
import psycopg2.errors
import pytest

from tests.devstack.redshift.conftest import Warehouse

DEF = 'SELECT "column", type, encoding, distkey, sortkey, "notnull" FROM pg_table_def'


def test_distribution_sorting_and_encoding_are_in_pg_table_def(warehouse: Warehouse) -> None:
    """Documentation: "CREATE TABLE", "PG_TABLE_DEF"."""
    warehouse.run(
        "CREATE TABLE t (id bigint NOT NULL ENCODE raw, name varchar(10) ENCODE zstd, d decimal,"
        " ts timestamp) DISTSTYLE KEY DISTKEY (name) COMPOUND SORTKEY (ts, id) BACKUP NO"
    )
    assert warehouse.run(f"{DEF} WHERE tablename = 't'") == [
        ("id", "bigint", "none", False, 2, True),
        ("name", "character varying(10)", "zstd", True, 0, False),
        ("d", "numeric(18,0)", "az64", False, 0, False),
        ("ts", "timestamp without time zone", "none", False, 1, False),
    ]


def test_keys_may_be_column_attributes(warehouse: Warehouse) -> None:
    """Documentation: "CREATE TABLE", column attributes."""
    warehouse.run("CREATE TABLE t (a int DISTKEY SORTKEY, b int)")
    assert warehouse.run(f"{DEF} WHERE distkey AND sortkey = 1")[0][0] == "a"


def test_interleaved_sort_keys_alternate_in_sign(warehouse: Warehouse) -> None:
    """Documentation: "PG_TABLE_DEF"."""
    warehouse.run("CREATE TABLE t (a int, b int, c int) INTERLEAVED SORTKEY (a, b, c)")
    assert [row[4] for row in warehouse.run(DEF + " WHERE tablename = 't'")] == [1, -2, 3]


def test_pg_table_def_shows_the_search_path_only(warehouse: Warehouse) -> None:
    """Documentation: "PG_TABLE_DEF"."""
    warehouse.run("CREATE TABLE only_here (a int)")
    warehouse.run("SET search_path TO public")
    assert warehouse.run("SELECT * FROM pg_table_def WHERE tablename = 'only_here'") == []


def test_svv_table_info_tells_style_and_rows_of_filled_tables(warehouse: Warehouse) -> None:
    """Documentation: "SVV_TABLE_INFO"."""
    warehouse.run("CREATE TABLE full_one (a int DISTKEY SORTKEY)")
    warehouse.run("CREATE TABLE empty_one (a int)")
    warehouse.run("INSERT INTO full_one VALUES (1), (2)")
    rows = warehouse.run(
        'SELECT "table", diststyle, sortkey1, tbl_rows FROM svv_table_info'
        " WHERE schema = current_schema()"
    )
    assert rows == [("full_one", "KEY(a)", "a", 2)]


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("varchar", "character varying(256)"),
        ("varchar(max)", "character varying(65535)"),
        ("text", "character varying(256)"),
        ("nvarchar(7)", "character varying(7)"),
        ("char", "character(1)"),
        ("bpchar", "character(256)"),
        ("numeric", "numeric(18,0)"),
        ("decimal(38,37)", "numeric(38,37)"),
        ("int2", "smallint"),
        ("float", "double precision"),
        ("float4", "real"),
        ("timestamptz", "timestamp with time zone"),
        ("super", "super"),
        ("varbyte(100)", "binary varying(100)"),
    ],
)
def test_types_have_redshifts_defaults(warehouse: Warehouse, written: str, shown: str) -> None:
    """Documentation: "Data types"."""
    warehouse.run(f"CREATE TABLE t (a {written})")
    assert warehouse.run("SELECT type FROM pg_table_def WHERE tablename = 't'") == [(shown,)]


def test_column_views_give_lengths_in_bytes(warehouse: Warehouse) -> None:
    """Documentation: "SVV_COLUMNS"."""
    warehouse.run("CREATE TABLE t (s varchar(7), d decimal(12,3), b varbyte(9), u super)")
    wanted = [
        ("s", "character varying", 7, None, None),
        ("d", "numeric", None, 12, 3),
        ("b", "binary varying", 9, None, None),
        ("u", "super", None, None, None),
    ]
    for view in ("svv_columns", "information_schema.columns"):
        rows = warehouse.run(
            "SELECT column_name, data_type, character_maximum_length, numeric_precision,"
            f" numeric_scale FROM {view} WHERE table_schema = current_schema()"
            " ORDER BY ordinal_position"
        )
        assert rows == wanted


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        ("a varchar(65536)", "cannot exceed 65535"),
        ("a char(4097)", "cannot exceed 4096"),
        ("a decimal(39)", "precision 39 must be between 1 and 38"),
        ("a decimal(38,38)", "scale 38 must be between 0 and 37"),
        ("a json", 'Column "t.a" has unsupported type "json"'),
        ("a jsonb", 'unsupported type "jsonb"'),
        ("a bytea", 'unsupported type "bytea"'),
        ("a uuid", 'unsupported type "uuid"'),
        ("a interval", 'unsupported type "interval"'),
        ("a serial", 'unsupported type "serial"'),
        ("a int[]", "unsupported type"),
        ("a mood", 'type "mood" does not exist'),
        ("a int CHECK (a > 0)", "CHECK constraint is not supported"),
        ("tag int", "syntax error"),
        ("a int DISTKEY, b int DISTKEY", "multiple DISTKEYs"),
        ("a super SORTKEY", "cannot be a SORTKEY"),
        ("a int ENCODE nonsense", "invalid encoding"),
        ("a float(54)", "between 1 and 53"),
        ('a varchar(9) COLLATE "C"', "syntax error"),
        ("a int REFERENCES u (a) ON DELETE CASCADE", "syntax error"),
        ("a int, FOREIGN KEY (a) REFERENCES u (a) ON UPDATE SET NULL", "syntax error"),
    ],
)
def test_definitions_that_redshift_refuses(
    warehouse: Warehouse, definition: str, message: str
) -> None:
    """Documentation: "Data types", "Unsupported PostgreSQL data types", "Reserved words", "CREATE TABLE"."""
    assert message in str(warehouse.refused(f"CREATE TABLE t ({definition})"))


def test_keys_are_kept_and_not_enforced(warehouse: Warehouse) -> None:
    """Documentation: "Defining constraints"."""
    warehouse.run("CREATE TABLE p (id int PRIMARY KEY, u int UNIQUE)")
    warehouse.run("CREATE TABLE c (id int REFERENCES p (id), FOREIGN KEY (id) REFERENCES p (id))")
    warehouse.run("INSERT INTO p VALUES (1, 1), (1, 1)")
    warehouse.run("INSERT INTO c VALUES (99)")
    rows = warehouse.run(
        "SELECT table_name, constraint_type FROM information_schema.table_constraints"
        " WHERE table_schema = current_schema() ORDER BY 1, 2"
    )
    assert rows == [
        ("c", "FOREIGN KEY"),
        ("c", "FOREIGN KEY"),
        ("p", "PRIMARY KEY"),
        ("p", "UNIQUE"),
    ]
    error = warehouse.refused("INSERT INTO p VALUES (NULL, 1)")
    assert "Cannot insert a NULL value into column id" in str(error)


def test_identity_columns_count_and_cannot_be_set(warehouse: Warehouse) -> None:
    """Documentation: "CREATE TABLE", IDENTITY."""
    warehouse.run("CREATE TABLE t (i bigint IDENTITY(10, 5), a int)")
    warehouse.run("INSERT INTO t (a) VALUES (1), (2)")
    assert warehouse.run("SELECT i FROM t ORDER BY i") == [(10,), (15,)]
    warehouse.refused("INSERT INTO t (i, a) VALUES (1, 1)")


def test_create_table_like_inherits_keys_and_defaults_only_if_asked(
    warehouse: Warehouse,
) -> None:
    """Documentation: "CREATE TABLE", LIKE."""
    warehouse.run("CREATE TABLE t (a int NOT NULL DEFAULT 7 DISTKEY, s varchar(3) SORTKEY)")
    warehouse.run("CREATE TEMP TABLE one (LIKE t)")
    warehouse.run("CREATE TABLE two (LIKE t INCLUDING DEFAULTS)")
    shown = warehouse.run(f"{DEF} WHERE tablename = 'two'")
    assert shown == warehouse.run(f"{DEF} WHERE tablename = 't'")
    warehouse.run("INSERT INTO two (s) VALUES ('x')")
    assert "NULL" in str(warehouse.refused("INSERT INTO one (s) VALUES ('x')"))
    assert warehouse.refused("INSERT INTO one VALUES (1, 'éé')").pgcode == "22001"


def test_create_table_as_takes_table_attributes(warehouse: Warehouse) -> None:
    """Documentation: "CREATE TABLE AS"."""
    warehouse.run("CREATE TABLE t DISTKEY (a) SORTKEY (b) AS SELECT 1 AS a, 2 AS b")
    assert [row[3:5] for row in warehouse.run(DEF + " WHERE tablename = 't'")] == [
        (True, 0),
        (False, 1),
    ]


def test_varchar_and_char_count_bytes(warehouse: Warehouse) -> None:
    """Documentation: "Character types"."""
    warehouse.run("CREATE TABLE t (s varchar(3))")
    warehouse.run("INSERT INTO t VALUES ('abc')")
    error = warehouse.refused("INSERT INTO t VALUES ('éé')")
    assert "value too long for type character varying(3)" in str(error)
    assert warehouse.refused("UPDATE t SET s = s || 'd'").pgcode == "22001"
    assert warehouse.run("SELECT CAST('éé' AS varchar(3))") == [("é",)]


def test_char_takes_single_bytes_alone(warehouse: Warehouse) -> None:
    """Documentation: "Character types", CHAR or CHARACTER."""
    warehouse.run("CREATE TABLE t (a char(3))")
    warehouse.run("INSERT INTO t VALUES ('abc')")
    assert "invalid ASCII" in str(warehouse.refused("INSERT INTO t VALUES ('é')"))


def test_names_are_folded_even_when_quoted(warehouse: Warehouse) -> None:
    """Documentation: "Names and identifiers"."""
    warehouse.run('CREATE TABLE "MixedCase" ("Some Column" int, "ORDER" int)')
    warehouse.run("INSERT INTO mixedcase VALUES (1, 2)")
    with warehouse.connection.cursor() as cursor:
        cursor.execute('SELECT "SOME COLUMN", "Order" FROM "MIXEDCASE"')
        assert [column.name for column in cursor.description] == ["some column", "order"]


def test_case_counts_once_the_session_asks_for_it(warehouse: Warehouse) -> None:
    """Documentation: "enable_case_sensitive_identifier"."""
    warehouse.run("SET enable_case_sensitive_identifier TO true")
    warehouse.run('CREATE TABLE "Mixed" ("A" int)')
    assert warehouse.run('SELECT "A" FROM "Mixed"') == []
    assert warehouse.refused("SELECT * FROM mixed").pgcode == "42P01"


def test_names_of_up_to_127_bytes_are_kept_whole(warehouse: Warehouse) -> None:
    """Documentation: "Names and identifiers"; PostgreSQL keeps only 63."""
    table, twin = "t" * 126 + "a", "t" * 126 + "b"
    for name in (table, twin):
        warehouse.run(f'CREATE TABLE {name} ("{"é" * 60}" int)')
    assert warehouse.run(
        "SELECT tablename FROM pg_table_def WHERE tablename LIKE 'ttt%' ORDER BY 1"
    ) == [(table,), (twin,)]
    with warehouse.connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {table}")
        assert cursor.description[0].name == "é" * 60
    assert table in str(warehouse.refused(f"CREATE TABLE {table} (a int)"))


def test_show_table_gives_the_definition(warehouse: Warehouse) -> None:
    """Documentation: "SHOW TABLE"."""
    warehouse.run("CREATE TABLE t (a int NOT NULL DISTKEY, b varchar(5) SORTKEY, PRIMARY KEY (a))")
    ((shown,),) = warehouse.run("SHOW TABLE t")
    assert "a integer NOT NULL ENCODE az64 distkey" in shown
    assert "PRIMARY KEY (a)" in shown
    assert "COMPOUND SORTKEY (b)" in shown


@pytest.fixture
def alterable(warehouse: Warehouse) -> Warehouse:
    warehouse.run(
        "CREATE TABLE t (a int DISTKEY, s varchar(5), d varchar(5) DEFAULT 'x', u varchar(5) UNIQUE,"
        " e varchar(5) ENCODE bytedict)"
    )
    warehouse.run("INSERT INTO t VALUES (1, 'éé')")
    return warehouse


def test_varchar_is_widened_and_narrowed_as_far_as_the_data_fits(alterable: Warehouse) -> None:
    """Documentation: "ALTER TABLE", ALTER COLUMN … TYPE."""
    alterable.run("ALTER TABLE t ALTER COLUMN s TYPE varchar(50)")
    alterable.run("ALTER TABLE t ALTER COLUMN s TYPE varchar(4)")
    alterable.refused("ALTER TABLE t ALTER COLUMN s TYPE varchar(3)")


@pytest.mark.parametrize(
    "action",
    [
        "ADD COLUMN x int, ADD COLUMN y int",
        "ADD COLUMN x int NOT NULL",
        "ADD COLUMN IF NOT EXISTS x int",
        "ADD COLUMN x int IDENTITY(1,1)",
        "DROP COLUMN s, DROP COLUMN d",
        "DROP COLUMN IF EXISTS s",
        "DROP COLUMN a",
        "ALTER COLUMN a TYPE bigint",
        "ALTER COLUMN a TYPE varchar(9)",
        "ALTER COLUMN d TYPE varchar(9)",
        "ALTER COLUMN u TYPE varchar(9)",
        "ALTER COLUMN e TYPE varchar(9)",
        "ALTER COLUMN e ENCODE bytedict",
        "ADD PRIMARY KEY (a)",
        "ALTER COLUMN s SET NOT NULL",
        "ALTER COLUMN s DROP NOT NULL",
        "ALTER COLUMN s SET DEFAULT 'x'",
        "SET SCHEMA other",
    ],
)
def test_alterations_that_redshift_refuses(alterable: Warehouse, action: str) -> None:
    """Documentation: "ALTER TABLE"."""
    assert alterable.refused(f"ALTER TABLE t {action}").pgcode in ("42601", "0A000")


def test_alterations_that_redshift_does(alterable: Warehouse) -> None:
    """Documentation: "ALTER TABLE"."""
    alterable.run("ALTER TABLE t ADD COLUMN n int DEFAULT 3 NOT NULL")
    alterable.run("ALTER TABLE t ADD z varchar(9) ENCODE zstd")
    alterable.run("ALTER TABLE t RENAME COLUMN z TO y")
    alterable.run("ALTER TABLE t ALTER COLUMN y ENCODE lzo")
    alterable.run("ALTER TABLE t ALTER DISTSTYLE EVEN")
    alterable.run("ALTER TABLE t ALTER SORTKEY (n)")
    alterable.run("ALTER TABLE t ADD PRIMARY KEY (n)")
    alterable.run("ALTER TABLE t DROP CONSTRAINT t_pkey")
    alterable.run("ALTER TABLE t DROP COLUMN s CASCADE")
    alterable.run("ALTER TABLE t RENAME TO r")
    rows: list[tuple[Any, ...]] = alterable.run(f"{DEF} WHERE tablename = 'r'")
    assert [row[0] for row in rows] == ["a", "d", "u", "e", "n", "y"]
    assert rows[-1][2] == "lzo"
    assert rows[-2][4] == 1
    assert not any(row[3] for row in rows)
    assert alterable.run("SELECT n FROM r") == [(3,)]


def test_alter_table_append_moves_the_rows(warehouse: Warehouse) -> None:
    """Documentation: "ALTER TABLE APPEND"."""
    warehouse.run("CREATE TABLE t (a int)")
    warehouse.run("CREATE TABLE s (a int)")
    warehouse.run("INSERT INTO s VALUES (1)")
    warehouse.run("ALTER TABLE t APPEND FROM s")
    assert warehouse.run("SELECT (SELECT count(*) FROM t), (SELECT count(*) FROM s)") == [(1, 0)]


@pytest.mark.parametrize(
    ("source", "options"),
    [
        ("TABLE s (b int)", ""),
        ("TABLE s (a int, b int)", ""),
        ("TABLE s (a int, b int)", "FILLTARGET"),
        ("TABLE s (a int, b int)", "IGNOREEXTRA FILLTARGET"),
        ("TABLE s (a bigint)", ""),
        ("TABLE s (a int NOT NULL)", ""),
        ("TABLE s (a int ENCODE zstd)", ""),
        ("TABLE s (a int DISTKEY)", ""),
        ("TABLE s (a int SORTKEY)", ""),
        ("TEMP TABLE s (a int)", ""),
    ],
)
def test_rows_are_appended_between_like_tables_only(
    warehouse: Warehouse, source: str, options: str
) -> None:
    """Documentation: "ALTER TABLE APPEND"; the words of the refusals are not given there."""
    warehouse.run("CREATE TABLE t (a int)")
    warehouse.run(f"CREATE {source}")
    error = warehouse.refused(f"ALTER TABLE t APPEND FROM s {options}")
    assert error.pgcode in ("0A000", "42601")


def test_columns_of_one_table_alone_are_left_out_or_filled(warehouse: Warehouse) -> None:
    """Documentation: "ALTER TABLE APPEND", IGNOREEXTRA and FILLTARGET."""
    warehouse.run("CREATE TABLE t (a int, n int DEFAULT 7)")
    warehouse.run("CREATE TABLE s (a int, extra int)")
    warehouse.run("CREATE TABLE less (a int)")
    warehouse.run("INSERT INTO less VALUES (1)")
    warehouse.run("ALTER TABLE t APPEND FROM less FILLTARGET")
    assert warehouse.run("SELECT * FROM t") == [(1, 7)]
    warehouse.run("INSERT INTO s VALUES (2, 3)")
    warehouse.run("ALTER TABLE less APPEND FROM s IGNOREEXTRA")
    assert warehouse.run("SELECT * FROM less") == [(2,)]


def test_the_last_column_of_a_table_stays(warehouse: Warehouse) -> None:
    """Documentation: "ALTER TABLE"."""
    warehouse.run("CREATE TABLE t (a int, b int)")
    warehouse.run("ALTER TABLE t DROP COLUMN a")
    assert warehouse.refused("ALTER TABLE t DROP COLUMN b").pgcode == "0A000"


def test_a_table_that_a_bound_view_needs_is_not_dropped(warehouse: Warehouse) -> None:
    """Documentation: "DROP TABLE"."""
    warehouse.run("CREATE TABLE t (a int)")
    warehouse.run("CREATE VIEW v AS SELECT a FROM t")
    with pytest.raises(psycopg2.errors.DependentObjectsStillExist):
        warehouse.run("DROP TABLE t")
    warehouse.run("DROP TABLE t CASCADE")


def _comment(warehouse: Warehouse, table: str) -> Any:
    query = (
        "SELECT d.description FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " JOIN pg_description d ON d.objoid = c.oid AND d.objsubid = 0"
        " WHERE n.nspname = current_schema() AND c.relname = %s"
    )
    return warehouse.run(query, (table,))


@pytest.mark.parametrize("name", ["t", "t" * 100])
def test_a_tables_comment_is_in_the_catalogue(warehouse: Warehouse, name: str) -> None:
    """Documentation: "COMMENT"."""
    warehouse.run(f"CREATE TABLE {name} (a int)")
    assert _comment(warehouse, name) == []
    warehouse.run(f"COMMENT ON TABLE {name} IS %s", ("it's a \\ 100%",))
    assert _comment(warehouse, name) == [("it's a \\ 100%",)]
    assert warehouse.run(
        "SELECT obj_description(c.oid, 'pg_class') FROM pg_class c, pg_namespace n"
        " WHERE n.oid = c.relnamespace AND nspname = current_schema() AND relname = %s",
        (name,),
    ) == [("it's a \\ 100%",)]
    warehouse.run(f"ALTER TABLE {name} RENAME TO other")
    assert _comment(warehouse, "other") == [("it's a \\ 100%",)]
    warehouse.run("COMMENT ON TABLE other IS NULL")
    assert _comment(warehouse, "other") == []


def test_a_comment_is_rolled_back_and_goes_with_its_table(warehouse: Warehouse) -> None:
    """Documentation: "COMMENT"."""
    warehouse.run("CREATE TABLE t (a int)")
    warehouse.run("BEGIN")
    warehouse.run("LOCK TABLE t; SELECT obj_description('t'::regclass)")
    warehouse.run("COMMENT ON TABLE t IS 'kept'")
    warehouse.run("ROLLBACK")
    assert _comment(warehouse, "t") == []
    warehouse.run("COMMENT ON TABLE t IS 'kept'")
    assert warehouse.run("SELECT obj_description('t'::regclass)") == [("kept",)]
    warehouse.run("DROP TABLE t")
    warehouse.run("CREATE TABLE t (a int)")
    assert _comment(warehouse, "t") == []


@pytest.mark.parametrize("kind", ["FUNCTION f()", "INDEX i", "SEQUENCE s", "ROLE r"])
def test_only_some_objects_have_comments(warehouse: Warehouse, kind: str) -> None:
    """Documentation: "COMMENT"."""
    assert isinstance(warehouse.refused(f"COMMENT ON {kind} IS 'x'"), psycopg2.errors.SyntaxError)
