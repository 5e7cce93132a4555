"""Queries, MERGE, views, functions and settings in Redshift's own spelling."""

import datetime
from decimal import Decimal
from typing import Any

import psycopg2
import pytest

from tests.devstack.redshift.conftest import Warehouse


@pytest.fixture
def rows(warehouse: Warehouse) -> Warehouse:
    warehouse.run("CREATE TABLE t (id int, v varchar(5), n int)")
    warehouse.run("INSERT INTO t VALUES (1, 'a', 1), (1, 'b', 2), (2, 'c', 3)")
    return warehouse


LATEST = "row_number() OVER (PARTITION BY id ORDER BY n DESC)"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (f"SELECT * FROM t AS x QUALIFY {LATEST} = 1 ORDER BY x.id", [(1, "b", 2), (2, "c", 3)]),
        (f"SELECT x.v, {LATEST} AS r FROM t x QUALIFY r = 1 ORDER BY 1", [("b", 1), ("c", 1)]),
        (f"SELECT v FROM t WHERE n < 3 QUALIFY {LATEST} = 1", [("b",)]),
        (
            f"WITH w AS (SELECT * FROM t z QUALIFY {LATEST} = 1) SELECT sum(n) FROM w",
            [(5,)],
        ),
        (
            "SELECT a.id, b.* FROM t a JOIN t b ON a.n = b.n WHERE a.n > 0 QUALIFY "
            "row_number() OVER (ORDER BY a.n DESC) = 1",
            [(2, 2, "c", 3)],
        ),
    ],
)
def test_qualify_filters_on_window_functions(
    rows: Warehouse, query: str, found: list[tuple[Any, ...]]
) -> None:
    """Documentation: "QUALIFY clause"."""
    assert rows.run(query) == found


def test_qualify_needs_an_alias_before_it(rows: Warehouse) -> None:
    """Documentation: "QUALIFY clause", usage notes."""
    assert rows.refused(f"SELECT * FROM t QUALIFY {LATEST} = 1").pgcode == "42601"


def test_a_view_may_use_qualify(rows: Warehouse) -> None:
    rows.run(f"CREATE VIEW v AS SELECT * FROM t x WHERE true QUALIFY {LATEST} = 1")
    assert rows.run("SELECT v, n FROM v ORDER BY n") == [("b", 2), ("c", 3)]


@pytest.fixture
def stage(rows: Warehouse) -> Warehouse:
    rows.run("CREATE TEMP TABLE s (LIKE t)")
    rows.run("INSERT INTO s VALUES (2, 'new', 9), (7, 'x', 1)")
    return rows


MERGE = "MERGE INTO t USING s ON t.id = s.id"
MATCHED = "WHEN MATCHED THEN UPDATE SET v = s.v, n = s.n"
UNMATCHED = "WHEN NOT MATCHED THEN INSERT (id, v, n) VALUES (s.id, s.v, s.n)"


def test_merge_updates_what_matches_and_inserts_the_rest(stage: Warehouse) -> None:
    """Documentation: "MERGE"."""
    stage.run(f"{MERGE} {MATCHED} {UNMATCHED}")
    assert stage.run("SELECT * FROM t WHERE id > 1 ORDER BY id") == [(2, "new", 9), (7, "x", 1)]


def test_merge_deletes_and_removes_duplicates(stage: Warehouse) -> None:
    """Documentation: "MERGE"."""
    stage.run(f"{MERGE} WHEN MATCHED THEN DELETE {UNMATCHED}")
    assert stage.run("SELECT id FROM t ORDER BY id") == [(1,), (1,), (7,)]
    stage.run("INSERT INTO s VALUES (7, 'x', 1)")
    stage.run(f"{MERGE} REMOVE DUPLICATES")
    assert stage.run("SELECT * FROM t WHERE id > 1 ORDER BY id") == [(2, "new", 9), (7, "x", 1)]


