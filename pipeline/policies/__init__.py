"""Values that cannot be replicated unchanged: coerced by a table's policies and counted, or refused.

`extraction` handles values that Parquet cannot hold. `conversion` handles values that only the warehouse
cannot hold: the lake keeps those as the source has them.
"""
