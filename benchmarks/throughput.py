"""The raw drain, ours stage by stage, and the peers: A B C A B C …, every output read back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmarks import machine
from benchmarks.children import ChildFailed
from benchmarks.contestants import DRAIN, PLAIN_DRAIN, Contestant
from benchmarks.fingerprint import Fingerprint
from benchmarks.rounds import ratios, summary
from benchmarks.world import DELIVERY, Dataset, Place, World, place

Reference = dict[str, tuple[list[str], int]]
"""Of each drain the statements to send, and the bytes that answer them."""


def measure(world: World, data: Dataset, chosen: Sequence[Contestant], rounds: int) -> Any:
    """Run every contestant once a round; what fails once is reported and not run again."""
    expected = world.expected(data, data.window)
    reference = _reference(world, data, expected, plain=PLAIN_DRAIN in {e.name for e in chosen})
    runs: dict[str, dict[int, dict[str, Any]]] = {each.name: {} for each in chosen}
    failed: dict[str, str] = {}
    for number in range(1, rounds + 1):
        for each in chosen:
            if each.name in failed or (each.once and number > 1):
                continue
            try:
                with place(world, data) as here:
                    runs[each.name][number] = _run(here, each, reference, expected)
            except Exception as error:
                failed[each.name] = f"{type(error).__name__}: {error}"
            _tell(each, number, runs[each.name].get(number), failed.get(each.name))
    return {
        "machine": machine.description(),
        "rows": data.rows,
        "wire_bytes": reference[DRAIN][1],
        "rounds": rounds,
        "plan": world.plan(data.database, reference[DRAIN][0][0]),
        "contestants": [_result(each, runs, failed, data.rows) for each in chosen],
    }


def _reference(world: World, data: Dataset, expected: Fingerprint, *, plain: bool) -> Reference:
    """What the drains send and must receive; not timed. The first is what the extraction was seen to send."""
    with place(world, data) as here:
        seen: list[str] = here.run("ours", "extract").extra["queries"]
        statements = {DRAIN: seen}
        if plain:
            statements[PLAIN_DRAIN] = [f"SELECT * FROM {data.database}.{DELIVERY}"]
        reference: Reference = {}
        for name, queries in statements.items():
            counted = here.run("ours", "walk", queries=queries).extra
            if counted["rows"] != expected.rows:
                raise ChildFailed(f"the server sends {counted['rows']} rows of {expected.rows}")
            reference[name] = queries, counted["bytes"]
    return reference


def _run(
    here: Place, each: Contestant, reference: Reference, expected: Fingerprint
) -> dict[str, Any]:
    load = machine.load()
    queries, size = reference.get(each.name, reference[DRAIN])
    run = here.run(each.module, *each.arguments, queries=queries, peer=each.peer)
    figures = {**run.figures(), "load": round(load, 2)}
    if each.check is None:
        if run.extra["bytes"] != size:
            raise ChildFailed(f"{run.extra['bytes']} bytes came instead of {size}")
        return {**figures, "bytes": size}
    found, written = each.check(here, run)
    if said := expected.differences(found):
        raise ChildFailed(f"the output is not the table: {said}")
    stages = {k: round(v, 3) for k, v in run.extra.get("stages", {}).items()}
    return {**figures, "bytes": written, **({"stages": stages} if stages else {})}


def _result(
    each: Contestant,
    runs: dict[str, dict[int, dict[str, Any]]],
    failed: dict[str, str],
    rows: int,
) -> dict[str, Any]:
    own = runs[each.name]
    seconds = {number: run["seconds"] for number, run in own.items()}
    base = {number: run["seconds"] for number, run in runs.get(DRAIN, {}).items()}
    return {
        "name": each.name,
        "label": each.label,
        "peer": each.peer,
        "error": failed.get(each.name),
        "runs": [{"round": number, **run} for number, run in own.items()],
        "seconds": summary(list(seconds.values())),
        "rows_per_second": summary([rows / value for value in seconds.values()]),
        "of_drain": summary(ratios(base, seconds)),
        "cpu": summary([run["user"] + run["system"] for run in own.values()]),
        "server": summary([run["server"] for run in own.values()]),
        "peak_mb": summary([run["peak_mb"] for run in own.values()]),
        "bytes": summary([run["bytes"] for run in own.values()]),
    }


def _tell(each: Contestant, number: int, run: dict[str, Any] | None, error: str | None) -> None:
    said = f"{run['seconds']:8.2f} s {run['peak_mb']:7.0f} MB" if run else f"failed: {error}"
    print(f"  round {number}  {each.label:44} {said}", flush=True)
