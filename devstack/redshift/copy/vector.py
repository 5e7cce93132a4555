"""The rules of `values`, applied to whole columns at once.

Arrow's kernels test each column for cells that are certainly valid and need no change. Only the remaining
cells go through the exact rule, which alone defines validity.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from devstack.redshift.copy.columns import Column
from devstack.redshift.copy.command import CopyCommand
from devstack.redshift.copy.faults import NULL_IN_NOT_NULL, FieldError
from devstack.redshift.copy.values import FALSE, TRUE, rule_for

Array = Any
"""A pyarrow Array of strings; pyarrow publishes no types."""
_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_CLOCK = r"( [0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?)?"
_ZONE = r"[-+][0-9]{2}:[0-9]{2}"
_PLAIN = ("", "auto")
"""Formats that accept the default form of a moment; 'auto' accepts it among others."""
Test = Callable[[Array], Array]
"""Maps strings to booleans: certainly valid and unchanged."""


class CellError(Exception):
    """A cell that its rule refuses: row of the batch, column, and cause."""

    def __init__(self, row: int, column: int, cause: FieldError) -> None:
        super().__init__(cause.reason)
        self.row = row
        self.column = column
        self.cause = cause


class ColumnLoader:
    """Converts the fields of one column to PostgreSQL's text format."""

    def __init__(self, column: Column, index: int, command: CopyCommand) -> None:
        self.column = column
        self.index = index
        self._rule = rule_for(column, command)
        self._test = _test_for(column, command)
        self._trim = command.has("trimblanks") and column.is_character
        self._blank_null = command.has("blanksasnull") and column.is_character

    def scalar(self, value: str | None) -> str | None:
        """One field; raises FieldError."""
        column = self.column
        if value is not None:
            if self._blank_null and not value.strip(" \t\r\n\f\v") and value:
                value = None
            elif self._trim:
                value = value.rstrip(" ")
        if value == "" and not column.is_character:
            value = None
        result = None if value is None else self._rule(value)
        if result is None and column.not_null:
            if column.default is None:
                raise FieldError(NULL_IN_NOT_NULL, "Missing data for not-null field")
            return column.default
        return result

    def array(self, values: Array) -> Array:
        """A batch of fields; raises CellError for the first row that is refused."""
        if not len(values):
            return values
        if self._trim or self._blank_null:
            return self._each(values, pc.invert(pc.is_null(values)))
        empty = None if self.column.is_character else pc.equal(values, "")
        if empty is not None and pc.any(empty).as_py():
            values = pc.if_else(empty, pa.scalar(None, pa.string()), values)
        if values.null_count and self.column.not_null:
            values = self._each(values, pc.is_null(values))
        unsure = pc.fill_null(pc.invert(self._test(values)), False)
        if pc.any(unsure).as_py():
            values = self._each(values, unsure)
        return values

    def _each(self, values: Array, chosen: Array) -> Array:
        """The values, with the exact rule applied to the chosen cells."""
        rows = pc.indices_nonzero(chosen).to_pylist()
        replaced = []
        for row, value in zip(rows, pc.filter(values, chosen).to_pylist(), strict=True):
            try:
                replaced.append(self.scalar(value))
            except FieldError as error:
                raise CellError(row, self.index, error) from error
        return pc.replace_with_mask(values, chosen, pa.array(replaced, pa.string()))


def _never(values: Array) -> Array:
    return pc.is_null(values)


def _test_for(column: Column, command: CopyCommand) -> Test:
    kind = column.type
    if kind in ("varchar", "text"):
        size = column.length
        return lambda values: pc.less_equal(pc.binary_length(values), size)
    if kind == "bpchar":
        length = column.length
        return lambda values: pc.and_(
            pc.less_equal(pc.binary_length(values), length), pc.string_is_ascii(values)
        )
    if kind in ("int2", "int4", "int8"):
        return _integer_test({"int2": pa.int16(), "int4": pa.int32(), "int8": pa.int64()}[kind])
    if kind == "numeric":
        whole, scale = column.precision - column.scale, column.scale
        fraction = rf"(\.[0-9]{{1,{scale}}})?" if scale else ""
        integer = rf"[0-9]{{1,{whole}}}" if whole else "0"
        return _pattern(rf"^-?{integer}{fraction}$")
    if kind in ("float4", "float8"):
        return _pattern(r"^-?[0-9]{1,15}(\.[0-9]{1,17})?$")
    if kind == "bool":
        words = pa.array(sorted(TRUE | FALSE))
        return lambda values: pc.is_in(values, value_set=words)
    if kind == "date" and command.date_format.lower() in _PLAIN:
        return _moment_test(_DAY, pa.date32())
    if kind == "timestamp" and command.time_format.lower() in _PLAIN:
        return _moment_test(_DAY + _CLOCK, pa.timestamp("us"))
    if kind == "timestamptz" and command.time_format.lower() in _PLAIN:
        return _moment_test(_DAY + _CLOCK[:-1] + _ZONE, pa.timestamp("us", "UTC"))
    return _never


def _pattern(pattern: str) -> Test:
    return lambda values: pc.match_substring_regex(values, pattern)


def _integer_test(target: Any) -> Test:
    """Valid if Arrow can cast all values at once, except hexadecimal, which it accepts as well."""

    def test(values: Array) -> Array:
        try:
            pc.cast(values, target)
        except pa.ArrowInvalid:
            return _never(values)
        return pc.invert(pc.match_substring(values, "x", ignore_case=True))

    return test


def _moment_test(pattern: str, target: Any) -> Test:
    """Valid if the form matches and Arrow can cast all values at once."""

    def test(values: Array) -> Array:
        right = pc.match_substring_regex(values, f"^{pattern}$")
        try:
            pc.cast(pc.if_else(right, values, pa.scalar(None, pa.string())), target)
        except pa.ArrowInvalid:
            return _never(values)
        return pc.and_(right, pc.invert(pc.starts_with(values, "0000")))

    return test
