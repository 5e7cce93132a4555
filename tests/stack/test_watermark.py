"""The watermark follows the ledger, whoever publishes it and whenever."""

import pytest

from pipeline.config.settings import settings
from pipeline.config.yaml_loader import table_named
from pipeline.lake import watermark
from pipeline.model.markers import LakeMarker, LoadMarker, decode
from pipeline.model.window import Window
from pipeline.warehouse import connection as redshift
from pipeline.warehouse.ledger import Ledger
from tests.support.truths import assert_tidy
from tests.support.world import World, day

FIRST = day("2025-08-01")


@pytest.fixture
def visits(world: World) -> str:
    return world.create(
        "visits",
        "id INT PRIMARY KEY, at DATETIME NOT NULL, INDEX (at)",
        "VALUES (1, '2025-08-01 10:00'), (2, '2025-08-02 10:00')",
        cursor="at",
    )


def test_a_slower_process_does_not_publish_an_older_state(world: World, visits: str):
    world.load_days(visits, 1)
    keys, asked = world.keys("visits"), []
    lake = decode(LakeMarker, world.lake.get(keys.lake_marker(FIRST)), "lake")
    marker = decode(LoadMarker, world.lake.get(keys.load_marker(FIRST)), "load")
    table = table_named(settings().run.configs, visits)

    def loaded() -> list[Window]:
        """What the ledger says; another process loads the second day behind the first answer's back."""
        with redshift.connected(settings().warehouse) as connection:
            ledger = Ledger(world.name, visits)
            found = ledger.windows(connection, marker.target, snapshots=False)
        asked.append(len(found))
        if len(asked) == 1:
            world.load_days(visits, 2)
        return found

    published = watermark.publish(
        world.lake, table, loaded, watermark.Latest(lake, marker, "sequential")
    )
    assert asked == [1, 2]
    assert published.windows_loaded == 2
    assert_tidy(world, "visits")


def test_a_process_that_dies_before_it_is_published_has_it_done_by_the_next(
    world: World, visits: str
):
    point = "pipeline.lake.watermark:publish:before"
    run = world.start("DailyLoad", "--table", visits, "--date", "2025-08-01", killed=point)
    run.communicate(timeout=60)
    assert world.lake_keys("watermarks/") == []
    assert len(world.ledger("visits")) == 1
    world.load_days(visits, 1)
    assert_tidy(world, "visits")
