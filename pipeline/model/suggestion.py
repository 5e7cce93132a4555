"""The name that was probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def did_you_mean(name: object, among: Iterable[str]) -> str:
    """A question with the most similar name, empty where none is similar.

    >>> did_you_mean("cursr", ["key", "cursor"]), did_you_mean("x", ["key"])
    ('did you mean cursor?', '')
    """
    folded = {known.lower(): known for known in among}
    similar = difflib.get_close_matches(str(name).lower(), folded, n=1, cutoff=0.6)
    return f"did you mean {folded[similar[0]]}?" if similar else ""


def with_suggestion(text: str, name: object, among: Iterable[str]) -> str:
    """A text, with the suggestion if there is one.

    >>> with_suggestion("no column nam", "nam", ["name"])
    'no column nam, did you mean name?'
    """
    return ", ".join(filter(None, [text, did_you_mean(name, among)]))
