"""The stand-in's server: a listening socket on 127.0.0.1 and one thread per client."""

from __future__ import annotations

import logging
import socket
import ssl
import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from typing_extensions import Self

from devstack.redshift import wire
from devstack.redshift.backend import Backend, send_cancel
from devstack.redshift.catalog import Journal, open_journal
from devstack.redshift.copy.source import S3Access
from devstack.redshift.errors import BackendError, RedshiftError
from devstack.redshift.executor import Executor
from devstack.redshift.login import Client, check_password, negotiate, welcome
from devstack.redshift.names import LongNames
from devstack.redshift.postgres import Postgres
from devstack.redshift.rewrite.statement import Rewriter
from devstack.redshift.rewrite.views import LateViews
from devstack.redshift.session import ClientSession

_log = logging.getLogger(__name__)

ISOLATION_LEVELS = {"snapshot": "repeatable read", "serializable": "serializable"}


class RedshiftStandIn:
    """A stand-in; as a context manager it starts and stops.

    Args:
        data_dir: the data of the embedded PostgreSQL; created if missing.
        s3_endpoint: URL of the S3 server that COPY reads from; empty for Amazon's own.
        s3_access_key, s3_secret_key, s3_region: used where COPY names an IAM_ROLE.
        user, password, database: the login of clients.
        port: 0 for a free one, available as `port` after `start`.
        quoted_null_is_null: whether a quoted null string loads as NULL, which is undocumented.
        isolation: "snapshot", the default of new Redshift databases, or "serializable".
        tls_certificate, tls_key: PEM files; without them the server declines TLS.

    Raises:
        RuntimeError: PostgreSQL is missing or does not start.
    """

    def __init__(
        self,
        data_dir: Path | str,
        s3_endpoint: str = "",
        s3_access_key: str = "",
        s3_secret_key: str = "",
        s3_region: str = "us-east-1",
        user: str = "awsuser",
        password: str = "",
        database: str = "dev",
        port: int = 0,
        quoted_null_is_null: bool = True,
        isolation: str = "snapshot",
        tls_certificate: Path | None = None,
        tls_key: Path | None = None,
    ) -> None:
        self.user = user
        self.password = password
        self.database = database
        self.port = port
        self._access = S3Access(s3_endpoint, s3_access_key, s3_secret_key, s3_region)
        self._quoted_null_is_null = quoted_null_is_null
        self._isolation = ISOLATION_LEVELS[isolation]
        self._postgres = Postgres(Path(data_dir))
        self._tls: ssl.SSLContext | None = None
        if tls_certificate is not None:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(tls_certificate, tls_key)
        self._clients: dict[threading.Thread, socket.socket] = {}
        self._lock = threading.Lock()
        self._closing = False

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start PostgreSQL, then listen; sets `port`."""
        self._postgres.start()
        try:
            self._journal = open_journal(self._postgres, self.database, self.user, self.password)
            self._prepare()
            self._listener = socket.create_server(("127.0.0.1", self.port), backlog=128)
        except BaseException:
            self._postgres.stop()
            raise
        self.port = self._listener.getsockname()[1]
        self._acceptor = threading.Thread(target=self._accept, name="accept", daemon=True)
        self._acceptor.start()

    def stop(self) -> None:
        """Disconnect all clients and stop PostgreSQL, rolling back open transactions."""
        self._closing = True
        with suppress(OSError):  # it may be closed already
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._acceptor.join()
        with self._lock:
            clients = dict(self._clients)
        for sock in clients.values():
            with suppress(OSError):  # the client may be gone already
                sock.shutdown(socket.SHUT_RDWR)
        self._journal.close()
        self._postgres.stop()
        for thread in clients:
            thread.join()

    def _prepare(self) -> None:
        journal: Journal = self._journal
        self._names = LongNames(journal.remember_name)
        known = journal.query("SELECT short, long FROM standin.long_name")
        self._names.preload({short or "": long or "" for short, long in known})
        views = journal.query(
            "SELECT relname FROM standin.late_view JOIN pg_class ON pg_class.oid = relid"
        )
        self._rewriter = Rewriter(self._names, LateViews({row[0] or "" for row in views}), journal)

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                if self._closing:
                    return
                raise
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            thread = threading.Thread(target=self._serve, args=(sock,), daemon=True)
            with self._lock:
                self._clients[thread] = sock
            thread.start()

    def _serve(self, sock: socket.socket) -> None:
        channel = wire.Channel(sock)
        try:
            channel, client = negotiate(channel, self._tls)
            if client.cancel_key:
                send_cancel(self._postgres.socket_path, client.cancel_key)
            else:
                self._serve_client(channel, client)
        except wire.Disconnected as gone:
            _log.debug("client gone: %s", gone)
        except (RedshiftError, BackendError) as error:
            fields = error.fields() if isinstance(error, RedshiftError) else error.fields
            self._refuse(channel, fields)
        except Exception:
            _log.exception("session ended by an unexpected error")
            self._refuse(channel, {"S": "FATAL", "C": "XX000", "M": "internal error"})
        finally:
            channel.close()
            sock.close()
            with self._lock:
                self._clients.pop(threading.current_thread(), None)

    @staticmethod
    def _refuse(channel: wire.Channel, fields: dict[str, str]) -> None:
        channel.write(wire.error({**fields, "S": "FATAL"}))
        try:
            channel.flush()
        except wire.Disconnected as gone:
            _log.debug("client gone before it was refused: %s", gone)

    def _serve_client(self, channel: wire.Channel, client: Client) -> None:
        check_password(channel, client.user, self._journal.password)
        if client.database != self.database:
            raise RedshiftError(f'database "{client.database}" does not exist', "3D000")
        backend = self._postgres.connect(
            client.user,
            client.database,
            {
                "application_name": client.application,
                "options": "-c default_transaction_isolation="
                + self._isolation.replace(" ", "\\ "),
            },
        )
        try:
            channel.write(welcome(client.user, backend.key))
            channel.flush()
            ClientSession(self._executor(channel, backend)).serve()
        finally:
            self._end(backend)

    def _executor(self, channel: wire.Channel, backend: Backend) -> Executor:
        return Executor(
            channel,
            backend,
            self._journal,
            self._names,
            self._rewriter,
            self._access,
            self._quoted_null_is_null,
        )

    @staticmethod
    def _end(backend: Backend) -> None:
        """Close the backend and cancel its running statement."""
        try:
            backend.cancel()
        except OSError as error:
            _log.debug("PostgreSQL is gone already: %s", error)
        backend.close()
