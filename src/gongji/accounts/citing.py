"""Decisions that are not arithmetic: what the law says, with its article and doubts."""

from dataclasses import dataclass

from gongji.rulebook.citations import Cite, cite, doubts_of
from gongji.rulebook.documents import Doubt
from gongji.rulebook.law import Provision


@dataclass(frozen=True)
class Ground:
    """The provision that a decision rests on: its citation and its doubts."""

    cite: Cite
    doubts: tuple[Doubt, ...] = ()


def ground(provision: Provision, article: str = "", part: object = None) -> Ground:
    """The ground of a provision, or of a part of it with an article of its own."""
    value = part if part is not None else provision.value
    found = cite(
        provision.book, article or value.article, value.node  # type: ignore[attr-defined]
    )
    names: tuple[str, ...] = getattr(value, "doubts", ())
    return Ground(found, doubts_of(provision.book, names))
