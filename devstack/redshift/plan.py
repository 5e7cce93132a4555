"""Plans: the actions for one statement of a client."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from devstack.redshift.tokens import Tokens

COMMIT = "COMMIT"


@dataclass(frozen=True)
class Run:
    """Statements for the embedded PostgreSQL, run as one query; the client sees only the answer of `main`.

    `tag` replaces the command tag of the answer, `table` is named in a serialization failure.
    """

    main: str
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    tag: str = ""
    table: str = ""

    @property
    def alone(self) -> bool:
        """Whether there is no statement besides `main`."""
        return not self.before and not self.after

    @property
    def commits(self) -> bool:
        """Whether the statement ends its transaction."""
        return COMMIT in self.after


@dataclass(frozen=True)
class Answer:
    """An answer without PostgreSQL: a command tag, and rows of text if any."""

    tag: str
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str | None, ...], ...] = ()


@dataclass(frozen=True)
class Copy:
    """A COPY from S3, run by the proxy."""

    tokens: Tokens


Plan = Run | Answer | Copy


@dataclass
class Session:
    """The state of the client's session that rewriting may read and change.

    `lookup` queries the embedded PostgreSQL within the session's transaction. This fixes the snapshot, so
    only statements that fix it anyway may use it.
    """

    lookup: Callable[[str], list[list[str | None]]]
    in_block: bool = False
    last_copy_count: int = 0
    last_copy_id: int = -1
    last_query_id: int = -1
    case_sensitive: bool = False
    quoted_null_is_null: bool = True
    settings: dict[str, str] = field(default_factory=dict)
