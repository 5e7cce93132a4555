"""SQL statements on the stack's two databases, without a client."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Any

import psycopg2
from psycopg2.extensions import connection
from pymysql.constants import CLIENT

from devstack.errors import StackError
from devstack.stack import Stack
from pipeline.config.settings import Settings

Rows = Sequence[Sequence[Any]]


def source(stack: Stack, statements: str) -> tuple[list[str], Rows]:
    """Run statements, separated by semicolons, as root of the source; names and rows of the last result."""
    with closing(stack.source.connect(root=True, database=None)) as connection:
        connection.client_flag |= CLIENT.MULTI_STATEMENTS
        connection.connect()
        with connection.cursor() as cursor:
            cursor.execute(statements)
            while cursor.nextset():
                pass  # only the last result is shown
            connection.commit()
            return [column[0] for column in cursor.description or ()], cursor.fetchall()


def warehouse(stack: Stack, statement: str) -> tuple[list[str], Rows]:
    """Run one statement in the warehouse; the names and rows of its result."""
    if stack.warehouse is None:
        raise StackError("this stack has no warehouse")
    link = warehouse_connection(stack.environment())
    with closing(link), link.cursor() as cursor:
        cursor.execute(statement)
        if cursor.description is None:
            return [], []
        return [column.name for column in cursor.description], cursor.fetchall()


def warehouse_connection(environment: Mapping[str, str]) -> connection:
    """An autocommit connection to the warehouse of the pipeline's variables."""
    settings = Settings(dict(environment), {}).warehouse
    link = psycopg2.connect(
        host=settings.host,
        port=settings.port,
        user=settings.user,
        password=settings.password.get_secret_value(),
        dbname=settings.database,
    )
    link.autocommit = True
    return link


def table(names: Sequence[str], rows: Rows) -> str:
    """A result as text, each column as wide as its widest value; empty for no result."""
    lines = [list(names), *([str(value) for value in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )
