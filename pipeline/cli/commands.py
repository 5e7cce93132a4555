"""The commands: name, help text and arguments of each; a command's module is imported when it runs."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass

from pipeline.cli import arguments

Arguments = Callable[[argparse.ArgumentParser], None]


@dataclass(frozen=True)
class Command:
    """One command; its module, `pipeline.cli.NAME`, has `run(options)`, which returns the exit status."""

    name: str
    help: str
    arguments: tuple[Arguments, ...] = ()

    @property
    def module(self) -> str:
        """The module that runs it."""
        return f"pipeline.cli.{self.name}"


COMMANDS = (
    Command(
        "status",
        "how far each table is, and the figures of its last windows",
        (arguments.tables, arguments.windows, arguments.as_json),
    ),
    Command(
        "verify",
        "compare source, lake and warehouse; status 1 where a table differs or is not loaded",
        (arguments.tables,),
    ),
    Command(
        "redo",
        "repeat windows from a stage on: show what would be deleted, and with --yes delete it",
        (
            arguments.chosen_tables,
            arguments.period,
            arguments.redo_from,
            arguments.yes,
            arguments.as_json,
        ),
    ),
    Command(
        "check",
        "check the connections to source, lake, warehouse and scheduler, and the definitions of tables",
        (arguments.tables,),
    ),
    Command(
        "discover",
        "print a file for configs/ with a definition of every table of a database",
        (arguments.databases,),
    ),
    Command("config", "print the settings in effect, and the environment variable of each"),
)
"""In the order of `--help`."""
