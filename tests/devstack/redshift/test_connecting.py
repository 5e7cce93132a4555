"""How a client gets in, and what the server says about itself."""

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from devstack.redshift.server import RedshiftStandIn
from tests.devstack.redshift.conftest import PASSWORD, Warehouse, start_standin


def test_the_version_is_the_one_that_redshift_reports(connect: Callable[..., Any]) -> None:
    connection = connect()
    assert connection.server_version == 80002
    with connection.cursor() as cursor:
        cursor.execute("SELECT version()")
        assert "PostgreSQL 8.0.2 on i686-pc-linux-gnu" in (version := cursor.fetchone()[0])
    assert "Redshift 1.0." in version


def test_the_client_encoding_is_unicode_and_text_survives(connect: Callable[..., Any]) -> None:
    connection = connect()
    assert connection.encoding == "UNICODE"
    assert connection.get_parameter_status("client_encoding") == "UNICODE"
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s", ("包裹 😀 é",))
        assert cursor.fetchone()[0] == "包裹 😀 é"


def test_standard_conforming_strings_is_not_reported(connect: Callable[..., Any]) -> None:
    """So libpq doubles backslashes in literals, and the server reads them as escapes."""
    connection = connect()
    assert connection.get_parameter_status("standard_conforming_strings") is None
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s, 'a\\\\b', length('\\\\N')", (r"back\slash",))
        assert cursor.fetchone() == (r"back\slash", "a\\b", 2)


def test_a_wrong_password_is_refused(connect: Callable[..., Any]) -> None:
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        connect(password="wrong")


def test_an_unknown_user_is_refused_like_a_wrong_password(connect: Callable[..., Any]) -> None:
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        connect(user="nobody")


def test_an_unknown_database_is_refused(connect: Callable[..., Any]) -> None:
    with pytest.raises(psycopg2.OperationalError, match='database "other" does not exist'):
        connect(dbname="other")


def test_a_created_user_logs_in_with_its_password(
    warehouse: Warehouse, connect: Callable[..., Any], schema: str
) -> None:
    """Documentation: "CREATE USER"."""
    warehouse.run("CREATE USER loader PASSWORD 'Loader-1'")
    warehouse.run("CREATE TABLE t (a int)")
    other = Warehouse(connect(user="loader", password="Loader-1"), warehouse.lake)
    assert other.refused(f"SELECT * FROM {schema}.t").pgcode == "42501"
    warehouse.run(f"GRANT USAGE ON SCHEMA {schema} TO loader")
    warehouse.run("GRANT SELECT ON t TO loader")
    assert other.run(f"SELECT * FROM {schema}.t") == []


def test_tls_is_declined_where_no_certificate_is_configured(connect: Callable[..., Any]) -> None:
    assert not connect(sslmode="prefer").info.ssl_in_use
    with pytest.raises(psycopg2.OperationalError, match="server does not support SSL"):
        connect(sslmode="require")


def _certificate(directory: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem, secret = directory / "cert.pem", directory / "key.pem"
    pem.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return pem, secret


def test_tls_is_spoken_and_verifiable_with_a_certificate(tmp_path: Path) -> None:
    pem, secret = _certificate(tmp_path)
    with RedshiftStandIn(
        tmp_path / "data", password=PASSWORD, tls_certificate=pem, tls_key=secret
    ) as server:
        connection = psycopg2.connect(
            host="localhost",
            hostaddr="127.0.0.1",
            port=server.port,
            user="awsuser",
            password=PASSWORD,
            dbname="dev",
            sslmode="verify-full",
            sslrootcert=str(pem),
        )
        assert connection.info.ssl_in_use
        connection.close()


def test_what_was_committed_survives_a_kill_and_what_was_not_does_not(tmp_path: Path) -> None:
    server = start_standin(tmp_path)
    try:
        with server.connect() as connection, connection.cursor() as cursor:
            cursor.execute("CREATE TABLE kept (a int)")
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO kept VALUES (1)")  # never committed
            server.process.kill()
            server.process.wait()
        server = start_standin(tmp_path)
        with server.connect() as connection, connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM kept")
            assert cursor.fetchone() == (0,)
    finally:
        server.process.terminate()
        assert server.process.wait(60) == 0
    assert not (tmp_path / "data" / "postgres" / "postmaster.pid").exists()
