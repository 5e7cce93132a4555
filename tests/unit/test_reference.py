"""The reference pages say what the code says."""

import pytest

from tests.support.programs import ROOT
from tools.reference_pages import expected

EXPECTED = expected(ROOT)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_committed_page_is_what_the_code_makes(name: str):
    committed = (ROOT / name).read_text(encoding="utf-8")
    assert committed == EXPECTED[name], "run `make docs`"
