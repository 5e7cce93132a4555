"""docs/promises.md says what the tests hold, each promise has a test, and no pitfall is left out."""

import ast
import json
import re

import pytest

from tests.promises import all_promises
from tests.support.programs import ROOT, run_python
from tools import promises
from tools.promises import Held

# In a process of its own: pytest does not collect within a test.
COLLECT = """
import json, pathlib
from tools import promises
held = promises.collected(pathlib.Path.cwd())
print(json.dumps(held))
"""


@pytest.fixture(scope="module")
def held() -> list[Held]:
    """Every promise with every test that holds it."""
    out = run_python("-c", COLLECT, timeout=240).stdout
    return [Held(*each) for each in json.loads(out.splitlines()[-1])]


def test_the_page_says_what_the_tests_hold(held: list[Held]):
    committed = (ROOT / promises.PAGE).read_text(encoding="utf-8")
    assert committed == promises.page(held), "run `make docs`"


def test_every_promise_has_a_test(held: list[Held]):
    sentences = {each.sentence for each in held}
    assert len(sentences) > 50
    assert [name for name, mark in all_promises() if mark.args[0] not in sentences] == []


def test_every_pitfall_is_named(held: list[Held]):
    pitfalls = {
        f"{file.relative_to(ROOT).as_posix()}::{node.name}"
        for file in (ROOT / "tests" / "pitfalls").glob("test_*.py")
        for node in ast.parse(file.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }
    assert sorted(pitfalls - {each.test for each in held}) == []
    numbers = {int(n) for name in pitfalls for n in re.findall(r"::test_pitfall_(\d+)_", name)}
    assert numbers == set(range(1, 26))
