"""What a person meets at the command line: mistakes, Ctrl-C, the wrong folder."""

import os
import signal
from pathlib import Path

import psutil
import pytest

from tests.support.programs import run_python
from tests.support.waiting import until
from tests.support.world import World

MISTAKES = {
    "an option that does not exist": (["--start", "2025-08-01", "--bogus", "3"], "--bogus 3"),
    "parameters that are no JSON": (
        ["--start", "2025-08-01", "--of-params", "{table: x}"],
        "{table: x}",
    ),
    "parameters that are no mapping": (["--start", "2025-08-01", "--of-params", "[1]"], "[1]"),
    "a parameter that does not exist": (
        ["--start", "2025-08-01", "--of-params", '{"tabel": "x"}'],
        "unknown parameter tabel",
    ),
    "a limit that is no number": (["--start", "2025-08-01", "--limit", "few"], "'few'"),
    "a limit below none": (["--start", "2025-08-01", "--limit=-1"], "'-1'"),
    "chunks below none": (["--start", "2025-08-01", "--max-chunks", "-1"], "'-1'"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_ends_with_one_clear_message_and_status_41(world: World, mistake: str):
    arguments, words = MISTAKES[mistake]
    out = world.luigi("RangeDaily", "--of", "DailyLoad", *arguments, check=41).stdout
    assert words in out
    assert "Traceback" not in out
    assert "usage:" not in out


def test_a_task_that_does_not_exist(world: World):
    out = world.luigi("DaylyLoad", check=41).stdout
    assert "No task DaylyLoad" in out
    assert "Traceback" not in out


def test_another_folder_than_the_projects(world: World, tmp_path: Path):
    line = ["--module", "pipeline", "DailyLoadAll", "--date", "2025-08-01", "--local-scheduler"]
    variables = {**os.environ, **world.environment}
    variables.pop("LUIGI_CONFIG_PATH", None)
    done = run_python("-m", "luigi", *line, folder=tmp_path, status=41, environment=variables)
    assert "luigi.cfg is not in effect" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 2


@pytest.mark.parametrize(
    ("workers", "number", "status", "word"),
    [
        (1, signal.SIGINT, 130, "interrupted"),
        (2, signal.SIGINT, 130, "interrupted"),
        (1, signal.SIGTERM, 143, "terminated"),
        (2, signal.SIGTERM, 143, "terminated"),
    ],
)
def test_a_signal_ends_a_run_and_its_children_with_one_line(
    world: World, workers: int, number: signal.Signals, status: int, word: str
):
    table = world.create(
        "slow",
        "id INT PRIMARY KEY, filler TEXT, at DATETIME NOT NULL",
        "SELECT seq, REPEAT(MD5(seq), 60), '2025-08-01 10:00:00' FROM seq_1_to_200000",
        cursor="at",
    )
    line = ["DailyBackup", "--date", "2025-08-01", "--table", table, "--workers", str(workers)]
    process = world.start(*line, alone=True)
    spool = world.folder / "spool"
    until(
        lambda: any(path.stat().st_size for path in spool.rglob(".chunk*")),
        "no row is in the spool",
        process=process,
    )
    children = psutil.Process(process.pid).children(recursive=True)
    # a terminal sends it to all of them, a supervisor to the one that it knows
    (os.killpg if number == signal.SIGINT else os.kill)(process.pid, number)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == status, out
    assert out.count(word) == 1
    assert "Traceback" not in out
    assert not [child for child in children if child.is_running()]
    world.luigi(*line)
    assert len(world.lake_keys(world.keys("slow").lake)) == 2
