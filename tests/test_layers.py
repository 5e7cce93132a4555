"""Imports run one way, and none is hidden in a function. `tools/layers.py` has the table."""

import ast
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from tests.support.programs import ROOT
from tools.layers import FLOORS, rooms

PACKAGE = ROOT / "pipeline"
FLOOR = {room.name: number for number, floor in enumerate(FLOORS) for room in floor}
# The reader of luigi.cfg uses Luigi's own parser.
EXCEPTIONS = {("config/luigi_cfg.py", "luigi")}
BY_NAME = {"importlib.import_module", "importlib.util.find_spec"}


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def modules() -> list[Path]:
    return [path for path in sorted(PACKAGE.rglob("*.py")) if path != PACKAGE / "__init__.py"]


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in BY_NAME:
            found |= {arg.value for arg in node.args if isinstance(arg, ast.Constant)}
    return found


def test_every_module_has_a_room():
    assert {room_of(path) for path in modules()} == set(FLOOR)


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_module_imports_only_from_its_room_and_the_floors_below(path: Path):
    own = room_of(path)
    for name in imports(path):
        if name.startswith("pipeline."):
            other = name.split(".")[1]
            assert other == own or FLOOR[other] < FLOOR[own], f"{path} imports {name}"


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_no_import_is_hidden_in_a_function(path: Path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            hidden = [n for n in ast.walk(node) if isinstance(n, ast.Import | ast.ImportFrom)]
            assert not hidden, f"{path}:{hidden[0].lineno}"


def test_steps_do_not_know_each_other():
    shared = "pipeline.steps.csv_rows"  # a part of convert
    for path in (PACKAGE / "steps").glob("*.py"):
        others = {
            name
            for name in imports(path)
            if name.startswith("pipeline.steps.") and name.rpartition(".")[0] != shared
        }
        assert not others, f"{path} imports {others}"


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_library_is_known_in_its_room_alone(path: Path):
    known = {name.split(".")[0] for name in imports(path)}
    for room in rooms():
        for library in room.alone_imports:
            if (path.relative_to(PACKAGE).as_posix(), library) not in EXCEPTIONS:
                assert library not in known or room_of(path) == room.name, f"{path}: {library}"


def test_a_library_of_one_room_is_in_the_table():
    """Else another room could import it."""
    found: dict[str, set[str]] = {}
    for path in modules():
        for name in imports(path):
            library = name.split(".")[0]
            allowed = (path.relative_to(PACKAGE).as_posix(), library) in EXCEPTIONS
            if library not in {*sys.stdlib_module_names, "pipeline"} and not allowed:
                found.setdefault(library, set()).add(room_of(path))
    listed = {library for room in rooms() for library in room.alone_imports}
    assert {library for library, used in found.items() if len(used) == 1} == listed


def test_the_pipeline_knows_nothing_of_the_local_stack_and_no_table_by_name():
    for path in modules():
        assert not any(name.startswith(("devstack", "tools")) for name in imports(path)), path
        tree = ast.parse(path.read_text(encoding="utf-8"))
        docstrings = {
            id(node.body[0].value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
            and node.body
            and isinstance(node.body[0], ast.Expr)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                if id(node) in docstrings or "reads like" in node.value:
                    continue
                assert "parcel" not in node.value, f"{path}:{node.lineno}"


def test_modules_of_the_local_stack_do_not_import_each_other_in_a_circle():
    paths = [path for path in sorted((ROOT / "devstack").rglob("*.py")) if path.stem != "__init__"]
    known = {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in paths}
    imported = {name: list(imports(path)) for name, path in known.items()}
    order = TopologicalSorter(
        {
            name: {other for other in known if any(_within(each, other) for each in names)}
            for name, names in imported.items()
        }
    )
    order.prepare()


def _within(imported: str, module: str) -> bool:
    """Whether what is imported is the module or a name of it."""
    return imported == module or imported.rpartition(".")[0] == module
