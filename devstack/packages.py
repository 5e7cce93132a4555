"""Find the program of a server, or install its Debian package."""

import os
import shutil
import subprocess
from collections.abc import Callable, Sequence

from devstack.errors import StackError
from devstack.locks import one_at_a_time

# Debian's folders for servers, which are not on an ordinary user's PATH.
_SERVER_PATH = os.pathsep.join(["/usr/sbin", "/usr/local/sbin", "/sbin", "/usr/libexec"])


def find_program(names: Sequence[str]) -> str | None:
    """The absolute path of the first of `names` that is installed."""
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), _SERVER_PATH])
    programs = (shutil.which(name, path=path) for name in names)
    return next((os.path.realpath(program) for program in programs if program), None)


def version(program: str) -> str:
    """The output of the program's `--version`."""
    return subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout


def can_install() -> bool:
    """Whether this process may install Debian packages."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def find_or_install(find: Callable[[], str | None], package: str) -> str | None:
    """The result of `find`, after installing the Debian package if it is None.

    Servers start in parallel, in threads and in processes, and apt-get fails while another one runs:
    installations are serialised, and `find` is repeated before each.

    Raises:
        StackError: apt-get failed; the message ends with its output.
    """
    if program := find():
        return program
    with one_at_a_time("apt-get"):
        if not (program := find()):
            _install(package)
            program = find()
    return program


def _install(package: str) -> None:
    """Install a Debian package without recommended packages."""
    print(f"installing the package {package} (apt-get) …", flush=True)
    _apt_get("update", "-q")
    _apt_get("install", "-y", "--no-install-recommends", package)


def _apt_get(*arguments: str) -> None:
    done = subprocess.run(
        ["apt-get", *arguments],
        env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        output = (done.stderr or done.stdout).strip()
        raise StackError(f"`apt-get {' '.join(arguments)}` failed:\n{output}")
