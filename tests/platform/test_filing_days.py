"""The days of filings: first and last, one day apart, and what each of them is told in refusals."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from psycopg.types.json import Jsonb
from tests.platform import gateways
from tests.platform.counter import NOW
from tests.platform.gateways import (
    AREA,
    DAY,
    HOSPITAL,
    OTHER,
    PHARMACY,
    Clock,
    bill,
    certificate_of,
    description,
    line,
    registration,
)
from tests.platform.queries_county import CLINIC, YUNFU, Standing, refused

from gongji.people.filings import year_end, year_from

TODAY = "2024-12-20"
SELECTED = "H44530000002"


@pytest.fixture
def clock(place: Standing) -> Iterator[Clock]:
    """The gateway's clock, set back afterwards."""
    assert isinstance(place.clock, Clock)
    yield place.clock
    place.clock.now = NOW


def filing(place: Standing, infno: str, psn_no: str, **changes: Any) -> dict[str, Any]:
    """A filing of a person of Shaoyang (2501, 2503, 2507) or Yunfu (2505)."""
    given: dict[str, dict[str, Any]] = {
        "2501": {
            "diag_code": "I10",
            "diag_name": "高血压",
            "reflin_medins_no": OTHER,
            "reflin_medins_name": "测试",
            "mdtrtarea_admdvs": AREA,
            "refl_type": "1",
            "refl_date": TODAY,
            "refl_rea": "测试",
            "refl_opnn": "同意",
        },
        "2503": {
            "insutype": "310",
            "opsp_dise_code": "M03900",
            "opsp_dise_name": "高血压",
            "insu_optins": AREA,
            "ide_fixmedins_no": HOSPITAL,
            "ide_fixmedins_name": "测试",
            "hosp_ide_date": DAY,
            "diag_dr_codg": "D1",
            "diag_dr_name": "测试",
            "begndate": TODAY,
        },
        "2505": {
            "biz_appy_type": "03",
            "begndate": TODAY,
            "fix_srt_no": "1",
            "fixmedins_code": CLINIC,
            "fixmedins_name": "测试",
        },
        "2507": {
            "dcla_souc": "01",
            "psn_cert_type": "01",
            "certno": certificate_of(place.persons),
            "psn_name": "测试甲",
            "insu_admdvs": AREA,
            "chk_pay_flag": "0",
            "begndate": TODAY,
        },
    }
    node = "refmedin" if infno == "2501" else "data"
    return {node: {"psn_no": psn_no} | given[infno] | changes}


def kept(place: Standing, serial: str) -> tuple[date, date | None]:
    """First day of a filing, and the first day after it."""
    row = place.owner.execute(
        "select since, until from person_fact where details ->> 'serial' = %s", [serial]
    ).fetchone()
    assert row is not None
    return row


def serial_of(output: Any) -> str:
    """The serial of a filing."""
    return str(output["result"]["trt_dcla_detl_sn"])


def back(psn_no: str, serial: str) -> dict[str, Any]:
    """2502, 2504, 2506."""
    return {"data": {"psn_no": psn_no, "trt_dcla_detl_sn": serial, "memo": "填错"}}


def whose(place: Standing, infno: str) -> tuple[Any, str]:
    """Who files, and for whom: a new person of Shaoyang, or of Yunfu where one is selected."""
    if infno != "2505":
        return place.client, place.insured()
    number = 500 + place.persons
    place.persons += 1
    return place.clinic, gateways.insure(place.yunfu, number, 0)


@pytest.mark.parametrize(
    ("infno", "until"),
    [("2501", "2025-01-01"), ("2503", None), ("2505", "2025-12-20"), ("2507", "2025-01-01")],
)
def test_a_filing_without_an_end_ends_as_its_kind_does(
    place: Standing, infno: str, until: str | None
) -> None:
    client, psn_no = whose(place, infno)
    serial = serial_of(client.do(infno, filing(place, infno, psn_no)))
    assert kept(place, serial) == (
        date.fromisoformat(TODAY),
        date.fromisoformat(until) if until else None,
    )


