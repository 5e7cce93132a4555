"""Print the settings in effect."""

from __future__ import annotations

import argparse

from pydantic import BaseModel

from pipeline.cli.output import say
from pipeline.config.settings import SECTIONS, Settings, settings, variables
from pipeline.errors import ConfigurationError
from pipeline.model.text_table import aligned


def run(_options: argparse.Namespace) -> int:
    """``config``: every setting with its value, secrets masked, and its environment variable.

    Raises ConfigurationError after the table where a section that is configured is invalid.
    """
    rows: list[tuple[object, ...]] = []
    faults: list[ConfigurationError] = []
    for name, model in SECTIONS.items():
        values = _section(settings(), name, faults)
        for key, variable in variables(model).items():
            value = getattr(values, key, None)
            rows.append((f"[{name}]", key, None if value is None else str(value), variable))
    say(aligned(("section", "key", "value", "environment variable"), rows))
    if faults:
        raise ConfigurationError(
            "; ".join(f.what for f in faults),
            why="; ".join(f.why for f in faults),
            todo="; ".join(f.todo for f in faults),
        )
    return 0


def _section(current: Settings, name: str, faults: list[ConfigurationError]) -> BaseModel | None:
    """A section's settings; None where it is invalid, which is a fault if any of it is configured."""
    try:
        values: BaseModel | None = getattr(current, {"pipeline": "run"}.get(name, name))
    except ConfigurationError as error:
        if current.configures(name):
            faults.append(error)
        return None
    return values
