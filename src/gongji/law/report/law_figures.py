"""Every figure of the law at a date, one by one, with the place where it stands.

A walk over the provisions in force as their files say them: nothing is computed, so that each row
can be found again in its file. What the figures come to for a visit is the business of `effects`.
"""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args

from gongji.law.compile.citations import document_of
from gongji.law.compile.figures import parsed_parameter
from gongji.law.rulebook.law import Law, Provision
from gongji.law.rulebook.provision_kinds import ByAxis, Parameter, Value
from gongji.law.rulebook.source import Node

OFFICIAL = "官方"
OPEN = "未定"
_LABELS = ("名称", "计量", "每")
"""Keys that name the thing they stand in."""
_SILENT = ("依据", "超支依据", "说明", "存疑", "当", "单位", *_LABELS)
"""Keys that are no content of a rule by themselves."""


@dataclass(frozen=True)
class Figure:
    """One figure (or, where a rule has none, its words) and where it stands.

    `item` leads to it inside the provision, `where` says under which conditions it holds; `open` is
    the code of the parameter that is missing.
    """

    section: str
    name: str
    item: str
    where: tuple[tuple[str, str], ...]
    text: str
    document: str
    article: str
    file: str
    line: int
    source: str
    doubts: tuple[str, ...] = ()
    open: str = ""

    @property
    def provision(self) -> str:
        """Section and name: 待遇.普通门诊."""
        return f"{self.section}.{self.name}"

    @property
    def marks(self) -> str:
        """What to be careful about: open, not official, in doubt."""
        marks = [f"{OPEN}：{self.open}"] if self.open else []
        marks += [self.source] if self.source != OFFICIAL else []
        marks += [f"存疑：{'、'.join(self.doubts)}"] if self.doubts else []
        return "；".join(marks)


def figures(law: Law) -> list[Figure]:
    """Every figure of a law, in the order of its sections and files."""
    return [
        figure
        for entries in law.provisions.values()
        for provision in entries.values()
        for figure in _Walk(law, provision).rows()
    ]


def short_path(path: Path | str) -> str:
    """A rulebook's file from its province on: 530000/532300/2022-07-01.yaml."""
    return "/".join(Path(path).parts[-3:])


@dataclass(frozen=True)
class _At:
    """Where a walk stands inside a provision."""

    labels: tuple[str, ...] = ()
    where: tuple[tuple[str, str], ...] = ()
    article: str = ""
    doubts: tuple[str, ...] = ()
    source: str = ""
    document: str = ""
    """Another document that the article stands in; empty for the provision's own."""

    def into(self, label: str) -> "_At":
        return replace(self, labels=(*self.labels, label))

    def under(self, fact: str, value: str) -> "_At":
        return replace(self, where=(*self.where, (fact, value)))


