"""The Luigi target of a stage: its marker in the lake."""

from __future__ import annotations

import io
from typing import TextIO

import luigi

from pipeline.config.settings import settings
from pipeline.lake.s3 import Store, store
from pipeline.lake.stages import AnyStage
from pipeline.lake.window import LakeWindow
from pipeline.model.table_name import TableName
from pipeline.model.window import Window


def lake() -> Store:
    """The lake of this process."""
    return store(settings().lake)


class MarkerTarget(luigi.Target):
    """A stage's marker of one window; one HEAD checks that it exists."""

    def __init__(self, table: TableName, window: Window, stage: AnyStage) -> None:
        self.table, self.window, self.stage = table, window, stage

    @property
    def lake_window(self) -> LakeWindow:
        """The window in this process's lake: a target outlives a fork, a connection does not."""
        return LakeWindow(lake(), self.table, self.window)

    @property
    def path(self) -> str:
        """The marker's URL, ``s3://bucket/prefix/key``."""
        return self.lake_window.url(self.stage)

    def exists(self) -> bool:
        """Whether the stage that writes this marker has finished."""
        return self.lake_window.has(self.stage)

    def open(self, mode: str = "r") -> TextIO:
        """The marker's JSON; raises LakeError for a missing marker, ValueError for a mode other than r."""
        if mode != "r":
            raise ValueError(f"a marker is read-only, not to be opened with mode {mode!r}")
        marker = self.lake_window.read(self.stage)
        return io.StringIO(marker.encode().decode())

    def __str__(self) -> str:
        return self.path
