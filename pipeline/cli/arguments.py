"""The arguments of the commands."""

from __future__ import annotations

import argparse

from pipeline.config.settings import settings
from pipeline.config.tables import Table
from pipeline.config.yaml_loader import table_named, tables


def chosen_tables(options: argparse.Namespace) -> list[Table]:
    """The table of `--table`, or every configured one."""
    folder, database = settings().run.configs, settings().default_database
    if options.table:
        return [table_named(folder, options.table, database)]
    return list(tables(folder, database).values())