def test_merge_refuses_two_matches_for_one_row(stage: Warehouse) -> None:
    """Documentation: "MERGE"; the wording from public issue trackers."""
    stage.run("INSERT INTO s VALUES (2, 'dup', 8)")
    error = stage.refused(f"{MERGE} {MATCHED} {UNMATCHED}")
    assert "Found multiple matches to update the same tuple" in str(error)
    assert error.pgcode == "XX000"


def test_merge_inserts_unmatched_duplicates_twice(stage: Warehouse) -> None:
    """Documentation: "MERGE"."""
    stage.run("INSERT INTO s VALUES (7, 'x', 1)")
    stage.run(f"{MERGE} {MATCHED} {UNMATCHED}")
    assert stage.run("SELECT count(*) FROM t WHERE id = 7") == [(2,)]


@pytest.mark.parametrize(
    "statement",
    [
        f"{MERGE} {MATCHED}",
        f"{MERGE} {UNMATCHED}",
        f"{MERGE} {UNMATCHED} {MATCHED}",
        f"{MERGE} WHEN MATCHED AND s.n > 1 THEN DELETE {UNMATCHED}",
        f"{MERGE} WHEN MATCHED THEN DO NOTHING {UNMATCHED}",
        f"MERGE INTO t USING (SELECT * FROM s) x ON t.id = x.id {MATCHED} {UNMATCHED}",
    ],
)
def test_merges_that_redshift_refuses(stage: Warehouse, statement: str) -> None:
    """Documentation: "MERGE", syntax."""
    assert stage.refused(statement).pgcode == "42601"


def test_a_view_or_the_target_itself_is_no_source_of_a_merge(stage: Warehouse) -> None:
    """Documentation: "MERGE", usage notes."""
    stage.run("CREATE VIEW v AS SELECT * FROM t")
    for source in ("v", "t"):
        merge = f"MERGE INTO t USING {source} AS s ON t.id = s.id {MATCHED} {UNMATCHED}"
        assert stage.refused(merge).pgcode == "0A000"
    assert stage.refused(f"WITH w AS (SELECT 1) {MERGE} {MATCHED} {UNMATCHED}").pgcode


def test_merge_refuses_to_delete_a_row_twice(stage: Warehouse) -> None:
    """Documentation: "MERGE", usage notes."""
    stage.run("INSERT INTO s VALUES (2, 'dup', 8)")
    error = stage.refused(f"{MERGE} WHEN MATCHED THEN DELETE {UNMATCHED}")
    assert "Found multiple matches to update the same tuple" in str(error)


def test_delete_using_and_update_from(stage: Warehouse) -> None:
    """Documentation: "DELETE", "UPDATE"."""
    stage.run("UPDATE t SET v = s.v FROM s WHERE t.id = s.id")
    assert stage.run("SELECT v FROM t WHERE id = 2") == [("new",)]
    stage.run("DELETE FROM t USING s WHERE t.id = s.id")
    stage.run("DELETE t WHERE n = 1")
    assert stage.run("SELECT count(*) FROM t") == [(1,)]


def test_a_late_binding_view_outlives_its_table(warehouse: Warehouse, schema: str) -> None:
    """Documentation: "CREATE VIEW", WITH NO SCHEMA BINDING."""
    warehouse.run(f"CREATE VIEW v AS SELECT * FROM {schema}.t WHERE a > 0 WITH NO SCHEMA BINDING")
    assert warehouse.refused("SELECT * FROM v").pgcode == "42P01"
    warehouse.run("CREATE TABLE t (a int)")
    warehouse.run("INSERT INTO t VALUES (0), (1)")
    assert warehouse.run("SELECT * FROM v") == [(1,)]
    warehouse.run("DROP TABLE t")
    warehouse.run("CREATE TABLE t (b varchar, a int)")
    warehouse.run("INSERT INTO t VALUES ('x', 2)")
    assert warehouse.run("SELECT v.b, w.a FROM v, v AS w") == [("x", 2)]
    assert warehouse.run(f"SELECT count(*) FROM {schema}.v JOIN t USING (a)") == [(1,)]