@pytest.mark.parametrize("infno", ["2501", "2503", "2505", "2507"])
def test_a_filing_of_one_day_holds_on_it_and_none_ends_before_it_begins(
    place: Standing, infno: str
) -> None:
    client, psn_no = whose(place, infno)
    wrong = filing(place, infno, psn_no, enddate="2024-12-19")
    sentence = refused(client, "dates_reversed", infno, wrong)
    assert "enddate 2024-12-19" in sentence and TODAY in sentence
    serial = serial_of(client.do(infno, filing(place, infno, psn_no, enddate=TODAY)))
    assert kept(place, serial) == (date(2024, 12, 20), date(2024, 12, 21))


@pytest.mark.parametrize(
    ("infno", "code"),
    [("2501", "filing_overlaps"), ("2503", "filing_overlaps"), ("2505", "selection_bound")],
)
def test_two_filings_may_touch_and_not_share_a_day(place: Standing, infno: str, code: str) -> None:
    client, psn_no = whose(place, infno)
    first = {"begndate": "2024-12-23", "enddate": "2024-12-27"}
    client.do(infno, filing(place, infno, psn_no, **first))
    for since, last in (
        ("2024-12-27", "2024-12-30"),
        ("2024-12-21", "2024-12-23"),
        ("2024-12-24", "2024-12-25"),
    ):
        given = filing(place, infno, psn_no, begndate=since, enddate=last)
        sentence = refused(client, code, infno, given)
        assert "自 2024-12-23 起" in sentence and "至 2024-12-27" in sentence
    for since, last in (("2024-12-28", "2024-12-30"), ("2024-12-21", "2024-12-22")):
        client.do(infno, filing(place, infno, psn_no, begndate=since, enddate=last))


def test_an_open_filing_overlaps_for_good(place: Standing) -> None:
    psn_no = place.insured()
    place.client.do("2503", filing(place, "2503", psn_no))
    given = filing(place, "2503", psn_no, begndate="2099-01-01")
    assert "（长期）" in refused(place.client, "filing_overlaps", "2503", given)


@pytest.mark.parametrize(
    ("since", "longest"),
    [
        ("2024-12-20", "2025-12-19"),
        ("2025-01-01", "2025-12-31"),
        ("2025-03-01", "2026-02-28"),
        ("2027-03-01", "2028-02-29"),
        ("2028-02-29", "2029-02-28"),
        ("2028-02-28", "2029-02-27"),
    ],
)
def test_a_selection_lasts_a_year_to_the_day(place: Standing, since: str, longest: str) -> None:
    """Yunfu 第十七条: one institution for a year; the year of a 29 February ends on the 28th."""
    begin, end = date.fromisoformat(since), date.fromisoformat(longest)
    assert year_from(begin) == end
    if begin.year > 2025:
        return  # Yunfu's rules do not reach so far yet.
    client, psn_no = whose(place, "2505")
    beyond = str(date.fromordinal(end.toordinal() + 1))
    given = filing(place, "2505", psn_no, begndate=since, enddate=beyond)
    assert longest in refused(client, "selection_too_long", "2505", given)
    client.do("2505", filing(place, "2505", psn_no, begndate=since, enddate=longest))
    asked = {"data": {"psn_no": psn_no, "biz_appy_type": "03"}}
    (found,) = client.do("5302", asked)["psnfixmedin"]
    assert (found["begndate"], found["enddate"]) == (since, longest)


def test_a_year_ends_on_its_last_day() -> None:
    for text in ("2024-01-01", "2024-12-30", "2024-12-31"):
        assert year_end(date.fromisoformat(text)) == date(2024, 12, 31)


