"""Sequential, inter-table, intra-table: the same rows, and side by side only what each allows."""

import json
import multiprocessing
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any, NamedTuple

import luigi
import pytest

from pipeline import DailyLoad, DailyLoadAll, PlanChunks
from pipeline.codec.warm import warm
from pipeline.config.settings import settings
from pipeline.model.markers import ChunkFigures
from pipeline.model.table_name import TableName
from pipeline.source import connection as mysql
from pipeline.source import sql as mysql_sql
from pipeline.spool.folder import Plan
from pipeline.steps import extract
from pipeline.steps.extract import Chunk
from tests import promises
from tests.support.truths import assert_same, assert_tidy
from tests.support.world import World, day

TABLES = ("alpha", "beta", "gamma")


@pytest.fixture
def tables(world: World) -> World:
    warm()  # workers are forked from this process, and need not load the decoder each for itself
    for name in TABLES:
        world.create(
            name,
            "id INT PRIMARY KEY, n INT, at DATETIME(6) NOT NULL, INDEX (at)",
            "SELECT seq, seq % 9, TIMESTAMPADD(SECOND, seq * 40, '2025-08-01') FROM seq_0_to_1999",
            cursor="at",
            chunks=4,
        )
    return world


class Ran(NamedTuple):
    """When a task ran, as a span of the machine's monotonic clock."""

    family: str
    table: str
    began: int
    ended: int

    def overlaps(self, other: "Ran") -> bool:
        return self.began < other.ended and other.began < self.ended


@contextmanager
def recorded(folder: Path) -> Iterator[list[Ran]]:
    """What runs meanwhile, in whatever process; the list is filled at the end."""
    began = luigi.Event.START
    ended = luigi.Event.PROCESSING_TIME
    folder.mkdir()
    ran: list[Ran] = []
    handlers = luigi.Task._event_callbacks.setdefault(luigi.Task, {})

    def note(task: luigi.Task, *_: Any) -> None:
        if hasattr(task, "window"):
            moment = time.monotonic_ns()
            line = json.dumps([task.task_id, task.task_family, task.table, moment])
            with (folder / f"{os.getpid()}").open("a") as file:
                file.write(line + "\n")

    for event in (began, ended):
        handlers.setdefault(event, set()).add(note)
    try:
        yield ran
    finally:
        for event in (began, ended):
            handlers[event].discard(note)
    moments: dict[str, list[Any]] = {}
    for file in folder.iterdir():
        for line in file.read_text().splitlines():
            task_id, family, table, moment = json.loads(line)
            moments.setdefault(task_id, [family, table]).append(moment)
    ran += [Ran(family, table, min(m), max(m)) for family, table, *m in moments.values()]


def run(tables: World, monkeypatch: pytest.MonkeyPatch, strategy: str) -> list[Ran]:
    monkeypatch.setenv("PIPELINE_STRATEGY", strategy)
    with recorded(tables.folder / "events") as ran:
        tables.succeed(DailyLoadAll(date(2025, 8, 1)), workers=3)
    for name in TABLES:
        assert_same(tables, name)
        assert_tidy(tables, name)
    assert {r.table.partition(".")[2] for r in ran} == set(TABLES)
    assert len([r for r in ran if r.family == "ExtractChunk"]) == 4 * len(TABLES)
    return ran


def overlapping(ran: list[Ran]) -> list[tuple[Ran, Ran]]:
    # UploadParquet starts, yields its chunks, and starts a second time: its span includes theirs
    once = [r for r in ran if r.family != "UploadParquet"]
    return [(a, b) for a, b in combinations(once, 2) if a.overlaps(b)]


def test_sequential_never_runs_two_tasks_at_once(tables: World, monkeypatch: pytest.MonkeyPatch):
    assert overlapping(run(tables, monkeypatch, "sequential")) == []


def test_inter_table_runs_tables_side_by_side_and_a_table_one_by_one(
    tables: World, monkeypatch: pytest.MonkeyPatch
):
    pairs = overlapping(run(tables, monkeypatch, "inter-table"))
    assert pairs
    assert [pair for pair in pairs if pair[0].table == pair[1].table] == []


def test_intra_table_reads_chunks_of_a_table_side_by_side(
    tables: World, monkeypatch: pytest.MonkeyPatch
):
    # each chunk waits for another of its table: they come in pairs, or not at all
    meetings = {name: multiprocessing.Barrier(2, timeout=60) for name in TABLES}
    extract_chunk = extract.extract_chunk

    def meeting(connect: Any, chunk: Chunk, *others: Any) -> ChunkFigures:
        meetings[chunk.source.name.table].wait()
        return extract_chunk(connect, chunk, *others)

    monkeypatch.setattr(extract, "extract_chunk", meeting)
    pairs = overlapping(run(tables, monkeypatch, "intra-table"))
    extracting = [p for p in pairs if {r.family for r in p} == {"ExtractChunk"}]
    assert any(a.table == b.table for a, b in extracting)
    # no more of them at once than luigi.cfg's resource `mysql` allows
    chunks = {r for p in extracting for r in p}
    moments = [c.began for c in chunks]
    assert max(sum(c.began <= m < c.ended for c in chunks) for m in moments) == 2


def planned(world: World, table: str) -> Plan:
    task = PlanChunks(table=table, window=day("2025-08-01"))
    assert world.build(task).scheduling_succeeded
    return task.spool.plan()


def counts(world: World, table: str, plan: Plan) -> list[int]:
    name = TableName.parse(table)
    with mysql.connected(settings().source) as connection:
        return [int(mysql.scalar(connection, mysql_sql.count_rows(name, s))) for s in plan.spans]


@promises.CHUNKS
def test_chunks_cover_the_window_without_gap_or_overlap_and_are_of_a_size(tables: World):
    table = f"{tables.name}.alpha"
    plan = planned(tables, table)
    spans = plan.spans
    assert len(spans) == 4
    assert (spans[0].lower, spans[-1].upper) == (
        "2025-08-01 00:00:00.000000",
        "2025-08-02 00:00:00.000000",
    )
    assert all(a.upper == b.lower for a, b in pairwise(spans))
    rows = counts(tables, table, plan)
    assert sum(rows) == 2000
    assert max(rows) <= 2 * min(rows)


@pytest.mark.parametrize(
    ("moments", "most"),
    [
        ("'2025-08-01 05:00:00'", 1),  # all rows at one instant cannot be cut
        ("IF(seq < 1990, '2025-08-01 00:00:00', '2025-08-01 23:59:59.999999')", 2),
        ("TIMESTAMPADD(MICROSECOND, seq, '2025-08-01 23:59:59.99')", 4),
    ],
)
def test_crowded_cursors_are_cut_where_they_can_be(world: World, moments: str, most: int):
    table = world.create(
        "crowd",
        "id INT PRIMARY KEY, at DATETIME(6) NOT NULL, INDEX (at)",
        f"SELECT seq, {moments} FROM seq_0_to_1999",
        cursor="at",
        chunks=4,
    )
    plan = planned(world, table)
    assert 1 <= len([n for n in counts(world, table, plan) if n]) <= most
    assert sum(counts(world, table, plan)) == 2000
    world.build(DailyLoad(date(2025, 8, 1), table=table))
    assert_same(world, "crowd")
