"""Every folder beside this file is a scenario: tables of a source, and what the warehouse must hold of them.

``source.sql``
    What is run in a database of the scenario's own. Its first line says what the scenario is about.
``tables.yml``
    The definitions, by table, as in ``configs/``; names are without a database.
``expected.yml``
    ``holds``: tables and views of the warehouse, each with its ``rows`` and, for a table, its ``columns``
    in order (name: type, or name alone where the type is not the point). No other table has a row.
    ``refused``: tables of the source, each with the exit ``status`` of the refusal and what it ``says``.
    ``steps``: ``load: <day>``, ``load: <hour>``, ``load: last hour`` or ``sql: <statements>``; without them
    2025-08-01 is loaded.
    ``server``: the only kind of source that can run it, whatever ``--source`` says. ``also``: a second kind
    that runs it in every run, because the two differ in what it is about.
    ``xfail``: why it does not pass yet. ``promise``: the promises that it holds, names of tests/promises.py.

In ``expected.yml`` everything is text, exactly as written, but ``NULL`` and ``~``, which are NULL.
``!repeat [text, times]`` is a long text, ``!repeat [text, times, beginning, end]`` one that begins or
ends otherwise.
"""

from __future__ import annotations

import difflib
import hashlib
import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import luigi
import pytest
import yaml

from pipeline import DailyLoad, HourlyLoad
from pipeline.config.settings import settings
from pipeline.errors import PipelineError
from pipeline.model.window import UTC
from pipeline.warehouse import catalog
from pipeline.warehouse import connection as redshift
from pipeline.warehouse.sql import Relation
from tests import promises
from tests.support.programs import ROOT
from tests.support.world import World

FOLDERS = sorted(path.parent for path in Path(__file__).parent.glob("*/source.sql"))
OTHERS = (
    "SELECT table_name FROM svv_tables WHERE table_schema = %s AND table_type = 'BASE TABLE' "
    "AND table_name NOT IN ('pipeline_ledger', 'pipeline_views')"
)
LONGEST_SHOWN = 160


class Text(yaml.SafeLoader):
    """YAML in which a plain scalar is a string, or NULL."""

    yaml_implicit_resolvers = {}  # noqa: RUF012 - as PyYAML declares it


def _repeat(loader: Text, node: yaml.SequenceNode) -> str:
    text, times, before, after = (*loader.construct_sequence(node), "", "")[:4]
    return str(before + text * int(times) + after)


Text.add_constructor("!repeat", _repeat)
Text.add_implicit_resolver("tag:yaml.org,2002:null", re.compile("NULL|~"), ["N", "~"])
failures: list[tuple[luigi.Task, BaseException]] = []


@luigi.Task.event_handler(luigi.Event.BROKEN_TASK)
@luigi.Task.event_handler(luigi.Event.FAILURE)
def _note(task: luigi.Task, error: BaseException) -> None:
    failures.append((task, error))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "folder" in metafunc.fixturenames:
        cases = _cases(metafunc.config.getoption("--source"))
        metafunc.parametrize(("folder", "expected"), cases)


def _cases(default: str) -> list[Any]:
    """Each scenario on the source that it needs, or else the default one, and on that which it asks for."""
    cases = []
    for folder in FOLDERS:
        expected = yaml.load((folder / "expected.yml").read_bytes(), Text)  # noqa: S506 - a SafeLoader
        first = expected.get("server", default)
        for kind in dict.fromkeys([first, expected.get("also", first)]):
            marks = [pytest.mark.source(kind)]
            marks += [held(name, folder) for name in expected.get("promise", "").split()]
            if reason := expected.get("xfail"):
                marks.append(pytest.mark.xfail(strict=True, reason=reason))
            name = folder.name if kind == default else f"{folder.name}-{kind}"
            cases.append(pytest.param(folder, expected, id=name, marks=marks))
    return cases


def held(name: str, folder: Path) -> pytest.MarkDecorator:
    """The mark of a promise that the scenario of a folder holds."""
    mark: pytest.MarkDecorator = getattr(promises, name)
    return mark.with_args(held_by=folder.relative_to(ROOT).as_posix())


def test_the_warehouse_holds_what_the_scenario_says(
    world: World, folder: Path, expected: dict[str, Any]
):
    failures.clear()
    run_sql(world, (folder / "source.sql").read_bytes().decode())
    tables = yaml.safe_load((folder / "tables.yml").read_bytes())
    names = [world.define(table, **definition) for table, definition in tables.items()]
    for step in expected.get("steps", [{"load": "2025-08-01"}]):
        if "sql" in step:
            run_sql(world, step["sql"])
        else:
            build(world, [load(step["load"], name) for name in names])
    check_refusals(world, expected.get("refused", {}))
    check_rows(world, expected.get("holds", {}))


