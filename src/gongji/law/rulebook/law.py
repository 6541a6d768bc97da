"""The law at a date: documents in force, folded provision by provision.

The nation's document comes first, a province's before its areas', an earlier one before a later
one; a later one names the provisions that it replaces (替换) and each is replaced whole; what it
offers only where nobody else rules stands under 缺省. What the nation's law says, only the nation's
law can replace. This module folds; it computes nothing.
"""

import functools
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from gongji.law.rulebook import provision_kinds
from gongji.law.rulebook.definitions import define_all
from gongji.law.rulebook.rulebook import FOREVER, SECTION_OF, Rulebook
from gongji.law.rulebook.vocabulary import BENEFITS, Fact
from gongji.refusals import Problem
from gongji.units import Day

KEPT = 1024
"""Of how many laws a process keeps what it has worked out (`lru_cache`)."""
PART, REST = "费用部分", provision_kinds.REST_TEXT
"""The axis that tells the parts of a visit's cost apart, and the value for what is left."""

NATION = "000000"
"""The code under which the laws of the nation lie: they hold in every area and are none."""

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

    @property
    def national(self) -> bool:
        """Whether the nation's law says it."""
        return self.book.head.area == NATION


def named_axis(code: str, axis: str) -> str:
    """The fact that tells apart which of the texts named for a parameter a visit has."""
    return f"{axis}（{code}）"


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
        facts |= self._named(facts)
        if self.parts:
            choices = {name: part.code for name, part in self.parts.items()} | {REST: ""}
            facts[PART] = Fact(PART, "part", "选项", "", choices)
        return facts

    def _named(self, facts: Mapping[str, Fact]) -> dict[str, Fact]:
        """For each parameter that depends on a text (a disease): those texts that figures name."""
        found: dict[str, Fact] = {}
        for provision in self.all(provision_kinds.Parameter).values():
            parameter = provision.value
            for number, axis in enumerate(parameter.axes, start=1):
                fact = facts.get(axis)
                if fact and fact.keys_meters:
                    paths = [path.split(".") for path in self.settings]
                    own = [p for p in paths if p[0] == parameter.code and len(p) > number]
                    if not own:
                        continue
                    bands = {path[number]: (path[number],) for path in own} | {REST: (REST,)}
                    name = named_axis(parameter.code, axis)
                    found[name] = Fact(name, fact.column, fact.kind, "", source=axis, bands=bands)
        return found

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

    @functools.cached_property
    def documents(self) -> str:
        """The documents in force, by their ids: 532300@2022-07-01."""
        return " ".join(book.id for book in self.books)

    @functools.cached_property
    def labels(self) -> str:
        """The same for files of results: a user's own document with its hash."""
        return " ".join(book.label for book in self.books)

    @functools.cached_property
    def hash(self) -> str:
        """The SHA-256 of all that rules these days: the documents' bytes and the figures given."""
        digest = hashlib.sha256()
        for book in self.books:
            digest.update(f"{book.id} {len(book.content)}\n".encode() + book.content)
        for name, figure in sorted(self.settings.items()):
            digest.update(f"{name}={figure}\n".encode())
        return digest.hexdigest()

    @property
    def parts(self) -> dict[str, provision_kinds.Part]:
        """The parts of cost that this law treats apart, in the order in which they are poured."""
        return {name: p.value for name, p in self.all(provision_kinds.Part).items()}

    @property
    def place(self) -> str:
        """The area's name."""
        own = [b for b in self.books if b.head.area == self.area]
        return (own or list(self.books))[-1].head.place


def parents(area: str) -> list[str]:
    """The area and those above it, by administrative code: county, city, province."""
    return list(dict.fromkeys([area, area[:4] + "00", area[:2] + "0000"]))


def fold(
    books: Iterable[Rulebook], problems: list[Problem]
) -> dict[str, dict[str, Provision[Any]]]:
    """The provisions of documents in order; a later one replaces what it names.

    Where two documents rule the same provision and neither gives way, that goes to `problems`.
    """
    provisions: dict[str, dict[str, Provision[Any]]] = {}
    for book in books:
        if ALL in book.head.replaces:
            _drop_own(provisions, book)
        for path in book.head.replaces:
            section, _, name = path.partition(".")
            if not _kept(provisions.get(section, {}).get(name), book):
                provisions.get(section, {}).pop(name, None)
        for section, entries in book.sections.items():
            place = provisions.setdefault(section, {})
            for name, value in entries.items():
                provision = Provision(section, name, value, book)
                earlier = place.get(name)
                if earlier is None or earlier.path in earlier.book.head.fallback:
                    place[name] = provision
                elif _kept(earlier, book):
                    problems.append(_named_as_the_nations(provision, earlier))
                elif provision.path not in book.head.fallback:
                    node = getattr(value, "node", book.head.node)
                    message = (
                        f"{earlier.book.head.number}也有这项规定；"
                        "后一文件须在“替换”中写明，或列入“缺省”"
                    )
                    problems.append(Problem(node.file, node.line, provision.path, message))
    return provisions


ALL = "全部"
"""Under 替换: everything that earlier documents of the same area say."""


def _drop_own(provisions: dict[str, dict[str, Provision[Any]]], book: Rulebook) -> None:
    """Take away what earlier documents of a document's own area say; those above it stay."""
    for entries in provisions.values():
        for name in [n for n, one in entries.items() if one.book.head.area == book.head.area]:
            del entries[name]


def _kept(earlier: Provision[Any] | None, book: Rulebook) -> bool:
    """Whether a provision is the nation's and the document is not: it stays as it is."""
    return earlier is not None and earlier.national and book.head.area != NATION


def _named_as_the_nations(provision: Provision[Any], earlier: Provision[Any]) -> Problem:
    node = getattr(provision.value, "node", provision.book.head.node)
    message = f"{earlier.book.head.number}有同名的规定，地方文件不能改动；请另取名称"
    return Problem(node.file, node.line, provision.path, message)


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
        # Where no document of the area is in force, the nation's alone settle nothing.
        if any(b.head.area != NATION for b in force) and since < FOREVER:
            laws.append(Law(home, since, until, force, fold(force, problems), settings))
    return laws
