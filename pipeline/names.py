"""Every S3 key and every warehouse identifier is made here and nowhere else.

Keys are relative to the lake's prefix. `<table>` is ``db.table`` as in the configuration; in a key it
becomes two path segments, percent-encoded so that any MySQL name is one segment, and shortened where
that would take more than a file's name may.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote, unquote

from pipeline.window import Window

MARKER = "_manifest.json"
# Bytes. A watermark's name holds two segments, and file systems (SeaweedFS too) give a name 255.
_LONGEST_SEGMENT = 120
# Bytes; https://docs.aws.amazon.com/redshift/latest/dg/r_names.html
MAX_IDENTIFIER_BYTES = 127
_IN_BACKTICKS = re.compile(r"`((?:[^`]|``)+)`\.(.+)", re.DOTALL)
# The tables the pipeline keeps for itself in the warehouse.
LEDGER = "pipeline_ledger"
VIEWS = "pipeline_views"
# What PostgreSQL, and Redshift with it, has in every table: no column of ours may be named so, quoted or not.
SYSTEM_COLUMNS = frozenset({"oid", "tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"})


@dataclass(frozen=True, order=True)
class TableName:
    """A source table: `database` and `table`, exactly as MySQL spells them."""

    database: str
    table: str

    @classmethod
    def parse(cls, text: str) -> TableName:
        """Split ``db.table`` at the first dot; a database whose name has one stands in backticks.

        Raises ValueError when a half is missing.

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
        """
        >>> TableName("settlement", "claim detail").path
        'settlement/claim%20detail'

        A watermark's key has a dot for the slash, so that a database has none.
        """
        database = quote(self.database, safe="").replace(".", "%2E")
        return f"{_shortened(database)}/{_segment(self.table)}"

    def __str__(self) -> str:
        if "." in self.database or self.database.startswith("`"):
            return f"`{self.database.replace('`', '``')}`.{self.table}"
        return f"{self.database}.{self.table}"


@dataclass(frozen=True)
class Keys:
    """The keys of one table. Examples are for settlement.partner_info and the first of August 2025."""

    table: TableName

    def lake_folder(self, window: Window) -> str:
        """``lake/settlement/partner_info/dt=2025-08-01/20250801T000000Z_20250802T000000Z/``"""
        return lake_marker(self.table.path, window).removesuffix(MARKER)

    def lake_part(self, window: Window, index: int, sha256: str) -> str:
        """``…/part-00000-3f0c9a1b22d4.parquet``

        The name holds the content's digest: two runs of one window never overwrite each other's
        parts, and the marker says which of them count (docs/decisions/0003).
        """
        return f"{self.lake_folder(window)}part-{index:05d}-{sha256[:12]}.parquet"

    def lake_marker(self, window: Window) -> str:
        """``…/_manifest.json``: UploadParquet's marker."""
        return lake_marker(self.table.path, window)

    def is_lake_marker(self, key: str) -> bool:
        """Whether a key of a listing of `lake` is a marker, not a part."""
        return key.endswith(f"/{MARKER}")

    def csv_folder(self, window: Window) -> str:
        """``csv/settlement/partner_info/20250801T000000Z_20250802T000000Z/``"""
        return f"csv/{self.table.path}/{window.name}/"

    def csv_part(self, window: Window, index: int, digest: str, suffix: str) -> str:
        """``…/part-00000-90be11d0a7c3.csv.zst``; `digest` is the SHA-256 of its content, hex."""
        return f"{self.csv_folder(window)}part-{index:05d}-{digest[:12]}.csv{suffix}"

    def copy_manifest(self, window: Window, digest: str) -> str:
        """``…/copy-90be11d0a7c3.manifest``: what COPY is given."""
        return f"{self.csv_folder(window)}copy-{digest[:12]}.manifest"

    def csv_marker(self, window: Window) -> str:
        """``…/_manifest.json``: ConvertCSV's marker."""
        return self.csv_folder(window) + MARKER

    @property
    def loads(self) -> str:
        """``loads/settlement/partner_info/``: one leaf object a window; what `bulk_complete` lists."""
        return f"loads/{self.table.path}/"

    def load_marker(self, window: Window) -> str:
        """``loads/settlement/partner_info/20250801T000000Z_20250802T000000Z.json``"""
        return f"{self.loads}{window.name}.json"

    @property
    def views(self) -> str:
        """``views/settlement/partner_info/``"""
        return f"views/{self.table.path}/"

    def views_marker(self, window: Window) -> str:
        """``views/settlement/partner_info/20250801T000000Z_20250802T000000Z.json``"""
        return f"{self.views}{window.name}.json"

    @property
    def lake(self) -> str:
        """``lake/settlement/partner_info/``"""
        return f"lake/{self.table.path}/"

    def lake_bounds(self, span: Window) -> tuple[str, str]:
        """Keys of `lake` before and after all those of windows that begin in the span.

        The first is no day's whole folder: a server that has folders would leave that one out.
        """
        first = f"{self.lake}dt={span.start:%Y-%m-%d}"
        return first[:-1], f"{self.lake}dt={span.end:%Y-%m-%d}~"

    def views_bounds(self, span: Window) -> tuple[str, str]:
        """Keys of `views` before and after all those of windows that begin in the span."""
        first, last = span.name.split("_")
        return f"{self.views}{first}", f"{self.views}{last}"

    @property
    def watermark(self) -> str:
        """``watermarks/settlement.partner_info.json``"""
        return f"watermarks/{self.table.path.replace('/', '.')}.json"

    @property
    def loaded_by(self) -> str:
        """``cursors/settlement/partner_info.json``: the cursor that the warehouse table is loaded by."""
        return f"cursors/{self.table.path}.json"

    @property
    def id_ranges(self) -> str:
        """``ids/settlement/partner_info.json``: which ids each window has, of a table with an id cursor."""
        return f"ids/{self.table.path}.json"

    @property
    def quarantined(self) -> str:
        """``quarantine/settlement/partner_info/``"""
        return f"quarantine/{self.table.path}/"

    def quarantine(self, window: Window) -> str:
        """``quarantine/settlement/partner_info/20250801T000000Z_20250802T000000Z.json``"""
        return f"{self.quarantined}{window.name}.json"


