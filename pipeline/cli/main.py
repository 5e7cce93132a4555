"""``python -m pipeline``: the operator's commands besides running tasks with `luigi`.

Exit status: 0 success, 1 `verify` found a difference, 2 usage, 30 and 41 to 45 by error class
(pipeline/errors.py), 130 interrupted, 141 the reader of the output is gone.

A command's module is imported when it runs: `--help` is immediate, and `status` needs no database driver.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from types import FrameType, ModuleType
from typing import NoReturn

from pipeline.cli.output import OutputClosed, is_read
from pipeline.errors import PipelineError
from pipeline.version import VERSION

# The shell's convention: 128 plus the number of SIGINT, of SIGPIPE.
INTERRUPTED, UNREAD = 130, 141

# Name, module with `run(options)`, help text.
_COMMANDS = (
    (
        *("status", "pipeline.cli.status"),
        "how far each table is, and the figures of its last windows",
    ),
    (
        *("verify", "pipeline.cli.verify"),
        "compare the stages of every window, and source with warehouse; status 1 if they differ",
    ),
    (
        *("check", "pipeline.cli.check"),
        "check the connections to source, lake, warehouse and scheduler, and the definitions of tables",
    ),
    (
        *("discover", "pipeline.cli.discover"),
        "print a file for configs/ with a definition of every table of a database",
    ),
    (
        *("redo", "pipeline.cli.redo"),
        "delete a window's markers, so that the next run does its stages again",
    ),
    (
        *("config", "pipeline.cli.config"),
        "print the settings in effect, and the environment variable of each",
    ),
)


def program() -> int:
    """Run the command of this process's command line; Ctrl-C and a reader that goes away end it quietly."""
    signal.signal(signal.SIGINT, _end)
    status: int | str | None
    try:
        status = main()
    except SystemExit as end:  # argparse's: --help, or a mistake
        status = end.code
    except OutputClosed:
        status = UNREAD
    return int(status or 0) if is_read() else UNREAD


def _end(_signal: int, _frame: FrameType | None) -> NoReturn:
    """Exit immediately: a command reads, or deletes markers one by one; its threads may wait for a server."""
    if sys.__stderr__ is not None:
        with suppress(OSError):  # its reader is gone
            os.write(
                sys.__stderr__.fileno(), b"pipeline: interrupted\n"
            )  # its buffer may be in use
    os._exit(INTERRUPTED)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit status."""
    options = _parser().parse_args(arguments)
    try:
        return int(_loaded(options.module).run(options))
    except PipelineError as error:
        _complain(str(error))
        return error.exit_status


def _loaded(module: str) -> ModuleType:
    """The command's module, imported without garbage collection, which takes a sixth of `status`."""
    gc.disable()
    try:
        return importlib.import_module(module)
    finally:
        gc.freeze()
        gc.enable()


def _complain(text: str) -> None:
    print(f"pipeline: {text}", file=sys.stderr)  # noqa: T201 - a command line speaks


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m pipeline",
        description="Inspect the state and the configuration of `luigi --module pipeline …`.",
    )
    parser.add_argument("--version", action="version", version=VERSION)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, module, text in _COMMANDS:
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(module=module)
        if name == "discover":
            sub.add_argument(
                "databases", nargs="*", metavar="DATABASE", help="default: DB_DATABASE"
            )
        elif name == "redo":
            _add_redo_arguments(sub)
        elif name != "config":
            sub.add_argument("--table", help="db.table; default: every configured table")
        if name == "status":
            sub.add_argument("--windows", type=int, help="how many per table; default: a screenful")
    return parser


def _add_redo_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--table", help="db.table, required")
    window = parser.add_mutually_exclusive_group()
    window.add_argument("--date", help="the day that the window is, e.g. 2025-08-01")
    window.add_argument("--window", help="any other window, by name")
    parser.add_argument(
        "--from",
        dest="start",
        choices=("source", "lake", "csv", "views"),
        default="source",
        help="where the first stage to be done again reads; default: source",
    )
