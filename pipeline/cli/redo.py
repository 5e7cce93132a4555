"""Repeat windows of tables from a stage on."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from pipeline.cli.chosen import chosen_span, chosen_tables
from pipeline.cli.output import say, say_json
from pipeline.config.settings import settings
from pipeline.lake.s3 import store
from pipeline.model.text_table import aligned
from pipeline.model.window import Window
from pipeline.steps import redo
from pipeline.steps.redo import Redo
from pipeline.warehouse import connection as redshift

HEADINGS = ("table", "window", "markers", "ledger")


@dataclass(frozen=True)
class Found:
    """A table's redo, and the windows of its span that the ledger has."""

    redo: Redo
    loaded: list[Window]

    @property
    def windows(self) -> list[Window]:
        """All windows to repeat, oldest first."""
        return sorted({*self.redo.markers, *self.loaded})


def run(options: argparse.Namespace) -> int:
    """``redo``: show the windows to repeat; with `--yes`, delete their markers and ledger rows."""
    span, schema = chosen_span(options), settings().warehouse.schema_name
    lake, tables = store(settings().lake), chosen_tables(options)
    redos = [redo.find(lake, table, span, options.start_at) for table in tables]
    with _warehouse(redos) as connection:
        found = [Found(each, _loaded(each, connection, schema)) for each in redos]
        if options.yes:
            for each in found:
                redo.apply(each.redo, connection, schema)
    if options.json:
        say_json(_data(found, done=options.yes))
    else:
        say(_report(found, span, done=options.yes))
    return 0


@contextmanager
def _warehouse(redos: Sequence[Redo]) -> Iterator[redshift.Connection | None]:
    """A connection where a window is loaded again."""
    if not any(each.loads_again for each in redos):
        yield None
        return
    with redshift.connected(settings().warehouse, settings().bastion) as connection:
        yield connection


def _loaded(each: Redo, connection: redshift.Connection | None, schema: str) -> list[Window]:
    return redo.loaded_windows(each, connection, schema) if connection else []


def _report(found: Sequence[Found], span: Window, *, done: bool) -> str:
    rows = [
        (
            str(each.redo.table.name),
            window.label,
            ", ".join(map(str, each.redo.markers.get(window, ()))) or None,
            "row" if window in each.loaded else None,
        )
        for each in found
        for window in each.windows
    ]
    if not rows:
        return f"no window that begins in {span.label} has been extracted or loaded"
    if done:
        last = "Deleted. The next run of these windows repeats them:\n" + "\n".join(
            line for each in found for line in _next(each)
        )
    else:
        last = "Nothing was deleted. With --yes, these markers and ledger rows are."
    return f"{aligned(HEADINGS, rows)}\n\n{last}"


def _next(each: Found) -> Iterator[str]:
    """The command lines that repeat the windows."""
    name = each.redo.table.name
    days = [w for w in each.windows if w == Window.day(w.start.date())]
    hours = [w for w in each.windows if w == Window.hour(w.start)]
    for kind, windows, form in (("Daily", days, "%Y-%m-%d"), ("Hourly", hours, "%Y-%m-%dT%H")):
        if windows:
            start, stop = (f"{instant:{form}}" for instant in (windows[0].start, windows[-1].end))
            yield (
                f"  luigi --module pipeline Range{kind} --of {kind}Load --{kind}Load-table '{name}'"
                f" --start {start} --stop {stop}"
            )


def _data(found: Sequence[Found], *, done: bool) -> dict[str, object]:
    return {
        "deleted": done,
        "tables": [
            {
                "table": str(each.redo.table.name),
                "windows": [
                    {
                        "window": window.name,
                        "markers": [stage.name for stage in each.redo.markers.get(window, ())],
                        "in_ledger": window in each.loaded,
                    }
                    for window in each.windows
                ],
            }
            for each in found
        ],
    }
