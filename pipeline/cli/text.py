"""Tables of text and figures, for the commands."""

from pipeline.model.text_table import aligned

__all__ = ["aligned"]
