"""The family bonds of the person signed in, as their pages show them, and how one is ended.

What stands is ended by the agency's own command (解除家庭共济), as at the counter: it is kept, and
both sides are told.
"""

from dataclasses import dataclass
from datetime import date, datetime

import msgspec

from gongji.people import bonds
from gongji.people.bonds import BondNumber, BondRecord, BondSide, BondTerms
from gongji.portal import own_records
from gongji.portal.own_desk import BOND, agencies_of, desk_of
from gongji.portal.own_records import Visitor, shown_name
from gongji.refusals import Refusal
from gongji.review.sittings import Sitting
from gongji.units import day_in_china

RELATIONS = own_records.RELATIONS


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


def asked_of(visitor: Visitor, day: date) -> list[ShownBond]:
    """The bonds that wait for the person's consent."""
    return [one for one in shown_bonds(visitor, day).others if one.pending]


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
    desk = desk_of(visitor, now)
    place = (visitor.person.area, "")
    with visitor.connection.transaction():
        Sitting(desk, visitor.actor).hand_in(
            "family_bond_end", place, {"bond": content.bond}, visitor.person.id
        )


# Where the area has bonds reviewed.


def give_for_review(visitor: Visitor, terms: BondTerms, now: datetime) -> int:
    """A bond that the person gives, drafted for the agency's review; gives the command's number.

    Refuses: bond_person_unknown, bond_with_oneself, value_invalid, bond_second_spouse; as `draft`.
    """
    owner, today = visitor.person, day_in_china(now)
    record = BondRecord(
        *(terms.psn_no.strip(), terms.name.strip(), owner.psn_no, owner.name),
        *(terms.relation, today),
    )
    sides = bonds.bond_sides(visitor.connection, record, today)
    bonds.refuse_second_spouse(visitor.connection, sides, record.relation, today)
    content = msgspec.to_builtins(record) | {"applicant": "owner"}
    agency = next((code for code, _ in agencies_of(visitor)), "")
    return Sitting(desk_of(visitor, now), visitor.actor).draft(
        BOND, (owner.area, agency), content, sides.person.id
    )


def consent_for_review(visitor: Visitor, content: BondNumber, now: datetime) -> int:
    """What was asked of the person, drafted as a bond for the agency's review.

    Refuses: bond_unknown; as `give_for_review`.
    """
    asked = bonds.pending_bond(visitor.connection, visitor.person, content.bond)
    relation = asked.standing.details["relation"] if asked.standing else ""
    terms = BondTerms(asked.person.psn_no, asked.person.name, relation)
    return give_for_review(visitor, terms, now)
