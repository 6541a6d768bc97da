"""The family bonds of the person signed in, as their pages show them."""

from dataclasses import dataclass
from datetime import date

from gongji.people import bonds
from gongji.people.bonds import BondSide
from gongji.portal.own_records import Visitor, shown_name

RELATIONS = {"spouse": "配偶", "parent": "父母", "child": "子女", "close_relative": "其他近亲属"}


@dataclass(frozen=True)
class ShownBond:
    """A bond as a page shows it; the other side is masked."""

    id: int
    other: str
    relation: str
    since: date
    pending: bool


@dataclass(frozen=True)
class ShownBonds:
    """Whose account pays for the person, and for whom the person's account pays."""

    mine: list[ShownBond]
    others: list[ShownBond]


def shown_bonds(visitor: Visitor, day: date) -> ShownBonds:
    """The bonds of a person, asked for and given, that are not over on a day."""
    found = bonds.bonds_of(visitor.connection, visitor.person, day)
    return ShownBonds([_shown(one) for one in found.mine], [_shown(one) for one in found.others])


def _shown(one: BondSide) -> ShownBond:
    other = shown_name(one.name, one.psn_no)
    return ShownBond(one.id, other, RELATIONS[one.relation], one.since, one.pending)
