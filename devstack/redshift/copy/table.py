"""The fast reader: a CSV file as record batches of strings, by Arrow's parser."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from devstack.redshift.copy.command import CopyCommand
from devstack.redshift.copy.quoting import Watched
from devstack.redshift.copy.records import MAX_ROW

_BLOCK = 8 << 20


class NeedsExactReader(Exception):
    """The fast reader met input that only the exact reader can decide."""


def fits(command: CopyCommand) -> bool:
    """Whether the fast reader supports the options."""
    return (
        command.file_format == "csv"
        and not command.max_error
        and not command.has("fillrecord")
        and not command.has("ignoreblanklines")
        and not command.invalid_characters
    )


def batches(
    stream: BinaryIO, command: CopyCommand, width: int, quoted_null_is_null: bool
) -> Iterator[Any]:
    """The rows of a file as batches of string columns, with NULL for the null string.

    Raises NeedsExactReader before the first batch that it cannot decide; earlier batches are correct.
    """
    watched = Watched(stream, command.delimiter, command.quote)
    names = [str(index) for index in range(width)]
    nulls = [command.null, ""] if command.has("emptyasnull") else [command.null]
    try:
        reader = csv.open_csv(
            pa.PythonFile(watched, mode="r"),
            csv.ReadOptions(column_names=names, block_size=_BLOCK, skip_rows=command.ignore_header),
            csv.ParseOptions(
                delimiter=command.delimiter,
                quote_char=command.quote,
                double_quote=True,
                escape_char=False,
                newlines_in_values=True,
                ignore_empty_lines=False,
            ),
            csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                null_values=nulls,
                strings_can_be_null=True,
                quoted_strings_can_be_null=quoted_null_is_null,
            ),
        )
        for batch in reader:
            if watched.suspicious:
                raise NeedsExactReader("quotes or NUL bytes in unusual places")
            if sum(_longest(column) for column in batch.columns) > MAX_ROW:
                raise NeedsExactReader("possibly a row over the limit")
            yield batch
        if watched.suspicious:
            raise NeedsExactReader("quotes or NUL bytes in unusual places")
    except pa.ArrowInvalid as error:
        if watched.size == 0:
            return  # COPY accepts an empty file
        raise NeedsExactReader(str(error)) from error


def _longest(column: Any) -> int:
    """The size of the longest value of a column, in bytes."""
    return pc.max(pc.binary_length(column)).as_py() or 0
