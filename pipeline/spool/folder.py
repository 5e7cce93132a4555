"""The spool: a folder per window, with its plan and chunks, between MySQL and S3.

Files are written atomically. A chunk's name holds its plan's digest, so that chunks of two plans never mix.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

from pydantic import BaseModel, ConfigDict

from pipeline.model.span import Span
from pipeline.model.table_name import TableName
from pipeline.model.window import Window
from pipeline.spool import disk

_UPLOADED = "uploaded"
_PLAN = "plan.json"
_FETCHED = ".fetched-"
_ABANDONED = 86_400.0  # seconds without a change after which a folder is not in use


class Plan(BaseModel):
    """How a window is cut into spans, without gap or overlap.

    `schema_fingerprint` is of the columns at planning time, which every chunk must have.
    `rows_without_cursor` counts the table's rows that are in no window.
    """

    model_config = ConfigDict(frozen=True)

    spans: tuple[Span, ...]
    schema_fingerprint: str = ""
    rows_without_cursor: int = 0

    @property
    def digest(self) -> str:
        """Identifies this plan among those of the window."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()


@dataclass(frozen=True)
class Spool:
    """The spool folder of one window."""

    folder: Path

    @classmethod
    def of(cls, root: Path, table: TableName, window: Window, origin: str) -> Spool:
        """Below `root`, e.g. ``.spool/settlement/partner_info/20250801T…_20250802T…-5d41402a``.

        `origin` names the server and the definition that the rows are read by: each has its own folder.
        """
        digest = hashlib.sha256(origin.encode()).hexdigest()[:8]
        return cls(root / table.path / f"{window.name}-{digest}")

    @property
    def plan_path(self) -> Path:
        """The plan's file."""
        return self.folder / _PLAN

    def plan(self) -> Plan:
        """The window's plan; raises FileNotFoundError where there is none."""
        return Plan.model_validate_json(self.plan_path.read_bytes())

    def keep_plan(self, plan: Plan) -> Plan:
        """Write the plan unless there is one, and return the stored one; raises DiskError."""
        with appearing(self.plan_path, replace=False) as partial:
            partial.write_text(plan.model_dump_json(indent=1))
        return self.plan()

    def chunk_path(self, plan: Plan, index: int) -> Path:
        """The file of a complete chunk."""
        return self.folder / f"chunk-{plan.digest[:12]}-{index:05d}.parquet"

    def chunk_paths(self, plan: Plan) -> list[Path]:
        """The files of all chunks of a plan, in cursor order."""
        return [self.chunk_path(plan, index) for index in range(len(plan.spans))]

    def files(self) -> list[Path]:
        """The chunks present, of any plan."""
        return sorted(self.folder.glob("chunk-*.parquet"))

    def mark_uploaded(self) -> None:
        """Mark the rows as stored in the lake, which allows their eviction."""
        with disk.writing(self.folder):
            (self.folder / _UPLOADED).touch()

    @property
    def is_uploaded(self) -> bool:
        """Whether the rows were marked as stored in the lake."""
        return (self.folder / _UPLOADED).exists()

    def clear_window(self) -> None:
        """Clear every folder of the window, which is in the lake: those of other definitions too."""
        name, _, _ = self.folder.name.rpartition("-")
        for folder in _children(self.folder.parent):
            if folder.name.rpartition("-")[0] == name:
                Spool(folder).clear()

    def clear(self) -> None:
        """Remove plan and chunks, atomically."""
        aside = self.folder.with_name(f".{self.folder.name}.{uuid.uuid4().hex[:8]}")
        with suppress(FileNotFoundError):
            self.folder.rename(aside)
            shutil.rmtree(aside, ignore_errors=True)


@contextmanager
def fetching(root: Path) -> Iterator[Path]:
    """A temporary folder for parts fetched from the lake.

    It is below `root`, the disk meant for rows: the system's temporary folder is often in memory. Raises
    DiskError where it cannot be made.
    """
    with ExitStack() as kept:
        with disk.writing(root):
            root.mkdir(parents=True, exist_ok=True)
            folder = kept.enter_context(TemporaryDirectory(prefix=_FETCHED, dir=root))
        yield Path(folder)


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's content, hex."""
    with path.open("rb") as file:
        return digest_of(file)


