"""Wait for conditions."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")

PAUSE = 0.01
"""Seconds between two looks at a condition; a test must not take the processor from what it waits for."""


def until(
    condition: Callable[[], T],
    failure: str,
    *,
    timeout: float = 60,
    process: subprocess.Popen[Any] | None = None,
) -> T:
    """Return the condition's first true value.

    Raises:
        AssertionError: `timeout` seconds have passed, or `process`, on which the condition depends,
            has ended; the message is `failure`, with the process's output.
    """
    deadline = time.monotonic() + timeout
    while not (value := condition()):
        if process is not None and process.poll() is not None:
            output, _ = process.communicate()
            raise AssertionError(
                f"{failure}: the process has ended with {process.returncode}\n{output or ''}"
            )
        if time.monotonic() > deadline:
            raise AssertionError(f"{failure}, within {timeout:g} s")
        time.sleep(PAUSE)
    return value
