"""Where memory comes from, in a process of its own: the choice is made when pyarrow is first imported."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.steps.csv_rows import batches, row_groups
from tests.support.programs import run_python

_SHOW = """
import luigi.cmdline
import pipeline, pyarrow
print(pyarrow.default_memory_pool().backend_name)
"""


def test_in_a_run_arrow_takes_all_its_memory_from_malloc() -> None:
    assert run_python("-c", _SHOW).stdout.split() == ["system"]


def test_reading_a_file_back_keeps_no_row_group_behind(tmp_path: Path) -> None:
    path, rows = tmp_path / "rows.parquet", 200_000
    numbers = pa.table({"n": pa.array(range(rows), pa.int64())})
    pq.write_table(numbers, path, row_group_size=10_000, use_dictionary=False, compression="none")
    before, most = pa.total_allocated_bytes(), 0
    for group in row_groups(iter([pa.OSFile(str(path))])):
        for batch in batches(group, ["n"]):
            most = max(most, pa.total_allocated_bytes() - before)
            del batch
    assert most < rows * 8 // 2
