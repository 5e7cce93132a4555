"""Bytes of MySQL's protocol to Arrow, Arrow to CSV: the hot path, compiled, without a socket or a file.

============= =========================================================================================
`stream`      packets, read in large blocks, to record batches
`decoder`     a block to columns: `packets` finds the cells, `builders` collect them with the kernels of
              `digits`, `floats`, `dates` and `text`
`csv`         record batches to CSV, and `checksum` to a figure MySQL can compute as well: `lines` puts
              together what the kernels of `rendering` and `quoting` write
`parquet`     the settings of the Parquet writer
`thread`      producing and consuming at the same time
`jit`, `warm` how kernels are compiled and kept
============= =========================================================================================
"""
