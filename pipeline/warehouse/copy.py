"""COPY into a staging table, its credentials, and the reason where it refuses a value."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import psycopg2
import psycopg2.extensions

from pipeline.config.settings import Lake, Warehouse
from pipeline.errors import ConfigurationError, LoadRefused
from pipeline.warehouse import sql as redshift_sql
from pipeline.warehouse.connection import Connection, message, scalar
from pipeline.warehouse.sql import CopySource, Relation

# A provisioned cluster has the first view, a serverless workgroup the second, which lacks the raw value:
# https://docs.aws.amazon.com/redshift/latest/dg/SYS_LOAD_ERROR_DETAIL.html
_LOAD_ERRORS = (
    "SELECT filename, line_number, colname, type, raw_field_value, err_code, err_reason"
    " FROM stl_load_errors WHERE session = pg_backend_pid() ORDER BY starttime DESC LIMIT 1",
    "SELECT file_name, line_number, column_name, column_type, NULL, error_code, error_message"
    " FROM sys_load_error_detail WHERE session_id = pg_backend_pid() ORDER BY start_time DESC LIMIT 1",
)


def copy(
    connection: Connection, staging: Relation, columns: Sequence[str], source: CopySource
) -> int:
    """COPY a manifest into a staging table, in its own transaction, and return the number of rows.

    Raises LoadRefused when COPY refuses a value: with file, line, column, value and reason for CSV, with
    file and reason for Parquet.
    """
    try:
        with connection.cursor() as cursor:
            cursor.execute(redshift_sql.copy(staging, columns, source))
            return int(scalar(cursor, "SELECT pg_last_copy_count()"))
    except psycopg2.InternalError as error:
        if "spectrum" in str(error).lower():
            raise _refused_parquet(source, error) from None
        if "load" not in str(error).lower():
            raise
        raise _refused(connection, source, error) from None


def credentials(warehouse: Warehouse, lake: Lake) -> str:
    """COPY's credentials clause for S3: the role if one is set, else the lake's access key.

    The text holds a secret: do not log it. Raises ConfigurationError without role and key.
    """
    if warehouse.iam_role:
        return redshift_sql.role_credentials(warehouse.iam_role)
    if lake.access_key_id and lake.secret_access_key:
        token = lake.session_token.get_secret_value() if lake.session_token else None
        secret = lake.secret_access_key.get_secret_value()
        return redshift_sql.key_credentials(lake.access_key_id, secret, token)
    raise ConfigurationError(
        "COPY has no credentials for S3",
        why="neither a role nor an access key is configured",
        todo="set REDSHIFT_IAM_ROLE to a role attached to the cluster, or to 'default'",
    )


def restore_empty(
    cursor: psycopg2.extensions.cursor, table: Relation, column: str, token: str
) -> int:
    """Replace `token` (hex) by bytes of length zero, and return how many such values the column then has."""
    cursor.execute(redshift_sql.restore_empty(table, column, token))
    return int(scalar(cursor, redshift_sql.count_empty(table, column)))


def _refused(connection: Connection, source: CopySource, error: psycopg2.Error) -> LoadRefused:
    row = _load_error(connection)
    # The row may be of an earlier session with the same pid, and COPY may fail without writing one.
    if row is None or source.manifest_url.rpartition("/")[0] not in str(row[0]):
        return LoadRefused(f"COPY refused {source.manifest_url}", why=message(error))
    value = "" if row[4] is None else f", value {str(row[4]).strip()!r}"
    filename, line, column, kind, _, code, reason = (str(field).strip() for field in row)
    return LoadRefused(
        f"COPY refused line {line} of {filename}",
        why=f"column {column} ({kind}){value}: {reason} (error {code})",
        todo="fix the row or the column's type; the window is not loaded, the target is unchanged",
    )


def _refused_parquet(source: CopySource, error: psycopg2.Error) -> LoadRefused:
    """The refusal of Parquet, which Spectrum reads: only the error's detail has the reason."""
    context = re.search(
        r"context:\s*(.+?)\s*(?:\n\s*-{9,}|$)", error.diag.message_detail or "", re.S
    )
    return LoadRefused(
        f"COPY refused {source.manifest_url}",
        why=" ".join((context[1] if context else str(error)).split()),
        todo="fix the row in the source, or load the table with `copy_format: csv`, whose policies "
        "cover such values; then delete the window's CSV marker",
    )


def _load_error(connection: Connection) -> tuple[Any, ...] | None:
    for query in _LOAD_ERRORS:
        try:
            with connection.cursor() as cursor:
                cursor.execute(query)
                row: tuple[Any, ...] | None = cursor.fetchone()
        except psycopg2.Error:
            continue  # this kind of warehouse has the other view
        if row is not None:
            return row
    return None
