"""``python -m benchmarks``: measure, and write docs/benchmarks.md."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks import (
    conversion,
    growth,
    machine,
    overhead,
    peer_venv,
    profiling,
    readers,
    report,
    throughput,
    world,
)
from benchmarks.children import ROOT, ChildFailed
from benchmarks.throughput import Contestant
from benchmarks.world import World
from devstack import stack
from devstack.errors import StackError

_CONVERTED_ROWS = 300_000
_READ_ROWS = 300_000  # PyMySQL takes a minute for them
_SIZES = (10_000, 30_000, 100_000, 300_000, 1_000_000, 3_000_000, 10_000_000)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one measurement or all of them; the exit status: 1 when one could not be taken."""
    options = _parser().parse_args(arguments)
    options.output.mkdir(parents=True, exist_ok=True)
    try:
        failed = _measure(options)
    except StackError as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 1
    report.write(options.output, options.output.with_suffix(".md"))
    return 1 if failed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "what", choices=("all", *MEASUREMENTS, "report"), help="report: only write the page anew"
    )
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of the compared table")
    parser.add_argument("--rounds", type=int, default=3, help="how often each contestant runs")
    parser.add_argument(
        "--max-rows", type=int, default=10_000_000, help="rows of the largest table of growth"
    )
    parser.add_argument("--days", type=int, default=overhead.LONG, help="days of the catch-up")
    parser.add_argument("--only", default="", help="contestants of throughput, with commas between")
    parser.add_argument("--skip-peers", action="store_true", help="no other tools")
    parser.add_argument(
        "--directory", type=Path, default=Path(".devstack/bench"), help="of the servers"
    )
    parser.add_argument(
        "--output", type=Path, default=Path("docs/benchmarks"), help="of results and plots"
    )
    return parser


def _measure(options: argparse.Namespace) -> list[str]:
    """Take the measurements asked for, keep the result of each as it is done, name those that failed."""
    names = list(MEASUREMENTS) if options.what == "all" else [options.what]
    missing = peer_venv.install()
    for package, said in missing.items():
        print(f"cannot be installed: {package}: {said}", file=sys.stderr)
    if options.what == "report":
        return []
    failed: list[str] = []
    print(f"load of the machine before: {machine.load():.2f}", flush=True)
    _compile()
    stack.down(options.directory)  # what an interrupted run may have left
    with world.running(options.directory) as servers:
        for name in names:
            print(f"{name}:", flush=True)
            try:
                result = MEASUREMENTS[name](servers, options)
            except ChildFailed as error:
                print(f"benchmarks: {name}: {error}", file=sys.stderr)
                failed.append(name)
                continue
            result["not_installed"] = missing
            file = options.output / f"{name}.json"
            file.write_text(json.dumps(result, indent=1) + "\n")
    return failed


def _compile() -> None:
    """Have the kernels compiled: a run after a change of theirs must not be measured compiling."""
    subprocess.run([sys.executable, "-m", "pipeline.codec"], cwd=ROOT, check=True)


def _throughput(servers: World, options: argparse.Namespace) -> Any:
    data = servers.dataset(options.rows)
    return throughput.measure(servers, data, _chosen(options), options.rounds)


def _chosen(options: argparse.Namespace) -> list[Contestant]:
    """Those asked for, and always the raw drain, by which all are measured."""
    wanted = set(filter(None, options.only.split(",")))
    every = throughput.OURS if options.skip_peers else (*throughput.OURS, *throughput.PEERS)
    if unknown := wanted - {each.name for each in every}:
        names = ", ".join(each.name for each in every)
        raise SystemExit(f"no contestant {', '.join(sorted(unknown))}; there are {names}")
    return [each for each in every if not wanted or each.name in {*wanted, throughput.DRAIN}]


def _growth(servers: World, options: argparse.Namespace) -> Any:
    sizes = [size for size in _SIZES if size < options.max_rows]
    return growth.measure(servers, [*sizes, options.max_rows], options.rounds)


def _conversion(servers: World, options: argparse.Namespace) -> Any:
    data = servers.dataset(min(options.rows, _CONVERTED_ROWS))
    return conversion.measure(servers, data, options.rounds, peers=not options.skip_peers)


def _bounds(servers: World, options: argparse.Namespace) -> Any:
    """Ours alone, with the CPU that the server spends on it."""
    data = servers.dataset(options.rows)
    chosen = [each for each in throughput.OURS if each.name in throughput.BOUNDED]
    return throughput.measure(servers, data, chosen, options.rounds)


def _readers(servers: World, options: argparse.Namespace) -> Any:
    data = servers.dataset(min(options.rows, _READ_ROWS))
    return readers.measure(servers, data, options.rounds, peers=not options.skip_peers)


MEASUREMENTS: dict[str, Callable[[World, argparse.Namespace], Any]] = {
    "throughput": _throughput,
    "bounds": _bounds,
    "readers": _readers,
    "growth": _growth,
    "overhead": lambda servers, options: overhead.measure(servers, options.rounds, options.days),
    "conversion": _conversion,
    "profile": lambda servers, options: profiling.measure(servers, servers.dataset(options.rows)),
}

if __name__ == "__main__":
    sys.exit(main())
