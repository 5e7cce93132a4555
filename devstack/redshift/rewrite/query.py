"""Functions and clauses with a different spelling in PostgreSQL.

Source: Amazon Redshift Database Developer Guide, the pages of the functions named below.
"""

from __future__ import annotations

from devstack.redshift.errors import syntax_error
from devstack.redshift.plan import Session
from devstack.redshift.tokens import (
    NUMBER,
    OPERATOR,
    STRING,
    WORD,
    Token,
    Tokens,
    closing,
    parse,
    split,
    sql_of,
    starts,
)

_RENAMED = {"nvl": "coalesce", "minus": "except"}
_PART_FIRST = {"dateadd", "datediff", "date_add", "date_diff"}


def rewrite_query(tokens: Tokens, session: Session) -> Tokens:
    """A query or data-changing statement in PostgreSQL's spelling."""
    tokens = _limit_top(_rewrite_words(tokens))
    rewritten: Tokens = []
    at = 0
    while at < len(tokens):
        token = tokens[at]
        if token.kind == WORD and starts(tokens, "(", at=at + 1):
            end = closing(tokens, at + 1)
            if (call := _rewrite_call(token, tokens, at + 2, end, session)) is not None:
                replacement, at = call
                rewritten += replacement
                continue
        rewritten.append(token)
        at += 1
    return rewritten


def _rewrite_words(tokens: Tokens) -> Tokens:
    rewritten: Tokens = []
    for index, token in enumerate(tokens):
        key = "" if starts(tokens, ".", at=index - 1) else token.key
        if key == "pg_class" and index and tokens[index - 1].key in ("from", "join", ","):
            rewritten.append(token.with_text("standin.pg_class"))  # has long names in full
        elif key == "sysdate":
            rewritten.append(token.with_text("pg_catalog.sysdate()"))
        elif key in _RENAMED:
            rewritten.append(token.with_text(_RENAMED[key]))
        elif key != "approximate" or not starts(tokens, "count", at=index + 1):
            rewritten.append(token)
    return rewritten


def _limit_top(tokens: Tokens) -> Tokens:
    """SELECT TOP n … as SELECT … LIMIT n; only for the outermost query."""
    if not (starts(tokens, "select", "top") and len(tokens) > 3 and tokens[2].kind == NUMBER):
        return tokens
    limit = parse(f" LIMIT {tokens[2].text}")
    return [tokens[0], *tokens[3:], *limit]


def _number_token(token: Token, number: int) -> Tokens:
    return [
        token.with_text("(", OPERATOR),
        Token(OPERATOR, "("),
        Token(NUMBER, str(number)),
        Token(OPERATOR, ")"),
        Token(OPERATOR, "::"),
        Token(WORD, "bigint"),
        Token(OPERATOR, ")"),
    ]


def _rewrite_call(
    token: Token, tokens: Tokens, start: int, end: int, session: Session
) -> tuple[Tokens, int] | None:
    """The replacement of a function call with arguments tokens[start:end], and the index after it.

    None if the call is unchanged.
    """
    name = token.key
    known = {
        "pg_last_copy_count": session.last_copy_count,
        "pg_last_copy_id": session.last_copy_id,
        "pg_last_query_id": session.last_query_id,
    }
    if name in known and start == end:
        return _number_token(token, known[name]), end + 1
    if name not in (*_PART_FIRST, "nvl2", "decode", "listagg", "convert", "median"):
        return None
    arguments = [rewrite_query(part, session) for part in split(tokens[start:end])]
    if name in _PART_FIRST:
        return _part_call(token, arguments), end + 1
    if name == "nvl2" and len(arguments) == 3:
        first, second, third = (sql_of(part) for part in arguments)
        text = f"CASE WHEN ({first}) IS NOT NULL THEN {second} ELSE {third} END"
    elif name == "decode" and len(arguments) > 2:
        text = _decode([sql_of(part) for part in arguments])
    elif name == "listagg":
        return _listagg(token, tokens, arguments, end, session)
    elif name == "convert" and len(arguments) == 2:
        text = f"CAST({sql_of(arguments[1])} AS {sql_of(arguments[0])})"
    elif name == "median" and len(arguments) == 1:
        text = f"percentile_cont(0.5) WITHIN GROUP (ORDER BY {sql_of(arguments[0])})"
    else:
        return None
    return _placed(token, text), end + 1


def _placed(token: Token, text: str) -> Tokens:
    """The tokens of a text, with the white space of `token`."""
    first, *others = parse(text)
    return [Token(first.kind, first.text, token.space), *others]


def _part_call(token: Token, arguments: list[Tokens]) -> Tokens:
    """DATEADD and DATEDIFF with their date part as a string."""
    if len(arguments) != 3:
        raise syntax_error(")")
    part = arguments[0][0]
    name = {"date_add": "dateadd", "date_diff": "datediff"}.get(token.key, token.key)
    if part.kind == WORD and len(arguments[0]) == 1:
        part = Token(STRING, f"'{part.key}'")
    others = ", ".join(sql_of(argument) for argument in arguments[1:])
    return _placed(token, f"pg_catalog.{name}({part.text}, {others})")


def _decode(arguments: list[str]) -> str:
    """DECODE(x, a, b, …, otherwise), in which NULL matches NULL."""
    subject, rest = arguments[0], arguments[1:]
    cases = "".join(
        f" WHEN ({subject}) IS NOT DISTINCT FROM ({rest[i]}) THEN {rest[i + 1]}"
        for i in range(0, len(rest) - 1, 2)
    )
    otherwise = f" ELSE {rest[-1]}" if len(rest) % 2 else ""
    return f"CASE{cases}{otherwise} END"


def _listagg(
    token: Token, tokens: Tokens, arguments: list[Tokens], end: int, session: Session
) -> tuple[Tokens, int]:
    """LISTAGG([DISTINCT] x [, d]) [WITHIN GROUP (ORDER BY …)] as string_agg."""
    value, order, after = sql_of(arguments[0]), "", end + 1
    separator = sql_of(arguments[1]) if len(arguments) > 1 else "''"
    if starts(tokens, "within", "group", "(", at=after):
        last = closing(tokens, after + 2)
        order = " " + sql_of(rewrite_query(tokens[after + 3 : last], session))
        after = last + 1
    distinct = "DISTINCT " if arguments[0][0].key == "distinct" else ""
    if distinct:
        value = sql_of(arguments[0][1:])
    text = f"string_agg({distinct}({value})::varchar, {separator}{order})"
    return _placed(token, text), after
