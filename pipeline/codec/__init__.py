"""MySQL's protocol to Arrow, Arrow to CSV and Parquet: the hot path, in compiled kernels.

`stream` reads packets in large blocks and yields record batches. `packets` finds the cells of a block,
`decoder` passes each column's cells to one of the `builders` (base in `cells`), and those call the kernels
of `digits`, `floats`, `dates` and `text`. `zoned` converts local time to UTC.

`csv` writes record batches as CSV, `checksum` computes a sum that MySQL can compute as well. Both use
`lines`, which joins the cells written by the kernels of `rendering`, `calendar_text` and `quoting`.
`coercion` changes the values that a policy selects.

`parquet` has the settings of the Parquet writer, `thread` overlaps writing with decoding, `malloc` and
`memory` return memory to the system, `jit` and `warm` compile each kernel once. Importing this package
imports none of them.
"""
