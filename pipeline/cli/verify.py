"""Compare the row counts of all stages, of the source and of the warehouse."""

from __future__ import annotations

import argparse

from pipeline.cli.chosen import chosen_tables
from pipeline.cli.output import say
from pipeline.cli.text import aligned
from pipeline.config.settings import settings
from pipeline.lake.s3 import store
from pipeline.source import connection as mysql
from pipeline.steps import verify
from pipeline.steps.verify import Comparison, Servers
from pipeline.warehouse import connection as redshift

HEADINGS = ("table", "without a gap until", "windows", "torn", "source rows", "warehouse rows")


def run(options: argparse.Namespace) -> int:
    """``verify``: status 1 for a difference."""
    source, warehouse, bastion = settings().source, settings().warehouse, settings().bastion
    with (
        mysql.connected(source, bastion) as mysql_connection,
        redshift.connected(warehouse, bastion) as redshift_connection,
    ):
        servers = Servers(
            store(settings().lake),
            mysql_connection,
            redshift_connection,
            warehouse.schema_name,
            source.timezone,
        )
        comparisons = [verify.compare(servers, table) for table in chosen_tables(options)]
    say(aligned((*HEADINGS, "verdict"), [_line(comparison) for comparison in comparisons]))
    return 0 if all(comparison.agrees for comparison in comparisons) else 1


def _line(comparison: Comparison) -> tuple[object, ...]:
    until = f"{comparison.until:%Y-%m-%d %H:%M}" if comparison.until else ""
    equal = "versions kept" if comparison.keeps_versions else "equal"
    return (
        comparison.table,
        until or ("snapshot" if comparison.windows else "nothing"),
        comparison.windows,
        len(comparison.torn),
        comparison.source_rows,
        comparison.warehouse_rows,
        equal if comparison.agrees else "DIFFERENT",
    )
