"""Policies: how they are written, which one holds, and what they make of a batch."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.codec.arrow import arrow_type
from pipeline.codec.csv import line_lengths
from pipeline.config.policies import KINDS, Policies, Rules, choices
from pipeline.config.yaml_loader import read_tables
from pipeline.errors import ConfigurationError, DataError
from pipeline.model.columns import Column
from pipeline.model.markers import (
    Coercion,
    added_up,
)
from pipeline.policies.conversion import COPY_ROW, ConversionPolicies, TokenTaken, empty_tokens


def rules_of(tmp_path: Path, definition: str, key: tuple[str, ...] = ()) -> Rules:
    (tmp_path / "tables.yml").write_text(f"tables: {{a.b: {{cursor: at, {definition}}}}}")
    return read_tables(tmp_path)["a.b"].rules(key)


@pytest.mark.parametrize("null", ["null", "~", '"null"', "NULL", "Null"])
def test_yamls_null_is_the_policy_null(tmp_path: Path, null: str):
    rules = rules_of(
        tmp_path, f"on_zero_date: {null}, columns: {{raw: {{on_empty_bytes: {null}}}}}"
    )
    assert rules.policy("born", "zero_date") == "null"
    assert rules.policy("raw", "empty_bytes") == "null"
    assert rules.policy("other", "empty_bytes") == "keep"


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_changed_unless_it_is_asked_for(kind: str):
    assert Rules().policy("c", kind) == choices(kind)[0]
    assert choices(kind)[0] in ("error", "keep")
    assert set(Policies.model_fields) == {f"on_{each}" for each in KINDS}


def test_a_columns_policy_comes_before_the_tables_whatever_its_case(tmp_path: Path):
    rules = rules_of(
        tmp_path,
        "on_zero_date: sentinel, columns: {Born: {on_zero_date: error}, due: {on_nul_byte: strip}}",
    )
    assert rules.policy("born", "zero_date") == "error"
    assert rules.policy("due", "zero_date") == "sentinel"
    assert rules.policy("due", "nul_byte") == "strip"


def test_the_defaults_of_a_file_hold_for_its_tables(tmp_path: Path):
    (tmp_path / "t.yml").write_text(
        "defaults: {on_zero_date: null}\n"
        "tables: {a.b: {cursor: at}, a.c: {cursor: at, on_zero_date: error}}"
    )
    found = read_tables(tmp_path)
    assert found["a.b"].rules(()).policy("c", "zero_date") == "null"
    assert found["a.c"].rules(()).policy("c", "zero_date") == "error"


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_is_never_changed(kind: str):
    policy = choices(kind)[-1]
    rules = Rules(policies=Policies.model_validate({f"on_{kind}": policy}), key=("Id",))
    assert rules.policy("other", kind) == policy
    assert rules.policy("id", kind) == "error"
    assert "never changed" in rules.advice("ID", kind)


@pytest.mark.parametrize(
    "definition",
    [
        "on_zero_date: nul",
        "on_nul_byte: null",
        "on_oversize_text: cut",
        "columns: {c: {on_zero: null}}",
        "columns: {c: null}",
        "columns: [c]",
    ],
)
def test_what_is_no_policy_is_refused(tmp_path: Path, definition: str):
    with pytest.raises(ConfigurationError, match=r"the definition of a\.b is invalid"):
        rules_of(tmp_path, definition)


@pytest.mark.parametrize("kind", KINDS)
def test_the_advice_is_a_definition_that_accepts(tmp_path: Path, kind: str):
    line = Rules().advice("c", kind).split("`")[1]
    assert rules_of(tmp_path, line).policy("c", kind) not in ("error", "keep")


def coercion(**more: Any) -> Coercion:
    values = {"column": "c", "kind": "zero_date", "policy": "null", "rows": 1, "example": "x"}
    return Coercion.model_validate({**values, **more})


def test_changes_add_up_by_column_kind_and_policy():
    found = [coercion(), coercion(rows=2, example="y"), coercion(column="d"), coercion(policy="p")]
    assert added_up(found) == (coercion(rows=3), coercion(column="d"), coercion(policy="p"))


def column(name: str, arrow: str, redshift: str) -> Column:
    return Column(name, "any", nullable=True, arrow=arrow, redshift=redshift, target=name)


def fitted(
    columns: Sequence[Column],
    values: dict[str, list[Any]],
    nul: Sequence[str] = (),
    **policies: Any,
) -> tuple[pa.RecordBatch, ConversionPolicies]:
    batch = pa.record_batch({c.name: pa.array(values[c.name], arrow_type(c)) for c in columns})
    tokens = {c.name: next(empty_tokens(c)) for c in columns if c.arrow == "binary"}
    rules = Rules("a.b", Policies.model_validate(policies))
    policies = ConversionPolicies(columns, rules, nul, tokens)
    return policies.apply(batch), policies


def test_nul_goes_before_the_length_is_looked_at():
    texts = ["\0" + "a" * 65_535, "b" * 65_535, "c" * 65_536]
    batch, warehouse = fitted(
        [column("t", "string", "VARCHAR(65535)")],
        {"t": texts},
        ["t"],
        on_nul_byte="strip",
        on_oversize_text="truncate",
    )
    assert batch["t"].to_pylist() == ["a" * 65_535, "b" * 65_535, "c" * 65_535]
    assert [(c.kind, c.rows) for c in warehouse.coerced] == [("nul_byte", 1), ("oversize_text", 1)]


@pytest.mark.parametrize(("size", "kept"), [(8, True), (9, False)])
def test_bytes_longer_than_their_column_are_oversize(size: int, kept: bool):
    columns = [column("b", "binary", "VARBYTE(8)")]
    batch, _ = fitted(columns, {"b": [b"x" * size]}, on_oversize_bytes=None)
    assert batch["b"].to_pylist() == [b"x" * size if kept else None]
    if not kept:
        with pytest.raises(DataError, match="oversize_bytes"):
            fitted(columns, {"b": [b"x" * size]})


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(*[st.integers(0, 3)] * 3), min_size=1, max_size=4))
def test_after_fitting_no_line_is_longer_than_copy_takes(sizes: list[tuple[int, int, int]]):
    columns = [column(name, "binary", "VARBYTE(16777216)") for name in "abc"]
    million = 700_000
    values = {
        name: [b"x" * (row[index] * million) or None for row in sizes]
        for index, name in enumerate("abc")
    }
    batch, warehouse = fitted(columns, values, on_oversize_bytes="null")
    assert line_lengths(batch).max() <= COPY_ROW
    before = [sum(2 * million * part for part in row) for row in sizes]
    for row, size in enumerate(before):
        nulled = [n for n in "abc" if values[n][row] is not None and batch[n][row].as_py() is None]
        assert bool(nulled) == (size + 30 > COPY_ROW)
        left = [len(batch[n][row].as_py() or b"") for n in "abc"]
        assert all(len(values[n][row]) >= max(left) for n in nulled)  # the longest go first
    nulls = sum(array.null_count for array in batch.columns)
    nulls -= sum(value is None for column_ in values.values() for value in column_)
    assert sum(c.rows for c in warehouse.coerced) == nulls


def test_a_row_whose_texts_alone_are_too_long_is_named():
    columns = [column(f"t{n}", "string", "VARCHAR(65535)") for n in range(70)]
    with pytest.raises(DataError, match=r"a row has 4\d+ bytes as CSV"):
        fitted(columns, {c.name: ["short", "x" * 65_535] for c in columns})


@pytest.mark.parametrize("width", [1, 2, 3, 16, 65_535])
def test_tokens_are_no_longer_than_the_column_and_all_different(width: int):
    tokens = empty_tokens(column("b", "binary", f"VARBYTE({width})"))
    some = [next(tokens) for _ in range(200)]
    assert len(set(some)) == 200
    assert {len(token) for token in some} == {min(width, 16)}


def test_a_value_that_is_the_token_asks_for_another():
    columns = [column("b", "binary", "VARBYTE(8)")]
    token = next(empty_tokens(columns[0]))
    with pytest.raises(TokenTaken) as raised:
        fitted(columns, {"b": [b"", token]})
    assert raised.value.column == "b"
    batch, warehouse = fitted(columns, {"b": [b"", None, b"x"]})
    assert batch["b"].to_pylist() == [token, None, b"x"]
    assert warehouse.empty == {"b": 1}
    assert warehouse.coerced == []
