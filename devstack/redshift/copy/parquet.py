"""Parquet."""
from collections.abc import Iterator
from typing import Any
def batches(client: Any, file: Any, command: Any, columns: Any) -> Iterator[Any]:
    raise NotImplementedError