def lake_marker(path: str, window: Window) -> str:
    """The key of UploadParquet's marker, from a table's `path`."""
    return f"lake/{path}/dt={window.start:%Y-%m-%d}/{window.name}/{MARKER}"


def _segment(name: str) -> str:
    """A name as one segment of a path: percent-encoded, its end a digest where that is too long."""
    # nothing but dots would lead to another folder
    return _shortened(quote(name, safe="") if name.strip(".") else "%2E" * len(name))


def _shortened(encoded: str) -> str:
    if len(encoded) <= _LONGEST_SEGMENT:
        return encoded
    digest = hashlib.sha256(unquote(encoded).encode()).hexdigest()[:16]
    return f"{re.sub('%.?$', '', encoded[: _LONGEST_SEGMENT - 17])}-{digest}"


def window_of_key(key: str) -> Window | None:
    """The window a marker's key names, whichever folder it stands in; None when it names none."""
    for segment in reversed(unquote(key).removesuffix(".json").split("/")):
        try:
            return Window.parse(segment)
        except ValueError:
            continue
    return None


def fold(identifier: str) -> str:
    """The name a source identifier gets in the warehouse.

    Redshift folds to lower case even what is quoted, and holds 127 bytes; raises ValueError when the
    name does not fit or is empty.
    """
    folded = identifier.lower()
    size = len(folded.encode()) if folded.strip() else 0
    if not 0 < size <= MAX_IDENTIFIER_BYTES:
        raise ValueError(
            f"{identifier!r} is {size} bytes; Redshift holds 1 to {MAX_IDENTIFIER_BYTES}"
        )
    return folded


def spelled(name: str, among: Iterable[str]) -> str | None:
    """Which of a table's columns a name means: the one spelled so, else one that differs in case alone.

    MySQL folds fewer letters than Python does, so that a table may have both.

    >>> spelled("ƚ", ["Ƚ", "ƚ"]), spelled("ID", ["Id"]), spelled("no", ["id"])
    ('ƚ', 'Id', None)
    """
    columns = tuple(among)
    if name in columns:
        return name
    return next((column for column in columns if column.lower() == name.lower()), None)


def all_spelled(names: Iterable[str], among: Iterable[str]) -> frozenset[str]:
    """Those of a table's columns that the names mean."""
    columns = tuple(among)
    return frozenset(found for name in names if (found := spelled(name, columns)) is not None)


def in_one_case(name: str) -> bytes:
    """A column's name, the same for spellings that differ in the case of ASCII letters."""
    return name.encode().lower()


def left_out(names: Iterable[str], among: Iterable[str]) -> frozenset[str]:
    """Those of a window's columns that `exclude:` names, spelled so or in another case of ASCII letters.

    The column that is meant may have been left out before, and then one that is only like it is to stay.

    >>> sorted(left_out(["Ƚ", "SECRET"], ["ƚ", "secret", "id"]))
    ['secret']
    """
    folded = set(map(in_one_case, names))
    return frozenset(column for column in among if in_one_case(column) in folded)
