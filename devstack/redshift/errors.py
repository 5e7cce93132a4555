"""Redshift's errors, and the translation of PostgreSQL's errors into them."""

from __future__ import annotations

import re

INTERNAL = "XX000"
SYNTAX = "42601"
NOT_SUPPORTED = "0A000"
ACTIVE_TRANSACTION = "25001"
FAILED_TRANSACTION = "25P02"
CANCELLED = "57014"


class RedshiftError(Exception):
    """An error for the client: SQLSTATE, primary message, detail and hint."""

    def __init__(
        self, message: str, sqlstate: str = INTERNAL, detail: str = "", hint: str = ""
    ) -> None:
        super().__init__(message)
        self.message = message
        self.sqlstate = sqlstate
        self.detail = detail
        self.hint = hint

    def fields(self) -> dict[str, str]:
        """The error as the fields of an ErrorResponse message."""
        fields = {"S": "ERROR", "C": self.sqlstate, "M": self.message}
        if self.detail:
            fields["D"] = self.detail
        if self.hint:
            fields["H"] = self.hint
        return fields


class BackendError(Exception):
    """An error of the embedded PostgreSQL, with the fields of its ErrorResponse."""

    def __init__(self, fields: dict[str, str]) -> None:
        super().__init__(fields.get("M", ""))
        self.fields = fields


def syntax_error(near: str) -> RedshiftError:
    """A syntax error, in the words of both PostgreSQL and Redshift."""
    return RedshiftError(f'syntax error at or near "{near}"', SYNTAX)


def not_supported(message: str) -> RedshiftError:
    """An error for a feature that Redshift does not implement."""
    return RedshiftError(message, NOT_SUPPORTED)


def failed_transaction() -> RedshiftError:
    """The error for any statement after an error within a transaction block."""
    return RedshiftError(
        "current transaction is aborted, commands ignored until end of transaction block",
        FAILED_TRANSACTION,
    )


def in_transaction_block(command: str) -> RedshiftError:
    """The error for a command that cannot run within a transaction block."""
    return RedshiftError(f"{command} cannot run inside a transaction block", ACTIVE_TRANSACTION)


_NULL_COLUMN = re.compile(r'null value in column "([^"]+)"')


def as_redshift(fields: dict[str, str], table: str = "") -> dict[str, str]:
    """Reword a PostgreSQL error as Redshift does.

    Only errors that the pipeline can meet and that Redshift words differently are changed. Positions are
    dropped, since they refer to the rewritten statement. `table` is named in a serialization failure.
    """
    kept = {key: value for key, value in fields.items() if key in "SCMDH"}
    state = fields.get("C", "")
    if state == "40001":
        return {
            "S": "ERROR",
            "C": INTERNAL,
            "M": "1023",
            "D": f"Serializable isolation violation on table - {table or '0'}, "
            "transactions forming the cycle are: 0, 0 (pid:0)",
        }
    if state == CANCELLED:
        kept["M"] = "Query (0) cancelled on user's request"
    if state == "21000" and "MERGE" in fields.get("M", ""):
        return {"S": "ERROR", "C": INTERNAL, "M": "Found multiple matches to update the same tuple"}
    if state == "23502" and (column := _NULL_COLUMN.search(fields.get("M", ""))):
        kept["C"] = INTERNAL
        kept["M"] = f"Cannot insert a NULL value into column {column[1]}"
        kept.pop("D", None)
    return kept
