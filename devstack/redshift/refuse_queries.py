"""Refusal of parts of queries that PostgreSQL accepts and Redshift does not.

Source: Amazon Redshift Database Developer Guide, "Unsupported PostgreSQL features" (value expressions,
VALUES lists, system columns, inheritance), "Unsupported PostgreSQL functions", "Window function syntax
summary" (frames), "WITH clause", "SELECT", "UPDATE".
"""

from __future__ import annotations

from devstack.redshift.errors import RedshiftError, not_supported, syntax_error
from devstack.redshift.tokens import STRING, Tokens, closing, find, starts, words

_WRITING = words("insert update delete merge")
_NO_TYPES = words("json jsonb uuid bytea xml money inet cidr macaddr tsvector tsquery")
_SYSTEM_COLUMNS = words("tableoid xmin cmin xmax cmax ctid")
_FRAMED = words(
    "avg count max min sum stddev stddev_samp stddev_pop variance var_samp var_pop first_value last_value "
    "nth_value"
)


def refuse_queries(tokens: Tokens) -> None:
    """Raise RedshiftError if a query of the statement uses a feature that Redshift lacks."""
    _refuse_constant_tables(tokens)
    for at in range(len(tokens)):
        _refuse_expression(tokens, at)
        _refuse_type(tokens, at)
        _refuse_window(tokens, at)
    if starts(tokens, "update") and starts(tokens, "(", at=find(tokens, "set") + 1):
        raise syntax_error("(")


def _refuse_constant_tables(tokens: Tokens) -> None:
    """Refuse VALUES outside of INSERT, and WITH outside of queries."""
    if tokens[0].key == "values":
        raise syntax_error(tokens[0].text)
    for at, token in enumerate(tokens[:-1]):
        inner = tokens[at + 1]
        before = tokens[at - 1].key if at else ""
        if token.key != "(" or before not in ("from", "join", ",", "as", "("):
            continue
        if inner.key == "values":
            raise syntax_error(inner.text)
        if before == "as" and tokens[0].key == "with" and inner.key in _WRITING:
            raise syntax_error(inner.text)


def _refuse_expression(tokens: Tokens, at: int) -> None:
    token, after = tokens[at], at + 1
    if token.key == "row" and starts(tokens, "(", at=after):
        raise not_supported("Row constructors are not supported")
    if token.key == "is":
        distinct = after + starts(tokens, "not", at=after)
        if starts(tokens, "distinct", "from", at=distinct):
            raise syntax_error(tokens[distinct].text)
    if token.key in ("except", "intersect", "minus") and starts(tokens, "all", at=after):
        raise not_supported(f"{token.key.upper()} ALL is not supported")
    if token.key in ("from", "join") and starts(tokens, "only", at=after):
        raise syntax_error(tokens[after].text)
    if token.name in _SYSTEM_COLUMNS and not (at and tokens[at - 1].key == "as"):
        raise RedshiftError(f'column "{token.name}" does not exist', "42703")


def _refuse_type(tokens: Tokens, at: int) -> None:
    """Refuse a cast to a type that Redshift lacks."""
    cast = tokens[at].key == "::" or (
        tokens[at].key == "as" and at + 2 < len(tokens) and tokens[at + 2].key == ")"
    )
    name = tokens[at + 1].name if cast and at + 1 < len(tokens) else ""
    if name in _NO_TYPES and tokens[at + 1].kind != STRING:
        raise RedshiftError(f'type "{name}" does not exist', "42704")


def _refuse_window(tokens: Tokens, at: int) -> None:
    if starts(tokens, "window", at=at) and starts(tokens, "as", "(", at=at + 2):
        raise syntax_error(tokens[at].text)
    if not starts(tokens, "over", "(", at=at):
        return
    window = tokens[at + 2 : closing(tokens, at + 1)]
    if (frame := max(find(window, "range"), find(window, "groups"))) >= 0:
        raise syntax_error(window[frame].text)
    ordered = find(window, "order", "by") >= 0
    if ordered and find(window, "rows") < 0 and _function_before(tokens, at) in _FRAMED:
        raise not_supported(
            "Aggregate window functions with an ORDER BY clause require a frame clause"
        )


def _function_before(tokens: Tokens, over: int) -> str:
    """The function that OVER belongs to; empty for none."""
    depth = 0
    for at in range(over - 1, 0, -1):
        depth += (tokens[at].key == ")") - (tokens[at].key == "(")
        if depth == 0 and tokens[at].key == "(":
            return tokens[at - 1].key
    return ""
