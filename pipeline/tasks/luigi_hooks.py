"""What a person meets at the `luigi` command line: mistakes and Ctrl-C end in one clear message.

Luigi offers no hooks for these: it prints tracebacks, a usage of a hundred lines, and where it finds no
luigi.cfg, which holds the exit codes, it ends with 0 whatever happened. In effect only where Luigi's own
command line imports the package.
"""

from __future__ import annotations

import functools
import os
import signal
import sys
from argparse import ArgumentParser
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, NoReturn

import luigi.configuration
import luigi.parameter
import luigi.task_register
from luigi.cmdline_parser import CmdlineParser

from pipeline.errors import ConfigurationError, PipelineError

INTERRUPTED = 130  # as shells have it: 128 and the signal's number
_RUN = os.getpid()  # whose workers, forked from it, are interrupted by the same Ctrl-C
_MISTAKES = (luigi.parameter.ParameterException, luigi.task_register.TaskClassException)


class Interrupted(KeyboardInterrupt, SystemExit):
    """Ctrl-C: Luigi lets a KeyboardInterrupt through, and Python ends at a SystemExit without a traceback."""


def take_over() -> None:
    """Set up this process, and those it will fork, for a person at a terminal."""
    _refuse_without_configuration()
    signal.signal(signal.SIGINT, _interrupt)
    sys.excepthook = functools.partial(_explain, sys.excepthook)
    _shorten_usage()


def _refuse_without_configuration() -> None:
    if not luigi.configuration.get_config().has_section("retcode"):
        _end(
            ConfigurationError(
                "luigi.cfg is not in effect",
                why="no section [retcode] was found: a run that fails would end with status 0",
                todo="cd to the project's folder, or set LUIGI_CONFIG_PATH to its luigi.cfg",
            )
        )


def _interrupt(_signal: int, _frame: FrameType | None) -> NoReturn:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # a second one ends it at once
    if os.getpid() == _RUN:
        _say("interrupted; what has its marker is done, and the same command goes on from there")
    error = Interrupted()
    error.code = INTERRUPTED
    raise error


def _explain(
    otherwise: Callable[..., None],
    kind: type[BaseException],
    error: BaseException,
    trace: TracebackType | None,
) -> None:
    if isinstance(error, PipelineError):
        _end(error)
    if isinstance(error, _MISTAKES):
        _end(ConfigurationError("the command line is wrong", why=" ".join(str(error).split())))
    otherwise(kind, error, trace)


def _shorten_usage() -> None:
    build: Callable[..., ArgumentParser] = CmdlineParser._build_parser

    def shortened(*arguments: Any, **named: Any) -> ArgumentParser:
        parser = build(*arguments, **named)
        vars(parser)["error"] = _refuse
        return parser

    type.__setattr__(CmdlineParser, "_build_parser", staticmethod(shortened))


def _refuse(message: str) -> NoReturn:
    _end(
        ConfigurationError(
            "the command line is wrong", why=message, todo="luigi --module pipeline TASK --help"
        )
    )


def _end(error: PipelineError) -> NoReturn:
    _say(str(error))
    sys.exit(error.exit_status)


def _say(text: str) -> None:
    print(f"pipeline: {text}", file=sys.stderr, flush=True)  # noqa: T201 - a command line speaks
