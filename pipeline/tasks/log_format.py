"""How log lines look: for people, or as JSON for machines. `configs/logging*.cfg` name these classes."""

from __future__ import annotations

import json
import logging
import re
import sys
from datetime import datetime

import luigi.parameter
import luigi.task_register

from pipeline.errors import PipelineError
from pipeline.model.window import UTC


class Console(logging.StreamHandler):  # type: ignore[type-arg] # no subscript in Python 3.10
    """Standard error, without what Luigi says of every task to itself.

    Each stage tells what it did in one line; Luigi's summary and its errors stay.
    """

    def __init__(self) -> None:
        super().__init__(sys.stderr)
        self.addFilter(lambda record: not _CHATTER.search(str(record.msg)))


_CHATTER = re.compile(
    r"^Informed scheduler|^\[pid %s\] Worker %s (running|done|new requirements)|^Done scheduling"
    r"|^Running Worker with|was stopped. Shutting down Keep-Alive"
)


class HumanFormatter(logging.Formatter):
    """One line a record, in UTC; a PipelineError speaks for itself and gets no traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as text."""
        line = f"{_time(record)} {record.levelname:<7} {_message(record)}"
        if record.exc_info and (told := _told(record)):
            return f"{line}\n  {told}"
        if record.exc_info:
            return f"{line}\n{self.formatException(record.exc_info)}"
        return line


class JsonFormatter(logging.Formatter):
    """One JSON object a record."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON."""
        entry = {
            "time": _time(record),
            "level": record.levelname,
            "logger": record.name,
            "process": record.process,
            "message": _message(record),
        }
        if record.exc_info:
            entry["error"] = _told(record) or self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False)


# Errors of a person's making: where they arose in the code helps nobody.
_SELF_EXPLAINING = (
    PipelineError,
    luigi.parameter.ParameterException,
    luigi.task_register.TaskClassException,
)
# Luigi writes an error of complete() or requires() into the message, traceback and all.
_OUR_TRACEBACK = re.compile(
    r"Traceback \(most recent call last\):\n.*\npipeline(?:\.\w+)+: (.*)", re.DOTALL
)


def _message(record: logging.LogRecord) -> str:
    return _OUR_TRACEBACK.sub(r"\n  \1", record.getMessage()).rstrip()


def _told(record: logging.LogRecord) -> str:
    error = record.exc_info[1] if record.exc_info else None
    return str(error).replace("\n", "\n  ") if isinstance(error, _SELF_EXPLAINING) else ""


def _time(record: logging.LogRecord) -> str:
    instant = datetime.fromtimestamp(record.created, UTC)
    return f"{instant:%Y-%m-%dT%H:%M:%S}.{int(record.msecs):03d}Z"
