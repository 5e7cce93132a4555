"""What is to be done for one statement of a client."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from devstack.redshift.tokens import Tokens

COMMIT = "COMMIT"


@dataclass(frozen=True)
class Run:
    """Statements for the embedded PostgreSQL, run as one; the client sees only `main`'s answer.

    `tag` replaces the command tag of the answer, `table` is named in a serialization failure.
    """

    main: str
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    tag: str = ""
    table: str = ""

    @property
    def alone(self) -> bool:
        """Whether the statement is nothing but its main part."""
        return not self.before and not self.after

    @property
    def commits(self) -> bool:
        """Whether the client's statement ends the transaction that it runs in."""
        return COMMIT in self.after


@dataclass(frozen=True)
class Answer:
    """An answer that needs no PostgreSQL: a command tag, and rows of text where there are any."""

    tag: str
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str | None, ...], ...] = ()


@dataclass(frozen=True)
class Copy:
    """A COPY from S3, which the proxy carries out itself."""

    tokens: Tokens


Plan = Run | Answer | Copy


@dataclass
class Session:
    """What rewriting may know and change of the client's session.

    `lookup` asks the embedded PostgreSQL within the session's transaction; in a transaction it
    fixes the snapshot, so it is for statements that do so themselves.
    """

    lookup: Callable[[str], list[list[str | None]]]
    in_block: bool = False
    last_copy_count: int = 0
    last_copy_id: int = -1
    last_query_id: int = -1
    case_sensitive: bool = False
    quoted_null_is_null: bool = True
    settings: dict[str, str] = field(default_factory=dict)
