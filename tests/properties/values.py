"""Hypothesis strategies for every MySQL type: how a column may be declared, and SQL literals of its values.

A literal need not fit: the session is not strict, so MySQL makes of it what it stores, and the oracle asks
MySQL for that. Zero dates and NUL bytes are left to the tests of their policies.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from hypothesis import strategies as st

Literals = st.SearchStrategy[str]


@dataclass(frozen=True)
class Kind:
    """A column type with its parameters, and literals of its values; none for a computed column."""

    ddl: str
    literals: Literals | None
    is_nullable: bool = True

    def __repr__(self) -> str:
        return self.ddl


Kinds = st.SearchStrategy[Kind]

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


def _quoted(text: str) -> str:
    """A literal that no sql_mode and no connection's character set can change."""
    return f"_utf8mb4 x'{text.encode().hex()}'" if text else "''"


def _bytes(value: bytes) -> str:
    return f"x'{value.hex()}'" if value else "''"


def texts(size: int) -> st.SearchStrategy[str]:
    """Texts of up to `size` characters, the odd ones and the longest ones often."""
    odd = st.sampled_from([text for text in ODD_TEXTS if len(text) <= size] or [""])
    longest = st.sampled_from("x🚚é \\|\"'").map(lambda character: character * size)
    drawn = st.text(_CHARACTERS, max_size=min(size, 30))
    joined = st.lists(st.sampled_from(ODD_TEXTS), max_size=6).map(
        lambda parts: "".join(parts)[:size]
    )
    return st.one_of(odd, joined, drawn, longest)


# Numbers


def _integers() -> Kinds:
    def kind(name: str, bits: int, attribute: str) -> Kind:
        low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if not attribute else (0, 2**bits - 1)
        edges = st.sampled_from([low, low + 1, -1, 0, 1, high - 1, high, 2**53 + 1, 2**31])
        fitting = edges.filter(lambda value: low <= value <= high)
        return Kind(f"{name}{attribute}", st.one_of(fitting, st.integers(low, high)).map(str))

    sizes = [("TINYINT", 8), ("SMALLINT", 16), ("MEDIUMINT", 24), ("INT", 32), ("BIGINT", 64)]
    attributes = st.sampled_from(["", " UNSIGNED", " ZEROFILL"])
    plain = st.tuples(st.sampled_from(sizes), attributes).map(lambda d: kind(*d[0], d[1]))
    flag = Kind("TINYINT(1)", st.integers(-128, 127).map(str))
    return st.one_of(plain, plain, st.just(flag))


