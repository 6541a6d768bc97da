"""The gateway's clock is UTC, its days are China's: from 16:00 on UTC has the day before."""

import base64
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.platform import gateways
from tests.platform.counter import NIGHT, NOW
from tests.platform.gateways import (
    AREA,
    HOSPITAL,
    OTHER,
    Clock,
    bill,
    certificate_of,
    description,
    line,
    opened,
    registration,
)
from tests.platform.queries_county import CLINIC, Standing, refused, standing

MIDNIGHT = datetime(2024, 12, 19, 16, 0, tzinfo=UTC)
"""When 20 December begins in China."""
EVENING = MIDNIGHT - timedelta(seconds=1)
NEW_YEAR = datetime(2024, 12, 31, 16, 0, tzinfo=UTC)
"""When 2025 begins in China."""
At = Callable[[datetime], None]


@pytest.fixture
def at(place: Standing) -> Iterator[At]:
    """Sets the gateway's clock, and back afterwards."""
    assert isinstance(place.clock, Clock)
    clock = place.clock

    def change(now: datetime) -> None:
        clock.now = now

    yield change
    clock.now = NOW


@pytest.mark.parametrize(
    ("now", "second", "thousandth"),
    [
        (EVENING, "20241219235959", "000"),
        (MIDNIGHT, "20241220000000", "000"),
        (NIGHT, "20241220003000", "000"),
        (NOW, "20241220100000", "000"),
        (NEW_YEAR - timedelta(microseconds=1), "20241231235959", "999"),
        (NEW_YEAR + timedelta(microseconds=7123), "20250101000000", "007"),
    ],
)
def test_a_reply_is_numbered_and_dated_by_the_clock_of_china(
    place: Standing, at: At, now: datetime, second: str, thousandth: str
) -> None:
    at(now)
    reply = place.client.ask("9001", {"signIn": {"opter_no": "1", "mac": "", "ip": ""}})
    assert reply["inf_refmsgid"][:20] == AREA + second[:14]
    assert reply["refmsg_time"] == reply["respond_time"] == second + thousandth
    shown = datetime.strptime(second, "%Y%m%d%H%M%S")
    assert reply["output"]["signinoutb"]["sign_time"] == str(shown)
    number = reply["output"]["signinoutb"]["sign_no"]
    out = {"signOut": {"sign_no": number, "opter_no": "1"}}
    assert place.client.do("9002", out)["signoutoutb"]["sign_time"] == str(shown)
    row = place.owner.execute(
        "select signed_in_at, signed_out_at from sign_in where sign_no = %s", [number]
    ).fetchone()
    assert row == (now, now)


def totals(day: str, *settled: dict[str, Any]) -> dict[str, Any]:
    """3201 for one day."""
    return {
        "data": {
            "insutype": "310",
            "clr_type": "11",
            "setl_optins": "430599",
            "stmt_begndate": day,
            "stmt_enddate": day,
            "fixmedins_setl_cnt": len(settled),
            "medfee_sumamt": sum(one["medfee_sumamt"] for one in settled),
            "fund_pay_sumamt": sum(one["fund_pay_sumamt"] for one in settled),
            "acct_pay": sum(one["acct_pay"] for one in settled),
        }
    }


@pytest.mark.parametrize(
    ("now", "day"),
    [
        (EVENING, "2024-12-19"),
        (MIDNIGHT, "2024-12-20"),
        (NIGHT, "2024-12-20"),
        (NEW_YEAR - timedelta(seconds=1), "2024-12-31"),
        (NEW_YEAR, "2025-01-01"),
    ],
)
def test_a_settlement_and_its_cancellation_are_of_the_day_of_china(
    server: str, now: datetime, day: str
) -> None:
    clock = Clock(now)
    with standing(server, clock) as place:
        psn_no = place.insured()
        info = place.client.do("2207", bill(psn_no, opened(place.client, psn_no), 30))["setlinfo"]
        assert info["setl_time"][:10] == day
        clock.now = now + timedelta(days=1)
        names = ("psn_no", "mdtrt_id", "setl_id")
        undone = place.client.do("2208", {"data": {name: info[name] for name in names}})["setlinfo"]
        shown = datetime.fromisoformat(day)
        for days, settled in ((-1, []), (0, [info]), (1, [undone]), (2, [])):
            of = str((shown + timedelta(days=days)).date())
            found = place.client.do("3201", totals(of, *settled))["stmtinfo"]
            assert found["stmt_rslt_dscr"] == "平", of


def test_a_visit_told_in_the_old_year_of_utc_is_of_the_new_year_of_china(
    place: Standing, at: At
) -> None:
    """2025-12-31T16:30Z is half past midnight of 2026 from the registration to the statement."""
    at(datetime(2026, 1, 1, 2, 0, tzinfo=UTC))
    told, client, psn_no = "2025-12-31T16:30:00.000Z", place.client, place.insured()
    given = registration(psn_no, begntime=told)
    visit = client.do("2201", given)["data"]["mdtrt_id"]
    client.do("2203", description(psn_no, visit, begntime=told))
    client.do("2204", {"feedetail": [line(psn_no, visit, 1, fee_ocur_time=told)]})
    info = client.do("2207", bill(psn_no, visit, 30))["setlinfo"]
    assert info["setl_time"][:10] == "2026-01-01"
    years = place.owner.execute(
        "select distinct period from meter_use where person = %s and period like '年:%%'",
        [place.county.persons[psn_no]],
    ).fetchall()
    assert years == [("年:2026",)]
    asked = totals("2026-01-01", info)
    for day in (told, "2025-12-31T16:00:00+00:00", "2026-01-01"):
        asked["data"] |= {"stmt_begndate": day, "stmt_enddate": day}
        assert client.do("3201", asked)["stmtinfo"]["stmt_rslt_dscr"] == "平", day
    asked["data"] |= {"stmt_begndate": "2025-12-31", "stmt_enddate": "2025-12-31"}
    assert "结算笔数平台0机构1" in client.do("3201", asked)["stmtinfo"]["stmt_rslt_dscr"]


def test_the_result_of_a_statement_is_kept_a_week_from_tomorrow_on(place: Standing, at: At) -> None:
    at(NIGHT)
    given = {"in": base64.b64encode(b"").decode() or "IA==", "filename": "a"}
    ticket = place.client.do("9101", {"fsUploadIn": given})
    assert ticket["dld_endtime"] == "2024-12-27 00:30:00"
    asked = totals("2024-12-20")["data"] | {
        "file_qury_no": ticket["file_qury_no"],
        "cash_payamt": 0,
        "stmt_begndate": "2024-12-19",
    }
    info = place.client.do("3202", {"data": asked})["fileinfo"]
    assert info["filename"] == f"3202_{HOSPITAL}_20241219_20241220.zip"
    assert info["dld_endtime"] == "2024-12-28 00:00:00"
    again = place.client.do("3202", {"data": asked})["fileinfo"]
    assert again == info
    at(MIDNIGHT + timedelta(hours=24))
    later = place.client.do("3202", {"data": asked})["fileinfo"]
    assert later["file_qury_no"] != info["file_qury_no"]
    assert later["dld_endtime"] == "2024-12-29 00:00:00"


@pytest.mark.parametrize(
    ("day", "taken"),
    [("2023-11-15", False), ("2023-11-16", True), ("2024-12-21", True), ("2024-12-22", False)],
)
def test_the_days_of_service_are_counted_from_today_in_china(
    place: Standing, at: At, day: str, taken: bool
) -> None:
    # 400 days back from 20 December 2024 is 16 November 2023, one ahead the 21st.
    at(NIGHT)
    psn_no = place.insured()
    reply = place.client.ask("2201", gateways.registration(psn_no, day))
    assert (reply["infcode"] == 0) == taken
    if not taken:
        assert "受理范围 2023-11-16 至 2024-12-21" in reply["err_msg"]
    visit = str(place.client.do("2201", gateways.registration(psn_no))["data"]["mdtrt_id"])
    reply = place.client.ask("2203", gateways.description(psn_no, visit, day))
    assert (reply["infcode"] == 0) == taken


def test_a_selection_begins_today_in_china_and_not_before(place: Standing, at: At) -> None:
    at(NIGHT)
    given = {
        "psn_no": place.yunfu.psn_no(206),
        "biz_appy_type": "03",
        "fix_srt_no": "1",
        "fixmedins_code": CLINIC,
        "fixmedins_name": "测试",
        "memo": "",
        "begndate": "2024-12-19",
    }
    assert "早于 2024-12-20" in refused(place.clinic, "filing_too_early", "2505", {"data": given})
    made = place.clinic.do("2505", {"data": given | {"begndate": "2024-12-20"}})
    assert made["trt_dcla_detl_sn"][:20] == "44530020241220003000"[:20]


