"""Text files of the configuration, read as UTF-8 with one message for a file that cannot be read."""

from __future__ import annotations

from pathlib import Path

from pipeline.errors import ConfigurationError


def read_text(file: Path) -> str:
    """The text of a file, without a byte order mark.

    Raises ConfigurationError for a folder, a file that may not be read, and one that is not UTF-8.
    """
    try:
        return file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise not_utf8(file, error) from None
    except OSError as error:
        raise ConfigurationError(
            f"{file} cannot be read",
            why="it is a folder" if file.is_dir() else error.strerror or str(error),
            todo="make it a file that this user may read, or remove it",
        ) from None


def not_utf8(file: Path, error: UnicodeDecodeError) -> ConfigurationError:
    """The error of a file in another encoding, which names the line."""
    start = error.object[:4]
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        why, encoding = "it is UTF-16", "utf-16"
    else:
        line = error.object.count(b"\n", 0, error.start) + 1
        why, encoding = f"line {line} has the byte 0x{error.object[error.start]:02x}", "latin1"
    return ConfigurationError(
        f"{file} is not UTF-8",
        why=why,
        todo=f"save it as UTF-8, e.g. iconv -f {encoding} -t utf-8 {file}",
    )
