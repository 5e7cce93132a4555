"""The same tables, copied from the lake's own Parquet."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings

from tests.properties.test_round_trip import DRAWING, carried_differences
from tests.support.chain import Chain, running_chain
from tests.support.strategies.tables import Drawn, drawn_tables
from tests.support.world import World

EXAMPLES = 100


@pytest.fixture
def chain(world: World) -> Iterator[Chain]:
    with running_chain(world) as running:
        yield running


@pytest.mark.timeout(1200)
def test_any_table_arrives_as_it_is_without_a_conversion(chain: Chain):
    @settings(max_examples=EXAMPLES, **DRAWING)
    @given(drawn_tables(chain.server))
    def arrives(drawn: Drawn) -> None:
        found = carried_differences(chain, drawn, copy_format="parquet")
        assert found == [], "\n".join(found[:20])

    arrives()
