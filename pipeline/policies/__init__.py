"""Values that cannot be carried as they are: changed by a table's policies and counted, or refused.

What Parquet cannot hold is decided on the way into the lake (`lake`), what only the warehouse cannot hold
on the way out of it (`warehouse`), so that the lake has everything else as the source had it.
"""
