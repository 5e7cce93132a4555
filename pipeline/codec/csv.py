"""Record batches to CSV that Redshift's COPY reads unambiguously.

``COPY … CSV DELIMITER '|' QUOTE '"' NULL AS '<token>'``: every string is quoted, '' is ``""``, and NULL is
the unquoted token, for every type. Numbers are plain, times have no zone, bytes are bare hex.
https://docs.aws.amazon.com/redshift/latest/dg/copy-parameters-data-format.html
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.codec.jit import Array
from pipeline.codec.lines import Lines, Style


def encode_csv(batch: pa.RecordBatch, *, null_token: bytes) -> pa.Buffer:
    """One line per row, ended by a line feed; no header.

    The caller checks that no string equals the token (`contains`): whether COPY distinguishes the quoted
    from the unquoted token is undocumented. Raises TypeError for a column of a type without a text.
    """
    return Lines(batch, Style(null_token, line_end=b"\n", quoted=True)).write()


def csv_blocks(batch: pa.RecordBatch, *, null_token: bytes) -> Iterator[tuple[int, pa.Buffer]]:
    """The same text in blocks of whole lines, each with its number of lines; the next overwrites it.

    A block stays in the processor's cache until it is compressed. Allocating the text of a whole batch
    would take a fifth of the time of writing it.
    """
    return Lines(batch, Style(null_token, line_end=b"\n", quoted=True)).blocks()


def line_lengths(batch: pa.RecordBatch) -> Array:
    """The size of each row's line as `encode_csv` writes it, with a null token of eight bytes."""
    lines = Lines(batch, Style(b"__null__", line_end=b"\n", quoted=True))
    lines.write()
    return np.diff(lines.ends, prepend=0)


def contains(batch: pa.RecordBatch, token: bytes) -> bool:
    """Whether a string of the batch equals the token."""
    texts = (column for column in batch.columns if pa.types.is_string(column.type))
    ends = np.array([0, len(token)], np.int32)
    # not pa.scalar(), which imports pandas where it is installed: 45 MB, 0.3 s
    (wanted,) = pa.StringArray.from_buffers(1, pa.py_buffer(ends), pa.py_buffer(token))
    return any(pc.index(column, wanted).as_py() >= 0 for column in texts)
