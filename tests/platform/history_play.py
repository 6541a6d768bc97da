"""Bills of a random history: settled, repeated, taken back, restored; the database and the model.

After each step both must say the same, to the fen. What is asked is random; what should come out
is the model's (`history_model`, `history_again`) and never the platform's.
"""

import random
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import pytest
from psycopg.types.json import Jsonb
from tests.platform.counter import encode, keep, kept
from tests.platform.history_county import CARE, FIRST, County
from tests.platform.history_law import ACCOUNT_FIRST, PARTS, RULES
from tests.platform.history_model import Bill, Paid, Refused, Settled

from gongji.ledger.entry_rows import EntryRow
from gongji.platform.inbox import INSTITUTION, Key
from gongji.refusals import Refusal
from gongji.settlement.cancel import cancel, reverse
from gongji.settlement.contract import Line, Outcome, Purchase, Request
from gongji.settlement.settle import settle
from gongji.units import CHINA, UNIT

TOLD = (
    "third_party",
    "other_fund",
    "paid_by_account",
    "public_health",
    "wellness",
    "direct",
    "excluded_by_law",
    "died",
    "public_health",
    "wellness",
    "died",
)
INVENTED: dict[str, dict[str, tuple[Any, ...]]] = {
    PARTS: {"primary": (True, False), "contracted": (True,), "price_class": ("a", "b", "c")},
    ACCOUNT_FIRST: {"contracted": (True,)},
}
"""What invented areas are told beside."""
AMOUNTS = (1, 999, 3_000, 6_001, 20_000, 20_000, 55_555, 100_000, 300_000, 1_200_000)


@dataclass
class Asked:
    """A request with the bill that the model knows it by."""

    request: Request
    bill: Bill


