"""Log formats: text for people, JSON for machines. `configs/logging*.cfg` name these classes."""

from __future__ import annotations

import json
import logging
import re
import sys
from datetime import datetime
from typing import Any

import luigi.parameter
import luigi.task_register

from pipeline.errors import PipelineError
from pipeline.model.window import UTC


class Console(logging.StreamHandler):  # type: ignore[type-arg] # no subscript in Python 3.10
    """Standard error, without Luigi's messages about every task and its summary.

    Each stage logs one line, each failure one at level ERROR (`tasks.failures`), and the run a table at its
    end (`tasks.run_report`). With level DEBUG for the logger `luigi-interface`, Luigi's messages are shown.
    """

    def __init__(self) -> None:
        super().__init__(sys.stderr)
        self.addFilter(_is_shown)


def _is_shown(record: logging.LogRecord) -> bool:
    luigi = logging.getLogger("luigi-interface")
    return luigi.isEnabledFor(logging.DEBUG) or not _CHATTER.search(str(record.msg))


_CHATTER = re.compile(
    r"^Informed scheduler|^\[pid %s\] Worker %s (running|done|failed|new requirements)|^Done scheduling"
    r"|^Running Worker with|was stopped. Shutting down Keep-Alive|^Data for %s does not exist"
    r"|^Did not schedule %s, will load it|^Task \S+ (died unexpectedly|timed out)"
    r"|^\n===== Luigi Execution Summary"
)


class HumanFormatter(logging.Formatter):
    """One line per record, in UTC; a PipelineError gets no traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as text."""
        line = f"{_time(record)} {record.levelname:<7} {_message(record)}"
        if record.exc_info and (message := _error_message(record)):
            return f"{line}\n  {message}"
        if record.exc_info:
            return f"{line}\n{self.formatException(record.exc_info)}"
        return line


class JsonFormatter(logging.Formatter):
    """One JSON object per record."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON."""
        entry: dict[str, Any] = {
            "time": _time(record),
            "level": record.levelname,
            "logger": record.name,
            "process": record.process,
            "message": _message(record),
        }
        if tables := getattr(record, "tables", None):  # the report at the end of a run
            entry["tables"] = tables
        if record.exc_info:
            entry["error"] = _error_message(record) or self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False)


def _self_explaining() -> tuple[type[BaseException], ...]:
    """User errors, for which a traceback is of no use; Luigi's names are resolved on use."""
    return (
        PipelineError,
        luigi.parameter.ParameterException,
        luigi.task_register.TaskClassException,
    )


# Luigi includes the traceback of an error in complete() or requires() in its message.
_OUR_TRACEBACK = re.compile(
    r"Traceback \(most recent call last\):\n.*\npipeline(?:\.\w+)+: (.*)", re.DOTALL
)


def _message(record: logging.LogRecord) -> str:
    return _OUR_TRACEBACK.sub(r"\n  \1", record.getMessage()).rstrip()


def without_our_traceback(text: str) -> str:
    """A text with the message of a PipelineError in place of its traceback."""
    return _OUR_TRACEBACK.sub(r"\1", text).rstrip()


def _error_message(record: logging.LogRecord) -> str:
    """The message of a self-explaining error, else empty."""
    error = record.exc_info[1] if record.exc_info else None
    return str(error).replace("\n", "\n  ") if isinstance(error, _self_explaining()) else ""


def _time(record: logging.LogRecord) -> str:
    instant = datetime.fromtimestamp(record.created, UTC)
    return f"{instant:%Y-%m-%dT%H:%M:%S}.{int(record.msecs):03d}Z"
