"""Strings and bytes: copied to where Arrow wants them, and looked at once on the way."""

from __future__ import annotations

import numpy as np

from pipeline.codec.jit import copy, inlined, kernel, load64

ASCII = 0
NOT_ASCII = 1
HAS_NUL = 2

_HIGH_BITS = np.uint64(0x8080808080808080)


@kernel
def strings(
    block: np.ndarray,
    starts: np.ndarray,
    lengths: np.ndarray,
    rows: int,
    offsets: np.ndarray,
    data: np.ndarray,
    valid: np.ndarray,
    at: int,
) -> int:
    """Append `rows` cells to `data` behind ``offsets[at]`` and write ``offsets[at + 1:]``, ``valid[at:]``.

    Returns whether the bytes appended hold anything but ASCII (`NOT_ASCII`), and zeros (`HAS_NUL`).
    """
    first = np.int64(offsets[at])
    position = first
    for row in range(rows):
        length = np.int64(lengths[row])
        if length < 0:
            valid[at + row] = 0
        else:
            copy(data, position, block, np.int64(starts[row]), length)
            position += length
            valid[at + row] = 1
        offsets[at + row + 1] = position
    # two reductions that the compiler turns into wide vector instructions
    union, lowest = np.uint8(0), np.uint8(255)
    for place in range(first, position):
        union |= data[place]
        lowest = min(lowest, data[place])
    return (NOT_ASCII if union > 127 else ASCII) | (HAS_NUL if lowest == 0 else 0)


@inlined
def _continued(data: np.ndarray, at: int, count: int) -> bool:
    for place in range(at + 1, at + 1 + count):
        if data[place] & 0xC0 != 0x80:
            return False
    return True


@inlined
def _valid_utf8(data: np.ndarray, at: int, end: int) -> bool:
    """Well-formed UTF-8 (table 3-7 of the Unicode standard): no surrogates, nothing overlong."""
    while at < end:
        while end - at >= 8 and load64(data, at) & _HIGH_BITS == np.uint64(0):
            at += 8
        if at == end:
            break
        byte = data[at]
        if byte < 0x80:
            at += 1
            continue
        if byte < 0xC2 or byte > 0xF4:
            return False
        more = 1 if byte < 0xE0 else 2 if byte < 0xF0 else 3
        if at + more >= end or not _continued(data, at, more):
            return False
        second = data[at + 1]
        if (
            (byte == 0xE0 and second < 0xA0)
            or (byte == 0xED and second > 0x9F)
            or (byte == 0xF0 and second < 0x90)
            or (byte == 0xF4 and second > 0x8F)
        ):
            return False
        at += more + 1
    return True


@kernel
def invalid_utf8(data: np.ndarray, offsets: np.ndarray, first: int, last: int) -> tuple[int, int]:
    """How many of the strings ``first <= row < last`` are not UTF-8, and the last of them."""
    count, example = 0, 0
    for row in range(first, last):
        if not _valid_utf8(data, np.int64(offsets[row]), np.int64(offsets[row + 1])):
            count += 1
            example = row
    return count, example


@kernel
def nul_bytes(data: np.ndarray, offsets: np.ndarray, first: int, last: int) -> tuple[int, int]:
    """How many of the strings ``first <= row < last`` hold a zero byte, and the last of them."""
    count, example = 0, 0
    for row in range(first, last):
        for place in range(offsets[row], offsets[row + 1]):
            if data[place] == 0:
                count += 1
                example = row
                break
    return count, example
