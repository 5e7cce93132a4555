"""Files of definitions: what is written twice, or not at all, is told."""

from pathlib import Path

import pytest
import yaml

from pipeline.config.tables import TableDefinition
from pipeline.config.yaml_loader import read_tables, table_named
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


WORDS = [
    "no",
    "yes",
    "on",
    "off",
    "y",
    "n",
    "2024-01-01",
    "010",
    "1:30:00",
    "1_000",
    "1.5",
    "=",
    "0x1f",
    ".inf",
]


@pytest.mark.parametrize("word", WORDS)
def test_a_word_is_text_whatever_yaml_1_1_made_of_it(tmp_path: Path, word: str):
    file = tmp_path / "shop.yml"
    file.write_text(
        f"tables:\n  a.b:\n    cursor: {word}\n    exclude: [{word}]\n    key: {word}\n"
        f"    columns: {{{word}: {{on_zero_date: null}}}}\n    rename: {{{word}: x}}\n"
    )
    (table,) = read_tables(tmp_path).values()
    assert (table.cursor, table.exclude, table.key) == (word, (word,), (word,))
    assert (list(table.columns), table.rename) == ([word], {word: "x"})


def test_a_boolean_and_a_number_are_still_what_they_are(tmp_path: Path):
    text = "tables: {a.b: {cursor: id, cursor_type: id, ids_ascend: TRUE, chunks: 3, load: ~}}"
    (tmp_path / "shop.yml").write_text(text)
    (table,) = read_tables(tmp_path).values()
    assert (table.ids_ascend, table.chunks, table.load) == (True, 3, None)


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("true", "YAML reads true as a boolean; quote it: 'true'"),
        ("1", "YAML reads 1 as a number; quote it: '1'"),
        ("null", "YAML reads null as a missing value; quote it: 'null'"),
    ],
)
def test_a_word_that_is_no_text_is_to_be_quoted(tmp_path: Path, word: str, reason: str):
    (tmp_path / "shop.yml").write_text(f"tables: {{a.b: {{cursor: at, exclude: [{word}]}}}}")
    with pytest.raises(ConfigurationError) as raised:
        read_tables(tmp_path)
    assert f"exclude.0: {reason}" in str(raised.value)
    (tmp_path / "shop.yml").write_text(f"tables: {{a.b: {{cursor: at, exclude: ['{word}']}}}}")
    assert read_tables(tmp_path)["a.b"].exclude == (word,)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("tables: {a.b: {cursr: at}}", "cursr is not a key of a definition, did you mean cursor?"),
        ("tables: {a.b: {cursor: at, Key: id}}", "did you mean key?"),
        ("tables: {a.b: {cursor: at, on_zerodate: error}}", "did you mean on_zero_date?"),
        (
            "tables: {a.b: {cursor: at, columns: {c: {on_nul_bite: strip}}}}",
            "columns.c.on_nul_bite is not a key of a definition, did you mean on_nul_byte?",
        ),
        ("tables: {a.b: {cursor: at, load: apend}}", "did you mean append?"),
        ("tables: {a.b: {cursor: at, on_nul_byte: stripp}}", "did you mean strip?"),
        ("tabels: {a.b: {cursor: at}}", "tabels: did you mean tables?"),
        ("tables: {a.b: {cursor: at}}\ndefault: {}", "default, did you mean defaults?"),
    ],
)
def test_a_typing_error_is_answered_with_what_was_meant(tmp_path: Path, text: str, meant: str):
    (tmp_path / "shop.yml").write_text(text)
    with pytest.raises(ConfigurationError) as raised:
        read_tables(tmp_path)
    assert meant in str(raised.value)


@pytest.mark.parametrize("name", ["shop.ordrs", "shop.order", "ORDERS", "orders", "shp.orders"])
def test_a_table_that_is_not_defined_is_answered_with_the_one_that_was_meant(
    tmp_path: Path, name: str
):
    (tmp_path / "shop.yml").write_text("tables: {shop.orders: {cursor: at}}")
    with pytest.raises(ConfigurationError, match=r"is not defined, did you mean (shop\.)?orders\?"):
        table_named(tmp_path, name)


@pytest.mark.parametrize("target", ["analytics.c", '"c"', "a.b.c", "`c`", "c;", " c", "c\n", "'c'"])
def test_a_target_is_a_name_alone(tmp_path: Path, target: str):
    document = {"tables": {"a.b": {"cursor": "at", "target": target}}}
    (tmp_path / "shop.yml").write_text(yaml.safe_dump(document))
    with pytest.raises(ConfigurationError, match=r"the target of a\.b, .* is not a name alone"):
        read_tables(tmp_path)


@pytest.mark.parametrize("name", ["a.b.c", "a.it's", 'a."q"'])
def test_a_table_s_own_name_may_be_odd(tmp_path: Path, name: str):
    document = {"tables": {name: {"cursor": "at"}}}
    (tmp_path / "shop.yml").write_text(yaml.safe_dump(document))
    assert read_tables(tmp_path)[name].target == name.partition(".")[2]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("# ü\ntables: {}".encode("latin-1"), ["is not UTF-8: line 1 has the byte 0xfc"]),
        ("tables: {}".encode("utf-16"), ["is not UTF-8: it is UTF-16"]),
        (None, ["cannot be read: it is a folder"]),
    ],
)
def test_a_file_that_cannot_be_read_is_named(
    tmp_path: Path, content: bytes | None, words: list[str]
):
    file = tmp_path / "shop.yml"
    file.mkdir() if content is None else file.write_bytes(content)
    with pytest.raises(ConfigurationError) as raised:
        read_tables(tmp_path)
    for word in [str(file), *words]:
        assert word in str(raised.value)


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path: Path):
    (tmp_path / "shop.yml").write_bytes(b"\xef\xbb\xbftables: {a.b: {cursor: at}}")
    assert list(read_tables(tmp_path)) == ["a.b"]


def test_lists_nested_without_end_are_no_yaml(tmp_path: Path):
    (tmp_path / "deep.yml").write_text("tables: " + "[" * 3000 + "]" * 3000)
    with pytest.raises(ConfigurationError, match="is not YAML"):
        read_tables(tmp_path)
