"""Tokens for NULL and for empty bytes in the CSV, distinct from every value of the window."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pipeline.errors import DataError
from pipeline.model.columns import Column
from pipeline.policies.conversion import TokenTaken, empty_tokens


def null_tokens() -> Iterator[str]:
    """Candidate tokens, in the order to try: no backslash, delimiter or quote, and no number."""
    yield "__null__"
    count = 1
    while True:
        yield f"__null{count}__"
        count += 1


class Tokens:
    """The current candidates: `null`, and `empty` by column of bytes."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self._null = null_tokens()
        self._empty = {c.name: empty_tokens(c) for c in columns if c.arrow == "binary"}
        self.null = next(self._null)
        self.empty = {name: next(tokens) for name, tokens in self._empty.items()}

    def replace(self, taken: TokenTaken) -> None:
        """Replace a token by the next candidate; raises DataError if none is left."""
        if taken.column is None:
            self.null = next(self._null)
            return
        try:
            self.empty[taken.column] = next(self._empty[taken.column])
        except StopIteration:
            raise DataError(
                f"no token is left for empty bytes of column {taken.column}",
                why="the column holds every value of its length, and COPY cannot express empty bytes",
                todo=f"set `columns: {{{taken.column}: {{on_empty_bytes: null}}}}`",
            ) from None
