"""How a person has a window read again from the source."""

from __future__ import annotations

from pipeline.lake.stages import CSV, LAKE
from pipeline.lake.window import LakeWindow

REREAD = "delete the window's lake marker and CSV marker: the window is read again"


def markers_to_delete(lake_window: LakeWindow) -> str:
    """The two markers without which a window is read again from the source, by their addresses."""
    return f"{lake_window.url(LAKE)} and {lake_window.url(CSV)}"


def after_fix(lake_window: LakeWindow) -> str:
    """The last line of a message about a value in the source: the lake still has it as it was."""
    markers = markers_to_delete(lake_window)
    return f"\nAfter the source is fixed, delete {markers}: the window is read again"
