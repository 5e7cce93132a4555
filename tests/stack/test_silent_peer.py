"""A peer that sends and closes nothing ends within the configured silence; one that computes does not."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from devstack import lifecycle
from devstack.sshd import Sshd
from pipeline.config.settings import settings
from pipeline.errors import LakeError, SourceError, WarehouseError
from pipeline.lake.s3 import store
from pipeline.model.span import Span
from pipeline.model.table_name import TableName
from pipeline.source import connection as mysql
from pipeline.source import table as source_table
from pipeline.steps.extract import Chunk, extract_chunk
from pipeline.warehouse import connection as redshift
from tests.support.silent_proxy import SilentProxy, silent_proxy
from tests.support.world import World

pytestmark = pytest.mark.local

SILENCE = 2
LONGEST = 100
"""Seconds after which a wait has no limit of the setting's kind, also on a busy machine."""
ROWS = 200_000


@pytest.fixture(autouse=True)
def short(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIPELINE_SILENCE", str(SILENCE))
    world.forget()


def through(
    world: World, monkeypatch: pytest.MonkeyPatch, prefix: str, after: int | None = None
) -> Iterator[SilentProxy]:
    environment = world.environment
    with silent_proxy(
        environment[f"{prefix}_HOST"], int(environment[f"{prefix}_PORT"]), after
    ) as proxy:
        monkeypatch.setenv(f"{prefix}_HOST", "127.0.0.1")
        monkeypatch.setenv(f"{prefix}_PORT", str(proxy.port))
        world.forget()
        yield proxy


@pytest.fixture
def source(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[SilentProxy]:
    yield from through(world, monkeypatch, "DB")


@pytest.fixture
def warehouse(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[SilentProxy]:
    yield from through(world, monkeypatch, "REDSHIFT")


def events(world: World) -> Chunk:
    world.create(
        "events",
        "id INT PRIMARY KEY, note CHAR(200), at DATETIME NOT NULL, INDEX (at)",
        f"SELECT seq, REPEAT('x', 200), '2025-08-01' FROM seq_1_to_{ROWS}",
        cursor="at",
    )
    with mysql.connected(settings().source) as connection:
        table = source_table.describe(connection, TableName(world.name, "events"))
    return Chunk(table, table.primary_key, Span("at", "2025-08-01", "2025-08-02"))


def connect():  # type: ignore[no-untyped-def] # a context manager, as the product's
    return mysql.connected(settings().source)


def ask(proxy: SilentProxy) -> None:
    """A statement of the source, behind a proxy that falls silent after the login."""
    with mysql.connected(settings().source, settings().bastion) as connection:
        proxy.silence()
        mysql.scalar(connection, "SELECT 1")


def load(proxy: SilentProxy) -> None:
    """A transaction of the warehouse, behind a proxy that falls silent in it."""
    with redshift.connected(settings().warehouse) as connection, connection.cursor() as cursor:
        cursor.execute("BEGIN")
        proxy.silence()
        cursor.execute("SELECT COUNT(*) FROM svv_columns")


def test_a_source_that_falls_silent_in_mid_read_is_given_up(
    world: World, source: SilentProxy, tmp_path: Path
):
    chunk = events(world)
    source.after = source.forwarded + 5_000_000
    started = time.monotonic()
    with pytest.raises(SourceError, match=r"Try: check DB_HOST"):
        extract_chunk(connect, chunk, tmp_path / "chunk")
    assert source.silent.is_set()
    assert time.monotonic() - started < LONGEST


def test_a_read_continues_after_a_silence_of_one_connection(
    world: World, source: SilentProxy, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    """A firewall forgets one connection; the next one passes."""
    chunk = events(world)
    with silent_proxy("127.0.0.1", source.port) as inner:
        world_port = inner.port
        calls = []

        def connect_once():  # type: ignore[no-untyped-def] # as above
            calls.append(1)
            port = world_port if len(calls) == 1 else source.port
            changed = settings().source.model_copy(update={"port": port})
            return mysql.connected(changed)

        inner.after = 5_000_000
        assert extract_chunk(connect_once, chunk, tmp_path / "chunk").rows == ROWS
        assert inner.silent.is_set()
    assert "resuming after" in caplog.text


def test_a_source_that_is_silent_before_its_first_row_or_at_the_login_is_given_up(
    world: World, source: SilentProxy
):
    started = time.monotonic()
    with pytest.raises(SourceError, match="nothing arrived for 2 s"):
        ask(source)
    with pytest.raises(SourceError, match="no login within 2 s"):
        connect().__enter__()
    assert time.monotonic() - started < LONGEST


def test_a_source_that_computes_for_long_is_waited_for(world: World, source: SilentProxy):
    with connect() as connection:
        assert mysql.scalar(connection, f"SELECT SLEEP({4 * SILENCE})") == 0


def test_a_connection_that_is_idle_for_long_is_kept(world: World, source: SilentProxy):
    with connect() as connection:
        time.sleep(3 * SILENCE)  # nothing happens: that is the condition
        assert mysql.scalar(connection, "SELECT 1") == 1


def test_a_silent_bastion_is_given_up(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    sshd = Sshd.new(tmp_path / "sshd")
    lifecycle.start(sshd)
    try:
        with silent_proxy("127.0.0.1", sshd.port) as proxy:
            for name, value in sshd.environment().items():
                monkeypatch.setenv(name, value)
            known = tmp_path / "known_hosts"
            known.write_text(f"* {' '.join(sshd.host_key_line.split()[1:])}\n")
            monkeypatch.setenv("SSH_BASTION_KNOWN_HOSTS", str(known))
            monkeypatch.setenv("SSH_BASTION_PORT", str(proxy.port))
            world.forget()
            started = time.monotonic()
            with pytest.raises(SourceError, match="nothing arrived for 2 s"):
                ask(proxy)
            assert time.monotonic() - started < LONGEST
    finally:
        lifecycle.stop(sshd.directory)


def test_a_warehouse_that_falls_silent_is_given_up(world: World, warehouse: SilentProxy):
    started = time.monotonic()
    with pytest.raises(WarehouseError, match="nothing arrived for 2 s"):
        load(warehouse)
    assert time.monotonic() - started < LONGEST


def test_a_warehouse_that_computes_for_long_is_waited_for(world: World, warehouse: SilentProxy):
    world.query("CREATE TABLE {schema}.t (a INTEGER)")
    with (
        redshift.connected(settings().warehouse) as other,
        redshift.connected(settings().warehouse) as connection,
    ):
        with other.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute(f"LOCK TABLE {world.name}.t")

        timer = threading.Timer(4 * SILENCE, other.close)
        timer.start()
        with redshift.transaction(connection) as cursor:
            started = time.monotonic()
            cursor.execute(f"LOCK TABLE {world.name}.t")
            assert time.monotonic() - started > SILENCE
        timer.join()


def test_a_lake_that_falls_silent_is_given_up(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    address = urlsplit(world.environment["AWS_ENDPOINT_URL_S3"])
    assert address.hostname
    assert address.port
    file = tmp_path / "file"
    file.write_bytes(bytes(20 << 20))
    with silent_proxy(address.hostname, address.port) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{proxy.port}")
        world.forget()
        world.lake.upload(file, "large")
        lake = store(settings().lake.model_copy(update={"silence": 5}))
        proxy.after = proxy.forwarded + 5_000_000
        for request in (
            lambda: lake.download("large", tmp_path / "copy"),
            lambda: lake.put("small", b"x"),
            lambda: lake.upload(file, "other"),
        ):
            started = time.monotonic()
            with pytest.raises(LakeError, match="Try: check AWS_ENDPOINT_URL_S3"):
                request()
            assert time.monotonic() - started < LONGEST
        assert not (tmp_path / "copy").exists()
