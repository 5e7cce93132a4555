"""Name of a source table, and its form as a path."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from urllib.parse import quote, unquote

# Bytes. The name of a watermark holds two segments, and file systems (SeaweedFS too) allow 255.
_LONGEST_SEGMENT = 120
_IN_BACKTICKS = re.compile(r"`((?:[^`]|``)+)`\.(.+)", re.DOTALL)


@dataclass(frozen=True, order=True)
class TableName:
    """A source table: `database` and `table`, exactly as MySQL spells them."""

    database: str
    table: str

    @classmethod
    def parse(cls, text: str) -> TableName:
        """Split ``db.table`` at the first dot; a database with a dot in its name needs backticks.

        Raises ValueError if either part is missing.

        >>> TableName.parse("`my.db`.orders").database
        'my.db'
        """
        if match := _IN_BACKTICKS.fullmatch(text):
            return cls(match[1].replace("``", "`"), match[2])
        database, dot, table = text.partition(".")
        if not (database and dot and table) or database.startswith("`"):
            raise ValueError(f"{text!r} is not a table; one reads like settlement.partner_info")
        return cls(database, table)

    @property
    def path(self) -> str:
        """The name as a path; its first segment has no dot, which separates them in a watermark's key.

        >>> TableName("settlement", "claim detail").path
        'settlement/claim%20detail'
        """
        database = quote(self.database, safe="").replace(".", "%2E")
        return f"{_shortened(database)}/{_segment(self.table)}"

    def __str__(self) -> str:
        if "." in self.database or self.database.startswith("`"):
            return f"`{self.database.replace('`', '``')}`.{self.table}"
        return f"{self.database}.{self.table}"


def _segment(name: str) -> str:
    """A name as one path segment: percent-encoded, and ending in a digest if it is too long."""
    # dots alone would refer to another folder
    return _shortened(quote(name, safe="") if name.strip(".") else "%2E" * len(name))


def _shortened(encoded: str) -> str:
    if len(encoded) <= _LONGEST_SEGMENT:
        return encoded
    digest = hashlib.sha256(unquote(encoded).encode()).hexdigest()[:16]
    return f"{re.sub('%.?$', '', encoded[: _LONGEST_SEGMENT - 17])}-{digest}"
