"""Debian packages unpacked into a folder, without installation and without root.

apt-get resolves a package of another suite against an empty system and therefore fetches every library
of the program, the C library included. Such a program runs with its own dynamic loader.
"""

import os
import shutil
import subprocess
from pathlib import Path

from devstack.errors import StackError
from devstack.locks import one_at_a_time

_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_SOURCE = f"""\
Types: deb
URIs: http://deb.debian.org/debian
Suites: {{suite}}
Components: main
Signed-By: {_KEYRING}
"""


def unpacked(package: str, *, suite: str, folder: Path) -> Path:
    """The root of a tree with `package` and its dependencies; created on the first call.

    Raises:
        StackError: not a Debian system, or apt-get failed; the message contains its output.
    """
    tree = _tree(package, suite, folder)
    if not tree.exists():
        if not (_KEYRING.exists() and shutil.which("apt-get") and shutil.which("dpkg-deb")):
            raise StackError(f"{package} can be fetched only with apt-get and {_KEYRING}")
        with one_at_a_time("unpack"):  # processes share the folder
            if not tree.exists():
                _make(tree, package, suite)
    return tree


def is_unpacked(package: str, *, suite: str, folder: Path) -> bool:
    """Whether `unpacked` would fetch nothing."""
    return _tree(package, suite, folder).exists()


def loader(tree: Path) -> list[str]:
    """The command prefix that runs a program of the tree with the tree's libraries."""
    loaders = sorted(tree.glob("usr/lib/*/ld-linux-*.so.*"))
    if not loaders:
        raise StackError(f"{tree} has no dynamic loader: remove it and try again")
    return [str(loaders[0]), "--library-path", str(loaders[0].parent)]


def _tree(package: str, suite: str, folder: Path) -> Path:
    return folder / f"{package}-{suite}"


def _make(tree: Path, package: str, suite: str) -> None:
    print(f"fetching {package} of Debian {suite} into {tree} …", flush=True)
    draft = tree.with_name(f"{tree.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    _fetch(package, suite, draft)
    _unpack(draft)
    (draft / "root").rename(tree)
    shutil.rmtree(draft)


def _fetch(package: str, suite: str, draft: Path) -> None:
    for needed in ("state/lists/partial", "cache/archives/partial", "root"):
        (draft / needed).mkdir(parents=True)
    (draft / "state/status").touch()  # the empty system
    (draft / "suite.sources").write_text(_SOURCE.format(suite=suite))
    private = {
        "Dir::State": draft / "state",
        "Dir::State::status": draft / "state/status",
        "Dir::Cache": draft / "cache",
        "Dir::Etc::sourcelist": draft / "suite.sources",
        "Dir::Etc::sourceparts": "-",
        "APT::Sandbox::User": "",  # apt's user cannot read a private directory
        "Acquire::Languages": "none",
    }
    options = [f"-o{name}={value}" for name, value in private.items()]
    _run(["apt-get", *options, "-q", "update"])
    download = ["--no-install-recommends", "--download-only", "install", package]
    _run(["apt-get", *options, "-q", "-y", *download])


def _unpack(draft: Path) -> None:
    for archive in sorted((draft / "cache/archives").glob("*.deb")):
        _run(["dpkg-deb", "-x", str(archive), str(draft / "root")])


def _run(command: list[str]) -> None:
    done = subprocess.run(
        command,
        env=os.environ | {"LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        output = (done.stderr or done.stdout).strip()
        raise StackError(f"`{command[0]} … {command[-1]}` failed:\n{output}")
