"""Figures of a provision by their path: 待遇.普通门诊.最高支付限额.退休.

A path is section, name and what leads to the figure inside the provision, in the rulebook's own
keys. What there is only one of need not be said: 层, 金额, 比例 and 加 are passed over, and so is
an entry of a list without a neighbour; of several one is named by its 名称 or 计量, or numbered. A
table (按) is a figure as a whole, and so is each of its cells. This module knows nodes, not law.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from gongji.law.rulebook.law import Provision
from gongji.law.rulebook.source import Node

Given = str | Mapping[str, "Given"]
"""A figure as a rulebook writes it: 8000元, 55%, 不限, or a table {按: 参保状态, 在职: …}."""

Place = tuple[str | int, ...]
"""The keys and numbers that lead from a provision's node to a figure's."""

TABLE = "按"
_IMPLIED = ("层", "金额", "比例", "加")
"""Keys that need not be said."""
_REFERENCES = ("参数", "事实", "指数")
"""Keys of figures that stand elsewhere."""
_LABELS = ("名称", "计量", "代号")
_SILENT = ("依据", "存疑", "说明", "当", TABLE)
_ARTICLE = "依据"
_FIGURE = re.compile(r"-?[\d,]+(?:\.\d+)?(元|%|个百分点|)")
_WORDS = ("不限", "不设")


def unit_of(text: str) -> str | None:
    """The unit of a figure as text: 元 or %, empty for a bare number; None for what is none."""
    found = _FIGURE.fullmatch(text)
    if text in _WORDS:
        return "元"
    if found is None:
        return None
    return "%" if found[1] == "个百分点" else found[1]


@dataclass(frozen=True)
class PathFigure:
    """A figure that has a path: its text, and the article that stands nearest around it."""

    path: str
    text: str
    article: str


def figures_of(provision: Provision[Any]) -> list[PathFigure]:
    """Every figure of a provision that has a path."""
    return list(_figures(provision.value.node, provision.path, ""))


def _figures(node: Node, path: str, article: str) -> Iterator[PathFigure]:
    if isinstance(node.value, str):
        if unit_of(node.text()) is not None:
            yield PathFigure(path, node.text(), article)
    elif isinstance(node.value, list):
        for number, child in enumerate(node.value, start=1):
            label = "" if len(node.value) == 1 else next(iter(_labels(child)), str(number))
            yield from _figures(child, f"{path}.{label}" if label else path, article)
    else:
        cited = node.value.get(_ARTICLE)
        article = _cited(cited, "", article)
        implied = () if any(key in node.value for key in _REFERENCES) else _IMPLIED
        for key, child in node.value.items():
            if key not in _SILENT:
                deeper = path if key in implied else f"{path}.{key}"
                yield from _figures(child, deeper, _cited(cited, key, article))


def _cited(node: Node | None, cell: str, otherwise: str) -> str:
    """The article that a node cites for a cell, or for all that stands beside it."""
    found = node.value.get(cell) if node is not None and isinstance(node.value, dict) else node
    return found.text() if found is not None and isinstance(found.value, str) else otherwise


def typed_figure(text: str, today: str) -> str:
    """A figure as somebody types it in the place of another: a bare number has that one's unit.

    Returns: what a rulebook would write; whatever is no number as it was typed.
    """
    typed = text.strip().replace(",", "").replace("，", "")
    written = _FIGURE.fullmatch(today)
    unit = written[1] if written else "元"
    return typed + (unit if unit_of(typed) == "" else "")


def _labels(node: Node) -> list[str]:
    fields = node.value if isinstance(node.value, dict) else {}
    return [fields[key].text() for key in _LABELS if key in fields and fields[key].kind == "文字"]


def places(node: Node, names: tuple[str, ...], at: Place = ()) -> list[tuple[Place, Node]]:
    """Where the figures are to which names lead; several where the names do not tell them apart."""
    if not names and _is_figure(node):
        return [(at, node)]
    if isinstance(node.value, list):
        children = list(enumerate(node.value))
        named = [
            (number, child)
            for number, child in children
            if names and names[0] in (*_labels(child), str(number + 1))
        ]
        rest = names[1:] if named else names
        found = [places(child, rest, (*at, number)) for number, child in named or children]
        return [place for part in found for place in part]
    if isinstance(node.value, str):
        return []
    if names and names[0] in node.value:
        return places(node.value[names[0]], names[1:], (*at, names[0]))
    found = [places(node.value[k], names, (*at, k)) for k in _IMPLIED if k in node.value]
    return [place for part in found for place in part]


def _is_figure(node: Node) -> bool:
    if isinstance(node.value, str):
        return unit_of(node.text()) is not None
    known = (TABLE, *_REFERENCES)
    return isinstance(node.value, dict) and any(key in node.value for key in known)


def node_of(given: Given, like: Node) -> Node:
    """A given figure as a node that stands where another one stood."""
    if isinstance(given, str):
        return replace(like, value=given, keys=None)
    return replace(like, value={key: node_of(one, like) for key, one in given.items()}, keys=None)


def put(node: Node, at: Place, new: Node) -> Node:
    """A node with another one at a place inside it."""
    if not at:
        return new
    head, rest = at[0], at[1:]
    if isinstance(node.value, dict):
        assert isinstance(head, str)
        return replace(node, value={**node.value, head: put(node.value[head], rest, new)})
    assert isinstance(node.value, list) and isinstance(head, int)
    children = list(node.value)
    children[head] = put(children[head], rest, new)
    return replace(node, value=children)
