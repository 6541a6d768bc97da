"""A random county for the histories: places, persons, facts and openings, told to the database and
to the model alike."""

import random
from collections import Counter as Sums
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
from psycopg.types.json import Jsonb
from tests.platform.counter import OPERATOR, Counter, as_owner
from tests.platform.history_law import ACCOUNT_FIRST, PARTS, RULES, key_of
from tests.platform.history_model import Fact, Model, Place

from gongji.ledger.openings import Opening, OpeningBalance, OpeningMeter, enter

Connection = psycopg.Connection[Any]

PEOPLE = 4
FIRST, LAST = date(2023, 11, 25), date(2024, 12, 30)
BEGUN = datetime(2024, 12, 1, 1, 0, tzinfo=UTC)
ALL = ("ordinary", "chronic", "special", "negotiated_drug", "dual_channel")
ELSEWHERE = "110100"
OPENED = {
    "532300": ("ordinary_paid", "inpatient_paid", "chronic_paid"),
    "530900": ("ordinary_paid", "inpatient_paid", "large_amount_paid"),
    "510400": ("year_deductible", "ordinary_paid"),
    "445300": ("ordinary_paid",),
    PARTS: ("year_deductible", "ordinary_paid"),
    ACCOUNT_FIRST: ("year_deductible",),
    "430500": ("level_deductible.2", "year_deductible", "ordinary_paid"),
}
CARE = {
    "532300": (
        "outpatient",
        "urgent",
        "registered_disease",
        "registered_disease",
        "special_drugs",
        "day_surgery",
        "rescue",
        "rescue",
    ),
    "530900": ("outpatient", "outpatient", "registered_disease"),
    "510400": (
        "outpatient",
        "outpatient",
        "registered_disease",
        "registered_disease",
        "two_diseases",
    ),
    "445300": (
        "outpatient",
        "outpatient",
        "registered_disease",
        "registered_disease",
        "special_drugs",
        "rescue",
    ),
    PARTS: ("outpatient", "urgent"),
    ACCOUNT_FIRST: ("outpatient",),
    "430500": (
        "outpatient",
        "outpatient",
        "registered_disease",
        "registered_disease",
        "special_drugs",
        "rescue",
        "rescue",
    ),
}
"""Kinds of care that an area offers at hospitals."""
BENEFITS = {
    "532300": ("chronic", "special", "chronic", "negotiated_drug"),
    "530900": ("chronic",),
    "510400": ("chronic", "special", "two_diseases"),
    "445300": ("special", "dual_channel"),
    PARTS: ("chronic",),
    ACCOUNT_FIRST: ("chronic",),
    "430500": ("chronic", "special", "dual_channel"),
}
"""Benefits that one registers for, by area."""
DISEASES = {
    "chronic": ("gout", "asthma"),
    "special": ("lupus", "renal_failure"),
    "two_diseases": ("hypertension",),
    "negotiated_drug": ("cancer",),
    "dual_channel": ("cancer",),
}


