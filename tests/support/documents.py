"""What README and docs/ show: their fenced blocks, their code spans, and the commands in both.

A block's info string says what it holds: `sh` and `cron` are commands, `console` commands (after `$ `)
with their output, `text` anything that nobody types. A command that no test can run or parse has the
reason in a comment above its block: `<!-- not run: … -->`.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template

from tests.support.programs import ROOT

COMMANDS, SESSION = ("sh", "cron"), "console"
_FENCE = re.compile(r"^ *```(.*)$")
_NOT_RUN = re.compile(r"<!-- not run: (.+) -->")
_SPAN = re.compile(r"`([^`\n]+(?:\n[^`\n]+)?)`")
_CRON = re.compile(r"^(?:[\d*/,-]+ +){5}")
_ASSIGNMENT = re.compile(r"^\w+=\S*$")
_PLACEHOLDER = re.compile(r"…|\.\.\.|\b[A-Z]{4,}\b(?!=)|<|\[")
_ENDS = ("|", "||", "&&", ";", ">", ">>", "2>&1")


@dataclass(frozen=True)
class Block:
    """A fenced block; `not_run` is the reason above it, "" if there is none."""

    page: str
    line: int
    info: str
    text: str
    section: str
    not_run: str

    def commands(self) -> Iterator[Command]:
        """The commands that it shows, one a line."""
        if self.info not in (*COMMANDS, SESSION):
            return
        variables: dict[str, str] = {}
        for number, line in enumerate(self.text.splitlines(), self.line + 1):
            typed = line if self.info in COMMANDS else line.partition("$ ")[2]
            for words in simple_commands(Template(typed).safe_substitute(variables)):
                if all(map(_ASSIGNMENT.match, words)):
                    variables |= dict(each.split("=", 1) for each in words)
                else:
                    yield Command(f"{self.page}:{number}", words, self.not_run)


@dataclass(frozen=True)
class Command:
    """A command as the words that a shell makes of it, without variables set for it alone."""

    place: str
    words: tuple[str, ...]
    not_run: str = ""

    def __str__(self) -> str:
        return f"{self.place} {shlex.join(self.words)}"


def pages() -> Iterator[Path]:
    """Every page that a user or a contributor reads."""
    yield from (ROOT / "README.md", ROOT / "CONTRIBUTING.md")
    for folder in ("docs", "devstack"):
        yield from sorted((ROOT / folder).rglob("*.md"))


def blocks(page: Path) -> Iterator[Block]:
    """The fenced blocks of a page."""
    name, section, above = page.relative_to(ROOT).as_posix(), "", ""
    lines = iter(enumerate(page.read_text(encoding="utf-8").splitlines(), 1))
    for number, line in lines:
        if line.startswith("#"):
            section = line.lstrip("# ")
        if not (fence := _FENCE.match(line)):
            above = line or above
            continue
        content = []
        for _, inner in lines:
            if _FENCE.match(inner):
                break
            content.append(inner)
        reason = _NOT_RUN.search(above)
        text = "\n".join(content).replace("\\\n", " ")  # a line that goes on in the next
        yield Block(name, number, fence[1], text, section, reason[1] if reason else "")
        above = ""


def spans(page: Path) -> Iterator[Command]:
    """The code spans of a page that may be commands; those with a placeholder are none."""
    text = page.read_text(encoding="utf-8")
    prose = re.sub(
        r"^ *```.*?^ *```", lambda found: "\n" * found[0].count("\n"), text, flags=re.M | re.S
    )
    for found in _SPAN.finditer(prose):
        line = prose.count("\n", 0, found.start()) + 1
        typed = " ".join(found[1].split())
        if not _PLACEHOLDER.search(typed):
            name = page.relative_to(ROOT).as_posix()
            yield from (Command(f"{name}:{line}", words) for words in simple_commands(typed))


def simple_commands(line: str) -> Iterator[tuple[str, ...]]:
    """The commands of a line of a shell, or of a crontab, up to the first redirection or pipe of each."""
    try:
        words = shlex.split(_CRON.sub("", line.strip()), comments=True)
    except ValueError:  # a quotation mark of a sentence
        return
    part: list[str] = []
    dropped = False
    for word in [*words, ";"]:
        if word in ("&&", "||", ";"):
            if part:
                yield tuple(_program(part))
            part, dropped = [], False
        elif word in _ENDS or dropped:
            dropped = True
        else:
            part.append(word)


def _program(words: Sequence[str]) -> Iterator[str]:
    """The words without the virtual environment's folder, and without variables that are set for them."""
    plain = [word.removeprefix(".venv/bin/") for word in words]
    while len(plain) > 1 and _ASSIGNMENT.match(plain[0]) and not all(map(_ASSIGNMENT.match, plain)):
        plain = plain[1:]
    yield from plain
