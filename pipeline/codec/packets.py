"""Positions of the cells of MySQL's text protocol in a block of bytes.

A row is a packet (three bytes of length, one of sequence, payload) whose payload is one length-encoded
string per column, 0xFB for NULL.
https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_query_response_text_resultset.html

Only these passes follow the stream from one length to the next; the decoders then process one column
each in regular loops. Only these passes validate positions: every cell they report lies inside its packet.
"""

from __future__ import annotations

from pipeline.codec.jit import Array, Bool, Int, inlined, int64, kernel

HEADER = 4
MAX_PAYLOAD = 0xFFFFFF
"""A packet of this size is continued by the next one."""

NULL = -1
"""The length reported for NULL."""

# Reasons for `follow` to stop, at the first packet it did not take.
MORE = 0
"""The next packet is not complete."""
END = 1
FAILED = 2
"""The next packet is the server's error message."""
HUGE = 3
"""The next packet is one of several that form a row."""
DISORDER = 4
"""The next packet's sequence number is wrong."""
EMPTY = 5
"""The next packet has no payload, so it is not a row."""


@inlined
def _little_endian(block: Array, at: Int, size: Int) -> Int:
    value = int64(0)
    for place in range(size):
        value |= int64(block[at + place]) << (8 * place)
    return value


@kernel
def follow(block: Array, at: int, end: int, sequence: int) -> tuple[int, int, int]:
    """Skip the complete packets of rows in ``block[at:end]``.

    Returns the reason for stopping, the position, and the sequence number expected there. The packet of
    `END` and `FAILED` is complete as well; that of `HUGE` is not.
    """
    while end - at >= HEADER:
        size = _little_endian(block, at, 3)
        payload = at + HEADER
        if block[at + 3] != sequence:
            return DISORDER, at, sequence
        if size == MAX_PAYLOAD:
            return HUGE, at, sequence
        if size == 0:
            return EMPTY, at, sequence
        if size > end - payload:
            break
        if block[payload] == 0xFF:
            return FAILED, at, sequence
        if block[payload] == 0xFE and size < 9:
            return END, at, sequence
        at = payload + size
        sequence = (sequence + 1) & 0xFF
    return MORE, at, sequence


@inlined
def _split(block: Array, at: Int, end: Int, starts: Array, lengths: Array, row: Int) -> Bool:
    """Record the cells of one payload, ``block[at:end]``, as `row`; false if they do not fill it."""
    for column in range(starts.shape[0]):
        if at >= end:
            return False
        length = int64(block[at])
        at += 1
        if length > 250:
            if length == 0xFB:
                starts[column, row] = at
                lengths[column, row] = NULL
                continue
            size = 2 if length == 0xFC else 3 if length == 0xFD else 8
            if length == 0xFF or size > end - at:
                return False
            length = _little_endian(block, at, size)
            at += size
        if length < 0 or length > end - at:
            return False
        starts[column, row] = at
        lengths[column, row] = length
        at += length
    return at == end


@kernel
def find_cells(block: Array, at: int, end: int, starts: Array, lengths: Array) -> Bool:
    """Find the cells of one payload of any size, ``block[at:end]``; false if it is not a row."""
    return _split(block, at, end, starts, lengths, 0)


@kernel
def find_rows(
    block: Array, at: int, end: int, starts: Array, lengths: Array, limit: int
) -> tuple[bool, int, int]:
    """Find the cells of up to `limit` packets in ``block[at:end]``, which `follow` has checked.

    `starts` and `lengths` are int32, indexed by column and row. Returns whether the packets are rows of
    that many columns, the end position of the last row, and the number of rows.
    """
    row = 0
    while row < limit and at < end:
        payload = at + HEADER
        after = payload + _little_endian(block, at, 3)
        if not _split(block, payload, after, starts, lengths, row):
            return False, at, row
        at = after
        row += 1
    return True, at, row
