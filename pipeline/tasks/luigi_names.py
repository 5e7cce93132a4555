"""The internal names of Luigi that the pipeline replaces or calls, and that a release may change.

Luigi offers no hooks for return codes, its summary, its worker, or command line errors. Each name has the
shape that `tasks.luigi_hooks`, `tasks.worker` and `tasks.ranges` rely on, checked before one is replaced.
"""

from __future__ import annotations

import inspect
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import luigi

from pipeline.errors import ConfigurationError

_CODES = (
    *("already_running", "missing_data", "not_run", "scheduling_error"),
    *("task_failed", "unhandled_exception"),
)
_OUTCOMES = ("not_run", "still_pending_ext", "upstream_missing_dependency")
_WORKER = (
    *("_add_task", "_get_work", "_keep_alive", "_log_complete_error", "_log_dependency_error"),
    *("_log_unexpected_error", "__exit__"),
)
_RANGE = (
    *("datetime_to_parameter", "finite_datetimes", "missing_datetimes", "moving_start"),
    *("moving_stop", "parameter_to_datetime", "_instantiate_task_cls"),
)


@dataclass(frozen=True)
class Name:
    """A name for `pkgutil.resolve_name`, its required shape, and the check of an object's shape."""

    path: str
    shape: str
    has_shape: Callable[[Any], bool]

    def fits(self, member: Any) -> bool:
        """Whether the object of this name has the required shape."""
        try:
            return self.has_shape(member)
        except (AttributeError, TypeError, ValueError):  # another kind of object
            return False


def _has(*names: str) -> Callable[[Any], bool]:
    return lambda owner: all(hasattr(owner, name) for name in names)


def _calls(*names: str) -> Callable[[Any], bool]:
    """The check that a function looks these names up when it runs, so that replacing them has an effect."""
    return lambda function: set(names) <= set(function.__code__.co_names)


def _takes(*names: str) -> Callable[[Any], bool]:
    return lambda function: [*inspect.signature(function).parameters] == [*names]


def _is_error(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Exception)


NAMES = (
    Name("luigi.retcodes:retcode", f"a class with {', '.join(_CODES)}", _has(*_CODES)),
    Name(
        "luigi.retcodes:run_with_retcodes",
        "a function that calls retcode and _summary_dict",
        _calls("retcode", "_summary_dict"),
    ),
    Name("luigi.execution_summary:_summary_dict", "a function of a worker", _takes("worker")),
    Name(
        "luigi.execution_summary:_ORDERED_STATUSES",
        f"a sequence with {', '.join(_OUTCOMES)}",
        lambda outcomes: set(_OUTCOMES) <= set(outcomes),
    ),
    Name(
        "luigi.cmdline_parser:CmdlineParser._build_parser",
        "a function of root_task and help_all",
        _takes("root_task", "help_all"),
    ),
    Name(
        "luigi.cmdline_parser:CmdlineParser.__init__",
        "a function that calls _build_parser",
        _calls("_build_parser"),
    ),
    Name("luigi.task_register:TaskClassException", "an exception", _is_error),
    Name("luigi.parameter:ParameterException", "an exception", _is_error),
    Name(
        "luigi.interface:_WorkerSchedulerFactory",
        "a class with create_remote_scheduler and create_worker",
        _has("create_remote_scheduler", "create_worker"),
    ),
    Name(
        "luigi.interface:_schedule_and_run",
        "a function that calls _WorkerSchedulerFactory",
        _calls("_WorkerSchedulerFactory"),
    ),
    Name("luigi.worker:Worker", f"a class with {', '.join(_WORKER)}", _has(*_WORKER)),
    Name(
        "luigi.rpc:RemoteScheduler.__init__",
        "a function that sets its attempts and their wait",
        _calls("_rpc_retry_attempts", "_rpc_retry_wait", "_rpc_log_retries"),
    ),
    Name("luigi.tools.range:RangeBase", f"a class with {', '.join(_RANGE)}", _has(*_RANGE)),
)


def verify() -> None:
    """Raise ConfigurationError where the installed Luigi lacks a name, or its object has another shape."""
    for name in NAMES:
        try:
            member = pkgutil.resolve_name(name.path)
        except (AttributeError, ImportError):
            raise _unknown(name, "there is no such name") from None
        if not name.fits(member):
            raise _unknown(name, f"it is not {name.shape}")


def _unknown(name: Name, why: str) -> ConfigurationError:
    return ConfigurationError(
        f"Luigi {luigi.__version__} has changed {name.path.replace(':', '.')}",
        why=f"{why}, as the pipeline requires",
        todo="install the release that requirements.txt pins: pip install -r requirements.txt",
    )
