"""How a step says how far it is, without knowing who listens."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, float | None], None]
"""Called with a short text and, where it is known, the share done from 0 to 1."""


def silent(_message: str, _share: float | None) -> None:
    """Nobody listens."""
