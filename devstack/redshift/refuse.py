"""Refusal of constructs that PostgreSQL accepts and Redshift does not.

Source: Amazon Redshift Database Developer Guide, "Unsupported PostgreSQL features", "Unsupported
PostgreSQL data types", "Unsupported PostgreSQL functions"; wordings from public issue trackers
where the guide gives none.
"""

from __future__ import annotations

from devstack.redshift.errors import RedshiftError, not_supported, syntax_error
from devstack.redshift.refuse_queries import refuse_queries
from devstack.redshift.tokens import STRING, WORD, Tokens, find, sql_of, starts, words

_CREATED = {
    "domain": "CREATE DOMAIN is not supported",
    "type": "CREATE TYPE is not supported",
    "trigger": "CREATE TRIGGER is not supported",
    "extension": "CREATE EXTENSION is not supported",
    "rule": "CREATE RULE is not supported",
    "sequence": "CREATE SEQUENCE is not supported",
    "tablespace": "CREATE TABLESPACE is not supported",
    "aggregate": "CREATE AGGREGATE is not supported",
    "operator": "CREATE OPERATOR is not supported",
    "cast": "CREATE CAST is not supported",
    "collation": "CREATE COLLATION is not supported",
    "foreign": "CREATE FOREIGN TABLE is not supported",
    "server": "CREATE SERVER is not supported",
    "publication": "CREATE PUBLICATION is not supported",
    "subscription": "CREATE SUBSCRIPTION is not supported",
    "statistics": "CREATE STATISTICS is not supported",
    "unlogged": "CREATE UNLOGGED TABLE is not supported",
}
_FIRST_WORDS = words(
    "cluster reindex listen notify unlisten load checkpoint discard do security import reassign "
    "savepoint release"
)
_FUNCTIONS = words(
    "array_agg string_agg json_agg jsonb_agg json_build_object jsonb_build_object row_to_json "
    "to_json to_jsonb jsonb_array_elements json_array_elements json_object_agg jsonb_object_agg "
    "format overlay regexp_match regexp_matches regexp_split_to_array "
    "regexp_split_to_table string_to_array array_to_string array_length make_date make_timestamp "
    "make_interval justify_days justify_hours justify_interval clock_timestamp "
    "statement_timestamp transaction_timestamp gen_random_uuid uuid_generate_v4 encode "
    "convert_from convert_to get_byte set_byte pg_sleep setval nextval currval lastval "
    "every xmlagg corr covar_pop covar_samp regr_avgx regr_avgy regr_count regr_intercept regr_r2 "
    "regr_slope regr_sxx regr_sxy regr_syy div setseed width_bucket bit_length quote_nullable "
    "generate_subscripts mode pg_advisory_lock pg_advisory_xact_lock"
)
_BODIES = {"procedure", "function"}
_QUERIES = words("select with insert update delete merge values declare") | {"("}


def refuse(tokens: Tokens) -> None:
    """Raise RedshiftError if the statement uses a feature that Redshift lacks."""
    first = tokens[0].key
    if first == "create":
        _refuse_create(tokens)
    if first in _FIRST_WORDS or starts(tokens, "set", "constraints"):
        raise syntax_error(tokens[0].text)
    if starts(tokens, "rollback", "to") or starts(tokens, "explain", "("):
        raise syntax_error(tokens[1].text)
    if starts(tokens, "explain", "analyze") or starts(tokens, "explain", "verbose", "analyze"):
        raise syntax_error("ANALYZE")
    if first == "drop" and len(tokens) > 1 and tokens[1].key in ("index", *_CREATED):
        raise not_supported(f'SQL command "{sql_of(tokens)}" not supported on Redshift tables.')
    _refuse_literals(tokens)
    _refuse_calls(tokens)
    if first in ("insert", "update", "delete", "merge", "with"):
        _refuse_writing(tokens)
    _refuse_querying(tokens)
    if query := _query_of(tokens):
        refuse_queries(query)


def _query_of(tokens: Tokens) -> Tokens:
    """The query that the statement is or contains; empty for none."""
    if not tokens:
        return []
    if tokens[0].key == "explain":
        return _query_of(tokens[1 + starts(tokens, "verbose", at=1) :])
    if tokens[0].key == "create" and not _BODIES & {token.key for token in tokens[:4]}:
        return _query_of(tokens[find(tokens, "as") + 1 :]) if find(tokens, "as") > 0 else []
    return tokens if tokens[0].key in _QUERIES else []


def _refuse_create(tokens: Tokens) -> None:
    heads = [token.key for token in tokens[1:5]]
    if "index" in heads[:3]:
        raise not_supported(f'SQL command "{sql_of(tokens)}" not supported on Redshift tables.')
    if heads[0] in _CREATED:
        raise not_supported(_CREATED[heads[0]])
    if heads[:2] == ["or", "replace"] and len(heads) > 2 and heads[2] in _CREATED:
        raise not_supported(_CREATED[heads[2]])
    if "table" in heads:
        if (at := find(tokens, "if", "not", "exists")) >= 0 and find(tokens, "as") > at:
            raise syntax_error(tokens[at].text)  # CREATE TABLE AS has no such clause
        for clause in ("tablespace", "inherits", "using"):
            if (at := find(tokens, clause)) >= 0 and find(tokens, "as") < 0:
                raise syntax_error(tokens[at].text)
        if find(tokens, "partition", "by") >= 0 and find(tokens, "as") < 0:
            raise syntax_error("PARTITION")


def _refuse_literals(tokens: Tokens) -> None:
    for index, token in enumerate(tokens[:-1]):
        following = tokens[index + 1]
        if token.kind == WORD and following.kind == STRING and not following.space:
            if token.key == "e":
                raise RedshiftError('type "e" does not exist', "42704")
            if token.key in ("b", "x", "u"):
                raise RedshiftError(f'type "{token.key}" does not exist', "42704")


def _refuse_calls(tokens: Tokens) -> None:
    for index, token in enumerate(tokens):
        if token.kind != WORD:
            continue
        called = starts(tokens, "(", at=index + 1)
        if called and token.key in _FUNCTIONS:
            if tokens[0].key == "create" and any(t.key in _BODIES for t in tokens[:4]):
                continue
            raise RedshiftError(
                f"function {token.key}() does not exist",
                "42883",
                hint="No function matches the given name and argument types. "
                "You may need to add explicit type casts.",
            )
        if token.key == "array" and starts(tokens, "[", at=index + 1):
            raise not_supported("Array constructors are not supported; use the ARRAY function")
        if called and token.key == "filter" and starts(tokens, "where", at=index + 2):
            raise syntax_error("(")


def _refuse_writing(tokens: Tokens) -> None:
    if (at := find(tokens, "returning")) >= 0:
        raise syntax_error(tokens[at].text)
    if tokens[0].key == "with" and (at := find(tokens, "merge", "into")) >= 0:
        raise syntax_error(tokens[at].text)
    if (at := find(tokens, "on", "conflict")) >= 0:
        raise syntax_error(tokens[at].text)


def _refuse_querying(tokens: Tokens) -> None:
    for index, token in enumerate(tokens):
        if token.key == "distinct" and starts(tokens, "on", "(", at=index + 1):
            raise not_supported("SELECT DISTINCT ON is not supported")
        if token.key == "lateral" and index and tokens[index - 1].key in ("join", ",", "from"):
            raise syntax_error(token.text)
        querying = tokens[0].key in ("select", "with")
        if querying and starts(tokens, "for", "update", at=index):
            raise not_supported("SELECT FOR UPDATE is not supported")
        if token.key == "tablesample":
            raise syntax_error(token.text)
