"""Parquet to compressed CSV: the pipeline's ConvertCSV against pandas and pyarrow, same rows."""

from __future__ import annotations

import shutil
from typing import Any

from benchmarks import machine, outputs
from benchmarks.children import ChildFailed, Measured
from benchmarks.fingerprint import Fingerprint
from benchmarks.rounds import ratios, summary
from benchmarks.world import Dataset, Place, World, place

OURS = "convert"
LABELS = {
    OURS: "pipeline, ConvertCSV: zstd, uploaded to S3",
    "pyarrow": "pyarrow.csv + zstd, local file",
    "pandas": "pandas.to_csv + gzip, local file",
}
_PEERS = {"pyarrow": "peers.pyarrow_csv", "pandas": "peers.pandas_csv"}


def measure(world: World, data: Dataset, rounds: int, *, peers: bool) -> Any:
    """Each round extracts the table to the lake once, untimed, and converts that in turn."""
    expected = world.expected(data, data.window)
    names = [OURS, *(_PEERS if peers else ())]
    runs: dict[str, dict[int, dict[str, Any]]] = {name: {} for name in names}
    failed: dict[str, str] = {}
    parquet = 0
    for number in range(1, rounds + 1):
        with place(world, data) as here:
            here.run("ours", "lake")
            parquet = _keep_parquet(here)
            for name in names:
                if name in failed:
                    continue
                try:
                    runs[name][number] = _run(here, name, expected)
                except Exception as error:
                    failed[name] = str(error)
                print(f"  round {number}  {LABELS[name]:44} {_said(runs[name].get(number))}")
    base = {number: run["seconds"] for number, run in runs[OURS].items()}
    return {
        "machine": machine.description(),
        "rows": data.rows,
        "rounds": rounds,
        "parquet_bytes": parquet,
        "contestants": [
            {
                "name": name,
                "label": LABELS[name],
                "error": failed.get(name),
                "runs": [{"round": n, **run} for n, run in runs[name].items()],
                "seconds": summary([run["seconds"] for run in runs[name].values()]),
                "times_ours": summary(
                    ratios({n: run["seconds"] for n, run in runs[name].items()}, base)
                ),
                "peak_mb": summary([run["peak_mb"] for run in runs[name].values()]),
                "bytes": summary([run["bytes"] for run in runs[name].values()]),
            }
            for name in names
        ],
    }


def _keep_parquet(here: Place) -> int:
    """The lake's files once more, for the peers; their bytes."""
    kept = here.folder / "in"
    kept.mkdir()
    for number, file in enumerate(sorted((here.folder / "spool").rglob("*.parquet"))):
        shutil.copyfile(file, kept / f"{number:05d}.parquet")
    return sum(file.stat().st_size for file in kept.iterdir())


def _run(here: Place, name: str, expected: Fingerprint) -> dict[str, Any]:
    run: Measured
    if name == OURS:
        run = here.run("ours", "convert")
        found, written = outputs.of_bucket(here, "csv/", csv_header=False)
    else:
        run = here.run(_PEERS[name], peer=True)
        written = _gather(here)
        found, _ = outputs.of_files(here, "made")
    shutil.rmtree(here.folder / "fetched", ignore_errors=True)
    shutil.rmtree(here.folder / "made", ignore_errors=True)
    if said := expected.differences(found):
        raise ChildFailed(f"the output is not the table: {said}")
    return {**run.figures(), "bytes": written}


def _gather(here: Place) -> int:
    made = here.folder / "made"
    made.mkdir()
    for file in [*here.folder.glob("part-*.csv*")]:
        file.rename(made / file.name)
    return sum(file.stat().st_size for file in made.iterdir())


def _said(run: dict[str, Any] | None) -> str:
    return f"{run['seconds']:8.2f} s" if run else "failed"
