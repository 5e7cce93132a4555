"""`make demo`: the whole chain on local servers, from an empty directory to equal counts.

Loads a week, catches up with changes, is killed half-way and resumes. Exit status 0 only if all counts
are equal.
"""

import argparse
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime, timezone
from pathlib import Path

from devstack import shell, stack
from devstack.errors import StackError
from devstack.seed import mutate_settlement, seed_settlement
from devstack.stack import Stack, running_stack
from pipeline.config.settings import SECTIONS, variables

CONFIGS = Path(__file__).parent.parent / "configs"
FIRST = date(2025, 8, 1)
BIG = "settlement.settlement_normal_delivery_detail"
LATEST = """\
SELECT latest_status, COUNT(*) AS parcels, SUM(net_price) AS net_price
FROM public.settlement_normal_delivery_detail_latest
GROUP BY latest_status ORDER BY parcels DESC LIMIT 8"""


@dataclass
class Demo:
    """One demonstration: its servers and its folder."""

    stack: Stack
    directory: Path
    step: int = 0

    @property
    def environment(self) -> dict[str, str]:
        """The environment of the demonstration: its servers in place of any configured ones."""
        blank = {name: "" for model in SECTIONS.values() for name in variables(model).values()}
        return {
            **os.environ,
            **blank,  # an empty variable counts as unset and overrides .env
            **self.stack.environment(),
            "PIPELINE_CONFIGS": str(self.directory / "configs"),
            "PIPELINE_SPOOL": str(self.directory / "spool"),
            "PYTHONWARNINGS": "ignore",
        }

    def say(self, text: str) -> None:
        """Announce the next step."""
        self.step += 1
        print(f"\n=== {self.step}. {text}", flush=True)

    def range_daily(self, stop: date) -> list[str]:
        """The command line that loads every configured table up to `stop`."""
        port = self.stack.environment()["LUIGI_SCHEDULER_PORT"]
        return (
            f"luigi --module pipeline RangeDaily --of DailyLoadAll --start {FIRST} --stop {stop}"
            f" --workers 2 --scheduler-port {port}"
        ).split()

    def start(self, command: list[str]) -> "subprocess.Popen[bytes]":
        """Start a command in a process group of its own, after printing it."""
        print(f"$ {shlex.join(command)}", flush=True)
        program = [str(Path(sys.executable).parent / command[0]), *command[1:]]
        return subprocess.Popen(program, env=self.environment, start_new_session=True)

    def run(self, command: list[str]) -> int:
        """Run a command and return its exit status; an interrupt ends the command as well."""
        process = self.start(command)
        try:
            return process.wait()
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise


def main() -> int:
    """Run the demonstration and return its exit status."""
    options = _options()
    began = time.monotonic()
    try:
        if options.directory.exists():
            stack.down(options.directory)
            shutil.rmtree(options.directory)
        print("=== starting MariaDB, SeaweedFS (S3), the Redshift stand-in and luigid", flush=True)
        with running_stack(options.directory, luigid=True) as servers:
            demo = Demo(servers, options.directory.resolve())
            _configure(demo)
            status = _demonstrate(demo, options.rows)
            took = f"{time.monotonic() - began:.0f} s"
            print(f"\n=== {'every count agrees' if status == 0 else 'FAILED'}, after {took}")
            _linger(demo)
        return status
    except StackError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m devstack.demo", description=__doc__)
    parser.add_argument("--directory", type=Path, default=Path(".devstack/demo"))
    parser.add_argument("--rows", type=int, default=200_000, help="delivery events of the week")
    return parser.parse_args()


def _configure(demo: Demo) -> None:
    """Copy the definitions of the settlement tables and views, without the rest of configs/."""
    shutil.copytree(CONFIGS / "views", demo.directory / "configs" / "views")
    shutil.copy(CONFIGS / "settlement.yml", demo.directory / "configs")


def _demonstrate(demo: Demo, rows: int) -> int:
    for line in demo.stack.servers():
        print(f"  {line.kind:10} {line.address}")
    scheduler = demo.stack.environment()["LUIGI_SCHEDULER_PORT"]
    print(f"  look at the run: http://127.0.0.1:{scheduler}/static/visualiser/index.html")

    demo.say(f"a week of settlement data: {rows:,} delivery events, a fifth as many claims")
    with closing(demo.stack.source.connect(root=True)) as connection:
        counts = seed_settlement(connection, days=7, rows=rows, start=FIRST)
    for table, count in counts.items():
        print(f"  {table:36} {count:>10,} rows")

    demo.say("load the week")
    statuses = [demo.run(demo.range_daily(date(2025, 8, 8)))]

    demo.say("rows change in the source on the eighth; catch up")
    _change(demo, rows // 20, datetime(2025, 8, 8, 3, tzinfo=timezone.utc))
    statuses.append(demo.run(demo.range_daily(date(2025, 8, 9))))

    demo.say("rows change on the ninth; the run is killed half-way (kill -9)")
    _change(demo, rows // 4, datetime(2025, 8, 9, 3, tzinfo=timezone.utc))
    _kill_half_way(demo, demo.range_daily(date(2025, 8, 10)))

    demo.say("luigid notices that the worker is gone (10 s); the same command resumes")
    _await_release(demo)
    statuses.append(demo.run(demo.range_daily(date(2025, 8, 10))))

    demo.say("status of each window")
    statuses.append(demo.run(["python", "-m", "pipeline", "status", "--windows", "9"]))

    demo.say("rows: source = lake = warehouse")
    statuses.append(demo.run(["python", "-m", "pipeline", "verify"]))

    demo.say("the latest status of each parcel, from the view")
    print(f"{LATEST}\n")
    print(shell.table(*shell.warehouse(demo.stack, LATEST)))
    return 0 if not any(statuses) else 1


def _change(demo: Demo, rows: int, at: datetime) -> None:
    with closing(demo.stack.source.connect(root=True)) as connection:
        for table, changes in mutate_settlement(connection, rows=rows, at=at).items():
            print(f"  {table:36} {changes.updated:>9,} updated {changes.inserted:>9,} inserted")


def _kill_half_way(demo: Demo, command: list[str]) -> None:
    """Kill the run and its children once the new window of the big table is in the lake."""
    lake, bucket = demo.stack.lake.client(), demo.stack.environment()["S3_BUCKET_NAME"]
    prefix = f"lake/{BIG.replace('.', '/')}/dt=2025-08-09/"
    run = demo.start(command)
    while not lake.list_objects_v2(Bucket=bucket, Prefix=prefix).get("KeyCount"):
        if run.poll() is not None:
            raise StackError(f"the run ended with status {run.returncode} before it was killed")
        time.sleep(0.05)  # polling interval
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    print(f"  killed: process group {run.pid}")


def _await_release(demo: Demo) -> None:
    """Wait until luigid has released the tasks of the killed worker, at most a minute."""
    port = demo.stack.environment()["LUIGI_SCHEDULER_PORT"]
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with urllib.request.urlopen(
            f"http://127.0.0.1:{port}/api/worker_list", timeout=5
        ) as answer:
            if not json.load(answer)["response"]:
                return
        time.sleep(0.5)  # polling interval
    raise StackError("luigid still considers the killed worker active after a minute")


def _linger(demo: Demo) -> None:
    """Wait for the user before stopping the servers; a script does not wait."""
    port = demo.stack.environment()["LUIGI_SCHEDULER_PORT"]
    if sys.stdin.isatty():
        address = f"http://127.0.0.1:{port}/static/visualiser/index.html"
        input(f"The visualiser is at {address}. Press Enter to stop the servers. ")


if __name__ == "__main__":
    sys.exit(main())
