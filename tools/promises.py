"""docs/promises.md, made from the marks of the tests that hold each promise.

`make docs` writes the page; a test fails when the committed one differs. Pytest collects the tests, so
no server is started and no promise can name a test that is not there.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.promises import all_promises

PAGE = Path("docs/promises.md")
_HEAD = """\
# What is promised

Made by `make docs` from the marks of the tests (`tests/promises.py`): below each sentence are the tests
that hold it.
"""


class Held(NamedTuple):
    """A promise, and one test that holds it."""

    section: str
    sentence: str
    test: str


class _Collector:
    """A pytest plugin that notes the promises of the tests that are collected."""

    def __init__(self) -> None:
        self.held: list[Held] = []

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Note each promise of each test; one of a whole module is the module's."""
        for item in items:
            for node, mark in item.iter_markers_with_node("promise"):
                test = mark.kwargs.get("held_by", node.nodeid.partition("[")[0])
                self.held.append(Held(mark.kwargs["section"], mark.args[0], test))


def collected(root: Path) -> list[Held]:
    """Every promise with every test that holds it, each pair once.

    Raises:
        RuntimeError: pytest cannot collect the tests; the message is its output.
    """
    modules = sorted((root / "tests").glob("**/test_*.py"))
    marked = [str(path) for path in modules if "promises" in path.read_text(encoding="utf-8")]
    options = ["--collect-only", "--quiet", "--override-ini=addopts=", f"--rootdir={root}"]
    collector, output = _Collector(), io.StringIO()
    with contextlib.redirect_stdout(output):
        status = pytest.main([*options, *marked], plugins=[collector])
    if status != pytest.ExitCode.OK:
        raise RuntimeError(output.getvalue())
    return list(dict.fromkeys(collector.held))


def page(held: Iterable[Held]) -> str:
    """The page: sections and sentences in the order of tests/promises.py, then those of no module."""
    tests: dict[tuple[str, str], list[str]] = {
        (mark.kwargs["section"], mark.args[0]): [] for _, mark in all_promises()
    }
    for section, sentence, test in held:
        tests.setdefault((section, sentence), []).append(test)
    lines = [_HEAD]
    for section in dict.fromkeys(section for section, _ in tests):
        lines.append(f"## {section}\n")
        for (of, sentence), names in tests.items():
            if of == section and names:
                lines += [f"- {sentence}", *(f"  - `{name}`" for name in sorted(names))]
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def write(root: Path) -> bool:
    """Write the page if it differs; whether it did."""
    text, path = page(collected(root)), root / PAGE
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return False
    path.write_text(text, encoding="utf-8")
    return True


if __name__ == "__main__" and write(Path.cwd()):
    sys.stdout.write(f"{PAGE}{os.linesep}")
