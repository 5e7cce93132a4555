"""Tell statements that only read from those that may write, by their text in the server's process list.

A statement that is not recognised counts as a writing one, and holds windows back until it ends.
"""

from __future__ import annotations

import re

# White space, opening brackets and comments: not /*! … */ and /*M! … */, which the server runs.
_BEFORE_KEYWORD = re.compile(
    r"(?:[\s(]|/\*(?!M?!)(?:[^*]|\*(?!/))*\*/|#[^\n]*(?:\n|\Z)|--(?=[\s\x00-\x1f])[^\n]*(?:\n|\Z))*"
)
_KEYWORD = re.compile(r"[A-Za-z]+")
_READING = {"SELECT", "SHOW", "VALUES", "TABLE", "CHECKSUM", "HELP"}
# Readers unless another verb follows: WITH … UPDATE, and ANALYZE or EXPLAIN ANALYZE, which run it.
_READING_ALONE = {"WITH", "EXPLAIN", "DESCRIBE", "DESC", "ANALYZE"}
_INTO = re.compile(r"\bINTO\b", re.IGNORECASE)
_WRITING_VERB = re.compile(r"\b(?:INSERT|UPDATE|DELETE|REPLACE|LOAD|CALL)\b", re.IGNORECASE)


def only_reads(statement: str, *, is_whole: bool = True) -> bool:
    """Whether the statement, or its beginning where it is not whole, shows that it writes no row.

    The process list shows the inner statement of a trigger or a function, such as SELECT … INTO variable. Two
    are not recognised (docs/cursors.md): a SELECT that calls a writing function, and a cursor's within one.

    >>> only_reads("/* report 7 */ (SELECT SLEEP(40))"), only_reads("WITH t AS (SELECT 1) DELETE FROM u")
    (True, False)
    """
    start = _BEFORE_KEYWORD.match(statement)
    keyword = _KEYWORD.match(statement, start.end() if start else 0)
    verb = keyword[0].upper() if keyword else ""
    if not is_whole or _INTO.search(statement):
        return False
    if verb in _READING:
        return True
    return verb in _READING_ALONE and not _WRITING_VERB.search(statement)
