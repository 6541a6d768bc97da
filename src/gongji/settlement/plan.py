"""Bills made ready: checked, routed, summed up; then decided one after the other on shared state.

`plan_cases` refuses what cannot be settled and says what else must be read; `State` holds the
meters and balances of the persons while their bills are decided in order.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import msgspec
import psycopg

from gongji.law.engine.area import Area
from gongji.law.engine.areas import Areas
from gongji.law.engine.person_meters import Meters
from gongji.law.rulebook import provision_kinds
from gongji.law.rulebook.law import Law
from gongji.ledger import meter_rows
from gongji.platform.identity import mask_number
from gongji.refusals import Refusal
from gongji.settlement import engine_row
from gongji.settlement.allocate import Owner, Purse
from gongji.settlement.batch_summary import AMOUNTS, Sums, batch_of, refuse_mixed, sums_for
from gongji.settlement.contract import FAMILY_ACCOUNTS, NO_ACCOUNT, Bounds, Outcome
from gongji.settlement.decide_bill import Decided, decide, limits, stub
from gongji.settlement.engine_row import Known, Sheet, Standing
from gongji.settlement.price_bills import Bill, price_bills
from gongji.settlement.queries import Around, Case, Wanted, marks
from gongji.settlement.routes import Route, route
from gongji.settlement.visits import PRESCRIBER, check_day, check_prescriptions
from gongji.units import Fen, day_of, yuan_text


class Plan(msgspec.Struct):
    """A bill that can be decided: by which law and benefit, for what cost."""

    case: Case
    sheet: Sheet
    area: Area
    home: str
    law: Law
    route: Route
    sums: Sums
    prescriptions: tuple[tuple[str, str], ...]
    warnings: list[str] = []

    @property
    def day(self) -> date:
        """The date of service."""
        return self.sheet.day

    @property
    def visit(self) -> str:
        """The registration, for meters that begin with it; a purchase gets its own later."""
        return str(-1 - self.case.place if self.case.visit is None else self.case.visit)

    @property
    def keys(self) -> list[tuple[str, int, str, str]]:
        """The blocks of meters that it uses: area, person, period, slot."""
        assert self.case.person is not None
        row = {"institution": self.case.institution, **self.case.request.facts}
        row |= engine_row.route_texts(self.sheet, self.route)
        blocks = meter_rows.blocks_of(self.area, stub(row, self.day, self.visit))
        return [(self.home, self.case.person, *block) for block in blocks]

    @property
    def owners(self) -> list[Known]:
        """Bonds that hold on the day and were consented to, in their order."""
        bonds = self.sheet.holding.get("bond", [])
        agreed = [b for b in bonds if b.details.get("consented_on", "") <= str(self.day)]
        return sorted(agreed, key=lambda bond: (bond.details["order"], bond.key))


@dataclass
class Table:
    """What all the bills of a batch are settled by."""

    rules: Areas
    today: date
    bounds: Bounds
    closed: frozenset[str]

    def wanted(self, plans: Sequence[Plan]) -> Wanted:
        """What must be read before the bills are decided."""
        wanted = Wanted()
        for plan in plans:
            request = plan.case.request
            wanted.institutions.add(plan.case.institution)
            wanted.institutions |= {prescriber for prescriber, _ in plan.prescriptions}
            wanted.meters |= dict.fromkeys(plan.keys)
            wanted.prescriptions |= set(plan.prescriptions)
            if request.accounts == FAMILY_ACCOUNTS:
                wanted.accounts |= {bond.key for bond in plan.owners}
            wanted.accounts.add(request.psn_no)
            wanted.entries += not request.trial
        return wanted

    def state(self, around: Around) -> "State":
        """The state in which the first bill is decided."""
        # Somebody who moved has an account in each area: a balance is told by area and person.
        balances = {(area, person): fen for (area, _), (person, fen) in around.accounts.items()}
        owners = {key: person for key, (person, _) in around.accounts.items()}
        return State(around, owners, balances, set(around.prescriptions))

    def plan(self, case: Case) -> Plan:
        """A bill made ready.

        Refuses: the refusals of docs/inside/settlement.md, in its order.
        """
        day = self._check(case)
        sheet = case.sheet()
        spell = sheet.insured
        area = self.rules.area(spell.area)
        home = area.laws[0].area
        law = area.law(day_of(day))
        if home in self.closed:
            month = self.today.strftime("%Y-%m")
            raise Refusal("period_closed", "inf_time", {"area": home, "value": month})
        request, said = case.request, marks(case)
        found = route(
            law,
            request.med_type,
            case.disease,
            sheet.registrations,
            said.get("drugs", ()),
            case.lines,
        )
        refuse_mixed(said, found.benefit, law)
        registration = found.registration
        names = [name for name in (case.disease, registration and registration.disease) if name]
        sums = sums_for(case.columns, found.benefit, names)
        self._check_total(case, sums)
        used = tuple(
            dict.fromkeys(
                (p["prescriber"] or case.prescriber, p["number"])
                for p in said.get("prescriptions", ())
            )
        )
        plan = Plan(case, sheet, area, home, law, found, sums, used)
        plan.warnings += [*said.get("warnings", ()), *_differences(case, sums)]
        return plan

    def _check(self, case: Case) -> date:
        request = case.request
        visit = str(request.visit)
        if case.person is None:
            raise Refusal("person_unknown", "psn_no", {"value": mask_number(request.psn_no)})
        if request.purchase is None:
            mine = case.visit_person == case.person
            if case.visit is None or not mine or case.institution != request.key.institution:
                raise Refusal("visit_unknown", "mdtrt_id", {"value": visit})
            if case.withdrawn:
                raise Refusal("visit_withdrawn", "mdtrt_id", {"value": visit})
            if case.batch is None:
                raise Refusal("batch_unknown", "chrg_bchno", {"value": request.batch or "（空）"})
            if case.settled_by is not None:
                values = {"value": request.batch, "entry": str(case.settled_by)}
                raise Refusal("batch_settled_already", "chrg_bchno", values)
        assert case.day is not None
        check_day(case.day, self.span, "begntime")
        return case.day

    @property
    def span(self) -> tuple[date, date]:
        """The first and last day of service that are taken."""
        back, ahead = self.bounds.days_back, self.bounds.days_ahead
        return self.today - timedelta(days=back), self.today + timedelta(days=ahead)

    def _check_total(self, case: Case, sums: Sums) -> None:
        if sums.total_fen != case.request.total_fen:
            values = {
                "value": yuan_text(case.request.total_fen),
                "total": yuan_text(sums.total_fen),
            }
            raise Refusal("total_differs", "medfee_sumamt", values)


CLASSES = ("超限价自费", "全自费", "先行自付", "符合政策范围")


def _differences(case: Case, sums: Sums) -> list[str]:
    """Where the class totals that were sent along are others: a warning, since clients send
    constants."""
    if case.request.declared is None:
        return []
    ours = [getattr(sums, name) for name in AMOUNTS]
    return [
        f"{name}金额 {yuan_text(theirs)} 与平台计算的 {yuan_text(own)} 不符，以平台为准"
        for name, theirs, own in zip(CLASSES, case.request.declared, ours, strict=True)
        if theirs != own
    ]


def plan_cases(
    connection: psycopg.Connection[Any],
    cases: Sequence[Case],
    table: Table,
    outcomes: dict[int, Outcome],
) -> list[Plan]:
    """The bills that can be decided, in their order; the others get their refusals."""
    _price_purchases(connection, [case for case in cases if case.request.purchase], table, outcomes)
    plans = []
    for case in cases:
        if case.place in outcomes:
            continue
        try:
            plans.append(table.plan(case))
        except Refusal as refusal:
            outcomes[case.place] = Outcome(refusal=refusal)
    return plans


def _price_purchases(
    connection: psycopg.Connection[Any],
    cases: Sequence[Case],
    table: Table,
    outcomes: dict[int, Outcome],
) -> None:
    """Price the lines of purchases, all at once."""
    bills, priced = [], []
    for case in cases:
        purchase, request = case.request.purchase, case.request
        assert purchase is not None
        try:
            day = table._check(case)
            area = table.rules.area(case.sheet().insured.area)
        except Refusal as refusal:
            outcomes[case.place] = Outcome(refusal=refusal)
            continue
        case.disease = purchase.disease
        case.prescriber = str(purchase.details.get(PRESCRIBER) or "")
        bills.append(
            Bill(
                area,
                day,
                request.key.institution,
                purchase.lines,
                case.person,
                request.med_type,
                purchase.disease,
                case.prescriber,
                table.span,
            )
        )
        priced.append(case)
    if not bills:
        return
    for case, found in zip(priced, price_bills(connection, bills), strict=True):
        try:
            if isinstance(found, Refusal):
                raise found
            check_prescriptions(found)
        except Refusal as refusal:
            outcomes[case.place] = Outcome(refusal=refusal)
            continue
        case.priced, case.columns, case.lines = found, batch_of(found), len(found.lines)


@dataclass
class State:
    """Meters, balances and what is used up while the bills of a batch are decided in order."""

    around: Around
    owners: dict[tuple[str, str], int]
    balances: dict[tuple[str, int], Fen]
    prescriptions: set[tuple[str, str]]
    batches: set[int] = field(default_factory=set)
    meters: dict[tuple[str, int], Meters] = field(default_factory=dict)
    standings: dict[date, Mapping[str, Standing]] = field(default_factory=dict)

    @contextmanager
    def holding(self, plan: Plan) -> Iterator[None]:
        """Leave the state as it was if the bill is a trial, or is refused."""
        used = self._meters(plan)
        blocks, visits = dict(used.blocks), used.visits
        balances = dict(self.balances) if plan.case.request.trial else None
        done = False
        try:
            yield
            done = not plan.case.request.trial
        finally:
            if not done:
                used.blocks, used.visits = blocks, visits
                if balances is not None:
                    self.balances = balances

    def decide(self, plan: Plan) -> tuple[Decided, dict[str, Fen], Fen]:
        """The bill decided, what each fund had left before, what is on the own account after.

        Refuses: batch_settled_already, prescription_used, prescribers_mixed, institution_unknown,
                 what the engine refuses.
        """
        case = plan.case
        self._check_unused(plan)
        standings = self._standings(plan.day)
        here = standings.get(case.institution)
        if here is None:
            raise Refusal("institution_unknown", "fixmedins_code", {"value": case.institution})
        prescriber = self._prescriber(plan, here, standings)
        purse = self._purse(plan, here)
        row = {
            **engine_row.cost_texts(plan.sums, plan.day, plan.visit),
            **engine_row.person_texts(plan.sheet, plan.route.benefit),
            **engine_row.place_texts(plan.sheet, plan.home, plan.route.benefit, here, prescriber),
            **engine_row.route_texts(plan.sheet, plan.route),
            **engine_row.told_texts(case.request, plan.law),
        }
        if purse.accounts != NO_ACCOUNT and _draws_first(plan.area):
            row["account_current"] = yuan_text(purse.own_fen)
        decided = decide(plan.area, row, plan.sums, purse, self._meters(plan))
        assert case.person is not None
        own = (plan.home, case.person)
        after = self.balances.get(own, 0) - decided.payment.own_fen
        if own in self.balances:
            self.balances[own] = after
        for owner, paid in decided.payment.family:
            self.balances[plan.home, owner] -= paid
        if not case.request.trial:
            self.prescriptions |= set(plan.prescriptions)
            self.batches |= {case.batch} if case.batch else set()
        return decided, limits(decided), after

    def _meters(self, plan: Plan) -> Meters:
        assert plan.case.person is not None
        key = (plan.home, plan.case.person)
        if key not in self.meters:
            self.meters[key] = meter_rows.load(plan.area, self.around.meters.get(key, ()))
        return self.meters[key]

    def _standings(self, day: date) -> Mapping[str, Standing]:
        if day not in self.standings:
            self.standings[day] = engine_row.standings(self.around.institutions, day)
        return self.standings[day]

    def _check_unused(self, plan: Plan) -> None:
        if plan.case.batch in self.batches:
            values = {"value": plan.case.request.batch, "entry": "（同一批请求）"}
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

    def _purse(self, plan: Plan, here: Standing) -> Purse:
        request = plan.case.request
        place = here.kind if here.designated_for else "other"
        own = self.owners.get((plan.home, request.psn_no))
        family = []
        for bond in plan.owners if request.accounts == FAMILY_ACCOUNTS else ():
            person = self.owners.get((plan.home, bond.key))
            if person is not None and (there := self.balances[plan.home, person]):
                family.append(Owner(person, bond.details["relation"], there))
        balance = self.balances[plan.home, own] if own is not None else 0
        return Purse(request.accounts, place, balance, tuple(family))


def _draws_first(area: Area) -> bool:
    """Whether some layer is paid by the person's own account."""
    return any(column.payer == provision_kinds.ACCOUNT for column in area.layout.columns)
