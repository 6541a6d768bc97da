"""Provisions of a law by section and type, and the ground that a decision rests on."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from gongji.law.compile.citations import Cite, cite, doubts_of
from gongji.law.rulebook.law import Law, Provision
from gongji.law.rulebook.provision_kinds import Doubt
from gongji.law.rulebook.source import Node

T = TypeVar("T")


class Cited(Protocol):
    """A struct of a rulebook, or a part of one, with its article."""

    @property
    def article(self) -> str:
        """条、款."""

    @property
    def node(self) -> Node:
        """Where it stands in the file."""


@dataclass(frozen=True)
class Ground:
    """The provision that a decision rests on: its citation and its doubts."""

    cite: Cite
    doubts: tuple[Doubt, ...] = ()


def rules(law: Law, kind: type[T]) -> Iterator[tuple[Provision[T], T]]:
    """The provisions of a kind with their values, in the order of the law."""
    for provision in law.all(kind).values():
        yield provision, provision.value


def ground(provision: Provision[Any], value: Cited, article: str = "") -> Ground:
    """The ground of a provision's value, or of a part of it; `article` where it has another."""
    found = cite(provision.book, article or value.article, value.node)
    names: tuple[str, ...] = getattr(value, "doubts", ())
    return Ground(found, doubts_of(provision.book, names))
