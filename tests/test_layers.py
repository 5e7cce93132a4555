"""Imports run one way, and none is hidden in a function."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "pipeline"

# Top to bottom: each layer may import itself and what stands above it.
LAYERS = {
    "words": {
        *("errors", "window", "zones", "cursors", "names", "columns", "widths", "manifest"),
        *("version", "retry"),
    },
    "codec": {"codec"},
    "config": {"config"},
    "policies": {"policies"},
    "stores": {"stores"},
    "ledger": {"ledger"},
    "steps": {"steps"},
    "tasks": {
        "command_line",
        "exit_status",
        "limits",
        "parameters",
        "targets",
        "window_task",
        "tasks",
        "entries",
        "ranges",
        "logs",
        "run_report",
    },
    "face": {"face", "__main__"},
}
ORDER = list(LAYERS)
# Who may know Luigi: the tasks, their command line's logs, and the reader of luigi.cfg.
LUIGI = {"config/luigi_cfg.py"}
BY_NAME = {"importlib.import_module", "importlib.util.find_spec"}


def layer_of(name: str) -> str:
    return next(layer for layer, names in LAYERS.items() if name in names)


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


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_module_imports_only_from_its_layer_and_those_above(path: Path):
    own = ORDER.index(layer_of(path.relative_to(PACKAGE).parts[0].removesuffix(".py")))
    for name in imports(path):
        if name.startswith("pipeline."):
            other = layer_of(name.split(".")[1])
            assert ORDER.index(other) <= own, f"{path} imports {name} from below"


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_no_import_is_hidden_in_a_function(path: Path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            hidden = [n for n in ast.walk(node) if isinstance(n, ast.Import | ast.ImportFrom)]
            assert not hidden, f"{path}:{hidden[0].lineno}"


def test_steps_do_not_know_each_other():
    shared = {
        f"pipeline.steps.{name}" for name in ("again", "csv_rows", "described", "once", "progress")
    }
    for path in (PACKAGE / "steps").glob("*.py"):
        others = {
            name
            for name in imports(path)
            if name.startswith("pipeline.steps.") and not any(name.startswith(s) for s in shared)
        }
        assert not others, f"{path} imports {others}"


def test_only_tasks_know_luigi():
    for path in modules():
        relative = str(path.relative_to(PACKAGE))
        if layer_of(path.relative_to(PACKAGE).parts[0].removesuffix(".py")) == "tasks":
            continue
        knows = any(name == "luigi" or name.startswith("luigi.") for name in imports(path))
        assert knows == (relative in LUIGI), relative


def test_the_pipeline_knows_nothing_of_the_local_stack_and_no_table_by_name():
    for path in modules():
        assert not any(name.startswith("devstack") for name in imports(path)), path
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
    order = TopologicalSorter(
        {
            name: {other for other in known if any(_within(each, other) for each in imports(path))}
            for name, path in known.items()
        }
    )
    order.prepare()


def _within(imported: str, module: str) -> bool:
    """Whether what is imported is the module or a name of it."""
    return imported == module or imported.rpartition(".")[0] == module
