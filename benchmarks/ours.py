"""The pipeline's own runs, and the raw drain: ``python -m benchmarks.ours NAME JOB``.

The stages run as Luigi tasks, as the product runs them: `luigi.cmdline` is imported before the package, which
then prepares the process as it does for a run. The drain sends the very statements that the
extraction was seen to send, on a connection opened by the same code.
"""

from __future__ import annotations

import select
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import luigi
import luigi.cmdline
import luigi.retcodes
import pymysql.connections

from benchmarks import inside
from benchmarks.inside import Job, Outcome, Work
from benchmarks.sampler import Sampler
from pipeline.codec.warm import warm
from pipeline.config.settings import settings
from pipeline.model.window import Window
from pipeline.source import connection as mysql
from pipeline.source.row_batches import read_batches
from pipeline.tasks.chain import ConvertCSV, ExtractChunk, PlanChunks

_EOF_SIZE = 9
_END = (b"\5\0\0", b"\xfe")
"""The packet that ends the rows: five bytes long, 0xFE first (MySQL's EOF_Packet)."""


def extract(job: Job) -> Work:
    """MySQL to Parquet files in the spool; loading the compiled kernels counts as importing."""
    warm()

    def work() -> Outcome:
        with _recorded() as queries:
            _extract(job)
        return {"queries": queries}

    return work


def decode(job: Job) -> Work:
    """The drain's statements, decoded to Arrow batches, each dropped as the next one comes."""
    warm()
    task = PlanChunks(table=_table(job), window=Window.parse(job.window))

    def work() -> Outcome:
        with _snapshot() as connection:
            columns = task.described(connection).columns
            batches = (
                decoded.batch
                for query in job.queries
                for decoded in read_batches(connection, query, columns)
            )
            return {"rows": sum(batch.num_rows for batch in batches)}

    return work


def drain(job: Job) -> Work:
    """The statements' rows from the socket into one buffer, looked at by nobody."""

    def work() -> Outcome:
        buffer = bytearray(1 << 20)
        with _snapshot() as connection:
            return {"bytes": sum(_drain(connection, query, buffer) for query in job.queries)}

    return work


def walk(job: Job) -> Work:
    """The same bytes, packet by packet, to know how many rows and bytes a drain must see."""

    def work() -> Outcome:
        with _snapshot() as connection:
            counts = [_walk(connection, query) for query in job.queries]
        return {"rows": sum(rows for rows, _ in counts), "bytes": sum(size for _, size in counts)}

    return work


def convert(job: Job) -> Work:
    """Parquet of the lake to compressed CSV on S3; the lake was filled before."""
    warm()
    task = ConvertCSV(table=_table(job), window=Window.parse(job.window))

    def work() -> Outcome:
        for later in task.run():  # asked for where a run's time is up
            raise RuntimeError(f"{later} is asked for")
        return {}

    return work


def sampled(prepare: Callable[[Job], Work]) -> Callable[[Job], Work]:
    """The same work while a sampler looks where each thread is."""

    def prepared(job: Job) -> Work:
        plain = prepare(job)

        def work() -> Outcome:
            with Sampler() as sampler:
                plain()
            return {"samples": sampler.table(), "interval": sampler.interval}

        return work

    return prepared


def chain(last: str) -> Callable[[Job], Work]:
    """All stages up to the task `last`, by Luigi's command line; kernels are loaded as for extraction."""

    def prepare(job: Job) -> Work:
        warm()
        spent: dict[str, float] = defaultdict(float)

        @luigi.Task.event_handler(luigi.Event.PROCESSING_TIME)  # type: ignore[untyped-decorator]
        def _note(task: luigi.Task, seconds: float) -> None:
            spent[task.task_family] += seconds

        line = ["--module", "pipeline", last, "--table", _table(job), "--window", job.window]

        def work() -> Outcome:
            status = _status_of(lambda: luigi.retcodes.run_with_retcodes([*line, *_LOCAL]))
            if status:
                raise SystemExit(f"luigi ended with status {status}")
            return {"stages": dict(spent)}

        return work

    return prepare


