"""Values in the format of LOAD DATA: Arrow string arrays, built column by column.

MySQL's default file format: fields end with a tab, rows with a newline, a backslash escapes, and
NULL is `\\N` (https://dev.mysql.com/doc/refman/en/load-data.html).
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\0": "\\0"})


def integers(values: npt.NDArray[np.integer]) -> pa.Array:
    """Whole numbers of any width, signed or not."""
    return pa.array(values).cast(pa.string())


def decimals(units: Int64s, precision: int, scale: int) -> pa.Array:
    """Exact decimals; `units` counts the smallest unit, e.g. 12345 with scale 4 is 1.2345."""
    # An Arrow decimal is a 128-bit two's complement number: the low word, then the sign's.
    words = np.stack([units, units >> 63], axis=1)
    kind = pa.decimal128(precision, scale)
    array = pa.Array.from_buffers(kind, len(units), [None, pa.py_buffer(words)])
    return array.cast(pa.string())


def doubles(values: Floats) -> pa.Array:
    """Doubles, as the shortest text that parses to the same number."""
    return pa.array(values).cast(pa.string())


def times(microseconds: Int64s, unit: str) -> pa.Array:
    """Instants since 1970 in UTC, to the precision of `unit` ("D", "s" or "us")."""
    instants = microseconds.astype("datetime64[us]").astype(f"datetime64[{unit}]")
    return pa.array(instants).cast(pa.string())


def numbered(prefix: str, numbers: Int64s, width: int, suffix: str = "") -> pa.Array:
    """Business keys: a number of at least `width` digits between two texts."""
    digits = pc.utf8_lpad(integers(numbers), width, "0")
    return pc.binary_join_element_wise(prefix, digits, suffix, "")


def chosen(pool: Sequence[str | None], places: Int64s) -> pa.Array:
    """`pool[place]` for each place; the pool's values are escaped here."""
    escaped = [None if value is None else value.translate(_ESCAPES) for value in pool]
    return pa.array(escaped, pa.string()).take(pa.array(places))


def unless(absent: Bools, texts: pa.Array) -> pa.Array:
    """The same texts, NULL where `absent`."""
    return pc.if_else(pa.array(absent), pa.scalar(None, pa.string()), texts)


def either(first: Bools, texts: pa.Array, others: pa.Array) -> pa.Array:
    """`texts` where `first`, `others` elsewhere."""
    return pc.if_else(pa.array(first), texts, others)


def rows(columns: Sequence[pa.Array]) -> pa.Buffer:
    """The file's bytes of these columns."""
    last = pc.binary_join_element_wise(
        columns[-1], "", "\n", null_handling="replace", null_replacement="\\N"
    )
    joined = pc.binary_join_element_wise(
        *columns[:-1], last, "\t", null_handling="replace", null_replacement="\\N"
    )
    # An Arrow string array stores its values end to end: exactly the file.
    return joined.buffers()[2]
