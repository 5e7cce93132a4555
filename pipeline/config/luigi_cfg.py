"""`luigi.cfg` by Luigi's own parser, without importing the rest of Luigi."""

from __future__ import annotations

import configparser
import importlib
import importlib.util
import sys
from collections.abc import Iterable
from functools import lru_cache
from types import ModuleType
from typing import Any

from pipeline.errors import ConfigurationError

_ALONE = f"{__name__}_alone"


def luigi_config() -> Any:
    """Luigi's configuration parser: that of this process if Luigi is imported, else one by the same code.

    Importing `luigi` imports its scheduler, worker and clients, a quarter of the time of `status`. Its
    configuration package needs none of them.
    """
    loaded = sys.modules.get("luigi.configuration")
    try:
        return (loaded or _reader_alone()).get_config()
    except (UnicodeDecodeError, configparser.Error) as error:
        reason = "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)
        raise ConfigurationError(
            "luigi.cfg cannot be read",
            why=" ".join(reason.split()),
            todo="correct luigi.cfg and the file of LUIGI_CONFIG_PATH, and save them as UTF-8",
        ) from None


def sections_of_luigi_cfg(names: Iterable[str]) -> dict[str, dict[str, str]]:
    """The keys and values of sections, as far as `luigi.cfg` has them, interpolated as Luigi does.

    Raises ConfigurationError for a value that Luigi cannot interpolate, without the value.
    """
    parser = luigi_config()
    try:
        return {name: dict(parser.items(name)) for name in names if parser.has_section(name)}
    except configparser.InterpolationError as error:
        raise ConfigurationError(
            f"{error.option} of [{error.section}] in luigi.cfg cannot be read",
            why="Luigi replaces %(name)s and ${VARIABLE}, and this value has another % or ${",
            todo="write %% for %, or move the setting to .env, where values are taken as written",
        ) from None


@lru_cache(maxsize=1)
def _reader_alone() -> ModuleType:
    """`luigi.configuration`, imported as part of an empty package with Luigi's path."""
    luigi = importlib.util.find_spec("luigi")
    package = ModuleType(_ALONE)
    package.__path__ = list(luigi.submodule_search_locations or ()) if luigi else []
    sys.modules[_ALONE] = package
    return importlib.import_module(f"{_ALONE}.configuration")
