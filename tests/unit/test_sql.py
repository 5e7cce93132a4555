"""SQL as text: what is quoted, what is refused, what each statement says."""

import importlib
import inspect
import pkgutil
import typing
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from unittest.mock import Mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devstack.redshift.errors import ACTIVE_TRANSACTION, RedshiftError
from devstack.redshift.names import LongNames
from devstack.redshift.plan import Run, Session
from devstack.redshift.rewrite.statement import Rewriter
from devstack.redshift.rewrite.views import LateViews
from devstack.redshift.tokens import Tokens, parse, statements
from pipeline import warehouse
from pipeline.model.canonical import CanonicalColumn
from pipeline.model.columns import Column, ReadAs
from pipeline.model.cursors import Bounds
from pipeline.model.span import Span
from pipeline.model.table_name import TableName
from pipeline.source import sql as mysql_sql
from pipeline.warehouse import sql as redshift_sql
from pipeline.warehouse import table_sql
from pipeline.warehouse.merge_sql import Merge
from pipeline.warehouse.sql import CopySource, Relation
from pipeline.warehouse.table_sql import Layout

TABLE = TableName("s`s", "t.t")
ID = Column("Id", "int", False, "int32", "INTEGER", "id")
FLAGS = Column("F`s", "bit(8)", True, "int64", "BIGINT", "f`s", ReadAs.NUMBER)


@given(st.text())
def test_a_mysql_identifier_ends_where_it_is_meant_to(name: str):
    quoted = mysql_sql.quoted(name)
    assert quoted[0] == quoted[-1] == "`"
    assert quoted[1:-1].replace("``", "") == name.replace("`", "")
    assert quoted[1:-1].replace("``", "`") == name


@given(st.text())
def test_a_redshift_identifier_ends_where_it_is_meant_to(name: str):
    quoted = redshift_sql.quoted(name)
    assert quoted[0] == quoted[-1] == '"'
    assert quoted[1:-1].replace('""', '"') == name.lower()


@given(st.text())
def test_a_redshift_literal_ends_where_it_is_meant_to_or_is_refused(text: str):
    if "\\" in text:
        with pytest.raises(ValueError, match="backslash"):
            redshift_sql.literal(text)
    else:
        literal = redshift_sql.literal(text)
        assert literal[1:-1].replace("''", "'") == text


@pytest.mark.parametrize("value", ["' OR 1=1", "2025-08-01'", "x", "1;2", "\\", "2025\n"])
def test_what_is_no_bound_is_refused(value: str):
    with pytest.raises(ValueError, match="is not a bound"):
        mysql_sql.literal(value)


@pytest.mark.parametrize(
    ("value", "literal"),
    [
        (7, "7"),
        (-(2**63), "-9223372036854775808"),
        (Decimal("1E+3"), "1000"),
        (Decimal("-0.0010"), "-0.0010"),
        (b"\x00'", "X'0027'"),
        ("it's \\", "_utf8mb4 X'69742773205c'"),
        (datetime(2025, 8, 1, 2, 3, 4, 5), "'2025-08-01 02:03:04.000005'"),
        (date(2025, 8, 1), "'2025-08-01'"),
    ],
)
def test_the_literal_of_a_key(value: object, literal: str):
    assert mysql_sql.value_literal(value) == literal


@pytest.mark.parametrize("value", [None, True, 1.5, [1]])
def test_what_has_no_literal_is_refused(value: object):
    with pytest.raises(TypeError):
        mysql_sql.value_literal(value)


def test_a_span_is_half_open():
    span = Span("at", "2025-08-01 00:00:00", "2025-08-02 00:00:00")
    assert mysql_sql.count_rows(TABLE, span) == (
        "SELECT COUNT(*) FROM `s``s`.`t.t` WHERE `at` >= '2025-08-01 00:00:00'"
        " AND `at` < '2025-08-02 00:00:00'"
    )
    assert mysql_sql.count_rows(TABLE, Span()) == "SELECT COUNT(*) FROM `s``s`.`t.t`"
    assert ">=" not in mysql_sql.count_rows(TABLE, Span("at", None, "2025-08-02"))