def refer(psn_no: str, **changes: Any) -> dict[str, Any]:
    """2501."""
    return {
        "refmedin": {
            "psn_no": psn_no,
            "insutype": "310",
            "diag_code": "I10",
            "diag_name": "高血压",
            "reflin_medins_no": OTHER,
            "reflin_medins_name": "测试",
            "mdtrtarea_admdvs": AREA,
            "refl_type": "1",
            "refl_date": "2024-12-20",
            "refl_rea": "测试",
            "refl_opnn": "同意",
        }
        | changes
    }


def test_a_referral_is_taken_for_as_many_days_back_as_care(place: Standing, at: At) -> None:
    at(NIGHT)
    psn_no = place.insured()
    given = refer(psn_no, refl_date="2023-11-15")
    assert "早于 2023-11-16" in refused(place.client, "filing_too_early", "2501", given)
    place.client.do("2501", refer(psn_no, refl_date="2023-11-16"))
    place.client.do("2501", refer(psn_no))
    asked = {"psn_no": psn_no, "begntime": "2024-12-20", "endtime": "2024-12-20"}
    (found,) = place.client.do("5304", {"data": asked})["refmedin"]
    assert found["opt_time"] == "2024-12-20 00:30:00"


@pytest.mark.parametrize(
    ("now", "state", "ended", "age"),
    [(EVENING, "1", "", 39), (MIDNIGHT, "4", "2024-12-19", 40), (NIGHT, "4", "2024-12-19", 40)],
)
def test_a_person_is_told_as_of_today_in_china(
    place: Standing, at: At, now: datetime, state: str, ended: str, age: int
) -> None:
    psn_no = place.insured()
    ids = [place.county.persons[psn_no]]
    place.owner.execute("update person_fact set retired_at = now() where person_id = %s", ids)
    place.county.fact(psn_no, "insured", "2020-01-01", "2024-12-20", status="active")
    place.county.fact(psn_no, "birth", "2020-01-01", birth_date="1984-12-20")
    place.county.fact(psn_no, "subsidy", "2024-12-20", subsidy="civil_servant")
    at(now)
    asked = {"mdtrt_cert_type": "02", "mdtrt_cert_no": certificate_of(place.persons)}
    found = place.client.do("1101", {"data": asked | {"begntime": ""}})
    (insured,) = found["insuinfo"]
    assert (insured["psn_insu_stas"], insured["paus_insu_date"]) == (state, ended)
    assert found["baseinfo"]["age"] == age
    assert insured["cvlserv_flag"] == ("0" if now == EVENING else "1")
    for day, flag in (("2024-12-19", "0"), ("2024-12-20", "1")):
        (insured,) = place.client.do("1101", {"data": asked | {"begntime": day}})["insuinfo"]
        assert insured["cvlserv_flag"] == flag


@pytest.mark.parametrize(("now", "told"), [(EVENING, 1), (MIDNIGHT, 0)])
def test_what_ends_today_in_china_is_told_no_more(
    place: Standing, at: At, now: datetime, told: int
) -> None:
    psn_no = place.insured()
    place.county.fact(
        psn_no,
        "registration",
        "2024-01-01",
        "2024-12-20",
        "M03900",
        benefit="chronic",
        disease="hypertension",
        name="高血压",
    )
    place.county.fact(psn_no, "selection", "2024-01-01", "2024-12-20", institution=HOSPITAL)
    at(now)
    found = place.client.do("5301", {"data": {"psn_no": psn_no}})["feedetail"]
    assert [row["enddate"] for row in found] == ["2024-12-19"] * told
    asked = {"psn_no": psn_no, "biz_appy_type": "03"}
    found = place.client.do("5302", {"data": asked})["psnfixmedin"]
    assert [row["enddate"] for row in found] == ["2024-12-19"] * told


@pytest.mark.parametrize(
    ("now", "year", "count"), [(NEW_YEAR - timedelta(seconds=1), "2024", 1), (NEW_YEAR, "2025", 0)]
)
def test_this_year_is_china_s(
    place: Standing, at: At, now: datetime, year: str, count: int
) -> None:
    psn_no = place.insured()
    place.settled(psn_no)
    at(now)
    rows = place.client.do("5206", {"data": {"psn_no": psn_no, "cum_ym": ""}})["cuminfo"]
    assert {(row["year"], row["cum_ym"]) for row in rows} == {(year, year)}
    assert {row["cum_type_code"]: row["cum"] for row in rows}["C0000"] == count


