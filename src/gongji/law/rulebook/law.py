"""The law at a date: rulebook files in force, folded provision by provision.

A province's document comes before its areas', an earlier one before a later one; a later one names
the provisions that it replaces (替换) and each is replaced whole; what it offers only where nobody
else rules stands under 缺省. This module finds and folds; it computes nothing.
"""

import functools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

from gongji.law.rulebook import account_provisions, line_provisions, provision_kinds, schema
from gongji.law.rulebook.definitions import define_all
from gongji.law.rulebook.schema import key, list_of, map_of, struct
from gongji.law.rulebook.source import Node, line_of, read
from gongji.law.rulebook.vocabulary import BENEFITS, Fact
from gongji.refusals import Problem, Refusal, RulebookError
from gongji.units import Day, date_of

SHIPPED = Path(__file__).parents[2] / "rulebooks"
FOREVER: Day = 1 << 30
PART, REST = "费用部分", provision_kinds.REST_TEXT
"""The axis that tells the parts of a visit's cost apart, and the value for what is left."""

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
    fallback: tuple[str, ...] = key("缺省", list_of(schema.prose), "仅在别无规定时适用", default=())
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

    @property
    def id(self) -> str:
        """Area and date: 532300@2022-07-01."""
        return f"{self.head.area}@{date_of(self.head.since)}"


HEAD, DOUBTS, ARTICLES, EXAMPLES = "文件", "存疑", "条文", "示例"
_MAPS: dict[str, type] = {
    **SECTIONS,
    DOUBTS: provision_kinds.Doubt,
    ARTICLES: provision_kinds.Article,
}
_OTHERS = {HEAD: struct(Head), EXAMPLES: list_of(struct(provision_kinds.Example))}


def section_parser(section: str) -> schema.Parser:
    """The parser of one section of provisions."""
    return map_of(struct(SECTIONS[section]))


def load(path: Path, problems: list[Problem]) -> Rulebook | None:
    """Read one rulebook file; every problem of its form is reported, and none makes a rulebook."""
    book, found = read_book(path)
    problems.extend(found)
    return None if found else book


def read_book(path: Path) -> tuple[Rulebook | None, list[Problem]]:
    """What can be read of a rulebook file, and what is wrong with its form.

    Returns: no rulebook where it does not even say which document it is.
    """
    found: list[Problem] = []
    root = read(path, found)
    if root is None:
        return None, found
    if not isinstance(root.value, dict):
        return None, [*found, Problem(str(path), root.line, HEAD, "顶层应为键值表")]
    return _read_root(path, root, root.value, found), found


def _read_root(
    path: Path, root: Node, nodes: dict[str, Node], found: list[Problem]
) -> Rulebook | None:
    context = schema.Context()
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


def _misplaced(path: Path, head: Head) -> Iterable[Problem]:
    """Where a file says another area or date than its folder and name."""
    said = {"统筹区": (head.area, path.parent.name), "施行": (str(date_of(head.since)), path.stem)}
    for name, (inside, outside) in said.items():
        if inside != outside:
            message = f"写的是 {inside}，文件却放在 {path.parent.name}/{path.name}；两者须一致"
            yield Problem(str(path), line_of(head.node, name), f"{HEAD}.{name}", message)


def _read_map(
    section: str, node: Node, context: schema.Context, broken: set[str]
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


T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, eq=False, repr=False)
class Provision(Generic[T_co]):
    """One provision in force and the document that it stands in."""

    section: str
    name: str
    value: T_co
    book: Rulebook

    @property
    def path(self) -> str:
        """Section and name: 待遇.普通门诊."""
        return f"{self.section}.{self.name}"


Settings = Mapping[str, str]
"""Figures supplied for open parameters: code, or code.value.value for a cell -> text."""


@dataclass(frozen=True, eq=False, repr=False)
class Law:
    """The provisions in force in an area over a span of days."""

    area: str
    since: Day
    until: Day
    books: tuple[Rulebook, ...]
    provisions: dict[str, dict[str, Provision[Any]]]
    settings: Settings = field(default_factory=dict)

    def section(self, name: str) -> dict[str, Provision[Any]]:
        """The provisions of a section by name, whatever their kind."""
        return self.provisions.get(name, {})

    def all(self, kind: type[T]) -> dict[str, Provision[T]]:
        """The provisions of a kind by name, in the order of the law."""
        return self.provisions.get(SECTION_OF[kind], {})

    @property
    def definitions(self) -> dict[str, provision_kinds.FactDefinition]:
        """What the area's documents define as facts."""
        return {name: p.value for name, p in self.all(provision_kinds.FactDefinition).items()}

    @functools.cached_property
    def facts(self) -> dict[str, Fact]:
        """The facts that rules of this law may use: everybody's and the area's own."""
        facts, _ = define_all(self.definitions)
        if self.parts:
            choices = {name: part.code for name, part in self.parts.items()} | {REST: ""}
            facts[PART] = Fact(PART, "part", "选项", "", choices)
        return facts

    @functools.cached_property
    def benefits(self) -> dict[str, str]:
        """The codes of benefits by Chinese name: everybody's and those the area adds."""
        own = {
            name: provision.value.code
            for name, provision in self.all(provision_kinds.Benefit).items()
            if name not in BENEFITS
        }
        return BENEFITS | own

    def benefit_name(self, code: str) -> str:
        """The Chinese name of a benefit that is known by its code."""
        return next(name for name, known in self.benefits.items() if known == code)

    @property
    def parts(self) -> dict[str, provision_kinds.Part]:
        """The parts of cost that this law treats apart, in the order in which they are poured."""
        return {name: p.value for name, p in self.all(provision_kinds.Part).items()}

    @property
    def place(self) -> str:
        """The area's name."""
        own = [b for b in self.books if b.head.area == self.area]
        return (own or list(self.books))[-1].head.place


