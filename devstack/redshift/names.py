"""Identifiers: folded to lower case, up to 127 bytes although PostgreSQL keeps only 63.

A longer name is stored under a short one made of its beginning and a digest. The long name is restored in
column headings, error messages, and the system views (through the table standin.long_name).
Source: Amazon Redshift Database Developer Guide, "Names and identifiers", "CREATE TABLE".
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Callable

from devstack.redshift.tokens import QUOTED, WORD, Token, Tokens, quote

REDSHIFT_BYTES = 127
POSTGRES_BYTES = 63
_MARK = "~"
_SHORT = re.compile(r"[^\s\"]*~[0-9a-f]{16}")


def truncated(name: str, limit: int = REDSHIFT_BYTES) -> str:
    """The name cut to `limit` bytes, never within a character."""
    return name.encode()[:limit].decode(errors="ignore")


class LongNames:
    """The long names seen so far; `remember(short, long)` is called for each new one."""

    def __init__(self, remember: Callable[[str, str], None]) -> None:
        self._remember = remember
        self._long: dict[str, str] = {}
        self._lock = threading.Lock()

    def preload(self, pairs: dict[str, str]) -> None:
        """Add the names stored by an earlier run: long names by short name."""
        self._long.update(pairs)

    def short(self, name: str) -> str:
        """The name to give to PostgreSQL for a Redshift identifier."""
        name = truncated(name)
        if len(name.encode()) <= POSTGRES_BYTES:
            return name
        digest = hashlib.sha256(name.encode()).hexdigest()[:16]
        short = truncated(name, POSTGRES_BYTES - 17) + _MARK + digest
        with self._lock:
            if short not in self._long:
                self._remember(short, name)
                self._long[short] = name
        return short

    def restore(self, text: str) -> str:
        """The text with every short name replaced by its long name."""
        if _MARK not in text or not self._long:
            return text
        return _SHORT.sub(lambda match: self._restored(match[0]), text)

    def _restored(self, name: str) -> str:
        if name in self._long:
            return self._long[name]
        for short, long in self._long.items():
            if name.endswith(short):  # such as schema.name
                return name[: -len(short)] + long
        return name

    def fold(self, tokens: Tokens, case_sensitive: bool = False) -> Tokens:
        """The tokens with identifiers shortened, and quoted ones in lower case unless case-sensitive."""
        return [self._folded(token, case_sensitive) for token in tokens]

    def _folded(self, token: Token, case_sensitive: bool) -> Token:
        if token.kind == QUOTED:
            name = token.name if case_sensitive else token.name.lower()
            return token.with_text(quote(self.short(name)))
        if token.kind == WORD and len(token.text.encode()) > POSTGRES_BYTES:
            return token.with_text(quote(self.short(token.name)), QUOTED)
        return token
