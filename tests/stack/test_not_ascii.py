"""Names, passwords, paths and keys that are not ASCII."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing

import pymysql
import pytest

from pipeline.config.settings import settings
from pipeline.errors import ConfigurationError, LakeError, SourceError, WarehouseError
from pipeline.lake.s3 import store
from pipeline.source import connection as mysql
from pipeline.warehouse import connection as redshift
from tests.support.world import World, day

WINDOW = day("2025-08-01")
USER, PASSWORD = "übertragung", "pässwörd€ 密"


@pytest.fixture
def account(world: World) -> Iterator[str]:
    """The name of a source account that each test creates with its own authentication plugin."""
    yield USER
    world.sql(f"DROP USER IF EXISTS '{USER}'@'127.0.0.1'")


def log_in(world: World, monkeypatch: pytest.MonkeyPatch, identified: str) -> None:
    world.sql(
        f"CREATE USER '{USER}'@'127.0.0.1' IDENTIFIED {identified}",
        f"GRANT {world.stack.source.reader_rights} ON *.* TO '{USER}'@'127.0.0.1'",
    )
    monkeypatch.setenv("DB_USER", USER)
    monkeypatch.setenv("DB_PASSWORD", PASSWORD)
    world.forget()
    for _ in range(2):  # the second is the fast path of caching_sha2_password
        with mysql.connected(settings().source) as connection:
            assert str(mysql.scalar(connection, "SELECT USER()")).startswith(USER)


def test_a_password_that_is_not_ascii_logs_in_to_mariadb(
    world: World, account: str, monkeypatch: pytest.MonkeyPatch
):
    log_in(world, monkeypatch, f"BY '{PASSWORD}'")


@pytest.mark.source("mariadb")
def test_a_password_that_is_not_ascii_logs_in_by_ed25519(
    world: World, account: str, monkeypatch: pytest.MonkeyPatch
):
    with closing(world.source()) as root, root.cursor() as cursor:
        try:
            cursor.execute("INSTALL SONAME 'auth_ed25519'")
        except pymysql.err.OperationalError as error:
            pytest.skip(f"this MariaDB has no such plugin: {error.args[1]}")
        try:
            log_in(world, monkeypatch, f"VIA ed25519 USING PASSWORD('{PASSWORD}')")
        finally:
            cursor.execute(f"DROP USER '{USER}'@'127.0.0.1'")
            cursor.execute("UNINSTALL SONAME 'auth_ed25519'")


@pytest.mark.source("mysql")
@pytest.mark.parametrize("plugin", ["caching_sha2_password", "sha256_password"])
def test_a_password_that_is_not_ascii_logs_in_to_mysql(
    world: World, account: str, monkeypatch: pytest.MonkeyPatch, plugin: str
):
    log_in(world, monkeypatch, f"WITH {plugin} BY '{PASSWORD}'")


@pytest.mark.parametrize("password", [PASSWORD, "pässwörd", "\udce4"])
def test_a_wrong_password_that_is_not_ascii_is_refused_in_words(
    world: World, monkeypatch: pytest.MonkeyPatch, password: str
):
    monkeypatch.setenv("DB_PASSWORD", password)
    monkeypatch.setenv("REDSHIFT_PASSWORD", password)
    world.forget()
    with (
        pytest.raises((SourceError, ConfigurationError), match="DB_PASSWORD"),
        mysql.connected(settings().source),
    ):
        pass
    with (
        pytest.raises((WarehouseError, ConfigurationError), match="REDSHIFT_PASSWORD"),
        redshift.connected(settings().warehouse),
    ):
        pass


@pytest.mark.local
def test_a_database_and_user_of_the_warehouse_that_are_not_ascii_are_named(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("REDSHIFT_DATABASE", "dätabase")
    world.forget()
    with (
        pytest.raises(WarehouseError, match=r"(?s)dätabase.*REDSHIFT_DATABASE"),
        redshift.connected(settings().warehouse),
    ):
        pass
    monkeypatch.setenv("REDSHIFT_USER", "nutzér")
    world.forget()
    with (
        pytest.raises(WarehouseError, match=r"(?s)nutzér.*REDSHIFT_USER"),
        redshift.connected(settings().warehouse),
    ):
        pass


@pytest.mark.local
@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
def test_database_table_prefix_and_paths_that_are_not_ascii_are_loaded(world: World, locale: str):
    database = f"{world.name}_größe"
    spool, configs = world.folder / "späne", world.folder / "définitions 配置"
    (configs / "views").mkdir(parents=True)
    definition = {"tables": {f"{database}.bestellungen_ü": {"cursor": "geändert"}}}
    (configs / "tables.yml").write_text(
        json.dumps(definition, ensure_ascii=False), encoding="utf-8"
    )
    (configs / "views" / "übersicht.sql").write_text(
        "SELECT größe FROM {schema}.bestellungen_ü", encoding="utf-8"
    )
    world.sql(
        f"CREATE DATABASE {database}",
        f"CREATE TABLE {database}.bestellungen_ü (id INT PRIMARY KEY, größe VARCHAR(9),"
        " geändert DATETIME NOT NULL, INDEX (geändert))",
        f"INSERT INTO {database}.bestellungen_ü VALUES (1, 'groß', '2025-08-01 10:00')",
    )
    try:
        world.luigi(
            *("RefreshViews", "--table", f"{database}.bestellungen_ü", "--window", WINDOW.name),
            PIPELINE_SPOOL=str(spool),
            PIPELINE_CONFIGS=str(configs),
            S3_PREFIX=f"{world.name}/präfix 1+2%",
            LC_ALL=locale,
        )
    finally:
        world.sql(f"DROP DATABASE {database}")
    assert world.query("SELECT größe FROM {schema}.übersicht") == [("groß",)]


@pytest.mark.local
@pytest.mark.parametrize(
    "variable", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "S3_BUCKET_NAME", "S3_REGION"]
)
def test_a_setting_of_s3_that_cannot_be_ascii_is_named(
    world: World, monkeypatch: pytest.MonkeyPatch, variable: str
):
    monkeypatch.setenv(variable, "schlüssel-€")
    world.forget()
    with pytest.raises((LakeError, ConfigurationError), match=variable):
        store(settings().lake).check()


@pytest.mark.local
def test_a_host_name_that_is_no_name_is_reported(world: World, monkeypatch: pytest.MonkeyPatch):
    name = "späm€" + 70 * "ü" + ".example"
    monkeypatch.setenv("DB_HOST", name)
    monkeypatch.setenv("REDSHIFT_HOST", name)
    world.forget()
    with pytest.raises(SourceError, match="DB_HOST"), mysql.connected(settings().source):
        pass
    with (
        pytest.raises(WarehouseError, match="REDSHIFT_HOST"),
        redshift.connected(settings().warehouse),
    ):
        pass
