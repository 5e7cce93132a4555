"""Removal of parts that no marker names: those of a run that failed, or of an earlier extraction."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from pipeline.lake.stages import AnyStage
from pipeline.lake.window import LakeWindow
from pipeline.model.markers import Part


def remove_strays(
    lake_window: LakeWindow, stage: AnyStage, folder: str, named: Iterable[str], own: Iterable[Part]
) -> None:
    """Delete what a stage's folder has besides its marker and the keys that the marker names.

    Only objects that are not newer than the marker, by the second, and this process's `own`: a run that reads
    the window again deletes the marker first, so that its parts are newer.
    """
    store, marker = lake_window.store, lake_window.key(stage)
    kept = {marker, *named}
    others = [stored.key for stored in store.list(folder) if stored.key not in kept]
    if others:
        store.delete(_removable(lake_window, marker, others, {part.key for part in own}))


def _removable(
    lake_window: LakeWindow, marker: str, keys: Iterable[str], own: Collection[str]
) -> list[str]:
    store = lake_window.store
    finished = store.modified(marker)
    if finished is None:  # deleted: another run reads the window again
        return []
    written = {key: store.modified(key) for key in keys}
    return [key for key, at in written.items() if key in own or (at and at <= finished)]
