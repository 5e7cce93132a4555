"""Every S3 key of the lake, relative to its prefix.

A table's name is two segments of a key, each percent-encoded, and shortened where it would exceed the length
of a file name.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote

from pipeline.model.table_name import TableName
from pipeline.model.window import Window

MARKER = "_manifest.json"


@dataclass(frozen=True)
class Keys:
    """The keys of one table. The examples are for settlement.partner_info on 2025-08-01."""

    table: TableName

    def lake_folder(self, window: Window) -> str:
        """``lake/settlement/partner_info/dt=2025-08-01/20250801T000000Z_20250802T000000Z/``"""
        return lake_marker(self.table.path, window).removesuffix(MARKER)

    def lake_part(self, window: Window, index: int, sha256: str) -> str:
        """``…/part-00000-3f0c9a1b22d4.parquet``

        The name holds the content's digest: two runs of one window never overwrite each other's
        parts, and the marker lists the valid ones (docs/decisions/0003).
        """
        return f"{self.lake_folder(window)}part-{index:05d}-{sha256[:12]}.parquet"

    def lake_marker(self, window: Window) -> str:
        """``…/_manifest.json``: UploadParquet's marker."""
        return lake_marker(self.table.path, window)

    @property
    def csv(self) -> str:
        """``csv/settlement/partner_info/``"""
        return f"csv/{self.table.path}/"

    def csv_folder(self, window: Window) -> str:
        """``csv/settlement/partner_info/20250801T000000Z_20250802T000000Z/``"""
        return f"{self.csv}{window.name}/"

    def csv_part(self, window: Window, index: int, digest: str, suffix: str) -> str:
        """``…/part-00000-90be11d0a7c3.csv.zst``; `digest` is the content's SHA-256 in hex."""
        return f"{self.csv_folder(window)}part-{index:05d}-{digest[:12]}.csv{suffix}"

    def copy_manifest(self, window: Window, digest: str) -> str:
        """``…/copy-90be11d0a7c3.manifest``: the manifest COPY reads; `digest` is of its content."""
        return f"{self.csv_folder(window)}copy-{digest[:12]}.manifest"

    def csv_marker(self, window: Window) -> str:
        """``…/_manifest.json``: ConvertCSV's marker."""
        return self.csv_folder(window) + MARKER

    @property
    def loads(self) -> str:
        """``loads/settlement/partner_info/``: one object per window, which `bulk_complete` lists."""
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
        """The keys before and after all lake keys of windows that begin on the days of the span.

        The first is not a day's complete folder, which an S3 server with real folders would leave out.
        """
        first = f"{self.lake}dt={span.start:%Y-%m-%d}"
        return first[:-1], f"{self.lake}dt={span.end:%Y-%m-%d}~"

    def csv_bounds(self, span: Window) -> tuple[str, str]:
        """The keys before and after all CSV keys of windows that begin in the span."""
        return _between(self.csv, span)

    def loads_bounds(self, span: Window) -> tuple[str, str]:
        """The keys before and after all load markers of windows that begin in the span."""
        return _between(self.loads, span)

    def views_bounds(self, span: Window) -> tuple[str, str]:
        """The keys before and after all views markers of windows that begin in the span."""
        return _between(self.views, span)

    @property
    def watermark(self) -> str:
        """``watermarks/settlement.partner_info.json``"""
        return f"watermarks/{self.table.path.replace('/', '.')}.json"

    @property
    def loaded_cursor(self) -> str:
        """``cursors/settlement/partner_info.json``: the cursor of the rows in the warehouse table."""
        return f"cursors/{self.table.path}.json"

    @property
    def id_ranges(self) -> str:
        """``ids/settlement/partner_info.json``: the id range of each window."""
        return f"ids/{self.table.path}.json"

    @property
    def quarantined(self) -> str:
        """``quarantine/settlement/partner_info/``"""
        return f"quarantine/{self.table.path}/"

    def quarantine(self, window: Window) -> str:
        """``quarantine/settlement/partner_info/20250801T000000Z_20250802T000000Z.json``"""
        return f"{self.quarantined}{window.name}.json"


def _between(prefix: str, span: Window) -> tuple[str, str]:
    first, last = span.name.split("_")
    return f"{prefix}{first}", f"{prefix}{last}"


def lake_marker(path: str, window: Window) -> str:
    """The key of UploadParquet's marker; `path` is the table's."""
    return f"lake/{path}/dt={window.start:%Y-%m-%d}/{window.name}/{MARKER}"


def window_of_key(key: str) -> Window | None:
    """The window that a marker's key names, in any folder; None for a key without a window."""
    for segment in reversed(unquote(key).removesuffix(".json").split("/")):
        try:
            return Window.parse(segment)
        except ValueError:
            continue
    return None
