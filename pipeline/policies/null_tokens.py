"""What stands in the CSV for NULL, and for bytes of length zero: texts that no value of the window is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pipeline.errors import DataError
from pipeline.model.columns import Column
from pipeline.policies.conversion import TokenTaken, empty_tokens


def null_tokens() -> Iterator[str]:
    """Tokens to try, in order: no backslash, no delimiter, no quote, nothing a number could be."""
    yield "__null__"
    count = 1
    while True:
        yield f"__null{count}__"
        count += 1


class Tokens:
    """The tokens that are tried now: `null`, and `empty` by the name of each column of bytes."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self._null = null_tokens()
        self._empty = {c.name: empty_tokens(c) for c in columns if c.arrow == "binary"}
        self.null = next(self._null)
        self.empty = {name: next(tokens) for name, tokens in self._empty.items()}

    def take_others(self, taken: TokenTaken) -> None:
        """Go on to the next token; raises DataError where no other is short enough."""
        if taken.column is None:
            self.null = next(self._null)
            return
        try:
            self.empty[taken.column] = next(self._empty[taken.column])
        except StopIteration:
            raise DataError(
                f"the column {taken.column} holds every value it can",
                why="none is left to stand for bytes of length zero, for which COPY has no word",
                todo=f"`columns: {{{taken.column}: {{on_empty_bytes: null}}}}` does without one",
            ) from None
