"""COPY: from the command to the rows in the table, within the session's transaction."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from itertools import islice
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyarrow import csv

from devstack.redshift import wire
from devstack.redshift.backend import Backend, literal
from devstack.redshift.catalog import Journal
from devstack.redshift.copy import parquet, table
from devstack.redshift.copy.columns import Column, read_columns, table_name
from devstack.redshift.copy.command import CopyCommand, parse_copy
from devstack.redshift.copy.errors import LoadContext, Rejected, load_failed, report
from devstack.redshift.copy.exact import ExactReader
from devstack.redshift.copy.source import S3Access, S3File, files_of, open_file, s3_errors
from devstack.redshift.copy.vector import CellError, ColumnLoader
from devstack.redshift.errors import BackendError, RedshiftError
from devstack.redshift.plan import Session
from devstack.redshift.tokens import Tokens, quote

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_TO_POSTGRES = csv.WriteOptions(include_header=False, quoting_style="all_valid")


@dataclass(frozen=True)
class Loaded:
    """The outcome of a COPY."""

    table: str
    count: int


class Loader:
    """Runs the COPY commands of one session."""

    def __init__(
        self, backend: Backend, journal: Journal, access: S3Access, session: Session
    ) -> None:
        self._backend = backend
        self._journal = journal
        self._access = access
        self._session = session

    def run(self, tokens: Tokens) -> Loaded:
        """Run a COPY; raises RedshiftError, in which case nothing is loaded.

        Without an open transaction the COPY runs in its own.
        """
        command = parse_copy(tokens)
        own = self._backend.status == b"I"
        if own:
            self._backend.query("BEGIN")
        try:
            loaded = self._load(command)
        except (RedshiftError, BackendError):
            if own:
                self._backend.query("ROLLBACK")
            raise
        if own:
            self._backend.query("COMMIT")
        return loaded

    def _load(self, command: CopyCommand) -> Loaded:
        name = table_name(command)
        # Source: "Managing concurrent write operations": loads into one table wait for each other.
        self._backend.query(f"LOCK TABLE {name} IN SHARE ROW EXCLUSIVE MODE")
        columns = read_columns(self._backend, command)
        oids = self._backend.query(f"SELECT {literal(name)}::regclass::oid")
        query = self._journal.next_query_id()
        self._session.last_query_id = query
        context = LoadContext(query, self._backend.pid, int(oids[0][0] or 0), command.table[-1])
        job = _Job(command, columns, context, self._journal, self._session.quoted_null_is_null)
        job.run(self._backend, self._access.client(command))
        self._session.last_copy_count = job.count
        self._session.last_copy_id = query
        return Loaded(command.table[-1], job.count)


class _Job:
    """One COPY: the rows of its files, counted and written to PostgreSQL."""

    def __init__(
        self,
        command: CopyCommand,
        columns: Sequence[Column],
        context: LoadContext,
        journal: Journal,
        quoted_null_is_null: bool,
    ) -> None:
        self.count = 0
        self._command = command
        self._columns = columns
        self._loaders = [ColumnLoader(column, i, command) for i, column in enumerate(columns)]
        self._context = context
        self._journal = journal
        self._quoted_null_is_null = quoted_null_is_null
        self._errors = 0

    def run(self, backend: Backend, client: S3Client) -> None:
        """Stream all files into the table."""
        files = files_of(self._command, client)
        names = ", ".join(quote(column.name) for column in self._columns)
        statement = f"COPY {table_name(self._command)} ({names}) FROM STDIN (FORMAT csv)"
        with copy_in(backend, statement) as channel, s3_errors():
            for file in files:
                rows = self.count
                for batch in self._batches(client, file):
                    self.count += batch.num_rows
                    _write(channel, batch)
                    if backend.has_failed():
                        return  # for example cancelled; the end of the COPY raises the error
                self._commit(file, self.count - rows)

    def _batches(self, client: S3Client, file: S3File) -> Iterator[Any]:
        """The converted rows of a file, by the fast reader as far as possible."""
        command = self._command
        if command.file_format == "parquet":
            yield from parquet.batches(client, file, self._columns, command.has("serializetojson"))
            return
        done = 0
        if table.fits(command):
            stream = open_file(client, file, command.compression)
            try:
                for batch in table.batches(
                    stream, command, len(self._columns), self._quoted_null_is_null
                ):
                    converted = [
                        loader.array(batch.column(loader.index)) for loader in self._loaders
                    ]
                    yield pa.RecordBatch.from_arrays(converted, batch.schema.names)
                    done += batch.num_rows
                return
            except (table.NeedsExactReader, CellError):
                pass  # the exact reader locates and names the error
            finally:
                stream.close()
        yield from self._exact(client, file, done)

    def _exact(self, client: S3Client, file: S3File, done: int) -> Iterator[Any]:
        """The rows after the first `done`, read one by one; rejected ones are reported."""
        with contextlib.closing(open_file(client, file, self._command.compression)) as stream:
            reader = ExactReader(
                stream, file, self._command, self._loaders, self._quoted_null_is_null
            )
            rows = islice(reader.rows(self._reject), done, None)
            while lot := list(islice(rows, 4096)):
                columns = list(zip(*lot, strict=True))
                yield pa.RecordBatch.from_arrays(
                    [pa.array(column, pa.string()) for column in columns],
                    [column.name for column in self._columns],
                )

    def _reject(self, rejected: Rejected) -> None:
        report(self._journal, self._context, rejected)
        self._errors += 1
        if self._errors > self._command.max_error:
            raise load_failed(self._context.table)

    def _commit(self, file: S3File, rows: int) -> None:
        now = datetime.now(timezone.utc).replace(tzinfo=None)
        row: dict[str, str | int | None] = {
            "userid": 100,
            "query": self._context.query,
            "slice": 0,
            "name": self._context.table,
            "filename": file.url,
            "byte_offset": 0,
            "lines_scanned": rows,
            "errors": self._errors,
            "curtime": now.isoformat(" "),
            "status": 1,
            "file_format": self._command.file_format or "text",
            "is_partial": 0,
            "start_offset": 0,
            "copy_job_id": 0,
        }
        self._journal.insert("load_commit", row)


def _write(channel: wire.Channel, batch: Any) -> None:
    """Send a batch as PostgreSQL's CSV: NULL is empty, every value is quoted."""
    sink = pa.BufferOutputStream()
    csv.write_csv(batch, sink, _TO_POSTGRES)
    channel.write(wire.message(b"d", sink.getvalue().to_pybytes()))


@contextlib.contextmanager
def copy_in(backend: Backend, statement: str) -> Iterator[wire.Channel]:
    """Run a COPY … FROM STDIN; the body of the with statement writes CopyData messages.

    An exception in the body fails the COPY, and with it the transaction.
    """
    channel = backend.channel
    backend.send(wire.query(statement))
    kind, body = channel.read()
    while kind == b"N":
        kind, body = channel.read()
    if kind != b"G":
        failure = BackendError(wire.error_fields(body))
        backend.wait(lambda _kind, _body: None)
        raise failure
    try:
        yield channel
    except BaseException:
        backend.send(wire.message(b"f", wire.text("stopped by the proxy")))
        with contextlib.suppress(BackendError):  # the failure of the COPY is intended
            backend.wait(lambda _kind, _body: None)
        raise
    backend.send(wire.message(b"c"))
    backend.wait(lambda _kind, _body: None)
