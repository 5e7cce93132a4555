"""Settings: where each comes from, what a missing one says, and that no secret shows."""

import os
from pathlib import Path

import luigi.configuration
import pytest
from pydantic import BaseModel

from pipeline.config.settings import SECTIONS, Settings, read_settings, variables
from pipeline.errors import ConfigurationError

SOURCE = {"DB_HOST": "db", "DB_USER": "reader", "DB_PASSWORD": "hush-hush"}


def test_the_environment_comes_before_luigi_cfg_and_that_before_the_default():
    section = {"host": "cfg", "user": "cfg", "password": "cfg", "port": "3307"}
    settings = Settings({"DB_HOST": "environment"}, {"source": section})
    assert (settings.source.host, settings.source.user) == ("environment", "cfg")
    assert (settings.source.port, settings.source.timeout) == (3307, 600)


def test_dotenv_stands_between_the_environment_and_luigi_cfg(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text(
        "DB_HOST=dotenv\nDB_USER=dotenv\nDB_PASSWORD='a b#c'\nDB_PORT=1\n"
    )
    for name in ("DB_HOST", "DB_USER", "DB_PASSWORD", "DB_PORT", "DB_CLOSING_LAG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DB_HOST", "environment")
    parser = luigi.configuration.get_config()
    monkeypatch.setattr(parser, "has_section", lambda name: name == "source")
    monkeypatch.setattr(parser, "items", lambda _: [("user", "cfg"), ("lag", "7")])
    source = read_settings().source
    assert (source.host, source.user, source.port, source.lag) == ("environment", "dotenv", 1, 7)
    assert source.password.get_secret_value() == "a b#c"


def test_an_empty_variable_counts_as_unset():
    settings = Settings({**SOURCE, "DB_PORT": ""}, {"source": {"port": ""}})
    assert settings.source.port == 3306


def test_every_missing_setting_is_named_with_its_variable():
    with pytest.raises(ConfigurationError) as raised:
        _ = Settings({"DB_HOST": "db"}, {}).source
    told = str(raised.value)
    assert "[source]" in told
    assert "user is missing; password is missing" in told
    assert "set DB_USER, DB_PASSWORD in the environment or .env, or [source] in luigi.cfg" in told


@pytest.mark.parametrize(
    ("variable", "value"),
    [("DB_PORT", "70000"), ("DB_PORT", "x"), ("DB_CLOSING_LAG", "-1"), ("DB_TIMEOUT", "0")],
)
def test_a_value_out_of_range_is_refused_without_being_shown_with_others(variable: str, value: str):
    with pytest.raises(ConfigurationError) as raised:
        _ = Settings({**SOURCE, variable: value}, {}).source
    assert variable in str(raised.value)
    assert "hush-hush" not in str(raised.value)


def test_an_unknown_key_of_a_section_is_refused():
    with pytest.raises(ConfigurationError, match="hots"):
        _ = Settings(SOURCE, {"source": {"hots": "db"}}).source


def test_a_section_is_read_when_it_is_asked_for():
    settings = Settings(SOURCE, {})
    assert settings.source.host == "db"
    with pytest.raises(ConfigurationError, match="warehouse"):
        _ = settings.warehouse


def test_no_bastion_without_a_host():
    assert Settings({"SSH_BASTION_USER": "me"}, {}).bastion is None
    assert Settings({"SSH_BASTION_HOST": "b"}, {}).bastion is not None


def test_secrets_show_in_no_repr():
    environment = {
        **SOURCE,
        "S3_BUCKET_NAME": "b",
        "AWS_SECRET_ACCESS_KEY": "hush-hush",
        "AWS_SESSION_TOKEN": "hush-hush",
        "REDSHIFT_HOST": "r",
        "REDSHIFT_USER": "u",
        "REDSHIFT_PASSWORD": "hush-hush",
        "REDSHIFT_DATABASE": "d",
    }
    settings = Settings(environment, {"source": {"password": "hush-hush"}})
    for thing in (
        settings,
        settings.source,
        settings.lake,
        settings.warehouse,
        vars(settings.lake),
    ):
        assert "hush-hush" not in repr(thing)
        assert "hush-hush" not in str(thing)


def test_no_two_settings_share_a_variable():
    models: list[type[BaseModel]] = list(SECTIONS.values())
    names = [name for model in models for name in variables(model).values()]
    assert len(names) == len(set(names))
    assert not set(names) & {"PATH", "HOME"} & set(os.environ)


def test_the_schema_is_named_as_redshift_s_catalog_has_it():
    """It folds names to lower case; asked for another spelling, the catalog shows no columns."""
    environment = {
        "REDSHIFT_HOST": "r",
        "REDSHIFT_USER": "u",
        "REDSHIFT_PASSWORD": "p",
        "REDSHIFT_DATABASE": "d",
    }
    settings = Settings({**environment, "REDSHIFT_SCHEMA": "Reporting"}, {})
    assert settings.warehouse.schema_name == "reporting"
    with pytest.raises(ConfigurationError, match="REDSHIFT_SCHEMA"):
        _ = Settings({**environment, "REDSHIFT_SCHEMA": "x" * 128}, {}).warehouse
