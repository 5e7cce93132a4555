"""`python -m devstack`: the local stack's command line."""

import argparse
import shlex
import sys
from collections.abc import Callable
from datetime import date, datetime, timezone
from pathlib import Path

import psycopg2
import pymysql

from devstack import mysql, shell, stack
from devstack.errors import StackError
from devstack.seed import mutate_settlement, seed_settlement


def main(arguments: list[str] | None = None) -> int:
    """Run one command.

    Returns:
        The exit code: 0 done, 1 refused or not running, 2 wrong usage, 130 interrupted.
    """
    options = _parser().parse_args(arguments)
    try:
        return int(options.command(options))
    except StackError as error:
        print(f"devstack: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("devstack: interrupted; `down` stops the servers already started", file=sys.stderr)
        return 130


def _up(options: argparse.Namespace) -> int:
    running, started = stack.up(
        options.directory,
        server=options.server,
        luigid=options.luigid,
        sshd=options.sshd,
        redshift=options.redshift,
    )
    if not started:
        print("already running")
    for server in running.servers():
        print(f"{server.kind:10} {server.address}")
    where = (
        ""
        if options.directory == _DIRECTORY
        else f" --directory {shlex.quote(str(options.directory))}"
    )
    print(f'point the pipeline at it:  eval "$(python -m devstack env{where})"')
    return 0


def _fetch(_options: argparse.Namespace) -> int:
    print(mysql.fetch())
    return 0


def _down(options: argparse.Namespace) -> int:
    stopped = stack.down(options.directory)
    print(f"stopped {', '.join(stopped)}" if stopped else "nothing was running")
    return 0


def _status(options: argparse.Namespace) -> int:
    """Print a line per server; returns 0 only if every server is running."""
    servers = stack.status(options.directory)
    for server in servers:
        state = f"running, pid {server.pid}" if server.pid else "stopped"
        print(f"{server.kind:10} {server.address:45} {state}")
    if not servers:
        print(f"no stack in {options.directory}")
    return 0 if servers and all(server.pid for server in servers) else 1


def _env(options: argparse.Namespace) -> int:
    for name, value in stack.load(options.directory).environment().items():
        print(f"export {name}={shlex.quote(value)}")
    return 0


def _seed(options: argparse.Namespace) -> int:
    with stack.load(options.directory).source.connect(root=True) as connection:
        counts = seed_settlement(
            connection,
            days=options.days,
            rows=options.rows,
            start=options.start,
            random_seed=options.random_seed,
        )
    for table, rows in counts.items():
        print(f"{table:35} {rows:>12,} rows")
    return 0


def _mutate(options: argparse.Namespace) -> int:
    with stack.load(options.directory).source.connect(root=True) as connection:
        done = mutate_settlement(
            connection, rows=options.rows, at=options.at, random_seed=options.random_seed
        )
    for table, changes in done.items():
        print(f"{table:35} {changes.updated:>9,} updated {changes.inserted:>9,} inserted")
    return 0


def _sql(options: argparse.Namespace) -> int:
    run = shell.source if options.database == "source" else shell.warehouse
    statements = sys.stdin.read() if options.statements == "-" else options.statements
    try:
        names, rows = run(stack.load(options.directory), statements)
    except (pymysql.err.Error, psycopg2.Error) as error:
        raise StackError(f"{options.database}: {error}") from error
    if names:
        print(shell.table(names, rows))
    return 0


_DIRECTORY = Path(".devstack")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m devstack", description=_DESCRIPTION)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    up = _command(commands, "up", _up, "start the servers that are not running")
    up.add_argument("--server", choices=stack.SOURCES, default="mariadb", help="the source")
    up.add_argument("--luigid", action="store_true", help="also start the central scheduler")
    up.add_argument("--sshd", action="store_true", help="also start an SSH bastion")
    up.add_argument(
        "--no-redshift", dest="redshift", action="store_false", help="source and lake only"
    )
    _command(commands, "fetch", _fetch, "fetch MySQL, without installing it")
    _command(commands, "down", _down, "stop the servers and keep their data")
    _command(commands, "status", _status, "show each server; exit code 0 if all run")
    _command(commands, "env", _env, "print the variables that point the pipeline at the stack")

    seed = _command(commands, "seed", _seed, "replace the settlement tables by generated ones")
    seed.add_argument(
        "--days", type=int, required=True, help="number of days to spread the rows over"
    )
    seed.add_argument("--rows", type=int, required=True, help="delivery events; claims: a fifth")
    seed.add_argument(
        "--start", type=date.fromisoformat, default=date(2025, 8, 1), help="first day, in UTC"
    )
    mutate = _command(commands, "mutate", _mutate, "update settlement rows, and insert a few")
    mutate.add_argument("--rows", type=int, required=True, help="delivery events to update")
    mutate.add_argument(
        "--at", type=_instant, help="when, in UTC; default: an hour after the newest change"
    )
    sql = _command(commands, "sql", _sql, "run SQL in the source or the warehouse")
    sql.add_argument("database", choices=("source", "warehouse"))
    sql.add_argument("statements", help="SQL text; - for standard input")
    for command in (seed, mutate):
        command.add_argument(
            "--random-seed", type=int, default=1, help="seed of the data; default: 1"
        )
    return parser


def _instant(text: str) -> datetime:
    """An instant; in UTC without an offset."""
    read = datetime.fromisoformat(text)
    return read.astimezone(timezone.utc).replace(tzinfo=None) if read.tzinfo else read


_DESCRIPTION = "Real servers on 127.0.0.1: a source database, an S3 server, a Redshift stand-in."


def _command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    run: Callable[[argparse.Namespace], int],
    summary: str,
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=summary, description=summary)
    parser.add_argument("--directory", type=Path, default=_DIRECTORY, help="default: .devstack")
    parser.set_defaults(command=run)
    return parser


if __name__ == "__main__":
    sys.exit(main())
