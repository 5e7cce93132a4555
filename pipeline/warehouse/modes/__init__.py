"""The load modes: a module each (`window_load.LoadMode` is its interface), named in `model.load_modes`."""

from __future__ import annotations

from pipeline.model.load_modes import LoadModeName
from pipeline.warehouse.modes import append, merge, replace
from pipeline.warehouse.window_load import LoadMode

_MODES: tuple[LoadMode, ...] = (merge, append, replace)
MODES: dict[LoadModeName, LoadMode] = {mode.name: mode for mode in _MODES}
