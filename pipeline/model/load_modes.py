"""The names of the load modes in definitions, markers and the ledger; `warehouse/modes` implements them."""

from __future__ import annotations

from typing import Literal

LoadModeName = Literal["merge", "append", "replace"]


def is_snapshot(mode: str) -> bool:
    """Whether a load in this mode replaces the whole table."""
    return mode == "replace"
