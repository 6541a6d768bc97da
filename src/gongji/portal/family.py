"""The family bonds of the person signed in, as their pages show them, and how one is ended.

What stands is ended by the agency's own command (解除家庭共济), as at the counter: it is kept, and
both sides are told.
"""

from dataclasses import dataclass
from datetime import date, datetime

from gongji.people import bonds
from gongji.people.bonds import BondNumber, BondSide
from gongji.platform.environment import environment
from gongji.platform.installation import installed_inbox, installed_law
from gongji.platform.message_seal import seal_of
from gongji.portal.own_records import Visitor, shown_name
from gongji.refusals import Refusal
from gongji.review.desk import Desk
from gongji.review.sittings import Sitting
from gongji.units import day_in_china

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


def end(visitor: Visitor, content: BondNumber, now: datetime) -> None:
    """End what stands, by the agency's command; take back, or refuse, what is only asked for.

    Where the area has no law today that knows the item, it is ended all the same: nobody is bound
    by a gap.
    Refuses: bond_unknown where it is neither side's.
    """
    shown = shown_bonds(visitor, day_in_china(now))
    standing = {one.id for one in (*shown.mine, *shown.others) if not one.pending}
    if content.bond in standing:
        try:
            _end_by_command(visitor, content, now)
            return
        except Refusal as refusal:
            if refusal.code not in ("date_outside", "not_ruled"):
                raise
    bonds.end_bond(visitor.connection, content, actor=visitor.actor, now=now)


def _end_by_command(visitor: Visitor, content: BondNumber, now: datetime) -> None:
    given = environment()
    seal = seal_of(given.identity_key, given.lookup_key)
    desk = Desk(visitor.connection, installed_law(), installed_inbox(), seal, now)
    place = (visitor.person.area, "")
    with visitor.connection.transaction():
        Sitting(desk, visitor.actor).hand_in(
            "family_bond_end", place, {"bond": content.bond}, visitor.person.id
        )
