"""``python -m benchmarks``: measure, and write docs/benchmarks.md."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from benchmarks import overhead, report
from benchmarks.measurements import MEASUREMENTS, take
from devstack.errors import StackError

_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one measurement or all of them; the exit status: 1 where something could not be measured."""
    options = _parser().parse_args(arguments)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    options.output.mkdir(parents=True, exist_ok=True)
    try:
        failed = take(options)
    except StackError as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("benchmarks: interrupted; the servers are stopped", file=sys.stderr)
        return _INTERRUPTED
    if not report.write(options.output, options.output.with_suffix(".md")):
        failed.append("plots: they could not be drawn; the page shows the last ones")
    for said in failed:
        print(f"benchmarks: not measured: {said}", file=sys.stderr)
    return 1 if failed else 0


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    """End as by Ctrl-C, so that servers and measured processes are stopped."""
    raise KeyboardInterrupt


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument(
        "what", choices=("all", *MEASUREMENTS, "report"), help="report: only write the page anew"
    )
    numbers = {
        "--rows": (300_000, "rows of the table that other tools read, too"),
        "--own-rows": (1_000_000, "rows of the table of bounds and profile"),
        "--max-rows": (10_000_000, "rows of the largest table of growth"),
        "--rounds": (3, "how often each contestant runs"),
        "--growth-rounds": (2, "how often each size of growth runs; above 3M rows once"),
        "--days": (overhead.LONG, "days of the catch-up"),
    }
    for name, (default, said) in numbers.items():
        parser.add_argument(name, type=_positive, default=default, help=said)
    parser.add_argument("--only", default="", help="contestants of throughput, with commas between")
    parser.add_argument("--skip-peers", action="store_true", help="no other tools")
    parser.add_argument(
        "--directory", type=Path, default=Path(".devstack/bench"), help="of the servers"
    )
    parser.add_argument(
        "--output", type=Path, default=Path("docs/benchmarks"), help="of results and plots"
    )
    return parser


def _positive(text: str) -> int:
    if (number := int(text)) < 1:
        raise ValueError
    return number


if __name__ == "__main__":
    sys.exit(main())
