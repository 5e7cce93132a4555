"""Server-wide settings are drawn over all that a session inherits; what is read stays the same.

A server of its own gets other settings for every draw: about half of the variables that sessions may set
themselves, each with a value that the server takes. What the pipeline reads of a table and a view under them
equals what it read before, or is refused by the name of a setting.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pymysql
import pytest

from devstack import lifecycle, mysql
from devstack.source import SourceServer
from devstack.stack import SOURCES
from pipeline.config.settings import Settings
from pipeline.config.tables import Table, TableDefinition
from pipeline.errors import PipelineError
from pipeline.model.cursors import Bounds
from pipeline.model.table_name import TableName
from pipeline.source import connection as source
from pipeline.source import session
from pipeline.source import table as source_table
from pipeline.source.replicated_table import key_of
from pipeline.steps import extract, plan, validate_table
from tests import promises

DRAWS = 25
SEED = 7 if os.environ.get("CI") else random.randrange(10**6)  # noqa: S311 - no secret
WINDOW = Bounds("2025-08-01 00:00:00.000000", "2025-08-02 00:00:00.000000")
# What no session can do anything about: whether the account may log in at all.
NOT_DRAWN = {"max_user_connections"}
NUMBERS = (0, 1, 4, 100, 2_000_000)
BITS = tuple(1 << bit for bit in range(44))
WORDS = (
    *("latin1", "cp1251", "binary", "utf8mb4_bin", "utf8mb4_unicode_ci", "latin1_german2_ci"),
    *(
        "+09:00",
        "-11:30",
        "de_DE",
        "ja_JP",
        "2020-01-01",
        "MyISAM",
        "TRADITIONAL",
        "ANSI",
        "ORACLE",
    ),
    *("PAD_CHAR_TO_FULL_LENGTH,NO_TABLE_OPTIONS", "PAD_CHAR_TO_FULL_LENGTH", "REAL_AS_FLOAT"),
)


@dataclass
class Drawn:
    """A server whose settings are drawn, and an administrator's session that none of them reaches."""

    server: SourceServer
    root: Any
    folder: Path
    files: Iterator[int] = field(default_factory=count)

    def run(self, *statements: str) -> list[tuple[Any, ...]]:
        with self.root.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return list(cursor.fetchall())

    def shown(self) -> dict[str, str]:
        return {str(name): str(value) for name, value in self.run("SHOW GLOBAL VARIABLES")}

    def set(self, name: str, value: object) -> bool:
        """Whether the server takes the value."""
        try:
            self.run(f"SET GLOBAL {name} = {self.literal(value)}")
        except pymysql.err.Error:
            return False
        return True

    def literal(self, value: object) -> str:
        return "DEFAULT" if value is None else str(self.root.escape(value))

    def has(self, name: str) -> object:
        return self.run(f"SELECT @@GLOBAL.{name}")[0][0]


@pytest.fixture(scope="module")
def drawn(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Drawn]:
    kind = str(request.config.getoption("--source"))
    if kind == mysql.MySQL.kind and not mysql.is_at_hand():
        pytest.skip("no MySQL at hand; `make mysql` fetches one")
    folder = tmp_path_factory.mktemp("drawn")
    server = SOURCES[kind].new(folder / kind)
    lifecycle.start(server)
    try:
        with closing(server.connect(root=True)) as root:
            root.autocommit(True)
            made = Drawn(server, root, folder)
            make(made)
            yield made
    finally:
        lifecycle.stop(server.directory)


def make(drawn: Drawn) -> None:
    """A table of many types, more columns and rows than any small limit, and a view that computes."""
    drawn.run("SET SESSION sql_mode = 'ALLOW_INVALID_DATES'", *TABLES)


TABLES = (
    """
    CREATE TABLE every (
      id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, c CHAR(9), u CHAR(5) CHARACTER SET utf16,
      v VARCHAR(200) CHARACTER SET cp1251, t MEDIUMTEXT, b VARBINARY(20), bl BLOB, i TINYINT(1),
      d DECIMAL(40,20), f FLOAT, g DOUBLE, dt DATE, tm TIME(3), ts TIMESTAMP(6) NULL, y YEAR,
      e ENUM('a','','b'), s SET('x','y'), j JSON, bi BIT(9), p POINT,
      twice VARCHAR(30) AS (CONCAT(c, '|', v)) VIRTUAL, a DATETIME(6) NOT NULL, INDEX (a), INDEX (v, c))
    """,
    """
    INSERT INTO every (c, u, v, t, b, bl, i, d, f, g, dt, tm, ts, y, e, s, j, bi, p, a)
    WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 40)
    SELECT CONCAT('a', n), 'ü"\\'\\\\', CONCAT('Привет ', n), REPEAT('x', n * 3000), CONCAT('b ', n),
      X'00FF', n % 2, n / 7, n / 7, n / 7e0,
      IF(n = 3, '0000-00-00', IF(n = 4, '2025-02-30', '2025-08-01')), '-12:34:56.789',
      FROM_UNIXTIME(n * 1e7 + 0.123456), 2000 + n, IF(n = 5, '', 'b'), 'x,y', '{"k": [1, 2]}', n,
      POINT(n, -n), '2025-08-01 00:00:00.5' + INTERVAL n MINUTE FROM n
    """,
    """
    CREATE VIEW computed AS
    SELECT MIN(a) AS a, YEARWEEK(MIN(a)) AS w, 1 / 7 AS q, DATE_FORMAT(MIN(a), '%M') AS m,
      GROUP_CONCAT(c ORDER BY id SEPARATOR '|') AS cs, COUNT(*) AS rws FROM every
    """,
)


