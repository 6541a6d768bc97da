"""Paying persons what the fund owes them: batches that an accountant makes and a cashier confirms.

What is owed is a credit of payable by an entry (a bill on paper, a re-adjudication). A batch takes
what waits, line by line: an entry, a fund, a person, an amount, an account. Its confirmation pays
every line in one transaction, so nothing is paid half, and each with an entry of its own. What the
bank returns (退票) is taken back by an entry; it is owed again, and is paid once there is another
account. The bank's file is made of what was paid (`bank_files`).

Law:     社会保险经办条例 第四十条 (支出户); 云府办〔2022〕20号 第二十三条, 攀办发〔2022〕32号
         第十三条: accountant and cashier apart.
"""

from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

import msgspec
import psycopg

from gongji.agency import notices
from gongji.agency.payees import current_payees
from gongji.ledger import chart
from gongji.ledger.entry_rows import EntryRow, PostingRow, made_by
from gongji.ledger.post import lock, post, take_ids
from gongji.platform.arrays import written
from gongji.refusals import Refusal
from gongji.review.command_kinds import Case, CommandKind, Examination, PreviewLine, register
from gongji.review.staff import get_agency
from gongji.units import Fen, day_in_china, yuan_text

Connection = psycopg.Connection[Any]
BATCH, RETURN, PAYOUT = "payout_batch", "payout_return", "payout"
MOST_LINES = 5_000
"""So many lines a batch has at most: it is paid in one transaction."""
FUNDS = {"pool": "统筹基金", "account": "个人账户"}


def fund_words(fund: str) -> str:
    """What people call a fund."""
    return FUNDS.get(fund, "补充资金")


class PayoutLine(msgspec.Struct, frozen=True):
    """A line of a batch: what an entry made a fund owe a person, to which account it is paid.

    Units:   fen. `attempt` counts from 1.
    """

    source: int
    fund: str
    person: int
    fen: Fen
    payee: int
    attempt: int


class PayoutForm(msgspec.Struct, frozen=True):
    """A batch as it is drafted; `agency` (empty: every one) is where the bills were handed in."""

    lines: tuple[PayoutLine, ...]
    agency: str = ""

    @property
    def total_fen(self) -> Fen:
        """What it comes to."""
        return sum(line.fen for line in self.lines)


@dataclass(frozen=True)
class WaitingPayout:
    """What waits to be paid, and why it cannot be where it cannot (`lacks`: no_account, returned,
    under_way).

    Units:   fen: what is owed, less what was set off against it since.
    """

    source: int
    fund: str
    person: int
    fen: Fen
    attempt: int
    payee: int | None
    lacks: str

    @property
    def line(self) -> PayoutLine:
        """The line of a batch; only of what lacks nothing."""
        assert self.payee is not None and not self.lacks
        return PayoutLine(self.source, self.fund, self.person, self.fen, self.payee, self.attempt)


_OWED = """select e.person, p.entry, p.fund, sum(p.amount_fen)::bigint,
  coalesce(o.attempts, 0) + 1, coalesce(o.payees, '{}'), coalesce(c.agency, ''),
  b.amount_fen - b.held_fen
from posting p join entry e on e.id = p.entry and e.kind <> 'payout'
join balance b on b.area = e.area and b.person = e.person and b.kind = 'payable'
left join command c on c.id = e.command
left join lateral (
  select max(attempt) as attempts, array_agg(payee) as payees, bool_or(state = 'paid') as paid
  from payout_order where source = p.entry and fund = p.fund) o on true
where p.credit = 'payable' and e.area = %s and b.amount_fen > 0 and not coalesce(o.paid, false)
group by e.person, p.entry, p.fund, o.attempts, o.payees, c.agency, b.amount_fen, b.held_fen
order by e.person, p.entry, p.fund"""
_UNDER_WAY = """select (l ->> 'source')::bigint, l ->> 'fund'
from command c cross join lateral jsonb_array_elements(c.content -> 'lines') l
where c.kind = 'payout_batch' and c.area = %s and c.id <> %s
  and c.state in ('submitted', 'returned', 'stale')"""


def waiting_payouts(
    connection: Connection, area: str, agency: str = "", batch: int = 0
) -> list[WaitingPayout]:
    """What an area's funds owe persons and have not paid, those without an account too.

    Of what was set off meanwhile (a re-adjudication that lowers what is owed) the newest is short.
    `agency`: only what was handed in there; `batch`: whose own lines do not count as under way.
    """
    rows = connection.execute(_OWED, [area]).fetchall()
    under_way = set(connection.execute(_UNDER_WAY, [area, batch]).fetchall())
    payees = current_payees(connection, area, sorted({row[0] for row in rows}))
    found = []
    for person, owed in groupby(rows, lambda row: row[0]):
        left: int | None = None
        for _, source, fund, fen, attempt, tried, at, free in owed:
            left = free if left is None else left
            fen = min(fen, left)
            left -= fen
            payee = payees.get(person)
            lacks = "" if payee else "no_account"
            lacks = "returned" if payee and payee.id in tried else lacks
            lacks = "under_way" if (source, fund) in under_way else lacks
            if fen and agency in ("", at):
                number = payee.id if payee else None
                found.append(WaitingPayout(source, fund, person, fen, attempt, number, lacks))
    return found


