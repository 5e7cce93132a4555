"""Detection of CSV that Arrow's reader parses differently from Redshift.

Arrow keeps white space around a quoted field, treats a quote within an unquoted field as a plain character,
and appends what follows a closing quote. None of these occurs in well-formed CSV without padding, so the
characters beside each quote decide, at memory speed, whether a file needs the exact reader.
"""

from __future__ import annotations

import io
import re
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

_SPACES = b" \t"
_ENDS = b"\r\n"
_WINDOW = 64


class Watched(io.RawIOBase):
    """A stream that records during reading whether its content needs the exact reader."""

    def __init__(self, stream: BinaryIO, delimiter: str, quote: str) -> None:
        super().__init__()
        self._stream = stream
        self._quote = ord(quote)
        self._ordinary = np.ones(256, dtype=bool)
        self._ordinary[list(delimiter.encode() + quote.encode() + _ENDS + _SPACES)] = False
        self._edge = np.zeros(256, dtype=bool)
        self._edge[list(delimiter.encode() + _ENDS + _SPACES)] = True
        self._space = np.zeros(256, dtype=bool)
        self._space[list(_SPACES)] = True
        d, q = re.escape(delimiter.encode()), re.escape(quote.encode())
        self._padded = re.compile(
            rb"[" + d + rb"\n][ \t]+" + q + rb"(?:" + q * 2 + rb")*(?!" + q + rb")"
            rb"|(?<!" + q + rb")" + q + rb"(?:" + q * 2 + rb")*[ \t]+(?:" + d + rb"|\r?\n|\Z)"
            rb"|[" + d + rb"\n][ \t]*" + q * 2 + rb"[ \t]*(?:" + d + rb"|\r?\n|\Z)"
        )  # fmt: skip
        self._tail = b"\n"
        self.suspicious = False
        self.size = 0

    def readable(self) -> bool:
        """Always true."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Read up to `size` bytes and inspect them."""
        block = bytes(self._stream.read(size))
        self.size += len(block)
        if not self.suspicious:
            self.suspicious = self._look(self._tail + block) if block else False
            self._tail = block[-_WINDOW:] or self._tail
        return block

    def _look(self, data: bytes) -> bool:
        if b"\0" in data:
            return True
        characters = np.frombuffer(data, dtype=np.uint8)
        quotes = np.flatnonzero(characters == self._quote)
        quotes = quotes[(quotes > 1) & (quotes < len(characters) - 2)]
        if not len(quotes):
            return False
        before, after = characters[quotes - 1], characters[quotes + 1]
        inner = (self._ordinary | self._space)[before] & (self._ordinary | self._space)[after]
        if bool(inner.any()):
            return True
        padded = self._space[before] & self._edge[characters[quotes - 2]]
        padded |= self._space[after] & self._edge[characters[quotes + 2]]
        return self._any_padded(data, quotes[padded])

    def _any_padded(self, data: bytes, places: NDArray[np.intp]) -> bool:
        for place in places.tolist():
            for match in self._padded.finditer(data, max(0, place - _WINDOW), place + _WINDOW):
                inside = match.start() <= place < match.end()
                if inside and (b" " in match[0] or b"\t" in match[0]):
                    return True
        return False
