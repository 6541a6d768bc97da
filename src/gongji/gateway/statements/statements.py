"""Reconciliation: the totals of an institution (3201) and its rows (3202) held against the journal.

What agrees and differs, `settlement.reconcile` says; here it is put into the fields and the words.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from gongji.gateway.statements import statement_fields as fields
from gongji.gateway.statements.statement_files import (
    keep_ticket,
    read_rows,
    take_ticket,
    zipped,
)
from gongji.gateway.transactions import Answer, Call, Node, transaction
from gongji.gateway.wire.codes import OUTPATIENT, PHARMACY, clr_type
from gongji.gateway.wire.fields import fill
from gongji.refusals import Refusal
from gongji.settlement import reconcile
from gongji.settlement.reconcile import (
    Compared,
    CountedPeriod,
    DeclaredRow,
    JournalRow,
    Part,
    sums_of,
)
from gongji.units import Fen, yuan_text

EMPLOYEE = "310"
CLEARING = (OUTPATIENT, PHARMACY, "21", "51", "99")
"""Clearing types of the national baseline; gongji settles under the first two."""
EQUAL, DIFFERENT = "0", "1"
_LONGEST = 200
_AMOUNTS: dict[Part, tuple[str, str]] = {
    "total": ("medfee_sumamt", "医疗费总额"),
    "fund": ("fund_pay_sumamt", "基金支付总额"),
    "account": ("acct_pay", "个人账户支付"),
}
"""Part of a statement -> the field that tells it, and its name."""
_OTHERS: dict[Part, str] = {"person": "人员编号不同", "visit": "就诊ID不同"}
_UNDECLARED = "机构文件中没有这笔结算；机构不认可的可凭发送方报文ID冲正（2601）"


def _period(call: Call, data: Node) -> tuple[CountedPeriod, bool]:
    """What is to be counted, and whether the institution clears under the type that is asked."""
    since, until = call.day(data, "stmt_begndate"), call.day(data, "stmt_enddate")
    if until < since:
        values = {"value": until.isoformat(), "since": since.isoformat()}
        raise Refusal("dates_reversed", "stmt_enddate", values)
    clearing = call.choice(data, "clr_type", CLEARING)
    own = call.choice(data, "fixmedins_refd_setl_flag", ("0", "1"), False, "1")
    refunds = call.choice(data, "refd_setl_flag", ("0", "1"), False, own)
    counted = CountedPeriod(since, until, refunds == "1")
    return counted, clearing == clr_type(call.institution)


def _ours(call: Call, period: CountedPeriod) -> list[JournalRow]:
    return reconcile.rows_of(call.connection, call.institution, period)


@transaction("3201")
def compare_totals(call: Call) -> dict[str, Any]:
    """Whether the institution's totals are those of the journal, naming each that differs."""
    data = call.one("data")
    period, cleared = _period(call, data)
    agency = call.text(data, "setl_optins", required=True)
    employees = call.text(data, "insutype", required=True) == EMPLOYEE
    rows = _ours(call, period) if employees and cleared else []
    said: dict[Part, Fen] = {
        part: call.fen(data, name, required=True, negative=True)
        for part, (name, _) in _AMOUNTS.items()
    }
    count = call.whole(data, "fixmedins_setl_cnt", required=True)
    told = _amount_differences(sums_of(rows), said)
    if count != len(rows):
        told.append(f"结算笔数平台{len(rows)}机构{count}")
    stmtinfo = {
        "setl_optins": agency,
        "stmt_rslt": DIFFERENT if told else EQUAL,
        "stmt_rslt_dscr": ("；".join(told) or "平")[:_LONGEST],
    }
    return {"stmtinfo": fill(fields.STMTINFO, stmtinfo)}


def _amount_differences(ours: Mapping[Part, Fen], theirs: Mapping[Part, Fen]) -> list[str]:
    """The amounts of a statement that differ, each in words with both figures."""
    return [
        f"{name}平台{yuan_text(ours[part])}机构{yuan_text(theirs[part])}"
        for part, (_, name) in _AMOUNTS.items()
        if ours[part] != theirs[part]
    ]


@transaction("3202")
def compare_rows(call: Call) -> Answer:
    """A file that holds the institution's rows against the journal's, both directions."""
    data = call.one("data")
    period, cleared = _period(call, data)
    call.text(data, "setl_optins", required=True)
    number = call.text(data, "file_qury_no", required=True)
    content = take_ticket(call.connection, number, call.institution, call.now)
    declared = read_rows(content)
    warnings = _check_sums(call, data, declared)
    if not period.refunds:
        declared = [row for row in declared if not row.refunded]
    ours = _ours(call, period) if cleared else []
    named = reconcile.rows_named(call.connection, call.institution, declared)
    lines = ["\t".join(_line(one)) for one in reconcile.compare_rows(ours, named, declared)]
    made = zipped("result.txt", "".join(line + "\n" for line in lines))
    filename = f"3202_{call.institution}_{period.since:%Y%m%d}_{period.until:%Y%m%d}.zip"
    ticket, ends = keep_ticket(call, call.institution, filename, made)
    info = {"file_qury_no": ticket, "filename": filename, "dld_endtime": ends}
    return Answer({"fileinfo": fill(fields.FILEINFO, info)}, tuple(warnings))


def _check_sums(call: Call, data: Node, declared: Sequence[DeclaredRow]) -> list[str]:
    """Where the totals of the request are not those of its own file."""
    said = {
        "医疗费总额": call.fen(data, "medfee_sumamt", required=True, negative=True),
        "基金支付总额": call.fen(data, "fund_pay_sumamt", required=True, negative=True),
    }
    call.fen(data, "cash_payamt", required=True, negative=True)
    count = call.whole(data, "fixmedins_setl_cnt", required=True)
    found = sums_of(declared)
    sums = {"医疗费总额": found["total"], "基金支付总额": found["fund"]}
    told = [
        f"{name}：请求{yuan_text(said[name])}，文件合计{yuan_text(sums[name])}"
        for name in said
        if said[name] != sums[name]
    ]
    if count != len(declared):
        told.append(f"结算笔数：请求{count}，文件{len(declared)}行")
    return told


def _line(one: Compared) -> tuple[str, ...]:
    """A line of result.txt: ours where there is one, else theirs."""
    memo = _memo(one)
    if one.ours is not None:
        return _our_line(one.ours, memo)
    assert one.theirs is not None
    return _their_line(one.theirs, memo, one.verdict == "several")


def _memo(one: Compared) -> str:
    """What a line says of its verdict; nothing where both agree."""
    if one.verdict == "differs":
        assert one.ours is not None and one.theirs is not None
        told = _amount_differences(sums_of([one.ours]), sums_of([one.theirs]))
        return "；".join(told + [_OTHERS[part] for part in one.parts if part in _OTHERS])
    return {
        "equal": "",
        "unknown": "平台没有这笔结算",
        "uncounted": f"平台有这笔结算，日期{one.day}，不在本次对账的日期、清算类别或退费范围内",
        "repeated": "文件中重复的一笔",
        "several": f"平台有{one.count}笔相符的结算，请填写结算ID后再对账",
        "undeclared": _UNDECLARED,
    }[one.verdict]


def _our_line(row: JournalRow, memo: str) -> tuple[str, ...]:
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


def _their_line(row: DeclaredRow, memo: str, several: bool = False) -> tuple[str, ...]:
    values = {
        "psn_no": row.psn_no,
        "mdtrt_id": "" if several else row.visit,
        "setl_id": "" if several else row.settlement,
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
