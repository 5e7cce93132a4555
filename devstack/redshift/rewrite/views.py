"""Views, and late-binding views, which are stored as text and expanded in each query that names one.

A placeholder view in PostgreSQL's catalogue holds the name, the owner and the rights; the text is in
standin.late_view. A late-binding view can therefore be created before its tables exist and survives
changes to them.
Source: Amazon Redshift Database Developer Guide, "CREATE VIEW".
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from devstack.redshift.backend import literal
from devstack.redshift.errors import RedshiftError, syntax_error
from devstack.redshift.plan import Run, Session
from devstack.redshift.rewrite.table import regclass
from devstack.redshift.tokens import (
    OPERATOR,
    QUOTED,
    WORD,
    Token,
    Tokens,
    closing,
    find,
    parse,
    qualified_name,
    quote,
    sql_of,
    starts,
    words,
)

_BINDING = ("with", "no", "schema", "binding")
_AFTER_TABLE = words(
    "where join inner left right full cross natural on using group order having limit union "
    "except minus intersect qualify set when offset fetch window"
)


class LateViews:
    """The late-binding views of a server.

    `known` are the unqualified names of all ever created: a query without any of them is skipped.
    """

    def __init__(self, known: set[str]) -> None:
        self._known = known
        self._lock = threading.Lock()

    def rewrite_create(
        self,
        tokens: Tokens,
        session: Session,
        rewrite: Callable[[Tokens, Session], Tokens],
    ) -> Run:
        """CREATE [OR REPLACE] VIEW name [(columns)] AS query [WITH NO SCHEMA BINDING]."""
        at = find(tokens, "view") + 1
        name, after = qualified_name(tokens, at)
        query_at = find(tokens, "as", start=after)
        if not name or query_at < 0:
            raise syntax_error(tokens[-1].text)
        if not starts(tokens, *_BINDING, at=len(tokens) - 4):
            query = rewrite(tokens[query_at + 1 :], session)
            return Run(f"{sql_of(tokens[: query_at + 1])} {sql_of(query)}")
        query = tokens[query_at + 1 : -4]
        _require_qualified(query)
        columns = sql_of(tokens[after:query_at])
        text = f"SELECT * FROM ({sql_of(query)}) AS late {columns}" if columns else sql_of(query)
        with self._lock:
            self._known.add(name[-1])
        replace = "OR REPLACE " if starts(tokens, "create", "or", "replace") else ""
        view = ".".join(quote(part) for part in name)
        return Run(
            f"CREATE {replace}VIEW {view} AS SELECT NULL::varchar AS late_binding_view",
            after=(
                f"INSERT INTO standin.late_view VALUES ({regclass(name)}, {literal(text)})"
                " ON CONFLICT (relid) DO UPDATE SET query = excluded.query",
            ),
        )

    def expand(self, tokens: Tokens, session: Session, depth: int = 0) -> Tokens:
        """The query with each late-binding view replaced by its text."""
        if not any(token.name in self._known for token in tokens if token.name):
            return tokens
        if depth > 32:
            raise RedshiftError("infinite recursion detected in rules for a view", "42P17")
        expanded: Tokens = []
        at, previous = 0, 0
        for at, (name, after) in sorted(table_references(tokens).items()):
            if name[-1] not in self._known or (text := _text(name, session)) is None:
                continue
            body = self.expand(parse(text), session, depth + 1)
            expanded += [
                *tokens[previous:at],
                Token(OPERATOR, "(", " "),
                *body,
                Token(OPERATOR, ")"),
            ]
            if not _has_alias(tokens, after):
                expanded += [Token(WORD, "AS", " "), Token(QUOTED, quote(name[-1]), " ")]
            previous = after
        return [*expanded, *tokens[previous:]]


def _text(name: list[str], session: Session) -> str | None:
    target = literal(".".join(quote(part) for part in name[-2:]))
    rows = session.lookup(
        f"SELECT query FROM standin.late_view WHERE relid = to_regclass({target})"
    )
    return rows[0][0] if rows else None


def _has_alias(tokens: Tokens, at: int) -> bool:
    if starts(tokens, "as", at=at):
        return True
    return at < len(tokens) and bool(tokens[at].name) and tokens[at].key not in _AFTER_TABLE


def table_references(tokens: Tokens) -> dict[int, tuple[list[str], int]]:
    """The table names of a query: index to (name, index after the name).

    Names follow FROM, JOIN or USING, and commas in a FROM list.
    """
    references: dict[int, tuple[list[str], int]] = {}
    for index, token in enumerate(tokens):
        if token.key in ("from", "join", "using") and not _is_argument(tokens, index):
            _read_list(tokens, index + 1, references)
    return references


def _is_argument(tokens: Tokens, index: int) -> bool:
    """Whether a FROM belongs to a function, such as EXTRACT(year FROM x), or to IS DISTINCT FROM."""
    if tokens[index - 1].key == "distinct":
        return True
    depth = 0
    for at in range(index - 1, -1, -1):
        key = tokens[at].key
        if key == ")":
            depth += 1
        elif key == "(":
            if depth == 0:
                return tokens[at - 1].key in ("extract", "trim", "substring", "overlay", "position")
            depth -= 1
        elif depth == 0 and key in ("select", "delete", "update", "merge"):
            return False
    return False


def _read_list(tokens: Tokens, at: int, references: dict[int, tuple[list[str], int]]) -> None:
    while at < len(tokens):
        name, after = qualified_name(tokens, at)
        if name and not starts(tokens, "(", at=after):
            references[at] = (name, after)
        elif starts(tokens, "(", at=at):
            after = closing(tokens, at) + 1
        else:
            return
        if starts(tokens, "as", at=after):
            after += 1
        if _has_alias(tokens, after):
            after += 1
        if starts(tokens, "(", at=after):
            after = closing(tokens, after) + 1
        if not starts(tokens, ",", at=after):
            return
        at = after + 1


def _require_qualified(query: Tokens) -> None:
    """Source: "CREATE VIEW": all names in a late-binding view must be qualified by their schema."""
    common = {
        token.name
        for index, token in enumerate(query)
        if token.name and starts(query, "as", "(", at=index + 1)
    }
    for name, _ in table_references(query).values():
        if len(name) < 2 and name[0] not in common:
            raise RedshiftError(
                "All the relation names inside should be qualified when creating VIEW WITH NO "
                "SCHEMA BINDING.",
                "42P01",
            )
