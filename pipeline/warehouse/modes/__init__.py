"""The load modes: one module each, with the interface `window_load.LoadMode`, and one line here."""

from __future__ import annotations

from pipeline.model.load_modes import LoadModeName
from pipeline.warehouse.modes import append, merge, replace
from pipeline.warehouse.window_load import LoadMode

MODES: dict[LoadModeName, LoadMode] = {"merge": merge, "append": append, "replace": replace}
