"""Hypothesis strategies for types of text and bytes."""

from __future__ import annotations

import json

from hypothesis import strategies as st

from tests.support.strategies.kinds import Kind, Kinds, kind

ODD_TEXTS = [
    *(
        "",
        " ",
        "trailing  ",
        "  leading",
        "\t",
        "\n",
        "\r",
        "\r\n",
        "a\nb",
        "a\r\nb",
        "\x0b\x0c",
        "\x1a",
    ),
    *(
        "|",
        "a|b",
        ",",
        "a,b",
        '"',
        '""',
        '"quoted"',
        "'",
        "''",
        "`",
        "\\",
        "\\\\",
        "a\\",
        '\\"',
        "\\|",
    ),
    *(r"\N", "NULL", "null", "None", "nan", "NaN", "__null__", "__null1__", "@NULL@", "~", "-"),
    *("0", "00", "1e5", "0x1F", "true", "t", "f", "inf", "2025-08-01", "12:00:00", "-0.0", "+1"),
    *(
        "🚚",
        "顺丰",
        "é",
        "e\u0301",
        "ÿ",
        "€",
        "שלום",
        "\u202eمرحبا",
        "👨‍👩‍👧",
        "\U0010ffff",
        "\u2028",
        "\ufeff",
    ),
    *(
        "\x01",
        "\x1f",
        "\x7f",
        "\x85",
        "\xa0",
        "İ",
        "ß",
        "ﬃ",
        "<b>&amp;</b>",
        "%s",
        "{}",
        "$1",
        "--",
        ";",
    ),
]
_CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\x00")
_CHARSETS = [
    "",
    "",
    "utf8mb4",
    "utf8mb3",
    "latin1",
    "gbk",
    "ascii",
    "utf16",
    "ucs2",
    "cp1251",
    "sjis",
]


def quoted(text: str) -> str:
    """A literal that no sql_mode and no connection's character set can change."""
    return f"_utf8mb4 x'{text.encode().hex()}'" if text else "''"


def texts(ddl: str, size: int, *more: str) -> Kind:
    """A type of texts of up to `size` characters, the odd ones and the longest ones often."""
    odd = [text for text in ODD_TEXTS if len(text) <= size]
    longest = [character * size for character in "x🚚é \\|\"'"] if size < 5000 else []
    drawn = st.text(_CHARACTERS, max_size=min(size, 30))
    joined = st.lists(st.sampled_from(ODD_TEXTS), max_size=4).map(
        lambda parts: "".join(parts)[:size]
    )
    edges = map(quoted, [*odd, *longest, *more])
    return kind(ddl, edges, st.one_of(joined, drawn).map(quoted))


def _in(charset: str) -> str:
    return f" CHARACTER SET {charset}" if charset else ""


def strings() -> Kinds:
    """CHAR and VARCHAR of every size and many character sets."""
    names = st.sampled_from(["VARCHAR", "VARCHAR", "CHAR"])
    sizes = st.one_of(st.sampled_from([0, 1, 2, 40, 255]), st.integers(1, 60))
    sized = st.tuples(names, sizes, st.sampled_from(_CHARSETS)).map(
        lambda d: texts(f"{d[0]}({d[1]}){_in(d[2])}", max(d[1], 1))
    )
    return st.one_of(sized, sized, sized, st.just(texts("VARCHAR(4000)", 4000)))


def long_texts() -> Kinds:
    """TINYTEXT to LONGTEXT, up to the longest that a VARCHAR of Redshift holds."""
    longest = ["y" * 65_535, "€" * 21_845, "🚚" * 16_383, '"' * 65_535, "\\" * 65_535]

    def of(name: str, charset: str) -> Kind:
        ddl = f"{name}{_in(charset)}"
        if name == "TINYTEXT":
            return texts(ddl, 63)
        # two bytes a character and more would make them longer than Redshift's VARCHAR
        return texts(ddl, 16_000, *(longest if charset in ("", "utf8mb4") else []))

    names = st.sampled_from(["TINYTEXT", "TEXT", "MEDIUMTEXT", "LONGTEXT"])
    return st.builds(of, names, st.sampled_from(_CHARSETS))


