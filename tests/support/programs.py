"""Run Python in processes of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def run_python(
    *arguments: str,
    folder: Path = ROOT,
    status: int | None = 0,
    timeout: float = 60,
    environment: dict[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run the interpreter to its end; `status` is the exit status it must have.

    `environment` is all that the process has; a variable set to "" is unset.
    """
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=with_project(environment),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    failure = f"exit status {done.returncode}\n{done.stdout}{done.stderr}"
    assert status is None or done.returncode == status, failure
    return done


def start_python(
    *arguments: str,
    folder: Path = ROOT,
    environment: dict[str, str] | None = None,
    alone: bool = False,
    output: int = subprocess.PIPE,
) -> subprocess.Popen[str]:
    """Start the interpreter; stdout and stderr come together. `alone` makes it a process group."""
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=folder,
        env=with_project(environment),
        stdout=output,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=alone,
    )


def with_project(environment: dict[str, str] | None) -> dict[str, str]:
    """The variables of a process that finds the project's packages in whatever folder it runs."""
    given = dict(os.environ) if environment is None else environment
    return {"PYTHONPATH": str(ROOT), **{name: value for name, value in given.items() if value}}
