"""What `python -m pipeline …` does without, so that it answers at once."""

from __future__ import annotations

import gc
import importlib
import json
from pathlib import Path
from typing import Any

import luigi.configuration
import pytest

from pipeline.cli import main
from pipeline.config.luigi_cfg import luigi_config
from pipeline.errors import ConfigurationError
from tests.support.programs import run_python

HEAVY = {
    "luigi",
    "tornado",
    "pyarrow",
    "numba",
    "numpy",
    "pandas",
    "pymysql",
    "psycopg2",
    "paramiko",
}


def python(code: str, folder: Path, **environment: str) -> Any:
    """What a process of its own prints, as JSON."""
    done = run_python("-c", code, folder=folder, environment=environment)
    return json.loads(done.stdout)


@pytest.mark.parametrize("module", ["main", "status", "config"])
def test_help_status_and_config_load_no_heavy_package(module: str, tmp_path: Path):
    (tmp_path / "luigi.cfg").write_text("[pipeline]\nspool = here\n")
    code = f"""
import json, sys, pipeline.cli.{module}
if {module != "main"}:
    from pipeline.config.settings import settings
    assert str(settings().run.spool) == "here"
print(json.dumps(sorted({{name.split(".")[0] for name in sys.modules}})))
"""
    assert not HEAVY & set(python(code, tmp_path))


_CONFIGURATION = """
[source]
host = ${PLACE}.example
user = %(who)s
who = me
lag-time = 1
Port = 1
[DEFAULT]
everywhere = yes
"""
_AS_LUIGI_READS_IT = "{name: dict(parser.items(name)) for name in parser.sections()}"


def test_luigi_cfg_is_read_by_luigi_s_own_code_whether_luigi_is_loaded_or_not(tmp_path: Path):
    (tmp_path / "luigi.cfg").write_text(_CONFIGURATION)
    (tmp_path / "other.cfg").write_text("[source]\nwho = another\n[pipeline]\nspool = there\n")
    variables = {"PLACE": "db", "LUIGI_CONFIG_PATH": "other.cfg"}
    ours = "from pipeline.config.luigi_cfg import luigi_config; parser = luigi_config()"
    luigis = "import luigi.configuration; parser = luigi.configuration.get_config()"
    said = f"import json; print(json.dumps({_AS_LUIGI_READS_IT}))"
    alone, luigi_s = (
        python(f"{way}; {said}", tmp_path, **variables)
        for way in (ours + "; import sys; assert 'luigi' not in sys.modules", luigis)
    )
    assert alone == luigi_s
    assert alone["source"]["host"] == "db.example"
    assert alone["source"]["user"] == "another"
    assert alone["pipeline"]["spool"] == "there"


def test_luigi_s_configuration_is_the_process_s_own_where_luigi_is_loaded():
    assert luigi_config() is luigi.configuration.get_config()


def test_garbage_is_looked_for_again_once_a_command_is_loaded(monkeypatch: pytest.MonkeyPatch):
    looked_for: list[bool] = []

    def broken(_: str) -> Any:
        looked_for.append(gc.isenabled())
        raise ConfigurationError("cannot be loaded", why="it is broken")

    monkeypatch.setattr(importlib, "import_module", broken)
    assert main.main(["status"]) == ConfigurationError.exit_status
    assert looked_for == [False]
    assert gc.isenabled()
    gc.unfreeze()
