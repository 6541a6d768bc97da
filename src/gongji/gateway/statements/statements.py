"""Reconciliation: the totals of an institution (3201) and its rows (3202) held against the journal.

What counts is what the institution settled: settlements and cancellations by their accounting date,
which is the day of setl_time. Openings, inpatient payments and adjustments are no business of the
counter and are left out.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg

from gongji.gateway.statements import statement_fields as fields
from gongji.gateway.statements.statement_files import (
    Declared,
    keep_ticket,
    read_rows,
    take_ticket,
    zipped,
)
from gongji.gateway.transactions import Answer, Call, Node, transaction
from gongji.gateway.wire.codes import OUTPATIENT, PHARMACY, clr_type
from gongji.gateway.wire.fields import fill
from gongji.refusals import Refusal
from gongji.units import Fen, yuan_text

EMPLOYEE = "310"
CLEARING = (OUTPATIENT, PHARMACY, "21", "51", "99")
"""Clearing types of the national baseline; gongji settles under the first two."""
EQUAL, DIFFERENT = "0", "1"
_LONGEST = 200
_DIGITS = 20
"""More digits than any number of ours has."""
_SEVERAL = "平台有{count}笔相符的结算，请填写结算ID后再对账"


@dataclass(frozen=True)
class Row:
    """A settlement or cancellation as a statement tells it.

    Units:   fen; a cancellation's amounts are below zero. `refunded`: it was cancelled, or it is
             itself the cancellation.
    """

    id: int
    visit: int | None
    psn_no: str
    msgid: str
    day: date
    total_fen: Fen
    fund_fen: Fen
    account_fen: Fen
    reverses: int | None
    refunded: bool


_ROWS = """select e.id, e.visit, p.psn_no, e.msgid, e.accounting_date, e.total_fen,
  e.pool_fen + e.supplements_fen, e.account_fen + e.family_fen, e.reverses_id,
  e.kind = 'cancellation' or r.id is not null
from entry e join person p on p.id = e.person_id left join entry r on r.reverses_id = e.id
where e.institution = %(institution)s and e.kind in ('settlement', 'cancellation') and """
_PERIOD = "e.accounting_date between %(since)s and %(until)s order by e.id"
_NAMED = "(e.id = any(%(ids)s) or e.reverses_id = any(%(ids)s)) order by e.id"


@dataclass(frozen=True)
class Period:
    """What a statement is about: days (both included), clearing type, refunds counted or not."""

    since: date
    until: date
    clearing: str
    refunds: bool


def _period(call: Call, data: Node) -> Period:
    since, until = call.day(data, "stmt_begndate"), call.day(data, "stmt_enddate")
    if until < since:
        values = {"value": until.isoformat(), "since": since.isoformat()}
        raise Refusal("dates_reversed", "stmt_enddate", values)
    clearing = call.choice(data, "clr_type", CLEARING)
    own = call.choice(data, "fixmedins_refd_setl_flag", ("0", "1"), False, "1")
    refunds = call.choice(data, "refd_setl_flag", ("0", "1"), False, own)
    return Period(since, until, clearing, refunds == "1")


def rows_of(connection: psycopg.Connection[Any], institution: str, period: Period) -> list[Row]:
    """The rows of an institution's statement, in the order of their ids.

    Without refunds, settlements that were cancelled are left out with their cancellations.
    """
    if period.clearing != clr_type(institution):
        return []
    values = {"institution": institution, "since": period.since, "until": period.until}
    rows = [Row(*row) for row in connection.execute(_ROWS + _PERIOD, values)]
    return [row for row in rows if period.refunds or not row.refunded]


@transaction("3201")
def compare_totals(call: Call) -> dict[str, Any]:
    """Whether the institution's totals are those of the journal, naming each that differs."""
    data = call.one("data")
    period = _period(call, data)
    agency = call.text(data, "setl_optins", required=True)
    employees = call.text(data, "insutype", required=True) == EMPLOYEE
    rows = rows_of(call.connection, call.institution, period) if employees else []
    said = [
        call.fen(data, name, required=True, negative=True)
        for name in ("medfee_sumamt", "fund_pay_sumamt", "acct_pay")
    ]
    count = call.whole(data, "fixmedins_setl_cnt", required=True)
    found = [
        sum(row.total_fen for row in rows),
        sum(row.fund_fen for row in rows),
        sum(row.account_fen for row in rows),
    ]
    told = amount_differences(found, said)
    if count != len(rows):
        told.append(f"结算笔数平台{len(rows)}机构{count}")
    stmtinfo = {
        "setl_optins": agency,
        "stmt_rslt": DIFFERENT if told else EQUAL,
        "stmt_rslt_dscr": ("；".join(told) or "平")[:_LONGEST],
    }
    return {"stmtinfo": fill(fields.STMTINFO, stmtinfo)}


