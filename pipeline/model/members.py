"""Members of ENUM and SET columns, and the numbers among them that share a text.

The text of a member is what is replicated. The source compares numbers:
https://dev.mysql.com/doc/refman/9.0/en/enum.html, https://dev.mysql.com/doc/refman/9.0/en/set.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_MEMBER = re.compile(r"'((?:[^']|'')*)'")


@dataclass(frozen=True)
class SharedText:
    """The numbers of an ENUM or SET whose text another number has too: all but one of each text.

    `values` are whole numbers. So is any number with a bit of `bits`, a member that is declared twice, and
    any whose lowest bit is `lowest`, the empty member: a separator follows only a text that is not empty.
    """

    values: tuple[int, ...] = ()
    bits: int = 0
    lowest: int = 0

    def __bool__(self) -> bool:
        return bool(self.values or self.bits or self.lowest)


def members(source_type: str) -> list[str]:
    """The members of an ENUM or SET, in order; empty for another type."""
    if not source_type.startswith(("enum", "set")):
        return []
    return [member.replace("''", "'") for member in _MEMBER.findall(source_type)]


def shared_text(source_type: str) -> SharedText:
    """The numbers to refuse as a key, so that those with one text are one.

    A member that repeats an earlier one; 0 of an ENUM with an empty member, as 0 is no member; the empty
    member of a SET, as 0 is its empty value.

    >>> shared_text("enum('a','','a')")
    SharedText(values=(0, 3), bits=0, lowest=0)
    >>> shared_text("set('','a','a')")
    SharedText(values=(), bits=4, lowest=1)
    """
    names = members(source_type)
    repeated = [index for index, name in enumerate(names) if name in names[:index]]
    empty = [index for index, name in enumerate(names) if name == "" and index not in repeated]
    if source_type.startswith("set"):
        lowest = sum(1 << index for index in empty)  # one at most
        return SharedText(bits=sum(1 << index for index in repeated), lowest=lowest)
    return SharedText(((0,) if empty else ()) + tuple(index + 1 for index in repeated))
