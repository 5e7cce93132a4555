"""Compare what is loaded with the source, table by table."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator, Sequence

from pipeline.cli.chosen import chosen_tables
from pipeline.cli.output import say
from pipeline.comparison.verdict import State, Verdict
from pipeline.config.settings import Settings, settings
from pipeline.config.tables import Table
from pipeline.errors import PipelineError
from pipeline.lake.s3 import store
from pipeline.model.text_table import aligned
from pipeline.source import connection as mysql
from pipeline.source.connection import SourceLost
from pipeline.steps import verify
from pipeline.steps.verify import Servers
from pipeline.warehouse import connection as redshift

HEADINGS = (
    *("table", "state", "without a gap until", "windows", "source rows", "warehouse rows"),
    "reason",
)


def run(options: argparse.Namespace) -> int:
    """``verify``: 1 where a table differs or is not loaded, or the status of the highest error."""
    verdicts = list(_verdicts(settings(), chosen_tables(options)))
    report = [aligned(HEADINGS, [_line(verdict) for verdict in verdicts])]
    report += filter(None, ["\n".join(_omitted(verdicts)), summary(verdicts)])
    say("\n\n".join(report))
    return max((verdict.exit_status for verdict in verdicts), default=0)


def _verdicts(settings: Settings, tables: Sequence[Table]) -> Iterator[Verdict]:
    """Compare each table; after a lost source, name the others without a further attempt."""
    lost: PipelineError | None = None
    for table in tables:
        verdict = Verdict(str(table.name), error=lost) if lost else _verdict(settings, table)
        lost = verdict.error if isinstance(verdict.error, SourceLost) else None
        yield verdict


def _verdict(settings: Settings, table: Table) -> Verdict:
    """Compare a table over connections of its own: its failure leaves the other tables' alone."""
    source, warehouse, bastion = settings.source, settings.warehouse, settings.bastion
    try:
        with (
            mysql.connected(source, bastion) as mysql_connection,
            redshift.connected(warehouse, bastion) as redshift_connection,
        ):
            servers = Servers(
                store(settings.lake),
                mysql_connection,
                redshift_connection,
                warehouse.schema_name,
                settings.run.spool,
                source.timezone,
            )
            return verify.compare(servers, table)
    except PipelineError as error:
        return Verdict(str(table.name), error=error)


def summary(verdicts: Sequence[Verdict]) -> str:
    """The number of tables in each state."""
    counts = Counter(verdict.state for verdict in verdicts)
    states = ", ".join(f"{counts[state]} {state.value}" for state in State if counts[state])
    return f"{len(verdicts)} {'table' if len(verdicts) == 1 else 'tables'}: {states or 'none'}"


def _omitted(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """One line for each table with columns that are not compared."""
    for verdict in verdicts:
        if verdict.omitted:
            columns = ", ".join(f"{name} ({reason})" for name, reason in verdict.omitted)
            yield f"not compared in {verdict.table}: {columns}"


def _line(verdict: Verdict) -> tuple[object, ...]:
    until = f"{verdict.until:%Y-%m-%d %H:%M}" if verdict.until else None
    return (
        verdict.table,
        verdict.state.value,
        until,
        verdict.windows,
        verdict.source_rows,
        verdict.warehouse_rows,
        verdict.reason,
    )
