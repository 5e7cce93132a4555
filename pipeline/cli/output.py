"""The output of the commands."""

from __future__ import annotations

import json
import os
import sys
from datetime import datetime

from pipeline.errors import DiskError


class OutputClosed(Exception):
    """Standard output has no reader any more, as in ``… | head -1``."""


def say(text: str) -> None:
    """Print to standard output; raises OutputClosed where it has no reader, DiskError where no room."""
    try:
        print(text, flush=True)  # noqa: T201 - a command line speaks
    except BrokenPipeError:
        raise OutputClosed from None
    except OSError as error:
        raise DiskError("cannot write to standard output", why=str(error.strerror)) from None


def say_json(data: object) -> None:
    """Print data as JSON; instants in ISO 8601, UTC."""
    say(json.dumps(data, indent=1, ensure_ascii=False, default=_text))


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def is_read() -> bool:
    """Whether standard output has a reader or is closed; without one, redirect it for the flush at exit."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return False
    except OSError:  # reported by `say`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return True