def test_columns_are_read_in_the_form_in_which_they_are_exact():
    assert mysql_sql.select_rows(TABLE, [ID, FLAGS], Span(), ["at", "Id"]) == (
        "SELECT `Id`, `F``s` + 0 FROM `s``s`.`t.t` ORDER BY `at`, `Id`"
    )


def test_copy_says_everything_that_it_depends_on():
    source = CopySource("s3://b/it's", "eu-west-1", "IAM_ROLE default", "__null__", "zstd")
    text = redshift_sql.copy(Relation(None, "stage"), ["id", 'a"b'], source)
    assert text.split("\n") == [
        'COPY "stage" ("id", "a""b")',
        "FROM 's3://b/it''s'",
        "IAM_ROLE default",
        "REGION 'eu-west-1' MANIFEST",
        "FORMAT AS CSV DELIMITER '|' QUOTE '\"' NULL AS '__null__'",
        "ZSTD TIMEFORMAT 'auto' DATEFORMAT 'auto'",
        "COMPUPDATE OFF STATUPDATE OFF MAXERROR 0",
    ]


def test_copys_credentials():
    assert redshift_sql.role_credentials("default") == "IAM_ROLE default"
    assert redshift_sql.role_credentials("arn:x") == "IAM_ROLE 'arn:x'"
    pair = "CREDENTIALS 'aws_access_key_id=a;aws_secret_access_key=b"
    assert redshift_sql.key_credentials("a", "b", None) == f"{pair}'"
    assert redshift_sql.key_credentials("a", "b", "c") == f"{pair};token=c'"


def test_copy_of_parquet_names_neither_columns_nor_region():
    source = CopySource("s3://b/m", "eu-west-1", "IAM_ROLE default", "", "", format="parquet")
    assert redshift_sql.copy(Relation(None, "stage"), ["id"], source).split("\n") == [
        'COPY "stage"',
        "FROM 's3://b/m'",
        "IAM_ROLE default",
        "MANIFEST FORMAT AS PARQUET STATUPDATE OFF",
    ]


def test_a_merge_of_a_composite_key_compares_every_column_of_it():
    merge = Merge(Relation("s", "t"), Relation(None, "stage"), ("a", "b", "at"), ("a", "b"), "at")
    for statement in (merge.delete_older, merge.insert_missing, merge.count_unmerged):
        assert '."a" = staged."a"' in statement
        assert '."b" = staged."b"' in statement
    assert '."at" <= staged."at"' in merge.delete_older
    assert 'PARTITION BY "a", "b" ORDER BY "at" DESC NULLS LAST\n' in merge.keep_newest


# A value for each parameter of the functions that write the warehouse's SQL, by its type.
SAMPLES: dict[object, Any] = {
    int: 2,
    str: "integer",  # which may be a name and a type
    str | None: "integer",
    Relation: Relation("s", "t"),
    Bounds: Bounds("2025-08-01", "2025-08-02"),
    Sequence[CanonicalColumn]: [],
    Sequence[Bounds]: [Bounds("2025-08-01", "2025-08-02"), Bounds("2025-08-03", None)],
    CopySource: CopySource("s3://b/m", "eu-west-1", "IAM_ROLE default", "__null__", "GZIP"),
    Layout: Layout(("a",)),
    Iterable[str]: ["a"],
    Collection[str]: ["a"],
    Sequence[str]: ["a"],
    tuple[str, ...]: ("a",),
    Mapping[str, str]: {"a": "INTEGER"},
}


def warehouse_statements() -> Iterator[tuple[str, str]]:
    """Every statement of pipeline/warehouse/*sql.py, and the function that writes it.

    Functions that write several statements (`tuple[str, ...]`) are scripts for a person to run.
    """
    for module in pkgutil.iter_modules(warehouse.__path__, "pipeline.warehouse."):
        if module.name.endswith("sql"):
            owner = importlib.import_module(module.name)
            for name, member in inspect.getmembers(owner):
                if getattr(member, "__module__", "") == module.name and not name.startswith("_"):
                    yield from statements_of(name, member)


def statements_of(name: str, member: Any) -> Iterator[tuple[str, str]]:
    """What a function writes, or each property of a class; none if that is no statement."""
    hints = typing.get_type_hints(member if inspect.isfunction(member) else member.__init__)
    given = {hint: SAMPLES[kind] for hint, kind in hints.items() if hint != "return"}
    if not inspect.isfunction(member):
        made = member(**given)
        properties = [n for n, p in vars(member).items() if isinstance(p, property)]
        written = {f"{name}.{each}": getattr(made, each) for each in properties}
    else:
        written = {name: member(**given)}
    for origin, text in written.items():
        if isinstance(text, str) and is_statement(text):
            yield origin, text.replace("%s", "NULL")


