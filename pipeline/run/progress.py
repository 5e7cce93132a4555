"""Progress callback of a step."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, float | None], None]
"""Called with a short text and the fraction done (0 to 1), None if unknown."""


def silent(_message: str, _share: float | None) -> None:
    """Discard progress."""
