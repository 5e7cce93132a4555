"""What a command line replaces in Luigi is there to be replaced, and said in one message where it is not."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import luigi
import pytest

from pipeline.errors import ConfigurationError
from pipeline.run import exit_status, limits, state
from pipeline.tasks import luigi_names
from pipeline.tasks.return_codes import ReturnCodes

ROOT = Path(__file__).parent.parent.parent
PATHS = [name.path for name in luigi_names.NAMES]


def test_the_installed_luigi_has_every_name():
    luigi_names.verify()


def owner_of(path: str) -> tuple[Any, str]:
    module, _, names = path.partition(":")
    owner = importlib.import_module(module)
    *outer, name = names.split(".")
    for each in outer:
        owner = getattr(owner, each)
    return owner, name


@pytest.mark.parametrize("path", [path for path in PATHS if not path.endswith("__init__")])
def test_a_name_that_is_gone_is_named_with_luigis_version(
    path: str, monkeypatch: pytest.MonkeyPatch
):
    owner, name = owner_of(path)
    monkeypatch.delattr(owner, name)
    with pytest.raises(ConfigurationError) as raised:
        luigi_names.verify()
    message = str(raised.value)
    assert f"Luigi {luigi.__version__} has changed {path.replace(':', '.')}" in message
    assert "requirements.txt" in raised.value.todo


@pytest.mark.parametrize("path", PATHS)
def test_a_name_that_is_another_thing_is_named(path: str, monkeypatch: pytest.MonkeyPatch):
    owner, name = owner_of(path)
    monkeypatch.setattr(owner, name, lambda: None)
    with pytest.raises(ConfigurationError, match="it is not a"):
        luigi_names.verify()


def command_line(folder: Path, before: str = "") -> subprocess.CompletedProcess[str]:
    code = f"import sys\nfrom luigi.cmdline import luigi_run\n{before}\nluigi_run(sys.argv[1:])"
    return subprocess.run(
        [sys.executable, "-c", code, "--module", "pipeline", "DailyLoadAll", "--help"],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    "name",
    [
        "luigi.execution_summary._summary_dict",
        "luigi.tools.range.RangeBase",
        "luigi.task_register.TaskClassException",
    ],
)
def test_a_command_line_with_another_luigi_ends_with_one_message_and_status_41(name: str):
    module = name.rpartition(".")[0]
    done = command_line(ROOT, f"import {module}\ndel {name}")
    assert done.returncode == ConfigurationError.exit_status
    assert done.stdout == ""
    assert done.stderr.startswith("pipeline: Luigi ")
    assert f"has changed {name}:" in done.stderr
    assert len(done.stderr.splitlines()) == 2


def test_preparing_a_process_again_changes_nothing_more():
    again = """
import luigi, luigi.retcodes, pipeline
from pipeline.tasks import luigi_hooks
before = (luigi.retcodes.retcode, sys.excepthook)
luigi_hooks.install()
assert before == (luigi.retcodes.retcode, sys.excepthook)
"""
    done = command_line(ROOT, again)
    assert (done.returncode, done.stderr) == (0, "")
    assert "--date" in done.stdout


class Configured:
    already_running, missing_data, not_run = 10, 20, 25
    task_failed, scheduling_error, unhandled_exception = 30, 35, 40


def test_return_codes_are_luigis_own_unless_a_failure_or_a_limit_says_more():
    state.reset()
    codes = ReturnCodes(Configured())
    names = ["task_failed", "scheduling_error", "unhandled_exception", "missing_data", "not_run"]
    assert [getattr(codes, name) for name in names] == [30, 35, 40, 20, 25]
    exit_status.record(ConfigurationError("wrong"))
    assert [getattr(codes, name) for name in names] == [41, 41, 41, 20, 25]
    limits.begin(minutes=0, chunks=None)
    assert [getattr(codes, name) for name in names] == [41, 41, 41, 0, 0]
    assert codes.already_running == 10
    state.reset()
