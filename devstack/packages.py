"""Find a server's program on this machine, or install its Debian package."""

import os
import shutil
import subprocess
from collections.abc import Callable, Sequence

from devstack.errors import StackError
from devstack.locks import one_at_a_time

# Where Debian puts servers: these are not on an ordinary user's PATH.
_SERVER_PATH = os.pathsep.join(["/usr/sbin", "/usr/local/sbin", "/sbin", "/usr/libexec"])


def find_program(names: Sequence[str]) -> str | None:
    """The absolute path of the first of `names` that is installed."""
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), _SERVER_PATH])
    found = (shutil.which(name, path=path) for name in names)
    return next((os.path.realpath(program) for program in found if program), None)


def version(program: str) -> str:
    """What the program says to `--version`."""
    return subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout


def can_install() -> bool:
    """Whether this process may install Debian packages."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def find_or_install(find: Callable[[], str | None], package: str) -> str | None:
    """What `find` finds, after its Debian package is installed if it finds nothing.

    Servers start side by side, in threads and in processes, and apt-get fails while another one
    runs: one at a time installs, and looks first whether the one before it has done so.

    Raises:
        StackError: apt-get failed; the message ends with its output.
    """
    if found := find():
        return found
    with one_at_a_time("apt-get"):
        if not (found := find()):
            _install(package)
            found = find()
    return found


def _install(package: str) -> None:
    """Install a Debian package, without those that it merely recommends."""
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
        said = (done.stderr or done.stdout).strip()
        raise StackError(f"`apt-get {' '.join(arguments)}` failed:\n{said}")
