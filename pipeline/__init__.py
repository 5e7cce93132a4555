"""MySQL tables to Amazon Redshift through S3, by time windows, exactly once.

Importing the package registers its tasks: ``luigi --module pipeline RangeDaily --of DailyLoadAll …``.
"""

import sys

from pipeline.version import VERSION

if sys.argv[0] != "-m":
    # While `python -m pipeline` imports this package, Python has "-m" there: the operator commands need
    # no tasks, and answer in half the time without them (and the compiled decoder behind them).
    from pipeline import command_line
    from pipeline import exit_status as exit_status
    from pipeline.codec import memory as memory  # before anything else imports pyarrow
    from pipeline.entries import DailyBackup as DailyBackup
    from pipeline.entries import DailyBackupAll as DailyBackupAll
    from pipeline.entries import DailyLoad as DailyLoad
    from pipeline.entries import DailyLoadAll as DailyLoadAll
    from pipeline.entries import HourlyBackup as HourlyBackup
    from pipeline.entries import HourlyBackupAll as HourlyBackupAll
    from pipeline.entries import HourlyLoad as HourlyLoad
    from pipeline.entries import HourlyLoadAll as HourlyLoadAll
    from pipeline.ranges import RangeDaily as RangeDaily
    from pipeline.ranges import RangeHourly as RangeHourly
    from pipeline.tasks import ConvertCSV as ConvertCSV
    from pipeline.tasks import CopyToRedshift as CopyToRedshift
    from pipeline.tasks import ExtractChunk as ExtractChunk
    from pipeline.tasks import PlanChunks as PlanChunks
    from pipeline.tasks import RefreshViews as RefreshViews
    from pipeline.tasks import SourceReady as SourceReady
    from pipeline.tasks import UploadParquet as UploadParquet

    if "luigi.cmdline" in sys.modules:  # not where a program or a test imports the tasks
        command_line.take_over()

__version__ = VERSION
