"""The state that the processes of one run share.

`state` holds it: one block of shared memory and one append-only file. `limits`, `exit_status` and `notes` are
what the rest of the package calls; `net.circuit_breaker` keeps its counts in the same block.
"""
