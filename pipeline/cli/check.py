"""Check the servers and table definitions that a run needs."""

from __future__ import annotations

import argparse
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from pipeline.cli.chosen import chosen_tables
from pipeline.cli.output import say
from pipeline.config.luigi_cfg import luigi_config
from pipeline.config.settings import Run, Settings, settings
from pipeline.config.tables import Table
from pipeline.errors import PipelineError, WarehouseError
from pipeline.lake.s3 import store
from pipeline.source import connection as mysql
from pipeline.source import table as source_table
from pipeline.source import window_closing
from pipeline.source.replicated_table import hidden_columns, key_of, replicated_table, zone_of
from pipeline.spool import disk
from pipeline.steps import lost_columns, validate_table
from pipeline.warehouse import connection as redshift
from pipeline.warehouse import ownership
from pipeline.warehouse import sql as redshift_sql
from pipeline.warehouse.ownership import Owner


@dataclass(frozen=True)
class Finding:
    """The result of one check: its subject, one line of text, and the error if it failed."""

    subject: str
    text: str
    error: PipelineError | None = None


def run(options: argparse.Namespace) -> int:
    """``check``: servers, tables, targets; the highest status of what failed."""
    findings = check_all(settings())
    if not any(finding.error for finding in findings if finding.subject == "source"):
        findings += check_tables(settings(), chosen_tables(options))
    if not any(finding.error for finding in findings if finding.subject in ("lake", "warehouse")):
        findings += check_targets(settings(), chosen_tables(options))
    width = max(len(finding.subject) for finding in findings)
    for finding in findings:
        verdict = "FAILED" if finding.error else "ok"
        say(f"{verdict:<7} {finding.subject:<{width}} {finding.text}")
    return max((f.error.exit_status for f in findings if f.error), default=0)


def check_all(settings: Settings) -> list[Finding]:
    """Check source, lake, warehouse, the spool's disk and scheduler, each independently of the others."""
    checks: list[tuple[str, Callable[[Settings], str]]] = [
        ("source", _source),
        ("lake", _lake),
        ("warehouse", _warehouse),
        ("spool", _spool),
        ("scheduler", _scheduler),
    ]
    return [_finding(name, check, settings) for name, check in checks]


def check_tables(settings: Settings, tables: Sequence[Table]) -> list[Finding]:
    """Check each table's definition against the source: its columns, its key, the index of its cursor."""
    with mysql.connected(settings.source, settings.bastion) as connection:
        return [
            _finding(str(table.name), partial(_table, connection, table), settings)
            for table in tables
        ]


def check_targets(settings: Settings, tables: Sequence[Table]) -> list[Finding]:
    """Find the targets with rows of another source than the table's."""
    schema, lake = settings.warehouse.schema_name, store(settings.lake)
    owners = {table.target: Owner.of(table.name, lake) for table in tables}
    with (
        redshift.connected(settings.warehouse, settings.bastion) as connection,
        connection.cursor() as cursor,
    ):
        refused = ownership.refusals(cursor, schema, owners)
    return [
        Finding(str(table.name), str(refused[table.target]), refused[table.target])
        for table in tables
        if table.target in refused
    ]


def _table(connection: mysql.Connection, table: Table, settings: Settings) -> str:
    with mysql.translated(connection, settings.source):
        return _definition(connection, table, settings)


def _definition(connection: mysql.Connection, table: Table, settings: Settings) -> str:
    timezone = settings.source.timezone
    source = replicated_table(connection, table, timezone)
    validate_table.check_table(table, source)
    lost_columns.refuse_lost_columns(store(settings.lake), table, source)
    if zone_of(table, timezone) is None:
        validate_table.check_zone(table, source, mysql.zone(connection))
    key = ", ".join(key_of(table, source)) or "none"
    advice = validate_table.index_advice(table.cursor, source) if table.cursor else ""
    summary = f"{len(source.columns)} columns, key {key}, cursor {table.cursor or 'none'}"
    remarks = [
        hidden_columns(table, source),
        "" if source.is_view else source.without_snapshots,
        _room(connection, table, settings.run),
    ]
    return "; ".join(filter(None, [advice or summary, *remarks]))


def _room(connection: mysql.Connection, table: Table, run: Run) -> str:
    """A warning of too little disk space for a chunk; raises DiskError where that is certain.

    Parquet takes a part of the source's storage, seldom less than a quarter.
    """
    need = source_table.size(connection, table.name).bytes
    if table.cursor:
        need = min(need, run.chunk_mb * 10**6)
    if (free := disk.free(run.spool)) < need // 4:
        raise disk.too_small(run.spool, need)
    room = f"a chunk needs up to {disk.megabytes(need)} of {run.spool}, {disk.megabytes(free)} are free"
    return room if free < need else ""


def _finding(name: str, check: Callable[[Settings], str], settings: Settings) -> Finding:
    try:
        return Finding(name, check(settings))
    except PipelineError as error:
        return Finding(name, str(error), error)


def _source(settings: Settings) -> str:
    with mysql.connected(settings.source, settings.bastion) as connection:
        version = mysql.scalar(connection, "SELECT VERSION()")
        until = window_closing.closed_until(connection, settings.source.lag)
    way = f" through {settings.bastion.host}" if settings.bastion else ""
    return f"MySQL {version}{way}, windows closed until {until:%Y-%m-%d %H:%M:%S} UTC"


def _lake(settings: Settings) -> str:
    lake = store(settings.lake)
    lake.check()
    return f"{lake.url('')} may be listed"


def _warehouse(settings: Settings) -> str:
    schema = settings.warehouse.schema_name
    with (
        redshift.connected(settings.warehouse, settings.bastion) as connection,
        connection.cursor() as cursor,
    ):
        version = str(redshift.scalar(cursor, "SELECT version()"))
        cursor.execute(redshift_sql.SCHEMA, (schema,))
        if cursor.fetchone() is None:
            raise WarehouseError(
                f"Redshift has no schema {schema} to load into",
                why=f"pg_namespace of {settings.warehouse.database} does not list it",
                todo=redshift.missing_schema_advice(settings.warehouse),
            )
    return f"{version.rsplit(', ', maxsplit=1)[-1]}, schema {schema}"


def _spool(settings: Settings) -> str:
    return disk.check(settings.run.spool)


def _scheduler(settings: Settings) -> str:
    config, environment = luigi_config(), settings.environment
    host = environment.get("LUIGI_SCHEDULER_HOST") or config.get(
        "core", "default-scheduler-host", "localhost"
    )
    port = environment.get("LUIGI_SCHEDULER_PORT") or config.get(
        "core", "default-scheduler-port", "8082"
    )
    url = f"http://{host}:{port}/"
    try:
        with urllib.request.urlopen(url, timeout=5):
            return f"luigid answers at {url}"
    except (urllib.error.URLError, OSError):
        return f"no luigid at {url}: runs need --local-scheduler"
