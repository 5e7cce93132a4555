"""State shared by the processes of one run.

`state` holds it: one block of shared memory and one append-only file. The rest of the package calls `limits`,
`exit_status` and `notes`; `net.circuit_breaker` keeps its counts in the same block.
"""
