"""Results as Markdown: tables, sizes, what could not be measured."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

_LONGEST_MESSAGE = 300


def table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table; all columns but the first are set to the right."""
    lines = [headings, ["---", *["---:"] * (len(headings) - 1)], *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def megabytes(size: float | None) -> str:
    """Bytes as MB; a dash for none."""
    return f"{size / 1e6:,.1f}" if size else "–"


def failures(contestants: Iterable[dict[str, Any]]) -> list[str]:
    """A paragraph about the contestants that failed; none where all ran."""
    lines = [
        f"- {each['label']}: `{' '.join(each['error'].split())[-_LONGEST_MESSAGE:]}`"
        for each in contestants
        if each["error"]
    ]
    return ["What could not be measured:\n\n" + "\n".join(lines)] if lines else []
