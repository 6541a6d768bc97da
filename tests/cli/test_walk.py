"""A walk over every command: examples, --json, descriptions, one table of exit codes."""

import re
from collections.abc import Iterator

import click
import pytest
from click.shell_completion import ShellComplete

from gongji.cli.exit_codes import EXIT_CODES, KINDS
from gongji.cli.main import COMMANDS, cli

WITHOUT_JSON = {"gongji serve"}
"""Tells nothing that a machine would read: it runs until it is stopped."""


def walk(group: click.Group, context: click.Context) -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, with what one types for it."""
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        inner = click.Context(command, info_name=name, parent=context)
        if isinstance(command, click.Group):
            yield from walk(command, inner)
        else:
            yield inner.command_path, command


LEAVES = dict(walk(cli, click.Context(cli, info_name="gongji")))


def test_the_walk_sees_them_all() -> None:
    assert len(LEAVES) > 40 and {path.split()[1] for path in LEAVES} == set(COMMANDS)


@pytest.mark.parametrize("path", LEAVES)
def test_a_command_has_examples_and_json_and_says_what_its_options_do(path: str) -> None:
    command = LEAVES[path]
    assert "例：" in (command.help or ""), path
    words = path.split()
    wanted = rf"{words[0]} {words[1]}( --\S+ \S+)*" + "".join(f" {word}" for word in words[2:])
    assert re.search(wanted, command.help or ""), f"{path}: the example is another command's"
    options = {option for param in command.params for option in param.opts}
    assert "--json" in options or path in WITHOUT_JSON
    for param in command.params:
        assert not isinstance(param, click.Option) or param.help, f"{path} {param.name}"


def complete(*words: str, begun: str = "") -> dict[str, str]:
    """What a shell is told: values with their names."""
    found = ShellComplete(cli, {}, "gongji", "_GONGJI_COMPLETE").get_completions([*words], begun)
    return {item.value: item.help or "" for item in found}


def test_a_shell_completes_commands_areas_and_benefits() -> None:
    assert set(complete(begun="ad")) == {"adjudicate"}
    assert "verify" in complete("ledger", begun="ver")
    assert complete("quote", "--area", begun="4305") == {"430500": "湖南省邵阳市"}
    assert "chronic" in complete("quote", "--benefit", begun="chr")
    assert complete("quote", "--status", begun="r") == {"retired": "退休"}
    assert complete("adjudicate", "--compression", begun="zs") == {"zstd": ""}
    assert "--json" in complete("quote", begun="--j")


def test_every_kind_of_error_has_an_exit_code_of_the_table() -> None:
    assert set(KINDS.values()) <= set(EXIT_CODES)