def test_a_late_binding_view_may_be_replaced_by_another_shape(
    warehouse: Warehouse, schema: str
) -> None:
    warehouse.run("CREATE TABLE t (a int)")
    create = f"CREATE OR REPLACE VIEW v AS SELECT {{}} FROM {schema}.t WITH NO SCHEMA BINDING"
    warehouse.run("INSERT INTO t VALUES (1)")
    warehouse.run(create.format("a"))
    warehouse.run(create.format("a, a + 1 AS b"))
    warehouse.run(f"CREATE VIEW vv AS SELECT b FROM {schema}.v WITH NO SCHEMA BINDING")
    assert warehouse.run("SELECT * FROM vv") == [(2,)]
    warehouse.run("DROP VIEW v")
    assert warehouse.refused("SELECT * FROM vv").pgcode == "42P01"


def test_a_late_binding_view_needs_qualified_names(warehouse: Warehouse) -> None:
    """Documentation: "CREATE VIEW"."""
    error = warehouse.refused("CREATE VIEW v AS SELECT * FROM t WITH NO SCHEMA BINDING")
    assert "should be qualified" in str(error)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("nvl(NULL, 2)", 2),
        ("nvl2('x', 1, 2)", 1),
        ("decode(2, 1, 'a', 2, 'b', 'c')", "b"),
        ("len('é😀')", 2),
        ("octet_length('é')", 2),
        ("dateadd(month, 1, timestamp '2024-01-31')", datetime.datetime(2024, 2, 29)),
        ("dateadd('hour', -1, '2024-01-01'::timestamp)", datetime.datetime(2023, 12, 31, 23)),
        ("datediff(day, date '2024-02-28', date '2024-03-01')", 2),
        ("datediff(year, '2023-12-31'::date, '2024-01-01'::date)", 1),
        (
            "convert_timezone('Asia/Shanghai', timestamp '2024-01-01')",
            datetime.datetime(2024, 1, 1, 8),
        ),
        ("trunc(timestamp '2024-01-02 03:04:05')", datetime.date(2024, 1, 2)),
        ("md5('x')", "9dd4e461268c8034f5c8564e155c67a6"),
        ("strtol('ff', 16)", 255),
        ("strtol('0xf', 16)", 15),
        ("strtol(' -abcd1234', 16)", -2882343476),
        ("strtol('1234567', 8)", 342391),
        ("strtol('7fffffffffffffff', 16)", 9223372036854775807),
        ("strtol('', 10)", 0),
        ("fnv_hash('Amazon Redshift')", 7783490368944507294),
        ("fnv_hash(1)", -5968735742475085980),
        ("sha2('', 256)", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("json_serialize(json_parse('[1, 2]'))", "[1,2]"),
        ("json_extract_path_text('{\"a\": {\"b\": 1}}', 'a', 'b')", "1"),
        ("from_varbyte('616263'::varchar::varbyte, 'utf8')", "616263"),
        ("convert(int, '7')", 7),
        ("charindex('b', 'abc')", 2),
        ("getdate() <= sysdate + interval '1 minute'", True),
    ],
)
def test_functions_of_redshift_are_there(
    warehouse: Warehouse, expression: str, value: object
) -> None:
    """Documentation: "SQL functions reference"."""
    assert warehouse.run(f"SELECT {expression}") == [(value,)]


def test_listagg_median_and_top(rows: Warehouse) -> None:
    """Documentation: "LISTAGG function", "MEDIAN function", "TOP"."""
    query = "SELECT listagg(v, ',') WITHIN GROUP (ORDER BY n DESC), median(n) FROM t"
    assert rows.run(query) == [("c,b,a", 2.0)]
    assert rows.run("SELECT TOP 1 v FROM t ORDER BY n") == [("a",)]
    assert rows.run("SELECT id FROM t MINUS SELECT 1") == [(2,)]
    assert rows.run("SELECT approximate count(distinct id) FROM t") == [(2,)]


