"""Filings at the gateway (2501 to 2507) and the queries about them (5301 to 5304)."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from tests.platform.counter import RULES, Counter
from tests.platform.gateways import AREA, DAY, HOSPITAL, OTHER, certificate_of
from tests.platform.queries_county import CLINIC, YUNFU, Standing, refused

from gongji.gateway.filings.filings import NOT_SERVED
from gongji.people import filings
from gongji.people.diseases import filed_under
from gongji.platform.identity import mask_number
from gongji.units import parse_day

TODAY = "2024-12-20"
SELECTED = "H44530000002"
YEAR = {"begntime": "2024-12-01", "endtime": "2025-12-31"}


def referral(psn_no: str, **changes: Any) -> dict[str, Any]:
    """2501."""
    return {
        "refmedin": {
            "psn_no": psn_no,
            "insutype": "310",
            "tel": "13900000000",
            "addr": "测试路1号",
            "diag_code": "I10.x00",
            "diag_name": "高血压",
            "dise_cond_dscr": "测试病情",
            "reflin_medins_no": OTHER,
            "reflin_medins_name": "测试二院",
            "mdtrtarea_admdvs": AREA,
            "refl_type": "1",
            "refl_date": TODAY,
            "refl_rea": "测试原因",
            "refl_opnn": "同意",
            "hosp_agre_refl_flag": "1",
        }
        | changes
    }


def registration(psn_no: str, **changes: Any) -> dict[str, Any]:
    """2503."""
    return {
        "data": {
            "psn_no": psn_no,
            "insutype": "310",
            "opsp_dise_code": "M03900",
            "opsp_dise_name": "高血压",
            "insu_optins": AREA,
            "ide_fixmedins_no": HOSPITAL,
            "ide_fixmedins_name": "测试",
            "hosp_ide_date": "2024-12-10",
            "diag_dr_codg": "D1",
            "diag_dr_name": "测试医生",
            "begndate": "2024-12-01",
            "enddate": "",
        }
        | changes
    }


def selection(psn_no: str, **changes: Any) -> dict[str, Any]:
    """2505."""
    return {
        "data": {
            "psn_no": psn_no,
            "biz_appy_type": "03",
            "begndate": TODAY,
            "fix_srt_no": "1",
            "fixmedins_code": CLINIC,
            "fixmedins_name": "测试",
            "memo": "就近",
        }
        | changes
    }


def injury(psn_no: str, number: int, **changes: Any) -> dict[str, Any]:
    """2507."""
    return {
        "data": {
            "dcla_souc": "01",
            "psn_no": psn_no,
            "psn_cert_type": "01",
            "certno": certificate_of(number),
            "psn_name": "测试甲",
            "insu_admdvs": AREA,
            "chk_pay_flag": "0",
            "begndate": DAY,
            "trum_site": "测试路口",
            "trum_rea": "跌倒",
        }
        | changes
    }


def back(psn_no: str, serial: str) -> dict[str, Any]:
    """2502, 2504, 2506."""
    return {"data": {"psn_no": psn_no, "trt_dcla_detl_sn": serial, "memo": "填错"}}


def serial_of(output: Any) -> str:
    """The serial of a filing: thirty digits."""
    found = str(output["result"]["trt_dcla_detl_sn"])
    assert len(found) == 30 and found.isdigit()
    return found


def test_a_referral_holds_at_once_and_is_taken_back_while_unused(place: Standing) -> None:
    psn_no = place.insured()
    serial = serial_of(place.client.do("2501", referral(psn_no)))
    (found,) = place.other.do("5304", {"data": {"psn_no": psn_no, **YEAR}})["refmedin"]
    assert (found["reflin_medins_no"], found["reflin_medins_name"]) == (OTHER, "测试")
    assert (found["begndate"], found["enddate"]) == (TODAY, "2024-12-31")
    told = ("diag_name", "tel", "addr", "refl_rea")
    assert [found[name] for name in told] == ["高血压", "", "", "测试原因"], "for who receives"
    (own,) = place.client.do("5304", {"data": {"psn_no": psn_no, **YEAR}})["refmedin"]
    assert own["tel"] == "13900000000" and own["diag_name"] == "高血压", "as it was sent"
    (others,) = place.clinic.do("5304", {"data": {"psn_no": psn_no, **YEAR}})["refmedin"]
    assert [others[name] for name in told] == ["", "", "", "测试原因"], "for anybody else"
    for row in (found, own, others):
        assert row["psn_name"] and row["certno"] == mask_number(certificate_of(place.persons))
    assert found["out_flag"] == "0" and found["dcla_souc"] == "01"
    assert "转诊备案" in refused(place.client, "filing_overlaps", "2501", referral(psn_no))
    refused(place.other, "filing_foreign", "2502", back(psn_no, serial))
    refused(place.client, "filing_unknown", "2502", back(psn_no, "1"))
    place.client.do("2502", back(psn_no, serial))
    assert place.client.do("5304", {"data": {"psn_no": psn_no, **YEAR}})["refmedin"] == []
    refused(place.client, "filing_withdrawn", "2502", back(psn_no, serial))
    serial_of(place.client.do("2501", referral(psn_no)))


def test_a_referral_that_was_used_stays_until_the_settlement_is_cancelled(
    place: Standing,
) -> None:
    psn_no = place.insured()
    given = referral(psn_no, refl_date=DAY, begndate=DAY, enddate="2024-12-31")
    serial = serial_of(place.client.do("2501", given))
    done = place.settled(psn_no, place.other)
    assert DAY in refused(place.client, "filing_used", "2502", back(psn_no, serial))
    cancelled = {name: done[name] for name in ("psn_no", "mdtrt_id", "setl_id")}
    place.other.do("2208", {"data": cancelled})
    place.client.do("2502", back(psn_no, serial))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"reflin_medins_no": HOSPITAL}, "referral_to_self"),
        ({"enddate": "2024-12-01"}, "dates_reversed"),
        ({"refl_date": "2023-01-01"}, "filing_too_early"),
        ({"refl_type": "9"}, "value_invalid"),
        ({"diag_code": ""}, "field_missing"),
    ],
)
def test_a_referral_with_a_mistake_is_refused(
    place: Standing, changes: dict[str, Any], code: str
) -> None:
    before = place.owner.execute("select count(*) from person_fact").fetchone()
    refused(place.client, code, "2501", referral(place.county.psn_no(5), **changes))
    assert place.owner.execute("select count(*) from person_fact").fetchone() == before


def test_a_filing_is_about_somebody_who_is_insured(place: Standing) -> None:
    refused(place.client, "person_unknown", "2501", referral("43050000000000099999"))
    psn_no = place.insured(since="2024-12-20")
    given = referral(psn_no, begndate="2024-12-19", refl_date="2024-12-19")
    sentence = refused(place.client, "uninsured_on", "2501", given)
    assert "2024-12-19" in sentence and psn_no not in sentence


def test_where_one_institution_is_selected_only_that_one_refers(place: Standing) -> None:
    psn_no = place.yunfu.psn_no(200)
    given = referral(psn_no, reflin_medins_no=SELECTED, mdtrtarea_admdvs=YUNFU)
    assert TODAY in refused(place.clinic, "referral_sender", "2501", given)
    place.clinic.do("2505", selection(psn_no))
    serial_of(place.clinic.do("2501", given))


def test_a_registration_waits_for_the_agency(place: Standing) -> None:
    psn_no = place.insured()
    serial = serial_of(place.client.do("2503", registration(psn_no)))
    assert place.client.do("5301", {"data": {"psn_no": psn_no}})["feedetail"] == []
    row = {"approval_date": ""} | _fact(place, serial)
    assert row == {
        "benefit": "chronic",
        "disease": "hypertension",
        "name": "高血压",
        "state": "filed",
        "serial": serial,
        "institution": HOSPITAL,
        "approval_date": "",
    }
    refused(place.client, "filing_overlaps", "2503", registration(psn_no))
    serial_of(place.client.do("2503", registration(psn_no, opsp_dise_code="M01600")))
    place.client.do("2504", back(psn_no, serial))
    refused(place.client, "filing_withdrawn", "2504", back(psn_no, serial))


def test_an_approved_registration_is_the_agencys(place: Standing) -> None:
    psn_no = place.insured()
    serial = serial_of(place.client.do("2503", registration(psn_no)))
    _approve(place.owner, place.county, psn_no, serial)
    (found,) = place.other.do("5301", {"data": {"psn_no": psn_no}})["feedetail"]
    assert found == {
        "opsp_dise_code": "M03900",
        "opsp_dise_name": "高血压",
        "begndate": "2024-12-01",
        "enddate": "2025-11-30",
    }
    refused(place.client, "filing_audited", "2504", back(psn_no, serial))


def _approve(owner: psycopg.Connection[Any], county: Counter, psn_no: str, serial: str) -> None:
    """What the agency does: the filed fact retired, an approved one with its serial added."""
    owner.execute(
        "update person_fact set retired_at = greatest(learnt_at, now())"
        " where details ->> 'serial' = %s",
        [serial],
    )
    county.fact(
        psn_no,
        "registration",
        "2024-12-01",
        "2025-12-01",
        "M03900",
        benefit="chronic",
        disease="hypertension",
        name="高血压",
        serial=serial,
    )


def _fact(place: Standing, serial: str) -> Any:
    row = place.owner.execute(
        "select details from person_fact where details ->> 'serial' = %s", [serial]
    ).fetchone()
    assert row is not None
    return row[0]


def test_a_disease_for_which_the_area_has_nothing_is_refused(place: Standing) -> None:
    law = RULES.area(YUNFU).law(parse_day("2024-12-20"))
    assert filed_under(law, "M03900") == "special"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(filings, "filed_under", lambda law, code: "")
        given = registration(place.county.psn_no(6), opsp_dise_code="M99999")
        assert "M99999" in refused(place.client, "disease_not_served", "2503", given)


def test_one_institution_is_selected_for_a_year(place: Standing) -> None:
    psn_no = place.yunfu.psn_no(201)
    output = place.clinic.do("2505", selection(psn_no))
    assert output["trt_dcla_detl_sn"] == serial_of(output)
    asked = {"data": {"psn_no": psn_no, "biz_appy_type": "03"}}
    (found,) = place.clinic.do("5302", asked)["psnfixmedin"]
    assert (found["fixmedins_code"], found["begndate"], found["enddate"], found["memo"]) == (
        CLINIC,
        TODAY,
        "2025-12-19",
        "就近",
    )
    asked["data"]["biz_appy_type"] = "05"
    assert place.clinic.do("5302", asked)["psnfixmedin"] == []
    given = selection(psn_no, fixmedins_code=SELECTED)
    sentence = refused(place.clinic, "selection_bound", "2505", given)
    assert f"自 {TODAY} 起已选定 {CLINIC}（至 2025-12-19）" in sentence
    assert "第十七条" in sentence
    place.clinic.do("2505", selection(psn_no, fixmedins_code=SELECTED, begndate="2025-12-20"))


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"begndate": "2024-12-19"}, "filing_too_early", "2024-12-20"),
        ({"enddate": "2025-12-20"}, "selection_too_long", "2025-12-19"),
        ({"fix_srt_no": "2"}, "value_invalid", "只选定一家"),
        ({"fixmedins_code": "H44530000003"}, "agreement_missing", TODAY),
        ({"fixmedins_code": "H44530009999"}, "institution_unknown", "9999"),
        ({"fixmedins_code": "P43050000003"}, "institution_kind", "不是零售药店"),
        *(
            ({"biz_appy_type": one}, "filing_kind_not_served", why)
            for one, why in (NOT_SERVED | {"13": "与职工门诊共济无关"}).items()
        ),
    ],
)
def test_a_selection_against_the_rules_is_refused(
    place: Standing, changes: dict[str, Any], code: str, words: str
) -> None:
    given = selection(place.yunfu.psn_no(202), **changes)
    assert words in refused(place.clinic, code, "2505", given)


def test_an_area_without_selection_takes_none(place: Standing) -> None:
    given = selection(place.county.psn_no(4), fixmedins_code=HOSPITAL)
    assert "选定医疗机构" in refused(place.client, "not_ruled", "2505", given)


def test_a_selection_is_taken_back_by_who_filed_it_while_unused(place: Standing) -> None:
    psn_no = place.yunfu.psn_no(203)
    serial = serial_of(place.clinic.do("2505", selection(psn_no)))
    refused(place.client, "filing_foreign", "2506", back(psn_no, serial))
    place.clinic.do("2506", back(psn_no, serial))
    serial_of(place.clinic.do("2505", selection(psn_no, fixmedins_code=SELECTED)))
    place.yunfu.fact(
        place.yunfu.psn_no(204), "selection", "2024-01-01", institution=CLINIC, serial="A1"
    )
    refused(place.clinic, "filing_audited", "2506", back(place.yunfu.psn_no(204), "A1"))


def test_an_injury_tells_whether_a_third_party_is_liable(place: Standing) -> None:
    psn_no = place.insured()
    serial = serial_of(place.client.do("2507", injury(psn_no, place.persons)))
    assert _fact(place, serial) == {
        "third_party": True,
        "advance": False,
        "serial": serial,
        "memo": "测试路口；跌倒",
        "state": "filed",
    }
    given = injury(psn_no, place.persons, chk_pay_flag="1", enddate="2024-12-19")
    assert _fact(place, serial_of(place.client.do("2507", given)))["third_party"] is False


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"psn_name": "测试乙"}, "person_differs"),
        ({"certno": "990501197005069999"}, "person_differs"),
        ({"chk_pay_flag": "2"}, "value_invalid"),
        ({"certno": ""}, "field_missing"),
    ],
)
def test_an_injury_of_somebody_else_is_refused(
    place: Standing, changes: dict[str, Any], code: str
) -> None:
    sentence = refused(place.client, code, "2507", injury(place.county.psn_no(1), 1, **changes))
    assert next(iter(changes)) in sentence


def test_stays_are_told_of_a_named_person_or_of_the_own_institution(place: Standing) -> None:
    first, second = place.insured(), place.insured()
    for psn_no, where, since, until in (
        (first, HOSPITAL, "2024-12-05", "2024-12-09"),
        (second, HOSPITAL, "2024-12-15", None),
        (second, OTHER, "2024-11-01", "2024-11-05"),
    ):
        place.county.fact(
            psn_no, "stay", since, until, f"ZY{psn_no[-3:]}{since}", institution=where, level="2"
        )
    named = {"psn_no": second, "begntime": "2024-10-01", "endtime": "2024-12-31"}
    found = place.client.do("5303", {"data": named})["data"]
    assert [row["begndate"] for row in found] == ["2024-11-01", "2024-12-15"]
    assert found[0]["med_type"] == "21" and found[0]["age"] == 54 and found[0]["out_flag"] == "0"
    own = {"begntime": "2024-12-07", "endtime": "2024-12-10"}
    rows = place.client.do("5303", {"data": own})["data"]
    assert [row["psn_no"] for row in rows] == [first]
    assert place.other.do("5303", {"data": own})["data"] == []


def test_two_filings_at_once_leave_one(place: Standing) -> None:
    psn_no = place.yunfu.psn_no(205)
    with ThreadPoolExecutor(4) as pool:
        replies = list(
            pool.map(lambda n: place.clinic.ask("2505", selection(psn_no, memo=str(n))), range(4))
        )
    assert sorted(reply["infcode"] for reply in replies) == [-1, -1, -1, 0]
    assert all("已选定" in r["err_msg"] for r in replies if r["infcode"])


def test_a_filing_sent_again_has_the_same_answer(place: Standing) -> None:
    psn_no = place.insured()
    msgid = place.client.msgid()
    first = place.client.do("2501", referral(psn_no), msgid)
    assert place.client.do("2501", referral(psn_no), msgid) == first
