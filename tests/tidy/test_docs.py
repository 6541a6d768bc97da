"""The docs say everything: commands and options, refusals, facts and columns; and what is generated
is current."""

import importlib
import re
from pathlib import Path

import click

from each import of_each
from gongji.cli.main import COMMANDS
from gongji.law.rulebook.vocabulary import DERIVED, FACTS, VISIT_COLUMNS
from reference import DOCS, PAGES

ROOT = DOCS.parent
PAGES_OF_PEOPLE = [*sorted(ROOT.glob("*.md")), *sorted(DOCS.rglob("*.md"))]


@of_each("name", PAGES)
def test_generated_pages_are_current(name: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == PAGES[name](), "write anew: make docs"


WITHOUT_RESULT = {"serve"}
"""Commands that tell nothing that a machine would read."""


def options(command: click.Command) -> set[str]:
    """The options of a command and of its subcommands."""
    found = {option for param in command.params for option in param.opts}
    parts = command.commands.values() if isinstance(command, click.Group) else ()
    return found.union(*map(options, parts))


@of_each("name", COMMANDS)
def test_every_command_is_in_the_readme_and_gives_examples(name: str) -> None:
    assert f"`gongji {name}" in (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"gongji {name}" in (ROOT / "README.zh-CN.md").read_text(encoding="utf-8")
    command: click.Command = importlib.import_module(f"gongji.cli.{name}").command
    assert f"gongji {name}" in (command.help or ""), "the help has no example"
    assert name in WITHOUT_RESULT or "--json" in options(command)


@of_each("name", COMMANDS)
def test_every_option_says_what_it_does(name: str) -> None:
    command: click.Command = importlib.import_module(f"gongji.cli.{name}").command
    for option in command.params:
        if isinstance(option, click.Option):
            assert option.help, f"{name} {option.opts[0]}"


def test_every_fact_and_column_of_a_visit_is_described() -> None:
    page = (DOCS / "use/facts.md").read_text(encoding="utf-8")
    named = {fact.column for fact in FACTS.values()} - DERIVED.keys()
    for column in {*named, *VISIT_COLUMNS}:
        assert f"`{column}`" in page, column


@of_each("path", PAGES_OF_PEOPLE, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)", path.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (path.parent / target).exists(), f"{path.name} -> {target}"


NAMED_TEST = re.compile(r"`(?:tests/)?([\w/]+\.py)::(test_\w+)`")
NAMED_FILE = re.compile(r"\btest_\w+\.py\b")


def test_every_test_that_a_page_names_exists() -> None:
    files = {path.name for path in (ROOT / "tests").rglob("test_*.py")}
    named = set()
    for page in PAGES_OF_PEOPLE:
        text = page.read_text(encoding="utf-8")
        assert set(NAMED_FILE.findall(text)) <= files, page.name
        named |= set(NAMED_TEST.findall(text))
    for path, test in named:
        code = (ROOT / "tests" / path).read_text(encoding="utf-8")
        assert re.search(rf"^def {test}\(", code, re.MULTILINE), f"{path}::{test}"
    assert len(named) > 40


@of_each("path", sorted((DOCS / "decisions").glob("*.md")), ids=lambda p: p.stem)
def test_decisions_are_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").split()) < 300
