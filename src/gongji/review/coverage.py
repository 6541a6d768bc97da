"""Which kinds of command nobody can finish with today's posts, agency by agency.

A chain can be finished where its maker and its steps are different people (a matching); a chain may
end at the prefecture's agency, and stand-ins count as any post does.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg

from gongji.law.rulebook.law import Law
from gongji.refusals import Refusal
from gongji.review.command_kinds import KINDS, CommandKind
from gongji.review.review_chains import chain_of, item_of
from gongji.review.staff import Agency, agencies, post_words
from gongji.units import Fen

Connection = psycopg.Connection[Any]


@dataclass(frozen=True)
class CoverageGap:
    """A kind that nobody can finish at an agency above an amount, and what is missing."""

    area: str
    agency: str
    kind: str
    above_fen: Fen
    missing: str


_HELD = """select h.staff, h.post, a.agency from post_holding h
join post_area a on a.holding = h.id join staff s on s.id = h.staff
where a.area = %s and h.retired_at is null and s.disabled_at is null and h.during @> %s"""
Held = list[tuple[int, str, str]]


def gaps(connection: Connection, area: str, law: Law, day: date) -> list[CoverageGap]:
    """What nobody can finish in an area on a day, for every kind, agency and band of amounts."""
    tree = agencies(connection, area)
    held: Held = [(row[0], row[1], row[2]) for row in connection.execute(_HELD, [area, day])]
    words = post_words(connection)
    found = []
    for kind in KINDS.values():
        for agency in _received_at(kind, tree):
            for amount in _bands(kind, law):
                missing = _missing(_places(kind, law, tree, (agency, amount)), held, words)
                if missing:
                    found.append(CoverageGap(area, agency, kind.kind, amount, missing))
    return found


def _received_at(kind: CommandKind, tree: dict[str, Agency]) -> Iterable[str]:
    return tree if kind.item and tree else [next(iter(tree), "")]


def _bands(kind: CommandKind, law: Law) -> list[Fen]:
    """The amounts above which a chain has another step, and the least."""
    try:
        found = item_of(kind, law)
    except Refusal:
        return []
    steps = found.rule.review if found else ()
    return sorted({0, *(step.above + 1 for step in steps if step.above >= 0)})


def _places(
    kind: CommandKind, law: Law, tree: dict[str, Agency], case: tuple[str, Fen]
) -> list[tuple[tuple[str, ...], str]]:
    """The posts and the agency of each place of a command: the maker's, then the steps'."""
    agency, amount = case
    chain = chain_of(kind, law, tree, agency, amount)
    return [(kind.makers, agency), *(((step.post,), step.agency) for step in chain)]


def _missing(places: list[tuple[tuple[str, ...], str]], held: Held, words: dict[str, str]) -> str:
    """What is missing for every place to be another person's; empty where nothing is."""
    fits = [
        {staff for staff, post, at in held if post in posts and (agency in ("", at) or not at)}
        for posts, agency in places
    ]
    empty = [place for place, people in zip(places, fits, strict=True) if not people]
    if empty:
        said = dict.fromkeys(f"{at}的{'或'.join(words[p] for p in posts)}" for posts, at in empty)
        return "没有" + "、".join(said)
    taken: dict[int, int] = {}
    for number in range(len(fits)):
        if not _assign(number, fits, taken, set()):
            return f"{len(fits)} 步须由不同的人办理，现任岗位只够 {len(taken)} 人"
    return ""


def _assign(number: int, fits: list[set[int]], taken: dict[int, int], tried: set[int]) -> bool:
    """Find somebody for a place, moving others where that makes room."""
    for staff in sorted(fits[number] - tried):
        tried.add(staff)
        if staff not in taken or _assign(taken[staff], fits, taken, tried):
            taken[staff] = number
            return True
    return False