def run_sql(world: World, script: str) -> None:
    """Run statements that each end with a semicolon at the end of a line."""
    world.sql(*(part for part in re.split(r";\n", script) if part.strip()))


def build(world: World, tasks: list[luigi.Task]) -> None:
    """Run tasks. What their `complete` raises Luigi would turn into text, so that is asked first."""
    for task in tasks:
        try:
            task.complete()
        except PipelineError as error:
            failures.append((task, error))
    world.build(*tasks)


def load(period: str, table: str) -> luigi.Task:
    """The load of a day or of an hour."""
    if period == "last hour":
        if datetime.now(UTC).hour == 0:
            pytest.skip(
                "in the first hour of a day no window is closed that ends after the day before"
            )
        period = f"{datetime.now(UTC) - timedelta(hours=1):%Y-%m-%dT%H}"
    if "T" in period:
        return HourlyLoad(datetime.fromisoformat(f"{period}:00"), table=table)
    return DailyLoad(date.fromisoformat(period), table=table)


def check_refusals(world: World, expected: dict[str, dict[str, str]]) -> None:
    """Each table that is to be refused was, with that status and those words, and no other was."""
    refused: dict[str, PipelineError] = {}
    for task, error in failures:
        if not isinstance(error, PipelineError):
            raise error
        refused.setdefault(str(task.table).removeprefix(f"{world.name}."), error)
    wanted = [f"{table}: {each['status']}, {each['says']}" for table, each in expected.items()]
    found = []
    for table, error in refused.items():
        text = " ".join(str(error).split())
        says = expected.get(table, {}).get("says", text)
        found.append(f"{table}: {error.exit_status}, {says if says in text else text}")
    compare(sorted(wanted), sorted(found), "refused")


def check_rows(world: World, expected: dict[str, dict[str, Any]]) -> None:
    """Column by column and row by row the warehouse holds what is expected, and nothing else."""
    wanted, found = [], []
    for table, content in expected.items():
        columns = content.get("columns", {})
        types = column_types(world, table) if columns else {}
        wanted += [f"{table}: {name} {type_ or '…'}" for name, type_ in columns.items()]
        found += [
            f"{table}: {name} {type_ if columns.get(name, True) else '…'}"
            for name, type_ in types.items()
        ]
        rows = world.query(f"SELECT * FROM {{schema}}.{quoted(table)}")
        wanted += sorted(f"{table}: {shown(row)}" for row in content["rows"])
        found += sorted(f"{table}: {shown(map(text_of, row))}" for row in rows)
    for (table,) in world.query(OTHERS, (world.name,)):
        if table not in expected and world.query(f"SELECT 1 FROM {{schema}}.{quoted(table)}"):
            found.append(f"{table}: rows")
    compare(wanted, found, "in the warehouse")


def compare(wanted: list[str], found: list[str], where: str) -> None:
    """Fail with the lines that differ."""
    if wanted != found:
        lines = difflib.unified_diff(wanted, found, "expected", where, n=1, lineterm="")
        pytest.fail("\n".join(lines), pytrace=False)


def column_types(world: World, table: str) -> dict[str, str]:
    """The columns of a warehouse table in order, with their types as DDL spells them."""
    with redshift.connected(settings().warehouse) as connection:
        return catalog.table_columns(connection, Relation(world.name, table))


def quoted(name: str) -> str:
    """A warehouse identifier; psycopg2 is given no arguments, so a percent sign stands for itself."""
    return '"' + name.replace('"', '""') + '"'


def text_of(value: Any) -> str | None:
    """A value as the warehouse has it, in text: no exponent in a DECIMAL, bytes in hexadecimal."""
    if value is None:
        return None
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def shown(row: Any) -> str:
    """A row in one line; of a long text its beginning, its size and its digest."""
    return " | ".join(
        repr(text)
        if text is None or len(text) <= LONGEST_SHOWN
        else f"{text[:40]!r}… {len(text.encode())} bytes, {hashlib.sha256(text.encode()).hexdigest()[:16]}"
        for text in row
    )


def test_every_scenario_says_what_it_is_about():
    silent = [path.name for path in FOLDERS if path.joinpath("source.sql").read_text()[:3] != "-- "]
    assert silent == []
