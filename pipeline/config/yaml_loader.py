"""YAML as configuration is written in: a key stands once.

PyYAML lets the last of several win, though YAML forbids them (https://yaml.org/spec/1.2.2/, 3.2.1.1: the keys
of a mapping are unique).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml


class _EachKeyOnce(yaml.SafeLoader):
    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        """The mapping as it is written, before `<<` brings in another one's keys."""
        node = super().compose_mapping_node(anchor)
        seen: set[object] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                mark = key.start_mark
                raise yaml.MarkedYAMLError(problem=f"{key.value} is there twice", problem_mark=mark)
            seen.add(key.value if isinstance(key, yaml.ScalarNode) else id(key))
        return node


def read_document(file: Path) -> Any:
    """What a file says; raises yaml.YAMLError, and UnicodeDecodeError for what is no UTF-8."""
    return yaml.load(file.read_text(encoding="utf-8"), _EachKeyOnce)  # noqa: S506 - a safe loader
