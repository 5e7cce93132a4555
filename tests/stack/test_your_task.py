"""A user's own Luigi task after ours: the example of docs/your-task.md, as it is printed there."""

import re
import shutil
from pathlib import Path

import pytest

from pipeline.errors import LakeError
from pipeline.lake.stages import LOAD
from pipeline.tasks.targets import MarkerTarget
from tests.support.programs import ROOT, run_python
from tests.support.world import World, day

PAGE = (ROOT / "docs" / "your-task.md").read_text(encoding="utf-8")
FIRST = day("2025-08-01")


def test_the_task_of_the_page_reads_the_output_of_ours(world: World, tmp_path: Path):
    table = world.create(
        "orders",
        "id INT PRIMARY KEY, at DATETIME NOT NULL, INDEX (at)",
        "VALUES (1, '2025-08-01 10:00'), (2, '2025-08-01 11:00'), (3, '2025-08-02 10:00')",
        cursor="at",
    )
    code, setup = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    (line,) = re.findall(r"^luigi (--module report .*)$", PAGE, re.MULTILINE)
    folder = tmp_path / "project"
    shutil.copytree(ROOT / "configs", folder / "configs")
    shutil.copy(ROOT / "luigi.cfg", folder)
    (folder / "report.py").write_text(code, encoding="utf-8")
    arguments = line.replace("shop.orders", table).split()
    environment = {**world.environment, "PYTHONPATH": f"{ROOT}:{folder}"}
    run_python("-m", "luigi", *arguments, folder=folder, environment=environment, timeout=120)
    run_python("-c", setup, folder=folder, environment=environment)
    report = folder / f"report-{table}-2025-08-01.txt"
    assert report.read_text() == f'{table}: 2 rows into "{world.name}"."orders"\n'


def test_a_marker_that_is_not_there_is_an_error_and_is_not_opened_to_be_written(world: World):
    target = MarkerTarget(world.keys("orders").table, FIRST, LOAD)
    assert not target.exists()
    assert target.path == world.lake.url(world.keys("orders").load_marker(FIRST))
    with pytest.raises(LakeError, match="there is no such object"):
        target.open()
    with pytest.raises(ValueError, match="mode 'w'"):
        target.open("w")