class _Walk:
    """The rows of one provision."""

    def __init__(self, law: Law, provision: Provision[Any]) -> None:
        self.law, self.provision = law, provision

    def rows(self) -> Iterator[Figure]:
        at = _At(source=self.provision.book.source)
        value = self.provision.value
        if isinstance(value, Parameter):
            yield from self._parameter(value, replace(at, source=value.source or at.source))
        else:
            yield from self._struct(value, at)

    def _row(self, text: str, node: Node, at: _At, open_: str = "") -> Figure:
        book = self.provision.book
        return Figure(
            self.provision.section,
            self.provision.name,
            " · ".join(at.labels),
            at.where,
            text,
            at.document or document_of(book, at.article),
            at.article,
            short_path(node.file),
            node.line,
            at.source,
            at.doubts,
            open_,
        )

    def _parameter(self, parameter: Parameter, at: _At) -> Iterator[Figure]:
        at = replace(at, article=parameter.article)
        for year, node in _entries(parameter.node, "各年"):
            yield self._row(_words(node), node, at.under("年度", year))
        if parameter.value is not None:
            yield from self._value(parsed_parameter(self.provision), at)
        elif not parameter.years:
            yield self._row(OPEN, parameter.node, at, parameter.code)

    def _struct(self, value: Any, at: _At) -> Iterator[Figure]:
        """The rows of a struct: its figures, then what it says in words."""
        node: Node = value.node
        own = getattr(value, "article", "")
        at = replace(
            at,
            article=own or at.article,
            document=getattr(value, "document", "") if own else at.document,
            doubts=tuple(dict.fromkeys((*at.doubts, *getattr(value, "doubts", ())))),
        )
        for key in _LABELS:
            for child in _child(node, key):
                at = at.into(("每" if key == "每" else "") + _words(child))
        for fact, child in _entries(node, "当"):
            at = at.under(fact, _words(child))
        words = []
        for item in dataclasses.fields(value):
            name = item.metadata.get("key", "")
            for child in _child(node, name):
                if name in _SILENT:
                    continue
                found = list(self._content(getattr(value, item.name), child, at, name))
                yield from found
                if not found and name != "代号":
                    words.append(f"{name}：{_words(child)}")
        if words:
            yield self._row("；".join(words), node, at)

    def _content(self, value: Any, node: Node, at: _At, name: str) -> Iterator[Figure]:
        if isinstance(value, get_args(Value)):
            yield from self._value(value, at if name in ("金额", "比例") else at.into(name))
        elif hasattr(value, "node"):
            yield from self._struct(value, at.into(name))
        elif dataclasses.is_dataclass(value) or type(value) is int:
            yield self._row(_words(node), node, at.into(name))
        elif isinstance(value, tuple) and value and hasattr(value[0], "node"):
            for number, child in enumerate(value, start=1):
                yield from self._struct(
                    child, at if name == "层" else at.into(_nth(name, value, number))
                )
        elif isinstance(value, dict) and isinstance(node.value, dict):
            yield from self._map(value, node, at, name)

    def _map(self, value: dict[str, Any], node: Node, at: _At, name: str) -> Iterator[Figure]:
        assert isinstance(node.value, dict)
        for key, child in node.value.items():
            found = list(self._content(value.get(key), child, at.under(name, key), name))
            yield from found or [self._row(_words(child), child, at.under(name, key))]

    def _value(self, value: Any, at: _At) -> Iterator[Figure]:
        if isinstance(value, ByAxis):
            for name, child in value.values.items():
                below = at.under(value.axis, name)
                article = value.articles.get(name, at.article)
                yield from self._value(child, replace(below, article=article))
        else:
            reference = getattr(value, "parameter", "") or getattr(value, "index", "")
            yield self._row(_words(value.node), value.node, at, self._open(reference))

    def _open(self, name: str) -> str:
        """The code of a parameter that has no figure; nothing for one that has."""
        provision = self.law.all(Parameter).get(name)
        if provision is None:
            return ""
        parameter = provision.value
        return "" if parameter.value is not None or parameter.years else parameter.code


def _nth(name: str, entries: tuple[Any, ...], number: int) -> str:
    """What leads to an entry of a list: its number where it has no name of its own."""
    named = any(_child(entries[0].node, key) for key in ("名称", "计量"))
    return name if named or len(entries) == 1 else f"{name}{number}"


def _child(node: Node, key: str) -> list[Node]:
    return [node.value[key]] if isinstance(node.value, dict) and key in node.value else []


def _entries(node: Node, key: str) -> list[tuple[str, Node]]:
    return [
        pair
        for child in _child(node, key)
        if isinstance(child.value, dict)
        for pair in child.value.items()
    ]


def _words(node: Node) -> str:
    """What a node says, on one line."""
    if isinstance(node.value, str):
        return node.value.strip()
    if isinstance(node.value, list):
        return "、".join(map(_words, node.value))
    return "，".join(f"{key} {_words(child)}" for key, child in node.value.items())
