"""One window of one table in the lake, and its markers."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.errors import LakeError
from pipeline.lake.keys import Keys
from pipeline.lake.s3 import Store
from pipeline.lake.stages import CSV, LAKE, LOAD, AnyStage, MarkerT, Stage
from pipeline.model.markers import decode
from pipeline.model.table_name import TableName
from pipeline.model.window import Window


@dataclass(frozen=True)
class LakeWindow:
    """A window of a table, in the store of its markers and parts."""

    store: Store
    table: TableName
    window: Window

    @property
    def keys(self) -> Keys:
        """The table's keys."""
        return Keys(self.table)

    def key(self, stage: AnyStage) -> str:
        """The key of a stage's marker."""
        return stage.key(self.keys, self.window)

    def url(self, stage: AnyStage) -> str:
        """The URL of a stage's marker."""
        return self.store.url(self.key(stage))

    def has(self, stage: AnyStage) -> bool:
        """Whether a stage has finished, from one HEAD."""
        return self.store.exists(self.key(stage))

    def read(self, stage: Stage[MarkerT]) -> MarkerT:
        """A stage's marker; raises LakeError where it is missing or damaged."""
        return self._decoded(stage, self.store.get(self.key(stage)))

    def find(self, stage: Stage[MarkerT]) -> MarkerT | None:
        """A stage's marker, None where the stage has not finished; raises LakeError for a damaged one."""
        data = self.store.get_if_exists(self.key(stage))
        return None if data is None else self._decoded(stage, data)

    def _decoded(self, stage: Stage[MarkerT], data: bytes) -> MarkerT:
        marker = decode(stage.model, data, self.url(stage))
        if (marker.table, marker.window) != (str(self.table), self.window.name):
            raise LakeError(
                f"{self.url(stage)} is another window's marker",
                why=f"it names {marker.table} {marker.window}",
                todo="delete it; the stage that writes it runs again",
            )
        return marker

    def write(self, stage: Stage[MarkerT], marker: MarkerT) -> None:
        """Write a stage's marker; replaces an earlier one."""
        self.store.put(self.key(stage), marker.encode())

    def write_first(self, stage: Stage[MarkerT], marker: MarkerT) -> MarkerT:
        """Write a stage's marker unless it exists, and return the stored one."""
        written = self.store.put_if_absent(self.key(stage), marker.encode())
        return marker if written else self.read(stage)

    def delete(self, *stages: AnyStage) -> None:
        """Delete the markers of stages, which makes them run again."""
        self.store.delete(self.key(stage) for stage in stages)

    def is_snapshot(self, stage: AnyStage) -> bool:
        """Whether the stage's window is a snapshot; the table may have had a cursor before."""
        marker = self.find(LAKE) if stage in (LAKE, CSV) else self.find(LOAD)
        return marker is not None and marker.is_snapshot

    def __str__(self) -> str:
        return f"{self.table} {self.window.label}"
