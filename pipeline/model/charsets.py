"""MySQL character sets that UTF-8 output preserves.

The server converts text to the session's character set, utf8mb4. A code without a Unicode character becomes
``?`` or U+FFFD, as X'98' of cp1251 does. Codes that share a character become one, as in cp932 and armscii8.
`tests/stack/test_charsets.py` converts the codes of every set on MariaDB and MySQL.
"""

from __future__ import annotations

LOSSLESS = frozenset(
    {
        *("binary", "utf8", "utf8mb3", "utf8mb4", "utf16", "utf16le", "utf32", "ucs2"),
        *("latin1", "latin2", "latin5", "latin7", "macce", "macroman", "cp850", "cp852", "cp866"),
        *("keybcs2", "koi8r", "koi8u"),
    }
)
"""The sets whose codes all have a character of their own.

ucs2, and utf32 in MariaDB, also hold surrogates, which arrive as invalid UTF-8 (`on_invalid_utf8`).
"""

HAVE_REPLACEMENT = frozenset({"gb18030"})
"""The other sets that contain U+FFFD, which is therefore no sign of a lost character."""


def may_lose(charset: str | None) -> bool:
    """Whether text of the set may change in UTF-8; None is the set of a column that is not text."""
    return charset is not None and charset not in LOSSLESS
