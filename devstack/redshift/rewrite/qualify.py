"""QUALIFY: a filter on window functions, rewritten as a subquery with the condition as a column.

    SELECT items FROM … WHERE … QUALIFY condition
becomes
    SELECT items FROM (SELECT items, (condition) AS keep FROM … WHERE …) WHERE keep
where a star becomes the whole row of each relation, since its columns are unknown here.
Source: Amazon Redshift Database Developer Guide, "QUALIFY clause".
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from devstack.redshift.errors import syntax_error
from devstack.redshift.tokens import (
    OPERATOR,
    Token,
    Tokens,
    closing,
    find,
    parse,
    qualified_name,
    quote,
    split,
    sql_of,
    starts,
    words,
)

_AFTER = ("order", "limit", "offset", "union", "except", "intersect", "minus", "fetch")
_CLAUSES = ("where", "group", "having")
_OPERATORS = words("and or not is in like ilike between case when then else distinct")
_JOINS = words("join inner left right full cross natural outer on using")


def rewrite_qualify(tokens: Tokens) -> Tokens:
    """The statement without QUALIFY, including subqueries and common table expressions."""
    if not any(token.key == "qualify" for token in tokens):
        return tokens
    tokens = _within_parentheses(tokens)
    while (at := find(tokens, "qualify")) >= 0:
        tokens = _rewrite_one(tokens, at)
    return tokens


def _within_parentheses(tokens: Tokens) -> Tokens:
    rewritten: Tokens = []
    at = 0
    while at < len(tokens):
        rewritten.append(tokens[at])
        if tokens[at].key == "(":
            end = closing(tokens, at)
            rewritten += rewrite_qualify(tokens[at + 1 : end])
            rewritten.append(tokens[end])
            at = end
        at += 1
    return rewritten


@dataclass(frozen=True)
class _Item:
    """An item of a SELECT list: its expression, its name, and whether the name is explicit."""

    expression: Tokens
    name: str
    aliased: bool
    star_of: str | None = None


def _rewrite_one(tokens: Tokens, at: int) -> Tokens:
    start = max(i for i in range(at) if tokens[i].key == "select" and _depth(tokens, i) == 0)
    end = min([i for word in _AFTER if (i := find(tokens, word, start=at)) >= 0] + [len(tokens)])
    body = tokens[start + 1 : at]
    distinct = ""
    if body and body[0].key in ("distinct", "all"):
        distinct, body = body[0].text, body[1:]
    source_at = find(body, "from")
    if source_at < 0:
        raise syntax_error(tokens[at].text)
    source = body[source_at:]
    relations = _relations(source)
    if not any(find(source, word) >= 0 for word in _CLAUSES) and not relations[-1][1]:
        # Without an alias, Redshift parses QUALIFY as one.
        raise syntax_error(tokens[at + 1].text if at + 1 < end else ";")
    items = [_item(part) for part in split(body[:source_at])]
    condition = _with_aliases(tokens[at + 1 : end], items)
    inner, outer = [], []
    for number, item in enumerate(items):
        if item.star_of is None:
            inner.append(f"{sql_of(item.expression)} AS standin_{number}")
            outer.append(f"standin_q.standin_{number} AS {quote(item.name)}")
            continue
        rows = [name for name, _ in relations if item.star_of in ("", name)]
        for index, name in enumerate(rows):
            inner.append(f"{quote(name)} AS standin_{number}_{index}")
            outer.append(f"(standin_q.standin_{number}_{index}).*")
    text = (
        f"SELECT {distinct} {', '.join(outer)} FROM (SELECT {', '.join(inner)},"
        f" ({sql_of(condition)}) AS standin_keep {sql_of(source)}) AS standin_q"
        " WHERE standin_q.standin_keep"
    )
    replaced = parse(text)
    replaced[0] = Token(replaced[0].kind, replaced[0].text, tokens[start].space or " ")
    return [*tokens[:start], *replaced, *_unqualified(tokens[end:])]


def _depth(tokens: Tokens, at: int) -> int:
    return sum((t.key == "(") - (t.key == ")") for t in tokens[:at])


def _item(part: Tokens) -> _Item:
    if part and part[-1].key == "*" and (len(part) == 1 or part[-2].key == "."):
        return _Item(part, "", False, part[-3].name if len(part) > 1 else "")
    if len(part) > 2 and part[-2].key == "as":
        return _Item(part[:-2], part[-1].name, True)
    if len(part) > 1 and part[-1].name and part[-1].key != "end":
        before = part[-2]
        if before.key == ")" or (before.kind != OPERATOR and before.key not in _OPERATORS):
            return _Item(part[:-1], part[-1].name, True)
    if part and part[-1].name and part[-1].key != "end":
        return _Item(part, part[-1].name, False)
    return _Item(part, part[0].key if starts(part, "(", at=1) else "?column?", False)


def _relations(source: Tokens) -> list[tuple[str, bool]]:
    """The relations of a FROM clause: name, and whether it is an alias."""
    stop = min([i for word in _CLAUSES if (i := find(source, word)) >= 0] + [len(source)])
    relations: list[tuple[str, bool]] = []
    at, wanted = 1, True
    while at < stop:
        if wanted:
            if source[at].key == "(":
                name, at = "", closing(source, at) + 1
            else:
                parts, at = qualified_name(source, at)
                name = parts[-1] if parts else ""
                at += not parts
            at += starts(source[:stop], "as", at=at)
            aliased = at < stop and bool(source[at].name) and source[at].key not in _JOINS
            if aliased:
                name, at = source[at].name, at + 1
            relations.append((name, aliased))
            wanted = False
            continue
        if source[at].key == "(":
            at = closing(source, at)
        wanted = source[at].key in (",", "join")
        at += 1
    return relations or [("", False)]


def _with_aliases(condition: Tokens, items: list[_Item]) -> Tokens:
    """The condition with names of the SELECT list replaced by their expressions."""
    known = {item.name: item.expression for item in items if item.aliased}
    rewritten: Tokens = []
    for index, token in enumerate(condition):
        column = starts(condition, ".", at=index - 1) or starts(condition, "(", at=index + 1)
        if token.name in known and token.name and not column:
            rewritten += [
                Token(OPERATOR, "(", token.space or " "),
                *known[token.name],
                Token(OPERATOR, ")"),
            ]
        else:
            rewritten.append(token)
    return rewritten


def _unqualified(rest: Tokens) -> Tokens:
    """An ORDER BY with columns of the outer query: "t.a" becomes "a"."""
    if not starts(rest, "order", "by"):
        return rest
    rewritten: Tokens = []
    space = ""
    for index, token in enumerate(rest):
        qualifier = token.name and starts(rest, ".", at=index + 1)
        if qualifier or (token.key == "." and index and rest[index - 1].name):
            space = space or token.space
            continue
        rewritten.append(replace(token, space=space or token.space))
        space = ""
    return rewritten
