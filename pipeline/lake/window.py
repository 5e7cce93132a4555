"""One window of one table in the lake, and its markers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pipeline.errors import LakeError, Overtaken
from pipeline.lake.keys import Keys
from pipeline.lake.s3 import Store
from pipeline.lake.stages import CSV, LAKE, LOAD, STAGES, AnyStage, MarkerT, Stage
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

    def write_while(
        self, stage: Stage[MarkerT], marker: MarkerT, is_current: Callable[[], bool]
    ) -> MarkerT:
        """Write a stage's marker while its input is current, and return the stored one.

        Of two runs with the same result the first marker stays. Raises Overtaken where another run has
        replaced or deleted the input: a marker written by then is deleted, with those that follow from it.
        """
        key, data = self.key(stage), marker.encode()
        written = is_current() and self.store.put_if_absent(key, data)
        while not written:
            stored = self.store.get_with_etag(key)
            if not is_current():
                raise self._overtaken(stage)
            if stored and self._decoded(stage, stored[0]).result == marker.result:
                return self._decoded(stage, stored[0])
            written = self.store.put_if_match(key, data, stored[1] if stored else None)
        if not is_current():
            if self.store.get_if_exists(key) == data:
                self.delete(*STAGES[: STAGES.index(stage) - 1 : -1])
            raise self._overtaken(stage)
        return marker

    def is_done(self, stage: AnyStage) -> bool:
        """Whether a stage has finished, for the rows that the lake has now.

        A damaged marker counts as finished: the stage that reads it reports it.
        """
        data, lake = (self.store.get_if_exists(self.key(each)) for each in (stage, LAKE))
        if data is None or lake is None:
            return False
        try:
            digest: str = self._decoded(stage, data).lake_digest
            return digest == self._decoded(LAKE, lake).digest
        except LakeError:
            return True

    def _overtaken(self, stage: AnyStage) -> Overtaken:
        return Overtaken(
            f"another run has read the window again before its {stage} marker was written",
            why="the markers of this run's input were deleted or replaced; its result is discarded",
            todo="run the same command again; it does nothing where the other run has finished",
        )

    def delete(self, *stages: AnyStage) -> None:
        """Delete the markers of stages, which makes them run again."""
        self.store.delete(self.key(stage) for stage in stages)

    def is_snapshot(self, stage: AnyStage) -> bool:
        """Whether the stage's window is a snapshot; the table may have had a cursor before."""
        marker = self.find(LAKE) if stage in (LAKE, CSV) else self.find(LOAD)
        return marker is not None and marker.is_snapshot

    def __str__(self) -> str:
        return f"{self.table} {self.window.label}"
