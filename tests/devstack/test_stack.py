import http.client
import ipaddress
import json
import os
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import boto3
import psycopg2
import pymysql
import pytest

from devstack import stack
from devstack.__main__ import main
from devstack.errors import StackError
from devstack.mariadb import MariaDB
from devstack.stack import Stack


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "stack"
    stack.down(tmp_path / "stack")


def test_up_down_and_up_again_keep_data_and_passwords(
    directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    up = ["up", "--no-redshift", "--luigid", "--directory", str(directory)]
    where = ["--directory", str(directory)]

    assert main(up) == 0
    first = capsys.readouterr().out
    assert "already running" not in first
    with stack.load(directory).source.connect(root=True) as connection:
        connection.cursor().execute("CREATE TABLE kept (ID INT PRIMARY KEY)")

    assert main(up) == 0
    assert capsys.readouterr().out == "already running\n" + first
    assert main(["status", *where]) == 0
    assert capsys.readouterr().out.count("running, pid") == 3
    before = stack.load(directory).environment()

    assert main(["down", *where]) == 0
    assert capsys.readouterr().out == "stopped mariadb, seaweedfs, luigid\n"
    assert main(["down", *where]) == 0
    assert capsys.readouterr().out == "nothing was running\n"
    assert main(["status", *where]) == 1

    assert main(up) == 0
    assert stack.load(directory).environment() == before
    with stack.load(directory).source.connect() as connection:
        assert connection.cursor().execute("SHOW TABLES LIKE 'kept'") == 1


def test_the_variables_lead_to_every_server(directory: Path) -> None:
    with stack.running_stack(directory, luigid=True) as whole:
        variables = whole.environment()
        with pymysql.connect(
            host=variables["DB_HOST"],
            port=int(variables["DB_PORT"]),
            user=variables["DB_USER"],
            password=variables["DB_PASSWORD"],
            database=variables["DB_DATABASE"],
        ):
            pass
        psycopg2.connect(
            host=variables["REDSHIFT_HOST"],
            port=variables["REDSHIFT_PORT"],
            user=variables["REDSHIFT_USER"],
            password=variables["REDSHIFT_PASSWORD"],
            dbname=variables["REDSHIFT_DATABASE"],
            sslmode=variables["REDSHIFT_SSLMODE"],
        ).close()
        boto3.client(
            "s3",
            endpoint_url=variables["AWS_ENDPOINT_URL_S3"],
            region_name=variables["S3_REGION"],
            aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
        ).head_bucket(Bucket=variables["S3_BUCKET_NAME"])
        scheduler = http.client.HTTPConnection(
            variables["LUIGI_SCHEDULER_HOST"], int(variables["LUIGI_SCHEDULER_PORT"])
        )
        scheduler.request("GET", "/static/visualiser/index.html")
        assert scheduler.getresponse().status == 200
        assert _shown_secrets(whole) == set()
    assert [each.pid for each in stack.status(directory)] == [None] * 4


def _shown_secrets(whole: Stack) -> set[str]:
    """The passwords that a process list would show."""
    lines = [
        Path(f"/proc/{each.pid}/cmdline").read_text() for each in stack.status(whole.directory)
    ]
    secrets = {value for name, value in whole.environment().items() if "PASSWORD" in name}
    secrets.add(whole.lake.secret_key)
    return {secret for secret in secrets if any(secret in line for line in lines)}


def test_env_without_a_stack_is_one_message(
    directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["env", "--directory", str(directory)]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == (
        f"devstack: no stack runs in {directory}: start one with `python -m devstack up`\n"
    )


def test_env_can_be_evaluated_by_a_shell(
    small_stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["env", "--directory", str(small_stack.directory)]) == 0
    script = capsys.readouterr().out + 'echo "$DB_HOST $DB_PORT $S3_BUCKET_NAME"'
    said = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout
    assert said == f"127.0.0.1 {small_stack.source.port} settlement-lake\n"


def test_down_leaves_a_process_alone_that_has_the_pid_of_a_server(
    directory: Path,
) -> None:
    server = directory / "mariadb"
    server.mkdir(parents=True)
    with subprocess.Popen(["sleep", "60"]) as stranger:
        record = {"pid": stranger.pid, "birth": "an earlier boot:42"}
        (server / "process.json").write_text(json.dumps(record))
        assert stack.down(directory) == []
        assert stranger.poll() is None
        stranger.kill()


def test_a_server_that_cannot_start_leaves_nothing_running(directory: Path) -> None:
    (directory / "mariadb" / "data").mkdir(parents=True)  # a data directory without tables
    with pytest.raises(StackError, match=r"(?s)mariadb ended while it was starting.*log"):
        stack.up(directory, redshift=False)
    assert [each.pid for each in stack.status(directory)] == [None, None]


def test_a_directory_holds_one_stack_at_a_time(small_stack: Stack) -> None:
    with (
        pytest.raises(StackError, match="already"),
        stack.running_stack(small_stack.directory, redshift=False),
    ):
        pass


def test_servers_listen_on_the_loopback_interface_only(small_stack: Stack) -> None:
    pids = [each.pid for each in stack.status(small_stack.directory) if each.pid]
    for pid in pids:
        assert _listening_addresses(pid) == {"127.0.0.1"}
    assert len(pids) == 2


def _listening_addresses(pid: int) -> set[str]:
    """From /proc/net/tcp: address:port in hexadecimal, little-endian; state 0A is LISTEN."""
    sockets = {os.readlink(each) for each in Path(f"/proc/{pid}/fd").iterdir()}
    table = Path("/proc/net/tcp").read_text() + Path("/proc/net/tcp6").read_text()
    rows = [line.split() for line in table.splitlines() if ":" in line]
    ours = [row for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in sockets]
    return {_address(row[1].partition(":")[0]) for row in ours}


def _address(words: str) -> str:
    if len(words) != 8:
        return f"IPv6 {words}"
    return str(ipaddress.IPv4Address(bytes.fromhex(words)[::-1]))


def test_files_with_passwords_are_private(small_stack: Stack) -> None:
    holders = [
        path
        for path in small_stack.directory.rglob("*.json")
        if small_stack.source.password in path.read_text()
        or small_stack.lake.secret_key in path.read_text()
    ]
    assert len(holders) >= 3
    assert {path.stat().st_mode & 0o777 for path in holders} == {0o600}
    assert small_stack.source.password not in repr(small_stack)
    assert small_stack.lake.secret_key not in repr(small_stack)


def test_the_pipelines_account_reads_and_cannot_write(small_stack: Stack) -> None:
    with small_stack.source.connect(root=True) as connection:
        connection.cursor().execute("CREATE DATABASE shop")
        connection.cursor().execute("CREATE TABLE shop.sale (ID INT PRIMARY KEY)")
    with small_stack.source.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT * FROM shop.sale")
        cursor.execute("SELECT * FROM information_schema.innodb_trx")
        with pytest.raises(pymysql.err.OperationalError, match="denied"):
            cursor.execute("INSERT INTO shop.sale VALUES (1)")


@pytest.mark.parametrize("user", ["root", "pipeline"])
def test_a_wrong_password_is_refused(small_stack: Stack, user: str) -> None:
    with pytest.raises(pymysql.err.OperationalError, match="Access denied"):
        pymysql.connect(host="127.0.0.1", port=small_stack.source.port, user=user, password="wrong")


def test_servers_that_begin_at_once_leave_the_temporary_tables_of_others_alone(
    small_stack: Stack, tmp_path: Path
) -> None:
    beginners = [MariaDB.new(tmp_path / name) for name in ("one", "two", "three")]
    with closing(small_stack.source.connect(root=True)) as link, link.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE held (ID INT PRIMARY KEY) ENGINE=MyISAM")
        with ThreadPoolExecutor(len(beginners)) as pool:
            list(pool.map(MariaDB.prepare, beginners))
        cursor.execute("DROP TEMPORARY TABLE held")
    assert all(beginner.data.is_dir() for beginner in beginners)
