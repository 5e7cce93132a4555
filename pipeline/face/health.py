"""Is everything there that a run needs?"""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass

import luigi.configuration

from pipeline.config.settings import Settings
from pipeline.errors import PipelineError
from pipeline.stores import mysql, redshift
from pipeline.stores.s3 import store


@dataclass(frozen=True)
class Finding:
    """What one check found; `error` is None when all is well."""

    what: str
    said: str
    error: PipelineError | None = None


def check_all(settings: Settings) -> list[Finding]:
    """Tables' definitions, source, lake, warehouse, scheduler: each checked whatever the others say."""
    checks: list[tuple[str, Callable[[Settings], str]]] = [
        ("source", _source),
        ("lake", _lake),
        ("warehouse", _warehouse),
        ("scheduler", _scheduler),
    ]
    return [_found(name, check, settings) for name, check in checks]


def _found(name: str, check: Callable[[Settings], str], settings: Settings) -> Finding:
    try:
        return Finding(name, check(settings))
    except PipelineError as error:
        return Finding(name, str(error), error)


def _source(settings: Settings) -> str:
    with mysql.connected(settings.source, settings.bastion) as connection:
        version = mysql.scalar(connection, "SELECT VERSION()")
        until = mysql.closed_until(connection, settings.source.lag)
    way = f" through {settings.bastion.host}" if settings.bastion else ""
    return f"MySQL {version}{way}, windows closed until {until:%Y-%m-%d %H:%M:%S} UTC"


def _lake(settings: Settings) -> str:
    lake = store(settings.lake)
    lake.check()
    return f"{lake.url('')} may be listed"


def _warehouse(settings: Settings) -> str:
    with (
        redshift.connected(settings.warehouse, settings.bastion) as connection,
        connection.cursor() as cursor,
    ):
        version = str(redshift.scalar(cursor, "SELECT version()"))
    return version.rsplit(", ", maxsplit=1)[-1]


def _scheduler(settings: Settings) -> str:
    config, environment = luigi.configuration.get_config(), settings.environment
    host = environment.get("LUIGI_SCHEDULER_HOST") or config.get(
        "core", "default-scheduler-host", "localhost"
    )
    port = environment.get("LUIGI_SCHEDULER_PORT") or config.get(
        "core", "default-scheduler-port", "8082"
    )
    url = f"http://{host}:{port}/"
    try:
        with urllib.request.urlopen(url, timeout=5):
            return f"luigid answers at {url}"
    except (urllib.error.URLError, OSError):
        return f"no luigid at {url}: runs need --local-scheduler"