def test_varbyte_is_hexadecimal_without_a_prefix(warehouse: Warehouse) -> None:
    """Documentation: "VARBYTE type"."""
    warehouse.run("CREATE TABLE t (v varbyte(4))")
    warehouse.run("INSERT INTO t VALUES ('abc'), (NULL)")
    assert warehouse.run("SELECT v FROM t ORDER BY v") == [("616263",), (None,)]
    assert warehouse.refused("INSERT INTO t VALUES ('abcde')").pgcode == "22001"
    assert warehouse.refused("SELECT MD5(v) FROM t").pgcode == "42883"


def test_settings_of_redshift_are_accepted_and_shown(warehouse: Warehouse) -> None:
    """Documentation: "Configuration reference"."""
    warehouse.run("SET query_group TO 'nightly'")
    warehouse.run("SET wlm_query_slot_count = 3")
    assert warehouse.run("SHOW query_group") == [("nightly",)]
    assert warehouse.run("SHOW wlm_query_slot_count") == [("3",)]
    warehouse.run("RESET query_group")
    assert warehouse.run("SHOW query_group") == [("default",)]
    assert warehouse.run("SHOW server_version") == [("8.0.2",)]
    assert warehouse.refused("SET nonsense TO 1").pgcode == "42704"


def test_maintenance_commands_are_accepted(rows: Warehouse) -> None:
    """Documentation: "VACUUM", "ANALYZE", "ANALYZE COMPRESSION"."""
    for command in ("VACUUM", "VACUUM DELETE ONLY t TO 75 PERCENT", "ANALYZE", "ANALYZE t",
                    "ANALYZE t PREDICATE COLUMNS", "ANALYZE COMPRESSION t"):  # fmt: skip
        rows.run(command)


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE INDEX i ON t (id)",
        "CREATE UNIQUE INDEX i ON t (id)",
        "CREATE TYPE mood AS ENUM ('a')",
        "CREATE DOMAIN d AS int",
        "CREATE EXTENSION plpgsql",
        "CREATE SEQUENCE q",
        "CREATE TRIGGER g AFTER INSERT ON t EXECUTE FUNCTION f()",
        "CREATE UNLOGGED TABLE u (a int)",
        "CREATE TABLE u (a int) TABLESPACE pg_default",
        "CREATE TABLE u (a int) PARTITION BY RANGE (a)",
        "INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING",
        "INSERT INTO t VALUES (1) RETURNING id",
        "UPDATE t SET id = 1 RETURNING id",
        "DELETE FROM t RETURNING id",
        "SELECT E'x'",
        "SELECT DISTINCT ON (id) id FROM t",
        "SELECT count(*) FILTER (WHERE id > 1) FROM t",
        "SELECT * FROM t, LATERAL (SELECT 1) l",
        "SELECT * FROM t FOR UPDATE SKIP LOCKED",
        "SELECT ARRAY[1, 2]",
        "SELECT string_agg(v, ',') FROM t",
        "SELECT * FROM t TABLESAMPLE SYSTEM (1)",
        "TRUNCATE t, t",
        "TRUNCATE t CASCADE",
        "LOCK TABLE t IN SHARE MODE",
        "REINDEX TABLE t",
        "LISTEN channel",
        "DO 'BEGIN END'",
        "VALUES (1), (2)",
        "SELECT * FROM (VALUES (1), (2)) AS v",
        "WITH v AS (VALUES (1)) SELECT * FROM v",
        "WITH gone AS (DELETE FROM t) SELECT 1",
        "SELECT ROW(1, 2)",
        "SELECT * FROM ONLY t",
        "SELECT * FROM t WHERE id IS DISTINCT FROM 1",
        "SELECT * FROM t WHERE id IS NOT DISTINCT FROM 1",
        "SELECT '{}'::jsonb",
        "SELECT CAST('{}' AS json)",
        "SELECT sum(id) OVER w FROM t WINDOW w AS (PARTITION BY v)",
        "SELECT sum(id) OVER (ORDER BY id) FROM t",
        "SELECT first_value(v) OVER (PARTITION BY v ORDER BY id) FROM t",
        "SELECT v, count(coalesce(id, 0)) OVER (PARTITION BY v ORDER BY id DESC) FROM t",
        "SELECT sum(id) OVER (ORDER BY id RANGE BETWEEN 1 PRECEDING AND CURRENT ROW) FROM t",
        "UPDATE t SET (id, v) = (1, 'x')",
        "CREATE TABLE IF NOT EXISTS u AS SELECT 1 AS a",
        "CREATE TABLE u AS SELECT sum(id) OVER (ORDER BY id) AS a FROM t",
        "CREATE VIEW u AS SELECT * FROM (VALUES (1)) AS v",
        "EXPLAIN SELECT ROW(1, 2)",
        "EXPLAIN ANALYZE SELECT 1",
        "SELECT id FROM t EXCEPT ALL SELECT id FROM t",
        "SELECT id FROM t INTERSECT ALL SELECT id FROM t",
        "EXPLAIN (FORMAT JSON) SELECT 1",
        "SAVEPOINT s",
        "ROLLBACK TO SAVEPOINT s",
        "SELECT corr(id, id) FROM t",
        "SELECT width_bucket(id, 0, 10, 5) FROM t",
        "UNLOAD ('SELECT 1') TO 's3://b/k' IAM_ROLE default",
        "SET standin.unknown TO 1",
    ],
)
def test_what_redshift_does_not_know_is_refused(rows: Warehouse, statement: str) -> None:
    """Documentation: "Unsupported PostgreSQL features", "Unsupported PostgreSQL functions", "Window
    function syntax summary", and the pages of the commands."""
    assert rows.refused(statement).pgcode in ("42601", "0A000", "42704", "42883")


