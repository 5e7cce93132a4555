"""Hooks into a `luigi` command line: exit status, error messages, Ctrl-C, memory.

Luigi prints tracebacks and a usage of a hundred lines, and without luigi.cfg, which has the exit codes, it
always exits with 0. The package calls `install` when Luigi's command line imports it, not in a notebook or a
test that calls `luigi.build`.

Luigi's names are resolved on use, not on import: `luigi_names.verify` reports a missing one.
"""

from __future__ import annotations

import functools
import importlib
import os
import sys
from argparse import ArgumentParser
from collections.abc import Callable
from types import TracebackType
from typing import Any, NoReturn

import luigi
import luigi.cmdline_parser
import luigi.configuration
import luigi.execution_summary
import luigi.interface
import luigi.parameter
import luigi.retcodes
import luigi.task_register

from pipeline.codec import malloc
from pipeline.errors import ConfigurationError, PipelineError
from pipeline.run import exit_status, outcomes, state
from pipeline.tasks import failures, luigi_names
from pipeline.tasks.interruption import Interruption
from pipeline.tasks.places import place_of
from pipeline.tasks.return_codes import ReturnCodes, summary_of_outcomes


@functools.lru_cache(maxsize=1)
def install() -> None:
    """Set up this process and its forks for a run from a command line; a second call does nothing.

    Must precede any import of pyarrow, as it configures malloc. Raises ConfigurationError where luigi.cfg is
    not in effect, or Luigi lacks a name that is replaced.
    """
    malloc.configure()
    interruption = Interruption()
    interruption.install()
    sys.excepthook = functools.partial(_print_error, sys.excepthook)
    _refuse_without_configuration()
    luigi_names.verify()
    state.current()
    os.register_at_fork(before=_load_kernels)
    _replace_return_codes()
    _replace_worker()
    luigi.Task.event_handler(luigi.Event.START)(lambda _task: interruption.begin())
    _record_outcomes()
    _shorten_usage()


def _refuse_without_configuration() -> None:
    if not luigi.configuration.get_config().has_section("retcode"):
        raise ConfigurationError(
            "luigi.cfg is not in effect",
            why="there is no section [retcode]: a run that fails would exit with status 0",
            todo="cd to the project's folder, or set LUIGI_CONFIG_PATH to its luigi.cfg",
        )


def _replace_worker() -> None:
    # imported here, as it derives classes from Luigi's, which `luigi_names.verify` has checked
    worker = importlib.import_module("pipeline.tasks.worker")
    vars(luigi.interface)["_WorkerSchedulerFactory"] = worker.RunFactory


def _record_outcomes() -> None:
    """Record and log what becomes of each task, in the process that runs it."""
    on = luigi.Task.event_handler
    for event in (luigi.Event.FAILURE, luigi.Event.BROKEN_TASK):
        on(event)(lambda _task, error: exit_status.record(error))
    on(luigi.Event.FAILURE)(failures.log_failure)
    for event in (luigi.Event.PROCESS_FAILURE, luigi.Event.TIMEOUT):
        on(event)(failures.log_dead_process)
    on(luigi.Event.PROCESSING_TIME)(_record_seconds)


def _record_seconds(task: luigi.Task, seconds: float) -> None:
    if place := place_of(task):
        outcomes.worked(place[0], seconds)


@functools.lru_cache(maxsize=1)
def _load_kernels() -> None:
    """Load the compiled kernels before the first fork: 6 ms per worker that inherits them, else 0.55 s.

    A run with nothing to do never forks and loads nothing. Kernels start no threads, which a fork would lose.
    """
    # imported here, as it imports pyarrow
    importlib.import_module("pipeline.codec.warm").warm()


def _replace_return_codes() -> None:
    # run_with_retcodes() looks both names up in their modules; type checkers reject a plain assignment.
    configured: Callable[[], Any] = luigi.retcodes.retcode
    vars(luigi.retcodes)["retcode"] = lambda: ReturnCodes(configured())
    summarise: Any = luigi.execution_summary._summary_dict
    vars(luigi.execution_summary)["_summary_dict"] = summary_of_outcomes(summarise)


def _shorten_usage() -> None:
    owner = luigi.cmdline_parser.CmdlineParser
    build: Callable[..., ArgumentParser] = owner._build_parser

    def shortened(*arguments: Any, **named: Any) -> ArgumentParser:
        parser = build(*arguments, **named)
        vars(parser)["error"] = _refuse
        return parser

    type.__setattr__(owner, "_build_parser", staticmethod(shortened))


def _refuse(message: str) -> NoReturn:
    raise ConfigurationError(
        "the command line is invalid", why=message, todo="luigi --module pipeline TASK --help"
    )


def _print_error(
    default: Callable[..., None],
    kind: type[BaseException],
    error: BaseException,
    trace: TracebackType | None,
) -> None:
    if not isinstance(error, PipelineError) and isinstance(error, _usage_errors()):
        error = ConfigurationError("the command line is invalid", why=" ".join(str(error).split()))
    if not isinstance(error, PipelineError):
        default(kind, error, trace)
        return
    print(f"pipeline: {error}", file=sys.stderr, flush=True)  # noqa: T201 - output of a command line
    sys.exit(error.exit_status)


def _usage_errors() -> tuple[type[BaseException], ...]:
    """Luigi's errors for an unknown task or parameter, and for an invalid value."""
    return luigi.parameter.ParameterException, luigi.task_register.TaskClassException
