"""How a person has a window read or converted again."""

from __future__ import annotations

from pipeline.lake.keys import Keys
from pipeline.lake.s3 import Store
from pipeline.model.window import Window


def markers_of(store: Store, keys: Keys, window: Window) -> str:
    """The two markers without which a window is read anew from the source, by their addresses."""
    markers = (keys.lake_marker(window), keys.csv_marker(window))
    return " and ".join(map(store.url, markers))


def once_mended(store: Store, keys: Keys, window: Window) -> str:
    """What to do after the source was mended, as the last line of a message: the lake has it as it was."""
    return f"\nOnce the source is mended, delete {markers_of(store, keys, window)}: the window is read anew"
