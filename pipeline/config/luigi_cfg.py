"""`luigi.cfg` by Luigi's own parser, without importing the rest of Luigi."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from functools import lru_cache
from types import ModuleType
from typing import Any

_ALONE = f"{__name__}_alone"


def luigi_config() -> Any:
    """Luigi's configuration parser: that of this process if Luigi is imported, else one by the same code.

    Importing `luigi` imports its scheduler, worker and clients, a quarter of the time of `status`. Its
    configuration package needs none of them.
    """
    loaded = sys.modules.get("luigi.configuration")
    return (loaded or _reader_alone()).get_config()


@lru_cache(maxsize=1)
def _reader_alone() -> ModuleType:
    """`luigi.configuration`, imported as part of an empty package with Luigi's path."""
    luigi = importlib.util.find_spec("luigi")
    package = ModuleType(_ALONE)
    package.__path__ = list(luigi.submodule_search_locations or ()) if luigi else []
    sys.modules[_ALONE] = package
    return importlib.import_module(f"{_ALONE}.configuration")
