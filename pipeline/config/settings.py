"""Settings: addresses and credentials of the servers, parameters of a run.

Each setting comes from the environment, else from `.env` in the working directory, else from its
section of `luigi.cfg`, else it has the default below. A section is validated on first use: a backup
needs no warehouse.
"""

from __future__ import annotations

import difflib
import io
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Literal, TypeVar

from dotenv import dotenv_values
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic.fields import FieldInfo

from pipeline.config.luigi_cfg import sections_of_luigi_cfg
from pipeline.config.text_files import read_text
from pipeline.errors import ConfigurationError
from pipeline.model.identifiers import fold
from pipeline.model.suggestion import with_suggestion
from pipeline.model.timezones import zone_named


def _setting(
    default: Any, env: str, description: str, also: tuple[str, ...] = (), **limits: Any
) -> Any:
    """A setting with its environment variable; `also` are other tools' variables for it."""
    names: dict[str, Any] = {"env": env, "also": list(also)}
    return Field(default, description=description, json_schema_extra=names, **limits)


def _silence() -> Any:
    """The limit of a silent peer, which every server has, by one variable."""
    return _setting(
        180,
        "PIPELINE_SILENCE",
        "seconds of silence after which a connection is given up, unless the server still works on the "
        "statement",
        ge=1,
    )


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Source(_Section):
    """The MySQL server that tables are read from: section `[source]`."""

    host: str = _setting(..., "DB_HOST", "host name, as seen from the bastion if there is one")
    port: int = _setting(3306, "DB_PORT", "port", ge=1, le=65535)
    user: str = _setting(
        ...,
        "DB_USER",
        "user; needs SELECT, PROCESS to see open transactions, and on a replica REPLICATION CLIENT "
        "(MariaDB: SLAVE MONITOR) to see its lag",
    )
    password: SecretStr = _setting(..., "DB_PASSWORD", "password")
    database: str = _setting("", "DB_DATABASE", "database of tables named without one")
    ssl_ca: Path | None = _setting(
        None, "DB_SSL_CA", "CA file; requires TLS with a certificate of this authority"
    )
    lag: int = _setting(
        60, "DB_CLOSING_LAG", "seconds from a window's end until it may be read", ge=0
    )
    timezone: str | None = _setting(
        None,
        "DB_TIMEZONE",
        "zone of the local time in DATETIME columns, such as UTC, Europe/Berlin or +05:30; "
        "default: UTC, if the server's zone is UTC",
    )
    timeout: int = _setting(
        3600,
        "DB_TIMEOUT",
        "seconds without data before the connection is given up, even if the server still works",
        ge=1,
    )
    lock_wait: int = _setting(
        120,
        "DB_LOCK_WAIT",
        "seconds that a read waits for a table's lock, as of an ALTER; at most half of DB_TIMEOUT",
        ge=1,
    )
    silence: int = _silence()

    @field_validator("timezone")
    @classmethod
    def _is_a_zone(cls, value: str | None) -> str | None:
        return value and zone_named(value).name


class Bastion(_Section):
    """The SSH bastion in front of the source: section `[bastion]`; none without a host."""

    host: str = _setting("", "SSH_BASTION_HOST", "host name; empty for a direct connection")
    port: int = _setting(22, "SSH_BASTION_PORT", "port", ge=1, le=65535)
    user: str = _setting("", "SSH_BASTION_USER", "user; empty for this one")
    key_path: Path | None = _setting(
        None, "SSH_BASTION_KEY_PATH", "private key file; empty for the keys of an SSH agent"
    )
    key_passphrase: SecretStr | None = _setting(
        None, "SSH_BASTION_KEY_PASSPHRASE", "passphrase of the private key"
    )
    known_hosts: Path = _setting(
        Path("~/.ssh/known_hosts"), "SSH_BASTION_KNOWN_HOSTS", "file with the bastion's host key"
    )
    warehouse: bool = _setting(
        False, "SSH_BASTION_WAREHOUSE", "whether the warehouse is behind the bastion as well"
    )
    silence: int = _silence()