def _decimals() -> Kinds:
    def kind(precision: int, scale: int, attribute: str) -> Kind:
        limit = 10**precision - 1
        low = 0 if attribute else -limit
        edges = st.sampled_from([low, 0, 1, limit, limit - 1, limit // 2])
        digits = st.one_of(
            edges, st.integers(low, limit), st.integers(max(low, -999), min(limit, 999))
        )
        return Kind(
            f"DECIMAL({precision},{scale}){attribute}",
            digits.map(lambda number: f"'{Decimal((number < 0, _digits(number), -scale)):f}'"),
        )

    fixed = st.sampled_from([(65, 30), (65, 0), (38, 0), (38, 10), (38, 30), (39, 0), (39, 20)])
    more = st.sampled_from([(1, 0), (1, 1), (19, 0), (20, 0), (18, 18), (15, 4), (30, 30), (10, 0)])
    drawn = st.integers(1, 65).flatmap(
        lambda precision: st.tuples(st.just(precision), st.integers(0, min(precision, 30)))
    )
    attributes = st.sampled_from(["", "", " UNSIGNED"])
    return st.tuples(st.one_of(fixed, more, drawn), attributes).map(lambda d: kind(*d[0], d[1]))


def _digits(number: int) -> tuple[int, ...]:
    return tuple(map(int, str(abs(number))))


_DOUBLES = [
    *(
        "0",
        "-0.0",
        "0.1",
        "0.30000000000000004",
        "1e300",
        "-1e-300",
        "5e-324",
        "2.2250738585072014e-308",
    ),
    *(
        "1.7976931348623157e308",
        "-1.7976931348623157e308",
        "9007199254740993",
        "1e15",
        "1e16",
        "1e17",
    ),
    *(
        "123456789012345680",
        "0.1e-4",
        "1e-5",
        "3.4028234663852886e38",
        "16777217",
        "1.4012984643e-45",
    ),
]


def _floats() -> Kinds:
    def literals(width: int) -> Literals:
        drawn = st.floats(allow_nan=False, allow_infinity=False, width=width).map(repr)
        return st.one_of(st.sampled_from(_DOUBLES), drawn).map(lambda text: f"'{text}'")

    doubles = ["DOUBLE", "REAL", "DOUBLE UNSIGNED", "DOUBLE(10,2)", "DOUBLE(20,5)", "FLOAT(53)"]
    floats = ["FLOAT", "FLOAT UNSIGNED", "FLOAT(7,3)", "FLOAT(24)"]
    return st.one_of(
        st.sampled_from(doubles).map(lambda ddl: Kind(ddl, literals(64))),
        st.sampled_from(floats).map(lambda ddl: Kind(ddl, literals(32))),
    )


def _bits() -> Kinds:
    def kind(bits: int) -> Kind:
        edges = st.sampled_from([0, 1, 2 ** (bits - 1), 2**bits - 1])
        values = st.one_of(edges, st.integers(0, 2**bits - 1))
        return Kind(f"BIT({bits})", values.map(lambda value: f"b'{value:b}'"))

    return st.one_of(st.sampled_from([1, 8, 63, 64]), st.integers(1, 64)).map(kind)


# Text and bytes


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


def _in(charset: str) -> str:
    return f" CHARACTER SET {charset}" if charset else ""


def _strings() -> Kinds:
    sizes = st.one_of(st.sampled_from([0, 1, 2, 40, 255]), st.integers(1, 60))

    def kind(name: str, size: int, charset: str) -> Kind:
        return Kind(f"{name}({size}){_in(charset)}", texts(max(size, 1)).map(_quoted))

    names = st.sampled_from(["VARCHAR", "VARCHAR", "CHAR"])
    long = st.just(Kind("VARCHAR(4000)", st.one_of(texts(4000), texts(40)).map(_quoted)))
    return st.one_of(st.builds(kind, names, sizes, st.sampled_from(_CHARSETS)), long)


def _long_texts() -> Kinds:
    fitting = st.sampled_from(
        [65_535 * "y", "€" * 21_845, "🚚" * 16_383, '"' * 65_535, "\\" * 65_535]
    )
    some = texts(250).map(_quoted)
    rarely = st.tuples(st.integers(0, 15), some, fitting.map(_quoted)).map(
        lambda d: d[1 + (d[0] == 15)]
    )

    def kind(name: str, charset: str) -> Kind:
        tiny = name == "TINYTEXT"
        return Kind(f"{name}{_in(charset)}", texts(63).map(_quoted) if tiny else rarely)

    names = st.sampled_from(["TINYTEXT", "TEXT", "MEDIUMTEXT", "LONGTEXT"])
    return st.builds(kind, names, st.sampled_from(_CHARSETS))


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


def _members() -> Kinds:
    def ddl(name: str, members: list[str]) -> str:
        listed = ", ".join("'" + m.replace("\\", "\\\\").replace("'", "''") + "'" for m in members)
        return f"{name}({listed})"

    def of_enum(members: list[str]) -> Kind:
        return Kind(ddl("ENUM", members), st.integers(0, len(members)).map(str))

    def of_set(members: list[str]) -> Kind:
        return Kind(ddl("SET", members), st.integers(0, 2 ** len(members) - 1).map(str))

    members = st.lists(st.sampled_from(_MEMBERS), min_size=1, max_size=8, unique=True)
    odd = st.lists(st.sampled_from([*_MEMBERS, "k,l"]), min_size=1, max_size=8, unique=True)
    return st.one_of(odd.map(of_enum), members.map(of_set))


def _json() -> Kinds:
    leaf = st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**63), 2**64 - 1),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(_CHARACTERS, max_size=10),
        st.sampled_from(ODD_TEXTS),
    )
    nested = st.recursive(
        leaf,
        lambda inner: st.one_of(
            st.lists(inner, max_size=3),
            st.dictionaries(st.text(_CHARACTERS, max_size=5), inner, max_size=3),
        ),
        max_leaves=8,
    )
    dumped = st.tuples(nested, st.booleans()).map(lambda d: json.dumps(d[0], ensure_ascii=d[1]))
    odd = st.sampled_from(
        ['{"a": 1, "a": 2}', "[1e400]", "123456789012345678901234567890", " [ 1 , 2 ] ", '""']
    )
    return st.just(
        Kind("JSON", st.one_of(dumped, dumped, odd.filter(lambda t: "e400" not in t)).map(_quoted))
    )