def collect(connection: Connection, area: str, agency: str = "") -> PayoutForm:
    """What can be paid now, as a batch to draft: the oldest first, MOST_LINES at most.

    Refuses: agency_unknown; payout_nothing.
    """
    if agency:
        get_agency(connection, area, agency)
    found = [one for one in waiting_payouts(connection, area, agency) if not one.lacks]
    lines = sorted((one.line for one in found), key=lambda line: (line.source, line.fund))
    if not lines:
        raise Refusal("payout_nothing", "area", {"area": area})
    return PayoutForm(tuple(lines[:MOST_LINES]), agency)


def _examine(case: Case) -> Examination:
    """What a batch rests on: every line is owed as it says, is not under way elsewhere, its account
    is the one in use.

    Refuses: payout_nothing; payout_line where a line is not so (of what is submitted: it is stale).
    """
    form: PayoutForm = case.content
    if not 0 < len(form.lines) <= MOST_LINES:
        raise Refusal("payout_nothing", "area", {"area": case.row.area})
    # Whoever pays the same person at once waits here, and then finds what is left.
    lock(case.connection, [line.person for line in form.lines])
    found = waiting_payouts(case.connection, case.row.area, form.agency, case.row.id)
    payable = {one.line for one in found if not one.lacks}
    gone = [line for line in form.lines if line not in payable]
    twice = len({(line.source, line.fund) for line in form.lines}) < len(form.lines)
    if twice or gone and case.row.state != "submitted":
        source = gone[0].source if gone else form.lines[0].source
        raise Refusal("payout_line", "lines", {"value": str(source)})
    ground = {"lines": len(form.lines), "gone": [[line.source, line.fund] for line in gone]}
    funds = sorted({line.fund for line in form.lines})
    said = [PreviewLine(f"支付 {len(form.lines)} 笔", form.total_fen)]
    for fund in funds:
        mine = [line.fen for line in form.lines if line.fund == fund]
        said.append(PreviewLine(f"{fund_words(fund)}（{fund}）{len(mine)} 笔", sum(mine)))
    about = tuple(sorted({line.person for line in form.lines}))
    return Examination(ground, tuple(said), form.total_fen, about)


_ORDERS = """insert into payout_order
  (batch, line, source, fund, attempt, person, fen, payee, entry)
select * from unnest(%s::bigint[], %s::int[], %s::bigint[], %s::text[], %s::int[], %s::bigint[],
  %s::bigint[], %s::bigint[], %s::bigint[])"""
_ORDER_TYPES = ("bigint", "int", "bigint", "text", "int", *("bigint",) * 4)


def _act(case: Case) -> str:
    """Pay every line: an entry, its posting, the order to the bank; tell the persons."""
    form: PayoutForm = case.content
    connection = case.connection
    lock(connection, [line.person for line in form.lines])
    numbers = take_ids(connection, len(form.lines))
    lines = list(zip(numbers, form.lines, strict=True))
    entries = [_entry(case, number, line) for number, line in lines]
    postings = [
        PostingRow(
            *(number, 1, case.row.area, line.fund, chart.PAYABLE, str(line.person)),
            *(chart.BANK_SPENDING, case.row.area, line.fen),
        )
        for number, line in lines
    ]
    post(connection, entries, postings)
    orders = [
        (case.row.id, place, *_columns(line), number)
        for place, (number, line) in enumerate(lines, start=1)
    ]
    connection.execute(_ORDERS, written(_ORDER_TYPES, orders))
    for person, mine in groupby(sorted(form.lines, key=_person), _person):
        fen = sum(line.fen for line in mine)
        text = f"应付给您的 {yuan_text(fen)} 元已支付到您登记的银行账户（第 {case.row.id} 批）。"
        notices.tell(connection, case.row.id, (person,), text, case.now)
    return f"支付 {len(lines)} 笔，共 {yuan_text(form.total_fen)} 元"


def _person(line: PayoutLine) -> int:
    return line.person


def _columns(line: PayoutLine) -> tuple[Any, ...]:
    return line.source, line.fund, line.attempt, line.person, line.fen, line.payee


def _entry(case: Case, number: int, line: PayoutLine) -> EntryRow:
    return EntryRow(
        id=number,
        area=case.row.area,
        kind=PAYOUT,
        person=line.person,
        service_date=day_in_china(case.now),
        **made_by(case.actor, case.now),
        origin_key=f"payout|{line.source}|{line.fund}|{line.attempt}",
        command=case.row.id,
        cause=line.source,
    )