class Lake(_Section):
    """The S3 bucket: section `[lake]`. Without keys boto3's credential chain (role, profile) applies."""

    bucket: str = _setting(..., "S3_BUCKET_NAME", "bucket")
    region: str = _setting(
        "us-east-1", "S3_REGION", "region", also=("AWS_REGION", "AWS_DEFAULT_REGION")
    )
    prefix: str = _setting("", "S3_PREFIX", "key prefix of everything the pipeline writes")
    endpoint: str | None = _setting(
        None, "AWS_ENDPOINT_URL_S3", "endpoint of an S3 server other than AWS"
    )
    access_key_id: str | None = _setting(None, "AWS_ACCESS_KEY_ID", "access key")
    secret_access_key: SecretStr | None = _setting(None, "AWS_SECRET_ACCESS_KEY", "secret key")
    session_token: SecretStr | None = _setting(None, "AWS_SESSION_TOKEN", "session token")
    part_size: int = _setting(16, "S3_PART_SIZE_MB", "MiB of a part of a multipart upload", ge=5)
    concurrency: int = _setting(4, "S3_CONCURRENCY", "parts uploaded in parallel", ge=1)
    silence: int = _silence()


class Warehouse(_Section):
    """The Redshift cluster or workgroup: section `[warehouse]`."""

    host: str = _setting(..., "REDSHIFT_HOST", "endpoint")
    port: int = _setting(5439, "REDSHIFT_PORT", "port", ge=1, le=65535)
    user: str = _setting(..., "REDSHIFT_USER", "user")
    password: SecretStr = _setting(..., "REDSHIFT_PASSWORD", "password")
    database: str = _setting(..., "REDSHIFT_DATABASE", "database")
    schema_name: str = _setting("public", "REDSHIFT_SCHEMA", "schema of the loaded tables")
    sslmode: Literal["disable", "allow", "prefer", "require", "verify-ca", "verify-full"] = (
        _setting("verify-full", "REDSHIFT_SSLMODE", "libpq's sslmode")
    )
    sslrootcert: Path | None = _setting(None, "REDSHIFT_SSLROOTCERT", "CA bundle of the server")
    iam_role: str | None = _setting(
        None, "REDSHIFT_IAM_ROLE", "role that COPY reads S3 with ('default' or an ARN)"
    )
    statement_timeout: int = _setting(
        3600, "REDSHIFT_STATEMENT_TIMEOUT", "seconds a statement may take", ge=1
    )
    silence: int = _silence()

    @field_validator("schema_name")
    @classmethod
    def _as_the_catalog_has_it(cls, value: str) -> str:
        return fold(value)


Strategy = Literal["sequential", "inter-table", "intra-table"]


class Run(_Section):
    """Parameters of a run: section `[pipeline]`."""

    strategy: Strategy = _setting("intra-table", "PIPELINE_STRATEGY", "what runs in parallel")
    configs: Path = _setting(Path("configs"), "PIPELINE_CONFIGS", "folder of table definitions")
    spool: Path = _setting(
        Path(".spool"), "PIPELINE_SPOOL", "folder for rows until their upload to S3"
    )
    chunk_mb: int = _setting(
        1024, "PIPELINE_CHUNK_MB", "approximate MB of the source's storage per chunk", ge=1
    )
    spool_gb: int = _setting(
        20, "PIPELINE_SPOOL_GB", "GB of uploaded rows the spool may keep for ConvertCSV", ge=0
    )
    csv_part_mb: int = _setting(
        64, "PIPELINE_CSV_PART_MB", "MiB of text per CSV part, before compression", ge=1
    )
    csv_compression: Literal["zstd", "gzip"] = _setting(
        "zstd", "PIPELINE_CSV_COMPRESSION", "compression of CSV parts"
    )

    @field_validator("spool", mode="before")
    @classmethod
    def _is_a_folder(cls, value: Any) -> Any:
        if "://" in str(value):
            raise ValueError(f"{value} is not a local folder")
        return value


SECTIONS: dict[str, type[_Section]] = {
    "source": Source,
    "bastion": Bastion,
    "lake": Lake,
    "warehouse": Warehouse,
    "pipeline": Run,
}
SectionT = TypeVar("SectionT", bound=_Section)


