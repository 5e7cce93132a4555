"""The source behind an SSH bastion."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import psutil
import pytest

from devstack import lifecycle
from devstack.seed import seed_settlement
from devstack.seed.tables import DELIVERY
from devstack.sshd import Sshd
from pipeline import DailyLoad
from pipeline.config.settings import settings
from pipeline.errors import ConfigurationError, SourceError
from pipeline.model.span import Span
from pipeline.model.table_name import TableName
from pipeline.source import connection as mysql
from pipeline.source import table as source_table
from pipeline.steps.extract import Chunk, extract_chunk
from tests import promises
from tests.support.truths import assert_same
from tests.support.world import World

pytestmark = pytest.mark.local  # the bastion is a local one, and forwards to local servers


@pytest.fixture(scope="module")
def bastion(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    bastion = Sshd.new(tmp_path_factory.mktemp("bastion") / "sshd")
    lifecycle.start(bastion)
    yield bastion
    lifecycle.stop(bastion.directory)


@pytest.fixture
def behind(world: World, bastion: Sshd, monkeypatch: pytest.MonkeyPatch) -> World:
    """A world whose source is reached through the bastion alone."""
    for name, value in bastion.environment().items():
        monkeypatch.setenv(name, value)
    world.forget()
    return world


def make_events(world: World, rows: int) -> str:
    return world.create(
        "events",
        "id INT PRIMARY KEY, note CHAR(200), changed DATETIME, INDEX (changed)",
        f"""SELECT seq, REPEAT('x', 200), '2025-08-01' + INTERVAL seq DIV 99 SECOND
        FROM seq_1_to_{rows}""",
        cursor="changed",
    )


def connect():
    return mysql.connected(settings().source, settings().bastion)


def test_a_day_is_loaded_through_the_bastion(behind: World):
    table = make_events(behind, 1000)
    behind.succeed(DailyLoad(date(2025, 8, 1), table=table))
    assert behind.query("SELECT COUNT(*) FROM {schema}.events") == [(1000,)]


def test_every_column_comes_through_the_tunnel_as_it_is(behind: World):
    with behind.source() as connection:
        seed_settlement(connection, days=1, rows=2000)
    table = behind.define(DELIVERY, cursor="update_at", business_key="ant_parcel_no")
    behind.succeed(DailyLoad(date(2025, 8, 1), table=table))
    assert len(behind.sql(f"SHOW COLUMNS FROM {DELIVERY}")) == 51
    assert_same(behind, DELIVERY)


@promises.CONNECTIONS
def test_a_tunnel_that_is_cut_is_opened_again(behind: World, bastion: Sshd, tmp_path: Path):
    make_events(behind, 300_000)
    with connect() as connection:
        source = source_table.describe(connection, TableName(behind.name, "events"))
    cut = []

    def cut_once(_message: str, _share: float | None) -> None:
        if not cut:
            server = psutil.Process(lifecycle.process_of(bastion.directory).pid)
            cut.extend(server.children())
            for session in cut:
                session.kill()

    span = Span("changed", "2025-08-01 00:00:00", "2025-08-02 00:00:00")
    chunk = Chunk(source, source.primary_key, span)
    assert extract_chunk(connect, chunk, tmp_path / "chunk", cut_once).rows == 300_000
    assert cut


def test_a_bastion_with_another_host_key_is_refused(
    behind: World, bastion: Sshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    other = (bastion.directory / "client_key.pub").read_text().split()[1]
    known = tmp_path / "known_hosts"
    known.write_text(f"[127.0.0.1]:{bastion.port} ssh-ed25519 {other}\n")
    monkeypatch.setenv("SSH_BASTION_KNOWN_HOSTS", str(known))
    behind.forget()
    with pytest.raises(ConfigurationError, match=r"host key .* has changed"), connect():
        pass


def test_an_unknown_bastion_is_refused(
    behind: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("SSH_BASTION_KNOWN_HOSTS", str(tmp_path / "nothing"))
    behind.forget()
    with pytest.raises(ConfigurationError, match="ssh-keyscan"), connect():
        pass


def test_a_bastion_that_is_not_there_is_the_sources_fault(
    behind: World, bastion: Sshd, monkeypatch: pytest.MonkeyPatch
):
    known = bastion.known_hosts.read_text().replace(f"]:{bastion.port}", "]:9")
    bastion.known_hosts.with_name("known_9").write_text(known)
    monkeypatch.setenv("SSH_BASTION_PORT", "9")
    monkeypatch.setenv("SSH_BASTION_KNOWN_HOSTS", str(bastion.known_hosts.with_name("known_9")))
    behind.forget()
    with pytest.raises(SourceError, match=r"tunnel through .*:9"), connect():
        pass


def test_a_missing_key_file_is_reported(behind: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SSH_BASTION_KEY_PATH", "/no/such/key")
    behind.forget()
    with pytest.raises(ConfigurationError, match="private key is missing"), connect():
        pass
