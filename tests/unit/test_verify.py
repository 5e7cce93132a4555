"""Verification of many windows looks at a few of them at a time."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest

from pipeline.config.tables import Table, TableDefinition
from pipeline.lake.s3 import Store
from pipeline.model.table_name import TableName
from pipeline.model.window import UTC, Window
from pipeline.steps import verify

HOURS = [Window.hour(datetime(2022, 1, 1, tzinfo=UTC) + timedelta(hours=n)) for n in range(26_280)]


def test_three_years_of_hours_are_compared_without_all_their_markers_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    name = TableName("shop", "orders")
    table = Table.of(name, TableDefinition(cursor="at"))
    asked: list[int] = []

    def histories(
        _store: Store, wanted: Iterable[tuple[TableName, Window]]
    ) -> list[SimpleNamespace]:
        found = [
            SimpleNamespace(window=w, agrees=w not in (HOURS[7], HOURS[-1])) for _, w in wanted
        ]
        asked.append(len(found))
        return found

    def counts(*_: object) -> tuple[None, int, int]:
        return None, 0, 0

    monkeypatch.setattr(verify, "marked_windows", lambda *_: HOURS)
    monkeypatch.setattr(verify, "histories", histories)
    monkeypatch.setattr(verify, "_counts", counts)
    nowhere: object = None
    servers = verify.Servers(nowhere, nowhere, nowhere, "public")  # type: ignore[arg-type]
    found = verify.compare(servers, table)
    assert found.windows == len(HOURS) == sum(asked)
    assert found.torn == (HOURS[7].name, HOURS[-1].name)
    assert max(asked) <= 500