@dataclass
class County:
    """Makes a county; every choice is `chance`'s."""

    owner: Connection
    gateway: Connection
    area: str
    chance: random.Random
    now: datetime = BEGUN

    def __post_init__(self) -> None:
        self.model = Model(self.area)
        self.counter = Counter(self.owner, self.area)
        self.spouses: dict[int, int] = {}
        with self.owner.transaction():
            self.owner.execute(
                "insert into item_version (area, item, name, list_type, charge_type, since, grade,"
                " diseases) values (%s, 'A', '测试药', '101', '09', '2020-01-01', '甲', '{}')",
                [self.area],
            )
            self._places()
            for number in range(PEOPLE):
                self._person(number)
            for person in self.model.facts:
                self._facts(person)
        self._openings()

    # Places.

    def _places(self) -> None:
        code = self.area
        for number, level in enumerate("123", start=1):
            self._place(Place(f"H{code}{number:05d}", level, agreed=ALL))
        self._place(Place(f"H{code}00004", "1", parent=f"H{code}00003", agreed=ALL))
        ended = date(2024, 7, 1)
        self._place(Place(f"H{code}00005", "2", agreed=ALL, agreed_until=ended))
        self._place(Place(f"H{code}00006", "2", agreed=("ordinary",)))
        self._place(Place(f"H{ELSEWHERE}{code[:4]}7", "3", agreed=ALL, region=ELSEWHERE))
        self._place(Place(f"P{code}00008", "", "pharmacy", agreed=ALL))
        self._place(Place(f"P{code}00009", "", "pharmacy", agreed=ALL, qualified=False))

    def _place(self, place: Place) -> None:
        self.model.places[place.code] = place
        self.owner.execute(
            "insert into institution (code, area, name, kind) values (%s, %s, '测试', %s)",
            [place.code, place.region or self.area, place.kind],
        )
        agreement = {"designated_for": list(place.agreed), "qualified": place.qualified}
        for kind, until, details in (
            ("level", None, {"level": place.level, "parent": place.parent}),
            ("agreement", place.agreed_until, agreement),
        ):
            self.owner.execute(
                "insert into institution_fact (institution, kind, since, until, details)"
                " values (%s, %s, '2020-01-01', %s, %s)",
                [place.code, kind, until, Jsonb(details)],
            )

    # Persons and what is known of them.

    def _person(self, number: int) -> None:
        psn_no = self.counter.psn_no(number)
        row = self.owner.execute(
            "insert into person (psn_no, area, name, certificate, certificate_hash)"
            " values (%s, %s, '测试甲', '', %s) returning id",
            [psn_no, self.area, psn_no.encode()],
        ).fetchone()
        assert row
        person = self.counter.persons[psn_no] = row[0]
        self.model.facts[person], self.model.numbers[person] = [], psn_no
        self.model.books[person], self.model.opened[person] = Sums(), Sums()

    def learn(self, person: int, fact: Fact) -> None:
        """A fact, known from now on."""
        row = self.owner.execute(
            "insert into person_fact (person_id, area, kind, key, since, until, details, learnt_at)"
            " values (%s, %s, %s, %s, %s, %s, %s, %s) returning id",
            [
                person,
                self.area,
                fact.kind,
                fact.key,
                fact.since,
                fact.until,
                Jsonb(fact.details),
                self.now,
            ],
        ).fetchone()
        assert row
        fact.id = row[0]
        self.model.facts[person].append(fact)

    def unlearn(self, fact: Fact) -> None:
        """A fact that turns out to have been wrong."""
        fact.gone = True
        self.owner.execute(
            "update person_fact set retired_at = %s where id = %s", [self.now, fact.id]
        )

    def spells(self) -> list[Fact]:
        """Random spells of insurance: retiring within the year, gaps, arrears, waiting periods."""
        chance, start = self.chance, date(2020, 1, 1)
        first = {"status": chance.choice(("active", "active", "retired"))}
        if chance.random() < 0.15:
            first["benefit_since"] = str(self.day())
        if chance.random() < 0.1:
            first["benefit_until"] = str(self.day())
        if self.area == "510400" and chance.random() < 0.3:
            first["tier"] = chance.choice("12")
        if chance.random() < 0.05:
            first |= {"arrears": True}  # type: ignore[dict-item]
        if chance.random() < 0.5:
            return [Fact("insured", start, None, "", first)]
        turn = self.day()
        gap = timedelta(days=chance.choice((0, 0, 30)))
        then = first | {"status": "retired"}
        return [
            Fact("insured", start, turn, "", first),
            Fact("insured", turn + gap, None, "", then),
        ]

    def day(self) -> date:
        """A day of the histories; often one of a few, so that boundaries are met."""
        known = [date(2024, 1, 1), date(2024, 7, 1), date(2024, 11, 1), date(2024, 6, 10)]
        if self.chance.random() < 0.35:
            return self.chance.choice(known) + timedelta(days=self.chance.choice((-1, 0, 0, 1)))
        return FIRST + timedelta(days=self.chance.randrange((date(2024, 12, 1) - FIRST).days))

    def registration(self) -> Fact:
        """A registration for a disease."""
        benefit = self.chance.choice(BENEFITS[self.area])
        disease = self.chance.choice(DISEASES[benefit])
        details = {"benefit": benefit, "disease": disease}
        if self.chance.random() < 0.3:
            details["approval_date"] = str(self.day())
        if self.chance.random() < 0.1:
            details["state"] = "filed"
        since = self.chance.choice((date(2020, 1, 1), self.day()))
        until = since + timedelta(days=300) if self.chance.random() < 0.2 else None
        return Fact("registration", since, until, f"M-{disease}", details)

    def bond(self, person: int) -> Fact:
        """A bond to the account of another person, which begins, is agreed to and may end."""
        chance = self.chance
        other = chance.choice([one for one in self.model.numbers if one != person])
        since = chance.choice((date(2023, 1, 1), self.day()))
        until = max(self.day(), since + timedelta(days=1)) if chance.random() < 0.4 else None
        relation = chance.choice(("spouse", "parent", "child", "close_relative"))
        if relation == "spouse" and not self._married(person, other):
            relation = "close_relative"
        agreed = chance.choice((date(2023, 1, 1), date(2023, 1, 1), since, self.day()))
        details = {
            "order": chance.choice((1, 2, 2, 3)),
            "relation": relation,
            "consented_on": str(agreed),
        }
        return Fact("bond", since, until, self.model.numbers[other], details)

    def _married(self, one: int, other: int) -> bool:
        """Whether two persons are, or from now on may be, each other's only spouse."""
        spouses = self.spouses
        if spouses.get(one, other) != other or spouses.get(other, one) != one:
            return False
        spouses[one], spouses[other] = other, one
        return True

    def _facts(self, person: int) -> None:
        chance, always = self.chance, date(2020, 1, 1)
        for spell in self.spells():
            self.learn(person, spell)
        if chance.random() < 0.9:
            self.learn(person, Fact("account", always))
        born = date(chance.randrange(1940, 1990), chance.randrange(1, 13), 15)
        self.learn(person, Fact("birth", born, None, "", {"birth_date": str(born)}))
        if chance.random() < (0.5 if self.area == "532300" else 0.1):
            self.learn(person, self.subsidy())
        chosen = f"H{self.area}0000{chance.choice('112233')}"
        self.learn(person, Fact("selection", always, None, "", {"institution": chosen}))
        for fact in [self.registration() for _ in range(3)] + [self.bond(person) for _ in range(3)]:
            self.learn_once(person, fact)
        if chance.random() < 0.4:
            self.learn(person, Fact("offsite", self.day(), None, ELSEWHERE))
        if chance.random() < 0.5:
            self.learn(person, Fact("referral", self.day(), None, f"H{self.area}00003"))
        if chance.random() < 0.2:
            since = self.day()
            self.learn(
                person,
                Fact("injury", since, since + timedelta(days=40), "1", {"third_party": True}),
            )

    def learn_once(self, person: int, fact: Fact) -> None:
        """A fact, unless there is one of its kind and key, or another to hold drugs by."""
        known = [one for one in self.model.facts[person] if not one.gone and one.kind == fact.kind]
        if not any(one.key == fact.key for one in known):
            self.learn(person, fact)

    def subsidy(self) -> Fact:
        """A civil servant's, veteran's or enterprise's subsidy."""
        names = ("civil_servant", "veteran", "enterprise")
        since = self.chance.choice((date(2020, 1, 1), self.day()))
        return Fact("subsidy", since, None, "", {"subsidy": self.chance.choice(names)})

    # What there was before.

    def _openings(self) -> None:
        rows: list[Opening] = []
        for person, psn_no in self.model.numbers.items():
            self._open(rows, person, psn_no)
        with as_owner(self.gateway) as owner:
            enter(owner, rows, RULES.area, self.now, actor=OPERATOR)

    def _open(self, rows: list[Opening], person: int, psn_no: str) -> None:
        chance, model, start = self.chance, self.model, date(2024, 1, 1)
        had = chance.choice((0, 2_000, 2_000, 30_000, 500_000))
        if chance.random() < 0.9:
            model.balances[person] = had
            self._opened(rows, OpeningBalance(psn_no, self.area, start, "account", had), person)
        if chance.random() < 0.4:
            kind, fen = chance.choice(("payable", "receivable")), chance.randrange(1, 60_000)
            model.claims[person] += fen if kind == "payable" else -fen
            self._opened(rows, OpeningBalance(psn_no, self.area, start, kind, fen), person)
        if chance.random() < 0.4:
            code, used = chance.choice(OPENED[self.area]), chance.randrange(1, 20_000)
            rows.append(OpeningMeter(psn_no, self.area, start, code, "", used))
            at = key_of(self.area, (code, "年:2024", ""))
            model.books[person][at] += used
            model.opened[person][at] += used

    def _opened(self, rows: list[Opening], row: OpeningBalance, person: int) -> None:
        rows.append(row)
        if row.amount_fen:
            today = (self.now + timedelta(hours=8)).date()
            self.model.movements.append((person, row.account, today, row.amount_fen))
