"""Bytes of MySQL's protocol to Arrow, Arrow to CSV: the hot path, compiled, without a socket or a file.

`stream` reads packets in large blocks and yields record batches. `packets` finds the cells of a block,
`decoder` gives each column's cells to one of the `builders` (on the common ground of `cells`), and those
to the kernels of `digits`, `floats`, `dates` and `text`.

`csv` writes record batches as CSV, `checksum` condenses them to a figure that MySQL can compute as well.
Both put together by `lines` what the kernels of `rendering`, `calendar_text` and `quoting` write.

`parquet` has the settings of the Parquet writer, `thread` lets it work while the next batch is made,
`malloc` has this process give memory back, `memory` is where the codec's own comes from.
`jit` and `warm` see to it that kernels are compiled once. Importing this package imports none of them.
"""
