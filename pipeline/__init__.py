"""MySQL tables to Amazon Redshift through S3, by time windows, exactly once.

The tasks are names of this package: ``from pipeline import DailyLoad``. Each is imported on first
use; importing the package by itself imports no library and changes nothing.

Luigi's command lines are the exception: they import ``--module pipeline`` and look the task up in Luigi's
register, so the package imports all tasks. For a run, by `luigi.cmdline`, it also prepares the process
(`pipeline.tasks.luigi_hooks`). ``import luigi`` imports none of these modules.
"""

import importlib
import sys
from typing import TYPE_CHECKING, Any

from pipeline.version import VERSION

if TYPE_CHECKING:
    from pipeline.tasks.chain import ConvertCSV as ConvertCSV
    from pipeline.tasks.chain import CopyToRedshift as CopyToRedshift
    from pipeline.tasks.chain import ExtractChunk as ExtractChunk
    from pipeline.tasks.chain import PlanChunks as PlanChunks
    from pipeline.tasks.chain import RefreshViews as RefreshViews
    from pipeline.tasks.chain import SourceReady as SourceReady
    from pipeline.tasks.chain import UploadParquet as UploadParquet
    from pipeline.tasks.entries import DailyBackup as DailyBackup
    from pipeline.tasks.entries import DailyBackupAll as DailyBackupAll
    from pipeline.tasks.entries import DailyLoad as DailyLoad
    from pipeline.tasks.entries import DailyLoadAll as DailyLoadAll
    from pipeline.tasks.entries import HourlyBackup as HourlyBackup
    from pipeline.tasks.entries import HourlyBackupAll as HourlyBackupAll
    from pipeline.tasks.entries import HourlyLoad as HourlyLoad
    from pipeline.tasks.entries import HourlyLoadAll as HourlyLoadAll
    from pipeline.tasks.ranges import RangeDaily as RangeDaily
    from pipeline.tasks.ranges import RangeHourly as RangeHourly

__version__ = VERSION

_TASKS = {
    "SourceReady": "pipeline.tasks.chain",
    "PlanChunks": "pipeline.tasks.chain",
    "ExtractChunk": "pipeline.tasks.chain",
    "UploadParquet": "pipeline.tasks.chain",
    "ConvertCSV": "pipeline.tasks.chain",
    "CopyToRedshift": "pipeline.tasks.chain",
    "RefreshViews": "pipeline.tasks.chain",
    "DailyBackup": "pipeline.tasks.entries",
    "DailyBackupAll": "pipeline.tasks.entries",
    "DailyLoad": "pipeline.tasks.entries",
    "DailyLoadAll": "pipeline.tasks.entries",
    "HourlyBackup": "pipeline.tasks.entries",
    "HourlyBackupAll": "pipeline.tasks.entries",
    "HourlyLoad": "pipeline.tasks.entries",
    "HourlyLoadAll": "pipeline.tasks.entries",
    "RangeDaily": "pipeline.tasks.ranges",
    "RangeHourly": "pipeline.tasks.ranges",
}


def __getattr__(name: str) -> Any:
    if name not in _TASKS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_TASKS[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_TASKS})


if "luigi.cmdline" in sys.modules:
    importlib.import_module("pipeline.tasks.luigi_hooks").install()
if sys.modules.keys() & {"luigi.cmdline", "luigi.tools.deps", "luigi.tools.deps_tree"}:
    for _module in dict.fromkeys(_TASKS.values()):
        importlib.import_module(_module)
