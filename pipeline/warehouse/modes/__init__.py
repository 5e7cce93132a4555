"""Load modes: one module each, and one line here. `window_load.LoadMode` says what a module has."""

from __future__ import annotations

from pipeline.model.load_modes import LoadModeName
from pipeline.warehouse.modes import append, merge, replace
from pipeline.warehouse.window_load import LoadMode

MODES: dict[LoadModeName, LoadMode] = {"merge": merge, "append": append, "replace": replace}