def _binaries(*, empty: bool) -> Kinds:
    least = 0 if empty else 1
    odd = [
        b"\x00",
        b"   ",
        b"\xff\xfe",
        b'|"\n\\',
        b"__null__",
        b"\xf0\x9f\x9a\x9a",
        b"0",
        bytes(range(256)),
    ]

    def values(size: int) -> Literals:
        fitting = [value for value in odd if len(value) <= size] or [b"\x00"]
        drawn = st.binary(min_size=least, max_size=min(size, 40))
        longest = st.sampled_from([b"\x00", b"\xff"]).map(lambda byte: byte * size)
        return st.one_of(st.sampled_from(fitting), drawn, longest).map(_bytes)

    sized = st.tuples(st.sampled_from(["BINARY", "VARBINARY"]), st.integers(1, 255))
    blobs = st.sampled_from(["TINYBLOB", "BLOB", "MEDIUMBLOB", "LONGBLOB"])
    return st.one_of(
        sized.map(lambda d: Kind(f"{d[0]}({d[1]})", values(d[1]))),
        blobs.map(lambda ddl: Kind(ddl, values(255))),
    )


# Times


def _fraction(draw_digits: int, microsecond: int) -> str:
    return f".{microsecond:06d}"[: draw_digits + 1] if draw_digits else ""


def _moment(value: datetime, digits: int) -> str:
    return f"'{value.isoformat(' ')[:19]}{_fraction(digits, value.microsecond)}'"


_MOMENTS = [
    *(datetime(1, 1, 1), datetime(999, 12, 31), datetime(1000, 1, 1), datetime(1582, 10, 10)),
    *(datetime(1899, 12, 31, 23, 59, 59, 1), datetime(1969, 12, 31, 23, 59, 59, 999_999)),
    *(
        datetime(1970, 1, 1),
        datetime(2024, 2, 29),
        datetime(2025, 3, 30, 2, 30),
        datetime(2038, 1, 19, 3, 14, 8),
    ),
    *(datetime(2025, 10, 26, 2, 30, 0, 100_000), datetime(9999, 12, 31, 23, 59, 59, 999_999)),
]
_FIRST, _LAST = datetime(1970, 1, 1, 0, 0, 1), datetime(2038, 1, 19, 3, 14, 7, 999_999)


def _times() -> Kinds:
    def moments(name: str, digits: int, values: st.SearchStrategy[datetime]) -> Kind:
        return Kind(f"{name}({digits})", values.map(lambda value: _moment(value, digits)))

    digits = st.integers(0, 6)
    datetimes = st.one_of(st.sampled_from(_MOMENTS), st.datetimes())
    timestamps = st.one_of(st.sampled_from([_FIRST, _LAST]), st.datetimes(_FIRST, _LAST))
    dates = datetimes.map(lambda value: f"'{value.isoformat()[:10]}'")
    clock = st.one_of(
        st.sampled_from([0, 1, 59, 3_599, 86_399, 86_400, 3_020_399]), st.integers(0, 3_020_399)
    )

    def time(digits: int) -> Kind:
        parts = st.tuples(st.booleans(), clock, st.sampled_from([0, 1, 500_000, 999_999]))
        return Kind(f"TIME({digits})", parts.map(lambda part: _time(*part, digits)))

    years = st.one_of(st.sampled_from([0, 1901, 2155]), st.integers(1901, 2155)).map(str)
    return st.one_of(
        digits.map(lambda d: moments("DATETIME", d, datetimes)),
        digits.map(lambda d: moments("TIMESTAMP", d, timestamps)),
        digits.map(time),
        st.just(Kind("DATE", dates)),
        st.just(Kind("YEAR", years)),
    )