_CODE = re.compile(r"\d{6}")


def parents(area: str) -> list[str]:
    """The area and those above it, by administrative code: county, city, province."""
    return list(dict.fromkeys([area, area[:4] + "00", area[:2] + "0000"]))


def fold(books: Iterable[Rulebook]) -> dict[str, dict[str, Provision[Any]]]:
    """The provisions of documents in order; a later one replaces what it names.

    Refuses: RulebookError where two documents rule the same provision and neither gives way.
    """
    problems: list[Problem] = []
    provisions = _fold(books, problems)
    if problems:
        raise RulebookError(problems)
    return provisions


def _fold(
    books: Iterable[Rulebook], problems: list[Problem]
) -> dict[str, dict[str, Provision[Any]]]:
    provisions: dict[str, dict[str, Provision[Any]]] = {}
    for book in books:
        for path in book.head.replaces:
            section, _, name = path.partition(".")
            provisions.get(section, {}).pop(name, None)
        for section, entries in book.sections.items():
            place = provisions.setdefault(section, {})
            for name, value in entries.items():
                provision = Provision(section, name, value, book)
                earlier = place.get(name)
                if earlier is None or earlier.path in earlier.book.head.fallback:
                    place[name] = provision
                elif provision.path not in book.head.fallback:
                    node = getattr(value, "node", book.head.node)
                    message = (
                        f"{earlier.book.head.number}也有这项规定；"
                        "后一文件须在“替换”中写明，或列入“缺省”"
                    )
                    problems.append(Problem(node.file, node.line, provision.path, message))
    return provisions


class Library:
    """The rulebook files of one or more folders; later folders come on top of the shipped ones."""

    def __init__(self, folders: Iterable[Path] = ()) -> None:
        self.folders = (*folders, SHIPPED)
        self._books: dict[Path, tuple[Rulebook | None, list[Problem]]] = {}
        self._sound: set[str] = set()

    def files(self, area: str = "*") -> list[Path]:
        """The files of an area, an outside folder's instead of the shipped ones of that area."""
        chosen: dict[str, list[Path]] = {}
        for folder in self.folders:
            if not folder.is_dir():
                raise RulebookError([Problem(str(folder), 1, "目录", "规则目录不存在")])
            found: dict[str, list[Path]] = {}
            for path in sorted(folder.glob(f"**/{area}/????-??-??.yaml")):
                found.setdefault(path.parent.name, []).append(path)
            for code, paths in found.items():
                chosen.setdefault(code, paths)
        return [path for code in sorted(chosen) for path in chosen[code]]

    def book(self, path: Path) -> Rulebook:
        """One rulebook, read once.

        Refuses: RulebookError with every problem of the file.
        """
        book, problems = self._read(path)
        if book is None or problems:
            raise RulebookError(problems)
        return book

    def _read(self, path: Path) -> tuple[Rulebook | None, list[Problem]]:
        if path not in self._books:
            self._books[path] = read_book(path)
        return self._books[path]

    def areas(self) -> list[str]:
        """The codes of the areas that have rulebooks."""
        return sorted({path.parent.name for path in self.files()})

    def books(self, area: str) -> list[Rulebook]:
        """The documents that bear on an area, in the order of the fold.

        Refuses: RulebookError with every problem of form of all of them.
        """
        books, problems = self.readable(area)
        if problems:
            raise RulebookError(problems)
        return books

    def readable(self, area: str) -> tuple[list[Rulebook], list[Problem]]:
        """What can be read of an area's documents, and what is wrong with their form."""
        # A code is also a pattern of file names, so it must be nothing but a code.
        codes = parents(area) if _CODE.fullmatch(area) else []
        read = [self._read(path) for code in codes for path in self.files(code)]
        books = [book for book, _ in read if book]
        books.sort(key=lambda b: (b.head.since, -codes.index(b.path.parent.name)))
        return books, [problem for _, problems in read for problem in problems]

    def laws(self, area: str, settings: Settings | None = None) -> list[Law]:
        """The law of an area over time: one Law for each span in which nothing changes.

        Refuses: area_unknown; RulebookError with every problem of form and of reference.
        """
        # references reads laws, so it is imported here and not above.
        from gongji.law.checks import check_references

        books, problems = self.readable(area)
        if not books and not problems:
            allowed = "、".join(self.areas())
            raise Refusal("area_unknown", "area", {"value": area, "allowed": allowed})
        laws = spans(area, books, settings or {}, problems)
        if area not in self._sound:
            problems += check_references.check(books, laws)
        if problems:
            raise RulebookError(list(dict.fromkeys(problems)))
        self._sound.add(area)
        return laws


def spans(
    area: str, books: list[Rulebook], settings: Settings, problems: list[Problem]
) -> list[Law]:
    """One Law for each span of days in which nothing changes; overlaps go to `problems`."""
    if not books:
        return []
    home = next((c for c in parents(area) if any(b.head.area == c for b in books)), area)
    edges = sorted({day for b in books for day in (b.head.since, b.head.until + 1)})
    laws = []
    for since, until in zip(edges, edges[1:] + [FOREVER], strict=True):
        force = tuple(b for b in books if b.head.since <= since <= b.head.until)
        if force and since < FOREVER:
            laws.append(Law(home, since, until, force, _fold(force, problems), settings))
    return laws
