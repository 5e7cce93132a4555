"""Where rows wait between MySQL and S3: a folder of one window's plan and chunks.

Files appear whole or not at all. A chunk's name holds the digest of the plan it belongs to, so that
chunks of two plans never mix.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

from pydantic import BaseModel, ConfigDict

from pipeline.model.span import Span
from pipeline.model.table_name import TableName
from pipeline.model.window import Window

_UPLOADED = "uploaded"
_PLAN = "plan.json"
_FETCHED = ".fetched-"
_ABANDONED = 86_400.0  # seconds without a change, after which nobody works in a folder


class Plan(BaseModel):
    """How a window is cut: the spans cover it without gap or overlap.

    `schema_fingerprint` is that of the columns at the time of planning: all chunks must have them.
    `rows_without_cursor` counts the rows of the table that no span of any window has.
    """

    model_config = ConfigDict(frozen=True)

    spans: tuple[Span, ...]
    schema_fingerprint: str = ""
    rows_without_cursor: int = 0

    @property
    def digest(self) -> str:
        """Distinguishes this plan from any other of the window."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()


@dataclass(frozen=True)
class Spool:
    """The spool folder of one window."""

    folder: Path

    @classmethod
    def of(cls, root: Path, table: TableName, window: Window, made_for: str) -> Spool:
        """Below `root`, e.g. ``.spool/settlement/partner_info/20250801T…_20250802T…-5d41402a``.

        `made_for` says from which server and by which definition the rows are read: what was spooled
        for another one is not found.
        """
        digest = hashlib.sha256(made_for.encode()).hexdigest()[:8]
        return cls(root / table.path / f"{window.name}-{digest}")

    @property
    def plan_path(self) -> Path:
        """Where the plan stands."""
        return self.folder / _PLAN

    def plan(self) -> Plan:
        """The window's plan; raises FileNotFoundError when it is not planned."""
        return Plan.model_validate_json(self.plan_path.read_bytes())

    def keep_plan(self, plan: Plan) -> Plan:
        """Write the plan unless there is one; of two planners both go on with the first one's."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with appearing(self.plan_path, replace=False) as partial:
            partial.write_text(plan.model_dump_json(indent=1))
        return self.plan()

    def chunk_path(self, plan: Plan, index: int) -> Path:
        """Where a chunk's rows stand once they are complete."""
        return self.folder / f"chunk-{plan.digest[:12]}-{index:05d}.parquet"

    def chunk_paths(self, plan: Plan) -> list[Path]:
        """All chunks of a plan, in cursor order."""
        return [self.chunk_path(plan, index) for index in range(len(plan.spans))]

    def files(self) -> list[Path]:
        """The chunks that are still here, of whatever plan."""
        return sorted(self.folder.glob("chunk-*.parquet"))

    def mark_uploaded(self) -> None:
        """The lake has these rows, or will at once: from now on they may be evicted."""
        (self.folder / _UPLOADED).touch()

    @property
    def is_uploaded(self) -> bool:
        """Whether the lake had these rows once."""
        return (self.folder / _UPLOADED).exists()

    def clear(self) -> None:
        """Forget plan and chunks, all at once to whoever looks."""
        aside = self.folder.with_name(f".{self.folder.name}.{uuid.uuid4().hex[:8]}")
        with suppress(FileNotFoundError):
            self.folder.rename(aside)
            shutil.rmtree(aside, ignore_errors=True)


@contextmanager
def fetching(root: Path) -> Iterator[Path]:
    """A folder for what is fetched from the lake, gone afterwards.

    It is below `root`, the disk that is there for rows: a system's temporary folder is often memory.
    """
    root.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=_FETCHED, dir=root) as folder:
        yield Path(folder)


def sha256_of(path: Path) -> str:
    """The digest of a file's content, hex."""
    with path.open("rb") as file:
        return digest_of(file)


def digest_of(file: IO[bytes]) -> str:
    """The digest of an open file's content from where it stands, hex."""
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

    Windows that are not in the lake yet are never touched. A run that was killed may not have said that
    its window is: where the others do not suffice, `is_in_lake` is asked, with the table's path and the
    window. What killed runs have left of windows they were clearing is removed. Returns the folders that
    were cleared; one that another process clears meanwhile is no error.
    """
    _sweep(root)
    windows = list(_windows(root))
    marked = sorted((_written(f / _UPLOADED), f) for f in windows if Spool(f).is_uploaded)
    known = {folder for _, folder in marked}
    planned = (f for f in windows if f not in known and Spool(f).plan_path.exists())
    others = sorted((_written(f / _PLAN), f) for f in planned)
    sizes = {folder: sum(map(_size, _inside(folder))) for folder in windows}
    total = sum(sizes.values())
    cleared = []
    for _, folder in [*marked, *others]:
        if total <= limit:
            break
        if folder not in known and not is_in_lake(*_whose(root, folder)):
            continue
        total -= sizes[folder]
        Spool(folder).clear()
        cleared.append(folder)
    return cleared


def _windows(root: Path) -> Iterator[Path]:
    """The folders of windows below `root`, whatever else there may be."""
    for folder in _inside(root, depth=3):
        if folder.name.startswith("."):  # set aside by `clear`
            shutil.rmtree(folder, ignore_errors=True)
            continue
        try:
            _whose(root, folder)
        except ValueError:  # somebody else's
            continue
        yield folder


def _sweep(root: Path) -> None:
    """Remove what killed runs had fetched."""
    for folder in _inside(root):
        age = time.time() - _written(folder)
        if folder.name.startswith(_FETCHED) and age > _ABANDONED:
            shutil.rmtree(folder, ignore_errors=True)


def _inside(folder: Path, depth: int = 1) -> list[Path]:
    """What stands `depth` levels below a folder; nothing where there is no folder any more."""
    with suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder) as entries:
        found = [Path(entry) for entry in entries]
        return found if depth == 1 else [p for each in found for p in _inside(each, depth - 1)]
    return []


def _whose(root: Path, folder: Path) -> tuple[str, Window]:
    return folder.parent.relative_to(root).as_posix(), Window.parse(folder.name.rpartition("-")[0])


def _written(path: Path) -> float:
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
def appearing(path: Path, *, replace: bool = True) -> Iterator[Path]:
    """Yield a path to write to; the file appears at `path` when the context ends without error.

    With `replace` false a file that is there already stays.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
    try:
        yield partial
        if replace:
            partial.replace(path)
        elif not path.exists():
            _link(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def _link(partial: Path, path: Path) -> None:
    try:
        os.link(partial, path)  # unlike rename, it does not replace what another process wrote
    except FileExistsError:
        return
