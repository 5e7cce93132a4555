"""The arguments of the commands, shared so that one word means one thing."""

from __future__ import annotations

import argparse
from contextlib import suppress
from datetime import datetime

from pipeline.model.window import UTC, Window

STAGES = ("source", "lake", "csv", "views")


_TABLES = "db.table, or a pattern such as 'shop.*'; may be repeated"


def tables(parser: argparse.ArgumentParser) -> None:
    """``--table``, several times, with patterns."""
    _add_tables(parser, f"{_TABLES}; default: every configured table", required=False)


def chosen_tables(parser: argparse.ArgumentParser) -> None:
    """``--table``, required: what deletes has no default."""
    _add_tables(parser, _TABLES, required=True)


def _add_tables(parser: argparse.ArgumentParser, text: str, *, required: bool) -> None:
    parser.add_argument(
        *("-t", "--table"),
        action="append",
        dest="tables",
        metavar="TABLE",
        required=required,
        help=text,
    )


def windows(parser: argparse.ArgumentParser) -> None:
    """``--windows``"""
    parser.add_argument("--windows", type=int, help="how many per table; default: a screenful")


def databases(parser: argparse.ArgumentParser) -> None:
    """The databases to discover."""
    parser.add_argument("databases", nargs="*", metavar="DATABASE", help="default: DB_DATABASE")


def period(parser: argparse.ArgumentParser) -> None:
    """``--since`` and ``--until``"""
    parser.add_argument(
        "--since",
        type=day_or_hour,
        metavar="PERIOD",
        required=True,
        help="the first day or hour, in UTC: 2025-08-01 or 2025-08-01T13",
    )
    parser.add_argument(
        "--until",
        type=day_or_hour,
        metavar="PERIOD",
        help="the first day or hour to leave out; default: the one after --since",
    )


def redo_from(parser: argparse.ArgumentParser) -> None:
    """``--from``"""
    parser.add_argument(
        "--from",
        choices=STAGES,
        default="source",
        dest="start_at",
        help="what to start from; default: source, which reads the rows again",
    )


def yes(parser: argparse.ArgumentParser) -> None:
    """``--yes``"""
    parser.add_argument(
        "--yes", action="store_true", help="do it; without, only show what would be done"
    )


def as_json(parser: argparse.ArgumentParser) -> None:
    """``--json``"""
    parser.add_argument(
        "--json", action="store_true", help="for programs: the same as JSON (docs/json.md)"
    )


def day_or_hour(text: str) -> Window:
    """A day or an hour in UTC; raises ArgumentTypeError for anything else."""
    for form, window_of in (("%Y-%m-%d", Window.day), ("%Y-%m-%dT%H", Window.hour)):
        with suppress(ValueError):
            return window_of(datetime.strptime(text, form).replace(tzinfo=UTC))
    raise argparse.ArgumentTypeError(
        f"{text!r} is neither a day, as 2025-08-01, nor an hour, as 2025-08-01T13"
    )
