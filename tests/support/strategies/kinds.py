"""A column type with literals of its values.

A literal need not fit: the session is not strict, so MySQL makes of it what it stores, and the oracle asks
MySQL for that. Zero dates, NUL bytes and texts beyond 65,535 bytes are left to the tests of their policies.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hypothesis import strategies as st

Literals = st.SearchStrategy[str]


@dataclass(frozen=True)
class Kind:
    """A column type with its parameters, and literals of its values; none for a computed column."""

    ddl: str
    edges: tuple[str, ...] = ()
    """The values that something is most likely to go wrong with."""
    literals: Literals | None = None

    def __repr__(self) -> str:
        return self.ddl


Kinds = st.SearchStrategy[Kind]


def kind(ddl: str, edges: Iterable[str], drawn: Literals | None = None) -> Kind:
    """A type whose values are drawn, or one of the edges."""
    ends = tuple(edges)
    one_of_them = st.sampled_from(ends)
    return Kind(ddl, ends, one_of_them if drawn is None else st.one_of(one_of_them, drawn))
