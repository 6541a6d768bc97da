"""What is wrong with a command line, in Chinese: the library says it in English only."""

import re
from difflib import get_close_matches

import click

_GENERAL = (
    (re.compile(r"Got unexpected extra arguments? \((.*)\)"), "多余的参数：{}"),
    (re.compile(r"Missing command"), "缺少子命令"),
    (re.compile(r"Option '(.*)' does not take a value"), "选项 {} 不带值"),
    (re.compile(r"(?:Option|Argument) '(.*)' (?:requires|takes) .*"), "{} 后面缺少值"),
)
_PATHS = {
    "does not exist": "文件或目录不存在",
    "is a file": "是文件，不是目录",
    "is a directory": "是目录，不是文件",
    "is not readable": "没有读取的权限",
    "is not writable": "没有写入的权限",
}


def usage_problem(error: click.UsageError) -> str:
    """What is wrong and what to do; a group without its command is told the whole help."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        return error.message
    command = error.ctx.command_path if error.ctx else "gongji"
    return f"命令行有误：{_sentence(error)}\n用法见 {command} --help"


def _sentence(error: click.UsageError) -> str:
    if isinstance(error, click.NoSuchOption):
        return f"没有选项 {error.option_name}{_near(error.possibilities)}"
    if isinstance(error, click.exceptions.NoSuchCommand):
        return f"没有命令 {error.command_name}{_near(error.possibilities or _similar(error))}"
    if isinstance(error, click.MissingParameter):
        return f"缺少 {_name(error)}"
    if isinstance(error, click.BadParameter):
        name = _name(error)
        return f"{name} 的值不对：{_expected(error)}" if name else _expected(error)
    for pattern, told in _GENERAL:
        if found := pattern.match(error.message):
            return told.format(*found.groups())
    return error.message


def _near(possibilities: list[str] | None) -> str:
    return f"；是否想用 {'、'.join(possibilities)}" if possibilities else ""


def _similar(error: click.exceptions.NoSuchCommand) -> list[str]:
    """Commands of the group that are written nearly so."""
    group = error.ctx.command if error.ctx else None
    known = group.list_commands(error.ctx) if isinstance(group, click.Group) and error.ctx else []
    return get_close_matches(error.command_name, known, n=3)


def _name(error: click.BadParameter) -> str:
    """The option or argument as it is typed."""
    hint = error.param_hint
    if hint is None and error.param is not None and error.ctx is not None:
        hint = error.param.get_error_hint(error.ctx)
    names = [hint] if isinstance(hint, str) else list(hint or [])
    return " / ".join(name.strip("'[].") for name in names)


def _range(kind: click.IntRange) -> str:
    """Between which bounds a number is to be; one of them may not be there."""
    if kind.max is None:
        return f"不应小于 {kind.min}"
    return f"不应大于 {kind.max}" if kind.min is None else f"应在 {kind.min} 至 {kind.max} 之间"


def _expected(error: click.BadParameter) -> str:
    """What the value should have been; our own checks say it themselves."""
    kind = error.param.type if error.param is not None else None
    if isinstance(kind, click.Choice) and "is not one of" in error.message:
        return f"应为 {'、'.join(str(choice) for choice in kind.choices)} 之一"
    if isinstance(kind, click.IntRange) and "is not in the range" in error.message:
        return _range(kind)
    if "is not a valid integer" in error.message:
        return "应为整数"
    for ending, told in _PATHS.items():
        if error.message.endswith(f"{ending}.") and isinstance(kind, click.Path):
            return f"{told}：{error.message.split(chr(39))[1]}"
    return error.message
