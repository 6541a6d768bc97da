"""Read YAML strictly: every scalar is text, no key twice, every node knows its line.

This module knows YAML, not rules: what a text must be is the schema's business.
"""

import unicodedata
from dataclasses import dataclass
from pathlib import Path

import yaml

from gongji.refusals import Problem, RulebookError

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_FORMS = {
    "mapping values are not allowed": "冒号的位置不对：上一行或这一行的键后面要用半角冒号加一个"
    "空格；文字里有半角冒号的，用引号括起来",
    "cannot start any token": "缩进用了制表符（Tab），请用空格；或以 %、@、` 开头，请加引号",
    "tab character": "缩进用了制表符（Tab）；请用空格缩进",
    "expected ',' or '}'": "花括号里的各项用半角逗号隔开，冒号后面要有空格，最后以“}”结束",
    "expected ',' or ']'": "方括号里的各项用半角逗号隔开，最后以“]”结束",
    "expected key": "缩进没有对齐：同一层的键要从同一列开始",
    "expected '-' indicator": "缩进没有对齐：同一列表的“-”要在同一列，别的键不能与它们同列",
    "expected <block end>": "缩进没有对齐：同一层的键、同一列表的“-”要从同一列开始",
    "unexpected end of stream": "引号没有配对",
    "could not find expected ':'": "键后面缺少半角冒号和空格",
    "another document": "一个文件里只能有一份文件，不要写“---”",
    "unacceptable character": "有看不见的控制字符；请删去后重新输入这一处",
}
"""What the YAML library says of a form (either of its loaders), and what a writer can do."""


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


def _build(node: yaml.Node, file: str, problems: list[Problem]) -> Node:
    line = node.start_mark.line + 1
    if isinstance(node, yaml.ScalarNode):
        return Node(file, line, node.value)
    if isinstance(node, yaml.SequenceNode):
        return Node(file, line, [_build(item, file, problems) for item in node.value])
    values: dict[str, Node] = {}
    keys: dict[str, int] = {}
    for key, value in node.value:
        name = str(key.value).strip()
        if name in values:
            problems.append(
                Problem(file, key.start_mark.line + 1, name, f"与第 {keys[name]} 行的键重复")
            )
            continue
        keys[name] = key.start_mark.line + 1
        values[name] = _build(value, file, problems)
    return Node(file, line, values, keys)


def _form(error: yaml.YAMLError) -> str:
    """What is wrong with the form, in Chinese; the library's own words where it is a rare one."""
    said = str(getattr(error, "problem", None) or error)
    return next((told for words, told in _FORMS.items() if words in said), f"写法有误（{said}）")


def content_of(path: Path, problems: list[Problem]) -> bytes | None:
    """The bytes of a file; that it cannot be read goes to `problems`."""
    try:
        return path.read_bytes()
    except OSError as error:
        problems.append(Problem(str(path), 1, "文件", f"无法读取：{error}"))
        return None


def read(path: Path, content: bytes, problems: list[Problem]) -> Node | None:
    """The bytes of a YAML file as nodes; what is wrong with its form goes to `problems`."""
    file = str(path)
    try:
        root = yaml.compose(content.decode("utf-8"), Loader=_Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problems.append(Problem(file, mark.line + 1 if mark else 1, "YAML", _form(error)))
        return None
    except UnicodeDecodeError as error:
        problems.append(Problem(file, 1, "文件", f"无法读取：{error}"))
        return None
    if root is None:
        problems.append(Problem(file, 1, "文件", "空文件"))
        return None
    return _build(root, file, problems)


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
