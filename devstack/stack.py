"""The servers of a stack together: start in parallel, find, stop."""

import fcntl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from devstack import lifecycle, processes
from devstack.errors import StackError
from devstack.luigid import Luigid
from devstack.mariadb import MariaDB
from devstack.mysql import MySQL
from devstack.seaweed import SeaweedFS
from devstack.server import Server
from devstack.source import SourceServer
from devstack.sshd import Sshd
from devstack.warehouse import RedshiftStandIn

SOURCES: dict[str, type[SourceServer]] = {kind.kind: kind for kind in (MariaDB, MySQL)}
KINDS: tuple[type[Server], ...] = (*SOURCES.values(), SeaweedFS, RedshiftStandIn, Luigid, Sshd)

S = TypeVar("S", bound=Server)


@dataclass(frozen=True)
class Stack:
    """The servers of a directory; None for an optional one that is not running."""

    directory: Path
    source: SourceServer
    lake: SeaweedFS
    warehouse: RedshiftStandIn | None = None
    scheduler: Luigid | None = None
    bastion: Sshd | None = None

    def servers(self) -> list[Server]:
        """All servers, in the order of the data flow."""
        every = (self.source, self.lake, self.warehouse, self.scheduler, self.bastion)
        return [server for server in every if server is not None]

    def environment(self) -> dict[str, str]:
        """The variables that point the pipeline at this stack."""
        return {
            name: value for server in self.servers() for name, value in server.environment().items()
        }


@dataclass(frozen=True)
class ServerStatus:
    """One server of a directory; `pid` is None if it is not running."""

    kind: str
    address: str
    pid: int | None


def up(
    directory: Path,
    *,
    server: str = MariaDB.kind,
    luigid: bool = False,
    sshd: bool = False,
    redshift: bool = True,
) -> tuple[Stack, list[str]]:
    """Start the selected servers that are not running; data of earlier runs is kept.

    Returns:
        The stack with all running servers, and the kinds that this call started.

    Raises:
        StackError: a server failed to start; those that this call started are stopped.
    """
    directory = directory.resolve()
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _only_one(directory):
        _refuse_second_source(directory, server)
        try:
            missing = _start_missing(directory, server, luigid=luigid, sshd=sshd, redshift=redshift)
        except StackError:
            # A port may be taken between its choice and the server's start: the second attempt uses another.
            missing = _start_missing(directory, server, luigid=luigid, sshd=sshd, redshift=redshift)
        return load(directory), [server.kind for server in missing]


def load(directory: Path) -> Stack:
    """The stack that runs in `directory`.

    Raises:
        StackError: no source or no lake is running there.
    """
    directory = directory.resolve()
    source = next(filter(None, (_running(kind, directory) for kind in SOURCES.values())), None)
    lake = _running(SeaweedFS, directory)
    if source is None or lake is None:
        raise StackError(f"no stack runs in {directory}: start one with `python -m devstack up`")
    return Stack(
        directory,
        source,
        lake,
        warehouse=_running(RedshiftStandIn, directory),
        scheduler=_running(Luigid, directory),
        bastion=_running(Sshd, directory),
    )


def down(directory: Path) -> list[str]:
    """Stop the running servers of `directory`; returns their kinds."""
    directory = directory.resolve()
    if not directory.exists():
        return []
    kinds = [kind.kind for kind in KINDS]
    with _only_one(directory), ThreadPoolExecutor(len(kinds)) as pool:
        stopped = pool.map(lambda kind: lifecycle.stop(directory / kind), kinds)
        return [kind for kind, did_run in zip(kinds, stopped, strict=True) if did_run]


def status(directory: Path) -> list[ServerStatus]:
    """Every server ever started in `directory`."""
    directory = directory.resolve()
    servers = filter(None, (_saved(kind, directory) for kind in KINDS))
    return [ServerStatus(server.kind, server.address, _pid(server.directory)) for server in servers]


@contextmanager
def running_stack(
    directory: Path,
    *,
    server: str = MariaDB.kind,
    luigid: bool = False,
    sshd: bool = False,
    redshift: bool = True,
) -> Iterator[Stack]:
    """A stack for the duration of a `with` block.

    Raises:
        StackError: one is running in `directory`, or a server failed to start.
    """
    if any(server.pid for server in status(directory)):
        raise StackError(f"a stack runs in {directory} already")
    try:
        stack, _ = up(directory, server=server, luigid=luigid, sshd=sshd, redshift=redshift)
        yield stack
    finally:
        down(directory)


def _plan(
    directory: Path, source: str, *, luigid: bool, sshd: bool, redshift: bool
) -> list[Server]:
    lake = _saved_or_new(SeaweedFS, directory)
    wanted: list[Server] = [_saved_or_new(SOURCES[source], directory), lake]
    if redshift:
        wanted.append(_warehouse(directory, lake))
    if luigid:
        wanted.append(_saved_or_new(Luigid, directory))
    if sshd:
        wanted.append(_saved_or_new(Sshd, directory))
    return wanted


def _warehouse(directory: Path, lake: SeaweedFS) -> RedshiftStandIn:
    warehouse = _saved_or_new(RedshiftStandIn, directory)
    # The lake's port may have changed since the last run of the warehouse.
    return warehouse if lifecycle.is_running(warehouse.directory) else warehouse.reading(lake)


def _start_missing(directory: Path, server: str, **wanted: bool) -> list[Server]:
    """Start the wanted servers that are not running; returns them."""
    missing = [
        planned
        for planned in _plan(directory, server, **wanted)
        if not lifecycle.is_running(planned.directory)
    ]
    _start_all(missing)
    return missing


def _start_all(servers: list[Server]) -> None:
    """Start in parallel; if one fails, stop the others and raise the first error."""
    if not servers:
        return
    with ThreadPoolExecutor(len(servers)) as pool:
        starts = [pool.submit(lifecycle.start, server) for server in servers]
    failures = [error for start in starts if (error := start.exception())]
    if failures:
        for server in servers:
            lifecycle.stop(server.directory)
        raise failures[0]


def _saved_or_new(kind: type[S], directory: Path) -> S:
    saved = _saved(kind, directory)
    if saved is None:
        return kind.new(directory / kind.kind)
    return saved if lifecycle.is_running(saved.directory) else saved.with_free_ports()


def _saved(kind: type[S], directory: Path) -> S | None:
    settings = lifecycle.saved_settings(directory / kind.kind)
    return None if settings is None else kind(directory / kind.kind, **settings)


def _running(kind: type[S], directory: Path) -> S | None:
    return _saved(kind, directory) if lifecycle.is_running(directory / kind.kind) else None


def _pid(directory: Path) -> int | None:
    process = lifecycle.process_of(directory)
    return process.pid if process and processes.is_running(process) else None


def _refuse_second_source(directory: Path, wanted: str) -> None:
    for kind in SOURCES:
        if kind != wanted and lifecycle.is_running(directory / kind):
            raise StackError(
                f"{kind} is the running source of {directory}: stop it with `down`, "
                f"or start {wanted} in another --directory"
            )


@contextmanager
def _only_one(directory: Path) -> Iterator[None]:
    """Serialise commands that start or stop servers of one directory."""
    with (directory / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
