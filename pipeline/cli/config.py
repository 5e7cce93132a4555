"""Print the settings in effect."""

from __future__ import annotations

import argparse

from pydantic import BaseModel

from pipeline.cli.output import say
from pipeline.cli.text import aligned
from pipeline.config.settings import SECTIONS, Settings, settings, variables
from pipeline.errors import PipelineError


def run(_options: argparse.Namespace) -> int:
    """``config``: every setting with its value, secrets masked, and its environment variable."""
    rows: list[tuple[object, ...]] = []
    for name, model in SECTIONS.items():
        values = _section(settings(), name)
        for key, variable in variables(model).items():
            value = getattr(values, key, None)
            rows.append((f"[{name}]", key, None if value is None else str(value), variable))
    say(aligned(("section", "key", "value", "environment variable"), rows))
    return 0


def _section(current: Settings, name: str) -> BaseModel | None:
    """A section's settings, None where it is not configured."""
    try:
        values: BaseModel | None = getattr(current, {"pipeline": "run"}.get(name, name))
    except PipelineError:
        return None
    return values
