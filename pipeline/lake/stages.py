"""The stages that write a marker in the lake: one definition each, with marker model, key and listing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar

from pipeline.lake.keys import MARKER, Keys
from pipeline.model.markers import CsvMarker, LakeMarker, LoadMarker, Marker, ViewsMarker
from pipeline.model.window import Window

MarkerT = TypeVar("MarkerT", bound=Marker)


@dataclass(frozen=True)
class Stage(Generic[MarkerT]):
    """One stage: `key` is its marker's; `prefix` and `bounds` limit a listing of its windows."""

    name: str
    model: type[MarkerT]
    key: Callable[[Keys, Window], str]
    prefix: Callable[[Keys], str]
    bounds: Callable[[Keys, Window], tuple[str, str]]
    suffix: str

    def is_marker(self, key: str) -> bool:
        """Whether a key below `prefix` is a marker rather than a part."""
        return key.endswith(self.suffix)

    def __str__(self) -> str:
        return self.name


AnyStage: TypeAlias = Stage[Any]

LAKE = Stage(
    name="lake",
    model=LakeMarker,
    key=Keys.lake_marker,
    prefix=lambda keys: keys.lake,
    bounds=Keys.lake_bounds,
    suffix=f"/{MARKER}",
)
CSV = Stage(
    name="CSV",
    model=CsvMarker,
    key=Keys.csv_marker,
    prefix=lambda keys: keys.csv,
    bounds=Keys.csv_bounds,
    suffix=f"/{MARKER}",
)
LOAD = Stage(
    name="load",
    model=LoadMarker,
    key=Keys.load_marker,
    prefix=lambda keys: keys.loads,
    bounds=Keys.loads_bounds,
    suffix=".json",
)
VIEWS = Stage(
    name="views",
    model=ViewsMarker,
    key=Keys.views_marker,
    prefix=lambda keys: keys.views,
    bounds=Keys.views_bounds,
    suffix=".json",
)
STAGES: tuple[AnyStage, ...] = (LAKE, CSV, LOAD, VIEWS)
"""In the order of the data path."""