# What the bank returns.


class PayoutReturn(msgspec.Struct, frozen=True):
    """A payment that the bank returned: which order, on which day, by which paper, and why."""

    order: int
    returned_on: date
    bank_ref: str
    reason: str


@dataclass(frozen=True)
class PayoutOrder:
    """An order to the bank as it is kept."""

    id: int
    batch: int
    line: int
    source: int
    fund: str
    attempt: int
    person: int
    fen: Fen
    payee: int
    entry: int
    state: str
    returned_on: date | None
    reason: str


_COLUMNS = """id, batch, line, source, fund, attempt, person, fen, payee, entry, state, returned_on,
  reason"""


def orders_of(connection: Connection, batch: int) -> list[PayoutOrder]:
    """The orders of a batch in their order; none before it was confirmed."""
    rows = connection.execute(
        f"select {_COLUMNS} from payout_order where batch = %s order by line", [batch]
    )
    return [PayoutOrder(*row) for row in rows]


def get_order(connection: Connection, area: str, number: int) -> PayoutOrder:
    """An order of an area by its number.

    Refuses: payout_unknown.
    """
    row = connection.execute(
        f"select {_COLUMNS} from payout_order o where id = %s"
        " and exists (select 1 from command c where c.id = o.batch and c.area = %s)",
        [number, area],
    ).fetchone()
    if row is None:
        raise Refusal("payout_unknown", "order", {"value": str(number)})
    return PayoutOrder(*row)


def _check_returned(case: Case, order: PayoutOrder) -> None:
    """A payment comes back on a day from that on which it was made up to today.

    Refuses: value_invalid.
    """
    row = case.connection.execute(
        "select accounting_date from entry where id = %s", [order.entry]
    ).fetchone()
    assert row is not None
    day, today = case.content.returned_on, day_in_china(case.now)
    if not row[0] <= day <= today:
        values = {"value": str(day), "allowed": f"{row[0]} 至 {today}"}
        raise Refusal("value_invalid", "退票日期", values)


def _examine_return(case: Case) -> Examination:
    """What a return rests on: that the order stands as paid.

    Refuses: payout_unknown, reason_missing, value_invalid; payout_returned where it was returned
             before.
    """
    form: PayoutReturn = case.content
    order = get_order(case.connection, case.row.area, form.order)
    if not form.reason.strip() or not form.bank_ref.strip():
        raise Refusal("reason_missing", "退票原因和银行凭证号")
    _check_returned(case, order)
    if order.state != "paid" and case.row.state != "submitted":
        raise Refusal("payout_returned", "order", {"value": str(order.id)})
    said = (
        PreviewLine(f"第 {order.batch} 批第 {order.line} 笔退票：{form.reason}", order.fen),
        PreviewLine("冲回这笔付款，重新列为应付；提供更正的收款账户后可再次支付"),
    )
    ground = {"order": order.id, "state": order.state}
    return Examination(ground, said, order.fen, (order.person,))


def _act_return(case: Case) -> str:
    """Take a payment back by an entry of its own: it is owed again."""
    form: PayoutReturn = case.content
    connection = case.connection
    order = get_order(connection, case.row.area, form.order)
    lock(connection, [order.person])
    (number,) = take_ids(connection, 1)
    line = PayoutLine(order.source, order.fund, order.person, order.fen, order.payee, order.attempt)
    row = connection.execute(
        "select service_date from entry where id = %s", [order.entry]
    ).fetchone()
    assert row is not None
    back = msgspec.structs.replace(
        _entry(case, number, line),
        service_date=row[0],
        origin_key=f"payout_return|{order.id}",
        cause=order.entry,
        reverses=order.entry,
    )
    posting = PostingRow(
        *(number, 1, case.row.area, order.fund, chart.BANK_SPENDING, case.row.area),
        *(chart.PAYABLE, str(order.person), order.fen),
    )
    post(connection, [back], [posting])
    connection.execute(
        "update payout_order set state = 'returned', back = %s, returned_on = %s, bank_ref = %s,"
        " reason = %s where id = %s",
        [number, form.returned_on, form.bank_ref.strip(), form.reason.strip(), order.id],
    )
    text = (
        f"付给您的 {yuan_text(order.fen)} 元被银行退回（{form.reason.strip()}）。"
        "请到经办机构提供正确的收款账户，款项将再次支付。"
    )
    notices.tell(connection, case.row.id, (order.person,), text, case.now)
    return f"退票 {yuan_text(order.fen)} 元，分录 {number}"


register(
    CommandKind(BATCH, "支付批次", PayoutForm, ("accountant",), _examine, _act, chain=("cashier",))
)
register(
    CommandKind(
        RETURN,
        "退票",
        PayoutReturn,
        ("cashier",),
        _examine_return,
        _act_return,
        chain=("accountant",),
    )
)
