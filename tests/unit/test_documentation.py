"""Every command, option, setting, key and exit status is documented, and what is shown is what is taken."""

from __future__ import annotations

import argparse
import configparser
import contextlib
import re
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from luigi.cmdline_parser import CmdlineParser

import benchmarks.__main__
import devstack.__main__
import devstack.redshift.__main__
from pipeline import errors
from pipeline.cli import main
from pipeline.config.policies import Policies
from pipeline.config.settings import SECTIONS, variables
from pipeline.config.tables import TableDefinition
from pipeline.config.yaml_loader import tables
from pipeline.errors import PipelineError
from tests.support.documents import COMMANDS, SESSION, Block, Command, blocks, pages, spans
from tests.support.programs import ROOT
from tools import commands_page

PAGES = list(pages())
BLOCKS = [block for page in PAGES for block in blocks(page)]
TEXT = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
Parse = Callable[[Sequence[str]], object]


class Answered(Exception):
    """A parser has answered by itself: `--help`, `--version`."""


def by_argparse(parser: argparse.ArgumentParser) -> Parse:
    """The parser's own way, but for its exits."""

    def parse(words: Sequence[str]) -> object:
        try:
            return parser.parse_args(words)
        except SystemExit as end:
            if end.code:
                raise AssertionError(f"refused with status {end.code}") from end
            raise Answered from end

    return parse


def luigi_line(words: Sequence[str]) -> object:
    """The task that Luigi makes of its command line; nothing is scheduled."""
    with CmdlineParser.global_instance(list(words)) as parser:
        return parser.get_task_obj()


def make_line(words: Sequence[str]) -> object:
    """What make would do; it fails for a target that is not there."""
    done = subprocess.run(["make", "--dry-run", *words], cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    return done


def no_arguments(words: Sequence[str]) -> None:
    assert not words


# By the words that a command begins with: what parses the others. The longest beginning counts.
PARSERS: dict[tuple[str, ...], Parse] = {
    ("luigi",): luigi_line,
    ("make",): make_line,
    ("cd",): list,
    ("python", "-m", "pipeline"): by_argparse(main._parser()),
    ("python", "-m", "pipeline.codec"): no_arguments,
    ("python", "-m", "devstack"): by_argparse(devstack.__main__._parser()),
    ("python", "-m", "devstack.redshift"): devstack.redshift.__main__._arguments,
    ("python", "-m", "benchmarks"): by_argparse(benchmarks.__main__._parser()),
}


def parser_of(command: Command) -> tuple[Parse, Sequence[str]] | None:
    """What parses a command, and the words that it parses; None where nothing here does."""
    for size in range(len(command.words), 0, -1):
        if parse := PARSERS.get(command.words[:size]):
            return parse, command.words[size:]
    return None


def shown() -> Iterator[Command]:
    """Every command of every block, and the code spans that are commands with arguments."""
    for block in BLOCKS:
        yield from block.commands()
    names = {parser.prog for parser in commands_page.operator_commands()}
    for page in PAGES:
        for command in spans(page):
            if (
                (parsed := parser_of(command))
                and parsed[1]
                and " ".join(command.words) not in names
            ):
                yield command


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: f"{block.page}:{block.line}")
def test_a_block_says_what_it_holds(block: Block):
    """Else its commands would not be found below."""
    assert block.info in {*COMMANDS, SESSION, "text", "yaml", "python", "sql"}


@pytest.mark.parametrize("command", list(shown()), ids=str)
def test_a_command_that_is_shown_is_one(command: Command):
    found = parser_of(command)
    if found is None:
        assert command.not_run, (
            "no parser in PARSERS takes it, and no `<!-- not run: … -->` says why"
        )
        return
    parse, words = found
    if command.not_run and "pipeline" not in words:
        return  # a module of the reader's own, which another test writes and runs
    with contextlib.suppress(Answered):
        parse(words)


@pytest.mark.parametrize(
    "block", [b for b in BLOCKS if b.info == "yaml"], ids=lambda b: f"{b.page}:{b.line}"
)
def test_a_table_definition_that_is_shown_is_accepted(block: Block, tmp_path: Path):
    (tmp_path / "shown.yml").write_text(block.text)
    assert tables(tmp_path, "shop")


@pytest.mark.parametrize("parser", commands_page.operator_commands(), ids=lambda p: p.prog)
def test_an_operator_command_is_documented_with_its_options(parser: argparse.ArgumentParser):
    assert f"`{parser.prog}`" in TEXT
    for action in commands_page.arguments(parser):
        assert action.help, f"{action.dest} has no help"
        for name in action.option_strings or [action.metavar or action.dest]:
            assert f"`{name}`" in TEXT


@pytest.mark.parametrize("name", commands_page.tasks())
def test_a_task_is_documented_with_its_parameters(name: str):
    assert f"`{name}`" in TEXT
    for option in commands_page.parameters(commands_page.tasks()[name]):
        assert f"`{option}`" in TEXT


@pytest.mark.parametrize("variable", [v for m in SECTIONS.values() for v in variables(m).values()])
def test_a_setting_is_documented(variable: str):
    assert f"`{variable}`" in TEXT


@pytest.mark.parametrize("key", [*TableDefinition.model_fields, *Policies.model_fields])
def test_a_key_of_a_table_definition_is_documented(key: str):
    assert f"`{key}`" in (ROOT / "docs" / "tables.md").read_text(encoding="utf-8")


def exit_statuses() -> set[int]:
    """Those of Luigi, as luigi.cfg sets them, and those of the package's errors."""
    config = configparser.ConfigParser()
    config.read(ROOT / "luigi.cfg")
    kinds = [each for each in vars(errors).values() if isinstance(each, type)]
    ours = {kind.exit_status for kind in kinds if PipelineError in kind.__bases__}
    return {0, 130, *map(int, dict(config["retcode"]).values()), *ours}


@pytest.mark.parametrize("status", sorted(exit_statuses()))
def test_an_exit_status_is_documented(status: int):
    assert f"| {status} |" in (ROOT / "docs" / "exit-codes.md").read_text(encoding="utf-8")


def test_every_page_is_in_the_index_and_the_index_in_the_readme():
    index = ROOT / "docs" / "index.md"
    links = re.findall(r"\]\(([^)#]+)\)", index.read_text(encoding="utf-8"))
    linked = {(index.parent / link).resolve() for link in links}
    folder = index.parent / "decisions"
    unlinked = {page for page in PAGES if page.parent != folder} - linked - {index}
    assert unlinked == set()
    assert folder / "README.md" in linked
    assert "](docs/index.md)" in (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_a_link_leads_to_a_page_and_a_heading_that_are_there(page: Path):
    for link in re.findall(r"\]\((?!https?:)([^)]+)\)", page.read_text(encoding="utf-8")):
        path, _, heading = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        if heading:
            assert heading in headings(target), link


def headings(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    found = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in found}


def test_every_decision_is_in_the_list_of_decisions():
    folder = ROOT / "docs" / "decisions"
    listed = set(
        re.findall(r"\((\d{4}[^)]+)\)", (folder / "README.md").read_text(encoding="utf-8"))
    )
    assert listed == {page.name for page in folder.glob("0*.md")}