def test_the_bound_names_the_selection_that_stands_in_the_way(place: Standing) -> None:
    client, psn_no = whose(place, "2505")
    for code, since, last in (
        (CLINIC, "2024-12-21", "2024-12-25"),
        (SELECTED, "2024-12-26", "2025-01-05"),
    ):
        client.do(
            "2505", filing(place, "2505", psn_no, fixmedins_code=code, begndate=since, enddate=last)
        )
    for since, institution, until in (
        ("2024-12-25", CLINIC, "2024-12-25"),
        ("2024-12-26", SELECTED, "2025-01-05"),
    ):
        given = filing(place, "2505", psn_no, begndate=since, enddate=since)
        sentence = refused(client, "selection_bound", "2505", given)
        assert f"已选定 {institution}（至 {until}）" in sentence


@pytest.mark.parametrize("day", ["2024-12-09", "2024-12-15"])
def test_who_files_is_insured_on_its_first_day(place: Standing, day: str) -> None:
    psn_no = place.insured(since="2024-12-10")
    place.owner.execute(
        "update person_fact set retired_at = now() where kind = 'insured' and person_id = %s",
        [place.county.persons[psn_no]],
    )
    place.county.fact(psn_no, "insured", "2024-12-10", "2024-12-15", status="active")
    assert day in refused(
        place.client, "uninsured_on", "2503", filing(place, "2503", psn_no, begndate=day)
    )
    inside = "2024-12-10" if day < "2024-12-10" else "2024-12-14"
    place.client.do("2503", filing(place, "2503", psn_no, begndate=inside))


@pytest.mark.parametrize(("day", "let"), [("2024-12-24", True), ("2024-12-25", False)])
def test_the_selected_one_refers_to_its_last_day(place: Standing, day: str, let: bool) -> None:
    client, psn_no = whose(place, "2505")
    client.do("2505", filing(place, "2505", psn_no, enddate="2024-12-24"))
    given = filing(place, "2501", psn_no, reflin_medins_no=SELECTED, begndate=day, enddate=day)
    if let:
        client.do("2501", given)
    else:
        assert day in refused(client, "referral_sender", "2501", given)


def test_who_was_referred_to_refers_onward_and_so_does_the_internet_hospital(
    place: Standing,
) -> None:
    """YF-17: the institution selected, its Internet hospital, or one that was referred to."""
    client, psn_no = whose(place, "2505")
    place.yunfu.fact(psn_no, "selection", "2024-01-01", institution=SELECTED)
    onward = filing(place, "2501", psn_no, reflin_medins_no="H44530000009")
    refused(client, "referral_sender", "2501", onward)
    place.yunfu.fact(psn_no, "referral", "2024-12-20", "2024-12-21", CLINIC, sender=SELECTED)
    client.do("2501", onward)
    psn_no = whose(place, "2505")[1]
    place.yunfu.fact(psn_no, "selection", "2024-01-01", institution=SELECTED)
    onward = filing(place, "2501", psn_no, reflin_medins_no="H44530000009")
    refused(client, "referral_sender", "2501", onward)
    place.owner.execute(
        "update institution_fact set retired_at = now() where institution = %s and kind = 'level'",
        [CLINIC],
    )
    place.owner.execute(
        "insert into institution_fact (institution, kind, since, details) values (%s, 'level',"
        " '2020-01-01', %s)",
        [CLINIC, Jsonb({"level": "", "parent": SELECTED})],
    )
    client.do("2501", onward)


def test_an_agreement_counts_on_the_first_day_of_the_selection(place: Standing) -> None:
    code = place.yunfu.institution(8, "1", agreement=False)
    place.owner.execute(
        "insert into institution_fact (institution, kind, since, details) values (%s, 'agreement',"
        " '2024-12-25', %s)",
        [code, Jsonb({"designated_for": ["ordinary"], "qualified": True})],
    )
    client, psn_no = whose(place, "2505")
    early = filing(place, "2505", psn_no, fixmedins_code=code, begndate="2024-12-24")
    assert "2024-12-24" in refused(client, "agreement_missing", "2505", early)
    client.do("2505", filing(place, "2505", psn_no, fixmedins_code=code, begndate="2024-12-25"))
    only = place.yunfu.institution(7, "1", designated_for=("chronic",))
    refused(client, "agreement_missing", "2505", filing(place, "2505", psn_no, fixmedins_code=only))


