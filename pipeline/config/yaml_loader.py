"""The only reader of `configs/*.yml`; rejects duplicate keys, and reads words as text.

PyYAML keeps the last of two equal keys, though YAML requires unique keys (https://yaml.org/spec/1.2.2/,
3.2.1.1). It also follows YAML 1.1, in which no and on are booleans, 2025-08-01 is a date, 1:30 and 010 are
numbers. Here, as in YAML 1.2, they are text; only true, false, null and decimal integers are not.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any, get_origin

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from pipeline.config.policies import Policies
from pipeline.config.tables import Table, TableDefinition
from pipeline.config.text_files import read_text
from pipeline.errors import ConfigurationError
from pipeline.model.identifiers import LEDGER, VIEWS
from pipeline.model.suggestion import did_you_mean, with_suggestion
from pipeline.model.table_name import TableName


class _Loader(yaml.SafeLoader):
    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - PyYAML's own form; without YAML 1.1's

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        """Check the keys of a mapping before `<<` merges in those of another."""
        node = super().compose_mapping_node(anchor)
        seen: set[object] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                mark = key.start_mark
                raise yaml.MarkedYAMLError(problem=f"duplicate key {key.value}", problem_mark=mark)
            seen.add(key.value if isinstance(key, yaml.ScalarNode) else id(key))
        return node


for _tag, _pattern, _first in (
    ("bool", "true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", "~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("int", "[-+]?(0|[1-9][0-9]*)", "-+0123456789"),
    ("merge", "<<", "<"),
):
    _Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), list(_first)
    )


def read_document(file: Path) -> Any:
    """The content of a file; raises yaml.YAMLError, or ConfigurationError if it cannot be read."""
    try:
        return yaml.load(read_text(file), _Loader)  # noqa: S506 - a safe loader
    except RecursionError:
        raise yaml.YAMLError("it is nested too deep") from None


def read_tables(folder: Path, default_database: str = "") -> dict[str, Table]:
    """All tables of ``folder/*.yml`` by name, in the order of files and lines.

    Raises ConfigurationError, naming the file, for an invalid definition, a table defined twice, and two
    tables with the same table or view in the warehouse.
    """
    files = _files(folder)
    tables = _read(files, default_database)
    if not tables:
        raise ConfigurationError(
            "no table is defined",
            why=f"{folder} holds {'an empty `tables:`' if files else 'no .yml file'}",
            todo="write one as docs/tables.md shows, or set PIPELINE_CONFIGS to its folder",
        )
    return tables


def written_tables(folder: Path, default_database: str = "") -> dict[str, Table]:
    """The tables defined so far, possibly none; empty files are skipped.

    Raises ConfigurationError for an invalid definition.
    """
    return _read([file for file in _files(folder) if file.stat().st_size], default_database)


def _files(folder: Path) -> list[Path]:
    return sorted([*folder.glob("*.yml"), *folder.glob("*.yaml")])


def _read(files: Iterable[Path], default_database: str) -> dict[str, Table]:
    tables: dict[str, Table] = {}
    owners = dict.fromkeys((LEDGER, VIEWS), "the pipeline itself")
    for file in files:
        for name, entry in _entries(file):
            table = _table(file, name, entry, default_database, order=len(tables))
            _claim(file, owners, table)
            tables[str(table.name)] = table
    return tables


def _entries(file: Path) -> list[tuple[str, Any]]:
    try:
        document = read_document(file) or {}
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{file} is not YAML", why=" ".join(str(error).split())) from None
    if not isinstance(document, dict) or not isinstance(document.get("tables"), dict):
        raise ConfigurationError(
            f"{file} defines no tables",
            why=_without_tables(document),
            todo="see docs/tables.md for an example",
        )
    if unknown := sorted(map(str, set(document) - set(_SECTIONS))):
        names = [with_suggestion(key, key, _SECTIONS) for key in unknown]
        raise ConfigurationError(f"{file} has unknown keys", why="; ".join(names))
    defaults = document.get("defaults") or {}
    if not isinstance(defaults, dict):
        raise ConfigurationError(f"{file}: `defaults:` is not a mapping", why=f"it is {defaults!r}")
    entries = ((str(name), entry or {}) for name, entry in document["tables"].items())
    return [(name, {**defaults, **e} if isinstance(e, dict) else e) for name, e in entries]


_SECTIONS = ("tables", "defaults")


def _without_tables(document: Any) -> str:
    why = "it has no mapping `tables:`"
    keys = [key for key in document if key not in _SECTIONS] if isinstance(document, dict) else []
    return next((f"{why}; {key}: {q}" for key in keys if (q := did_you_mean(key, ["tables"]))), why)


def _table(file: Path, name: str, entry: Any, default_database: str, order: int) -> Table:
    try:
        qualified = _qualified(name, default_database)
        definition = TableDefinition.model_validate(_lists(entry))
        _check_target(name, definition.target or "")
        return Table.of(TableName.parse(qualified), definition, order)
    except ValidationError as error:
        reasons = [_reason(fault) for fault in error.errors()]
        raise ConfigurationError(
            f"{file}: the definition of {name} is invalid",
            why="; ".join(reasons),
            todo="docs/tables.md lists every key",
        ) from None
    except ValueError as error:
        raise ConfigurationError(f"{file}: {error}") from None


def _check_target(name: str, target: str) -> None:
    """Raise ValueError for a target with a schema or in quotes, which would be part of its name."""
    if target != target.strip() or re.search(r"[.\"'`;\x00-\x1f]", target):
        raise ValueError(
            f"the target of {name}, {target!r}, is not a name alone; the schema is REDSHIFT_SCHEMA, quotes "
            "are not needed"
        )


def _qualified(name: str, default_database: str) -> str:
    """The name, qualified with the default database if it has none."""
    return name if "." in name or not default_database else str(TableName(default_database, name))


# The keys that take several columns.
_LISTS = {
    name
    for name, field in TableDefinition.model_fields.items()
    if get_origin(field.annotation) is tuple
}


def _lists(entry: Any) -> Any:
    """Accept a single column in place of a list of columns."""
    if not isinstance(entry, dict):
        return entry
    return {k: [v] if k in _LISTS and isinstance(v, str) else v for k, v in entry.items()}


def _reason(fault: ErrorDetails) -> str:
    location, value = fault["loc"], fault["input"]
    where = ".".join(map(str, location))
    if fault["type"] == "extra_forbidden":
        keys = Policies.model_fields if location[0] == "columns" else TableDefinition.model_fields
        return with_suggestion(f"{where} is not a key of a definition", location[-1], keys)
    if fault["type"] == "string_type" and isinstance(value, bool | int | None):
        written = json.dumps(value)
        return f"{where}: YAML reads {written} as a {_KINDS[type(value)]}; quote it: '{written}'"
    text = fault["msg"].removeprefix("Value error, ")
    if fault["type"] == "literal_error":
        text = with_suggestion(text, value, re.findall(r"'([^']+)'", fault["ctx"]["expected"]))
    return f"{where}: {text}" if where else text


_KINDS: dict[type, str] = {bool: "boolean", int: "number", type(None): "missing value"}


def _claim(file: Path, owners: dict[str, str], table: Table) -> None:
    """Register the table's relations in `owners`; raises ConfigurationError for one that is taken."""
    name = str(table.name)
    try:
        relations = [r for r in (table.target, table.latest_view) if r]
    except ValueError as error:
        raise ConfigurationError(
            f"{file}: {name} has no valid name in the warehouse",
            why=str(error),
            todo="give it a shorter `target:`",
        ) from None
    for relation in relations:
        if (other := owners.get(relation)) is not None:
            raise ConfigurationError(
                f"{file}: {name} and {other} would load into one table",
                why=f"both would be {relation}" if name != other else "it is defined twice",
                todo="give one of them another `target:`",
            )
        owners[relation] = name


@lru_cache(maxsize=8)
def tables(folder: Path, default_database: str = "") -> dict[str, Table]:
    """The tables of a folder, read once in this process."""
    return read_tables(folder, default_database)


def table_named(folder: Path, name: str, default_database: str = "") -> Table:
    """The definition of one table; raises ConfigurationError if it is missing."""
    known = tables(folder, default_database)
    qualified = _qualified(name, default_database)
    if qualified not in known:
        tables_known = [*known, *(str(table.name.table) for table in known.values())]
        raise ConfigurationError(
            with_suggestion(f"table {name} is not defined", name, tables_known),
            why=f"{folder} defines {', '.join(known)}",
            todo=f"add it to a file in {folder}, or correct the name",
        )
    return known[qualified]
