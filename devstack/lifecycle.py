"""Start and stop a server, and recognise it in a later run.

A server's directory holds `server.json` (its settings, passwords included, mode 0600),
`process.json` (the process started last), `log`, and the server's own files.
"""

import json
import os
from dataclasses import fields
from pathlib import Path
from typing import Any

from devstack import processes
from devstack.processes import Process
from devstack.server import Server


def start(server: Server) -> None:
    """Start the server and return once it answers.

    Raises:
        StackError: it ended or did not answer in time; it is stopped.
    """
    server.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    _write_settings(server)
    server.prepare()
    process = processes.spawn(
        server.command(),
        log=server.log,
        cwd=server.directory,
        environment=server.process_environment(),
    )
    _write_private(server.directory / "process.json", vars(process))
    try:
        processes.wait_until(
            server.answers, process, name=server.kind, log=server.log, patience=server.patience
        )
    except BaseException:
        processes.stop(process)
        raise


def stop(directory: Path) -> bool:
    """Stop the server of `directory`; returns whether one was running."""
    process = process_of(directory)
    if process is None or not processes.is_running(process):
        return False
    processes.stop(process)
    return True


def process_of(directory: Path) -> Process | None:
    """The process started last in `directory`, running or not; None if there is none."""
    record = directory / "process.json"
    return Process(**json.loads(record.read_text())) if record.exists() else None


def is_running(directory: Path) -> bool:
    """Whether the server of `directory` is alive."""
    process = process_of(directory)
    return process is not None and processes.is_running(process)


def saved_settings(directory: Path) -> dict[str, Any] | None:
    """The saved settings of the server in `directory`, without the directory; None for a new server."""
    settings = directory / "server.json"
    return json.loads(settings.read_text()) if settings.exists() else None


def _write_settings(server: Server) -> None:
    names = [field.name for field in fields(server) if field.name != "directory"]
    _write_private(
        server.directory / "server.json", {name: getattr(server, name) for name in names}
    )


def _write_private(path: Path, content: dict[str, Any]) -> None:
    """Write JSON atomically, readable by its owner only."""
    draft = path.with_suffix(".draft")
    with open(os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as file:
        json.dump(content, file, indent=2)
    draft.replace(path)
