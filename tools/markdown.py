"""Pieces of the generated pages."""

from __future__ import annotations

from collections.abc import Sequence


def first_line(text: str | None) -> str:
    """The first line of a docstring."""
    return (text or "").strip().splitlines()[0]


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table."""
    lines = [headings, ["---" for _ in headings], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"
