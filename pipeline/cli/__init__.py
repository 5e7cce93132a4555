"""The operator's commands: ``python -m pipeline …``, one module per command."""
