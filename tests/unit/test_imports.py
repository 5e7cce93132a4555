"""What importing the package does: nothing, unless Luigi's command line is what imports it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import pipeline

ROOT = Path(__file__).parent.parent.parent
MODULES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for path in (ROOT / "pipeline").rglob("*.py")
    if path.name != "__main__.py"
)
TASKS = {
    *("SourceReady", "PlanChunks", "ExtractChunk", "UploadParquet", "ConvertCSV"),
    *("CopyToRedshift", "RefreshViews", "RangeDaily", "RangeHourly"),
    *("DailyBackup", "DailyBackupAll", "DailyLoad", "DailyLoadAll"),
    *("HourlyBackup", "HourlyBackupAll", "HourlyLoad", "HourlyLoadAll"),
}
# All that a module could change in its process while it is imported, of what the pipeline ever changes.
_LOOK = """
import json, os, signal, sys, tempfile, threading

def look():
    seen = {
        "environment": dict(os.environ),
        "signals": [str(signal.getsignal(n)) for n in sorted(signal.valid_signals())],
        "hooks": [repr(sys.excepthook), repr(threading.excepthook)],
        "files": sorted(map(int, os.listdir("/proc/self/fd"))),
        "shared memory": [l for l in open("/proc/self/maps") if l.split()[1].endswith("s")],
        "threads": len(os.listdir("/proc/self/task")),
        "temporary files": sorted(os.listdir(tempfile.gettempdir())),
    }
    if "luigi" in sys.modules:
        import luigi.cmdline_parser, luigi.execution_summary, luigi.retcodes
        seen["Luigi"] = [
            repr(luigi.retcodes.retcode),
            repr(luigi.execution_summary._summary_dict),
            repr(luigi.cmdline_parser.CmdlineParser._build_parser),
            {kind.__name__: {event: len(handlers) for event, handlers in events.items()}
             for kind, events in luigi.Task._event_callbacks.items()},
        ]
    return seen
"""


def python(code: str, *arguments: str, **environment: str) -> Any:
    """What a process of its own prints, as JSON."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_importing_the_package_imports_no_library():
    code = """
import json, sys
before = set(sys.modules)
import pipeline
print(json.dumps(sorted({name.split(".")[0] for name in set(sys.modules) - before})))
"""
    ours = set(python(code)) - set(sys.stdlib_module_names)
    assert ours == {"pipeline"}


def test_the_packages_names_are_its_tasks():
    names = set(python("import json, pipeline; print(json.dumps(dir(pipeline)))"))
    assert names >= TASKS
    code = """
import json, sys, pipeline
print(json.dumps([getattr(pipeline, name).task_family for name in sys.argv[1:]]))
"""
    assert python(code, *sorted(TASKS)) == sorted(TASKS)


def test_a_name_that_is_no_task_is_an_attribute_error():
    with pytest.raises(AttributeError, match="DaylyLoad"):
        _ = pipeline.DaylyLoad


@pytest.fixture(scope="module")
def libraries() -> str:
    """An import of every library that the package imports, so that the effects are the package's own."""
    code = """
import importlib, json, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
print(json.dumps(sorted({name for name in sys.modules if not name.startswith("pipeline")})))
"""
    return json.dumps(python(code, *MODULES))


def test_importing_any_module_changes_nothing_in_the_process(libraries: str, tmp_path: Path):
    """One process for all of them: what each leaves behind is seen before the next one is imported."""
    code = f"""{_LOOK}
import importlib
for library in json.loads(sys.argv[1]):
    if library not in ("__main__", "luigi.cmdline"):
        try:
            importlib.import_module(library)
        except ImportError:  # a module that its package puts there under another name
            pass
changes, before = {{}}, look()
for name in sys.argv[2:]:
    importlib.import_module(name)
    after = look()
    changes |= {{f"{{name}}: {{kind}}": [before[kind], after[kind]]
                for kind in after if after[kind] != before.get(kind)}}
    before = after
print(json.dumps(changes))
"""
    assert python(code, libraries, *MODULES, TMPDIR=str(tmp_path)) == {}


def test_luigis_command_line_prepares_the_process_and_registers_the_tasks():
    code = f"""{_LOOK}
import luigi.cmdline
before = look()
from luigi.task_register import Register
import pipeline
after = look()
print(json.dumps([sorted(kind for kind in after if after[kind] != before[kind]), Register.task_names()]))
"""
    changed, tasks = python(code)
    assert {"Luigi", "environment", "files", "hooks", "shared memory", "signals"} <= set(changed)
    assert set(tasks) >= TASKS


def test_importing_luigi_is_no_command_line():
    code = f"""{_LOOK}
import luigi, luigi.retcodes
before = look()
import pipeline
print(json.dumps([before == look(), "pyarrow" in sys.modules]))
"""
    assert python(code) == [True, False]
