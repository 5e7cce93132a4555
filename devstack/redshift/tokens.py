"""A tokenizer for Redshift's SQL, and functions on lists of tokens.

A statement is a list of tokens. Each keeps the white space and comments before it, so joining a list
restores the original text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from devstack.redshift.errors import RedshiftError, syntax_error

WORD, QUOTED, STRING, NUMBER, PARAMETER, OPERATOR = (
    "word",
    "quoted",
    "string",
    "number",
    "parameter",
    "operator",
)


@dataclass(frozen=True, slots=True)
class Token:
    """One token: its kind, its text, and the white space and comments before it."""

    kind: str
    text: str
    space: str = ""

    @property
    def key(self) -> str:
        """The token in lower case, to compare keywords and operators; empty for names and strings."""
        if self.kind == WORD:
            return self.text.lower()
        return self.text if self.kind == OPERATOR else ""

    @property
    def name(self) -> str:
        """The identifier; empty for other tokens.

        Quoted ones are unchanged: `LongNames.fold` has put them in lower case.
        """
        if self.kind == WORD:
            return self.text.lower()
        return self.text[1:-1].replace('""', '"') if self.kind == QUOTED else ""

    @property
    def value(self) -> str:
        """The value of a string literal; the token's text otherwise."""
        return unescape(self.text) if self.kind == STRING else self.text

    def with_text(self, text: str, kind: str | None = None) -> Token:
        """The token with another text."""
        return replace(self, text=text, kind=kind or self.kind)


Tokens = list[Token]

_SPACE = re.compile(r"(?:\s+|--[^\n]*)+")
_PATTERNS = re.compile(
    r"""(?P<word>[^\W\d][\w$]*)
      | (?P<quoted>"(?:[^"]|"")*")
      | (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
      | (?P<parameter>\$\d+)
      | (?P<operator>::|<=|>=|<>|!=|\|\||:=|=>|!~~\*|!~~|~~\*|~~|!~\*|!~|~\*|[-+*/%^<>=~!@\#&|?.,;:()\[\]{}])
    """,
    re.VERBOSE,
)
_STRING = re.compile(r"'(?:[^'\\]|\\.|'')*'", re.DOTALL)
_DOLLAR = re.compile(r"\$(\w*)\$")
_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_ESCAPE = re.compile(r"''|\\(?:([0-7]{1,3})|x([0-9A-Fa-f]{1,2})|(.))", re.DOTALL)


def unescape(literal: str) -> str:
    """The value of a string literal: '' is a quote and a backslash escapes, as on Redshift."""
    if literal.startswith("$"):
        tag = literal[: literal.index("$", 1) + 1]
        return literal[len(tag) : -len(tag)]

    def character(match: re.Match[str]) -> str:
        if match[0] == "''":
            return "'"
        if match[1]:
            return chr(int(match[1], 8))
        if match[2]:
            return chr(int(match[2], 16))
        return _ESCAPES.get(match[3], match[3])

    return _ESCAPE.sub(character, literal[1:-1])


def _skip_space(sql: str, position: int) -> int:
    while True:
        if match := _SPACE.match(sql, position):
            position = match.end()
        if not sql.startswith("/*", position):
            return position
        depth, position = 1, position + 2
        while depth:
            opening, closing = sql.find("/*", position), sql.find("*/", position)
            if closing < 0:
                raise RedshiftError("unterminated /* comment", "42601")
            if 0 <= opening < closing:
                depth, position = depth + 1, opening + 2
            else:
                depth, position = depth - 1, closing + 2


def _string_end(sql: str, position: int) -> int:
    """The end of the string literal at `position`, or `position` if there is none."""
    if sql[position] == "'":
        if match := _STRING.match(sql, position):
            return match.end()
        raise RedshiftError("unterminated quoted string", "42601")
    if match := _DOLLAR.match(sql, position):
        end = sql.find(match[0], match.end())
        if end < 0:
            raise RedshiftError("unterminated dollar-quoted string", "42601")
        return end + len(match[0])
    return position


def tokenize(sql: str) -> Iterator[Token]:
    """The tokens of `sql`; raises a syntax error for an invalid character."""
    position = 0
    while True:
        start = position
        position = _skip_space(sql, position)
        space = sql[start:position]
        if position >= len(sql):
            return
        end = _string_end(sql, position)
        if end > position:
            yield Token(STRING, sql[position:end], space)
        elif match := _PATTERNS.match(sql, position):
            end = match.end()
            yield Token(match.lastgroup or OPERATOR, match[0], space)
        else:
            raise syntax_error(sql[position])
        position = end


def statements(sql: str) -> list[Tokens]:
    """The non-empty statements of `sql`, split at semicolons."""
    parsed: list[Tokens] = [[]]
    for token in tokenize(sql):
        if token.key == ";":
            parsed.append([])
        else:
            parsed[-1].append(token)
    return [tokens for tokens in parsed if tokens]


def parse(sql: str) -> Tokens:
    """The tokens of one fragment of SQL."""
    return list(tokenize(sql))


def words(text: str) -> frozenset[str]:
    """The words of a text, as a set of keywords."""
    return frozenset(text.split())


def sql_of(tokens: Iterable[Token]) -> str:
    """The text of the tokens."""
    return "".join(token.space + token.text for token in tokens).strip()


def starts(tokens: Sequence[Token], *keys: str, at: int = 0) -> bool:
    """Whether the tokens from `at` on are these keywords or operators."""
    if at < 0 or len(tokens) < at + len(keys):
        return False
    return all(token.key == key for token, key in zip(tokens[at:], keys, strict=False))


def find(tokens: Sequence[Token], *keys: str, start: int = 0) -> int:
    """The index of these consecutive keywords outside of parentheses, or -1."""
    depth = 0
    for index in range(start, len(tokens)):
        key = tokens[index].key
        if depth == 0 and key == keys[0] and starts(tokens, *keys, at=index):
            return index
        depth += (key in "([" and key != "") - (key in ")]" and key != "")
    return -1


def closing(tokens: Sequence[Token], opening: int) -> int:
    """The index of the parenthesis that closes the one at `opening`."""
    depth = 0
    for index in range(opening, len(tokens)):
        key = tokens[index].key
        if key == "(":
            depth += 1
        elif key == ")":
            depth -= 1
            if depth == 0:
                return index
    raise syntax_error(tokens[-1].text)


def split(tokens: Sequence[Token], separator: str = ",") -> list[Tokens]:
    """The tokens split at a separator outside of parentheses."""
    parts: list[Tokens] = [[]]
    depth = 0
    for token in tokens:
        if token.key == separator and depth == 0:
            parts.append([])
            continue
        depth += (token.key in ("(", "[")) - (token.key in (")", "]"))
        parts[-1].append(token)
    return parts


def qualified_name(tokens: Sequence[Token], at: int) -> tuple[list[str], int]:
    """The parts of the dotted name at `at` (empty for none), and the index after it."""
    parts: list[str] = []
    while at < len(tokens) and tokens[at].name:
        parts.append(tokens[at].name)
        at += 1
        if not starts(tokens, ".", at=at):
            break
        at += 1
    return parts, at


def quote(name: str) -> str:
    """A quoted identifier."""
    return '"' + name.replace('"', '""') + '"'
