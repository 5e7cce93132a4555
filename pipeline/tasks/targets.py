"""What Luigi looks at to see that a task is done."""

from __future__ import annotations

import luigi

from pipeline.config.settings import settings
from pipeline.lake.s3 import Store, store


def lake() -> Store:
    """The lake of this process."""
    return store(settings().lake)


class MarkerTarget(luigi.Target):
    """A marker in the lake: it exists when that very object does, which one HEAD tells."""

    def __init__(self, key: str) -> None:
        self.key = key

    def exists(self) -> bool:
        """Whether the stage that writes this marker has finished."""
        return lake().exists(self.key)

    def __str__(self) -> str:
        return self.key
