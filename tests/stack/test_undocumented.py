"""Where Redshift's documentation leaves a choice, or the cluster does, the pipeline is right both ways."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

import pytest

from devstack import lifecycle
from devstack.warehouse import RedshiftStandIn
from tests.support.servers import Servers, Sources
from tests.support.truths import assert_same, assert_tidy
from tests.support.world import World

pytestmark = pytest.mark.local


@dataclass(frozen=True)
class QuotedNullIsText(RedshiftStandIn):
    """A quoted null string is text; the stand-in of the other tests loads NULL."""

    options: ClassVar[tuple[str, ...]] = ("--quoted-null-is-null", "no")

    def command(self) -> list[str]:
        return [*super().command(), *self.options]


@dataclass(frozen=True)
class Serializable(QuotedNullIsText):
    """The isolation level of databases made before 2024; the others have SNAPSHOT."""

    options: ClassVar[tuple[str, ...]] = ("--isolation", "serializable")


@pytest.fixture(scope="module", params=[None, QuotedNullIsText, Serializable])
def warehouse(
    sources: Sources, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RedshiftStandIn | None]:
    """A stand-in with another choice; None is that of the other tests."""
    if request.param is None:
        yield None
        return
    lake = sources.of(request.config.getoption("--source")).lake
    server = request.param.new(tmp_path_factory.mktemp("warehouse")).reading(lake)
    lifecycle.start(server)
    yield server
    lifecycle.stop(server.directory)


@pytest.fixture
def stack(stack: Servers, warehouse: RedshiftStandIn | None) -> Servers:
    return replace(stack, warehouse=warehouse) if warehouse else stack


def test_null_the_empty_string_and_every_null_string_stay_apart(world: World):
    words = ["", " ", r"\N", r"\\N", "NULL", "null", "@NULL@", "~", '"', '""', "\\", "|", ","]
    world.sql(
        "CREATE TABLE words (id INT PRIMARY KEY AUTO_INCREMENT, w VARCHAR(20), v TEXT, n INT,"
        " b VARBINARY(8), at DATETIME NOT NULL DEFAULT '2025-08-01')"
    )
    with world.source() as connection, connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO words (w, v, n, b) VALUES (%s, %s, %s, %s)",
            [(word, word * 2, 0, word.encode() or None) for word in words]
            + [(None, "", None, None), ("", None, 1, b"\0"), (None, None, None, b"\\N")],
        )
        connection.commit()
    table = world.define("words", cursor="at")
    world.luigi("DailyLoad", "--date", "2025-08-01", "--table", table)
    assert_same(world, "words")
    assert_tidy(world, "words")
    world.sql("UPDATE words SET w = NULL, at = '2025-08-02' WHERE LENGTH(w) = 0")
    world.luigi("DailyLoad", "--date", "2025-08-02", "--table", table)
    assert_same(world, "words")
    assert world.query("SELECT COUNT(*) FROM {schema}.words WHERE w IS NULL") == [(4,)]
