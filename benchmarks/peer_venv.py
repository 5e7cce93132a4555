"""The peers' own virtual environment: their pins and ours need not agree."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

from benchmarks.children import ROOT

VENV = ROOT / ".venv-bench"
PYTHON = VENV / "bin" / "python"
REQUIREMENTS = Path(__file__).parent / "requirements.txt"
_STAMP = VENV / ".installed"


def install() -> dict[str, str]:
    """Install what is not there yet; the packages that cannot be had, with pip's own word for it.

    All at once where that works. Where it does not, one after the other, so that one package that is
    missing does not cost the rest.
    """
    wanted = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
    if _STAMP.exists() and _STAMP.read_text() == wanted:
        return {}
    print("installing the peers in .venv-bench", flush=True)
    # also over what is there: an interrupted installation may have left it without pip
    if said := _run(sys.executable, "-m", "venv", str(VENV)):
        return {VENV.name: said}
    if not _pip("-r", str(REQUIREMENTS)):
        _STAMP.write_text(wanted)
        return {}
    lines = (line.partition("#")[0].strip() for line in REQUIREMENTS.read_text().splitlines())
    return {line: said for line in lines if line and (said := _pip(line))}


def _pip(*what: str) -> str:
    """Install; empty when it worked, else pip's last error."""
    quiet = ("--quiet", "--disable-pip-version-check")
    return _run(str(PYTHON), "-m", "pip", "install", *quiet, *what)


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return ""
    errors = [line for line in done.stderr.splitlines() if line.lower().startswith("error")]
    return errors[-1] if errors else f"{' '.join(command[1:4])} ended with {done.returncode}"
