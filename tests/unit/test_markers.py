"""Markers: the digest names the content, and what is no marker is refused."""

import json
from datetime import datetime, timezone
from typing import Any

import pytest

from pipeline.errors import LakeError
from pipeline.model.markers import Extent, LakeMarker, Part, ViewsMarker, decode
from pipeline.warehouse.cursor_guard import LoadedCursor

NOW = datetime(2025, 8, 2, tzinfo=timezone.utc)


def marker(**more: Any) -> LakeMarker:
    values: dict[str, Any] = {
        "table": "a.b",
        "window": "w",
        "written_at": NOW,
        "columns": (),
        "key": ("id",),
        "parts": (part("1"), part("2")),
        "rows": 2,
        "bytes": 20,
        "cursor_min": None,
        "cursor_max": None,
        "key_checksum": None,
        "read_at": NOW,
        "schema_fingerprint": "f" * 64,
        "extent": Extent(cursor=None, cursor_type="full"),
    }
    return LakeMarker(**{**values, **more})


def part(sha256: str, key: str = "k") -> Part:
    return Part(key=key, rows=1, bytes=10, sha256=sha256 * 64)


@pytest.mark.parametrize(
    "other",
    [
        {"table": "a.c"},
        {"window": "v"},
        {"schema_fingerprint": "e" * 64},
        {"parts": (part("1"),)},
        {"parts": (part("2"), part("1"))},
        {"parts": (part("1"), part("3"))},
    ],
)
def test_other_content_has_another_digest(other: dict[str, Any]):
    assert marker(**other).digest != marker().digest


@pytest.mark.parametrize(
    "other",
    [
        {"written_at": NOW.replace(year=2030)},
        {"seconds": 9.0},
        {"code_version": "another"},
        {"read_at": NOW.replace(year=2030)},
        {"parts": (part("1", "elsewhere"), part("2"))},
    ],
)
def test_the_same_content_has_the_same_digest_whoever_wrote_it_and_when(other: dict[str, Any]):
    assert marker(**other).digest == marker().digest


def test_a_marker_survives_its_json():
    assert decode(LakeMarker, marker().encode(), "key") == marker()


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"\xff", b'{"table": "a.b"', b"null"])
def test_what_is_no_marker_is_refused_with_its_key(data: bytes):
    with pytest.raises(LakeError) as raised:
        decode(ViewsMarker, data, "s3://bucket/key")
    assert "s3://bucket/key is not a marker" in str(raised.value)
    assert "delete it" in str(raised.value)


def test_a_cursor_object_of_version_0_1_is_read():
    """It has null for the key, as the tables of that version are loaded by it still."""
    extent = {"cursor": "at", "cursor_type": "timestamp", "timezone": None, "epoch_unit": None}
    stored = {
        "table": "a.b",
        "target": '"public"."b"',
        "cursor": {**extent, "lower": None, "upper": None, "key": None},
    }
    loaded = decode(LoadedCursor, json.dumps(stored).encode(), "s3://bucket/cursors/a/b.json")
    assert loaded.cursor == Extent(**extent).order
