"""Error classes and the exit status of each.

::

    PipelineError                  30
    ├── ConfigurationError         41   settings, table definitions, command line
    ├── SourceError                42   MySQL or the tunnel to it
    ├── LakeError                  43   S3
    ├── WarehouseError             44   Redshift
    │   └── LoadRefused            44   COPY rejected a value
    ├── DataError                  45   counts that do not match, or a value that cannot be replicated
    │   └── Overtaken              45   another run has read or loaded the window meanwhile
    ├── DiskError                  46   the local disk
    └── SchedulerError             47   luigid

The number is the exit status of a run that failed this way; `docs/exit-codes.md` lists them with
Luigi's own. Errors of third-party libraries are translated where the library is called. An error that
is not translated is a defect of this package and keeps its traceback.
"""

from __future__ import annotations


class PipelineError(Exception):
    """A failure that an operator can act on.

    `what` failed, `why`, and `todo`: the next action. `where` names the table and window; the task
    usually sets it (`at`).
    """

    exit_status = 30

    def __init__(self, what: str, *, why: str = "", todo: str = "", where: str = "") -> None:
        super().__init__(what)
        self.what, self.why, self.todo, self.where = what, why, todo, where

    def at(self, where: str) -> PipelineError:
        """Set the table and window, unless they are set already."""
        self.where = self.where or where
        return self

    def __str__(self) -> str:
        head = f"{self.where}: {self.what}" if self.where else self.what
        lines = [f"{head}: {self.why}" if self.why else head]
        if self.todo:
            lines.append(f"Try: {self.todo}")
        return "\n".join(lines)

    def __reduce__(self) -> tuple[object, ...]:
        # Pickle passes `args` alone, without keyword-only arguments.
        return (_rebuild, (type(self), self.what, self.why, self.todo, self.where))


def _rebuild(
    kind: type[PipelineError], what: str, why: str, todo: str, where: str
) -> PipelineError:
    return kind(what, why=why, todo=todo, where=where)


class ConfigurationError(PipelineError):
    """Invalid settings, table definition or command line; nothing was started."""

    exit_status = 41


class SourceError(PipelineError):
    """A request to MySQL, or the tunnel to it, failed."""

    exit_status = 42


class LakeError(PipelineError):
    """A request to S3 failed."""

    exit_status = 43


class WarehouseError(PipelineError):
    """A request to Redshift failed."""

    exit_status = 44


class LoadRefused(WarehouseError):
    """COPY rejected a value; the message names file, line, column, value and reason."""


class DataError(PipelineError):
    """Counts do not match, or a value cannot be replicated unchanged."""

    exit_status = 45


class Overtaken(DataError):
    """Another run has read, converted or loaded the window meanwhile; this run's result is discarded."""


class DiskError(PipelineError):
    """The local disk is full, or the spool folder cannot be written."""

    exit_status = 46


class SchedulerError(PipelineError):
    """luigid does not answer; no task was started, or those that ran have ended."""

    exit_status = 47
