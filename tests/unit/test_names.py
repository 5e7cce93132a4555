"""Keys and names: any MySQL name is one segment, and a marker's key tells its window."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.lake.keys import Keys, window_of_key
from pipeline.lake.stages import CSV, LAKE, STAGES
from pipeline.model.identifiers import MAX_IDENTIFIER_BYTES, fold
from pipeline.model.table_name import TableName
from pipeline.model.window import Window

DAY = Window.day(date(2025, 8, 1))
# what MySQL takes between backticks: up to 64 characters of the basic plane, none of them zero
NAMES = st.text(
    st.characters(min_codepoint=1, max_codepoint=0xFFFF, exclude_categories=["Cs"]),
    min_size=1,
    max_size=64,
)


@pytest.mark.parametrize(
    ("text", "database", "table"),
    [
        ("a.b", "a", "b"),
        ("a.b.c", "a", "b.c"),
        ("A.B", "A", "B"),
        ("sales.claim detail", "sales", "claim detail"),
        ("`a.b`.c.d", "a.b", "c.d"),
        ("`a``.b`.c", "a`.b", "c"),
    ],
)
def test_a_table_is_named_by_database_and_table(text: str, database: str, table: str):
    name = TableName.parse(text)
    assert (name.database, name.table, str(name)) == (database, table, text)


@given(NAMES, NAMES)
def test_what_a_table_is_called_says_which_it_is(database: str, table: str):
    name = TableName(database, table)
    assert TableName.parse(str(name)) == name


def test_a_dot_in_a_database_is_not_where_it_ends():
    one, other = Keys(TableName("a.b", "c")), Keys(TableName("a", "b.c"))
    assert one.watermark != other.watermark


@pytest.mark.parametrize("text", ["", ".", "a", "a.", ".b", "``.b", "`a.b`"])
def test_half_a_name_is_none(text: str):
    with pytest.raises(ValueError, match="is not a table"):
        TableName.parse(text)


def every_key(table: TableName) -> list[str]:
    keys = Keys(table)
    return [
        keys.lake_part(DAY, 0, "a" * 64),
        keys.lake_marker(DAY),
        keys.csv_part(DAY, 0, "b" * 64, ".zst"),
        keys.copy_manifest(DAY, "b" * 64),
        keys.csv_marker(DAY),
        keys.load_marker(DAY),
        keys.views_marker(DAY),
        keys.watermark,
        keys.quarantine(DAY),
    ]


@given(NAMES, NAMES)
def test_any_name_is_one_plain_segment(database: str, table: str):
    for key in every_key(TableName(database, table)):
        segments = key.split("/")
        assert len(segments) == key.count("/") + 1
        assert all(segments)
        assert not {".", ".."} & set(segments)
        assert key.isascii()
        assert max(map(len, segments)) <= 255  # what a file system, the spool's, holds
    path = TableName(database, table).path
    assert path.count("/") == 1


@given(NAMES, NAMES, NAMES, NAMES)
def test_no_two_tables_share_a_key(a: str, b: str, c: str, d: str):
    one, other = TableName(a, b), TableName(c, d)
    if one != other:
        assert one.path != other.path
        for here, there in zip(every_key(one)[:7], every_key(other)[:7], strict=True):
            assert here != there
        # nor does one table's listing show another's
        assert not Keys(other).load_marker(DAY).startswith(Keys(one).loads)


@given(NAMES, NAMES)
def test_a_markers_key_tells_its_window(database: str, table: str):
    keys = Keys(TableName(database, table))
    for key in (keys.lake_marker(DAY), keys.csv_marker(DAY), keys.load_marker(DAY)):
        assert window_of_key(key) == DAY
    for stage in STAGES:
        assert stage.is_marker(stage.key(keys, DAY))
    assert not LAKE.is_marker(keys.lake_part(DAY, 0, "a" * 64))
    assert not CSV.is_marker(keys.csv_part(DAY, 0, "a" * 64, ".zst"))


@pytest.mark.parametrize(
    "key", ["", "loads/a/b/", "lake/a/b/dt=2025-08-01/", "watermarks/a.b.json", "loads/a/b/x.json"]
)
def test_another_key_tells_none(key: str):
    assert window_of_key(key) is None


def test_parts_of_different_content_have_different_keys():
    keys = Keys(TableName("a", "b"))
    assert keys.lake_part(DAY, 0, "1" * 64) != keys.lake_part(DAY, 0, "2" * 64)
    assert keys.csv_part(DAY, 0, "1" * 64, ".zst") != keys.csv_part(DAY, 0, "2" * 64, ".zst")
    parts = [keys.lake_part(DAY, index, "1" * 64) for index in range(11)]
    assert parts == sorted(parts)


@pytest.mark.parametrize(
    ("name", "folded"),
    [("ID", "id"), ("Order Date", "order date"), ("Größe", "größe"), (" Lead", " lead")],
)
def test_names_are_folded_as_redshift_does(name: str, folded: str):
    assert fold(name) == folded
    assert fold(folded) == folded


@pytest.mark.parametrize("name", ["", "x" * (MAX_IDENTIFIER_BYTES + 1), "包" * 43])
def test_a_name_that_redshift_cannot_hold_is_refused(name: str):
    with pytest.raises(ValueError, match="Redshift holds"):
        fold(name)
    assert fold("x" * MAX_IDENTIFIER_BYTES)
