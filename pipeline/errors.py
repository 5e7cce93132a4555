"""What can go wrong, and whose fault it is.

::

    PipelineError                  30
    ├── ConfigurationError         41   settings, table definitions, command line
    ├── SourceError                42   MySQL or the way to it
    ├── LakeError                  43   S3
    ├── WarehouseError             44   Redshift
    │   └── LoadRefused            44   COPY found a value it cannot load
    └── DataError                  45   figures that should agree do not, or a value cannot be carried

The number is the exit status of a run that failed this way; `docs/exit-codes.md` lists them beside
Luigi's own. Errors of foreign libraries are translated at the store that calls the library and
nowhere else; what is not translated is a defect of this package and keeps its traceback.
"""

from __future__ import annotations


class PipelineError(Exception):
    """A failure that a person can act on.

    `what` failed, `why`, and `todo`: the next thing to do. `where` names the table and window and is
    usually filled in by the task, which knows them (`at`).
    """

    exit_status = 30

    def __init__(self, what: str, *, why: str = "", todo: str = "", where: str = "") -> None:
        super().__init__(what)
        self.what, self.why, self.todo, self.where = what, why, todo, where

    def at(self, where: str) -> PipelineError:
        """Name the table and window, unless somebody closer to the fault already did."""
        self.where = self.where or where
        return self

    def __str__(self) -> str:
        head = f"{self.where}: {self.what}" if self.where else self.what
        lines = [f"{head}: {self.why}" if self.why else head]
        if self.todo:
            lines.append(f"Try: {self.todo}")
        return "\n".join(lines)

    def __reduce__(self) -> tuple[object, ...]:
        # An exception with keyword-only arguments does not cross a process boundary by itself.
        return (_rebuild, (type(self), self.what, self.why, self.todo, self.where))


def _rebuild(
    kind: type[PipelineError], what: str, why: str, todo: str, where: str
) -> PipelineError:
    return kind(what, why=why, todo=todo, where=where)


class ConfigurationError(PipelineError):
    """Settings, a table's definition or the command line are wrong; nothing was started."""

    exit_status = 41


class SourceError(PipelineError):
    """MySQL, or the tunnel to it, did not do what was asked."""

    exit_status = 42


class LakeError(PipelineError):
    """S3 did not do what was asked."""

    exit_status = 43


class WarehouseError(PipelineError):
    """Redshift did not do what was asked."""

    exit_status = 44


class LoadRefused(WarehouseError):
    """COPY refused a value; the message carries file, line, column, value and reason."""


class DataError(PipelineError):
    """Figures that must agree do not, or a value cannot be carried without changing it."""

    exit_status = 45
