"""`python -m devstack.redshift`: run the stand-in in the foreground until SIGTERM or SIGINT."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from pathlib import Path

from devstack.redshift.server import ISOLATION_LEVELS, RedshiftStandIn


def _arguments(words: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m devstack.redshift",
        description="An Amazon Redshift stand-in on 127.0.0.1. Every option may also come from "
        "the environment, as STANDIN_<OPTION> in upper case.",
    )

    def option(name: str, default: str, text: str) -> None:
        variable = "STANDIN_" + name.upper().replace("-", "_")
        parser.add_argument(f"--{name}", default=os.environ.get(variable, default), help=text)

    option("port", "0", "port to listen on; 0 takes a free one")
    option("data", "", "directory for the data; required")
    option("port-file", "", "file to write the port to once connections are accepted")
    option("s3-endpoint", "", "URL of the S3 server; Amazon's if empty")
    option("s3-access-key", "", "access key used for every IAM_ROLE")
    option("s3-secret-key", "", "its secret")
    option("s3-region", "us-east-1", "region of the buckets")
    option("user", "awsuser", "user that clients log in as")
    option("password", "", "password of that user")
    option("database", "dev", "name of the database")
    option("quoted-null-is-null", "yes", "whether a quoted null string loads as NULL: yes or no")
    option("isolation", "snapshot", "snapshot or serializable")
    option("tls-certificate", "", "PEM file; without one, TLS is declined")
    option("tls-key", "", "PEM file with the certificate's key")
    parsed = parser.parse_args(words)
    if not parsed.data:
        parser.error("--data is required")
    if parsed.quoted_null_is_null not in ("yes", "no"):
        parser.error("--quoted-null-is-null is yes or no")
    if parsed.isolation not in ISOLATION_LEVELS:
        parser.error("--isolation is snapshot or serializable")
    return parsed


def main(words: list[str] | None = None) -> int:
    """Run until SIGTERM or SIGINT; returns 0 then, and 1 if the start failed."""
    options = _arguments(words)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stopping.set())
    standin = RedshiftStandIn(
        data_dir=Path(options.data),
        s3_endpoint=options.s3_endpoint,
        s3_access_key=options.s3_access_key,
        s3_secret_key=options.s3_secret_key,
        s3_region=options.s3_region,
        user=options.user,
        password=options.password,
        database=options.database,
        port=int(options.port),
        quoted_null_is_null=options.quoted_null_is_null == "yes",
        isolation=options.isolation,
        tls_certificate=Path(options.tls_certificate) if options.tls_certificate else None,
        tls_key=Path(options.tls_key) if options.tls_key else None,
    )
    try:
        standin.start()
    except (RuntimeError, OSError) as error:
        print(f"cannot start the Redshift stand-in: {error}", file=sys.stderr)
        return 1
    try:
        if options.port_file:
            _write_whole(Path(options.port_file), f"{standin.port}\n")
        print(f"listening on 127.0.0.1:{standin.port}", flush=True)
        stopping.wait()
    finally:
        standin.stop()
    return 0


def _write_whole(path: Path, content: str) -> None:
    """Write a file atomically."""
    passing = path.with_name(path.name + ".new")
    passing.write_text(content)
    passing.replace(path)


if __name__ == "__main__":
    sys.exit(main())
