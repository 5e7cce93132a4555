"""``python -m pipeline``: what an operator asks beside running tasks with `luigi`.

Exit status: 0 all is well, 1 the answer is no (counts differ, a server is away), 2 usage, 41 to 45
whose fault a failure was (pipeline/errors.py).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence

from pydantic import BaseModel

from pipeline.config.settings import SECTIONS, Settings, settings, variables
from pipeline.config.tables import Table, table_named, tables
from pipeline.errors import PipelineError
from pipeline.face import health, status
from pipeline.face.text import aligned
from pipeline.steps import verify
from pipeline.stores import mysql, redshift
from pipeline.stores.s3 import store
from pipeline.version import VERSION


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit status."""
    options = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = options.command
    try:
        return command(options)
    except PipelineError as error:
        print(f"pipeline: {error}", file=sys.stderr)  # noqa: T201 - a command line speaks
        return error.exit_status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m pipeline",
        description="Look at what `luigi --module pipeline …` does.",
    )
    parser.add_argument("--version", action="version", version=VERSION)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, command, text in (
        ("status", _status, "how far each table is, and the figures of its last windows"),
        (
            "verify",
            _verify,
            "compare the stages of every window, and source with warehouse; status 1 if they differ",
        ),
        ("check", _check, "source, lake, warehouse, scheduler: do they answer?"),
        ("config", _config, "the settings in effect, and where each may be set"),
    ):
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(command=command)
        if name in ("status", "verify"):
            sub.add_argument("--table", help="db.table; default: every configured table")
        if name == "status":
            sub.add_argument("--windows", type=int, default=7, help="how many windows a table")
    return parser


def _say(text: str) -> None:
    print(text)  # noqa: T201 - a command line speaks


def _chosen(options: argparse.Namespace) -> list[Table]:
    folder, database = settings().run.configs, settings().default_database
    if options.table:
        return [table_named(folder, options.table, database)]
    return list(tables(folder, database).values())


def _status(options: argparse.Namespace) -> int:
    lake, chosen = store(settings().lake), _chosen(options)
    _say(status.overview(lake, chosen))
    if options.windows:
        _say("")
        _say(status.windows_report(lake, chosen, options.windows))
    return 0


def _verify(options: argparse.Namespace) -> int:
    source, warehouse, bastion = settings().source, settings().warehouse, settings().bastion
    with (
        mysql.connected(source, bastion) as rows,
        redshift.connected(warehouse, bastion) as loaded,
    ):
        found = [
            verify.compare(store(settings().lake), rows, loaded, table, warehouse.schema_name)
            for table in _chosen(options)
        ]
    headings = (
        *("table", "without a gap until", "windows", "torn", "source rows", "warehouse rows"),
        "verdict",
    )
    lines = [
        (
            each.table,
            f"{each.until:%Y-%m-%d %H:%M}"
            if each.until
            else ("snapshot" if each.windows else "nothing"),
            each.windows,
            len(each.torn),
            each.source_rows,
            each.warehouse_rows,
            ("versions kept" if each.keeps_versions else "equal") if each.agrees else "DIFFERENT",
        )
        for each in found
    ]
    _say(aligned(headings, lines))
    return 0 if all(each.agrees for each in found) else 1


def _check(_options: argparse.Namespace) -> int:
    findings = health.check_all(settings())
    for finding in findings:
        _say(f"{'FAILED' if finding.error else 'ok':<7} {finding.what:<10} {finding.said}")
    return max((f.error.exit_status for f in findings if f.error), default=0)


def _config(_options: argparse.Namespace) -> int:
    rows: list[tuple[object, ...]] = []
    for name, model in SECTIONS.items():
        values = _section(settings(), name)
        for key, variable in variables(model).items():
            value = getattr(values, key, None)
            rows.append((f"[{name}]", key, None if value is None else str(value), variable))
    _say(aligned(("section", "key", "value", "environment variable"), rows))
    return 0


def _section(chosen: Settings, name: str) -> BaseModel | None:
    """A section's settings, None where it is not configured."""
    try:
        values: BaseModel | None = getattr(chosen, {"pipeline": "run"}.get(name, name))
    except PipelineError:
        return None
    return values
