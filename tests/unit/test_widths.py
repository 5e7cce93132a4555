"""Which type holds which: the order that a change of a column's type is judged by."""

from decimal import Context, Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.model.type_widening import holds, wider

EXACT = Context(prec=99)  # the default rounds to 28 digits
INTEGERS = {"SMALLINT": 15, "INTEGER": 31, "BIGINT": 63}
decimals = st.integers(1, 38).flatmap(
    lambda p: st.integers(0, min(p, 37)).map(lambda s: f"DECIMAL({p},{s})")
)
exact = st.one_of(st.sampled_from(sorted(INTEGERS)), decimals)
texts = st.integers(1, 65535).map("VARCHAR({})".format)
binaries = st.integers(1, 16_777_216).map("VARBYTE({})".format)
others = st.sampled_from(
    ["REAL", "DOUBLE PRECISION", "DATE", "TIMESTAMP", "SUPER", "BOOLEAN", "CHAR(3)"]
)
types = st.one_of(exact, texts, binaries, others)


def numbers(kind: str) -> st.SearchStrategy[Decimal]:
    """Values of an exact number's type, its bounds among them."""
    if kind in INTEGERS:
        top = 2 ** INTEGERS[kind]
        units, scale = st.sampled_from([-top, top - 1]) | st.integers(-top, top - 1), 0
    else:
        precision, scale = map(int, kind[8:-1].split(","))
        top = 10**precision - 1
        units = st.sampled_from([-top, top]) | st.integers(-top, top)
    return units.map(lambda n: Decimal(n).scaleb(-scale, EXACT) if scale else Decimal(n))


def fits(value: Decimal, kind: str) -> bool:
    """Whether the value can be had in the type, said without the product's rule."""
    if kind in INTEGERS:
        return value == int(value) and -(2 ** INTEGERS[kind]) <= value < 2 ** INTEGERS[kind]
    if kind.startswith("DECIMAL"):
        precision, scale = map(int, kind[8:-1].split(","))
        units = value.scaleb(scale, EXACT)
        return units == int(units) and abs(int(units)) < 10**precision
    if kind.startswith("VARCHAR"):
        return len(f"{value:f}") <= int(kind[8:-1])
    if kind == "REAL":
        return Decimal(float(np.float32(float(value)))) == value
    return kind == "DOUBLE PRECISION" and Decimal(float(value)) == value


@given(st.data(), types, exact)
def test_a_type_that_holds_another_has_room_for_each_of_its_numbers(
    data: st.DataObject, have: str, need: str
):
    if holds(have, need):
        assert fits(data.draw(numbers(need)), have)


@given(exact, exact)
def test_an_exact_type_that_does_not_hold_another_lacks_room_for_one_of_its_bounds(
    have: str, need: str
):
    if not holds(have, need):
        top = numbers_top(need)
        bounds = [top, -top, top.scaleb(-scale_of(need)), Decimal(1).scaleb(-scale_of(need))]
        assert not all(fits(value, have) for value in bounds)


def scale_of(kind: str) -> int:
    return 0 if kind in INTEGERS else int(kind[8:-1].split(",")[1])


def numbers_top(kind: str) -> Decimal:
    if kind in INTEGERS:
        return Decimal(2 ** INTEGERS[kind] - 1)
    precision, scale = map(int, kind[8:-1].split(","))
    return Decimal(10**precision - 1).scaleb(-scale)


@given(types)
def test_a_type_holds_itself(kind: str):
    assert holds(kind, kind)
    assert wider(kind, kind) == kind


@given(types, types, types)
def test_what_holds_a_holder_holds_what_that_holds(one: str, two: str, three: str):
    if holds(one, two) and holds(two, three):
        assert holds(one, three)


@given(types, types)
def test_no_two_types_hold_each_other(one: str, two: str):
    if holds(one, two) and holds(two, one):
        assert one == two


@given(types, types)
def test_the_wider_of_two_holds_both_and_is_one_of_them_where_that_suffices(one: str, two: str):
    both = wider(one, two)
    if both is not None:
        assert holds(both, one)
        assert holds(both, two)
        assert wider(both, one) == wider(both, two) == both
    if holds(one, two):
        assert both == one


@pytest.mark.parametrize(
    ("have", "need", "both"),
    [
        ("SMALLINT", "INTEGER", "INTEGER"),
        ("INTEGER", "BIGINT", "BIGINT"),
        ("BIGINT", "DECIMAL(20,0)", "DECIMAL(20,0)"),
        ("DECIMAL(10,2)", "DECIMAL(12,2)", "DECIMAL(12,2)"),
        ("DECIMAL(10,2)", "DECIMAL(10,4)", "DECIMAL(12,4)"),
        ("INTEGER", "DECIMAL(10,2)", "DECIMAL(12,2)"),
        ("DECIMAL(38,0)", "DECIMAL(38,30)", None),
        ("REAL", "DOUBLE PRECISION", "DOUBLE PRECISION"),
        ("REAL", "INTEGER", "DOUBLE PRECISION"),
        ("BIGINT", "DOUBLE PRECISION", None),
        ("DECIMAL(10,2)", "DOUBLE PRECISION", None),
        ("DATE", "TIMESTAMP", "TIMESTAMP"),
        ("VARCHAR(20)", "VARCHAR(80)", "VARCHAR(80)"),
        ("VARBYTE(3)", "VARBYTE(16)", "VARBYTE(16)"),
        ("VARBYTE", "VARBYTE(16)", "VARBYTE"),
        (
            "INTEGER",
            "VARCHAR(80)",
            None,
        ),  # the readers of the column would meet another kind of thing
        ("VARCHAR(80)", "INTEGER", "VARCHAR(80)"),
        ("VARCHAR(10)", "INTEGER", None),
        ("VARCHAR(80)", "DATE", "VARCHAR(80)"),
        ("VARCHAR(80)", "TIMESTAMP", None),  # has no one text
        ("VARCHAR(80)", "DOUBLE PRECISION", None),
        ("VARCHAR(80)", "VARBYTE(3)", None),
        ("SUPER", "VARCHAR(80)", None),
        ("BOOLEAN", "SMALLINT", None),
    ],
)
def test_the_wider_of_two(have: str, need: str, both: str | None):
    assert wider(have, need) == both
