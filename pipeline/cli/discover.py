"""Propose definitions for the tables of whole databases, to review and keep in configs/."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

import yaml

from pipeline.cli.output import say
from pipeline.config.settings import settings
from pipeline.config.yaml_loader import written_tables
from pipeline.errors import ConfigurationError, SourceError
from pipeline.model.identifiers import LEDGER, VIEWS
from pipeline.source import connection as mysql
from pipeline.source import table as source_table
from pipeline.source import visibility
from pipeline.steps.discover import propose, schema_change_tables

_HEAD = """\
# Proposed by `python -m pipeline discover {databases}`. A cursor is a column that the server sets at every
# change; a table without one is read as a whole, each time. docs/tables.md says what else there is.
tables:"""


def run(options: argparse.Namespace) -> int:
    """``discover``: a definition for every table that configs/ does not define yet."""
    databases = options.databases or [settings().default_database]
    if not all(databases):
        raise ConfigurationError(
            "no database to discover", why="DB_DATABASE is not set", todo="name one"
        )
    defined = written_tables(settings().run.configs, settings().default_database)
    relations = [name for table in defined.values() for name in (table.target, table.latest_view)]
    taken = {LEDGER, VIEWS, *filter(None, relations)}
    lines = []
    with mysql.connected(settings().source, settings().bastion) as connection:
        for database in databases:
            listed = source_table.tables_of(connection, database)
            ghosts = schema_change_tables(table.name.table for table in listed)
            for table in listed:
                if table.is_view or str(table.name) in defined or table.name.table in ghosts:
                    continue
                try:
                    with mysql.translated(connection, settings().source):
                        proposal = propose(connection, table, taken)
                except mysql.SourceLost:
                    raise
                except (ConfigurationError, SourceError) as error:
                    lines.append(f"  # {table.name}, left out: {' '.join(str(error).split())}")
                    continue
                lines += [f"  # {' '.join(remark.split())}" for remark in proposal.remarks]
                lines.append(_yaml(str(table.name), proposal.definition))
            if not visibility.lists_all_tables(connection, database):
                lines.append(
                    f"  # tables of {database} that the account may not read are not listed"
                )
            if ghosts:
                lines.append(
                    f"  # tables of {database} that a schema change works with or left, left out: "
                    + " ".join(", ".join(sorted(ghosts)).split())
                )
            if views := [table.name.table for table in listed if table.is_view]:
                lines.append(
                    f"  # views of {database}, left out: {' '.join(', '.join(views).split())}"
                )
    say("\n".join([_HEAD.format(databases=" ".join(databases)), *(lines or ["  {}"])]))
    return 0


def _yaml(name: str, definition: Mapping[str, object]) -> str:
    """A table's definition below `tables:`."""
    text = yaml.safe_dump(
        {name: dict(definition)},
        default_flow_style=None,
        allow_unicode=True,
        sort_keys=False,
        width=float("inf"),
    )
    return "\n".join(f"  {line}" for line in text.splitlines())
