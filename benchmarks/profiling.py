"""Where each second of an extraction and of a conversion goes, by thread."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from benchmarks import machine
from benchmarks.children import Measured
from benchmarks.world import Dataset, World, place

_LEAST = 0.005
"""Places with less than this share of the time are added up."""


def measure(world: World, data: Dataset) -> Any:
    """Do each once while a sampler looks; beside it once without, to know what that costs."""
    world.expected(data, data.window)
    return {
        "machine": machine.description(),
        "rows": data.rows,
        **_both(world, data, "extract", before=()),
        "conversion": _both(world, data, "convert", before=("lake",)),
    }


def _both(world: World, data: Dataset, name: str, before: Sequence[str]) -> dict[str, Any]:
    plain, run = (_run(world, data, [*before, command]) for command in (name, f"sampled-{name}"))
    print(f"  {name}: {run.seconds:.2f} s sampled, {plain.seconds:.2f} s without")
    return {
        "seconds": run.seconds,
        "unsampled_seconds": plain.seconds,
        "user": run.user,
        "system": run.system,
        "interval": run.extra["interval"],
        "places": _places(run.extra["samples"], run.seconds),
    }


def _run(world: World, data: Dataset, commands: Sequence[str]) -> Measured:
    """The commands in one place; what the last one took."""
    with place(world, data) as here:
        return [here.run("ours", command) for command in commands][-1]


def _places(samples: list[dict[str, Any]], seconds: float) -> list[dict[str, Any]]:
    rest: dict[str, float] = defaultdict(float)
    kept = []
    for sample in samples:
        share = sample["seconds"] / seconds
        if share >= _LEAST:
            kept.append({**sample, "share": share})
        else:
            rest[sample["thread"]] += sample["seconds"]
    kept += [
        {"thread": thread, "place": "all else", "seconds": total, "share": total / seconds}
        for thread, total in rest.items()
        if total / seconds >= _LEAST / 5
    ]
    return sorted(kept, key=lambda row: (row["thread"] != "MainThread", row["thread"]))