def settled_at(place: Standing, psn_no: str, client: Any, day: str) -> dict[str, Any]:
    """A visit of a day, settled."""
    visit = str(client.do("2201", registration(psn_no, day))["data"]["mdtrt_id"])
    client.do("2203", description(psn_no, visit, day))
    row = line(psn_no, visit, 1, fee_ocur_time=f"{day} 09:30:00")
    client.do("2204", {"feedetail": [row]})
    found: dict[str, Any] = client.do("2207", bill(psn_no, visit, 30))["setlinfo"]
    return found


@pytest.mark.parametrize(
    ("day", "used"),
    [("2024-12-09", False), ("2024-12-10", True), ("2024-12-12", True), ("2024-12-13", False)],
)
def test_a_referral_is_used_by_care_from_its_first_to_its_last_day(
    place: Standing, day: str, used: bool
) -> None:
    psn_no = place.insured()
    given = filing(place, "2501", psn_no, begndate="2024-12-10", enddate="2024-12-12")
    serial = serial_of(place.client.do("2501", given))
    settled_at(place, psn_no, place.client, "2024-12-11")
    settled_at(place, psn_no, place.other, day)
    if used:
        sentence = refused(place.client, "filing_used", "2502", back(psn_no, serial))
        assert day in sentence
    else:
        place.client.do("2502", back(psn_no, serial))


def test_care_that_was_settled_before_the_filing_does_not_rest_on_it(
    place: Standing, clock: Clock
) -> None:
    psn_no = place.insured()
    settled_at(place, psn_no, place.other, DAY)
    clock.now = NOW.replace(hour=3)
    serial = serial_of(place.client.do("2501", filing(place, "2501", psn_no, begndate=DAY)))
    place.client.do("2502", back(psn_no, serial))


def test_registrations_and_injuries_are_not_used_by_care(place: Standing) -> None:
    psn_no = place.insured()
    serial = serial_of(place.client.do("2503", filing(place, "2503", psn_no, begndate=DAY)))
    settled_at(place, psn_no, place.client, DAY)
    assert place.client.do("2504", back(psn_no, serial)) is None


@pytest.mark.parametrize(
    ("infno", "name"),
    [
        ("2504", "memo"),
        ("2506", "memo"),
        ("2502", "trt_dcla_detl_sn"),
        ("2504", "trt_dcla_detl_sn"),
        ("2506", "psn_no"),
    ],
)
def test_taking_back_needs_its_fields(place: Standing, infno: str, name: str) -> None:
    given = back(place.county.psn_no(1), "1")
    given["data"][name] = ""
    assert name in refused(place.client, "field_missing", infno, given)


def test_a_serial_is_of_its_kind_and_person(place: Standing) -> None:
    psn_no, other = place.insured(), place.insured()
    serial = serial_of(place.client.do("2503", filing(place, "2503", psn_no)))
    refused(place.client, "filing_unknown", "2502", back(psn_no, serial))
    refused(place.client, "filing_unknown", "2506", back(psn_no, serial))
    refused(place.client, "filing_unknown", "2504", back(other, serial))
    place.client.do("2504", back(psn_no, serial))
    refused(place.client, "filing_unknown", "2504", back(other, serial))
    assert place.client.do("2503", filing(place, "2503", psn_no))


def test_a_certificate_is_compared_whatever_its_kind(place: Standing) -> None:
    psn_no = place.insured()
    spoken = certificate_of(place.persons).lower().replace("x", "ｘ")
    given = filing(place, "2507", psn_no, psn_cert_type="1", certno=f" {spoken} ")
    place.client.do("2507", given)
    other = filing(
        place, "2507", psn_no, psn_cert_type="14", certno="P1234567", begndate="2024-12-21"
    )
    refused(place.client, "person_differs", "2507", other)


def test_a_pharmacy_is_never_selected(place: Standing) -> None:
    client, psn_no = whose(place, "2505")
    given = filing(place, "2505", psn_no, fixmedins_code=PHARMACY)
    assert "零售药店" in refused(client, "institution_kind", "2505", given)
    assert psn_no[:6] == YUNFU
