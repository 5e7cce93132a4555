from collections.abc import Iterator
from pathlib import Path

import paramiko
import pymysql
import pytest
from sshtunnel import SSHTunnelForwarder

from devstack import lifecycle
from devstack.sshd import Sshd
from devstack.stack import Stack


@pytest.fixture
def bastion(tmp_path: Path) -> Iterator[Sshd]:
    bastion = Sshd.new(tmp_path / "sshd")
    lifecycle.start(bastion)
    yield bastion
    lifecycle.stop(bastion.directory)


@pytest.fixture
def client(bastion: Sshd) -> Iterator[paramiko.SSHClient]:
    """Logged in by the variables alone, the host key verified."""
    variables = bastion.environment()
    with paramiko.SSHClient() as client:
        client.load_host_keys(variables["SSH_BASTION_KNOWN_HOSTS"])
        client.set_missing_host_key_policy(paramiko.RejectPolicy())
        client.connect(
            variables["SSH_BASTION_HOST"],
            int(variables["SSH_BASTION_PORT"]),
            variables["SSH_BASTION_USER"],
            key_filename=variables["SSH_BASTION_KEY_PATH"],
            allow_agent=False,
            look_for_keys=False,
        )
        yield client


def test_the_source_is_reached_through_the_bastion(bastion: Sshd, small_stack: Stack) -> None:
    with SSHTunnelForwarder(
        ("127.0.0.1", bastion.port),
        ssh_username=bastion.environment()["SSH_BASTION_USER"],
        ssh_pkey=str(bastion.client_key),
        remote_bind_address=("127.0.0.1", small_stack.source.port),
    ) as tunnel:
        pymysql.connect(
            host="127.0.0.1",
            port=tunnel.local_bind_port,
            user="pipeline",
            password=small_stack.source.password,
        ).close()


def test_the_bastion_runs_no_commands(client: paramiko.SSHClient) -> None:
    _, output, _ = client.exec_command("echo hello")
    assert output.channel.recv_exit_status() != 0
    assert output.read() == b""


def test_stopping_the_bastion_drops_open_connections(
    bastion: Sshd, client: paramiko.SSHClient
) -> None:
    transport = client.get_transport()
    assert transport is not None
    lifecycle.stop(bastion.directory)
    transport.join(10)  # its thread ends with the connection
    assert not transport.is_active()
