"""The other tools, as their documentation shows them; each module is run in a process of its own.

They run in `.venv-bench` and import nothing of the pipeline.
"""