_LOCAL = ["--local-scheduler"]


def _status_of(run: Callable[[], None]) -> Any:
    try:
        run()
    except SystemExit as end:
        return end.code
    return 0


def _table(job: Job) -> str:
    return f"{job.database}.{job.table}"


def _extract(job: Job) -> None:
    """What the tasks PlanChunks and ExtractChunk do, one chunk after the other."""
    table, window = _table(job), Window.parse(job.window)
    planned = PlanChunks(table=table, window=window)
    planned.run()
    for index in range(len(planned.spool.plan().spans)):
        ExtractChunk(table=table, window=window, chunk=index).run()


@contextmanager
def _snapshot() -> Iterator[Any]:
    """A connection as the extraction opens it, in a snapshot."""
    with (
        mysql.connected(settings().source, settings().bastion) as connection,
        mysql.snapshot(connection),
    ):
        yield connection


@contextmanager
def _recorded() -> Iterator[list[str]]:
    """The statements whose rows were streamed meanwhile."""
    seen: list[str] = []
    original = pymysql.connections.Connection.query

    def query(self: Any, sql: Any, unbuffered: bool = False) -> Any:
        if unbuffered:
            seen.append(sql.decode() if isinstance(sql, bytes) else sql)
        return original(self, sql, unbuffered)

    pymysql.connections.Connection.query = query  # type: ignore[method-assign]
    try:
        yield seen
    finally:
        pymysql.connections.Connection.query = original  # type: ignore[method-assign]


def _chunks(connection: Any, query: str, buffer: bytearray) -> Iterator[memoryview]:
    """What comes from the socket after the column definitions, as it comes; never ends by itself."""
    connection.query(query, unbuffered=True)
    first = connection._rfile.read1(1 << 16)
    yield memoryview(first)
    view = memoryview(buffer)
    while count := connection._sock.recv_into(view):
        yield view[:count]


def _released(connection: Any) -> None:
    """The rows are all read: let PyMySQL think so, too."""
    connection._result.unbuffered_active, connection._result.connection = False, None


def _drain(connection: Any, query: str, buffer: bytearray) -> int:
    total, tail = 0, b""
    for chunk in _chunks(connection, query, buffer):
        total += len(chunk)
        tail = (tail + bytes(chunk[-_EOF_SIZE:]))[-_EOF_SIZE:]
        if (tail[:3], tail[4:5]) == _END and not select.select([connection._sock], [], [], 0)[0]:
            break
    _released(connection)
    return total


def _walk(connection: Any, query: str) -> tuple[int, int]:
    total, rows, rest = 0, 0, b""
    for chunk in _chunks(connection, query, bytearray(1 << 20)):
        total += len(chunk)
        data, at = rest + bytes(chunk), 0
        while len(data) - at > 4 and len(data) - at >= 4 + (size := _size(data, at)):
            if data[at + 4] == 0xFE and size < _EOF_SIZE:
                _released(connection)
                return rows, total
            rows, at = rows + (size < 0xFFFFFF), at + 4 + size
        rest = data[at:]
    raise SystemExit("the server closed the connection")


def _size(data: bytes, at: int) -> int:
    return data[at] | data[at + 1] << 8 | data[at + 2] << 16


COMMANDS: dict[str, Callable[[Job], Work]] = {
    "extract": extract,
    "sampled-extract": sampled(extract),
    "sampled-convert": sampled(convert),
    "decode": decode,
    "drain": drain,
    "walk": walk,
    "convert": convert,
    "lake": chain("UploadParquet"),
    "csv": chain("ConvertCSV"),
    "loaded": chain("RefreshViews"),
}

if __name__ == "__main__":
    inside.run(COMMANDS[sys.argv[1]])
