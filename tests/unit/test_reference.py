"""The reference pages say what the code says."""

from pathlib import Path

import pytest

from pipeline.face.reference import PAGES

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize("name", PAGES)
def test_a_committed_page_is_what_the_code_makes(name: str):
    committed = (ROOT / name).read_text(encoding="utf-8")
    assert committed == PAGES[name](), "run `make docs`"
