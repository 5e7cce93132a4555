"""Settings: where each comes from, what a missing one says, and that no secret shows."""

import os
from collections import Counter
from pathlib import Path

import luigi.configuration
import pytest
from pydantic import BaseModel

from pipeline.config.settings import SECTIONS, Settings, read_settings, variables
from pipeline.errors import ConfigurationError
from tests.support.programs import run_python

SOURCE = {"DB_HOST": "db", "DB_USER": "reader", "DB_PASSWORD": "hush-hush"}


def test_the_environment_comes_before_luigi_cfg_and_that_before_the_default():
    section = {"host": "cfg", "user": "cfg", "password": "cfg", "port": "3307"}
    settings = Settings({"DB_HOST": "environment"}, {"source": section})
    assert (settings.source.host, settings.source.user) == ("environment", "cfg")
    assert (settings.source.port, settings.source.timeout) == (3307, 3600)


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
    shared = {"PIPELINE_SILENCE"}  # of every server
    assert {name for name, count in Counter(names).items() if count > 1} == shared
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


PASSWORDS = ["a${HOME}b", "$HOME", "50%", "%(x)s", "a b", "pässwörd", "c${", "`id`", "$(id)"]


def in_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    for name in ("DB_HOST", "DB_USER", "DB_PASSWORD"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("password", PASSWORDS)
@pytest.mark.parametrize("quote", ["", "'"])
def test_dotenv_gives_a_password_as_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, password: str, quote: str
):
    in_folder(tmp_path, monkeypatch)
    text = f"\ufeffDB_HOST=h\nDB_USER=u\nDB_PASSWORD={quote}{password}{quote}\n"
    (tmp_path / ".env").write_text(text, encoding="utf-8")
    source = read_settings().source
    assert source.password.get_secret_value() == password
    assert source.host == "h"  # the byte order mark is no part of the first name


def test_the_quotes_that_the_template_shows_are_read_as_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    in_folder(tmp_path, monkeypatch)
    template = (Path(__file__).parent.parent.parent / ".env.example").read_text(encoding="utf-8")
    (shown,) = [line.partition("them: ")[2] for line in template.splitlines() if "them: " in line]
    (tmp_path / ".env").write_text(f"DB_HOST=h\nDB_USER=u\n{shown}\n")
    assert read_settings().source.password.get_secret_value() == "it's #1"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("DB_USER=ü".encode("latin-1"), ["line 1 has the byte 0xfc", "iconv -f latin1"]),
        ("DB_USER=u".encode("utf-16"), ["it is UTF-16", "iconv -f utf-16"]),
        (None, ["it is a folder"]),
    ],
)
def test_a_dotenv_that_cannot_be_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None, words: list[str]
):
    in_folder(tmp_path, monkeypatch)
    file = tmp_path / ".env"
    file.mkdir() if content is None else file.write_bytes(content)
    with pytest.raises(ConfigurationError) as raised:
        read_settings()
    for word in [".env", *words]:
        assert word in str(raised.value)


@pytest.mark.parametrize("value", ["50%x", "a%", "${NO_SUCH_VARIABLE_HERE}", "%(no_such)s"])
def test_a_value_that_luigi_cannot_interpolate_is_named_and_not_shown(
    tmp_path: Path, value: str, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "luigi.cfg").write_text(f"[source]\npassword = {value}\n")
    done = run_python("-m", "pipeline", "config", folder=tmp_path, status=41)
    assert "password of [source] in luigi.cfg cannot be read" in done.stderr
    assert "write %% for %" in done.stderr
    assert value not in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "content", ["[source]\nuser=ü".encode("latin-1"), b"user = u\n", b"\xff\xfe"]
)
def test_a_luigi_cfg_that_cannot_be_read_is_one_message(tmp_path: Path, content: bytes):
    (tmp_path / "luigi.cfg").write_bytes(content)
    done = run_python("-m", "pipeline", "config", folder=tmp_path, status=41)
    assert done.stderr.startswith("pipeline: luigi.cfg cannot be read")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("section", "key", "meant"),
    [
        ("pipeline", "stratgy", "strategy"),
        ("pipeline", "Spool", "spool"),
        ("source", "passwrod", "password"),
        ("warehouse", "sslmod", "sslmode"),
        ("lake", "buckets", "bucket"),
        ("bastion", "hosts", "host"),
    ],
)
def test_config_names_a_wrong_key_and_the_right_one(
    tmp_path: Path, section: str, key: str, meant: str
):
    (tmp_path / "luigi.cfg").write_text(f"[{section}]\n{key} = x\n")
    done = run_python("-m", "pipeline", "config", folder=tmp_path, status=41, environment={})
    assert f"{key} is not a setting of [{section}], did you mean {meant}?" in done.stderr
    assert "PIPELINE_STRATEGY" in done.stdout


def test_config_ends_well_where_a_section_is_not_configured(tmp_path: Path):
    run_python("-m", "pipeline", "config", folder=tmp_path, status=0, environment={})


def test_a_variable_with_a_similar_name_is_named():
    with pytest.raises(ConfigurationError, match="password is missing, but DB_PASSWROD is set"):
        _ = Settings({"DB_HOST": "h", "DB_USER": "u", "DB_PASSWROD": "hush-hush"}, {}).source
