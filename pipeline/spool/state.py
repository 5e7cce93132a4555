"""The state of a window in the spool, compared with the lake."""

from __future__ import annotations

import enum
from collections.abc import Callable

from pipeline.spool.folder import Spool


class SpoolState(enum.Enum):
    """The progress of a window in the spool."""

    EMPTY = "neither planned nor in the lake"
    PLANNED = "planned, not in the lake"
    UPLOADED = "in the lake, its rows kept for ConvertCSV"
    STALE = "uploaded, but its lake marker was deleted: to be read again"
    OVERTAKEN = "in the lake, and cleared by the run that finished it"

    @property
    def has_plan(self) -> bool:
        """Whether there is a valid plan."""
        return self in (SpoolState.PLANNED, SpoolState.UPLOADED)


def state_of(spool: Spool, is_in_lake: Callable[[], bool]) -> SpoolState:
    """The state of a window's spool; `is_in_lake` is called only where the folder leaves it open."""
    if not spool.plan_path.exists():
        return SpoolState.OVERTAKEN if is_in_lake() else SpoolState.EMPTY
    if not spool.is_uploaded:
        return SpoolState.PLANNED
    return SpoolState.UPLOADED if is_in_lake() else SpoolState.STALE
