"""Log lines: one a record, in UTC, and no traceback for what a person did."""

import json
import logging
import pickle
import sys
import traceback

import pytest

from pipeline.errors import ConfigurationError, LoadRefused, PipelineError, SourceError
from pipeline.source.connection import SourceLost
from pipeline.tasks.log_format import Console, HumanFormatter, JsonFormatter


def record(
    message: str, *arguments: object, error: BaseException | None = None
) -> logging.LogRecord:
    info = None
    if error is not None:
        try:
            raise error
        except BaseException:
            info = sys.exc_info()
    made = logging.LogRecord("pipeline.x", logging.INFO, "file", 1, message, arguments, info)
    made.created, made.msecs = 1754006400.25, 250.0
    return made


def test_a_line_has_the_time_in_utc():
    line = HumanFormatter().format(record("%d rows", 3))
    assert line == "2025-08-01T00:00:00.250Z INFO    3 rows"


def test_our_own_error_speaks_for_itself():
    error = ConfigurationError("no table", why="there is none", todo="add one", where="a.b w")
    line = HumanFormatter().format(record("failed", error=error))
    assert line.splitlines()[1:] == ["  a.b w: no table: there is none", "  Try: add one"]


def test_a_defect_keeps_its_traceback():
    line = HumanFormatter().format(record("failed", error=ZeroDivisionError("oops")))
    assert "Traceback" in line
    assert "ZeroDivisionError: oops" in line


def chained(kind: type[PipelineError]) -> str:
    try:
        try:
            raise OSError("refused")
        except OSError as cause:
            raise kind("cannot connect", why="refused", todo="check DB_HOST") from cause
    except PipelineError:
        return traceback.format_exc()


@pytest.mark.parametrize("kind", [SourceError, SourceLost])
def test_a_traceback_that_luigi_wrote_into_the_message_is_taken_out(kind: type[PipelineError]):
    line = HumanFormatter().format(record("Will not run X due to error:\n" + chained(kind)))
    assert "Traceback" not in line
    assert line.splitlines()[-2:] == ["  cannot connect: refused", "Try: check DB_HOST"]


def test_a_foreign_traceback_in_the_message_stays():
    text = 'Traceback (most recent call last):\n  File "x"\nKeyError: 1'
    assert text in HumanFormatter().format(record("Will not run X:\n" + text))


def test_json_is_one_object_a_line():
    line = JsonFormatter().format(
        record("two\nlines %s", "ü", error=SourceError("gone", todo="wait"))
    )
    assert "\n" not in line
    entry = json.loads(line)
    assert entry["time"] == "2025-08-01T00:00:00.250Z"
    assert (entry["level"], entry["logger"]) == ("INFO", "pipeline.x")
    assert entry["message"] == "two\nlines ü"
    assert entry["error"].startswith("gone")


def test_what_luigi_says_of_every_task_is_left_out():
    console = Console()
    assert not console.filter(record("Informed scheduler that task %s has status %s"))
    assert not console.filter(record("\n===== Luigi Execution Summary =====\n"))
    assert console.filter(record("Uncaught exception in luigi"))


def test_what_luigi_says_is_shown_at_level_debug(monkeypatch: pytest.MonkeyPatch):
    luigi = logging.getLogger("luigi-interface")
    monkeypatch.setattr(luigi, "isEnabledFor", lambda level: level >= logging.DEBUG)
    assert Console().filter(record("\n===== Luigi Execution Summary =====\n"))


def test_the_report_of_a_run_has_its_figures_in_json():
    made = record("this run, by table")
    made.tables = [{"table": "s.t", "windows": 2}]
    assert json.loads(JsonFormatter().format(made))["tables"] == [{"table": "s.t", "windows": 2}]


@pytest.mark.parametrize("kind", [PipelineError, SourceError, LoadRefused])
def test_an_error_crosses_a_process_boundary_whole(kind: type[PipelineError]):
    error = kind("what", why="why", todo="todo").at("a.b w")
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    assert type(copy) is kind
    assert str(copy) == str(error) == "a.b w: what: why\nTry: todo"
    assert copy.at("elsewhere").where == "a.b w"
