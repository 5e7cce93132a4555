"""Codes of every character set arrive as themselves, unless `model/charsets` has the set as lossy.

The servers convert them, MariaDB and MySQL alike: what is lossless is measured, not believed.
"""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from typing import Any

import pytest

from pipeline.model.charsets import HAVE_REPLACEMENT, LOSSLESS, may_lose
from pipeline.source import text_sql
from tests.support.world import World

UNCONVERTED = {"binary", "filename", "utf8mb3", "utf8mb4"}
"""No text, no set of columns, and UTF-8 itself."""
ONE_BYTE = "SELECT CHAR(n) AS b FROM numbers WHERE n < 256"
TWO_BYTES = "SELECT CHAR(n DIV 256, n % 256) AS b FROM numbers"
QUESTION_MARKS = {b"?", b"\0?", b"?\0", b"\0\0\0?"}
REPLACEMENT = "\N{REPLACEMENT CHARACTER}".encode()


def codes_of(charset: str, bytes_per_character: int) -> str:
    """A query of every code that a character of the set may have, and of many that none has.

    Of utf32 it is four planes, as UTF-8 encodes all but the first alike; of gb18030's codes of four bytes
    every ninth.
    """
    if charset == "utf32":
        planes = "SELECT n AS m FROM numbers WHERE n IN (0, 1, 2, 16)"
        return f"SELECT CHAR(0, m, n DIV 256, n % 256) AS b FROM numbers, ({planes}) AS planes"
    if charset in ("ucs2", "utf16", "utf16le"):
        return TWO_BYTES
    queries = [ONE_BYTE]
    queries += [TWO_BYTES] if bytes_per_character > 1 else []
    if bytes_per_character == 3:  # ujis and eucjpms
        queries.append("SELECT CHAR(0x8F, n DIV 256, n % 256) FROM numbers WHERE n >= 0x8080")
    if charset == "gb18030":
        n = "SELECT n AS m FROM numbers WHERE n < 1260"
        code = "CHAR(129 + m DIV 10, 48 + m % 10, 129 + n DIV 10, 48 + n % 10)"
        queries.append(
            f"SELECT {code} FROM numbers, ({n}) AS pairs WHERE n < 1260 AND (n + m) % 9 = 0"
        )
    return " UNION ALL ".join(queries)


def fill(cursor: Any, charset: str, bytes_per_character: int) -> None:
    """A table of the codes that the server accepts: `b` the code, `c` the character."""
    cursor.execute("DROP TABLE IF EXISTS codes")
    columns = f"b VARBINARY(4), c VARCHAR(4) CHARACTER SET {charset}"
    cursor.execute(f"CREATE TABLE codes ({columns}) ENGINE=MEMORY")
    codes = codes_of(charset, bytes_per_character)
    cursor.execute(f"INSERT IGNORE INTO codes SELECT b, b FROM ({codes}) AS codes")
    cursor.execute("DELETE FROM codes WHERE CAST(c AS BINARY) <> b OR CHAR_LENGTH(c) <> 1")


@pytest.mark.timeout(1200)
@pytest.mark.parametrize(
    "server", [pytest.param(kind, marks=pytest.mark.source(kind)) for kind in ("mariadb", "mysql")]
)
def test_every_code_arrives_or_its_set_is_one_that_may_lose(world: World, server: str):
    """The conditions of the count find exactly the codes that do not arrive."""
    assert world.stack.source.kind == server
    with closing(world.source()) as connection, connection.cursor() as cursor:
        connection.use_unicode = False
        cursor.execute("SET sql_mode = ''")
        cursor.execute("SET max_heap_table_size = 1073741824")
        cursor.execute("CREATE TABLE numbers (n INT PRIMARY KEY) ENGINE=MEMORY")
        cursor.executemany("INSERT INTO numbers VALUES (%s)", [(n,) for n in range(1 << 16)])
        cursor.execute("SELECT character_set_name, maxlen FROM information_schema.character_sets")
        sets = {name.decode(): size for name, size in cursor.fetchall()}
        assert LOSSLESS - {"utf8"} <= set(sets)
        for charset in sorted(set(sets) - UNCONVERTED):
            fill(cursor, charset, sets[charset])
            compare(cursor, charset)


def compare(cursor: Any, charset: str) -> None:
    """Compare the codes that arrive as another character, or as another code's, with those counted.

    A key takes neither; what is left of a set has texts of its own.
    """
    has_replacement = charset in HAVE_REPLACEMENT
    unmapped = text_sql.is_unmapped("c", charset, has_replacement=has_replacement)
    conditions = (
        f"{unmapped}, {text_sql.is_ambiguous('c', charset)}" if may_lose(charset) else "0, 0"
    )
    cursor.execute(f"SELECT b, c, {conditions} FROM codes")
    rows = cursor.fetchall()
    assert len(rows) >= 128, charset
    lost = {
        code
        for code, text, *_ in rows
        if (text == b"?" and code not in QUESTION_MARKS)
        or (text == REPLACEMENT and not has_replacement and charset not in LOSSLESS)
    }
    texts = Counter(text for code, text, *_ in rows if code not in lost)
    repeated = [text for text, times in texts.items() if times > 1]
    invalid = [text for text in texts if not is_utf8(text)]
    assert not invalid or charset in ("ucs2", "utf32"), (charset, invalid[:9])
    if not may_lose(charset):
        assert not lost, (charset, sorted(lost)[:9])
        assert not repeated, (charset, repeated[:9])
        return
    assert lost or repeated or charset == "ascii", charset  # MySQL takes no other bytes for ascii
    assert {code for code, _, found, _ in rows if int(found)} == lost, charset
    kept = Counter(text for code, text, _, found in rows if code not in lost and not int(found))
    assert max(kept.values()) == 1, charset


def is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True
