"""Bills made ready: checked, routed, summed up; then decided one after the other on shared state.

A bill goes from `Asked` (the request and what is known of it) to `Priced` (its lines summed up) to
`Plan` (by which law and benefit, for what cost); each step takes the one before and gives the next
or a refusal. `State` holds the meters and balances of the persons while bills are decided in order.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

import msgspec
import psycopg

from gongji.law.engine.area import Area
from gongji.law.engine.areas import Areas
from gongji.law.engine.person_meters import Meters
from gongji.law.engine.visit import Value, Visit
from gongji.law.rulebook import provision_kinds
from gongji.law.rulebook.law import KEPT, Law
from gongji.ledger import meter_rows
from gongji.ledger.entry_contents import AccountsAvailable, Owner, Sums
from gongji.people.diseases import known_code
from gongji.platform.identity import mask_number
from gongji.refusals import Refusal
from gongji.settlement import area_facts, counter_facts
from gongji.settlement.batch_summary import (
    AMOUNTS,
    BatchSummary,
    batch_of,
    refuse_mixed,
    sums_for,
)
from gongji.settlement.contract import FAMILY_ACCOUNTS, NO_ACCOUNT, Bounds, Request
from gongji.settlement.counter_facts import Seen
from gongji.settlement.decide_bill import Decided, decide, limits, stub
from gongji.settlement.known_facts import DatedFact, PersonFacts, Standing, standings
from gongji.settlement.prescriptions import unreported
from gongji.settlement.price_bills import Bill, PricedBill, price_bills
from gongji.settlement.queries import Asked, Context, SentBatch, Wanted, batch_numbers
from gongji.settlement.routes import Route, route
from gongji.settlement.visits import PRESCRIBER, check_day, check_prescriptions
from gongji.units import Fen, day_of, yuan_text


class Priced(msgspec.Struct, frozen=True):
    """A request whose lines are priced and summed up.

    Shape:   `disease` the national code of the visit's disease; `prescriber` stands for outside
             prescriptions that do not name theirs; `bill` the lines of a purchase, priced now.
    """

    asked: Asked
    day: date
    summary: BatchSummary
    disease: str
    prescriber: str
    lines: int
    bill: PricedBill | None = None


class Plan(msgspec.Struct, frozen=True):
    """A bill that can be decided: by which law and benefit, for what cost; `told` by messages."""

    today: date
    priced: Priced
    person: PersonFacts
    area: Area
    home: str
    law: Law
    route: Route
    sums: Sums
    prescriptions: tuple[tuple[str, str], ...]
    told: dict[str, Value] = {}
    warnings: tuple[str, ...] = ()

    @property
    def asked(self) -> Asked:
        """The request with what the database knows of it."""
        return self.priced.asked

    @property
    def request(self) -> Request:
        """The request."""
        return self.priced.asked.request

    @property
    def batches(self) -> tuple[int, ...]:
        """The batches of lines; a purchase gets its own later."""
        return self.asked.batch.ids if self.asked.batch else ()

    @property
    def day(self) -> date:
        """The date of service."""
        return self.person.day

    @property
    def visit(self) -> str:
        """The registration, for meters that begin with it; a purchase gets its own later."""
        opened = self.asked.visit
        return str(opened.id if opened else -1 - self.asked.place)

    @property
    def keys(self) -> list[tuple[str, int, str, str]]:
        """The blocks of meters that it uses: area, person, period, slot."""
        assert self.asked.person is not None
        kept = area_facts.kept_of_person(self.law, self.home, self.person)
        facts: dict[str, Value] = {"institution": self.request.key.actor, **self.told, **kept}
        held, drug = self.route.registration, self.route.drug
        facts |= ({"disease": held.disease} if held else {}) | ({"drug": drug} if drug else {})
        blocks = meter_rows.blocks_of(self.area, stub(facts, self.day, self.visit))
        return [(self.home, self.asked.person, *block) for block in blocks]

    @property
    def owners(self) -> list[DatedFact]:
        """Bonds that hold on the day, were consented to and still stand today, in their order.

        A bond that was ended pays nothing from then on, whatever the day of service.
        """
        bonds = self.person.holding.get("bond", [])
        agreed = [
            bond
            for bond in bonds
            if bond.details.get("consented_on", "") <= str(self.day)
            and (bond.until is None or self.today < bond.until)
        ]
        return sorted(agreed, key=lambda bond: (bond.details["order"], bond.key))


@dataclass(frozen=True)
class BatchPlanner:
    """What all the bills of a batch are settled by."""

    areas: Areas
    today: date
    bounds: Bounds
    closed: frozenset[str]

    def plans(
        self, connection: psycopg.Connection[Any], asked: Sequence[Asked]
    ) -> list[Plan | Refusal]:
        """Every request made ready, or why it cannot be settled, in their order."""
        priced = self.price(connection, asked)
        return [one if isinstance(one, Refusal) else self.plan(one) for one in priced]

    def price(
        self, connection: psycopg.Connection[Any], asked: Sequence[Asked]
    ) -> list[Priced | Refusal]:
        """Requests with their lines summed up; those of purchases are priced, all at once.

        Refuses: (as results) the first refusals of docs/inside/settlement.md; for purchases also
                 not_insured, prescription_missing and what `price_bills` gives.
        """
        found = [self._checked(one) for one in asked]
        bills = [one for one in found if isinstance(one, Bill)]
        made = iter(price_bills(connection, bills) if bills else ())
        return [
            _purchase(one, ready, next(made)) if isinstance(ready, Bill) else ready
            for one, ready in zip(asked, found, strict=True)
        ]

    def _checked(self, asked: Asked) -> Bill | Priced | Refusal:
        """The bill of a purchase that is to be priced; of a visit what its lines came to."""
        try:
            day = self._check(asked)
            request, purchase = asked.request, asked.request.purchase
            if purchase is None:
                assert asked.visit is not None and asked.batch is not None
                return Priced(
                    asked,
                    day,
                    asked.batch.summary,
                    asked.batch.diseases[0] or asked.visit.disease,
                    asked.visit.prescriber,
                    asked.batch.lines,
                )
            return Bill(
                self.areas.area(asked.known().insured.area),
                day,
                request.key.actor,
                purchase.lines,
                asked.person,
                request.med_type,
                purchase.disease,
                str(purchase.details.get(PRESCRIBER) or ""),
                self.span,
            )
        except Refusal as refusal:
            return refusal

    def wanted(self, plans: Sequence[Plan]) -> Wanted:
        """What must be read before the bills are decided."""
        wanted = Wanted()
        for plan in plans:
            request = plan.request
            wanted.institutions.add(request.key.actor)
            wanted.institutions |= {prescriber for prescriber, _ in plan.prescriptions}
            wanted.meters |= dict.fromkeys(plan.keys)
            wanted.prescriptions |= set(plan.prescriptions)
            if request.accounts == FAMILY_ACCOUNTS:
                wanted.accounts |= {bond.key for bond in plan.owners}
            wanted.accounts.add(request.psn_no)
            wanted.entries += not request.trial
        return wanted

    def state(self, context: Context) -> "State":
        """The state in which the first bill is decided."""
        # Somebody who moved has an account in each area: a balance is told by area and person.
        balances = {(area, person): fen for (area, _), (person, fen) in context.accounts.items()}
        owners = {key: person for key, (person, _) in context.accounts.items()}
        since = self.bounds.prescribed_since
        return State(context, owners, balances, set(context.prescriptions), since)

    def plan(self, priced: Priced) -> Plan | Refusal:
        """A bill made ready.

        Refuses: (as result) the refusals of docs/inside/settlement.md, in its order.
        """
        try:
            return self._plan(priced)
        except Refusal as refusal:
            return refusal

    def _plan(self, priced: Priced) -> Plan:
        asked, day = priced.asked, priced.day
        person = asked.known()
        area = self.areas.area(person.insured.area)
        home = area.laws[0].area
        law = area.law(day_of(day))
        if home in self.closed:
            month = self.today.strftime("%Y-%m")
            raise Refusal("period_closed", "inf_time", {"area": home, "value": month})
        request, said = asked.request, priced.summary.marks
        found = route(
            law,
            request.med_type,
            priced.disease,
            person.registrations,
            said.drugs,
            priced.lines,
        )
        refuse_mixed(said, found.benefit, law)
        registration = found.registration
        names = [name for name in (priced.disease, registration and registration.disease) if name]
        sums = sums_for(priced.summary, found.benefit, names)
        _check_total(request, sums)
        used = dict.fromkeys(
            (one.prescriber or priced.prescriber, one.number) for one in said.prescriptions
        )
        held = [one.key for one in person.registrations]
        unknown = () if known_code(priced.disease, held) else (unknown_disease(priced.disease),)
        nameless = [number for prescriber, number in used if priced.bill and not prescriber]
        unnamed = (_unnamed(nameless),) if nameless else ()
        warnings = (*said.warnings, *unknown, *unnamed, *_differences(request, sums))
        told = self._told(asked, law)
        area_facts.kept_of_person(law, home, person)
        rx = tuple(used)
        return Plan(self.today, priced, person, area, home, law, found, sums, rx, told, warnings)

    @staticmethod
    def _told(asked: Asked, law: Law) -> dict[str, Value]:
        """What the messages of a bill tell, the last one counting.

        Refuses: field_unknown for what the registry decides, and what is told wrongly.
        """
        said = (asked.visit.said if asked.visit else {}) | asked.request.said
        known = counter_facts.COUNTER_FACTS
        return area_facts.told_by_messages(law, said) | known.told_by(asked.request.facts, law)

    def _check(self, asked: Asked) -> date:
        """The date of service of a request whose person, visit and batch stand."""
        request, opened, batch = asked.request, asked.visit, asked.batch
        visit = str(request.visit)
        if asked.person is None:
            raise Refusal("person_unknown", "psn_no", {"value": mask_number(request.psn_no)})
        if request.purchase is None:
            if (
                opened is None
                or opened.person != asked.person
                or opened.institution != request.key.actor
            ):
                raise Refusal("visit_unknown", "mdtrt_id", {"value": visit})
            if opened.withdrawn:
                raise Refusal("visit_withdrawn", "mdtrt_id", {"value": visit})
            if batch is None:
                raise Refusal("batch_unknown", "chrg_bchno", {"value": request.batch or "（空）"})
            _check_batches(request, opened.disease, batch)
        assert asked.day is not None
        check_day(asked.day, self.span, "begntime")
        return asked.day

    @property
    def span(self) -> tuple[date, date]:
        """The first and last day of service that are taken."""
        back, ahead = self.bounds.days_back, self.bounds.days_ahead
        return self.today - timedelta(days=back), self.today + timedelta(days=ahead)


def unknown_disease(code: str) -> str:
    """What is said of the code of a disease that nobody here knows; the bill stands."""
    return f"病种编码 {code} 不在平台已知的门诊慢特病病种内，参保人也没有这一备案；请核对 dise_codg"


def _unnamed(numbers: Sequence[str]) -> str:
    """What is said of prescriptions at a pharmacy that do not name who wrote them."""
    told = "没有写明开方机构，统筹基金不能据以支付；请在 rxfixmedinsCode 填写开方机构的代码"
    return f"处方 {'、'.join(numbers)} {told}"


def _check_batches(request: Request, disease: str, found: SentBatch) -> None:
    """The batches that are named are there, not settled, and of one disease.

    Refuses: batch_unknown, batch_settled_already, batches_differ.
    """
    if request.batch not in found.numbers:
        lacking = [one for one in batch_numbers(request.batch) if one not in found.numbers]
        if lacking:
            raise Refusal("batch_unknown", "chrg_bchno", {"value": "、".join(lacking)})
    if found.settled_by is not None:
        values = {"value": found.settled, "entry": str(found.settled_by)}
        raise Refusal("batch_settled_already", "chrg_bchno", values)
    diseases = dict.fromkeys(one or disease for one in found.diseases)
    if len(diseases) > 1:
        named = "、".join(one or "（未填）" for one in diseases)
        raise Refusal("batches_differ", "chrg_bchno", {"value": named})


def _check_total(request: Request, sums: Sums) -> None:
    """The total that was sent is that of the lines.

    Refuses: total_differs.
    """
    if sums.total_fen != request.total_fen:
        values = {"value": yuan_text(request.total_fen), "total": yuan_text(sums.total_fen)}
        raise Refusal("total_differs", "medfee_sumamt", values)


CLASSES = ("超限价自费", "全自费", "先行自付", "符合政策范围")


def _differences(request: Request, sums: Sums) -> list[str]:
    """Where the class totals that were sent along are others: a warning, since clients send
    constants."""
    if request.declared is None:
        return []
    ours = [getattr(sums, name) for name in AMOUNTS]
    return [
        f"{name}金额 {yuan_text(theirs)} 与平台计算的 {yuan_text(own)} 不符，以平台为准"
        for name, theirs, own in zip(CLASSES, request.declared, ours, strict=True)
        if theirs != own
    ]


def _purchase(asked: Asked, bill: Bill, found: PricedBill | Refusal) -> Priced | Refusal:
    """A purchase with its lines priced.

    Refuses: (as result) prescription_missing.
    """
    if isinstance(found, Refusal):
        return found
    try:
        check_prescriptions(found)
    except Refusal as refusal:
        return refusal
    lines = len(found.lines)
    return Priced(asked, bill.day, batch_of(found), bill.disease, bill.prescriber, lines, found)


class Settled(msgspec.Struct, frozen=True):
    """A bill that was decided: what came out, and what stood around it.

    Units:   fen. `limits` what each fund had left before; `balance_fen` what is on the own account
             after. `untold` prescriptions that a pharmacy filled on its own word.
    """

    plan: Plan
    decided: Decided
    limits: dict[str, Fen]
    balance_fen: Fen
    untold: tuple[str, ...] = ()


@dataclass
class State:
    """Meters, balances and what is used up while the bills of a batch are decided in order."""

    context: Context
    owners: dict[tuple[str, str], int]
    balances: dict[tuple[str, int], Fen]
    prescriptions: set[tuple[str, str]]
    prescribed_since: Mapping[str, date] = field(default_factory=dict)
    batches: set[int] = field(default_factory=set)
    meters: dict[tuple[str, int], Meters] = field(default_factory=dict)
    standings: dict[date, Mapping[str, Standing]] = field(default_factory=dict)

    @contextmanager
    def holding(self, plan: Plan) -> Iterator[None]:
        """Leave the state as it was if the bill is a trial, or is refused."""
        used = self._meters(plan)
        blocks, visits = dict(used.blocks), used.visits
        balances = dict(self.balances) if plan.request.trial else None
        done = False
        try:
            yield
            done = not plan.request.trial
        finally:
            if not done:
                used.blocks, used.visits = blocks, visits
                if balances is not None:
                    self.balances = balances

    def decide(self, plan: Plan) -> Settled:
        """The bill decided.

        Refuses: batch_settled_already, prescription_used, prescribers_mixed, institution_unknown,
                 prescription_beside, prescription_unknown, prescription_differs, what the engine
                 refuses.
        """
        asked, institution = plan.asked, plan.request.key.actor
        self._check_unused(plan)
        standings = self._standings(plan.day)
        here = standings.get(institution)
        if here is None:
            raise Refusal("institution_unknown", "fixmedins_code", {"value": institution})
        prescriber = self._prescriber(plan, here, standings)
        untold = self._untold(plan, here)
        available = self._available(plan, here)
        visit = _visit(plan, here, prescriber, available)
        told = area_facts.told_names(plan.law, plan.told)
        told = tuple(name for name in told if visit.facts.get(name) == plan.told[name])
        decided = decide(plan.area, visit, plan.sums, available, self._meters(plan), told)
        assert asked.person is not None
        own = (plan.home, asked.person)
        after = self.balances.get(own, 0) - decided.payment.own_fen
        if own in self.balances:
            self.balances[own] = after
        for owner, paid in decided.payment.family:
            self.balances[plan.home, owner] -= paid
        if not plan.request.trial:
            self.prescriptions |= set(plan.prescriptions)
            self.batches |= set(plan.batches)
        return Settled(plan, decided, limits(decided), after, untold)

    def _meters(self, plan: Plan) -> Meters:
        assert plan.asked.person is not None
        key = (plan.home, plan.asked.person)
        if key not in self.meters:
            self.meters[key] = meter_rows.load(plan.area, self.context.meters.get(key, ()))
        return self.meters[key]

    def _standings(self, day: date) -> Mapping[str, Standing]:
        if day not in self.standings:
            self.standings[day] = standings(self.context.institutions, day)
        return self.standings[day]

    def _check_unused(self, plan: Plan) -> None:
        if self.batches & set(plan.batches):
            values = {"value": plan.request.batch, "entry": "（同一批请求）"}
            raise Refusal("batch_settled_already", "chrg_bchno", values)
        taken = [number for p, number in plan.prescriptions if (p, number) in self.prescriptions]
        if taken:
            raise Refusal("prescription_used", "rxno", {"value": "、".join(taken)})

    def _prescriber(
        self, plan: Plan, here: Standing, standings: Mapping[str, Standing]
    ) -> Standing | None:
        """The institution whose prescription a pharmacy fills (CX-30, SY-14).

        Refuses: prescribers_mixed, institution_unknown.
        """
        codes = sorted({code for code, _ in plan.prescriptions if code})
        if here.kind != "pharmacy" or not codes:
            return None
        if len(codes) > 1:
            raise Refusal("prescribers_mixed", "rxno", {"value": "、".join(codes)})
        if codes[0] not in standings:
            raise Refusal("institution_unknown", "rx_fixmedins_code", {"value": codes[0]})
        return standings[codes[0]]

    def _untold(self, plan: Plan, here: Standing) -> tuple[str, ...]:
        """The prescriptions that a pharmacy fills and nobody told, or beside which it sells more.

        Refuses: prescription_unknown, prescription_differs; prescription_beside from the day on
                 which the area's prescriptions are told.
        """
        if here.kind != "pharmacy":
            return ()
        assert plan.asked.person is not None
        since = self.prescribed_since.get(plan.home)
        told = since is not None and since <= plan.day
        known = self.context.reported
        beside = _beside(plan)
        if told and beside:
            raise Refusal("prescription_beside", "lines", {"value": "、".join(beside)})
        found = unreported(plan.prescriptions, known, plan.asked.person, plan.day, told)
        written = tuple(number for _, number in plan.prescriptions) if beside else ()
        return found or written

    def _available(self, plan: Plan, here: Standing) -> AccountsAvailable:
        request = plan.request
        place = here.kind if here.designated_for else "other"
        own = self.owners.get((plan.home, request.psn_no))
        family = []
        for bond in plan.owners if request.accounts == FAMILY_ACCOUNTS else ():
            person = self.owners.get((plan.home, bond.key))
            if person is not None and (there := self.balances[plan.home, person]):
                family.append(Owner(person, bond.details["relation"], there))
        balance = self.balances[plan.home, own] if own is not None else 0
        return AccountsAvailable(request.accounts, place, balance, tuple(family))


def _beside(plan: Plan) -> list[str]:
    """The serials of what was prescribed, where other lines in scope stand beside it and the law
    pays at pharmacies what was prescribed.

    Law:     楚雄 第三十条, 攀枝花 第七条第一款, 云浮 第二十条（一）, 邵阳 第十四条.
    """
    written = {one.serial for one in plan.priced.summary.marks.prescriptions}
    if not written or not _asks_prescription(plan.law):
        return []
    bill = plan.priced.bill
    beside = (
        len(written) < plan.priced.lines
        if bill is None
        else any(one.in_scope_fen and one.line.serial not in written for one in bill.lines)
    )
    return sorted(written) if beside else []


@lru_cache(maxsize=KEPT)
def _asks_prescription(law: Law) -> bool:
    """Whether a law pays at a pharmacy only what was prescribed."""
    gates = law.all(provision_kinds.Gate).values()
    return any(gate.value.refusal == "no_prescription" for gate in gates)


def _visit(
    plan: Plan, here: Standing, prescriber: Standing | None, available: AccountsAvailable
) -> Visit:
    """The visit that the engine decides: what the registry knows, the route, what was told.

    Refuses: not_insured; field_unknown for what the registry decides, and what is told wrongly.
    """
    first = available.accounts != NO_ACCOUNT and _draws_first(plan.area)
    account = available.own_fen if first else None
    began = plan.asked.visit.begun_at if plan.asked.visit else None
    seen = Seen(plan.person, plan.home, plan.route, here, prescriber, account, plan.law, began)
    known = counter_facts.COUNTER_FACTS
    facts = known.read(seen)
    if plan.told:
        facts |= area_facts.counting(plan.told, facts, known.kept(seen, plan.law))
    facts = counter_facts.in_time(plan.law, plan.person, facts)
    return Visit(
        plan.law.area,
        day_of(plan.day),
        plan.law.benefits.get(plan.route.benefit, plan.route.benefit),
        plan.sums.in_scope_fen,
        plan.sums.total_fen,
        facts,
        visit=plan.visit,
        parts=plan.sums.parts,
    )


def _draws_first(area: Area) -> bool:
    """Whether some layer is paid by the person's own account."""
    return any(column.payer == provision_kinds.ACCOUNT for column in area.layout.columns)
