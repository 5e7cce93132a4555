"""What the way of the rows leaves unimported; Arrow takes pandas wherever it is installed."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tests.support.programs import run_python

SCRIPT = """
import sys
import pyarrow.parquet as pq
from pipeline.codec.csv import contains, csv_blocks
from pipeline.codec import coercion

for batch in pq.ParquetFile(sys.argv[1]).iter_batches():
    assert coercion.longer(batch.column("text"), 3).tolist() == [0]
    assert coercion.empty(batch.column("bytes")).tolist() == [1]
    assert contains(batch, b"text") and not contains(batch, b"__null__")
    assert sum(rows for rows, _ in csv_blocks(batch, null_token=b"__null__")) == 3
sys.exit("pandas" in sys.modules)
"""


def test_making_csv_imports_no_pandas(tmp_path: Path) -> None:
    """It would cost each task a third of a second, and 45 MB."""
    rows = {
        "text": pa.array(["text", "", None]),
        "bytes": pa.array([b"1", b"", None]),
        "number": pa.array([1, None, 3]),
        "time": pa.array([0, 1, None], pa.timestamp("us", "UTC")),
    }
    pq.write_table(pa.table(rows), tmp_path / "rows.parquet")
    assert run_python("-c", SCRIPT, str(tmp_path / "rows.parquet")).stderr == ""
