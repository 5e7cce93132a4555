"""MySQL tables to Amazon Redshift through S3, by time windows, exactly once.

Importing the package registers its tasks: ``luigi --module pipeline RangeDaily --of DailyLoadAll …``.
"""

import sys

from pipeline.version import VERSION

if sys.argv[0] != "-m":
    # While `python -m pipeline` imports this package, Python has "-m" there: the operator commands need
    # no tasks, and answer in half the time without them (and the compiled decoder behind them).
    from pipeline.codec import memory as memory  # before anything else imports pyarrow
    from pipeline.tasks import exit_status as exit_status
    from pipeline.tasks import luigi_hooks
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

    if "luigi.cmdline" in sys.modules:  # not where a program or a test imports the tasks
        luigi_hooks.take_over()

__version__ = VERSION