def amount_differences(platform: Iterable[Fen], institution: Iterable[Fen]) -> list[str]:
    """The amounts of a statement that differ, each in words with both figures."""
    names = ("医疗费总额", "基金支付总额", "个人账户支付")
    return [
        f"{name}平台{yuan_text(ours)}机构{yuan_text(theirs)}"
        for name, ours, theirs in zip(names, platform, institution, strict=True)
        if ours != theirs
    ]


@transaction("3202")
def compare_rows(call: Call) -> Answer:
    """A file that holds the institution's rows against the journal's, both directions."""
    data = call.one("data")
    period = _period(call, data)
    call.text(data, "setl_optins", required=True)
    number = call.text(data, "file_qury_no", required=True)
    content = take_ticket(call.connection, number, call.institution, call.now)
    declared = read_rows(content)
    warnings = _check_sums(call, data, declared)
    if not period.refunds:
        declared = [row for row in declared if not row.refunded]
    ours = rows_of(call.connection, call.institution, period)
    named = _named(call, declared)
    lines = ["\t".join(line) for line in match_rows(ours, named, declared)]
    made = zipped("result.txt", "".join(line + "\n" for line in lines))
    filename = f"3202_{call.institution}_{period.since:%Y%m%d}_{period.until:%Y%m%d}.zip"
    ticket, ends = keep_ticket(call, call.institution, filename, made)
    info = {"file_qury_no": ticket, "filename": filename, "dld_endtime": ends}
    return Answer({"fileinfo": fill(fields.FILEINFO, info)}, tuple(warnings))


def _check_sums(call: Call, data: Node, declared: Sequence[Declared]) -> list[str]:
    """Where the totals of the request are not those of its own file."""
    said = {
        "医疗费总额": call.fen(data, "medfee_sumamt", required=True, negative=True),
        "基金支付总额": call.fen(data, "fund_pay_sumamt", required=True, negative=True),
    }
    call.fen(data, "cash_payamt", required=True, negative=True)
    count = call.whole(data, "fixmedins_setl_cnt", required=True)
    sums = {
        "医疗费总额": sum(row.total_fen for row in declared),
        "基金支付总额": sum(row.fund_fen for row in declared),
    }
    told = [
        f"{name}：请求{yuan_text(said[name])}，文件合计{yuan_text(sums[name])}"
        for name in said
        if said[name] != sums[name]
    ]
    if count != len(declared):
        told.append(f"结算笔数：请求{count}，文件{len(declared)}行")
    return told


def _named(call: Call, declared: Sequence[Declared]) -> list[Row]:
    """Own settlements that the file names, whether the statement counts them or not."""
    digits = (row.setl_id for row in declared if row.setl_id.isascii() and row.setl_id.isdigit())
    ids = [number for text in digits if (number := int(text[:_DIGITS])) < 1 << 63]
    values = {"institution": call.institution, "ids": ids}
    return [Row(*row) for row in call.connection.execute(_ROWS + _NAMED, values)]


