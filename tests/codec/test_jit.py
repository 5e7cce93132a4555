"""Compiled once, kept, and found again."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path

import pyarrow as pa
import pytest

from pipeline.codec import jit
from pipeline.codec.csv import encode_csv
from pipeline.codec.warm import warm
from tests.codec import wire

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


def test_without_a_place_to_write_kernels_are_compiled_all_the_same(tmp_path: Path) -> None:
    """A read-only package and no home: slower, not broken."""
    copy = tmp_path / "codec"
    shutil.copytree(ROOT / "pipeline" / "codec", copy, ignore=shutil.ignore_patterns("__pycache__"))
    script = (
        "import numpy as np\n"
        "from codec import jit\n"
        "double = jit.kernel(lambda value: 2 * value)\n"
        "assert double(21) == 42\n"
        "print(jit.cache_directories())\n"
    )
    (copy / "__init__.py").touch()
    (copy / "__pycache__").write_text("a file where a directory should be")
    for module in copy.glob("*.py"):
        if module.stem not in ("jit", "__init__"):
            module.unlink()
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "HOME": "/dev/null"}
    environment |= {"XDG_CACHE_HOME": "/dev/null", "PYTHONDONTWRITEBYTECODE": "1"}
    environment.pop("NUMBA_CACHE_DIR", None)
    run = subprocess.run(
        [sys.executable, "-c", script],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout == "[]\n"


@pytest.mark.parametrize("processes", [3])
def test_several_processes_may_compile_at_once(tmp_path: Path, processes: int) -> None:
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path), "PYTHONPATH": str(ROOT)}
    script = (
        "import numpy\n"
        "from pipeline.codec import text\n"
        "data, offsets = numpy.zeros(9, 'u1'), numpy.array([0, 1], 'i4')\n"
        "print(text.nul_bytes(data, offsets, 0, 1))\n"
    )
    running = [
        subprocess.Popen(
            [sys.executable, "-c", script], env=environment, stdout=subprocess.PIPE, text=True
        )
        for _ in range(processes)
    ]
    for process in running:
        out, _ = process.communicate(timeout=60)
        assert (process.returncode, out) == (0, "(1, 0)\n")