@dataclass(frozen=True)
class Settings:
    """All sections, each validated on first use, which raises ConfigurationError.

    `environment` maps variable names to values, `sections` the names of `luigi.cfg`'s sections to
    their keys.
    """

    environment: Mapping[str, str] = field(repr=False)  # holds passwords in plain text
    sections: Mapping[str, Mapping[str, str]] = field(repr=False)

    @cached_property
    def source(self) -> Source:
        """The MySQL server."""
        return self._section("source", Source)

    @cached_property
    def bastion(self) -> Bastion | None:
        """The SSH bastion, if one is configured."""
        bastion = self._section("bastion", Bastion)
        return bastion if bastion.host else None

    @cached_property
    def lake(self) -> Lake:
        """The S3 bucket."""
        return self._section("lake", Lake)

    @cached_property
    def warehouse(self) -> Warehouse:
        """The Redshift cluster or workgroup."""
        return self._section("warehouse", Warehouse)

    @cached_property
    def run(self) -> Run:
        """The parameters of a run."""
        return self._section("pipeline", Run)

    @property
    def default_database(self) -> str:
        """The database of tables named without one; needs no valid `[source]`."""
        section = self.sections.get("source", {})
        return self.environment.get("DB_DATABASE") or section.get("database", "")

    def configures(self, name: str) -> bool:
        """Whether a section is in use: it requires no setting, has one that it requires, or a wrong key."""
        fields = SECTIONS[name].model_fields
        required = {key for key, info in fields.items() if info.is_required()}
        values = self._values(name, SECTIONS[name]).keys()
        return not required or bool(values & required or values - fields.keys())

    def _values(self, name: str, model: type[BaseModel]) -> dict[str, str]:
        values = {key: value for key, value in self.sections.get(name, {}).items() if value}
        for key, info in model.model_fields.items():
            if value := next(filter(None, map(self.environment.get, _variables(info))), None):
                values[key] = value
        return values

    def _section(self, name: str, model: type[SectionT]) -> SectionT:
        try:
            values = self._values(name, model)
            _refuse_undecodable(name, model, values)
            return model.model_validate(values)
        except ValidationError as error:
            raise _invalid(name, model, error, self.environment) from None


def variables(model: type[BaseModel]) -> dict[str, str]:
    """The environment variable of each setting of a section."""
    return {key: _variables(field)[0] for key, field in model.model_fields.items()}


def _variables(field: FieldInfo) -> list[str]:
    names: Any = field.json_schema_extra
    return [names["env"], *names["also"]]


def _refuse_undecodable(name: str, model: type[BaseModel], values: Mapping[str, str]) -> None:
    """Raise ConfigurationError for a value of bytes other than UTF-8; a path may have any."""
    for key, info in model.model_fields.items():
        text = values.get(key, "")
        is_path = info.annotation in (Path, Path | None)
        if not is_path and any("\udc80" <= character <= "\udcff" for character in text):
            variable = _variables(info)[0]
            raise ConfigurationError(
                f"{variable} is not UTF-8",
                why=f"the environment's value of `{key}` in [{name}] has bytes of another encoding",
                todo=f"set {variable} from a UTF-8 terminal or file",
            )


def _invalid(
    name: str, model: type[BaseModel], error: ValidationError, environment: Mapping[str, str]
) -> ConfigurationError:
    names = variables(model)
    reasons, cures = [], []
    for fault in error.errors(include_input=False):
        key = str(fault["loc"][0])
        if fault["type"] == "extra_forbidden":
            reasons.append(with_suggestion(f"{key} is not a setting of [{name}]", key, names))
            cures.append(f"correct {key} in [{name}] of luigi.cfg, or remove it")
            continue
        missing = fault["type"] == "missing"
        reasons.append(
            _missing(key, names[key], environment) if missing else f"{key}: {fault['msg']}"
        )
    to_set = [
        names[k] for k in dict.fromkeys(str(f["loc"][0]) for f in error.errors()) if k in names
    ]
    if to_set:
        cures.append(
            f"set {', '.join(to_set)} in the environment or .env, or [{name}] in luigi.cfg"
        )
    return ConfigurationError(
        f"the settings of [{name}] are incomplete or invalid",
        why="; ".join(reasons),
        todo="; ".join(cures),
    )


def _missing(key: str, variable: str, environment: Mapping[str, str]) -> str:
    """The reason for a missing setting, with a variable that is set and has a similar name."""
    known = {name for model in SECTIONS.values() for name in variables(model).values()}
    similar = difflib.get_close_matches(variable, environment.keys() - known, n=1, cutoff=0.8)
    return f"{key} is missing, but {similar[0]} is set" if similar else f"{key} is missing"


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Settings from this process's environment, `.env` and Luigi's `luigi.cfg`."""
    variables = {**_dotenv(), **(os.environ if environment is None else environment)}
    return Settings(variables, sections_of_luigi_cfg(SECTIONS))


def _dotenv() -> dict[str, str]:
    """The variables of `.env`, each value as it is written: a password may have ``$`` and ``{``."""
    file = Path(".env")
    if not file.exists():
        return {}
    values = dotenv_values(stream=io.StringIO(read_text(file)), interpolate=False)
    return {key: value for key, value in values.items() if value is not None}


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings of this process, read once."""
    return read_settings()
