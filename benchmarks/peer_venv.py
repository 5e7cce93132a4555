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
    if not PYTHON.exists():
        subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)
    print("installing the peers in .venv-bench", flush=True)
    if not _pip("-r", str(REQUIREMENTS)):
        _STAMP.write_text(wanted)
        return {}
    lines = (line.partition("#")[0].strip() for line in REQUIREMENTS.read_text().splitlines())
    return {line: said for line in lines if line and (said := _pip(line))}


def _pip(*what: str) -> str:
    """Install; empty when it worked, else pip's last error."""
    command = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *what]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return ""
    errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
    return errors[-1] if errors else f"pip ended with status {done.returncode}"