def digest_of(file: IO[bytes]) -> str:
    """The SHA-256 of an open file's content from its position on, hex."""
    digest = hashlib.sha256()
    while block := file.read(1 << 20):
        digest.update(block)
    return digest.hexdigest()


def evict(
    root: Path,
    limit: int,
    is_in_lake: Callable[[str, Window], bool] = lambda _table, _window: False,
) -> list[Path]:
    """Clear uploaded windows, the oldest first, until `root` holds at most `limit` bytes.

    Windows that are not in the lake stay. A killed run may have left an uploaded window unmarked: where the
    marked ones do not suffice, `is_in_lake` decides, by the table's path and the window. Leftovers of killed
    runs are removed. Returns the cleared folders; one that another process clears meanwhile is no error.
    """
    _remove_fetched(root)
    windows = list(_windows(root))
    uploaded = sorted((_mtime(f / _UPLOADED), f) for f in windows if Spool(f).is_uploaded)
    marked = {folder for _, folder in uploaded}
    planned = (f for f in windows if f not in marked and Spool(f).plan_path.exists())
    unmarked = sorted((_mtime(f / _PLAN), f) for f in planned)
    sizes = {folder: sum(map(_size, _children(folder))) for folder in windows}
    total = sum(sizes.values())
    cleared = []
    for _, folder in [*uploaded, *unmarked]:
        if total <= limit:
            break
        if folder not in marked and not is_in_lake(*_parsed(root, folder)):
            continue
        total -= sizes[folder]
        Spool(folder).clear()
        cleared.append(folder)
    return cleared


def _windows(root: Path) -> Iterator[Path]:
    """The window folders below `root`; those that `clear` has set aside are removed."""
    for folder in _children(root, depth=3):
        if folder.name.startswith("."):  # set aside by `clear`
            shutil.rmtree(folder, ignore_errors=True)
            continue
        with suppress(ValueError):  # not a spool folder
            _parsed(root, folder)
            yield folder


def _remove_fetched(root: Path) -> None:
    """Remove the parts that killed runs had fetched."""
    for folder in _children(root):
        age = time.time() - _mtime(folder)
        if folder.name.startswith(_FETCHED) and age > _ABANDONED:
            shutil.rmtree(folder, ignore_errors=True)


def _children(folder: Path, depth: int = 1) -> list[Path]:
    """The paths `depth` levels below a folder, none for a folder that does not exist."""
    with suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder) as entries:
        paths = [Path(entry) for entry in entries]
        return paths if depth == 1 else [p for path in paths for p in _children(path, depth - 1)]
    return []


def _parsed(root: Path, folder: Path) -> tuple[str, Window]:
    """The table's path and the window that a folder's name holds; raises ValueError for another name."""
    return folder.parent.relative_to(root).as_posix(), Window.parse(folder.name.rpartition("-")[0])


def _mtime(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:  # another process cleared it meanwhile
        return 0.0


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:  # another process cleared it meanwhile
        return 0


@contextmanager
def appearing(path: Path, *, replace: bool = True, need: Callable[[], str] = str) -> Iterator[Path]:
    """Yield a path to write to; the file moves to `path` when the context exits without error.

    Without `replace` an existing file stays. Raises DiskError for a disk that is full or cannot be written;
    `need` tells what the file needs.
    """
    partial = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
    try:
        with disk.writing(path.parent, need):
            path.parent.mkdir(parents=True, exist_ok=True)
            yield partial
            if replace:
                partial.replace(path)
            elif not path.exists():
                _link(partial, path)
    finally:
        with suppress(NotADirectoryError, PermissionError):  # it was never made
            partial.unlink(missing_ok=True)


def _link(partial: Path, path: Path) -> None:
    try:
        os.link(partial, path)  # unlike rename, it does not replace another process's file
    except FileExistsError:
        return
