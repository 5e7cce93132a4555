"""Trailing blanks: stored, counted, and overlooked wherever VARCHAR values are compared.

Documentation: "Character types" (Significance of trailing blanks), "Amazon Redshift SQL commands
that are implemented differently", and the pages named with each expression.
"""

from typing import Any

import pytest

from tests.devstack.redshift.conftest import Warehouse


@pytest.fixture
def words(warehouse: Warehouse) -> Warehouse:
    warehouse.run("CREATE TABLE t (s varchar(10), n int)")
    warehouse.run("INSERT INTO t VALUES ('a', 1), ('a ', 2), ('b', 3), ('', 4), ('  ', 5)")
    return warehouse


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("SELECT n FROM t WHERE s = 'a   '", [(1,), (2,)]),
        ("SELECT n FROM t WHERE s <> 'a'", [(3,), (4,), (5,)]),
        ("SELECT n FROM t WHERE s IN ('a', 'c')", [(1,), (2,)]),
        ("SELECT n FROM t WHERE s > 'a'", [(3,)]),
        ("SELECT n FROM t WHERE s BETWEEN 'a ' AND 'a'", [(1,), (2,)]),
        ("SELECT count(*) FROM t AS one JOIN t AS two ON one.s = two.s", [(9,)]),
        ("SELECT count(*) FROM t WHERE s IN (SELECT s || ' ' FROM t)", [(5,)]),
        ("SELECT count(*) FROM t GROUP BY s", [(1,), (2,), (2,)]),
        ("SELECT count(DISTINCT s) FROM t", [(3,)]),
        ("SELECT count(*) FROM (SELECT s FROM t UNION SELECT 'b ') u", [(3,)]),
        ("SELECT count(*) FROM (SELECT s FROM t EXCEPT SELECT 'a') e", [(2,)]),
        ("SELECT max(r) FROM (SELECT row_number() OVER (PARTITION BY s ORDER BY n) r FROM t) q",
         [(2,)]),
        ("SELECT n FROM t x QUALIFY row_number() OVER (PARTITION BY s ORDER BY n DESC) = 1",
         [(2,), (3,), (5,)]),
        ("SELECT n FROM t WHERE CASE s WHEN 'a' THEN true ELSE false END", [(1,), (2,)]),
    ],
)  # fmt: skip
def test_comparisons_overlook_trailing_blanks(
    words: Warehouse, query: str, found: list[tuple[Any, ...]]
) -> None:
    assert sorted(words.run(query)) == found


def test_a_large_join_and_a_large_grouping_do_so_too(words: Warehouse) -> None:
    """So many rows that PostgreSQL hashes them."""
    words.run("CREATE TABLE many (s varchar(20))")
    words.copy("many", "".join(f'"{i}{" " * (i % 3)}"\n' for i in range(20000)).encode())
    words.run("INSERT INTO many SELECT s || ' ' FROM many")
    words.run("ANALYZE many")
    assert words.run("SELECT count(DISTINCT s) FROM many") == [(20000,)]
    assert words.run("SELECT count(*) FROM (SELECT s FROM many GROUP BY s) g") == [(20000,)]
    assert words.run("SELECT count(*) FROM many a JOIN many b ON a.s = b.s") == [(80000,)]


def test_what_is_stored_keeps_its_blanks(words: Warehouse) -> None:
    """Documentation: "LEN", "OCTET_LENGTH"."""
    assert words.run("SELECT len(s), octet_length(s) FROM t ORDER BY n") == [
        (1, 1), (2, 2), (1, 1), (0, 0), (2, 2)
    ]  # fmt: skip
    assert words.run("SELECT s || '|' FROM t WHERE n = 2") == [("a |",)]


def test_patterns_see_trailing_blanks(words: Warehouse) -> None:
    """Documentation: "LIKE"."""
    assert words.run("SELECT n FROM t WHERE s LIKE 'a'") == [(1,)]
    assert words.run("SELECT n FROM t WHERE s LIKE 'a '") == [(2,)]


def test_nullif_and_listagg_overlook_them_and_hashing_does_not(words: Warehouse) -> None:
    """Documentation: "NULLIF function", "LISTAGG function", "FNV_HASH function"."""
    assert words.run("SELECT nullif('   ', '')") == [(None,)]
    ((listed,),) = words.run("SELECT listagg(DISTINCT s, ',') FROM t")
    assert [part.strip() for part in listed.split(",")] == ["", "a", "b"]
    assert words.run("SELECT fnv_hash('a') = fnv_hash('a ')") == [(False,)]


def test_char_and_varchar_are_compared_alike(words: Warehouse) -> None:
    words.run("CREATE TABLE c (s char(5))")
    words.run("INSERT INTO c VALUES ('a')")
    assert words.run("SELECT count(*) FROM c JOIN t ON c.s = t.s") == [(2,)]
    assert words.run("SELECT len(s) FROM c") == [(1,)]


def test_merge_matches_keys_that_differ_in_blanks(words: Warehouse) -> None:
    """Documentation: "MERGE"; its match condition is a comparison."""
    words.run("CREATE TABLE s (s varchar(10), n int)")
    words.run("INSERT INTO s VALUES ('b  ', 9)")
    words.run("MERGE INTO t USING s ON t.s = s.s WHEN MATCHED THEN UPDATE SET n = s.n "
              "WHEN NOT MATCHED THEN INSERT VALUES (s.s, s.n)")  # fmt: skip
    assert words.run("SELECT n FROM t WHERE s = 'b'") == [(9,)]
    words.run("DELETE FROM t USING s WHERE t.s = s.s")
    assert words.run("SELECT count(*) FROM t") == [(4,)]


def test_a_value_that_is_too_long_by_blanks_alone_is_cut(warehouse: Warehouse) -> None:
    warehouse.run("CREATE TABLE t (s varchar(3), c char(3))")
    warehouse.run("INSERT INTO t VALUES ('abc   ', 'abc   ')")
    assert warehouse.run("SELECT len(s), len(c) FROM t") == [(3, 3)]
    assert warehouse.refused("INSERT INTO t (s) VALUES ('abc d')").pgcode == "22001"
