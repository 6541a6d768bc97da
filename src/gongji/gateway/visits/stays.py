"""Inpatient episodes told by the systems that settle them: GJ01, a transaction of gongji's own.

The interface settles inpatient care elsewhere (2301 to 2405); what it used of the shared meters,
and whether emergency care went on into a stay, arrives here or by import.
"""

from datetime import date, timedelta
from typing import Any

from gongji.gateway.transactions import Call, Node, transaction
from gongji.gateway.wire.codes import in_fields
from gongji.institutions.institution_facts import standings
from gongji.institutions.institution_rows import get_institution
from gongji.people.person_rows import get_person, is_of
from gongji.platform.actors import Actor
from gongji.platform.spans import check_order
from gongji.refusals import Refusal
from gongji.settlement.stays import StayReport, record_stays
from gongji.settlement.visits import check_day
from gongji.units import day_in_china, hour_in_china

INFNO = "GJ01"
FIELDS = {
    "psn_no": "人员编号",
    "certno": "证件号码；给出的与人员编号核对",
    "ipt_no": "住院号（本机构内唯一）",
    "begntime": "入院时间；只有日期的，急诊转入按日计算",
    "endtime": "出院日期，可与入院同日；在院为空",
    "medfee_sumamt": "医疗费总额",
    "act_pay_dedc": "实际支付起付线",
    "hifp_pay": "统筹基金支付",
    "otp_er_refl_flag": "1 急诊抢救后转入",
    "die_flag": "1 死亡",
}
"""The fields of a row of `stays`: what each says."""
MOST_ROWS = 1000


@transaction(INFNO, nodes=("stays",), changes=True)
def report_stays(call: Call) -> dict[str, Any]:
    """Episodes of the own institution, all or none; one that is told again is corrected.

    It is sent by a credential of its own (scope `inpatient`), about persons who are insured where
    the institution lies; what it used of shared meters is not taken on its word alone
    (`gongji.settlement.stays`).
    Law:     楚政规〔2022〕2号 第十三、十五至十九条; 邵市政办发〔2022〕22号 第八条.
    Refuses: field_missing, value_invalid, amount_*, person_unknown, person_differs, lines_too_many,
             service_day_outside, dates_reversed, stay_elsewhere, stay_implausible.
    """
    rows = call.many("stays", required=True)
    if len(rows) > MOST_ROWS:
        raise Refusal("lines_too_many", "stays", {"value": str(MOST_ROWS)})
    reports = [_report(call, row) for row in rows]
    actor = Actor.institution(call.institution)
    made = record_stays(call.connection, reports, call.areas, call.now, actor=actor)
    return {
        "result": [
            {
                "ipt_no": report.number.partition("|")[2],
                "setl_id_cancelled": [str(entry) for entry in outcome.reversed],
                "setl_id_flagged": [str(entry) for entry in outcome.flagged],
            }
            for report, outcome in zip(reports, made, strict=True)
        ]
    }


def _report(call: Call, row: Node) -> StayReport:
    person = get_person(call.connection, call.text(row, "psn_no", required=True, longest=30))
    number = call.text(row, "certno", longest=50)
    if number and not is_of(person, call.identity, number):
        raise Refusal("person_differs", "certno")
    admitted = call.instant(row, "begntime")
    since = day_in_china(admitted)
    check_day(since, call.settings.bounds.around(call.now), "begntime")
    last = call.last_day(row, "endtime")
    with in_fields(last="endtime"):
        check_order(since, last)
    here = standings(call.connection, [call.institution], since)[call.institution]
    if not get_institution(call.connection, call.institution).lies_in(person.area):
        raise Refusal("stay_elsewhere", "psn_no", {"value": call.institution})
    report = StayReport(
        psn_no=person.psn_no,
        area=person.area,
        since=since,
        admitted_at=hour_in_china(admitted),
        until=_discharged(last, since),
        number=f"{call.institution}|{call.text(row, 'ipt_no', required=True, longest=30)}",
        institution=call.institution,
        level=here.level,
        from_emergency=call.choice(row, "otp_er_refl_flag", "01", False, "0") == "1",
        died=call.choice(row, "die_flag", "01", False, "0") == "1",
        total_fen=call.fen(row, "medfee_sumamt"),
        deductible_fen=call.fen(row, "act_pay_dedc"),
        pool_fen=call.fen(row, "hifp_pay"),
    )
    _refuse_implausible(call, report)
    return report


def _discharged(day: date | None, since: date) -> date | None:
    """The day of discharge; whoever leaves or dies on the day of admission was in for that day."""
    return since + timedelta(days=1) if day == since else day


def _refuse_implausible(call: Call, report: StayReport) -> None:
    """What no episode can be: funds pay no more than it cost, and nobody was discharged later.

    Refuses: stay_implausible.
    """
    if report.pool_fen + report.deductible_fen > report.total_fen:
        reason = "起付线与统筹支付之和大于医疗费总额"
        raise Refusal("stay_implausible", "medfee_sumamt", {"reason": reason})
    if report.until is not None and report.until > call.today + timedelta(days=1):
        raise Refusal("stay_implausible", "endtime", {"reason": "出院日期在今天之后"})
