"""A month of an agency's work, invented and under way: what each case becomes is drawn by the seed.

Every act is the desk's own, at an instant of the last month: bills on paper with three reviews,
family bonds, chronic filings, payments with what the bank returned. What would come after now has
not happened: it waits for whoever signs in.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import msgspec
import psycopg

from gongji.agency import items
from gongji.agency.disease_lists import ListedDisease, enter_diseases
from gongji.agency.payees import PayeeAccount, seal_payee
from gongji.agency.payouts import BATCH, RETURN, collect, orders_of
from gongji.demo.agency_staff import AREA, CLERKS, COUNTY, OTHER, enter_staff
from gongji.demo.items import BEGAN, CHRONIC, DISEASES
from gongji.people import person_facts
from gongji.people.person_facts import NewFact
from gongji.platform.actors import Actor
from gongji.platform.inbox import Inbox
from gongji.platform.law_book import LawBook
from gongji.platform.message_seal import MessageSeal
from gongji.refusals import Refusal
from gongji.review.desk import Desk
from gongji.review.evidence import PaperFile
from gongji.review.sittings import Sitting
from gongji.units import day_in_china

Connection = psycopg.Connection[Any]
assert items.ALL
PDF = b"%PDF-1.4\n% invented\n1 0 obj\n<<>>\nendobj\n%%EOF\n"
DAYS = 30
"""How long a month is."""
BILLS, BONDS, FILINGS = 34, 9, 8
"""So many cases of each kind."""
BILL_PAPERS = ("医保凭证", "医疗费用发票", "病历")
_PERSONS = """select p.id, p.psn_no, p.name from person p
join person_fact f on f.person_id = p.id and f.kind = 'insured' and f.retired_at is null
  and f.since <= %(day)s and f.until is null
where p.area = %(area)s and p.certificate_kind = '01' and not exists (
  select 1 from person_fact g where g.person_id = p.id and g.retired_at is null
    and g.kind in ('stay', 'bond', 'registration', 'injury'))
  and not exists (
    select 1 from person_fact g where g.kind = 'bond' and g.key = p.psn_no and g.retired_at is null)
