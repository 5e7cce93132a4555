"""Compiled once, kept, and found again."""

from __future__ import annotations

import os
import shutil
from datetime import datetime, timezone
from pathlib import Path

import pyarrow as pa
import pytest

from pipeline.codec import jit
from pipeline.codec.csv import encode_csv
from pipeline.codec.warm import warm
from tests.support import wire
from tests.support.programs import run_python, start_python

ROOT = Path(__file__).parents[2]


def test_warming_leaves_nothing_to_compile() -> None:
    warm()
    before = jit.specialisations()
    assert all(before.values()), before
    assert sum(before.values()) < 30
    kinds = ["int16", "double", "string", "decimal128(38, 10)", "timestamp[us, tz=UTC]"]
    texts = [b"1", b"1e-300", b"x" * 70_000, b"1.5", b"2025-01-01 00:00:00"]
    columns = [wire.column(kind, kind) for kind in kinds]
    decoded = wire.decode([texts, [None] * 5] * 10, columns)
    foreign = pa.record_batch(
        {
            "t": pa.array(["a", None]),
            "n": pa.array([1, None], pa.int32()),
            "at": pa.array([datetime.now(timezone.utc)] * 2, pa.timestamp("us")),
        }
    )
    for batch in (decoded.batch, decoded.batch.slice(3, 2), foreign):
        encode_csv(batch, null_token=b"\\N")
    assert jit.specialisations() == before


HELPER = """
from codec.jit import inlined

@inlined
def factor():
    return {}
"""
USER = """
from codec.helper import factor
from codec.jit import kernel

@kernel
def times(value):
    return value * factor()
"""
SCRIPT = """
from codec import jit, user
print(user.times(7), jit.cache_directories(), user.times.stats.cache_hits)
"""


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package `codec` of one kernel, and a helper in another file that it inlines."""
    folder = tmp_path / "codec"
    folder.mkdir()
    shutil.copy(ROOT / "pipeline" / "codec" / "jit.py", folder)
    (folder / "__init__.py").touch()
    (folder / "helper.py").write_text(HELPER.format(2))
    (folder / "user.py").write_text(USER)
    return folder


def run(package: Path, **environment: str) -> str:
    """What the kernel gives in a new process, where it is kept, and whether it was found there."""
    place = {"PYTHONPATH": str(package.parent), "NUMBA_CACHE_DIR": ""}
    given = {**os.environ, **place, **environment}
    return run_python("-c", SCRIPT, folder=package.parent, environment=given).stdout


def test_a_changed_helper_in_another_file_is_not_overlooked(package: Path) -> None:
    place = [str(package / "__pycache__")]
    assert run(package) == f"14 {place} Counter()\n"
    found = run(package)
    assert found.startswith(f"14 {place} Counter({{")
    (package / "helper.py").write_text(HELPER.format(3))
    assert run(package) == f"21 {place} Counter()\n"


def test_a_package_that_cannot_be_written_is_kept_in_the_user_s_cache(
    package: Path, tmp_path: Path
) -> None:
    (package / "__pycache__").write_text("a file where the directory should be")
    out = run(package, XDG_CACHE_HOME=str(tmp_path / "cache"))
    assert out.startswith(f"14 ['{tmp_path / 'cache'}")


def test_without_a_place_to_write_kernels_are_compiled_all_the_same(package: Path) -> None:
    (package / "__pycache__").write_text("a file where the directory should be")
    assert run(package, HOME="/dev/null", XDG_CACHE_HOME="/dev/null") == "14 [] Counter()\n"


@pytest.mark.parametrize("processes", [3])
def test_several_processes_may_compile_at_once(tmp_path: Path, processes: int) -> None:
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    script = (
        "import numpy\n"
        "from pipeline.codec import text\n"
        "data, offsets = numpy.zeros(9, 'u1'), numpy.array([0, 1], 'i4')\n"
        "print(text.nul_bytes(data, offsets, 0, 1))\n"
    )
    running = [start_python("-c", script, environment=environment) for _ in range(processes)]
    for process in running:
        out, _ = process.communicate(timeout=60)
        assert (process.returncode, out) == (0, "(1, 0)\n")