def test_a_query_without_an_end_reaches_to_the_end_of_today_in_china(
    place: Standing, at: At
) -> None:
    psn_no = place.insured()
    visits = [
        place.client.do("2201", gateways.registration(psn_no, begntime=f"2024-12-{when}"))["data"]
        for when in ("19 23:59:59", "20 00:00:00", "20 23:59:59", "21 00:00:00")
    ]
    numbers = [visit["mdtrt_id"] for visit in visits]
    at(NIGHT)
    for begin, end, found in (
        ("2024-12-20", "", numbers[1:3]),
        ("2024-12-19 23:59:59", "", numbers[:3]),
        ("2024-12-19", "2024-12-19", numbers[:1]),
        ("2024-12-21", "", numbers[3:]),
        ("2024-12-20", "2024-12-20 00:00:00", numbers[1:2]),
    ):
        asked = {"psn_no": psn_no, "med_type": "11", "begntime": begin, "endtime": end}
        place.owner.execute(
            "update visit set med_type = 'outpatient' where id = any(%s)",
            [[int(number) for number in numbers]],
        )
        rows = place.client.do("5201", {"data": asked})["mdtrtinfo"]
        assert [row["mdtrt_id"] for row in rows] == found, (begin, end)
        # What was not settled ended when it began.
        assert all(row["endtime"] == row["begntime"] for row in rows)


def test_a_version_of_the_catalogue_is_of_the_day_of_china(place: Standing, at: At) -> None:
    place.owner.execute(
        "insert into item_version (area, item, name, list_type, charge_type, since, grade,"
        " diseases, learnt_at) values (%s, 'NIGHTLY', '夜', '102', '09', '2024-01-01', '甲', '{}',"
        " %s)",
        [AREA, NIGHT],
    )
    at(NIGHT)
    # What changed in the running second is left for the next request.
    assert place.client.do("1302", {"data": {"ver": "0"}})["data_cnt"] == 0
    at(NIGHT + timedelta(milliseconds=999))
    assert place.client.do("1302", {"data": {"ver": "0"}})["data_cnt"] == 0
    at(NIGHT + timedelta(seconds=1))
    ticket = place.client.do("1302", {"data": {"ver": "0"}})
    assert ticket["filename"] == f"1302_中药饮片目录_{AREA}_20241220003000.zip"
    assert ticket["dld_endtime"] == ticket["dld_end_time"] == "2024-12-28 00:00:00"
    (row,) = place.fetched(ticket)
    assert row[15:19] == ["2024-12-20 00:30:00"] * 2 + ["20241220003000"] * 2
    for ver, count in (("20241220002959", 1), ("20241220003000", 0), ("20241219163000", 1)):
        assert place.client.do("1302", {"data": {"ver": ver}})["data_cnt"] == count
    page = {"page_num": 1, "page_size": 10, "hilist_code": "NIGHTLY"}
    for day, count in (("2024-12-19", 1), ("2024-12-20", 1), ("2024-12-21", 0)):
        found = place.client.do("1312", {"data": page | {"updt_time": day}})["data"]
        assert len(found) == count, day
        for one in found:
            assert (one["crte_time"], one["updt_time"]) == ("2024-12-20", "2024-12-20")


@pytest.mark.parametrize(
    ("seconds", "there"), [(7 * 86_400 - 1, True), (7 * 86_400, False), (7 * 86_400 + 1, False)]
)
def test_an_uploaded_file_is_there_for_a_week_to_the_second(
    place: Standing, at: At, seconds: int, there: bool
) -> None:
    given = {"in": base64.b64encode(b"x\n").decode(), "filename": f"{seconds}"}
    number = place.client.do("9101", {"fsUploadIn": given})["file_qury_no"]
    at(NOW + timedelta(seconds=seconds))
    asked = {"fsDownloadIn": {"file_qury_no": number}}
    statement = totals("2024-12-20")["data"] | {"file_qury_no": number, "cash_payamt": 0}
    if there:
        sent = gateways.json.dumps(place.client.envelope("9102", asked)).encode()
        assert place.client.post(sent) == (200, b"x\n")
        refused(place.client, "statement_row_invalid", "3202", {"data": statement})
    else:
        refused(place.client, "file_unknown", "9102", asked)
        refused(place.client, "file_ticket_unknown", "3202", {"data": statement})
