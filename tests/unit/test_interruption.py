"""Ctrl-C, SIGTERM and a closed pipe end every command from its first instant, with one line and a status."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
STATUS = {"SIGINT": 130, "SIGTERM": 143}
WORD = {"SIGINT": "interrupted", "SIGTERM": "terminated"}

# Both run in the process that is to be ended: the signal comes at one instant, not after some time.
_SEND = """
import os, signal, sys

def send(*_):
    os.kill(os.getpid(), signal.{signal})
"""
_AT_IMPORT = """
class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == {module!r}:
            send()

sys.meta_path.insert(0, Finder)
"""
_LUIGI = """
from luigi.cmdline import luigi_run
luigi_run(["--module", "pipeline", "{task}", *{arguments}, "--local-scheduler"])
"""
_ALL = _LUIGI.format(task="DailyLoadAll", arguments=["--date", "2025-08-01"])
_COMMAND = """
import runpy
sys.argv = ["pipeline", "config"]
runpy.run_module("pipeline", run_name="__main__", alter_sys=True)
"""


def run(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """A process of its own, which knows of no table."""
    (folder / "tables.yml").write_text("tables: {}\n")
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), "PIPELINE_CONFIGS": str(folder)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("signal", STATUS)
@pytest.mark.parametrize("module", ["pyarrow", "pipeline.tasks.ranges"])
def test_a_run_is_ended_while_it_imports(module: str, signal: str, tmp_path: Path):
    done = run(_SEND.format(signal=signal) + _AT_IMPORT.format(module=module) + _ALL, tmp_path)
    assert done.returncode == STATUS[signal], done.stderr
    assert done.stderr.startswith(f"pipeline: {WORD[signal]}; ")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("signal", STATUS)
def test_a_run_is_ended_where_luigi_ignores_exceptions(signal: str, tmp_path: Path):
    """Luigi's worker asks for the host's name, and takes no answer for any error."""
    asked = "import socket\nimport luigi.cmdline, pipeline\nsocket.gethostname = send\n"
    done = run(_SEND.format(signal=signal) + asked + _ALL, tmp_path)
    assert done.returncode == STATUS[signal], done.stderr
    assert done.stderr.count(WORD[signal]) == 1


@pytest.mark.parametrize("signal", STATUS)
def test_a_run_is_ended_while_it_loads_the_kernels_before_a_fork(signal: str, tmp_path: Path):
    """Python reports an exception in a hook of a fork, and goes on."""
    code = """
import luigi.cmdline, pipeline.codec.warm
pipeline.codec.warm.warm = send
if not os.fork():
    os._exit(0)
print("the run went on")
"""
    done = run(_SEND.format(signal=signal) + code, tmp_path)
    assert (done.returncode, done.stdout) == (STATUS[signal], "")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("signal", STATUS)
def test_a_task_that_runs_cleans_up(signal: str, tmp_path: Path):
    task = """
import luigi

class Slow(luigi.Task):
    def run(self):
        try:
            send()
        finally:
            print("cleaned up")
"""
    code = _SEND.format(signal=signal) + task + _LUIGI.format(task="Slow", arguments=[])
    done = run(code, tmp_path)
    assert (done.returncode, done.stdout) == (STATUS[signal], "cleaned up\n"), done.stderr
    assert done.stderr.count(WORD[signal]) == 1
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("module", ["pipeline.cli.config", "pydantic"])
def test_an_operators_command_is_interrupted_while_it_imports(module: str, tmp_path: Path):
    code = _SEND.format(signal="SIGINT") + _AT_IMPORT.format(module=module) + _COMMAND
    done = run(code, tmp_path)
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr == "pipeline: interrupted\n"


@pytest.mark.parametrize("arguments", [["config"], ["--help"]])
def test_output_that_nobody_reads_ends_a_command_quietly(arguments: list[str]):
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "pipeline", *arguments],
        cwd=ROOT,
        env={
            "PYTHONPATH": str(ROOT)
        },  # without PYTHONUNBUFFERED, where argparse lets an error pass
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, "")


def test_a_command_whose_output_is_closed_ends_with_its_own_status():
    line = f"exec {sys.executable} -m pipeline config >&-"
    done = subprocess.run(
        ["sh", "-c", line], cwd=ROOT, stderr=subprocess.PIPE, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