@pytest.mark.parametrize("name", ["ctid", "xmin", '"cmax"', "t.tableoid"])
def test_there_are_no_system_columns(rows: Warehouse, name: str) -> None:
    """Documentation: "Unsupported PostgreSQL features"."""
    assert rows.refused(f"SELECT {name} FROM t").pgcode == "42703"


def test_windows_that_redshift_has(rows: Warehouse) -> None:
    """Documentation: "Window function syntax summary"."""
    rows.run("SELECT row_number() OVER (PARTITION BY v ORDER BY id DESC NULLS LAST) FROM t")
    rows.run("SELECT sum(id) OVER (ORDER BY id ROWS UNBOUNDED PRECEDING), max(id) OVER () FROM t")
    rows.run("SELECT lag(id) OVER (ORDER BY id), rank() OVER (ORDER BY sum(id)) FROM t GROUP BY id")


def test_an_escape_string_is_refused_in_redshifts_words(warehouse: Warehouse) -> None:
    """The wording from public issue trackers."""
    assert 'type "e" does not exist' in str(warehouse.refused("SELECT E'x'"))


def test_words_of_refused_clauses_may_stand_in_strings_and_comments(rows: Warehouse) -> None:
    assert rows.run("SELECT 'ON CONFLICT; RETURNING' /* QUALIFY; */ AS x -- E'x'\n") == [
        ("ON CONFLICT; RETURNING",)
    ]


@pytest.mark.local
def test_decimal_arithmetic_keeps_postgresql_values(warehouse: Warehouse) -> None:
    assert warehouse.run("SELECT 1.10::decimal(10,2) + 2.20::decimal(10,2)") == [(Decimal("3.30"),)]


def test_an_error_carries_its_sqlstate(warehouse: Warehouse) -> None:
    with pytest.raises(psycopg2.errors.UndefinedColumn):
        warehouse.run("SELECT nope")
