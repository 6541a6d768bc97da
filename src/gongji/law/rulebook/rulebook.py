"""One rulebook file: which document it is, its provisions, doubts, articles and examples.

Reading collects every problem of form; whether what is read fits together is `gongji.law.checks`.
"""

import functools
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gongji.law.rulebook import (
    account_provisions,
    item_provisions,
    line_provisions,
    provision_kinds,
    schema,
)
from gongji.law.rulebook.schema import key, list_of, struct
from gongji.law.rulebook.source import Node, content_of, line_of, read, unseen
from gongji.refusals import Problem
from gongji.units import Day, date_of

FOREVER: Day = 1 << 30

SHIPPED = Path(__file__).parents[2] / "rulebooks"
"""The rulebooks that come with the program."""
OFFICIAL = provision_kinds.SOURCES[0]
OWN = "（自备 "
"""How the mark of a file begins that did not come with the program; the hash follows."""

SECTIONS: dict[str, type] = {
    "事实": provision_kinds.FactDefinition,
    "计量": provision_kinds.Meter,
    "参数": provision_kinds.Parameter,
    "费用部分": provision_kinds.Part,
    "就医": provision_kinds.Place,
    "门槛": provision_kinds.Gate,
    "转归": provision_kinds.Route,
    "待遇": provision_kinds.Benefit,
    "层组": provision_kinds.Chain,
    "补充": provision_kinds.Supplement,
    **account_provisions.SECTIONS,
    **line_provisions.SECTIONS,
    **item_provisions.SECTIONS,
}
"""Sections of a rulebook whose entries are provisions: each can be replaced by a later document."""
SECTION_OF = {kind: name for name, kind in SECTIONS.items()}
"""The section of each kind of provision."""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Head:
    """文件: which document this is, where and when it is in force, what it replaces."""

    title: str = key("名称", schema.prose)
    number: str = key("文号", schema.prose)
    area: str = key("统筹区", schema.area_code)
    place: str = key("地名", schema.prose)
    since: Day = key("施行", schema.day)
    until: Day = key("有效期至", schema.day, "有效期的最后一天", default=FOREVER - 1)
    source: str = key("来源", schema.choice({x: x for x in provision_kinds.SOURCES}))
    origin: str = key("出处", schema.prose, "文本或数字从何而来")
    replaces: tuple[str, ...] = key("替换", list_of(schema.prose), default=())
    excerpt: bool = key("节录", schema.yes_no, "只收录其中几条", default=False)
    fallback: tuple[str, ...] = key("缺省", list_of(schema.prose), "仅在别无规定时适用", default=())
    overlay: bool = key(
        "叠加", schema.yes_no, "叠加在随程序发布的本统筹区文件之上，而不是代替它们", default=False
    )
    node: Node = None  # type: ignore[assignment]


@dataclass(frozen=True, eq=False, repr=False)
class Rulebook:
    """One document in force, as one file says it."""

    path: Path
    head: Head
    sections: dict[str, dict[str, object]]
    doubts: dict[str, provision_kinds.Doubt]
    articles: dict[str, provision_kinds.Article]
    examples: tuple[provision_kinds.Example, ...]
    broken: frozenset[str] = frozenset()
    """Section and name of what stands in the file but could not be read."""
    loose: tuple[object, ...] = ()
    """What could be read of those."""
    content: bytes = b""
    """The bytes that were parsed."""

    @property
    def id(self) -> str:
        """Area and date: 532300@2022-07-01."""
        return f"{self.head.area}@{date_of(self.head.since)}"

    @functools.cached_property
    def own(self) -> str:
        """The beginning of the content's SHA-256 where the file is not one that came with the
        program, byte for byte; otherwise nothing."""
        shipped = SHIPPED.joinpath(*self.path.parts[-3:])
        if shipped.is_file() and (shipped == self.path or shipped.read_bytes() == self.content):
            return ""
        return hashlib.sha256(self.content).hexdigest()[:12]

    @property
    def source(self) -> str:
        """How official its figures are, marked where the file did not come with the program."""
        return f"{self.head.source}{OWN}{self.own}）" if self.own else self.head.source

    @property
    def label(self) -> str:
        """Its id for files of results, with the content's hash where it is a user's own."""
        return f"{self.id}#{self.own}" if self.own else self.id


