"""What a run says once, whichever of its processes says it first."""

from __future__ import annotations

import fcntl
import os
import tempfile

# Open before Luigi forks: all processes of a run write to it.
_said = tempfile.TemporaryFile(prefix="pipeline-", buffering=0)  # noqa: SIM115 - open until the end


def is_new(text: str) -> bool:
    """Whether no process of this run has asked about this text before."""
    line = text.encode() + b"\n"
    fcntl.lockf(_said, fcntl.LOCK_EX)
    try:
        if line in os.pread(_said.fileno(), os.fstat(_said.fileno()).st_size, 0).splitlines(True):
            return False
        _said.write(line)
        return True
    finally:
        fcntl.lockf(_said, fcntl.LOCK_UN)