def match_rows(
    ours: Sequence[Row], named: Sequence[Row], declared: Sequence[Declared]
) -> list[tuple[str, ...]]:
    """The lines of result.txt: the institution's rows in their order, then what only we have.

    Shape:   `ours` the rows of the statement, `named` those that the file names, inside it or not.
    """
    by_place: dict[tuple[str, ...], list[Row]] = {}
    for row in ours:
        for place in _places(row):
            by_place.setdefault(place, []).append(row)
    elsewhere = {place: row for row in named for place in _places(row)}
    seen: set[int] = set()
    lines = []
    for theirs in declared:
        candidates = by_place.get(theirs.place, [])
        left = [row for row in candidates if row.id not in seen]
        if not candidates:
            lines.append(_their_line(theirs, _why_unknown(elsewhere.get(theirs.place))))
        elif not left:
            lines.append(_their_line(theirs, "文件中重复的一笔"))
        elif len(left) > 1:
            seen.update(row.id for row in left)
            lines.append(_their_line(theirs, _SEVERAL.format(count=len(left)), several=True))
        else:
            seen.add(left[0].id)
            lines.append(_our_line(left[0], _differences(left[0], theirs)))
    memo = "机构文件中没有这笔结算；机构不认可的可凭发送方报文ID冲正（2601）"
    return lines + [_our_line(row, memo) for row in ours if row.id not in seen]


def _places(row: Row) -> list[tuple[str, ...]]:
    """Under what a file may name a row: its id, a refund also by the original's, or its visit."""
    sign = "-" if row.reverses is not None else "+"
    places = [(sign, str(row.id)), (sign, "", str(row.visit or ""), row.psn_no)]
    return places + ([(sign, str(row.reverses))] if row.reverses is not None else [])


def _why_unknown(stranger: Row | None) -> str:
    if stranger is None:
        return "平台没有这笔结算"
    return f"平台有这笔结算，日期{stranger.day}，不在本次对账的日期、清算类别或退费范围内"


def _differences(ours: Row, theirs: Declared) -> str:
    told = amount_differences(
        (ours.total_fen, ours.fund_fen, ours.account_fen),
        (theirs.total_fen, theirs.fund_fen, theirs.account_fen),
    )
    if theirs.psn_no != ours.psn_no:
        told.append("人员编号不同")
    if theirs.mdtrt_id and theirs.mdtrt_id != str(ours.visit or ""):
        told.append("就诊ID不同")
    return "；".join(told)


def _our_line(row: Row, memo: str) -> tuple[str, ...]:
    values = {
        "psn_no": row.psn_no,
        "mdtrt_id": str(row.visit or ""),
        "setl_id": str(row.id),
        "msgid": row.msgid,
        "stmt_rslt": DIFFERENT if memo else EQUAL,
        "refd_setl_flag": "1" if row.refunded else "0",
        "memo": memo,
        "medfee_sumamt": yuan_text(row.total_fen),
        "fund_pay_sumamt": yuan_text(row.fund_fen),
        "acct_pay": yuan_text(row.account_fen),
    }
    return _cells(values)


def _their_line(row: Declared, memo: str, several: bool = False) -> tuple[str, ...]:
    values = {
        "psn_no": row.psn_no,
        "mdtrt_id": "" if several else row.mdtrt_id,
        "setl_id": "" if several else row.setl_id,
        "msgid": "",
        "stmt_rslt": DIFFERENT,
        "refd_setl_flag": "1" if row.refunded else "0",
        "memo": memo,
        "medfee_sumamt": yuan_text(row.total_fen),
        "fund_pay_sumamt": yuan_text(row.fund_fen),
        "acct_pay": yuan_text(row.account_fen),
    }
    return _cells(values)


def _cells(values: dict[str, str]) -> tuple[str, ...]:
    """The cells of a line in the columns' order; an empty one is written `null`."""
    line = fill(fields.RESULT_FILE, values)
    return tuple(str(cell) or "null" for cell in line.values())
