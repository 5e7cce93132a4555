"""Delete the markers of a window, so that the next run does its stages again."""

from __future__ import annotations

import argparse
from datetime import date

from pipeline.cli.output import say
from pipeline.config.settings import settings
from pipeline.config.yaml_loader import table_named
from pipeline.errors import ConfigurationError
from pipeline.lake.s3 import store
from pipeline.lake.stages import CSV, LAKE, LOAD, VIEWS, AnyStage
from pipeline.lake.window import LakeWindow
from pipeline.model.window import Window

# A run that goes on meanwhile keeps its result only while its input is there: the source's marker is first.
STAGES_FROM: dict[str, tuple[AnyStage, ...]] = {
    "source": (LAKE, CSV, LOAD, VIEWS),
    "lake": (CSV, LOAD, VIEWS),
    "csv": (LOAD, VIEWS),
    "views": (VIEWS,),
}


def run(options: argparse.Namespace) -> int:
    """``redo``: print each marker that is deleted, and the command that does the window again."""
    if not (options.table and (options.date or options.window)):
        raise ConfigurationError(
            "nothing to redo is named",
            why="--table, and --date or --window, are required",
            todo="python -m pipeline redo --table shop.orders --date 2025-08-01",
        )
    current = settings()
    table = table_named(current.run.configs, options.table, current.default_database)
    lake_window = LakeWindow(store(current.lake), table.name, _window(options))
    for stage in STAGES_FROM[options.start]:
        existed = lake_window.has(stage)
        lake_window.delete(stage)
        say(f"{'deleted' if existed else 'absent '}  {lake_window.url(stage)}")
    name = lake_window.window.name
    say(f"now run: luigi --module pipeline RefreshViews --table {table.name} --window {name}")
    return 0


def _window(options: argparse.Namespace) -> Window:
    try:
        if options.window:
            return Window.parse(options.window)
        return Window.day(date.fromisoformat(options.date))
    except ValueError as error:
        raise ConfigurationError(
            "the window is not understood",
            why=str(error),
            todo="--date 2025-08-01, or --window 20250801T000000Z_20250801T010000Z",
        ) from None
