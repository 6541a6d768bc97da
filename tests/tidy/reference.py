"""The generated pages of docs: refusals, commands, settings. `make docs` writes them anew."""

import importlib
from pathlib import Path

import click

from gongji.cli import COMMANDS
from gongji.config.environment import SETTINGS
from gongji.errors import REFUSALS

DOCS = Path(__file__).parent.parent.parent / "docs"


def refusals() -> str:
    """Every refusal in order of precedence."""
    gates = list(REFUSALS)
    first, last = gates.index("outside_benefit_period"), gates.index("not_eligible")
    lines = [
        "# Refusals",
        "",
        "Generated from `errors.py` by `make docs`. Where several hold, the first one is given. A",
        "refusal moves no meter; the person bears the cost. A gate (✓) is a rulebook's: document",
        "and article follow the sentence.",
        "",
        "| code | gate | sentence |",
        "| --- | --- | --- |",
    ]
    for number, (code, sentence) in enumerate(REFUSALS.items()):
        gate = "✓" if first <= number <= last else ""
        lines.append(f"| `{code}` | {gate} | {sentence} |")
    return "\n".join(lines) + "\n"


def commands() -> str:
    """Every command with its help."""
    lines = [
        "# Commands",
        "",
        "Generated from `gongji COMMAND --help` by `make docs`. Exit code 0: done; 1: refused;",
        "2: a wrong file, or problems found; 3: a fault.",
    ]
    for name, summary in COMMANDS.items():
        command: click.Command = importlib.import_module(f"gongji.commands.{name}").command
        context = click.Context(
            command,
            info_name=f"gongji {name}",
            terminal_width=96,
            help_option_names=["-h", "--help"],
        )
        lines += ["", f"## `gongji {name}`", "", summary, ""]
        lines += ["```", command.get_help(context), "```"]
        for part in sorted(command.commands) if isinstance(command, click.Group) else ():
            inner = click.Context(
                command.commands[part], info_name=part, parent=context, terminal_width=96
            )
            lines += ["", f"### `gongji {name} {part}`", "", "```"]
            lines += [command.commands[part].get_help(inner), "```"]
    return "\n".join(lines) + "\n"


def settings() -> str:
    """Every setting of the environment."""
    lines = [
        "# Settings",
        "",
        "Generated from `config/environment.py` by `make docs`. All come from the environment and",
        "are checked at start, every problem at once. A key is 32 bytes in Base64",
        "(`openssl rand -base64 32`); with `GONGJI_DEMO=1` keys are made once and kept in the data",
        "folder, readable by their owner only.",
        "",
        "| setting | default | meaning |",
        "| --- | --- | --- |",
    ]
    for setting in SETTINGS:
        default = "required" if setting.default is None else f"`{setting.default}`"
        lines.append(f"| `{setting.name}` | {default.replace('``', 'empty')} | {setting.meaning} |")
    return "\n".join(lines) + "\n"


PAGES = {"refusals.md": refusals, "commands.md": commands, "settings.md": settings}


def main() -> None:
    """Write the pages."""
    for name, page in PAGES.items():
        (DOCS / name).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
