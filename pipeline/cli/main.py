"""``python -m pipeline``: the operator's commands besides running tasks with `luigi`.

Exit status: 0 success, 1 `verify` found a table that differs or is not loaded, 2 usage, 41 to 47 by
error class (pipeline/errors.py), 130 interrupted, 141 the reader of the output is gone.

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

from pipeline.cli.commands import COMMANDS
from pipeline.cli.output import OutputClosed, is_read
from pipeline.errors import PipelineError
from pipeline.version import VERSION

# The shell's convention: 128 plus the number of SIGINT, of SIGPIPE.
INTERRUPTED, UNREAD = 130, 141


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
    """Exit immediately: a command only reads, and its threads may wait for a server."""
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
    for command in COMMANDS:
        sub = commands.add_parser(command.name, help=command.help, description=command.help)
        sub.set_defaults(module=command.module)
        for add in command.arguments:
            add(sub)
    return parser
