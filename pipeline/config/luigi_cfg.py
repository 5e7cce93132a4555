"""`luigi.cfg` as Luigi itself reads it, without the rest of Luigi where nothing else needs it."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from functools import lru_cache
from types import ModuleType
from typing import Any

_ALONE = f"{__name__}_alone"


def luigi_config() -> Any:
    """The parser of Luigi's configuration: this process's, or one by the same code where there is no Luigi.

    Luigi's first line imports its scheduler, its worker and its clients, a quarter of what `status` took. The
    package in it that reads the configuration needs none of them.
    """
    loaded = sys.modules.get("luigi.configuration")
    return (loaded or _reader_alone()).get_config()


@lru_cache(maxsize=1)
def _reader_alone() -> ModuleType:
    """`luigi.configuration` below a package that has Luigi's folder, and has imported nothing from it."""
    found = importlib.util.find_spec("luigi")
    package = ModuleType(_ALONE)
    package.__path__ = list(found.submodule_search_locations or ()) if found else []
    sys.modules[_ALONE] = package
    return importlib.import_module(f"{_ALONE}.configuration")
