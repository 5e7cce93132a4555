"""The strict reader is strict: Python's own writer satisfies it, and what is no CSV does not."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.rfc4180 import NotCsv, records

FIELDS = st.text('ab"|\n\r é🚚', max_size=9)


@given(st.integers(1, 4).flatmap(lambda n: st.lists(st.lists(FIELDS, min_size=n, max_size=n))))
def test_what_pythons_writer_wrote_is_read_back(rows: list[list[str]]):
    file = io.StringIO(newline="")
    writer = csv.writer(file, delimiter="|", lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerows(rows)
    assert [list(map(str, record)) for record in records(file.getvalue().encode())] == rows


def test_quotes_are_seen():
    ((a, b, c),) = records(b'a|"a"|""\n')
    assert [a, b, c] == ["a", "a", ""]
    assert [a.quoted, b.quoted, c.quoted] == [False, True, True]


@pytest.mark.parametrize(
    "data", [b"a", b'"a', b'"a"', b'"a"b\n', b'a"b\n', b"a|b\nc\n", b'"a" |b\n', b"a\r\n", b'"""\n']
)
def test_what_is_no_csv_is_refused(data: bytes):
    with pytest.raises(NotCsv):
        list(records(data))


def test_what_is_no_utf8_is_refused():
    with pytest.raises(UnicodeDecodeError):
        list(records(b'"\xff"\n'))
