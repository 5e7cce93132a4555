"""The result of the comparison of one table."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from pipeline.errors import PipelineError


class State(str, enum.Enum):
    """The state of a table; the first that applies counts."""

    NOT_COMPARED = "not compared"
    """An error prevented the comparison."""
    DIFFERS = "differs"
    """Source, lake and warehouse disagree about rows that were loaded."""
    NOT_LOADED = "not loaded"
    """The warehouse has no window of the table."""
    NOT_COVERED = "not covered"
    """The loaded windows agree, but the source has rows that no run has been given to load."""
    PENDING = "pending"
    """The loaded windows agree; later changes are not loaded yet."""
    EQUAL = "equal"
    """Every row of the source is loaded."""

    @property
    def exit_status(self) -> int:
        """1 for rows that are not as they should be; that of an error is the error's own."""
        return int(self in (State.DIFFERS, State.NOT_LOADED))


@dataclass(frozen=True)
class Finding:
    """One reason for a state."""

    state: State
    text: str


@dataclass(frozen=True)
class Verdict:
    """The comparison of a table: windows, rows compared on both sides, and the findings.

    `until` is the end of the loaded windows before the first gap. `omitted` are the columns that are compared
    nowhere, or not in every window, each with the reason.
    """

    table: str
    findings: tuple[Finding, ...] = ()
    until: datetime | None = None
    windows: int = 0
    source_rows: int | None = None
    warehouse_rows: int | None = None
    omitted: tuple[tuple[str, str], ...] = ()
    error: PipelineError | None = None

    @property
    def state(self) -> State:
        """The first state that applies."""
        if self.error is not None:
            return State.NOT_COMPARED
        states = {finding.state for finding in self.findings}
        return next((state for state in State if state in states), State.EQUAL)

    @property
    def reason(self) -> str:
        """The findings in one line, those of the state first."""
        if self.error is not None:
            return str(self.error).replace("\n", "; ")
        ordered = sorted(self.findings, key=lambda finding: list(State).index(finding.state))
        return "; ".join(finding.text for finding in ordered)

    @property
    def exit_status(self) -> int:
        """The exit status that the table alone would cause."""
        return self.error.exit_status if self.error else self.state.exit_status


def counted(state: State, rows: int, text: str) -> list[Finding]:
    """A finding about a number of rows; none for none or fewer."""
    noun = "row" if rows == 1 else "rows"
    return [Finding(state, f"{rows:,} {noun} {text}")] if rows > 0 else []


def some(names: Iterable[str], most: int = 3) -> str:
    """The first names, and the number of the others."""
    all_names: Sequence[str] = list(names)
    rest = f" and {len(all_names) - most} more" if len(all_names) > most else ""
    return ", ".join(all_names[:most]) + rest
