"""Shapes arrive with the coordinates in the order in which they are stored: longitude, then latitude."""

from __future__ import annotations

import struct

import pytest

from tests.support.truths import assert_same
from tests.support.world import World

BERLIN = struct.pack("<BIdd", 1, 1, 13.4, 52.5).hex()
WRITTEN = {
    "mariadb": "ST_GeomFromText('POINT(13.4 52.5)', {srid})",
    "mysql": "ST_GeomFromText('POINT(13.4 52.5)', {srid}, 'axis-order=long-lat')",
}
SRIDS = [("mariadb", 0), ("mariadb", 4326), *(("mysql", srid) for srid in (0, 3857, 4326, 4258))]


@pytest.mark.parametrize(
    ("server", "srid"),
    [pytest.param(*case, marks=pytest.mark.source(case[0]), id=f"{case}") for case in SRIDS],
)
@pytest.mark.parametrize("kind", ["POINT", "GEOMETRY"])
def test_longitude_is_first_in_every_spatial_reference_system(
    world: World, server: str, srid: int, kind: str
):
    """MySQL writes latitude first in WKB and WKT of SRID 4326 unless asked otherwise."""
    column = f"{kind} SRID {srid}" if server == "mysql" else kind
    place = WRITTEN[server].format(srid=srid)
    world.create(
        "places",
        f"id INT PRIMARY KEY, place {column}, at DATETIME NOT NULL",
        f"VALUES (1, {place}, '2025-08-01'), (2, NULL, '2025-08-01'), (3, {place}, '2025-08-02')",
        cursor="at",
    )
    table = f"{world.name}.places"
    world.load_days(table, 1)
    assert_same(world, "places", "id < 3")
    assert world.loaded("places", "FROM_VARBYTE(place, 'hex')", "id") == [(BERLIN,), (None,)]
    world.define("places", cursor="at", geometry="wkt", target="texts")
    world.load_days(table, 2)
    assert world.loaded("texts", "id, place") == [(3, "POINT(13.4 52.5)")]
