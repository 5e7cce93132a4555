"""Statements of other connections: those that only read hold no window open."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.source.statement_kind import only_reads

COMMENTS = (
    "/* report 7 */",
    "/**/",
    "/* a * b **/",
    "# note\n",
    "-- note\n",
    "--\t\n",
    "( ",
    "\n\t",
    "/*+ x */",
)
READING = (
    "SELECT SLEEP(40)",
    "select 1 for update",
    "SHOW PROCESSLIST",
    "WITH t AS (SELECT 1) SELECT * FROM t",
    "VALUES ROW(1)",
    "TABLE t",
    "EXPLAIN SELECT 1",
    "ANALYZE FORMAT=JSON SELECT 1",
    "DESC t",
    "CHECKSUM TABLE t",
)
WRITING = (
    "INSERT INTO t SELECT SLEEP(40)",
    "UPDATE t SET a = 1",
    "DELETE FROM t",
    "REPLACE t VALUES (1)",
    "LOAD DATA INFILE 'x' INTO TABLE t",
    "CALL p()",
    "WITH t AS (SELECT 1) UPDATE u SET a = 1",
    "WITH t AS (SELECT 1) DELETE FROM u",
    "EXPLAIN ANALYZE UPDATE t, u SET a = 1",
    "ANALYZE DELETE FROM t",
    "ALTER TABLE t ADD a INT",
    "COMMIT",
    "XA COMMIT 'a'",
    "DO f()",
    "SET @a = f()",
    "EXECUTE s",
    "BEGIN NOT ATOMIC SELECT 1; INSERT INTO t VALUES (1); END",
    "/*! INSERT INTO t */ SELECT 1",
    "/*!50000 INSERT INTO t */ SELECT 1",
    "/*M! INSERT INTO t */ SELECT 1",
    "/*M!100100 INSERT INTO t */ SELECT 1",
    "--1 SELECT",
    "/* never ends SELECT 1",
    "SELECTED",
    "SELECT SLEEP(6) INTO x",
    "SELECT GET_LOCK('a', 9)\nINTO @a",
    "",
)


@given(st.lists(st.sampled_from(COMMENTS)).map("".join), st.sampled_from(READING))
def test_a_reading_statement_is_recognised_after_comments_and_brackets(before: str, text: str):
    assert only_reads(before + text)


@given(st.lists(st.sampled_from(COMMENTS)).map("".join), st.sampled_from(WRITING))
def test_a_statement_that_may_write_is_never_taken_for_a_reading_one(before: str, text: str):
    assert not only_reads(before + text)


@pytest.mark.parametrize(
    "text", ["SELECT 1", "WITH t AS (SELECT 1", "EXPLAIN ", "/* SELECT", "/* a */ "]
)
def test_a_beginning_that_leaves_it_open_may_write(text: str):
    assert not only_reads(text, is_whole=False)


def test_a_long_comment_takes_no_time_out_of_proportion():
    assert only_reads("/*" + "*a" * 100_000 + "*/" * 1 + "(" * 1000 + "SELECT 1")
    assert not only_reads("/*" + "*a" * 100_000)
