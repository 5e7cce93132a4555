"""docs/promises.md names tests that are there, each promise has one, and no pitfall is left out."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "promises.md").read_text(encoding="utf-8")
NAMED = set(re.findall(r"`(tests/[^`]+)`", PAGE))


def names_in(file: Path) -> set[str]:
    """The tests of a module, as pytest would name them without parameters."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    functions = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    name = file.relative_to(ROOT).as_posix()
    return {f"{name}::{function}" for function in functions if function.startswith("test_")}


def is_there(name: str) -> bool:
    """Whether a test, a module of tests, or a scenario of that name exists."""
    path, _, test = name.partition("::")
    if test:
        return (ROOT / path).is_file() and name in names_in(ROOT / path)
    return (ROOT / path).is_file() or (ROOT / path / "source.sql").is_file()


def test_every_test_that_is_named_exists():
    assert sorted(name for name in NAMED if not is_there(name)) == []


def test_every_promise_names_a_test():
    sentences = re.findall(r"^- (.*(?:\n  .*)*)", PAGE, re.MULTILINE)
    assert len(sentences) > 30
    assert [text for text in sentences if not re.search(r"`tests/", text)] == []


def test_every_pitfall_is_named():
    pitfalls = set().union(*map(names_in, (ROOT / "tests" / "pitfalls").glob("test_*.py")))
    assert sorted(pitfalls - NAMED) == []
    numbers = {int(n) for name in pitfalls if (n := "".join(re.findall(r"pitfall_(\d+)_", name)))}
    assert numbers == set(range(1, 26))
