"""What a county's settlements come to, kept in plain memory: the model of the random histories.

Written from the docs (docs/inside/settlement.md, the articles) and not from the code of settlement:
what is known of a person on a day, which benefit settles a bill, who pays, what stands after
cancellations and re-adjudications, who owes whom. One bill's arithmetic is `history_law`'s. The
database's ids come in with what it answered; everything else is worked out here.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from tests.platform import history_law
from tests.platform.history_law import ACCOUNT_FIRST, DOCUMENTS, Law, Row

BY_ORDINARY = ("emergency", "day_surgery", "two_diseases")
RESCUE = timedelta(days=3)
RESTORED_WITHIN = timedelta(minutes=30)
KINDS_OF_CARE = {
    "outpatient": "ordinary",
    "urgent": "ordinary",
    "rescue": "emergency",
    "day_surgery": "day_surgery",
}
FAMILIES = ({"chronic", "special"}, {"two_diseases"}, {"dual_channel", "negotiated_drug"})
FACTS, CANCELLED, BEFORE, ORDER = "事实变动", "结算已撤销", "前面的结算已撤销", "前面的结算有变动"


@dataclass
class Fact:
    """What is told of a person; `gone` once it turned out to be wrong."""

    kind: str
    since: date
    until: date | None = None
    key: str = ""
    details: dict[str, Any] = field(default_factory=dict)
    id: int = 0
    gone: bool = False

    def holds(self, day: date) -> bool:
        return not self.gone and self.since <= day and (self.until is None or day < self.until)


@dataclass
class Place:
    """A hospital or pharmacy; its agreement may end."""

    code: str
    level: str
    kind: str = "hospital"
    parent: str = ""
    agreed: tuple[str, ...] = ()
    agreed_until: date | None = None
    region: str = ""
    qualified: bool = True


@dataclass
class Bill:
    """What is asked; `visit` is known once there is one."""

    person: int
    place: str
    day: date
    med_type: str
    total: int
    in_scope: int
    outside: int
    accounts: str = "none"
    disease: str = ""
    told: dict[str, Any] = field(default_factory=dict)
    prescription: tuple[str, str] | None = None
    drug: dict[str, Any] | None = None
    parts: dict[str, int] = field(default_factory=dict)
    visit: int = 0
    batch: int | None = None


class Refused(Exception):
    """A bill that is refused, with the code."""


@dataclass
class Paid:
    """Who pays a bill."""

    law: Law
    row: Row
    own: int
    family: list[tuple[int, int]]
    cash: int


@dataclass
class Settled:
    """A settlement: what was decided at first, the entries that reverse one another, and what
    stands of it with later adjustments."""

    number: int
    bill: Bill
    paid: Paid
    chain: list[int]
    latest: Row
    funds: Counter[tuple[str, str]] = field(default_factory=Counter)
    moves: Counter[Any] = field(default_factory=Counter)
    deductible: int = 0
    adjusted: bool = False
    left_at: datetime | None = None
    left: tuple[int, dict[Any, int]] = (0, {})
    """When it was last taken back: how many events there had been, and the meters that it moved."""

    @property
    def stands(self) -> bool:
        return len(self.chain) % 2 == 1


@dataclass(frozen=True)
class Change:
    """How a settlement comes out otherwise."""

    number: int
    cause: str
    net: int
    payable: int
    receivable: int
    deductible: int


@dataclass
class Model:
    """One county."""

    area: str
    facts: dict[int, list[Fact]] = field(default_factory=dict)
    numbers: dict[int, str] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)
    books: dict[int, Counter[Any]] = field(default_factory=dict)
    opened: dict[int, Counter[Any]] = field(default_factory=dict)
    balances: dict[int, int] = field(default_factory=dict)
    claims: Counter[int] = field(default_factory=Counter)
    events: Counter[int] = field(default_factory=Counter)
    totals: Counter[tuple[str, str]] = field(default_factory=Counter)
    movements: list[tuple[int, str, date, int]] = field(default_factory=list)
    settled: dict[int, Settled] = field(default_factory=dict)
    stays: list[tuple[int, int, str, Counter[Any]]] = field(default_factory=list)
    batches: dict[int, int] = field(default_factory=dict)
    prescribed: dict[tuple[str, str], int] = field(default_factory=dict)

    # What is known.

    def holding(self, person: int, kind: str, day: date) -> list[Fact]:
        return [one for one in self.facts[person] if one.kind == kind and one.holds(day)]

    def one(self, person: int, kind: str, day: date) -> Fact | None:
        return next(iter(self.holding(person, kind, day)), None)

    def registrations(self, person: int, day: date) -> list[Fact]:
        found = self.holding(person, "registration", day)
        return [one for one in found if one.details.get("state", "approved") == "approved"]

    def admission(self, person: int, day: date) -> Fact | None:
        """The stay that an emergency of the day became: within three days of it."""
        stays = [one for one in self.facts[person] if one.kind == "stay" and not one.gone]
        joined = (one for one in stays if day <= one.since <= day + RESCUE)
        return next((one for one in joined if one.details["from_emergency"]), None)

    # By which benefit.

    def benefit(self, bill: Bill) -> tuple[str, Fact | None, Row]:
        """The benefit, the registration that it rests on, and what is said of the drug."""
        offered = DOCUMENTS[self.area].BENEFITS
        known = self.registrations(bill.person, bill.day)
        drug = bill.drug or {"dual_channel": False, "negotiated": False}
        named = {"drug": drug["item"]} if bill.drug else {}
        holder = next((r for r in known if r.details["benefit"] in FAMILIES[2]), None)
        by_drug = bill.med_type in ("special_drugs", "pharmacy") and drug["dual_channel"]
        # Yunfu folds the dual channel into the ordinary pool and asks for no registration.
        if by_drug and "dual_channel" in offered and (holder or self.area == "445300"):
            return "dual_channel", holder, named
        if bill.med_type == "special_drugs":
            return self._by_drug(bill, offered, holder, named)
        if bill.med_type in ("registered_disease", "two_diseases"):
            family = FAMILIES[bill.med_type == "two_diseases"]
            if bill.med_type == "two_diseases" and "two_diseases" not in offered:
                raise Refused("benefit_not_offered")
            found = [r for r in known if r.key == bill.disease and r.details["benefit"] in family]
            if not found:
                raise Refused("registration_missing")
            benefit, registration = str(found[0].details["benefit"]), found[0]
        else:
            benefit, registration = KINDS_OF_CARE.get(bill.med_type, "ordinary"), None
        if benefit not in offered:
            raise Refused("benefit_not_offered")
        return benefit, registration, {}

    def _by_drug(
        self, bill: Bill, offered: frozenset[str], holder: Fact | None, named: Row
    ) -> tuple[str, Fact | None, Row]:
        drug = bill.drug or {"dual_channel": False, "negotiated": False}
        if "negotiated_drug" in offered:
            if not drug["negotiated"]:
                raise Refused("drugs_missing")
            return "negotiated_drug", holder, named | {"in_agreement": drug["in_agreement"]}
        if "dual_channel" not in offered:
            raise Refused("benefit_not_offered")
        raise Refused("registration_missing" if drug["dual_channel"] else "drugs_missing")

    def benefit_today(self, one: Settled) -> tuple[str, Fact | None, Row]:
        """The benefit that it was settled by, if the registration that it rests on still holds."""
        row, bill = one.paid.row, one.bill
        named = {name: row[name] for name in ("drug", "in_agreement") if name in row}
        benefit = row["benefit"]
        if "disease" not in row:
            return benefit, None, named
        family = next(family for family in FAMILIES if benefit in family)
        held = self.registrations(bill.person, bill.day)
        held = [r for r in held if r.details["benefit"] in family]
        same = [r for r in held if r.details["disease"] == row["disease"]]
        found = same or (held if "drug" in row else [])
        if found:
            return benefit if "drug" in row else found[0].details["benefit"], found[0], named
        if benefit == "negotiated_drug":
            # It needs none.
            return benefit, None, named
        raise Refused("registration_missing")

    # What is true of a bill.

    def row(self, bill: Bill, route: tuple[str, Fact | None, Row]) -> Row:
        benefit, registration, named = route
        row: Row = {
            "date": bill.day,
            "visit": str(bill.visit),
            "total_fen": bill.total,
            "in_scope_fen": bill.in_scope,
            "benefit": benefit,
            **named,
            **{f"in_scope_{part}": fen for part, fen in bill.parts.items()},
        }
        if registration:
            approved = registration.details.get("approval_date") or str(registration.since)
            row |= {
                "disease": registration.details["disease"],
                "approval_date": date.fromisoformat(approved),
            }
        if benefit == "chronic":
            known = self.registrations(bill.person, bill.day)
            row["disease_count"] = sum(r.details["benefit"] == "chronic" for r in known)
        return row | self._person(bill, benefit) | self._place(bill, benefit) | bill.told

    def spell(self, bill: Bill) -> Fact:
        found = self.one(bill.person, "insured", bill.day)
        if found is None:
            raise Refused("not_insured")
        return found

    def _person(self, bill: Bill, benefit: str) -> Row:
        spell, day = self.spell(bill).details, bill.day
        begins, ends = spell.get("benefit_since"), spell.get("benefit_until")
        row: Row = {"status": spell["status"]}
        row["in_benefit_period"] = not (
            spell.get("arrears")
            or (begins and day < date.fromisoformat(begins))
            or (ends and day >= date.fromisoformat(ends))
        )
        if spell.get("tier"):
            row["tier"] = spell["tier"]
        row["has_account"] = self.one(bill.person, "account", day) is not None
        for kind, name in (("birth", "birth_date"), ("subsidy", "subsidy")):
            found = self.one(bill.person, kind, day)
            if found:
                row[name] = found.details[name]
        admission = self.admission(bill.person, day) if benefit == "emergency" else None
        if admission:
            row |= {"admitted": True, "admission_level": admission.details["level"]}
            row["died"] = admission.details["died"]
        else:
            row["inpatient"] = bool(self.holding(bill.person, "stay", day))
        row["third_party"] = any(
            one.details["third_party"] for one in self.holding(bill.person, "injury", day)
        )
        return row

    def _place(self, bill: Bill, benefit: str) -> Row:
        place, day = self.places[bill.place], bill.day
        row: Row = {"institution": place.code, "level": place.level}
        if place.parent:
            row["parent_level"] = self.places[place.parent].level
        agreed = self.agreed(place, day)
        row["designated"] = benefit in agreed or (benefit in BY_ORDINARY and "ordinary" in agreed)
        mine = {place.code, place.parent}
        if place.kind == "pharmacy":
            row |= {"institution_kind": "pharmacy", "qualified": place.qualified and bool(agreed)}
            if bill.prescription and bill.prescription[0]:
                writer = self.places[bill.prescription[0]]
                body = self.places[writer.parent] if writer.parent else writer
                row["prescriber_level"] = body.level
                mine |= {writer.code, writer.parent}
        row["offsite"] = self._offsite(bill, place)
        selected = self.one(bill.person, "selection", day)
        row["selected"] = selected is not None and selected.details["institution"] in mine - {""}
        row["referred"] = any(
            one.key in mine - {""} for one in self.holding(bill.person, "referral", day)
        )
        return row

    def agreed(self, place: Place, day: date) -> tuple[str, ...]:
        ended = place.agreed_until is not None and day >= place.agreed_until
        return () if ended else place.agreed

    def _offsite(self, bill: Bill, place: Place) -> str:
        if place.region in ("", self.area):
            return ""
        filed = self.holding(bill.person, "offsite", bill.day)
        return "filed" if any(one.key == place.region for one in filed) else "unfiled"

    # Settling.

    def decide(self, bill: Bill, today: date) -> Paid:
        """What a bill comes to now; nothing moves.

        Refuses: Refused with the code.
        """
        if bill.batch is not None and bill.batch in self.batches:
            raise Refused("batch_settled_already")
        self.spell(bill)
        if bill.day < DOCUMENTS[self.area].FIRST:
            raise Refused("date_outside")
        route = self.benefit(bill)
        if bill.prescription and bill.prescription in self.prescribed:
            raise Refused("prescription_used")
        row = self.row(bill, route)
        if self.area == ACCOUNT_FIRST and bill.accounts != "none":
            row["account_current"] = self.balances.get(bill.person, 0)
        law = history_law.settle(self.area, row, self.books[bill.person])
        return self._pay(bill, row, law, today)

    def _pay(self, bill: Bill, row: Row, law: Law, today: date) -> Paid:
        left = bill.total - sum(law.funds.values())
        parts = [left - bill.outside, bill.outside]
        place = self.places[bill.place]
        where = place.kind if self.agreed(place, bill.day) else "other"
        own, family = 0, []
        for owner, relation in self._purse(bill, today):
            paid = 0
            for number, inside in enumerate((True, False)):
                if history_law.may_pay(self.area, bill.day, relation, where, law.refusal, inside):
                    drawn = min(parts[number], self.balances.get(owner, 0) - paid)
                    parts[number] -= drawn
                    paid += drawn
            if relation == "self":
                own = paid
            elif paid:
                family.append((owner, paid))
        return Paid(law, row, own, family, sum(parts))

    def _purse(self, bill: Bill, today: date) -> Iterator[tuple[int, str]]:
        """The accounts that may be asked, in their order."""
        if bill.accounts != "none":
            yield bill.person, "self"
        if bill.accounts == "family":
            bonds = self.holding(bill.person, "bond", bill.day)
            agreed = [
                bond
                for bond in bonds
                if date.fromisoformat(bond.details["consented_on"]) <= bill.day
                and (bond.until is None or today < bond.until)
            ]
            for bond in sorted(agreed, key=lambda bond: (bond.details["order"], bond.key)):
                owner = next(one for one, psn_no in self.numbers.items() if psn_no == bond.key)
                yield owner, bond.details["relation"]

    def enter(self, number: int, bill: Bill, paid: Paid, day: date) -> None:
        """A bill that was settled; `day` is the accounting date."""
        one = Settled(number, bill, paid, [number], paid.row)
        self.settled[number] = one
        self._move(one, 1, day)
        self._hold(one)

    def _hold(self, one: Settled) -> None:
        if one.bill.batch is not None:
            self.batches[one.bill.batch] = one.number
        if one.bill.prescription:
            self.prescribed[one.bill.prescription] = one.number

    def _move(self, one: Settled, sign: int, day: date) -> None:
        """The settlement's own effect, or its opposite."""
        self.events[one.bill.person] += 1
        bill, paid = one.bill, one.paid
        for fund, fen in paid.law.funds.items():
            one.funds[fund] += sign * fen
            self.totals[fund] += sign * fen
        for at, by in paid.law.moves.items():
            one.moves[at] += sign * by
            self.books[bill.person][at] += sign * by
        one.deductible += sign * paid.law.deductible
        self.totals["provider", bill.place] += sign * bill.total
        self.totals["cash", bill.place] += sign * paid.cash
        for owner, fen in [(bill.person, paid.own), *paid.family]:
            if fen:
                self.balances[owner] -= sign * fen
                self.movements.append((owner, "account", day, -sign * fen))

    # Taking back, and restoring.

    def cancel(self, one: Settled, number: int, day: date, at: datetime) -> None:
        """It is taken back, and with it whatever corrected it."""
        one.chain.append(number)
        self._drop_adjustments(one, day)
        self._move(one, -1, day)
        self.batches.pop(one.bill.batch or 0, None)
        if one.bill.prescription:
            self.prescribed.pop(one.bill.prescription, None)
        person = one.bill.person
        book = self.books[person]
        one.left_at = at
        one.left = self.events[person], {at: book[at] for at, by in one.paid.law.moves.items()}

    def _drop_adjustments(self, one: Settled, day: date) -> None:
        """What stands beyond the settlement itself goes back to the funds and the claims."""
        paid, person = one.paid.law, one.bill.person
        net = 0
        for fund in {*one.funds, *paid.funds}:
            more = paid.funds.get(fund, 0) - one.funds[fund]
            self.totals[fund] += more
            net += more
        for at in {*one.moves, *paid.moves}:
            self.books[person][at] += paid.moves.get(at, 0) - one.moves[at]
        one.funds, one.moves = Counter(paid.funds), Counter(paid.moves)
        one.deductible = paid.deductible
        claim = self.claims[person]
        self.claims[person] = after = claim + net
        for kind, fen in (
            ("payable", max(0, after) - max(0, claim)),
            ("receivable", max(0, -after) - max(0, -claim)),
        ):
            if fen:
                self.movements.append((person, kind, day, fen))

    def check_restore(self, one: Settled, at: datetime) -> None:
        """Refuses: account_short, settlement_taken, restore_late, restore_overtaken."""
        for owner, fen in [(one.bill.person, one.paid.own), *one.paid.family]:
            if fen > self.balances.get(owner, 0):
                raise Refused("account_short")
        if one.bill.batch in self.batches or one.bill.prescription in self.prescribed:
            raise Refused("settlement_taken")
        assert one.left_at is not None
        if at - one.left_at > RESTORED_WITHIN:
            raise Refused("restore_late")
        book = self.books[one.bill.person]
        if one.adjusted or any(book[at] != was for at, was in one.left[1].items()):
            raise Refused("restore_overtaken")

    def untouched(self, one: Settled) -> bool:
        """Whether nothing at all happened to the person since it was taken back."""
        return self.events[one.bill.person] == one.left[0]

    def restore(self, one: Settled, number: int, day: date) -> None:
        one.chain.append(number)
        self._move(one, 1, day)
        self._hold(one)

    # Stays.

    def stay(self, number: int, person: int, fact: Fact) -> tuple[list[Settled], list[Settled]]:
        """An episode that was told, or told again; `number` is the entry.

        Returns: the settlements that are taken back with it, and those that are flagged.
        """
        day = fact.until or fact.since
        earlier: Counter[Any] = Counter()
        for one in self.facts[person]:
            if one.kind == "stay" and one.key == fact.key and not one.gone:
                one.gone = True
        for _, whose, key, moves in self.stays:
            if (whose, key) == (person, fact.key):
                earlier.update(moves)
        moves: Counter[Any] = Counter()
        meter = history_law.SHARED_WITH_STAYS.get(self.area)
        if meter:
            moves[day.year, (meter,)] += fact.details["pool_fen"]
        moves.subtract(earlier)
        self.facts[person].append(fact)
        self.stays.append((number, person, fact.key, moves))
        self.events[person] += 1
        self.books[person].update(moves)
        taken: list[Settled] = []
        flagged: list[Settled] = []
        for one in sorted(self.settled.values(), key=lambda one: -one.chain[-1]):
            bill = one.bill
            within = fact.since - RESCUE <= bill.day and (not fact.until or bill.day < fact.until)
            if bill.person != person or not one.stands or not within:
                continue
            rescue = one.paid.row["benefit"] == "emergency"
            if fact.details["from_emergency"] and rescue and bill.day <= fact.since:
                joins = self.area == "430500" and not fact.details["died"]
                (taken if joins else flagged).append(one)
            elif bill.day > fact.since:
                flagged.append(one)
        return taken, flagged