@dataclass
class Play:
    """A history under way."""

    county: County
    chance: random.Random
    asked: dict[str, Asked] = field(default_factory=dict)
    replies: dict[str, bytes] = field(default_factory=dict)
    barred: set[str] = field(default_factory=set)
    undone: list[tuple[int, int, str]] = field(default_factory=list)
    visits: list[Bill] = field(default_factory=list)
    numbers: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.model, self.gateway = self.county.model, self.county.gateway
        self.owner, self.area = self.county.owner, self.county.area

    @property
    def today(self) -> date:
        """The accounting date: the day in China."""
        return (self.county.now + timedelta(hours=8)).date()

    # Bills.

    def bills(self) -> None:
        """Some bills in one transaction: new ones, trials, repeated and altered messages."""
        asked = [self._ask() for _ in range(self.chance.choice((1, 2, 3, 5)))]
        if self.asked and self.chance.random() < 0.3:
            asked.append(self._repeat(self.chance.choice(list(self.asked.values()))))
        if self.chance.random() < 0.3:
            asked.append(self._repeat(asked[0]))
        outcomes = settle(
            self.gateway, [one.request for one in asked], RULES, self.county.now, answers=kept()
        )
        for one, outcome in zip(asked, outcomes, strict=True):
            self._answered(one, outcome)

    def _repeat(self, one: Asked) -> Asked:
        """The same message again, now and then with other content."""
        request = one.request
        if self.chance.random() < 0.3:
            content = request.key.content | {"medfee_sumamt": "7"}
            key = self.county.counter.key(
                request.key.actor, request.key.kind, content, request.key.msg_id
            )
            request = Request(**{**_fields(request), "key": key})
        return Asked(request, one.bill)

    def _answered(self, one: Asked, outcome: Outcome) -> None:
        key = one.request.key
        if not one.request.trial:
            if key.msg_id in self.barred:
                assert outcome.refusal and outcome.refusal.code == "message_barred"
                return
            if key.msg_id in self.asked:
                first = self.asked[key.msg_id].request.key
                if (first.kind, first.content) != (key.kind, key.content):
                    assert outcome.refusal and outcome.refusal.code == "message_differs"
                else:
                    assert outcome.replayed == self.replies[key.msg_id]
                return
            self.asked[key.msg_id] = one
            self.replies[key.msg_id] = encode(one.request, outcome)
        bill = one.bill
        if one.request.purchase and outcome.entry and not one.request.trial:
            bill.visit = outcome.entry.settlement.visit
            row = self.county.owner.execute(
                "select batch from settlement_batch where entry = %s", [outcome.entry.id]
            ).fetchone()
            bill.batch = row[0] if row else None
        try:
            paid = self.model.decide(bill, self.today)
        except Refused as refused:
            assert outcome.refusal and outcome.refusal.code == str(refused), (outcome, bill)
            return
        assert outcome.refusal is None, (outcome, bill, paid)
        self._same(outcome, paid, bill)
        if one.request.trial:
            assert outcome.entry.id is None
        else:
            self.model.enter(outcome.entry.id, bill, paid, self.today)

    def _same(self, outcome: Outcome, paid: Paid, bill: Bill) -> None:
        """The entry is what the model decides."""
        entry: EntryRow = outcome.entry
        found = (
            entry.decision.refusal,
            entry.settlement.benefit,
            entry.settlement.deductible_fen,
            _funds(entry),
            entry.settlement.account_fen,
            [tuple(one) for one in entry.decision.family],
            entry.settlement.cash_fen,
        )
        law = paid.law
        wanted = (
            law.refusal,
            law.benefit,
            law.deductible,
            law.funds,
            paid.own,
            paid.family,
            paid.cash,
        )
        assert found == wanted, f"{found} is not {wanted}\n{bill}\n{paid.row}"
        assert entry.settlement.family_fen == sum(fen for _, fen in paid.family)
        assert (entry.accounting_date, entry.service_date) == (self.today, bill.day)
        assert (entry.settlement.total_fen, entry.settlement.in_scope_fen) == (
            bill.total,
            bill.in_scope,
        )
        assert outcome.balance_fen == self.model.balances.get(bill.person, 0) - paid.own

    def _ask(self) -> Asked:
        """A new bill of a random person at a random place."""
        chance = self.chance
        if self.visits and chance.random() < 0.25:
            return self._bill_again(chance.choice(self.visits))
        if chance.random() < 0.1 and self.area not in INVENTED:
            return self._buy()
        person = chance.choice([*self.model.numbers, *list(self.model.numbers)[:1] * 2])
        places = list(self.model.places.values())
        if self.area in INVENTED:
            # Their articles say nothing of pharmacies.
            places = [place for place in places if place.kind == "hospital"]
        place = chance.choice(places if chance.random() < 0.4 else places[:4])
        day = min(max(self.county.day(), FIRST), self.today)
        bill = Bill(person, place.code, day, self._med_type(place.kind), 0, 0, 0)
        if bill.med_type in ("registered_disease", "two_diseases"):
            known = [fact.key for fact in self.model.registrations(person, day)]
            bill.disease = chance.choice(known * 5 or ["M-none"])
        bill.accounts = chance.choice(("none", "own", "family", "family", "family"))
        self._tell(bill)
        self._prescribe(bill)
        self._amounts(bill)
        number = self.model.numbers[person]
        bill.visit = self.county.counter.visit(number, place.code, str(day), bill.disease)
        self.visits.append(bill)
        return self._billed(bill, "1")

    def _med_type(self, kind: str) -> str:
        if kind == "pharmacy":
            return self.chance.choice(("pharmacy", "pharmacy", "special_drugs"))
        if self.chance.random() < 0.05:
            return self.chance.choice(
                ("registered_disease", "special_drugs", "day_surgery", "two_diseases", "rescue")
            )
        return self.chance.choice(CARE[self.area])

    def _tell(self, bill: Bill) -> None:
        """What only the institution knows; seldom anything."""
        injured = any(one.kind == "injury" for one in self.model.facts[bill.person])
        if self.chance.random() < 0.25:
            name = self.chance.choice(TOLD)
            if not (name == "third_party" and injured):
                bill.told[name] = name != "direct"
        for name, values in INVENTED.get(self.area, {}).items():
            if self.chance.random() < 0.4:
                bill.told[name] = self.chance.choice(values)

    def _prescribe(self, bill: Bill) -> None:
        chance = self.chance
        if self.model.places[bill.place].kind == "pharmacy" and chance.random() < 0.8:
            writers = [f"H{self.area}0000{number}" for number in "1234"]
            bill.prescription = (chance.choice(writers), f"R{chance.randrange(60)}")
        if (
            bill.med_type == "special_drugs"
            or bill.med_type == "pharmacy"
            and chance.random() < 0.5
        ):
            bill.drug = {
                "item": chance.choice("XY"),
                "serial": "1",
                "negotiated": chance.random() < 0.9,
                "dual_channel": chance.random() < 0.8,
                "in_agreement": chance.random() < 0.9,
            }

    def _amounts(self, bill: Bill) -> None:
        chance, bill.parts = self.chance, {}
        bill.in_scope = chance.choice(AMOUNTS) + chance.choice((0, 0, 1, 7, 33))
        bill.outside = chance.choice((0, 0, 0, 1_234))
        bill.total = bill.in_scope + bill.outside + chance.choice((0, 0, 500))
        if self.area == PARTS and chance.random() < 0.7:
            bill.parts = {"consultation": min(bill.in_scope, chance.choice((1_000, 2_500)))}

    def _bill_again(self, earlier: Bill) -> Asked:
        """A bill of a registration that there is: more lines, or the same ones once more."""
        if self.chance.random() < 0.5:
            return Asked(self._request(earlier), earlier)
        bill = Bill(**vars(earlier) | {"told": dict(earlier.told), "batch": None})
        if bill.prescription:
            bill.prescription = (bill.prescription[0], f"R{self.chance.randrange(60)}")
        self._amounts(bill)
        self.visits.append(bill)
        return self._billed(bill, f"{len(self.visits) + 1}")

    def _billed(self, bill: Bill, number: str) -> Asked:
        """A bill with a batch of its own."""
        first = bill.total - bill.in_scope - bill.outside
        own = bill.outside - bill.outside // 3
        marks: dict[str, Any] = {"drugs": [bill.drug] if bill.drug else []}
        if bill.prescription:
            writer, rx = bill.prescription
            marks["prescriptions"] = [{"prescriber": writer, "number": rx, "serial": "1"}]
        bill.batch = self.county.counter.batch(
            bill.visit, number, bill.in_scope, first, own, bill.outside // 3, **marks
        )
        if bill.parts:
            self.owner.execute(
                "update charge_batch set parts = %s where id = %s", [Jsonb(bill.parts), bill.batch]
            )
        self.numbers[bill.batch] = number
        return Asked(self._request(bill), bill)

    def _request(self, bill: Bill) -> Request:
        made = self.county.counter.request(
            self.model.numbers[bill.person],
            bill.place,
            bill.visit,
            self.numbers[bill.batch or 0],
            bill.total,
            med_type=bill.med_type,
            accounts=bill.accounts,
            trial=self.chance.random() < 0.15,
            facts={name: str(told).lower() for name, told in bill.told.items()},
        )
        return made

    def _buy(self) -> Asked:
        """A purchase at a pharmacy, whose visit and lines the settlement makes."""
        chance = self.chance
        person, shop = chance.choice(list(self.model.numbers)), f"P{self.area}00008"
        day = min(max(self.county.day(), FIRST), self.today)
        fen = chance.choice(AMOUNTS)
        bill = Bill(
            person, shop, day, "pharmacy", fen, fen, 0, chance.choice(("none", "own", "family"))
        )
        bill.prescription = (f"H{self.area}0000{chance.choice('123')}", f"R{chance.randrange(60)}")
        writer, number = bill.prescription
        line = Line(
            "1", "A", UNIT, fen * 10_000, fen, prescription=number, details={"rx_circ_flag": "1"}
        )
        at = self.county.now.replace(
            year=day.year, month=day.month, day=day.day, hour=9, minute=0, tzinfo=CHINA
        )
        bought = Purchase(at, "pharmacy", "", (line,), {"prescriber": writer})
        psn_no = self.model.numbers[person]
        key = self.county.counter.key(shop, "2102", {"psn_no": psn_no, "rxno": number})
        return Asked(Request(key, psn_no, "pharmacy", fen, bill.accounts, purchase=bought), bill)

    # Taking back and restoring.

    def take_back(self) -> None:
        """A settlement is cancelled: by its number, by one it was restored by, or its message."""
        if not self.model.settled:
            return
        one = self.chance.choice(list(self.model.settled.values()))
        bill, psn_no = one.bill, self.model.numbers[one.bill.person]
        by_message = self.chance.random() < 0.3
        key = self.county.counter.key(bill.place, "2601" if by_message else "2208", {})
        number = self.chance.choice(one.chain[::2])
        infno = "2207" if bill.batch in self.numbers else "2102"
        msgid = next(m for m in self.asked if self._entered(m) == one.number)

        def call() -> Outcome:
            if by_message:
                return reverse(self.gateway, key, psn_no, msgid, infno, RULES, self.county.now)
            return cancel(self.gateway, key, psn_no, bill.visit, number, RULES, self.county.now)

        if not one.stands:
            assert _code(call) == "settlement_cancelled"
        else:
            self._taken_back(one, call().entry, key.msg_id)
            if by_message:
                self.barred.add(msgid)

    def _entered(self, msgid: str) -> int | None:
        said = self.replies[msgid].split()
        return int(said[1]) if said[0] == b"settled" else None

    def _taken_back(self, one: Settled, entry: EntryRow, msgid: str) -> None:
        assert entry.kind == "cancellation" and entry.reverses == one.chain[-1]
        assert entry.accounting_date == self.today
        assert entry.id is not None
        self.undone.append((one.number, entry.id, msgid))
        keep(self.gateway, Key(INSTITUTION, one.bill.place, msgid, "2208", {}), entry.id)
        self.model.cancel(one, entry.id, self.today, self.county.now)

    def restore(self, of_last: int = 0) -> None:
        """A cancellation (one of the last) is reversed by its message; in any order, and again."""
        if not self.undone:
            return
        number, _, msgid = self.chance.choice(self.undone[-of_last:])
        one = self.model.settled[number]
        key = self.county.counter.key(one.bill.place, "2601", {})
        psn_no = self.model.numbers[one.bill.person]

        def call() -> Outcome:
            return reverse(self.gateway, key, psn_no, msgid, "2208", RULES, self.county.now)

        if one.stands:
            assert _code(call) == "settlement_cancelled"
            return
        try:
            self.model.check_restore(one, self.county.now)
        except Refused as refused:
            assert _code(call) == str(refused)
            return
        try:
            entry: EntryRow = call().entry
        except Refusal as refusal:
            # Something came that bears on it, though what it moved is where it was.
            assert refusal.code == "restore_overtaken" and not self.model.untouched(one)
            return
        assert entry.kind == "settlement" and entry.reverses == one.chain[-1]
        assert entry.id is not None
        self.model.restore(one, entry.id, self.today)

    def reverse_unknown(self) -> None:
        """A message whose fate is unknown: it is barred, or did nothing."""
        refused = [m for m in self.asked if self._entered(m) is None]
        person = self.chance.choice(list(self.model.numbers))
        if refused and self.chance.random() < 0.5:
            msgid = self.chance.choice(refused)
            request = self.asked[msgid].request
            key = self.county.counter.key(request.key.actor, "2601", {})
            outcome = reverse(
                self.gateway, key, request.psn_no, msgid, request.key.kind, RULES, self.county.now
            )
            assert outcome.entry is None
            return
        one = self._ask()
        if one.request.trial:
            return
        key = self.county.counter.key(one.request.key.actor, "2601", {})
        psn_no = self.model.numbers[person]
        outcome = reverse(
            self.gateway,
            key,
            psn_no,
            one.request.key.msg_id,
            one.request.key.kind,
            RULES,
            self.county.now,
        )
        assert outcome.entry is None
        self.barred.add(one.request.key.msg_id)
        (late,) = settle(self.gateway, [one.request], RULES, self.county.now, answers=kept())
        self._answered(one, late)


def _fields(request: Request) -> dict[str, Any]:
    return {name: getattr(request, name) for name in request.__dataclass_fields__}


def _funds(entry: EntryRow) -> dict[tuple[str, str], int]:
    funds = {("pool", entry.settlement.benefit): entry.settlement.pool_fen}
    funds |= {("supplement", payer): fen for payer, fen in entry.decision.payers.items()}
    assert entry.settlement.supplements_fen == sum(entry.decision.payers.values())
    return {fund: fen for fund, fen in funds.items() if fen}


def _code(call: Any) -> str:
    with pytest.raises(Refusal) as refused:
        call()
    return refused.value.code
