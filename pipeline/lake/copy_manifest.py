"""The COPY manifest: every part with its URL and size, all mandatory.

Each COPY writes it from the CSV marker: an existing object is not trusted. Its key holds the digest of its
content, so that no load replaces the list that another one's COPY reads.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable

from pipeline.lake.window import LakeWindow
from pipeline.model.markers import Part


def write(lake_window: LakeWindow, parts: Iterable[Part]) -> str:
    """Write the manifest of a window's parts and return its key."""
    content = _content(lake_window, parts)
    digest = hashlib.sha256(content).hexdigest()
    key = lake_window.keys.copy_manifest(lake_window.window, digest)
    lake_window.store.put(key, content, digest)
    return key


def _content(lake_window: LakeWindow, parts: Iterable[Part]) -> bytes:
    entries = [
        {
            "url": lake_window.store.url(part.key),
            "mandatory": True,
            "meta": {"content_length": part.bytes},
        }
        for part in parts
    ]
    return json.dumps({"entries": entries}, indent=1).encode()
