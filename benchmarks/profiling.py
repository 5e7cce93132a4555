"""Where each second of an extraction goes, by thread."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from benchmarks import machine
from benchmarks.world import Dataset, World, place

_LEAST = 0.005
"""Places with less than this share of the time are added up."""


def measure(world: World, data: Dataset) -> Any:
    """Extract the table once while a sampler looks; beside it once without, to know what that costs."""
    world.expected(data, data.window)
    with place(world, data) as here:
        plain = here.run("ours", "extract")
    with place(world, data) as here:
        run = here.run("ours", "sampled")
    print(f"  {run.seconds:.2f} s sampled, {plain.seconds:.2f} s without")
    return {
        "machine": machine.description(),
        "rows": data.rows,
        "seconds": run.seconds,
        "unsampled_seconds": plain.seconds,
        "user": run.user,
        "system": run.system,
        "interval": run.extra["interval"],
        "places": _places(run.extra["samples"], run.seconds),
    }


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
