"""docs/commands.md: every operator command and every task, generated from their parsers."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence

import luigi

import pipeline
from pipeline.cli.main import _parser
from pipeline.tasks import chain, entries, ranges
from tools.markdown import first_line, table

_HEAD = """\
# Commands

Generated from the parsers of the commands by `make docs`. All share the [exit codes](exit-codes.md).
"""
_TASKS = """\
## Tasks

`luigi --module pipeline TASK`, with the task's parameters as options. A range takes those of its task as
`--of-params`, or as options such as `--DailyLoad-table`. Luigi adds its own: `--workers`,
`--local-scheduler`, `--scheduler-host`, ….
"""


def subcommands(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """The parsers of the next word of a command, by that word; none if it takes no further one."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    return {}


def commands(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """The parser of every complete command, those of nested ones too."""
    below = subcommands(parser)
    if not below:
        yield parser
    for each in below.values():
        yield from commands(each)


def arguments(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """What a command takes, without `--help`."""
    return (each for each in parser._actions if not isinstance(each, argparse._HelpAction))


def operator_commands() -> list[argparse.ArgumentParser]:
    """Every `python -m pipeline …`."""
    return list(commands(_parser()))


def tasks() -> dict[str, type[luigi.Task]]:
    """The tasks that a command line may name: entries, ranges, and the stages of one window."""
    return {
        name: kind
        for module in (entries, ranges, chain)
        for name, kind in vars(module).items()
        if isinstance(kind, type) and issubclass(kind, luigi.Task)
        if hasattr(pipeline, name)
    }


def parameters(kind: type[luigi.Task]) -> dict[str, luigi.Parameter[object]]:
    """A task's parameters that this package describes, by their option."""
    return {
        f"--{name.replace('_', '-')}": parameter
        for name, parameter in kind.get_params()
        if parameter.description
    }


def page() -> str:
    """The page."""
    lines = [_HEAD]
    for parser in operator_commands():
        lines += [f"## `{parser.prog}`\n", f"{_sentence(parser.description)}\n"]
        rows = [(_shown(action), action.help or "") for action in arguments(parser)]
        lines += [table(("argument", "meaning"), rows)] if rows else []
    lines.append(_TASKS)
    rows = [(f"`{name}`", first_line(kind.__doc__)) for name, kind in tasks().items()]
    lines.append(table(("task", "what it does"), rows))
    meanings: dict[tuple[str, str], list[str]] = {}
    for name, kind in tasks().items():
        for option, parameter in parameters(kind).items():
            meanings.setdefault((option, str(parameter.description)), []).append(name)
    described = [(f"`{option}`", text, _of(names)) for (option, text), names in meanings.items()]
    lines.append(table(("option", "meaning", "of"), described))
    return "\n".join(lines)


def _of(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _shown(action: argparse.Action) -> str:
    if action.option_strings:
        return " ".join(f"`{each}`" for each in action.option_strings)
    return f"`{action.metavar or action.dest}`"


def _sentence(text: str | None) -> str:
    words = (text or "").strip()
    return f"{words[:1].upper()}{words[1:]}{'' if words.endswith(('.', '?')) else '.'}"
