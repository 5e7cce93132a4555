"""The rows of a query as record batches, read from the socket of an open PyMySQL connection.

PyMySQL connects, authenticates, sends the query and reads the column definitions. Its row loop makes a
Python object of every cell, so the rows are read from the socket in large blocks and decoded by
`pipeline.codec`. No other module uses private attributes of PyMySQL (`_sock`, `_rfile`, `_result`,
`_next_seq_id`, `_force_close`).
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from typing import Any

from pymysql import err
from pymysql.connections import Connection
from pymysql.constants import CLIENT, CR
from pymysql.protocol import EOFPacketWrapper, MysqlPacket

from pipeline.codec.cells import InvalidValues
from pipeline.codec.decoder import DecodedBatch, MalformedRow
from pipeline.codec.stream import RowStream, ServerFailed, WrongSequence
from pipeline.model.columns import Column
from pipeline.source.watched import WatchedConnection

__all__ = ["DecodedBatch", "InvalidValues", "read_batches"]

_LOST = "Lost connection to MySQL server during query"
_PEEK = 1 << 16

log = logging.getLogger(__name__)


def read_batches(
    connection: Connection[Any],
    query: str,
    columns: Sequence[Column],
    *,
    batch_rows: int = 65_536,
    batch_bytes: int = 4 << 20,
) -> Iterator[DecodedBatch]:
    """Send `query`, whose result has exactly these `columns`, and yield its rows in batches.

    The first `next()` sends the query. A batch ends at `batch_rows` rows, or with the rows that take it past
    `batch_bytes` on the wire, which come a few thousand at a time. Memory is that of the caller's batches and
    one more.

    Raises PyMySQL's errors (`OperationalError` 2013 for a lost connection, the server's error in mid-stream,
    `InternalError` for a malformed stream), and DataError for a value that does not fit its column's type.
    The connection is free for the next statement after the last batch. After an error, or an abandoned
    iterator, it is closed, as unread rows are still on it.
    """
    _check_protocol(connection)
    connection.query(query, unbuffered=True)
    inner: Any = connection
    result = inner._result
    finished = False
    try:
        if result.field_count != len(columns):
            raise err.ProgrammingError(
                f"the query has {result.field_count} columns, expected {len(columns)}"
            )
        stream = RowStream(
            _Socket(inner).read_into,
            columns,
            sequence=inner._next_seq_id,
            batch_rows=batch_rows,
            batch_bytes=batch_bytes,
        )
        yield from _translated(stream)
        _release(inner, stream)
        finished = True
    finally:
        result.unbuffered_active, result.connection = False, None
        if not finished:
            log.debug("the row stream was abandoned: the connection is closed")
            inner._force_close()


def _check_protocol(connection: Connection[Any]) -> None:
    if connection.client_flag & (CLIENT.COMPRESS | CLIENT.DEPRECATE_EOF):
        raise err.NotSupportedError(
            "the connection has client_flag COMPRESS or DEPRECATE_EOF; rows are read uncompressed and with "
            "EOF packets"
        )


class _Socket:
    """A connection's socket, after the rows that PyMySQL has already buffered."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._watch = connection.watch if isinstance(connection, WatchedConnection) else None
        self._socket = connection._sock  # its timeout is set: the column definitions have been read
        self._buffered = True

    def read_into(self, target: memoryview) -> int:
        """Fill the beginning of `target`; raises OperationalError 2013 at the end of the stream."""
        try:
            with self._watch.waiting() if self._watch else nullcontext():
                count = self._read(target)
        except OSError as error:
            raise err.OperationalError(CR.CR_SERVER_LOST, f"{_LOST} ({error})") from error
        if not count:
            silent = self._watch is not None and self._watch.gave_up
            reason = f"{_LOST} ({self._watch.reason})" if self._watch and silent else _LOST
            raise err.OperationalError(CR.CR_SERVER_LOST, reason)
        return count

    def _read(self, target: memoryview) -> int:
        if self._buffered:
            return self._take_buffered(target)
        count: int = self._socket.recv_into(target)
        return count

    def _take_buffered(self, target: memoryview) -> int:
        # read1 returns the buffered bytes, or makes one read where there are none
        data = self._connection._rfile.read1(min(_PEEK, len(target)))
        self._buffered = False
        target[: len(data)] = data
        return len(data)


def _translated(stream: RowStream) -> Iterator[DecodedBatch]:
    """The batches of `stream`; raises its errors as PyMySQL's."""
    try:
        yield from stream.batches()
    except ServerFailed as error:
        err.raise_mysql_exception(error.payload)
    except WrongSequence as error:
        # a server that shuts down sends its error in packet zero
        if error.got == 0:
            raise err.OperationalError(CR.CR_SERVER_LOST, _LOST) from error
        raise err.InternalError(
            f"Packet sequence number wrong - got {error.got} expected {error.expected}"
        ) from error
    except MalformedRow as error:
        raise err.InternalError(f"the server sent a malformed row: {error}") from error


def _release(connection: Any, stream: RowStream) -> None:
    """Leave the connection in PyMySQL's state after the last row."""
    ending = EOFPacketWrapper(MysqlPacket(stream.ending, connection.encoding))
    if ending.has_next:
        raise err.NotSupportedError("the query has more than one result")
    if stream.excess:
        raise err.OperationalError(CR.CR_SERVER_LOST, _LOST)
    connection._next_seq_id = stream.sequence
