"""Which numbers of an ENUM or SET are not told apart by their text."""

import pytest

from pipeline.model.members import SharedText, members, shared_text


def test_a_member_may_contain_quotes_commas_and_parentheses():
    assert members("enum('a','it''s','x,y',')')") == ["a", "it's", "x,y", ")"]
    assert members("varchar(20)") == []


@pytest.mark.parametrize(
    ("source_type", "shared"),
    [
        ("enum('a','b')", SharedText()),
        ("enum('a','')", SharedText((0,))),
        ("enum('','')", SharedText((0, 2))),
        ("enum('a','b','a')", SharedText((3,))),
        ("enum('?','?')", SharedText((2,))),  # as information_schema shows cp1251's X'98'
        ("set('a','b')", SharedText()),
        ("set('a','')", SharedText(lowest=2)),
        ("set('a','','b')", SharedText(lowest=2)),
        ("set('a','b','a','b')", SharedText((), 0b1100)),
        ("set('','')", SharedText(bits=0b10, lowest=1)),
        ("varchar(20)", SharedText()),
    ],
)
def test_all_numbers_of_one_text_but_one_are_refused(source_type: str, shared: SharedText):
    assert shared_text(source_type) == shared
    assert bool(shared) == (shared != SharedText())
