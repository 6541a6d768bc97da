"""Filings by institutions (2501 to 2507): fields to contents, serials to fields."""

from typing import Any

from gongji.gateway.filings import filing_fields as fields
from gongji.gateway.transactions import Answer, Call, Node, same_code, transaction
from gongji.gateway.visits.read_bills import check_insurance
from gongji.gateway.wire.codes import in_fields
from gongji.gateway.wire.fields import Node as Table
from gongji.gateway.wire.fields import fill
from gongji.people import filings
from gongji.people.diseases import known_code
from gongji.people.filings import (
    InjuryFiling,
    ReferralFiling,
    RegistrationFiling,
    SelectionFiling,
)
from gongji.refusals import Refusal
from gongji.settlement.withdraw_filing import FilingWithdrawal, withdraw_filing

SELECTION = "03"
NOT_SERVED = {
    "01": "门慢门特登记请用 2503",
    "02": "意外伤害登记请用 2507",
    "06": "转诊转院登记请用 2501",
    "08": "异地安置由经办机构登记",
    "07": "异地急诊住院由住院结算系统登记",
    "10": "特殊药品请按慢特病（2503）备案，由经办机构审核",
    "22": "大病特药请按慢特病（2503）备案，由经办机构审核",
    "23": "门诊两病请按慢特病（2503）备案，由经办机构审核",
    "32": "双通道药品请按慢特病（2503）备案，由经办机构审核",
}
"""Application types of 2505 and where they belong; all others have no place in outpatient care."""
_ELSEWHERE = "与职工门诊共济无关，请到经办机构办理"


def _psn_no(call: Call, data: Node) -> str:
    return call.text(data, "psn_no", required=True)


@transaction("2501", nodes=("refmedin",), changes=True)
def refer(call: Call) -> dict[str, Any]:
    """A referral, in force at once."""
    data = call.one("refmedin")
    if data.get("insutype") is not None:
        check_insurance(call, data)
    for name in ("diag_code", "diag_name", "reflin_medins_name", "mdtrtarea_admdvs", "refl_opnn"):
        call.text(data, name, required=True)
    call.choice(data, "refl_type", ("1", "2", "3"))
    receiver = call.text(data, "reflin_medins_no", required=True, longest=12)
    referred_on = call.day(data, "refl_date")
    content = ReferralFiling(
        psn_no=_psn_no(call, data),
        receiver=receiver,
        since=call.day(data, "begndate", False) or referred_on,
        last=call.last_day(data, "enddate"),
        reason=call.text(data, "refl_rea", required=True, longest=100),
        message=call.key.msg_id,
    )
    with in_fields(receiver="reflin_medins_no"):
        serial = filings.file_referral(
            call.connection,
            content,
            actor=call.actor,
            now=call.now,
            areas=call.areas,
            days_back=call.settings.days_back,
        )
    return {"result": fill(fields.REFERRED, {"trt_dcla_detl_sn": serial})}


@transaction("2503", changes=True)
def register(call: Call) -> Answer:
    """A chronic or special registration; it counts once the agency has approved it."""
    data = call.one("data")
    check_insurance(call, data)
    for name in ("insu_optins", "ide_fixmedins_name", "diag_dr_codg", "diag_dr_name"):
        call.text(data, name, required=True)
    call.day(data, "hosp_ide_date")
    content = RegistrationFiling(
        psn_no=_psn_no(call, data),
        disease=call.text(data, "opsp_dise_code", required=True, longest=30),
        name=call.text(data, "opsp_dise_name", required=True, longest=300),
        certifier=call.text(data, "ide_fixmedins_no", required=True, longest=30),
        since=call.day(data, "begndate"),
        last=call.last_day(data, "enddate"),
        message=call.key.msg_id,
    )
    with in_fields(disease="opsp_dise_code"):
        serial = filings.file_registration(
            call.connection, content, actor=call.actor, now=call.now, areas=call.areas
        )
    output = {"result": fill(fields.REGISTERED, {"trt_dcla_detl_sn": serial})}
    if known_code(content.disease):
        return Answer(output)
    said = (
        f"病种编码 {content.disease} 不在平台已知的门诊慢特病病种内，按所报名称留存，由经办机构核定"
    )
    return Answer(output, (f"{said}；请核对 opsp_dise_code",))