def _time(negative: bool, seconds: int, microsecond: int, digits: int) -> str:
    hours, rest = divmod(seconds, 3600)
    text = f"{hours:02d}:{rest // 60:02d}:{rest % 60:02d}{_fraction(digits, microsecond)}"
    return f"'{'-' * negative}{text}'"


# Shapes, and what only one of the servers has


def _shapes() -> Kinds:
    number = st.sampled_from(["0", "1", "-1.5", "0.1", "89.999999", "-45.25"])
    point = st.tuples(number, number).map(" ".join)
    line = st.lists(point, min_size=2, max_size=4).map(", ".join)
    shapes = {
        "POINT": point.map(lambda p: f"POINT({p})"),
        "LINESTRING": line.map(lambda points: f"LINESTRING({points})"),
        "POLYGON": st.just("POLYGON((0 0, 0 3, 3 3, 0 0), (1 1, 1 2, 2 2, 1 1))"),
        "MULTIPOINT": line.map(lambda points: f"MULTIPOINT({points})"),
        "GEOMETRYCOLLECTION": point.map(
            lambda p: f"GEOMETRYCOLLECTION(POINT({p}), LINESTRING(0 0, 1 1))"
        ),
    }
    any_shape = st.one_of(*shapes.values())

    def kind(name: str) -> Kind:
        drawn = st.tuples(shapes.get(name, any_shape), st.sampled_from(["", ", 4326"]))
        return Kind(name, drawn.map(lambda shape: f"ST_GeomFromText('{shape[0]}'{shape[1]})"))

    return st.sampled_from([*shapes, "GEOMETRY"]).map(kind)


def _mariadb() -> Kinds:
    addresses = st.sampled_from(["::", "::1", "::ffff:10.0.0.1", "2001:db8::ff00:42:8329"])
    return st.sampled_from(
        [
            Kind("UUID", st.uuids(allow_nil=True).map(lambda value: f"'{value}'")),
            Kind("INET6", addresses.map(lambda value: f"'{value}'")),
            Kind("INET4", st.ip_addresses(v=4).map(lambda value: f"'{value}'")),
            Kind("TEXT COMPRESSED", texts(40).map(_quoted)),
            Kind("VARCHAR(50) COMPRESSED", texts(50).map(_quoted)),
            Kind("DECIMAL(38,38)", st.sampled_from(["'0'", "'0.1'", f"'0.{'9' * 38}'"])),
        ]
    )


def _special() -> Kinds:
    hidden: Callable[[str], Kind] = lambda ddl: Kind(ddl, None, is_nullable=False)  # noqa: E731
    return st.sampled_from(
        [
            hidden("INT GENERATED ALWAYS AS (id * 2) VIRTUAL"),
            hidden("VARCHAR(30) GENERATED ALWAYS AS (CONCAT('r', id, ' ')) STORED"),
            hidden("INT INVISIBLE DEFAULT 5"),
        ]
    )


def kinds(server: str, *, empty_bytes: bool) -> Kinds:
    """A column type of the server, `mariadb` or `mysql`, each family about as often as the others."""
    families = [_integers(), _decimals(), _floats(), _bits(), _strings(), _strings(), _long_texts()]
    families += [_members(), _json(), _binaries(empty=empty_bytes), _times(), _times(), _shapes()]
    families += [_special()] + [_mariadb()] * (server == "mariadb")
    return st.one_of(*families)
