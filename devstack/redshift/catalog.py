"""The database that clients see, created at the first start with Redshift's catalogue."""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path

from devstack.redshift.backend import Backend, literal
from devstack.redshift.postgres import SUPERUSER, Postgres
from devstack.redshift.tokens import quote

_SCRIPTS = sorted((Path(__file__).parent / "sql").glob("*.sql"))


class Journal:
    """Data that outlives the client's transaction: load errors, long names, accounts.

    One autocommit connection of the proxy, shared by all sessions.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._lock = threading.Lock()

    def query(self, sql: str) -> list[list[str | None]]:
        """Run one statement and commit it; returns its rows as text."""
        with self._lock:
            return self._backend.query(sql)

    def insert(self, table: str, row: dict[str, str | int | None]) -> None:
        """Add a row to a table of schema standin."""
        values = (literal(None if value is None else str(value)) for value in row.values())
        columns = ", ".join(quote(name) for name in row)
        self.query(f"INSERT INTO standin.{table} ({columns}) VALUES ({', '.join(values)})")

    def next_query_id(self) -> int:
        """A number for a statement, as in the query column of the system tables."""
        return int(self.query("SELECT nextval('standin.query_id')")[0][0] or 0)

    def remember_name(self, short: str, long: str) -> None:
        """Store the long name of a shortened identifier."""
        self.query(
            f"INSERT INTO standin.long_name VALUES ({literal(short)}, {literal(long)})"
            " ON CONFLICT DO NOTHING"
        )

    def set_password(self, user: str, password: str) -> None:
        """Store the password of `user`."""
        self.query(
            f"INSERT INTO standin.account VALUES ({literal(user)}, {literal(password)})"
            " ON CONFLICT (name) DO UPDATE SET password = excluded.password"
        )

    def password(self, user: str) -> str | None:
        """The password of `user`, or None if there is no such account."""
        rows = self.query(f"SELECT password FROM standin.account WHERE name = {literal(user)}")
        return rows[0][0] if rows else None

    def close(self) -> None:
        """Close the connection."""
        self._backend.close()


def open_journal(postgres: Postgres, database: str, user: str, password: str) -> Journal:
    """Create database and user if they are missing, and connect to the database.

    A database of another version of the scripts is refused; its data directory must be removed.
    """
    bootstrap = "\n".join(script.read_text() for script in _SCRIPTS)
    fingerprint = hashlib.sha256(bootstrap.encode()).hexdigest()[:16]
    server = postgres.connect(SUPERUSER, "postgres")
    try:
        if not server.query(f"SELECT FROM pg_roles WHERE rolname = {literal(user)}"):
            server.query(f"CREATE ROLE {quote(user)} LOGIN SUPERUSER")
        made = server.query(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database"
            f" WHERE datname = {literal(database)}"
        )
        if not made:
            _create_database(postgres, server, database, user, bootstrap, fingerprint)
        elif made[0][0] != fingerprint:
            raise RuntimeError(
                f"{postgres.directory} was made by another version of the stand-in: remove it"
            )
    finally:
        server.close()
    journal = Journal(postgres.connect(SUPERUSER, database))
    journal.set_password(user, password)
    return journal


def _create_database(
    postgres: Postgres, server: Backend, database: str, user: str, script: str, fingerprint: str
) -> None:
    """Create the database under a temporary name, so that an incomplete one is never used."""
    passing = quote(f"{database} in the making")
    server.query(f"DROP DATABASE IF EXISTS {passing}")
    server.query(f"CREATE DATABASE {passing} TEMPLATE template0 OWNER {quote(user)}")
    settings = {"allow_system_table_mods": "on", "standard_conforming_strings": "on"}
    backend = postgres.connect(SUPERUSER, f"{database} in the making", settings)
    try:
        backend.query(script)
    finally:
        backend.close()
    server.query(f"COMMENT ON DATABASE {passing} IS {literal(fingerprint)}")
    server.query(f"ALTER DATABASE {passing} RENAME TO {quote(database)}")