def is_statement(text: str) -> bool:
    """Whether the stand-in knows a statement that begins so; else it is a part of one."""
    return REWRITER.knows(parse(text)[0].key)


REWRITER = Rewriter(LongNames(lambda _short, _long: None), LateViews(set()), Mock())
STATEMENTS = dict(warehouse_statements())


def test_the_statements_of_the_warehouse_are_found():
    """Else the test below would hold without a statement."""
    assert {"copy", "delete_all", "insert_staged", "create_table", "lock"} <= set(STATEMENTS)
    assert any(name.startswith("Merge.") for name in STATEMENTS)


@pytest.mark.parametrize("name", STATEMENTS)
def test_nothing_here_uses_what_commits_by_itself_or_loses_a_table(name: str):
    """By the stand-in's own rules for a statement within a transaction."""
    (tokens,) = statements(STATEMENTS[name])
    assert not {"drop", "rename"} & {token.key for token in tokens}
    assert not commits(tokens)


def commits(tokens: Tokens) -> bool:
    """Whether a statement ends the transaction that it runs in; what must run outside one does not."""
    try:
        plan = REWRITER.plan(tokens, Session(lookup=lambda _sql: [], in_block=True))
    except RedshiftError as refusal:
        if refusal.sqlstate != ACTIVE_TRANSACTION:
            raise
        return False
    return isinstance(plan, Run) and plan.commits


def test_what_commits_by_itself_is_known_by_the_stand_in():
    (tokens,) = statements("TRUNCATE t")
    assert commits(tokens)


def test_the_rows_behind_a_position_begin_at_the_first_column_of_the_order():
    """Not at the cursor: `changed >= 20300101` would be a date, and MySQL refuses one that is none."""
    after = (("number", "20300101"), ("place", "_utf8mb4 X'61'"))
    span = mysql_sql.Span("changed", "2025-08-01 00:00:00", "2025-08-02 00:00:00", after)
    query = mysql_sql.count_rows(TableName("shop", "events"), span)
    assert "AND `number` >= 20300101 AND (`number` > 20300101 OR" in query
    assert "`changed` >= 20300101" not in query


@pytest.mark.parametrize("bound", ["-9223372036854775808", "32768", "18446744073709551616"])
def test_an_integer_bound_is_a_number_whatever_the_column_holds(bound: str):
    """As text it would be taken for the column's type, and be out of its range."""
    for statement in (redshift_sql.delete_window, redshift_sql.count_window):
        assert statement(Relation("s", "t"), "Id", Bounds(None, bound)).endswith(
            f' WHERE "id" < {bound}'
        )
    said = redshift_sql.delete_window(Relation("s", "t"), "at", Bounds("2025-08-01", "1"))
    assert said.endswith(""" WHERE "at" >= '2025-08-01' AND "at" < 1""")


def test_a_column_may_be_called_as_the_rank_is():
    columns = ("id", "version_rank", "version_rank_", "at")
    merge = Merge(Relation("s", "t"), Relation(None, "stage"), columns, ("id",), "at")
    for query in (
        merge.keep_newest,
        redshift_sql.latest_rows(Relation("s", "t"), columns, *[["id"]] * 2),
    ):
        assert 'AS "version_rank__"' in query
        assert query.endswith('WHERE "version_rank__" = 1')


def test_a_table_is_rewritten_with_its_names_as_they_are():
    have = {"a  b": "INTEGER", "c": "INTEGER"}
    layout = Layout(key=("a  b",), sortkey=("c",))
    made, filled, *_ = table_sql.rewrite_table(Relation("s", "t  u"), have, have, layout)
    assert made == (
        'CREATE TABLE "s"."t  u_new" ("a  b" INTEGER NOT NULL, "c" INTEGER, PRIMARY KEY ("a  b"))'
        ' COMPOUND SORTKEY ("c")'
    )
    assert '("a  b", "c") SELECT "a  b", "c" FROM "s"."t  u"' in filled
