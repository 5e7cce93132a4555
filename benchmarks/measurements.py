"""What there is to measure, and each of it taken, whatever becomes of the others."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from typing import Any

from benchmarks import (
    conversion,
    growth,
    machine,
    overhead,
    peer_venv,
    profiling,
    readers,
    throughput,
    world,
)
from benchmarks.children import ROOT
from benchmarks.contestants import BOUNDED, DRAIN, OURS, PEERS, Contestant
from benchmarks.world import World

Measure = Callable[[World, argparse.Namespace], Any]

_SIZES = (10_000, 30_000, 100_000, 300_000, 1_000_000, 3_000_000, 10_000_000)


def take(options: argparse.Namespace) -> list[str]:
    """Take what is asked for, keep each result as it is done, and say what could not be measured.

    A measurement that fails leaves its reason in the place of its result. Raises StackError where the
    servers do not start.
    """
    names = list(MEASUREMENTS) if options.what == "all" else [options.what]
    _chosen(options)  # a name that is none is told before anything is done
    missing = peer_venv.install()
    failed = [f"{package}, not installed: {said}" for package, said in missing.items()]
    if options.what == "report":
        return failed
    print(f"load of the machine before: {machine.load():.2f}", flush=True)
    _compile()
    with world.running(options.directory) as servers:
        for name in names:
            print(f"{name}:", flush=True)
            began = time.monotonic()
            result = _taken(MEASUREMENTS[name], servers, options)
            result |= {"not_installed": missing, "took": round(time.monotonic() - began, 1)}
            (options.output / f"{name}.json").write_text(json.dumps(result, indent=1) + "\n")
            failed += _failures(name, result)
    return failed


def _taken(measure: Measure, servers: World, options: argparse.Namespace) -> dict[str, Any]:
    """The result, or the reason why there is none."""
    try:
        return dict(measure(servers, options))
    except Exception as error:  # the others are measured all the same; the run ends with status 1
        traceback.print_exc()
        said = f"{type(error).__name__}: {error}"
        return {"machine": machine.description(), "error": said}


def _failures(name: str, result: dict[str, Any]) -> Iterator[str]:
    if "error" in result:
        yield f"{name}: {result['error']}"
    for each in result.get("contestants", ()):
        if each["error"]:
            yield f"{name}, {each['label']}: {each['error']}"


def _compile() -> None:
    """Have the kernels compiled: a run after a change of theirs must not be measured compiling."""
    subprocess.run([sys.executable, "-m", "pipeline.codec"], cwd=ROOT, check=True)


def _chosen(options: argparse.Namespace) -> list[Contestant]:
    """Those asked for, and always the raw drain, by which all are measured."""
    wanted = set(filter(None, options.only.split(",")))
    every = OURS if options.skip_peers else (*OURS, *PEERS)
    if unknown := wanted - {each.name for each in every}:
        names = ", ".join(each.name for each in every)
        raise SystemExit(f"no contestant {', '.join(sorted(unknown))}; there are {names}")
    return [each for each in every if not wanted or each.name in {*wanted, DRAIN}]


def _throughput(servers: World, options: argparse.Namespace) -> Any:
    data = servers.dataset(options.rows)
    return throughput.measure(servers, data, _chosen(options), options.rounds)


def _bounds(servers: World, options: argparse.Namespace) -> Any:
    """Ours alone, with the CPU that the servers spend on it."""
    chosen = [each for each in OURS if each.name in BOUNDED]
    data = servers.dataset(options.own_rows)
    return throughput.measure(servers, data, chosen, options.rounds)


def _readers(servers: World, options: argparse.Namespace) -> Any:
    data = servers.dataset(options.rows)
    return readers.measure(servers, data, options.rounds, peers=not options.skip_peers)


def _conversion(servers: World, options: argparse.Namespace) -> Any:
    data = servers.dataset(options.rows)
    return conversion.measure(servers, data, options.rounds, peers=not options.skip_peers)


def _profile(servers: World, options: argparse.Namespace) -> Any:
    return profiling.measure(servers, servers.dataset(options.own_rows))


def _overhead(servers: World, options: argparse.Namespace) -> Any:
    return overhead.measure(servers, options.rounds, options.days)


def _growth(servers: World, options: argparse.Namespace) -> Any:
    sizes = [size for size in _SIZES if size < options.max_rows]
    return growth.measure(servers, [*sizes, options.max_rows], options.growth_rounds)


MEASUREMENTS: dict[str, Measure] = {
    "throughput": _throughput,
    "readers": _readers,
    "conversion": _conversion,
    "bounds": _bounds,
    "profile": _profile,
    "overhead": _overhead,
    "growth": _growth,
}
"""In the order they are taken: what holds the most memory, the table of growth, comes last."""
