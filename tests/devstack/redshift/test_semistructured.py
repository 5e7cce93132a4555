"""SUPER and VARBYTE: what they hold, how they are made from text and read as text.

Documentation: "SUPER type", "Limitations" (of SUPER), "JSON_PARSE function", "JSON_SERIALIZE function",
"VARBYTE type", "VARBYTE operators", "TO_VARBYTE function", "FROM_HEX function", "TO_HEX function".
"""

from typing import Any

import pytest

from tests.devstack.redshift.conftest import Warehouse


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ('json_serialize(json_parse(\'{"b": [1, "x y", null]}\'))', '{"b":[1,"x y",null]}'),
        ("json_typeof(json_parse('\"text\"'))", "string"),
        ("json_typeof(json_parse('1.5'))", "number"),
        ("json_parse('\"text\"')::varchar", "text"),
        ("json_parse('12')::int", 12),
        ("json_parse('12')::varchar", "12"),
        ("json_parse('true')::bool", True),
        ("json_parse('\"2001-09-08\"')::date::varchar", "2001-09-08"),
        ("json_parse('[1]')::varchar", None),
        ("json_parse('{}')::int", None),
        ("json_parse('\"no number\"')::int", None),
        ("json_parse('null')::varchar", None),
    ],
)
def test_super_values_are_parsed_cast_and_serialized(
    warehouse: Warehouse, expression: str, value: Any
) -> None:
    assert warehouse.run(f"SELECT {expression}") == [(value,)]


@pytest.mark.parametrize(
    "expression",
    [
        "json_parse('{')",
        "json_parse('')",
        "json_parse('[1,]')",
        "json_parse('NaN')",
        "json_parse('\"' || repeat('x', 65536) || '\"')",
        "'2019-09-09'::date::super",
    ],
)
def test_what_is_no_super_value_is_refused(warehouse: Warehouse, expression: str) -> None:
    assert warehouse.refused(f"SELECT {expression}").pgcode


def test_a_string_within_super_may_have_65535_bytes(warehouse: Warehouse) -> None:
    warehouse.run("CREATE TABLE t (s super)")
    warehouse.run("INSERT INTO t SELECT json_parse('[\"' || repeat('x', 65535) || '\"]')")
    warehouse.copy("t", b'"[""' + b"y" * 65535 + b'""]"\n')
    assert warehouse.run("SELECT count(*) FROM t") == [(2,)]
    warehouse.refused("COPY t FROM '" + warehouse.lake.put("long", b'"""' + b"y" * 65536 + b'"""\n')
                      + "' IAM_ROLE default CSV")  # fmt: skip
    assert warehouse.errors()[-1]["err_code"] == 1204


@pytest.mark.parametrize("text", ["{", "text", "[1,]", "'a'", "{'a': 1}", "NaN"])
def test_copy_refuses_what_is_no_json_with_1224(warehouse: Warehouse, text: str) -> None:
    """Documentation: "Load error reference"."""
    warehouse.run("CREATE TABLE t (s super)")
    url = warehouse.lake.put("part.csv", f'"{text}"\n'.encode())
    warehouse.refused(f"COPY t FROM '{url}' IAM_ROLE default CSV")
    assert warehouse.errors()[-1]["err_code"] == 1224


def test_copy_loads_json_of_every_kind_from_csv(warehouse: Warehouse) -> None:
    """Documentation: "Loading semistructured data into Amazon Redshift"."""
    warehouse.run("CREATE TABLE t (n int, s super)")
    rows = ['1|"{""a"": [1, 2.50, ""x|y""]}"', '2|"""text"""', "3|true", "4|null", "5|", "6|1e300"]
    warehouse.copy("t", "\n".join(rows).encode())
    assert warehouse.run("SELECT json_serialize(s) FROM t ORDER BY n") == [
        ('{"a":[1,2.50,"x|y"]}',), ('"text"',), ("true",), ("null",), (None,), ("1e300",)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("from_hex('6162')", "6162"),
        ("to_hex('abc'::varbyte)", "616263"),
        ("to_hex(2147676847)", "8002f2af"),
        ("to_varbyte('6162', 'HEX')", "6162"),
        ("to_varbyte('4', 'hex')", "04"),
        ("to_varbyte('01001101', 'binary')", "4d"),
        ("to_varbyte('é', 'utf-8')", "c3a9"),
        ("from_varbyte('a'::varbyte, 'binary')", "01100001"),
        ("from_varbyte(from_hex('c3a9'), 'utf8')", "é"),
        ("to_varbyte('6162', 'hex')::varchar", "ab"),
        ("5::smallint::varbyte", "0005"),
        ("5::int::varbyte", "00000005"),
        ("5::bigint::varbyte", "0000000000000005"),
        ("'aa'::char(4)::varbyte", "61612020"),
        ("'a'::varbyte || 'b'::varbyte", "6162"),
        ("'a'::varbyte + 'b'::varbyte", "6162"),
        ("'a'::varbyte < 'b'::varbyte", True),
        ("'a'::varbyte = 'a '::varbyte", False),
        ("len(from_hex('c3a9'))", 2),
        ("octet_length(from_hex('c3a9'))", 2),
    ],
)
def test_varbyte_values_are_made_shown_and_compared(
    warehouse: Warehouse, expression: str, value: Any
) -> None:
    assert warehouse.run(f"SELECT {expression}") == [(value,)]


def test_varbyte_counts_bytes(warehouse: Warehouse) -> None:
    warehouse.run("CREATE TABLE t (v varbyte(2))")
    warehouse.run("INSERT INTO t VALUES (from_hex('c3a9'))")
    assert warehouse.refused("INSERT INTO t VALUES (from_hex('c3a920'))").pgcode == "22001"
    warehouse.copy("t", b"ffff\n0A\n")
    assert warehouse.run("SELECT v FROM t ORDER BY v") == [("0a",), ("c3a9",), ("ffff",)]
    url = warehouse.lake.put("part.csv", b"ffffff\n")
    warehouse.refused(f"COPY t FROM '{url}' IAM_ROLE default CSV")
    assert warehouse.errors()[-1]["err_code"] == 1204
