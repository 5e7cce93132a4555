"""The kernels of a run that forks: loaded once, by the parent."""

from tests.support.programs import run_python

_FORK = """
import os, sys
import luigi.cmdline
import pipeline
from pipeline.codec.jit import specialisations

def threads():
    return len(os.listdir("/proc/self/task"))

loaded = sum(specialisations().values())
before = threads()
child = os.fork()
if not child:
    loaded = specialisations()
    os._exit(0 if loaded and all(loaded.values()) else 3)
inherited = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
print(loaded, inherited, threads() <= before)
"""


def test_a_forked_process_inherits_the_kernels_and_importing_loads_none() -> None:
    assert run_python("-c", _FORK).stdout.split() == ["0", "True", "True"]