@transaction("2505", changes=True)
def select(call: Call) -> dict[str, Any]:
    """The institution that a person selects, for a year at most, from today on.

    Refuses: filing_kind_not_served, and what `file_selection` refuses.
    """
    data = call.one("data")
    kind = call.text(data, "biz_appy_type", required=True)
    if not same_code(SELECTION, kind):
        values = {"value": kind[:10], "reason": NOT_SERVED.get(kind.zfill(2), _ELSEWHERE)}
        raise Refusal("filing_kind_not_served", "biz_appy_type", values)
    if call.whole(data, "fix_srt_no", required=True) != 1:
        values = {"value": call.text(data, "fix_srt_no"), "allowed": "1（只选定一家机构）"}
        raise Refusal("value_invalid", "fix_srt_no", values)
    call.text(data, "fixmedins_name", required=True)
    content = SelectionFiling(
        psn_no=_psn_no(call, data),
        institution=call.text(data, "fixmedins_code", required=True, longest=12),
        since=call.day(data, "begndate"),
        last=call.last_day(data, "enddate"),
        reason=call.text(data, "memo"),
        message=call.key.msg_id,
    )
    with in_fields(selection="biz_appy_type"):
        serial = filings.file_selection(
            call.connection, content, actor=call.actor, now=call.now, areas=call.areas
        )
    made = fill(fields.SELECTED, {"trt_dcla_detl_sn": serial})
    return {"result": made, "trt_dcla_detl_sn": serial}


@transaction("2507", changes=True)
def report_injury(call: Call) -> dict[str, Any]:
    """An injury: whether the fund may pay."""
    data = call.one("data")
    call.text(data, "dcla_souc", required=True)
    call.text(data, "insu_admdvs", required=True)
    told = [call.text(data, name) for name in ("trum_time", "trum_site", "trum_rea", "memo")]
    content = InjuryFiling(
        psn_no=_psn_no(call, data),
        name=call.text(data, "psn_name", required=True, longest=50),
        certificate_kind=call.text(data, "psn_cert_type", required=True),
        certificate=call.text(data, "certno", required=True, longest=50),
        third_party=call.choice(data, "chk_pay_flag", ("0", "1")) == "0",
        since=call.day(data, "begndate"),
        last=call.last_day(data, "enddate"),
        memo="；".join(text for text in told if text)[:500],
        message=call.key.msg_id,
    )
    with in_fields(name="psn_name", certificate="certno"):
        serial = filings.report_injury(
            call.connection,
            content,
            actor=call.actor,
            now=call.now,
            areas=call.areas,
            identity=call.identity,
        )
    return {"result": fill(fields.INJURED, {"trt_dcla_detl_sn": serial})}


def _withdraw(call: Call, kind: Any) -> str:
    """Take a filing of a kind back; gives its serial."""
    data = call.one("data")
    serial = call.text(data, "trt_dcla_detl_sn", required=True, longest=60)
    content = FilingWithdrawal(_psn_no(call, data), kind, serial)
    withdraw_filing(call.connection, content, actor=call.actor, now=call.now)
    return serial


@transaction("2502", changes=True)
def withdraw_referral(call: Call) -> dict[str, Any]:
    """Take a referral back while nothing was settled on it."""
    return _withdrawn(_withdraw(call, "referral"), fields.WITHDRAWN)


def _withdrawn(serial: str, table: Table) -> dict[str, Any]:
    return {"result": fill(table, {"trt_dcla_detl_sn": serial})}


@transaction("2504", changes=True)
def withdraw_registration(call: Call) -> None:
    """Take a registration back while the agency has not approved it."""
    call.text(call.one("data"), "memo", required=True)
    _withdraw(call, "registration")


@transaction("2506", changes=True)
def withdraw_selection(call: Call) -> None:
    """Take a selection back while nothing was settled on it."""
    call.text(call.one("data"), "memo", required=True)
    _withdraw(call, "selection")
