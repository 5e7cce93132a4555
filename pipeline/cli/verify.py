"""Do all stages of every window, the source and the warehouse have the same rows?"""

from __future__ import annotations

import argparse

from pipeline.cli.arguments import chosen_tables
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
    """``verify``: status 1 when something differs."""
    source, warehouse, bastion = settings().source, settings().warehouse, settings().bastion
    with (
        mysql.connected(source, bastion) as rows,
        redshift.connected(warehouse, bastion) as loaded,
    ):
        schema, timezone = warehouse.schema_name, source.timezone
        servers = Servers(store(settings().lake), rows, loaded, schema, timezone)
        found = [verify.compare(servers, table) for table in chosen_tables(options)]
    say(aligned((*HEADINGS, "verdict"), [_line(each) for each in found]))
    return 0 if all(each.agrees for each in found) else 1


def _line(found: Comparison) -> tuple[object, ...]:
    until = f"{found.until:%Y-%m-%d %H:%M}" if found.until else ""
    verdict = (
        ("versions kept" if found.keeps_versions else "equal") if found.agrees else "DIFFERENT"
    )
    return (
        found.table,
        until or ("snapshot" if found.windows else "nothing"),
        found.windows,
        len(found.torn),
        found.source_rows,
        found.warehouse_rows,
        verdict,
    )
