"""The keys that a known_hosts file has for a host, in the format that sshd(8) describes."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

_REVOKED, _AUTHORITY = b"@revoked", b"@cert-authority"


@dataclass(frozen=True)
class KnownKey:
    """One line for the host: its number from 1, its marker, the type and the bytes of its key."""

    line: int
    marker: bytes
    type: str
    blob: bytes


@dataclass(frozen=True)
class KnownHost:
    """The lines of a file that match a host; `damaged` are the numbers of those without a readable key."""

    lines: tuple[KnownKey, ...]
    damaged: tuple[int, ...]

    @property
    def keys(self) -> tuple[KnownKey, ...]:
        """The valid host keys."""
        return tuple(key for key in self.lines if not key.marker)

    @property
    def authorities(self) -> tuple[int, ...]:
        """The numbers of the lines that name a certificate authority for the host."""
        return tuple(key.line for key in self.lines if key.marker == _AUTHORITY)

    def line_of(self, blob: bytes) -> int | None:
        """The line with this key, None for an unknown one."""
        return next((key.line for key in self.keys if key.blob == blob), None)

    def revoked_in(self, blob: bytes) -> int | None:
        """The line that revokes this key, None for a key that is not revoked."""
        lines = (key for key in self.lines if key.marker == _REVOKED)
        return next((key.line for key in lines if key.blob == blob), None)


def name_of(host: str, port: int) -> str:
    """The host's name in the file."""
    return host if port == 22 else f"[{host}]:{port}"


def known_host(path: Path, host: str, port: int) -> KnownHost:
    """The lines for a host; those of a port also without the port, as ssh takes them.

    Comments and lines of other hosts are skipped. Raises OSError for a file that cannot be read.
    """
    text = path.read_bytes().splitlines()
    exact = _matching(text, name_of(host, port))
    return exact if exact.keys or port == 22 else _matching(text, host, exact)


def _matching(text: Sequence[bytes], name: str, more: KnownHost = KnownHost((), ())) -> KnownHost:
    lines, damaged = list(more.lines), list(more.damaged)
    for number, fields in _entries(text):
        marker = fields.pop(0) if fields[0].startswith(b"@") else b""
        if not fields or not _matches(fields[0], name.lower().encode()):
            continue
        try:
            kind, blob = fields[1].decode("ascii"), base64.b64decode(fields[2], validate=True)
        except (IndexError, UnicodeDecodeError, binascii.Error):
            damaged.append(number)
            continue
        lines.append(KnownKey(number, marker, kind, blob))
    return KnownHost(tuple(lines), tuple(damaged))


def _entries(text: Sequence[bytes]) -> Iterator[tuple[int, list[bytes]]]:
    for number, line in enumerate(text, 1):
        if (fields := line.split()) and not fields[0].startswith(b"#"):
            yield number, fields


def _matches(patterns: bytes, name: bytes) -> bool:
    """Whether a line's first field, a hash or patterns separated by commas, matches the name."""
    if patterns.startswith(b"|1|"):
        return _matches_hash(patterns, name)
    listed = [pattern.lower() for pattern in patterns.split(b",")]
    if any(p.startswith(b"!") and _matches_pattern(p[1:], name) for p in listed):
        return False
    return any(_matches_pattern(pattern, name) for pattern in listed)


def _matches_pattern(pattern: bytes, name: bytes) -> bool:
    expression = re.escape(pattern).replace(rb"\*", b".*").replace(rb"\?", b".")
    return re.fullmatch(expression, name) is not None


def _matches_hash(field: bytes, name: bytes) -> bool:
    try:
        salt, digest = (base64.b64decode(part) for part in field.split(b"|")[2:4])
    except (ValueError, binascii.Error):
        return False
    return hmac.compare_digest(hmac.digest(salt, name, hashlib.sha1), digest)
