"""The COPY command: its options, and the combinations that Redshift refuses.

Source: Amazon Redshift Database Developer Guide, "COPY", "Data format parameters", "Data
conversion parameters", "Data load operations", "Authorization parameters".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from devstack.redshift.errors import RedshiftError, not_supported, syntax_error
from devstack.redshift.tokens import STRING, Tokens, closing, qualified_name, split, starts, words

MAX_ERRORS = 100_000
_S3 = re.compile(r"s3://([^/]+)/(.*)", re.DOTALL)


@dataclass(frozen=True)
class Keys:
    """Credentials in the command; empty for a role."""

    access_key: str = ""
    secret_key: str = field(default="", repr=False)
    token: str = field(default="", repr=False)


@dataclass
class CopyCommand:
    """A COPY command with its options at their defaults."""

    table: list[str] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)
    bucket: str = ""
    key: str = ""
    keys: Keys | None = None
    region: str = ""
    file_format: str = ""
    manifest: bool = False
    delimiter: str = ""
    quote: str = '"'
    null: str = "\\N"
    compression: str = ""
    ignore_header: int = 0
    max_error: int = 0
    date_format: str = ""
    time_format: str = ""
    flags: set[str] = field(default_factory=set)
    invalid_characters: str = ""

    def has(self, flag: str) -> bool:
        """Whether an option without a value was given."""
        return flag in self.flags


_FLAGS = words(
    "acceptanydate blanksasnull emptyasnull escape explicit_ids fillrecord ignoreblanklines "
    "removequotes roundec serializetojson trimblanks truncatecolumns noload"
)
_COMPRESSIONS = {"gzip": "gzip", "zstd": "zstd", "bzip2": "bz2"}
_BEYOND = {
    "json",
    "avro",
    "orc",
    "shapefile",
    "fixedwidth",
    "lzop",
    "ssh",
    "encrypted",
    "readratio",
}
_SWITCHES = {"on", "off", "true", "false", "preset"}
_CSV_EXCLUDES = ("escape", "removequotes", "fixedwidth")


class _Reader:
    """Parses the options of one command."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self._at = 0
        self.command = CopyCommand()

    def more(self) -> bool:
        return self._at < len(self._tokens)

    def take(self) -> str:
        if not self.more():
            raise syntax_error(";")
        self._at += 1
        return self._tokens[self._at - 1].key

    def accept(self, *words: str) -> bool:
        if starts(self._tokens, *words, at=self._at):
            self._at += len(words)
            return True
        return False

    def string(self) -> str:
        """The string that follows, after an optional AS."""
        self.accept("as")
        if not self.more() or self._tokens[self._at].kind != STRING:
            raise self.wrong()
        self._at += 1
        return self._tokens[self._at - 1].value

    def number(self) -> int:
        self.accept("as")
        if not self.more() or not self._tokens[self._at].value.isdigit():
            raise self.wrong()
        self._at += 1
        return int(self._tokens[self._at - 1].value)

    def wrong(self) -> RedshiftError:
        return syntax_error(self._tokens[self._at].text if self.more() else ";")

    def peek(self) -> str:
        return self._tokens[self._at].key if self.more() else ""

    def is_string(self) -> bool:
        at = self._at + (self.peek() == "as")
        return at < len(self._tokens) and self._tokens[at].kind == STRING

    def head(self) -> None:
        """COPY table [(columns)] FROM 's3://…'."""
        self.take()
        command = self.command
        command.table, self._at = qualified_name(self._tokens, self._at)
        if not command.table:
            raise self.wrong()
        if self.peek() == "(":
            end = closing(self._tokens, self._at)
            parts = split(self._tokens[self._at + 1 : end])
            command.columns = [part[0].name for part in parts if len(part) == 1]
            if len(command.columns) != len(parts) or not all(command.columns):
                raise syntax_error(")")
            self._at = end + 1
        if self.peek() == "to":
            raise syntax_error("TO")
        if not self.accept("from"):
            raise self.wrong()
        location = self.string() if self.is_string() else self.take()
        if (match := _S3.fullmatch(location)) is None:
            raise not_supported(
                "LOAD source is not supported. (Hint: only S3 or DynamoDB or EMR based load is "
                "allowed)"
            )
        command.bucket, command.key = match[1], match[2]


def parse_copy(tokens: Tokens) -> CopyCommand:
    """Parse a COPY command; raises RedshiftError for what Redshift refuses."""
    reader = _Reader(tokens)
    reader.head()
    seen: set[str] = set()
    while reader.more():
        word = reader.take()
        if word in seen:
            raise RedshiftError("conflicting or redundant options", "42601")
        seen.add(word)
        _read_option(reader, word)
    seen -= {"as", "with", "format"}
    _check(reader.command, seen)
    return reader.command


def _read_option(reader: _Reader, word: str) -> None:
    command = reader.command
    if word in ("with", "format", "as"):
        return
    if word in _FLAGS:
        command.flags.add(word)
    elif word in _COMPRESSIONS:
        if command.compression:
            raise RedshiftError("conflicting or redundant options", "42601")
        command.compression = _COMPRESSIONS[word]
    elif word in ("csv", "parquet"):
        command.file_format = word
    elif word == "manifest":
        command.manifest = True
    elif word in ("compupdate", "statupdate"):
        if reader.peek() in _SWITCHES:
            reader.take()
    elif word in _BEYOND:
        command.flags.add(word)
        if reader.is_string():
            reader.string()
    elif word in _VALUES:
        _VALUES[word](reader)
    elif not _read_credentials(reader, word):
        raise syntax_error(word)


