"""Packages that several test processes miss at once, with an apt-get that fails when two run."""

import os
import stat
from pathlib import Path

import pytest

from devstack import locks, packages
from devstack.errors import StackError
from tests.support.programs import start_python

APT_GET = """\
#!/bin/sh
mkdir "$0.busy" || { echo "Could not get lock" >&2; exit 100; }
echo "$1" >> "$0.log"
sleep 0.3
[ "$1" = install ] && ln -s /bin/true "$(dirname "$0")/served"
rmdir "$0.busy"
"""
SERVED = """
from devstack import packages
print(packages.find_or_install(lambda: packages.find_program(["served"]), "served"))
"""


@pytest.fixture
def apt_get(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for apt-get, the first on PATH; what it was called for is in `apt-get.log`."""
    program = tmp_path / "apt-get"
    program.write_text(APT_GET)
    program.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    return program


def test_processes_that_miss_a_package_at_once_install_it_once(apt_get: Path) -> None:
    running = [start_python("-c", SERVED) for _ in range(3)]
    for process in running:
        out, _ = process.communicate(timeout=60)
        assert process.returncode == 0, out
        assert out.splitlines()[-1] == os.path.realpath("/bin/true")
    assert apt_get.with_suffix(".log").read_text().split() == ["update", "install"]


def test_an_apt_get_that_fails_is_reported_with_its_output(apt_get: Path) -> None:
    apt_get.with_suffix(".busy").mkdir()
    with pytest.raises(StackError, match=r"(?s)apt-get update -q.*Could not get lock"):
        packages.find_or_install(lambda: None, "served")


def test_the_lock_is_the_users_alone(apt_get: Path) -> None:
    with locks.one_at_a_time("named"):
        (lock,) = apt_get.parent.glob("devstack-*-named.lock")
        assert stat.S_IMODE(lock.stat().st_mode) == 0o600
        assert lock.stat().st_uid == os.geteuid()


def test_a_link_in_the_place_of_the_lock_is_refused(apt_get: Path) -> None:
    lock = apt_get.parent / f"devstack-{os.geteuid()}-named.lock"
    lock.symlink_to(apt_get)
    with (
        pytest.raises(StackError, match=r"cannot open the lock .*named\.lock"),
        locks.one_at_a_time("named"),
    ):
        pass
    assert apt_get.read_text() == APT_GET
