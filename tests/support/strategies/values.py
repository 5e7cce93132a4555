"""Hypothesis strategies for every MySQL type: how a column may be declared, and what it may hold."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from functools import lru_cache

from hypothesis import strategies as st

from tests.support.strategies import texts
from tests.support.strategies.kinds import Kind, Kinds, Literals, kind


def _integers() -> Kinds:
    def of(name: str, bits: int, attribute: str) -> Kind:
        low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if not attribute else (0, 2**bits - 1)
        edges = [low, low + 1, -1, 0, 1, 2, high - 1, high, 2**53 + 1, 2**31]
        fitting = [str(value) for value in edges if low <= value <= high]
        return kind(f"{name}{attribute}", fitting, st.integers(low, high).map(str))

    sizes = [("TINYINT", 8), ("SMALLINT", 16), ("MEDIUMINT", 24), ("INT", 32), ("BIGINT", 64)]
    attributes = st.sampled_from(["", " UNSIGNED", " ZEROFILL"])
    plain = st.tuples(st.sampled_from(sizes), attributes).map(lambda d: of(*d[0], d[1]))
    flag = kind("TINYINT(1)", ["0", "1", "2", "-1", "127", "-128"])
    return st.one_of(plain, plain, st.just(flag))


def _decimals() -> Kinds:
    def of(precision: int, scale: int, attribute: str) -> Kind:
        limit = 10**precision - 1
        low = 0 if attribute else -limit

        def written(number: int) -> str:
            digits = tuple(map(int, str(abs(number))))
            return f"'{Decimal((number < 0, digits, -scale)):f}'"

        edges = map(written, sorted({low, 0, 1, limit, limit - 1, limit // 2}))
        small = st.integers(max(low, -999), min(limit, 999))
        drawn = st.one_of(st.integers(low, limit), small).map(written)
        return kind(f"DECIMAL({precision},{scale}){attribute}", edges, drawn)

    fixed = st.sampled_from([(65, 30), (65, 0), (38, 0), (38, 10), (38, 30), (39, 0), (39, 20)])
    more = st.sampled_from([(1, 0), (1, 1), (19, 0), (20, 0), (18, 18), (15, 4), (30, 30), (10, 0)])
    drawn = st.integers(1, 65).flatmap(
        lambda precision: st.tuples(st.just(precision), st.integers(0, min(precision, 30)))
    )
    attributes = st.sampled_from(["", "", " UNSIGNED"])
    return st.tuples(st.one_of(fixed, more, drawn), attributes).map(lambda d: of(*d[0], d[1]))


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
    def of(ddl: str, width: int) -> Kind:
        drawn = st.floats(allow_nan=False, allow_infinity=False, width=width).map(repr)
        return kind(ddl, (f"'{text}'" for text in _DOUBLES), drawn.map(lambda text: f"'{text}'"))

    doubles = ["DOUBLE", "REAL", "DOUBLE UNSIGNED", "DOUBLE(10,2)", "DOUBLE(20,5)", "FLOAT(53)"]
    doubles += ["DOUBLE(40,30)", "DOUBLE(53,20) ZEROFILL"]
    floats = ["FLOAT", "FLOAT UNSIGNED", "FLOAT(7,3)", "FLOAT(30,20)", "FLOAT(24)"]
    return st.one_of(
        st.sampled_from(doubles).map(lambda ddl: of(ddl, 64)),
        st.sampled_from(floats).map(lambda ddl: of(ddl, 32)),
    )


def _bits() -> Kinds:
    def of(bits: int) -> Kind:
        edges = [f"b'{value:b}'" for value in (0, 1, 2 ** (bits - 1), 2**bits - 1)]
        return kind(f"BIT({bits})", edges, st.integers(0, 2**bits - 1).map(lambda v: f"b'{v:b}'"))

    return st.one_of(st.sampled_from([1, 8, 63, 64]), st.integers(1, 64)).map(of)


# Times


def _fraction(digits: int, microsecond: int) -> str:
    return f".{microsecond:06d}"[: digits + 1] if digits else ""


def _moment(value: datetime, digits: int) -> str:
    return f"'{value.isoformat(' ')[:19]}{_fraction(digits, value.microsecond)}'"


def _day(value: datetime) -> str:
    return f"'{value.isoformat()[:10]}'"


def _clock(seconds: int, microsecond: int, digits: int) -> str:
    hours, rest = divmod(abs(seconds), 3600)
    text = f"{hours:02d}:{rest // 60:02d}:{rest % 60:02d}{_fraction(digits, microsecond)}"
    return f"'{'-' * (seconds < 0)}{text}'"


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


_LONGEST = 838 * 3600 + 59 * 60 + 59


def _times() -> Kinds:
    def moments(
        name: str, digits: int, edges: list[datetime], drawn: st.SearchStrategy[datetime]
    ) -> Kind:
        ends = (_moment(value, digits) for value in edges)
        return kind(f"{name}({digits})", ends, drawn.map(lambda value: _moment(value, digits)))

    def time(digits: int) -> Kind:
        seconds = [0, 1, -1, 59, 3_599, 86_399, 86_400, -86_400, _LONGEST, -_LONGEST]
        ends = [_clock(s, m, digits) for s in seconds for m in (0, 1, 500_000)]
        drawn = st.tuples(st.integers(-_LONGEST + 1, _LONGEST - 1), st.integers(0, 999_999))
        return kind(f"TIME({digits})", ends, drawn.map(lambda part: _clock(*part, digits)))

    digits = st.integers(0, 6)
    stamps = st.datetimes(_FIRST, _LAST)
    years = kind("YEAR", ["0", "1901", "2155", "2000"], st.integers(1901, 2155).map(str))
    days = kind("DATE", map(_day, _MOMENTS), st.datetimes().map(_day))
    return st.one_of(
        digits.map(lambda d: moments("DATETIME", d, _MOMENTS, st.datetimes())),
        digits.map(lambda d: moments("TIMESTAMP", d, [_FIRST, _LAST], stamps)),
        digits.map(time),
        st.sampled_from([years, days]),
    )


# Shapes, and what only some servers have


def _shapes() -> Kinds:
    shapes = {
        "POINT": ["POINT(0 0)", "POINT(-1.5 89.999999)", "POINT(0.1 -45.25)"],
        "LINESTRING": ["LINESTRING(0 0, 1 1)", "LINESTRING(0.1 0.2, 3 4, -5 6)"],
        "POLYGON": ["POLYGON((0 0, 0 3, 3 3, 0 0), (1 1, 1 2, 2 2, 1 1))"],
        "MULTIPOINT": ["MULTIPOINT(0 0, 1 1)"],
        "GEOMETRYCOLLECTION": ["GEOMETRYCOLLECTION(POINT(1 2), LINESTRING(0 0, 1 1))"],
    }
    shapes["GEOMETRY"] = [text for texts_ in shapes.values() for text in texts_]

    def of(name: str) -> Kind:
        written = [(text, srid) for text in shapes[name] for srid in ("", ", 4326")]
        return kind(name, (f"ST_GeomFromText('{text}'{srid})" for text, srid in written))

    return st.sampled_from([*shapes]).map(of)


def _mariadb() -> Kinds:
    addresses = ["::", "::1", "::ffff:10.0.0.1", "2001:db8::ff00:42:8329"]
    uuids: Literals = st.uuids(allow_nil=True).map(lambda value: f"'{value}'")
    return st.sampled_from(
        [
            kind("UUID", ["'00000000-0000-0000-0000-000000000000'"], uuids),
            kind("INET6", (f"'{address}'" for address in addresses)),
            kind("INET4", ["'0.0.0.0'", "'255.255.255.255'", "'10.1.2.3'"]),
            texts.texts("TEXT COMPRESSED", 40),
            texts.texts("VARCHAR(50) COMPRESSED", 50),
            kind("DECIMAL(38,38)", ["'0'", "'0.1'", f"'-0.{'9' * 38}'"]),
        ]
    )


def _computed() -> Kinds:
    return st.sampled_from(
        [
            Kind("INT GENERATED ALWAYS AS (id * 2) VIRTUAL"),
            Kind("VARCHAR(30) GENERATED ALWAYS AS (CONCAT('r', id, ' ')) STORED"),
            Kind("INT DEFAULT 5 INVISIBLE"),
        ]
    )


@lru_cache(maxsize=2)
def kinds(server: str) -> Kinds:
    """A column type of the server, `mariadb` or `mysql`, each family about as often as the others."""
    families = [_integers(), _decimals(), _floats(), _bits(), _times(), _times(), _shapes()]
    families += [texts.strings(), texts.strings(), texts.long_texts(), texts.members()]
    families += [texts.documents(), texts.binaries(), _computed()]
    families += [_mariadb()] * (server == "mariadb")
    return st.one_of(*families)
