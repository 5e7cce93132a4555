"""docs/benchmarks.md from the result files: every figure in it is read from one of them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from string import Template
from typing import Any

from benchmarks import peer_venv, targets
from benchmarks.children import ROOT
from benchmarks.report import compared, scaled
from benchmarks.report.markdown import table
from benchmarks.targets import Results

NAMES = ("throughput", "bounds", "readers", "growth", "overhead", "conversion", "profile")
_TEMPLATE = Path(__file__).parent / "template.md"


def write(folder: Path, page: Path) -> bool:
    """Write plots beside the result files in `folder`, and the page; whether the plots were drawn."""
    results, errors = read(folder)
    command = [str(peer_venv.PYTHON), "-m", "benchmarks.plots", str(folder.resolve())]
    drawn = (
        peer_venv.PYTHON.exists() and not subprocess.run(command, cwd=ROOT, check=False).returncode
    )
    parts = {name: part(section, results, errors) for name, section in SECTIONS.items()}
    text = Template(_TEMPLATE.read_text(encoding="utf-8")).substitute(parts, plots=folder.name)
    page.write_text(text, encoding="utf-8")
    print(f"wrote {page}")
    return drawn


def read(folder: Path) -> tuple[Results, dict[str, str]]:
    """The results that are there, by name, and of those that could not be taken the reason."""
    files = {name: folder / f"{name}.json" for name in NAMES}
    found = {n: json.loads(file.read_text()) for n, file in files.items() if file.exists()}
    errors = {name: result["error"] for name, result in found.items() if "error" in result}
    return {name: found[name] for name in found if name not in errors}, errors


def part(section: Callable[[Results], str], results: Results, errors: Mapping[str, str]) -> str:
    """A section's text, or why there is none."""
    try:
        return section(results)
    except KeyError as missing:
        if reason := errors.get(missing.args[0]):
            return f"*Could not be measured:* `{' '.join(reason.split())}`"
        return "*Not measured yet.*"


def _figures(results: Results) -> str:
    return table(("figure", "target", "measured", "at most", ""), targets.rows(results))


def _machine(results: Results) -> str:
    rows = []
    for name, result in results.items():
        told = result["machine"]
        commit = told["commit"] + (" and changes" if told["changed"] else "")
        place = f"{told['processor']}, {told['cores']} cores, {told['memory_gb']} GB"
        took = f"{result['took'] / 60:.1f}" if "took" in result else "–"
        rows.append((name, told["date"], took, commit, place, told["system"], told["python"]))
    first: dict[str, Any] = next((result["machine"] for result in results.values()), {})
    versions = {**first.get("packages", {}), **first.get("peers", {})}
    listed = ", ".join(f"{name} {number}" for name, number in versions.items())
    heads = ("measured", "when", "minutes", "commit", "machine", "system", "Python")
    return f"{table(heads, rows)}\n\n{listed}."


SECTIONS: dict[str, Callable[[Results], str]] = {
    "figures": _figures,
    "throughput": compared.throughput,
    "against": compared.against,
    "bounds": compared.bounds,
    "bounded_tasks": compared.bounded_tasks,
    "readers": compared.readers,
    "conversion": compared.conversion,
    "stages": scaled.stages,
    "growth": scaled.growth,
    "projection": scaled.projection,
    "overhead": scaled.overhead,
    "imports": scaled.imports,
    "profile": scaled.profile,
    "conversion_profile": scaled.conversion_profile,
    "machine": _machine,
}
