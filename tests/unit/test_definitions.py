"""Files of definitions: what is written twice, or not at all, is told."""

from pathlib import Path

import pytest

from pipeline.config.tables import TableDefinition
from pipeline.config.yaml_loader import read_tables
from pipeline.errors import ConfigurationError


def test_a_table_that_is_defined_twice_in_one_file_is_refused(tmp_path: Path):
    file = tmp_path / "shop.yml"
    file.write_text("tables:\n  a.b: {cursor: at}\n  a.b: {cursor_type: full}\n")
    with pytest.raises(ConfigurationError) as raised:
        read_tables(tmp_path)
    assert str(file) in str(raised.value)
    assert "duplicate key a.b" in str(raised.value)
    assert "line 3" in str(raised.value)


def test_a_key_of_a_table_that_is_written_twice_is_refused(tmp_path: Path):
    (tmp_path / "shop.yml").write_text("tables: {a.b: {cursor: at, cursor: on}}")
    with pytest.raises(ConfigurationError, match="duplicate key cursor"):
        read_tables(tmp_path)


def test_keys_that_are_merged_in_may_be_written_again(tmp_path: Path):
    (tmp_path / "shop.yml").write_text(
        "tables:\n"
        "  a.b: &b {cursor: at, chunks: 2}\n"
        "  a.c: &c {<<: *b, chunks: 3}\n"
        "  a.d: {<<: *c, chunks: 4}\n"
    )
    found = read_tables(tmp_path)
    assert [each.chunks for each in found.values()] == [2, 3, 4]
    assert {each.cursor for each in found.values()} == {"at"}


def test_files_that_define_no_table_are_reported_like_missing_files(tmp_path: Path):
    with pytest.raises(ConfigurationError, match=r"no table is defined: .* holds no \.yml file"):
        read_tables(tmp_path)
    (tmp_path / "shop.yml").write_text("tables: {}")
    with pytest.raises(
        ConfigurationError, match=r"no table is defined: .* holds an empty `tables:`"
    ):
        read_tables(tmp_path)
    (tmp_path / "more.yml").write_text("tables: {a.b: {cursor: at}}")
    assert list(read_tables(tmp_path)) == ["a.b"]


def test_a_key_is_no_document_however_it_is_spelled():
    with pytest.raises(ValueError, match="key cannot be a super column: Doc"):
        TableDefinition(cursor="at", super=("Doc",), key=("dOC",))
    # which MySQL takes for two columns, and Python for one in two cases
    assert TableDefinition(cursor="at", super=("\u023d",), key=("\u019a",)).super == ("\u023d",)
