"""Instructions for reading a window from the source again."""

from __future__ import annotations

from pipeline.lake.stages import CSV, LAKE
from pipeline.lake.window import LakeWindow

REREAD = "delete the window's lake marker and CSV marker: the window is read again"


def markers_to_delete(lake_window: LakeWindow) -> str:
    """The URLs of the two markers to delete so that the window is read again."""
    return f"{lake_window.url(LAKE)} and {lake_window.url(CSV)}"


def after_fix(lake_window: LakeWindow) -> str:
    """The last line of a message about a bad value: the lake holds it even after the source is fixed."""
    markers = markers_to_delete(lake_window)
    return f"\nAfter the source is fixed, delete {markers}: the window is read again"