def _read_quote(reader: _Reader) -> None:
    reader.command.quote = _one_byte(reader.string(), "QUOTE")


def _read_delimiter(reader: _Reader) -> None:
    reader.command.delimiter = _one_byte(reader.string(), "DELIMITER")


def _one_byte(value: str, option: str) -> str:
    if len(value.encode()) != 1:
        raise RedshiftError(f"COPY {option.lower()} must be a single ASCII character", "22023")
    return value


def _read_null(reader: _Reader) -> None:
    reader.command.null = reader.string()


def _read_header(reader: _Reader) -> None:
    reader.command.ignore_header = reader.number()


def _read_max_error(reader: _Reader) -> None:
    reader.command.max_error = reader.number()
    if reader.command.max_error > MAX_ERRORS:
        raise RedshiftError(f"MAXERROR must be between 0 and {MAX_ERRORS}", "22023")


def _read_date_format(reader: _Reader) -> None:
    reader.command.date_format = reader.string()


def _read_time_format(reader: _Reader) -> None:
    reader.command.time_format = reader.string()


def _read_region(reader: _Reader) -> None:
    reader.command.region = reader.string()


def _read_invalid_characters(reader: _Reader) -> None:
    replacement = reader.string() if reader.is_string() else "?"
    reader.command.invalid_characters = _one_byte(replacement, "ACCEPTINVCHARS")


def _read_encoding(reader: _Reader) -> None:
    reader.accept("as")
    name = reader.string() if reader.is_string() else reader.take()
    if name.lower() not in ("utf8", "utf-8"):
        raise not_supported("ENCODING other than UTF8 is not supported by the stand-in")


def _read_ignored_number(reader: _Reader) -> None:
    reader.number()


_VALUES: dict[str, Callable[[_Reader], None]] = {
    "quote": _read_quote,
    "delimiter": _read_delimiter,
    "null": _read_null,
    "ignoreheader": _read_header,
    "maxerror": _read_max_error,
    "dateformat": _read_date_format,
    "timeformat": _read_time_format,
    "region": _read_region,
    "acceptinvchars": _read_invalid_characters,
    "encoding": _read_encoding,
    "comprows": _read_ignored_number,
}


def _read_credentials(reader: _Reader, word: str) -> bool:
    """Read one authorization parameter; returns whether it is one."""
    command = reader.command
    given = command.keys or Keys()
    if word == "iam_role":
        if not reader.accept("default"):
            reader.string()
        command.keys = given
    elif word == "access_key_id":
        command.keys = Keys(reader.string(), given.secret_key, given.token)
    elif word == "secret_access_key":
        command.keys = Keys(given.access_key, reader.string(), given.token)
    elif word in ("session_token", "token"):
        command.keys = Keys(given.access_key, given.secret_key, reader.string())
    elif word == "credentials":
        pairs = dict(part.split("=", 1) for part in reader.string().split(";") if "=" in part)
        if "aws_iam_role" in pairs:
            command.keys = Keys()
        elif {"aws_access_key_id", "aws_secret_access_key"} <= set(pairs):
            command.keys = Keys(
                pairs["aws_access_key_id"], pairs["aws_secret_access_key"], pairs.get("token", "")
            )
        else:
            raise RedshiftError("Invalid credentials. Must be of the format: credentials "
                                "'aws_iam_role=...' or 'aws_access_key_id=...;"
                                "aws_secret_access_key=...[;token=...]'")  # fmt: skip
    else:
        return False
    return True


def _check(command: CopyCommand, seen: set[str]) -> None:
    """Refuse invalid combinations of options."""
    if command.keys is None:
        raise RedshiftError(
            "COPY requires an authorization parameter: IAM_ROLE, CREDENTIALS or ACCESS_KEY_ID"
        )
    if bool(command.keys.access_key) != bool(command.keys.secret_key):
        raise RedshiftError("ACCESS_KEY_ID and SECRET_ACCESS_KEY must be given together")
    if command.file_format == "csv":
        for option in _CSV_EXCLUDES:
            if option in seen:
                raise RedshiftError(f"CSV is not compatible with {option.upper()}", "42601")
    elif "quote" in seen:
        raise RedshiftError("QUOTE is only allowed with CSV", "42601")
    for option in sorted(seen & _BEYOND):
        raise not_supported(f"COPY with {option.upper()} is not supported by the stand-in")
    if command.file_format == "parquet":
        # Source: "COPY from columnar data formats".
        allowed = {"parquet", "manifest", "iam_role", "credentials", "access_key_id", "fillrecord",
                   "secret_access_key", "session_token", "token", "statupdate", "acceptinvchars",
                   "explicit_ids", "serializetojson"}  # fmt: skip
        for option in sorted(seen - allowed):
            raise not_supported(f"{option.upper()} is not supported for PARQUET format.")
        return
    if command.has("serializetojson"):
        raise not_supported("SERIALIZETOJSON is only supported for columnar formats.")
    command.delimiter = command.delimiter or ("," if command.file_format == "csv" else "|")
    if command.file_format == "csv" and command.delimiter == command.quote:
        raise RedshiftError("COPY delimiter must not be the quote character", "22023")
    if command.has("emptyasnull") and "null" in seen and command.null != "":
        raise RedshiftError("conflicting or redundant options", "42601")
