"""The commands of README's five minutes, and every operator command that a page shows, run as shown."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.support.documents import Command, blocks, pages, spans
from tests.support.programs import ROOT, run_python
from tests.support.world import World
from tools import commands_page

FIVE_MINUTES = [
    block
    for block in blocks(ROOT / "README.md")
    if block.section == "Your own tables in five minutes"
]

DAY = ("DailyLoad", "--date", "2025-08-01", "--table", "shop.orders")
DIGEST = re.compile(r"-[0-9a-f]{12}\.")


@pytest.fixture
def shop(world: World) -> Iterator[World]:
    """The database that the README speaks of, two tables of it, and its definitions of them."""
    shop = World(world.stack, world.folder, "shop")
    with closing(world.source()) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE shop CHARACTER SET utf8mb4")
    (definitions,) = (block.text for block in FIVE_MINUTES if block.info == "yaml")
    (world.folder / "configs" / "shop.yml").write_text(definitions)
    shop.sql(
        "CREATE TABLE orders (id INT PRIMARY KEY, order_no INT, customer_id INT,"
        " updated_at DATETIME NOT NULL, INDEX (updated_at))",
        "INSERT INTO orders SELECT seq, seq, seq % 9, TIMESTAMPADD(HOUR, seq, '2025-08-01')"
        " FROM seq_0_to_99",
        "CREATE TABLE countries (code CHAR(2) PRIMARY KEY, name VARCHAR(40))",
        "INSERT INTO countries VALUES ('DE', 'Deutschland'), ('CN', '中国')",
    )
    yield world
    world.sql("DROP DATABASE shop")


def run(world: World, command: Command) -> str:
    """Run a command as it is shown, without its redirections; its output."""
    program, *rest = command.words
    words = rest if program == "python" else ["-m", program, *rest]
    environment = {**os.environ, **world.environment, "DB_DATABASE": "shop"}
    return run_python(*words, environment=environment, timeout=180).stdout


def test_the_commands_of_the_first_five_minutes_load_the_tables_that_are_defined(shop: World):
    for block in FIVE_MINUTES:
        for command in block.commands():
            out = run(shop, command)
    assert "shop.orders" in out  # verify's, the last one
    assert shop.query("SELECT COUNT(*) FROM {schema}.orders") == [(100,)]
    assert shop.query("SELECT name FROM {schema}.countries WHERE code = 'CN'") == [("中国",)]


def test_every_operator_command_that_is_shown_runs(shop: World):
    named_alone = {  # as in a heading; they cannot run without arguments
        tuple(parser.prog.split())
        for parser in commands_page.operator_commands()
        if any(action.required for action in commands_page.arguments(parser))
    }
    shown = {
        command.words: command
        for page in pages()
        for command in [*spans(page), *(c for block in blocks(page) for c in block.commands())]
        if command.words[:3] == ("python", "-m", "pipeline") and command.words not in named_alone
    }
    assert len(shown) > 5
    everything = ("DailyLoadAll", "--date", "2025-08-01", "--local-scheduler")
    run(
        shop, Command("", ("luigi", "--module", "pipeline", *everything))
    )  # else `verify` ends with 1
    for command in shown.values():
        assert run(shop, command), command


def test_the_keys_of_one_rows_way_are_those_that_a_load_leaves(shop: World):
    """docs/architecture.md, where W is the window and digests are examples."""
    run(shop, Command("", ("luigi", "--module", "pipeline", *DAY, "--local-scheduler")))
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    shown = set(re.findall(r"`((?:lake|csv|cursors|watermarks|loads|views)/shop[^`]+)`", page))
    left = {key.replace("20250801T000000Z_20250802T000000Z", "W") for key in shop.lake_keys()}
    assert {DIGEST.sub("-D.", key) for key in left} == {DIGEST.sub("-D.", key) for key in shown}
    names = "SELECT column_name FROM svv_columns WHERE table_schema = %s AND table_name = %s"
    for (name,) in shop.query(names, (shop.name, "pipeline_ledger")):
        assert f"| `{name}` |" in page
