"""Repeat windows from a stage on: delete their markers, and their ledger rows where they are loaded again.

The views' markers are deleted first: no window looks complete from then on. After a kill a run completes the
windows, and the same redo deletes the rest. The others follow in the order of the data path: a run that is
active meanwhile writes a marker only while its input's marker is there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from pipeline.config.tables import Table
from pipeline.lake.history import marked_windows
from pipeline.lake.s3 import Store
from pipeline.lake.stages import CSV, LAKE, LOAD, STAGES, VIEWS, AnyStage
from pipeline.lake.window import LakeWindow
from pipeline.model.identifiers import LEDGER
from pipeline.model.window import Window
from pipeline.warehouse import catalog
from pipeline.warehouse import connection as redshift
from pipeline.warehouse.ledger import Ledger
from pipeline.warehouse.sql import Relation

FIRST_STAGE: Mapping[str, AnyStage] = {"source": LAKE, "lake": CSV, "csv": LOAD, "views": VIEWS}
"""By the place that a redo starts from, the first stage that runs again."""


@dataclass(frozen=True)
class Redo:
    """A redo of one table: its span, and the windows that begin in it with the stages they have."""

    store: Store
    table: Table
    span: Window
    stages: tuple[AnyStage, ...]
    """The stages to repeat, in the order of the data path."""
    markers: Mapping[Window, tuple[AnyStage, ...]]
    """By window, oldest first, those of `stages` whose markers it has."""

    @property
    def loads_again(self) -> bool:
        """Whether the windows are loaded again, and their ledger rows deleted."""
        return LOAD in self.stages

    def delete_markers(self, stages: Sequence[AnyStage]) -> None:
        """Delete the markers of stages, one stage after the other."""
        for stage in stages:
            for window in self.markers:
                LakeWindow(self.store, self.table.name, window).delete(stage)


def find(store: Store, table: Table, span: Window, start_at: str) -> Redo:
    """The windows to repeat, from one LIST per stage."""
    stages = STAGES[STAGES.index(FIRST_STAGE[start_at]) :]
    with ThreadPoolExecutor(max_workers=len(stages)) as pool:
        listed = pool.map(lambda stage: marked_windows(store, table.name, stage, span), stages)
        by_stage = {stage.name: set(windows) for stage, windows in zip(stages, listed, strict=True)}
    windows = sorted(set().union(*by_stage.values()))
    markers = {
        window: tuple(stage for stage in stages if window in by_stage[stage.name])
        for window in windows
    }
    return Redo(store, table, span, stages, markers)


def loaded_windows(redo: Redo, connection: redshift.Connection, schema: str) -> list[Window]:
    """The windows of the span that the ledger has; none before the first load."""
    if not catalog.table_columns(connection, Relation(schema, LEDGER)):
        return []
    ledger = Ledger(schema, str(redo.table.name))
    with connection.cursor() as cursor:
        windows = [row.window for row in ledger.rows(cursor)]
    return [w for w in windows if redo.span.start <= w.start < redo.span.end]


def apply(redo: Redo, connection: redshift.Connection | None, schema: str) -> None:
    """Delete markers, then ledger rows; `connection` is needed where windows are loaded again.

    The rows stay in the target until the next load replaces them, as after a change in the source.
    """
    redo.delete_markers((VIEWS, *redo.stages))
    if connection is None:
        return
    if windows := loaded_windows(redo, connection, schema):
        target = Relation(schema, redo.table.target)
        Ledger(schema, str(redo.table.name)).forget_all(connection, target, windows)
        # A load that was under way committed before the lock, and may have written its marker since.
        redo.delete_markers((LOAD, VIEWS))