HEAD, DOUBTS, ARTICLES, EXAMPLES = "文件", "存疑", "条文", "示例"
_MAPS: dict[str, type] = {
    **SECTIONS,
    DOUBTS: provision_kinds.Doubt,
    ARTICLES: provision_kinds.Article,
}
_OTHERS = {HEAD: struct(Head), EXAMPLES: list_of(struct(provision_kinds.Example))}


def read_book(path: Path) -> tuple[Rulebook | None, list[Problem]]:
    """What can be read of a rulebook file, and what is wrong with its form.

    Returns: no rulebook where it does not even say which document it is.
    """
    found: list[Problem] = []
    content = content_of(path, found)
    return (None, found) if content is None else parse_book(path, content)


def parse_book(path: Path, content: bytes) -> tuple[Rulebook | None, list[Problem]]:
    """What `read_book` gives of a file with these bytes, wherever they come from."""
    found: list[Problem] = []
    root = read(path, content, found)
    if root is None:
        return None, found
    if not isinstance(root.value, dict):
        return None, [*found, Problem(str(path), root.line, HEAD, "顶层应为键值表")]
    book = _read_root(path, root, root.value, found)
    if book is None:
        return None, [*unseen(str(path), content), *found]
    return replace(book, content=content), found


def _read_root(
    path: Path, root: Node, nodes: dict[str, Node], found: list[Problem]
) -> Rulebook | None:
    context = schema.Reading()
    allowed = [*_OTHERS, *_MAPS]
    for unknown in nodes.keys() - set(allowed):
        line = (root.keys or {}).get(unknown, root.line)
        message = f"不认识的部分；可取：{'、'.join(allowed)}"
        context.problems.append(Problem(str(path), line, unknown, message))
    if HEAD not in nodes:
        context.add(root, HEAD, "缺少这一部分")
    others = {
        name: parser.parse(nodes[name], name, context)
        for name, parser in _OTHERS.items()
        if name in nodes
    }
    broken: set[str] = set()
    maps: dict[str, dict[str, Any]] = {}
    for name in _MAPS:
        if name in nodes:
            maps[name] = _read_map(name, nodes[name], context, broken)
    found.extend(context.problems)
    head, examples = others.get(HEAD, schema.BAD), others.get(EXAMPLES, ())
    if head is schema.BAD:
        return None
    found.extend(_misplaced(path, head))
    return Rulebook(
        path,
        head,
        {name: maps[name] for name in SECTIONS if name in maps},
        maps.get(DOUBTS, {}),
        maps.get(ARTICLES, {}),
        () if examples is schema.BAD else examples,
        frozenset(broken),
        tuple(context.loose),
    )


def _place_said(path: Path, area: str, since: str) -> Iterable[tuple[str, str]]:
    """Which key of a file's head does not agree with its folder or name, and what to do."""
    folder = path.parent.name
    if area != folder:
        yield "统筹区", f"写的是 {area}，文件却放在 {folder}/{path.name}；两者须一致"
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\.yaml", path.name):
        yield (
            "施行",
            (
                f"文件名是 {path.name}，这样的文件不会被读取；请改名为 {since}.yaml"
                "（同一天施行的几份文件合写在一个文件里）"
            ),
        )
    elif since != path.stem:
        yield "施行", f"写的是 {since}，文件却放在 {folder}/{path.name}；两者须一致"


def _misplaced(path: Path, head: Head) -> Iterable[Problem]:
    """Where a file says another area or date than its folder and name, or ends before it begins."""
    for name, message in _place_said(path, head.area, str(date_of(head.since))):
        yield Problem(str(path), line_of(head.node, name), f"{HEAD}.{name}", message)
    if head.until < head.since:
        message = f"有效期至 {date_of(head.until)} 早于施行 {date_of(head.since)}：没有一天有效"
        yield Problem(str(path), line_of(head.node, "有效期至"), f"{HEAD}.有效期至", message)


def _read_map(
    section: str, node: Node, context: schema.Reading, broken: set[str]
) -> dict[str, Any]:
    """The entries of a section that can be read; the others go to `broken`."""
    if not isinstance(node.value, dict):
        context.add(node, section, f"这里应写键值表，写成了{node.kind}")
        return {}
    entries = {}
    for name, child in node.value.items():
        entry = struct(_MAPS[section]).parse(child, f"{section}.{name}", context)
        if entry is schema.BAD:
            broken.add(f"{section}.{name}")
        else:
            entries[name] = entry
    return entries
