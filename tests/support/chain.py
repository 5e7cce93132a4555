"""The product's own steps on real servers, without Luigi and with connections that stay open."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from pipeline.config.settings import Settings
from pipeline.config.tables import Table, TableDefinition
from pipeline.lake.s3 import store
from pipeline.lake.window import LakeWindow
from pipeline.model.cursors import Bounds
from pipeline.model.table_name import TableName
from pipeline.model.window import Window
from pipeline.source import connection as mysql
from pipeline.source import table as source_table
from pipeline.source.replicated_table import key_of
from pipeline.spool.folder import Plan
from pipeline.steps import convert, extract, plan, upload, validate_table
from pipeline.warehouse import connection as redshift
from pipeline.warehouse import copy
from pipeline.warehouse.loader import Loader
from pipeline.warehouse.modes import MODES
from pipeline.warehouse.window_load import WindowLoad
from tests.support import oracle
from tests.support.world import World

WINDOW = Window.day(date(2025, 8, 1))


def bounds_of(table: Table) -> Bounds:
    """The window's bounds on the table's cursor; a snapshot has none."""
    return table.warehouse_cursor.bounds(WINDOW)


@dataclass
class Chain:
    """MySQL → Parquet → CSV → warehouse, one table after the other."""

    folder: Path
    settings: Settings
    database: str
    root: Any
    source: mysql.Connection
    warehouse: redshift.Connection
    reader: Any
    server: str
    carried: int = 0

    def make(self, statements: list[str]) -> None:
        """Run statements as the source's administrator; nothing is strict."""
        with self.root.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
        self.root.commit()

    def carry(self, name: str, definition: dict[str, Any]) -> Table:
        """Bring the table's window into the warehouse, into a table of its own."""
        self.carried += 1
        target = f"t{self.carried} {name}"[:100]
        table = Table.of(
            TableName(self.database, name), TableDefinition(**definition, target=target)
        )
        described = source_table.describe(self.source, table.name)
        validate_table.check_table(table, described)
        cut = plan.plan_chunks(self.source, table, described, bounds_of(table), 10**9)
        key = key_of(table, described)
        chunks = []
        for index, span in enumerate(cut.spans):
            path = self.folder / f"{self.carried}-{index}.parquet"
            chunk = extract.Chunk(described, key, span, table.rules(key))
            figures = extract.extract_chunk(lambda: nullcontext(self.source), chunk, path)
            chunks.append((path, figures))
        self._load(table, cut, chunks)
        for path, _ in chunks:
            path.unlink()
        return table

    def _load(self, table: Table, cut: Plan, chunks: list[upload.Chunk]) -> None:
        named = table.model_copy(update={"name": TableName(self.database, table.target)})
        lake_window = LakeWindow(store(self.settings.lake), named.name, WINDOW)
        extent = upload.extent_of(table, cut, chunks[0][1].columns)
        manifest = upload.upload_window(lake_window, chunks, extent)
        csv = convert.prepare_copy(lake_window, manifest, table, [], self.settings.run)
        schema, mode = self.settings.warehouse.schema_name, MODES[table.load_mode]
        load = WindowLoad(named, WINDOW, csv, schema, bounds_of(table), mode)
        credentials = copy.credentials(self.settings.warehouse, self.settings.lake)
        Loader(self.warehouse, lake_window, load, credentials).run()

    def differences(self, table: Table) -> list[str]:
        """What the warehouse holds otherwise than the source."""
        of = oracle.columns(self.root, self.database, table.name.table)
        there = oracle.in_source(self.root, self.database, table.name.table, of)
        schema = self.settings.warehouse.schema_name
        here = oracle.in_warehouse(self.reader, schema, table.target, of)
        return oracle.differences(of, there, here)

    def drop(self, table: str) -> None:
        """Make room for another table of that name."""
        self.make(["DROP TABLE IF EXISTS `" + table.replace("`", "``") + "`"])
        target = f"t{self.carried} {table}"[:100].lower().replace('"', '""')
        with self.reader.cursor() as cursor:
            cursor.execute(
                f'DROP TABLE IF EXISTS "{self.settings.warehouse.schema_name}"."{target}"'
            )


@contextmanager
def running_chain(world: World) -> Iterator[Chain]:
    """A chain in a world."""
    settings = Settings(world.environment, {})
    warehouse = settings.warehouse
    with ExitStack() as stack:
        root = stack.enter_context(closing(world.source()))
        reader = stack.enter_context(closing(world.reader()))
        chain = Chain(
            folder=world.folder,
            settings=settings,
            database=world.name,
            root=root,
            source=stack.enter_context(mysql.connected(settings.source)),
            warehouse=stack.enter_context(redshift.connected(warehouse)),
            reader=reader,
            server=world.stack.source.kind,
        )
        chain.make(["SET sql_mode = 'NO_ZERO_DATE'", "SET NAMES utf8mb4"])
        yield chain