order by p.id limit 400"""
Action = Callable[[Sitting], None]


@dataclass(frozen=True)
class DemoApplicant:
    """Somebody who comes to the counter."""

    id: int
    psn_no: str
    name: str


@dataclass
class Month:
    """The month as it is played: what happens when, and what became of whom."""

    connection: Connection
    desk: Callable[[datetime], Desk]
    rng: random.Random
    now: datetime
    plan: list[tuple[datetime, int, str, Action]] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=count)

    def at(self, days_ago: float, account: str, action: Action) -> None:
        """Somebody acts so many days ago; what lies after now does not happen."""
        if days_ago > 0:
            when = self.now - timedelta(days=days_ago)
            self.plan.append((when, next(self.numbers), account, action))

    def play(self) -> int:
        """Everything in its order; gives how many acts were refused, and left as they stood."""
        refused = 0
        for when, _, account, action in sorted(self.plan, key=lambda one: one[:2]):
            try:
                action(self.sitting(account, when))
            except Refusal:
                refused += 1
        return refused

    def sitting(self, account: str, when: datetime) -> Sitting:
        """Somebody at the desk at an instant."""
        post = next(clerk.post for clerk in CLERKS if clerk.account == account)
        number, serials = next(self.numbers), count()
        actor = Actor.staff(account, post, AREA)
        return Sitting(self.desk(when), actor, lambda: f"demo-{number}-{next(serials)}")


def fill_month(
    connection: Connection,
    law: LawBook,
    inbox: Inbox,
    seal: MessageSeal,
    seed: int,
    now: datetime,
) -> int:
    """Enter agencies and staff and play the month; gives how many commands there are then."""
    rng = random.Random(f"{seed}-agency")
    operator = Actor.operator("demo")
    with connection.transaction():
        enter_staff(connection, operator, now)
        enter_diseases(connection, AREA, BEGAN, "演示目录", _diseases())
    month = Month(connection, lambda when: Desk(connection, law, inbox, seal, when), rng, now)
    day = day_in_china(now)
    rows = connection.execute(_PERSONS, {"area": AREA, "day": day}).fetchall()
    people = [DemoApplicant(*row) for row in rows]
    rng.shuffle(people)
    hospitals = [f"H{AREA}{number:05d}" for number in (1, 2, 3, 4)]
    # A demonstration of a few people has as much work as they bring.
    bills, bonds, filings = _shared_out(len(people))
    for number in range(bills):
        _bill(month, people.pop(), number, rng.choice(hospitals), seal)
    for number in range(bonds):
        _bond(month, people.pop(), people.pop(), number)
    for number in range(filings):
        _filing(month, people.pop(), number, rng.choice(hospitals))
    _payments(month, seal)
    # In one transaction: a demonstration that is broken off has none of it, and commits cost time.
    with connection.transaction():
        month.play()
    row = connection.execute("select count(*) from command").fetchone()
    return int(row[0]) if row else 0


def _shared_out(people: int) -> tuple[int, int, int]:
    """How many bills, bonds and filings there are people for, who each ask for one thing."""
    bills = min(BILLS, people)
    bonds = min(BONDS, (people - bills) // 2)
    return bills, bonds, min(FILINGS, people - bills - 2 * bonds)


def _diseases() -> list[ListedDisease]:
    return [
        ListedDisease(code, DISEASES[code][1], DISEASES[code][0], "chronic", "演示标准", 24)
        for code in CHRONIC
    ]


def _place(number: int) -> tuple[tuple[str, str], str, str]:
    """Where a case is handed in (area, agency), by whom, and who reviews it first."""
    if number % 4 == 3:
        return (AREA, OTHER), "jingban3", "chushen2"
    return (AREA, COUNTY), ("jingban1", "jingban2")[number % 2], "chushen1"


def _steps(month: Month, made: list[int], begins: float, reviewers: tuple[str, ...]) -> None:
    """Each reviewer looks some hours to two days after the one before."""
    for reviewer in reviewers:
        begins -= month.rng.uniform(0.4, 1.8)
        month.at(begins, reviewer, lambda sitting: _approve(sitting, made))


def _approve(sitting: Sitting, made: list[int]) -> None:
    if made:
        sitting.approve(made[0])


def _bill(month: Month, who: DemoApplicant, number: int, hospital: str, seal: MessageSeal) -> None:
    """A bill on paper: most are paid, some are returned, given up, or not handed in yet."""
    rng = month.rng
    # The later the denser, so that much of it is under way now.
    begins = DAYS * ((BILLS - number) / BILLS) ** 1.6
    place, clerk, first = _place(number)
    served = month.now - timedelta(days=begins + rng.uniform(3, 12))
    fen = rng.randrange(8_000, 240_000)
    number_of_account = f"99{rng.randrange(10**14):014d}"
    account = PayeeAccount(who.name, "测试银行楚雄支行", number_of_account)
    form = {
        "psn_no": who.psn_no,
        "institution": hospital,
        "number": f"YS{number:06d}",
        "service_date": str(day_in_china(served)),
        "total_fen": fen + fen // 10,
        "in_scope_fen": fen,
        "wholly_own_fen": fen // 10,
        "payee": msgspec.to_builtins(seal_payee(seal, AREA, who.psn_no, account)),
        "late_reason": "演示：跨年就医，原因已核实",
    }
    made: list[int] = []
    if number % 11 == 10:
        month.at(begins, clerk, lambda s: made.append(_drafted(s, place, form, who)))
        return
    papers = [PaperFile(name, PDF) for name in BILL_PAPERS]

    def hand_in(sitting: Sitting) -> None:
        told = sitting.hand_in("manual_reimbursement", place, form, who.id, papers)
        made.append(told.command)

    month.at(begins, clerk, hand_in)
    if number % 9 == 4:
        reason = "发票与清单金额不符，请更正"
        month.at(begins - 1, first, lambda s: _back(s, made, reason))
        if number % 2:
            gone = "申请人放弃：该费用已在就医时结算"
            month.at(begins - 3, clerk, lambda s: _gone(s, made, gone))
        else:
            month.at(begins - 3, clerk, lambda s: _again(s, made))
            _steps(month, made, begins - 3, (first, "fushen1", "jihe"))
        return
    _steps(month, made, begins, (first, rng.choice(("fushen1", "fushen2")), "jihe"))


def _drafted(
    sitting: Sitting, place: tuple[str, str], form: dict[str, Any], who: DemoApplicant
) -> int:
    return sitting.draft("manual_reimbursement", place, form, who.id)


def _back(sitting: Sitting, made: list[int], reason: str) -> None:
    sitting.give_back(made[0], reason)


def _gone(sitting: Sitting, made: list[int], reason: str) -> None:
    sitting.withdraw(made[0], reason)


def _again(sitting: Sitting, made: list[int]) -> None:
    sitting.submit(made[0])


def _bond(month: Month, person: DemoApplicant, owner: DemoApplicant, number: int) -> None:
    """A family bond; one is ended some days later."""
    begins = DAYS * (BONDS - number) / BONDS
    place, clerk, first = _place(number)
    form = {
        "psn_no": person.psn_no,
        "name": person.name,
        "owner": owner.psn_no,
        "owner_name": owner.name,
        "relation": month.rng.choice(("spouse", "parent", "child")),
        "consented_on": str(day_in_china(month.now - timedelta(days=begins + 1))),
    }
    made: list[int] = []
    papers = [PaperFile("户口簿", PDF)]

    def hand_in(sitting: Sitting) -> None:
        made.append(sitting.hand_in("family_bond", place, form, person.id, papers).command)

    month.at(begins, clerk, hand_in)
    if number % 5 == 3:
        month.at(begins - 1, first, lambda s: _back(s, made, "缺少亲属关系页，请补充"))
        return
    _steps(month, made, begins, (first,))


def _filing(month: Month, who: DemoApplicant, number: int, hospital: str) -> None:
    """A chronic filing with two reviews."""
    begins = DAYS * (FILINGS - number) / FILINGS
    place, clerk, first = _place(number)
    since = day_in_china(month.now - timedelta(days=begins))
    form = {"psn_no": who.psn_no, "disease": month.rng.choice(CHRONIC), "certifier": hospital}
    form |= {"since": str(since)}
    made: list[int] = []
    papers = [PaperFile("病历", PDF)]

    def hand_in(sitting: Sitting) -> None:
        made.append(sitting.hand_in("chronic_filing", place, form, who.id, papers).command)

    month.at(begins, clerk, hand_in)
    if number == FILINGS // 2:
        month.at(begins - 0.2, "xinxi", lambda s: _imported(s, who))
    _steps(month, made, begins, (first, "fushen2"))


def _imported(sitting: Sitting, who: DemoApplicant) -> None:
    """A roster that came meanwhile has the person anew: what was submitted is stale."""
    connection = sitting.desk.connection
    held = person_facts.history(connection, [who.id], kinds=["insured"])[who.id]
    fact = held[-1]
    right = NewFact(
        *(who.id, fact.area, fact.kind, fact.since, fact.key, fact.until, fact.details),
        source=sitting.actor.source(),
    )
    person_facts.correct(connection, fact.id, right, sitting.desk.now)


def _payments(month: Month, seal: MessageSeal) -> None:
    """A batch a week, the last waiting for the cashier; of the first the bank returns a payment."""
    batches: list[int] = []

    def make(sitting: Sitting) -> None:
        form = msgspec.to_builtins(collect(month.connection, AREA))
        batches.append(sitting.hand_in(BATCH, (AREA, AREA), form).command)

    for days in (21, 14, 7):
        month.at(days, "kuaiji", make)
        month.at(days - 0.3, "chuna", lambda s: _approve(s, batches[-1:]))
    month.at(18, "chuna", lambda s: _bounced(month, s, batches, seal))
    month.at(17.5, "kuaiji", lambda s: _approve(s, batches[-1:]))
    month.at(0.2, "kuaiji", make)


def _bounced(month: Month, sitting: Sitting, batches: list[int], seal: MessageSeal) -> None:
    """The first payment comes back, and another account is told at the counter."""
    order = orders_of(month.connection, batches[0])[0]
    content = {
        "order": order.id,
        "returned_on": str(sitting.desk.today),
        "bank_ref": "TP0001",
        "reason": "账号与户名不符",
    }
    batches.append(sitting.hand_in(RETURN, (AREA, AREA), content).command)
    row = month.connection.execute(
        "select psn_no, name from person where id = %s", [order.person]
    ).fetchone()
    assert row is not None
    account = PayeeAccount(row[1], "测试银行南华支行", "9900000000000018")
    form = {
        "psn_no": row[0],
        "payee": msgspec.to_builtins(seal_payee(seal, AREA, row[0], account)),
    }
    told: list[int] = []

    def tell(clerk: Sitting) -> None:
        told.append(clerk.hand_in("payee_account", (AREA, COUNTY), form, order.person).command)

    when = sitting.desk.now
    tell(month.sitting("jingban1", when))
    _approve(month.sitting("chushen3", when), told)
