"""How fast the pipeline is, against what MySQL can send and against other tools.

``python -m benchmarks all`` measures on a stack of its own and writes docs/benchmarks.md.
"""
