"""Log lines of failures: each once in a run, at level ERROR, with table and window."""

from __future__ import annotations

import logging
import traceback

import luigi

from pipeline.errors import DataError, LoadRefused, PipelineError
from pipeline.run import notes, outcomes
from pipeline.tasks.log_format import without_our_traceback
from pipeline.tasks.places import place_of

log = logging.getLogger(__name__)


def log_failure(task: luigi.Task, error: BaseException) -> None:
    """Log the error of a task's `run`; of an error that is not translated, its traceback."""
    place = place_of(task)
    if place and isinstance(error, DataError | LoadRefused):
        outcomes.refused(*place)
    if isinstance(error, PipelineError):
        error.at(_name(task))
        _log_once(str(error), error.what)
    else:
        trace = "".join(traceback.format_exception(type(error), error, error.__traceback__))
        _log_once(f"{_name(task)}: {trace.rstrip()}", str(error))


def log_text(task: luigi.Task, text: str) -> None:
    """Log the error of a task's `complete` or `requires`, which Luigi passes on as a traceback."""
    message = without_our_traceback(text)
    _log_once(f"{_name(task)}: {message}", message)


def log_dead_process(task: luigi.Task, message: str) -> None:
    """Log a task whose process was killed, or ran out of time."""
    reason = message.rpartition(" ")[2] if "exit code" in message else ""
    cause = f"its process died unexpectedly, exit status {reason}" if reason else message
    advice = "\nTry: see the system's log; -9 is often a lack of memory" if reason == "-9" else ""
    _log_once(f"{_name(task)}: {cause}{advice}", cause)


def _log_once(text: str, cause: str) -> None:
    """Log a text unless it was logged; for a cause that was logged, only the first line."""
    if not notes.is_new(text):
        return
    log.error("%s", text if notes.is_new(cause) else text.partition("\n")[0])


def _name(task: luigi.Task) -> str:
    """Stage, table and window of a task; of any other its family and parameters."""
    parameters = place_of(task) or task.to_str_params(only_significant=True).values()
    return " ".join([task.task_family, *parameters])
