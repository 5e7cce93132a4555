"""What a run of the benchmarks does when something of it fails or is interrupted."""

from __future__ import annotations

import contextlib
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks import __main__ as command
from benchmarks import children, measurements, peer_venv, report, world
from benchmarks.children import ChildFailed
from tests.support.programs import start_python
from tests.support.waiting import until


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The command with measurements that measure nothing, and neither servers nor tools."""
    monkeypatch.setattr(peer_venv, "install", dict)
    monkeypatch.setattr(measurements, "_compile", lambda: None)
    monkeypatch.setattr(world, "running", lambda _: contextlib.nullcontext())
    monkeypatch.setattr(report, "write", lambda _folder, page: page.write_text("a page") > 0)

    def go(**functions: Any) -> int:
        monkeypatch.setattr(measurements, "MEASUREMENTS", functions)
        return command.main(["all", "--output", str(tmp_path / "out")])

    return go


def _fails(*_: object) -> Any:
    raise ChildFailed("it wrote nothing")


def test_what_fails_is_said_and_the_others_are_taken(run: Any, tmp_path: Path, capsys: Any):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "growth.json").write_text(json.dumps({"machine": {}, "points": []}))
    assert run(growth=_fails, overhead=lambda *_: {"days": 7}) == 1
    kept = {f.stem: json.loads(f.read_text()) for f in (tmp_path / "out").glob("*.json")}
    assert kept["overhead"]["days"] == 7
    assert kept["growth"]["error"] == "ChildFailed: it wrote nothing"
    assert "points" not in kept["growth"]
    assert (tmp_path / "out.md").read_text() == "a page"
    assert "not measured: growth: ChildFailed: it wrote nothing" in capsys.readouterr().err


def test_a_tool_that_fails_is_a_failure_of_the_run(run: Any, capsys: Any):
    failed = {"label": "Sling", "error": "no route"}
    ran = {"label": "ours", "error": None}
    assert run(throughput=lambda *_: {"contestants": [ran, failed]}) == 1
    assert "not measured: throughput, Sling: no route" in capsys.readouterr().err
    assert run(throughput=lambda *_: {"contestants": [ran]}) == 0


def test_a_second_run_on_the_same_servers_is_refused(tmp_path: Path, monkeypatch: Any):
    @contextlib.contextmanager
    def stack(_: Path) -> Iterator[None]:
        yield

    monkeypatch.setattr(world, "running_stack", stack)
    with (
        world.running(tmp_path),
        pytest.raises(world.StackError, match="run in"),
        world.running(tmp_path),
    ):
        pytest.fail("two of them run")
    with world.running(tmp_path) as again:
        assert again.folder.is_dir()


def test_a_run_that_gets_a_signal_to_end_stops_what_it_measures(tmp_path: Path):
    """SIGTERM reaches the run alone; what it measures stands in a session of its own."""
    script = (
        "import signal, sys; from pathlib import Path; from benchmarks import __main__, children\n"
        "signal.signal(signal.SIGTERM, __main__._interrupt)\n"
        "child = ['sh', '-c', 'echo $$ > pid.draft; mv pid.draft pid; exec sleep 600']\n"
        "children.ROOT = Path(sys.argv[1])\n"
        "look = children._still_runs\n"
        "children._still_runs = lambda child: (children.ROOT / 'watched').touch() or look(child)\n"
        "children.watch(child, {}, log=children.ROOT / 'log', timeout=600)\n"
    )
    process = start_python("-c", script, str(tmp_path))
    begun = [tmp_path / "pid", tmp_path / "watched"]
    until(lambda: all(path.exists() for path in begun), "nothing is measured", process=process)
    measured = int((tmp_path / "pid").read_text())
    process.send_signal(signal.SIGTERM)
    assert "KeyboardInterrupt" in process.communicate()[0]
    with pytest.raises(ProcessLookupError):
        os.kill(measured, 0)


def test_a_program_that_is_missing_is_a_failure_of_its_own(tmp_path: Path):
    with pytest.raises(ChildFailed, match="no/python"):
        children.watch(["no/python"], {}, log=tmp_path / "log", timeout=1)
