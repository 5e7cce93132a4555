"""The tables and the period that the arguments of a command choose."""

from __future__ import annotations

import argparse
from fnmatch import fnmatchcase

from pipeline.config.settings import settings
from pipeline.config.tables import Table
from pipeline.config.yaml_loader import table_named, tables
from pipeline.errors import ConfigurationError
from pipeline.model.window import Window


def chosen_tables(options: argparse.Namespace) -> list[Table]:
    """The tables of `--table`, by name or pattern, or every configured one, in the order of configs/.

    Raises ConfigurationError for a name that is not defined, and a pattern that matches none.
    """
    folder, database = settings().run.configs, settings().default_database
    known = tables(folder, database)
    if not options.tables:
        return list(known.values())
    names = {name for text in options.tables for name in _named(text, known)}
    return [table for name, table in known.items() if name in names]


def _named(text: str, known: dict[str, Table]) -> list[str]:
    if not set(text) & set("*?["):
        run = settings().run
        return [str(table_named(run.configs, text, settings().default_database).name)]
    if not (names := [name for name in known if fnmatchcase(name, text)]):
        raise ConfigurationError(
            f"no table matches {text}",
            why=f"{settings().run.configs} defines {', '.join(known)}",
            todo="correct the pattern; * stands for any characters, the dot included",
        )
    return names


def chosen_span(options: argparse.Namespace) -> Window:
    """From `--since` up to `--until`; raises ConfigurationError for an empty span."""
    since: Window = options.since
    end = options.until.start if options.until else since.end
    if end <= since.start:
        raise ConfigurationError(
            f"--until {options.until.label} is not after --since {since.label}",
            todo="name the first day or hour to leave out, in UTC",
        )
    return Window(since.start, end)
