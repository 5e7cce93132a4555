"""How far one window is in the spool, against what the lake has of it."""

from __future__ import annotations

import enum
from collections.abc import Callable

from pipeline.spool.folder import Spool


class SpoolState(enum.Enum):
    """How far a window is in the spool."""

    EMPTY = "neither planned nor in the lake"
    PLANNED = "planned, not in the lake"
    UPLOADED = "in the lake, its rows are kept for ConvertCSV"
    STALE = "uploaded before, but its lake marker was deleted: it is to be read again"
    OVERTAKEN = "in the lake, and cleared by the run that is done with it"

    @property
    def has_plan(self) -> bool:
        """Whether there is a plan to go by."""
        return self in (SpoolState.PLANNED, SpoolState.UPLOADED)


def state_of(spool: Spool, is_in_lake: Callable[[], bool]) -> SpoolState:
    """The state of a window's spool; `is_in_lake` is called only where the folder alone does not tell."""
    if not spool.plan_path.exists():
        return SpoolState.OVERTAKEN if is_in_lake() else SpoolState.EMPTY
    if not spool.is_uploaded:
        return SpoolState.PLANNED
    return SpoolState.UPLOADED if is_in_lake() else SpoolState.STALE
