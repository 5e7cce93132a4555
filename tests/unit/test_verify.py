"""The parts of `verify` that need no server."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest

from pipeline.comparison import loaded_windows
from pipeline.comparison.loaded_windows import Lake, LoadedWindow
from pipeline.comparison.row_differences import compare_rows
from pipeline.comparison.verdict import Finding, State, Verdict
from pipeline.config.tables import Table, TableDefinition
from pipeline.errors import SourceError
from pipeline.lake.s3 import Store
from pipeline.model.canonical import cell_number
from pipeline.model.cursors import Bounds
from pipeline.model.table_name import TableName
from pipeline.model.window import UTC, Window
from pipeline.warehouse.ledger import LedgerRow

START = datetime(2022, 1, 1, tzinfo=UTC)
HOURS = [Window.hour(START + timedelta(hours=n)) for n in range(26_280)]
NAME = TableName("shop", "orders")
TABLE = Table.of(NAME, TableDefinition(cursor="at"))
NOWHERE: Store = None  # type: ignore[assignment]


def ledger_row(window: Window) -> LedgerRow:
    return LedgerRow("shop.orders", window, "", "", "merge", 1, 1, 0, START)


def test_three_years_of_hours_are_compared_without_all_their_markers_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    requested: list[int] = []

    def histories(
        _store: Store, wanted: Iterable[tuple[TableName, Window]]
    ) -> list[SimpleNamespace]:
        windows = [window for _, window in wanted]
        requested.append(len(windows))
        lake = SimpleNamespace(
            rows=1,
            key=("id",),
            key_checksum=1,
            columns=(),
            parts=(),
            schema_fingerprint=loaded_windows.fingerprint(()),
        )
        common = {"lake": lake, "csv": None, "load": None, "coerced": ()}
        return [
            SimpleNamespace(window=w, rows=(1, 2), agrees=w != HOURS[7], **common) for w in windows
        ]

    monkeypatch.setattr(loaded_windows, "histories", histories)
    lake = Lake({}, frozenset(HOURS))
    windows = loaded_windows.loaded_windows(NOWHERE, TABLE, list(map(ledger_row, HOURS)), lake)
    assert len(windows) == len(HOURS) == sum(requested)
    assert [w.window for w in windows if w.lake and w.lake.fault] == [HOURS[7]]
    assert max(requested) <= 500
    cells = loaded_windows.cells(NOWHERE, TABLE, windows, None)
    assert len(cells) == len(HOURS)
    assert max(map(len, loaded_windows.batches(cells))) <= 255


def test_overlapping_windows_are_cut_at_every_bound() -> None:
    day, hour, later = Window.day(START.date()), HOURS[3], HOURS[30]
    windows = [LoadedWindow(window, 1, None) for window in (day, hour, later)]
    cells = loaded_windows.cells(NOWHERE, TABLE, windows, None)
    assert [[w.window for w in cell.windows] for cell in cells] == [
        *([day], [day, hour], [day]),
        [later],
    ]
    assert [cell.is_window for cell in cells] == [False, False, False, True]
    assert [len(batch) for batch in loaded_windows.batches(cells)] == [3, 1]
    assert len(loaded_windows.ranges([cell.source for cell in cells])) == 2


def test_the_number_of_a_cell_is_that_of_the_bounds_up_to_a_value() -> None:
    for count in range(12):
        bounds = [str(10 * n) for n in range(1, count + 1)]
        text = cell_number("c", bounds)
        text = text.replace("CASE WHEN c < ", "(lambda b, t, e: t if c < b else e)(")
        text = text.replace(" THEN ", ", ").replace(" ELSE ", ", ").replace(" END", ")")
        for value in range(0, 130, 5):
            expected = sum(int(bound) <= value for bound in bounds)
            assert eval(text, {"c": value}) == expected  # noqa: S307 - of this test's own text
        assert text.count("lambda") == count


def test_rows_are_told_apart_by_key_and_content() -> None:
    source = [(1, 10), (2, 20), (3, 30), (4, 40)]
    warehouse = [(1, 10), (2, 21), (4, 40), (4, 40), (5, 50)]
    result = compare_rows(source, warehouse, one_row_per_key=True)
    assert (result.changed, result.missing, result.repeated) == (1, 1, 1)
    assert dict(result.left) == {5: 1}


def test_of_several_rows_of_a_key_one_is_enough() -> None:
    source = [(1, 10), (1, 11), (2, 20), (2, 21)]
    result = compare_rows(source, [(1, 11), (2, 22)], one_row_per_key=True)
    assert (result.changed, result.missing, result.repeated) == (1, 0, 0)
    assert not result.left
    result = compare_rows(source, [(1, 11)], one_row_per_key=False)
    assert (result.changed, result.missing) == (0, 3)


def test_the_worst_finding_is_the_state_and_comes_first() -> None:
    findings = (Finding(State.PENDING, "later"), Finding(State.DIFFERS, "other"))
    verdict = Verdict("shop.orders", findings)
    assert (verdict.state, verdict.exit_status) == (State.DIFFERS, 1)
    assert verdict.reason == "other; later"
    assert Verdict("shop.orders").state is State.EQUAL
    failed = Verdict("shop.orders", findings, error=SourceError("away", todo="wait"))
    assert (failed.state, failed.exit_status) == (State.NOT_COMPARED, 42)
    assert failed.reason == "away; Try: wait"


def test_adjacent_ranges_are_merged() -> None:
    bounds = [Bounds(None, "1"), Bounds("1", "2"), Bounds("3", "4")]
    assert loaded_windows.ranges(bounds) == [Bounds(None, "2"), Bounds("3", "4")]
