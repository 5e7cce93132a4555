"""A `luigi` command line that dies at a chosen point, as by kill -9 or a power cut.

    python -m tests.support.killed POINT ARGUMENT…
    python -m tests.support.killed POINT pipeline COMMAND ARGUMENT…     # an operator's command

POINT is ``module:function:before`` or ``…:after``: the first call of that function is the end of the
command and of every process it has forked. With ``…:after:alone`` only the calling process dies, with
``…:after:of=load`` the first call that has an argument of that text ends it.
"""

from __future__ import annotations

import functools
import importlib
import os
import signal
import sys
from typing import Any

from luigi.cmdline import luigi_run

from pipeline.cli.main import main


def arm(point: str) -> None:
    """Replace the function of `point` by one that kills."""
    module, path, when, *options = point.split(":")
    of = next((each.removeprefix("of=") for each in options if each.startswith("of=")), None)
    *owners, name = path.split(".")
    owner: Any = functools.reduce(getattr, owners, importlib.import_module(module))
    original = getattr(owner, name)

    @functools.wraps(original)
    def deadly(*arguments: Any, **named: Any) -> Any:
        if of is None or of in map(str, arguments):
            die(*arguments, **named)
        return original(*arguments, **named)

    def die(*arguments: Any, **named: Any) -> None:
        if when == "after":
            original(*arguments, **named)
        if "alone" in options:
            os.kill(os.getpid(), signal.SIGKILL)
        os.killpg(0, signal.SIGKILL)

    setattr(owner, name, deadly)
    for importer in [each for key, each in sys.modules.items() if key.startswith("pipeline")]:
        if vars(importer).get(name) is original:  # imported by its name
            setattr(importer, name, deadly)


if __name__ == "__main__":
    os.setpgid(0, 0)  # whoever started this stays alive
    arm(sys.argv[1])
    if sys.argv[2] == "pipeline":
        sys.exit(main(sys.argv[3:]))
    luigi_run(sys.argv[2:])
