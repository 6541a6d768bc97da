"""Read YAML strictly: every scalar is text, no key twice, every node knows its line.

This module knows YAML, not rules: what a text must be is the schema's business.
"""

import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

import yaml

from gongji.law.rulebook import yaml_mistakes
from gongji.refusals import Problem, RulebookError

_AFTER_COMMA = re.compile(r"[0-9]{3}(?:\.[0-9]{1,2})?元")
"""What a comma inside an amount leaves behind it: `1,500元` is read as `1` and `500元`."""

DEEPEST = 50
"""So many lists and mappings lie in each other at most in a text that somebody else sends."""
ALIAS = "用了别名（& 和 *）；请把内容写全"
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Node:
    """A YAML node with its place: a text, a list of nodes, or a mapping by key."""

    file: str
    line: int
    value: "str | list[Node] | dict[str, Node]"
    keys: dict[str, int] | None = None
    """For a mapping: the line of each key."""

    @property
    def kind(self) -> str:
        """What the node is, in Chinese, for messages."""
        return {str: "文字", list: "列表", dict: "键值表"}[type(self.value)]

    def text(self) -> str:
        """The scalar with full-width characters normalised (as figures and names need)."""
        assert isinstance(self.value, str)
        return unicodedata.normalize("NFKC", self.value).strip()


def line_of(node: Node, *keys: str) -> int:
    """The line of what stands under these keys, or the nearest above it that is there."""
    line = node.line
    for name in keys:
        if not isinstance(node.value, dict) or name not in node.value:
            return line
        line = (node.keys or {}).get(name, line)
        node = node.value[name]
    return line


def _build(node: yaml.Node, file: str, problems: list[Problem], seen: set[int]) -> Node:
    """A node as ours; `seen` are those that were met: one that comes again is an alias.

    Ensures: what a few lines repeat and repeat again is built once.
    """
    line = node.start_mark.line + 1
    if isinstance(node, yaml.ScalarNode):
        return Node(file, line, node.value)
    if id(node) in seen:
        problems.append(Problem(file, line, "YAML", ALIAS))
        return Node(file, line, "")
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        return Node(file, line, [_build(item, file, problems, seen) for item in node.value])
    values: dict[str, Node] = {}
    keys: dict[str, int] = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            message = "键应为文字；花括号前面缺少键，或少写了引号"
            problems.append(Problem(file, key.start_mark.line + 1, "YAML", message))
            continue
        name = str(key.value).strip()
        if name in values:
            problems.append(
                Problem(file, key.start_mark.line + 1, name, f"与第 {keys[name]} 行的键重复")
            )
            continue
        if "：" in name and isinstance(value, yaml.ScalarNode) and not value.value:
            mend = name.replace("：", ": ", 1)
            message = f"“{name}”里是全角冒号；请改成半角冒号加空格：“{mend}”"
            problems.append(Problem(file, key.start_mark.line + 1, name, message))
            continue
        if message := _wrong_key(name, value):
            problems.append(Problem(file, key.start_mark.line + 1, name, message))
            if values and _AFTER_COMMA.fullmatch(name):
                values.popitem()  # The half before the comma is no amount either.
            continue
        keys[name] = key.start_mark.line + 1
        values[name] = _build(value, file, problems, seen)
    return Node(file, line, values, keys)


def _wrong_key(name: str, value: yaml.Node) -> str:
    """What a key shows that was meant as a part of a value: a comma in an amount, a bracket."""
    empty = isinstance(value, yaml.ScalarNode) and not value.value
    if empty and _AFTER_COMMA.fullmatch(name):
        return f"金额里的逗号会被当作分隔（“,{name}”）；请去掉逗号，如 1500元"
    sign = next((sign for sign in "】］｝" if name.endswith(sign)), "")
    return yaml_mistakes.bracket_mend(sign) if empty and sign else ""


def is_too_deep(text: str) -> bool:
    """Whether lists and mappings lie deeper in each other than in any rulebook.

    Whoever takes a text from somebody else asks first: one of brackets alone ends the process.
    """
    level = 0
    try:
        for event in yaml.parse(text, Loader=_Loader):
            level += isinstance(event, yaml.CollectionStartEvent)
            level -= isinstance(event, yaml.CollectionEndEvent)
            if level > DEEPEST:
                return True
    except yaml.YAMLError:
        return False
    return False


def content_of(path: Path, problems: list[Problem]) -> bytes | None:
    """The bytes of a file; that it cannot be read goes to `problems`."""
    try:
        return path.read_bytes()
    except OSError as error:
        said = {IsADirectoryError: "是目录，不是文件", PermissionError: "没有读取的权限"}
        reason = said.get(type(error), "找不到或读不出，请看文件名和所在的盘")
        problems.append(Problem(str(path), 1, "文件", f"无法读取：{reason}"))
        return None


def read(path: Path, content: bytes, problems: list[Problem]) -> Node | None:
    """The bytes of a YAML file as nodes; what is wrong with its form goes to `problems`."""
    file = str(path)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line, mend = yaml_mistakes.encoding(content, error)
        problems.append(Problem(file, line, "文件", mend))
        return None
    try:
        root = yaml.compose(text, Loader=_Loader)
    except yaml.YAMLError as error:
        line, mend = yaml_mistakes.form(error, text)
        problems.append(Problem(file, line, "YAML", mend))
        return None
    if root is None:
        problems.append(Problem(file, 1, "文件", "空文件"))
        return None
    return _build(root, file, problems, set())


def unseen(file: str, content: bytes) -> list[Problem]:
    """The characters in a YAML file that nobody sees as what they are."""
    text = content.decode("utf-8-sig", errors="replace")
    return [Problem(file, line, "YAML", mend) for line, mend in yaml_mistakes.unseen(text)]


def read_or_refuse(path: Path) -> Node:
    """A YAML file as nodes.

    Refuses: RulebookError with every mistake of form.
    """
    problems: list[Problem] = []
    content = content_of(path, problems)
    node = None if content is None else read(path, content, problems)
    if node is None or problems:
        raise RulebookError(problems)
    return node