_MEMBERS = [
    "",
    "a",
    "b c",
    "d'e",
    'f"g',
    "h|i",
    "j\\k",
    "NULL",
    "é",
    "顺丰",
    "0",
    "1",
    "\\N",
    "x" * 60,
]


def members() -> Kinds:
    """ENUM and SET; a value is written as its number, and 0 is what an invalid value becomes."""

    def ddl(name: str, listed: list[str]) -> str:
        words = ", ".join("'" + m.replace("\\", "\\\\").replace("'", "''") + "'" for m in listed)
        return f"{name}({words})"

    def of_enum(listed: list[str]) -> Kind:
        return kind(ddl("ENUM", listed), map(str, range(len(listed) + 1)))

    def of_set(listed: list[str]) -> Kind:
        every = 2 ** len(listed) - 1
        return kind(ddl("SET", listed), ["0", "1", str(every)], st.integers(0, every).map(str))

    plain = st.lists(st.sampled_from(_MEMBERS), min_size=1, max_size=8, unique=True)
    odd = st.lists(st.sampled_from([*_MEMBERS, "k,l"]), min_size=1, max_size=8, unique=True)
    return st.one_of(odd.map(of_enum), plain.map(of_set))


def documents() -> Kinds:
    """JSON, which MySQL normalises and MariaDB keeps as it is written."""
    leaf = st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**63), 2**64 - 1),
        st.floats(allow_nan=False, allow_infinity=False),
        st.sampled_from(ODD_TEXTS),
    )
    nested = st.recursive(
        leaf,
        lambda inner: st.one_of(
            st.lists(inner, max_size=3),
            st.dictionaries(st.text(_CHARACTERS, max_size=3), inner, max_size=3),
        ),
        max_leaves=5,
    )
    drawn = st.tuples(nested, st.booleans()).map(lambda d: json.dumps(d[0], ensure_ascii=d[1]))
    odd = [
        *('{"a": 1, "a": 2}', " [ 1 , 2 ] ", '""', "null", "[]", "{}", "1.10", "1e10", "-0.0"),
        *("123456789012345678901234567890", '"a|b\\n\\u00e9\\"|"', '{"": {"|": [null, "\\\\"]}}'),
        *("18446744073709551615", '"\\ud83d\\ude9a"', '["\\u0000"]', '{"b": 1, "aa": 2, "a": 3}'),
    ]
    return st.just(kind("JSON", map(quoted, odd), drawn.map(quoted)))


def binaries() -> Kinds:
    """BINARY, VARBINARY and the BLOBs."""
    odd = [
        *(
            b"\x00",
            b"   ",
            b"\xff\xfe",
            b'|"\n\\',
            b"__null__",
            b"\xf0\x9f\x9a\x9a",
            b"0",
            b"a\x00",
        ),
        *(b"\x00\x00a", b"\\N", b"NULL", bytes(range(256))),
    ]

    def of(ddl: str, size: int) -> Kind:
        ends = [value for value in odd if len(value) <= size] + [b"\x00" * size, b"\xff" * size]
        drawn = st.binary(min_size=1, max_size=min(size, 40))
        return kind(ddl, [*map(_bytes, ends), "''"], drawn.map(_bytes))

    sized = st.tuples(st.sampled_from(["BINARY", "VARBINARY"]), st.integers(1, 255))
    blobs = st.sampled_from(["TINYBLOB", "BLOB", "MEDIUMBLOB", "LONGBLOB"])
    return st.one_of(
        sized.map(lambda d: of(f"{d[0]}({d[1]})", d[1])), blobs.map(lambda ddl: of(ddl, 255))
    )


def _bytes(value: bytes) -> str:
    return f"x'{value.hex()}'"