def read(drawn: Drawn) -> dict[str, Any]:
    """What the pipeline sees: columns, key, indexes, next id, chunks and rows."""
    config = Settings(drawn.server.environment(), {}).source
    with source.connected(config) as connection:
        listed = source_table.tables_of(connection, "settlement")
        seen: dict[str, Any] = {"tables": [(str(each.name), each.is_view) for each in listed]}
        seen["next id"] = source_table.next_id(connection, listed[-1].name)
    for listing in listed:
        seen[str(listing.name)] = read_table(drawn, config, listing.name)
    return seen


def read_table(drawn: Drawn, config: Any, name: TableName) -> Any:
    options = {"cursor": "a", "load": "append", "chunks": 3, "on_zero_date": "sentinel"}
    table = Table.of(name, TableDefinition.model_validate(options))
    with source.connected(config) as connection:
        described = source_table.describe(connection, name)
        validate_table.check_table(table, described)
        spans = plan.plan_chunks(connection, table, described, WINDOW, 10**9).spans
    key = key_of(table, described)
    rows: list[Any] = []
    for span in spans:
        path = drawn.folder / f"{next(drawn.files)}.parquet"
        chunk = extract.Chunk(described, key, span, table.rules(key))
        extract.extract_chunk(lambda: source.connected(config), chunk, path)
        rows += pq.read_table(path).to_pylist()
        path.unlink()
    return described, spans, rows


def candidates(drawn: Drawn) -> dict[str, list[object]]:
    """The variables of SHOW GLOBAL VARIABLES that a session has as its own, with values that are taken."""
    found: dict[str, list[object]] = {}
    for name, shown in drawn.shown().items():
        before = drawn.has(name)
        if name in NOT_DRAWN or not (drawn.set(name, before) and is_inherited(drawn, name, before)):
            continue
        tried = NUMBERS if shown.isdigit() else (*BITS, 0, 3, *WORDS)
        taken = {str(drawn.has(name)): value for value in tried if drawn.set(name, value)}
        assert drawn.set(name, before), name
        if values := [value for text, value in taken.items() if text != str(before)]:
            found[name] = values
    return found


def is_inherited(drawn: Drawn, name: str, value: object) -> bool:
    """Whether a session has a value of its own, which it may set; the administrator's keeps it as it was."""
    try:
        ((own,),) = drawn.run(f"SELECT @@SESSION.{name}")
        drawn.run(f"SET SESSION {name} = {drawn.literal(value)}")
        drawn.run(f"SET SESSION {name} = {drawn.literal(own)}")
    except pymysql.err.Error:
        return False
    return True


def one_draw(known: dict[str, list[object]], draw: random.Random, number: int) -> dict[str, object]:
    """Values of about half of the variables; over the draws each value has its turn."""
    return {
        name: values[(number + index) % len(values)]
        for index, (name, values) in enumerate(known.items())
        if draw.random() < 0.5
    }


def outcome(drawn: Drawn, settings: dict[str, object], before: dict[str, Any]) -> list[str]:
    """The names of those settings under which something else is read, or it is refused without a name."""
    kept = {name: drawn.has(name) for name in settings}
    try:
        for name, value in settings.items():
            drawn.set(name, value)
        seen = read(drawn)
    except PipelineError as error:
        named = [name for name in settings if name in str(error).replace("-", "_")]
        return [] if named else [str(error)]
    finally:
        for name, value in kept.items():
            assert drawn.set(name, value), name
    return [what for what in seen if seen[what] != before.get(what)]


def smallest(
    drawn: Drawn, settings: dict[str, object], before: dict[str, Any]
) -> dict[str, object]:
    """The settings without those that it does not take."""
    for size in (len(settings) // 4, len(settings) // 16, 1):
        for names in [
            list(settings)[first : first + size] for first in range(0, len(settings), size)
        ]:
            fewer = {name: value for name, value in settings.items() if name not in names}
            if outcome(drawn, fewer, before):
                settings = fewer
    return settings


def found_out(drawn: Drawn, draws: int) -> list[str]:
    """What of the draws changes what is read: the first of them, with the settings that it takes."""
    before, known, everything = read(drawn), candidates(drawn), drawn.shown()
    assert len(known) > 100, sorted(known)
    for number in range(draws):
        settings = one_draw(known, random.Random(f"{SEED}.{number}"), number)  # noqa: S311 - no secret
        if wrong := outcome(drawn, settings, before):
            least = smallest(drawn, settings, before)
            return [f"seed {SEED}, draw {number}", f"{least}", *wrong]
    moving = {"timestamp", "uptime"}
    now = drawn.shown()
    assert {n for n in now if now[n] != everything[n]} <= moving
    return []


@promises.SESSION
def test_whatever_is_set_server_wide_the_same_is_read(drawn: Drawn):
    assert found_out(drawn, DRAWS) == []


def test_a_session_that_is_not_prepared_is_found_out(drawn: Drawn, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(session, "prepare", lambda *_: None)
    assert found_out(drawn, DRAWS) != []
