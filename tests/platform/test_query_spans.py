"""Queries at the gateway: what is inside a span and what is a second or a day outside it."""

from collections.abc import Iterator

import pytest
from tests.platform import gateways
from tests.platform.counter import NOW, Counter
from tests.platform.gateways import (
    AREA,
    DAY,
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
from tests.platform.queries_county import CLINIC, Standing, refused

from gongji.gateway.queries import visits as visit_queries
from gongji.platform.identity import mask_number


@pytest.fixture
def clock(place: Standing) -> Iterator[Clock]:
    """The gateway's clock, set back afterwards."""
    assert isinstance(place.clock, Clock)
    yield place.clock
    place.clock.now = NOW


def visits(place: Standing, psn_no: str, begin: str, end: str, **more: str) -> list[str]:
    """The visits that 5201 tells."""
    asked = {"psn_no": psn_no, "med_type": "11", "begntime": begin, "endtime": end} | more
    return [row["mdtrt_id"] for row in place.client.do("5201", {"data": asked})["mdtrtinfo"]]


def begun(place: Standing, psn_no: str, at: str, med_type: str = "11") -> str:
    """A visit of a category."""
    given = registration(psn_no, begntime=at)
    visit = str(place.client.do("2201", given)["data"]["mdtrt_id"])
    place.client.do("2203", description(psn_no, visit, med_type=med_type))
    return visit


@pytest.mark.parametrize(
    ("begin", "end", "found"),
    [
        ("2024-12-18 09:00:00", "2024-12-18 09:00:00", True),
        ("2024-12-18 09:00:01", "2024-12-18 10:00:00", False),
        ("2024-12-18 08:00:00", "2024-12-18 08:59:59", False),
        ("2024-12-18", "2024-12-18", True),
        ("20241218", "20241218", True),
        ("2024/12/18", "2024/12/18", True),
        ("2024-12-18", "2024-12-18 00:00:00", False),
        ("2024-12-18", "20241218000000", False),
        ("2024-12-18", "", True),
        ("2024-12-19", "", False),
        ("2024-12-17", "2024-12-17", False),
    ],
)
def test_both_ends_of_a_span_belong_to_it(
    place: Standing, begin: str, end: str, found: bool
) -> None:
    psn_no = place.insured()
    visit = begun(place, psn_no, f"{DAY} 09:00:00")
    assert visits(place, psn_no, begin, end) == [visit] * found


def test_a_span_may_have_eleven_hundred_days(place: Standing) -> None:
    # From 16 December 2021 to 20 December 2024 are 1100 days.
    psn_no = place.insured()
    assert visits(place, psn_no, "2021-12-16", "2024-12-20") == []
    asked = {"psn_no": psn_no, "med_type": "11", "begntime": "2021-12-15", "endtime": "2024-12-20"}
    sentence = refused(place.client, "window_too_long", "5201", {"data": asked})
    assert "相差 1101 天，超过上限 1100 天" in sentence


def test_a_span_that_begins_tomorrow_ends_tomorrow(place: Standing) -> None:
    psn_no = place.insured()
    visit = begun(place, psn_no, "2024-12-21 09:00:00")
    assert visits(place, psn_no, "2024-12-21", "") == [visit]
    assert visits(place, psn_no, "2024-12-21 09:00:01", "") == []


def test_an_end_may_be_its_beginning_and_not_a_second_before(place: Standing) -> None:
    psn_no = place.insured()
    at = "2024-12-18 09:00:00"
    assert visits(place, psn_no, at, at) == []
    asked = {"psn_no": psn_no, "med_type": "11", "begntime": at, "endtime": "2024-12-18 08:59:59"}
    refused(place.client, "dates_reversed", "5201", {"data": asked})


def test_visits_are_told_in_their_order_and_by_category_and_number(place: Standing) -> None:
    psn_no = place.insured()
    late, early = begun(place, psn_no, f"{DAY} 10:00:00"), begun(place, psn_no, f"{DAY} 09:00:00")
    other = begun(place, psn_no, f"{DAY} 11:00:00", "13")
    assert visits(place, psn_no, DAY, DAY) == [early, late]
    assert visits(place, psn_no, DAY, DAY, med_type="13") == [other]
    assert visits(place, psn_no, DAY, DAY, mdtrt_id=late) == [late]
    assert visits(place, psn_no, DAY, DAY, mdtrt_id=other) == []
    assert visits(place, place.insured(), DAY, DAY) == []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(visit_queries, "_MOST_ROWS", 1)
        assert visits(place, psn_no, DAY, DAY) == [early]


def test_a_visit_ends_with_its_last_settlement_that_stands(place: Standing, clock: Clock) -> None:
    psn_no = place.insured()
    visit = opened(place.client, psn_no)
    place.client.do("2204", {"feedetail": [line(psn_no, visit, 9, "2")]})

    def told() -> tuple[str, str]:
        asked = {"psn_no": psn_no, "med_type": "11", "begntime": DAY, "endtime": DAY}
        (row,) = place.client.do("5201", {"data": asked})["mdtrtinfo"]
        return row["endtime"], row["memo"]

    assert told() == (f"{DAY} 09:00:00", "")
    settled = []
    for minute, batch in ((1, "1"), (2, "2")):
        clock.now = NOW.replace(minute=minute)
        settled.append(place.client.do("2207", bill(psn_no, visit, 30, batch))["setlinfo"])
    assert told() == ("2024-12-20 10:02:00", "")
    names = ("psn_no", "mdtrt_id", "setl_id")
    for one, left in ((settled[1], "2024-12-20 10:01:00"), (settled[0], f"{DAY} 09:00:00")):
        place.client.do("2208", {"data": {name: one[name] for name in names}})
        assert told() == (left, "")
    given = {"psn_no": psn_no, "mdtrt_id": visit, "ipt_otp_no": "OP1"}
    place.client.do("2202", {"data": given})
    assert told() == (f"{DAY} 09:00:00", "已撤销")


def test_a_diagnosis_that_was_taken_back_is_not_told(place: Standing) -> None:
    psn_no = place.insured()
    visit = opened(place.client, psn_no)
    one = description(psn_no, visit)["diseinfo"][0]
    rows = [
        one | {"vali_flag": "0"},
        one | {"diag_code": "I10", "diag_srt_no": "二"},
        one | {"diag_code": "E11", "diag_srt_no": ""},
    ]
    place.client.do("2203", description(psn_no, visit) | {"diseinfo": rows})
    found = place.client.do("5202", {"data": {"psn_no": psn_no, "mdtrt_id": visit}})["diseinfo"]
    told = [(row["diag_code"], row["maindiag_flag"], row["diag_srt_no"]) for row in found]
    assert told == [("I10", "1", 1), ("E11", "0", 2)]


def test_lines_are_told_by_visit_and_by_settlement_or_cancellation(place: Standing) -> None:
    psn_no = place.insured()
    visit, second = opened(place.client, psn_no), opened(place.client, psn_no)
    place.client.do("2204", {"feedetail": [line(psn_no, visit, 9, "2")]})
    place.client.do("2204", {"feedetail": [line(psn_no, visit, 10, "3")]})
    taken = {"psn_no": psn_no, "mdtrt_id": visit, "chrg_bchno": "3"}
    place.client.do("2205", {"data": taken})
    info = place.client.do("2207", bill(psn_no, visit, 30))["setlinfo"]

    def told(**more: str) -> list[tuple[str, str]]:
        asked = {"psn_no": psn_no, "mdtrt_id": visit} | more
        rows = place.client.do("5204", {"data": asked})
        return [(row["feedetl_sn"], row["setl_id"]) for row in rows]

    number = info["setl_id"]
    assert told() == [("1", number), ("9", "")] and told(setl_id=number) == [("1", number)]
    other = {"psn_no": psn_no, "mdtrt_id": second, "setl_id": number}
    refused(place.client, "settlement_of_another_visit", "5204", {"data": other})
    names = ("psn_no", "mdtrt_id", "setl_id")
    undone = place.client.do("2208", {"data": {name: info[name] for name in names}})["setlinfo"]
    assert told(setl_id=undone["setl_id"]) == [("1", undone["setl_id"])]
    assert told() == [("1", ""), ("9", "")]
    empty = begun(place, psn_no, f"{DAY} 12:00:00")
    assert place.client.do("5204", {"data": {"psn_no": psn_no, "mdtrt_id": empty}}) == []
    stranger = {"psn_no": place.insured(), "mdtrt_id": visit}
    refused(place.client, "visit_unknown", "5204", {"data": stranger})
    refused(place.client, "visit_unknown", "5202", {"data": stranger})


def test_a_line_that_has_nothing_to_do_with_the_disease_is_told_as_the_person_s(
    place: Standing,
) -> None:
    """楚政规〔2022〕2号 第十六条: of a chronic bill what is not for the disease is the person's."""
    chuxiong = Counter(place.owner, "532300")
    psn_no = gateways.insure(chuxiong, 700, 0)
    chuxiong.fact(
        psn_no,
        "registration",
        "2024-01-01",
        key="M03900",
        benefit="chronic",
        disease="hypertension",
        name="高血压",
    )
    for item, disease in (("OTHERS", "diabetes"), ("FOR-IT", "hypertension")):
        place.owner.execute(
            "insert into item_version (area, item, name, list_type, charge_type, since, grade,"
            " first_self_pay_ppm, standard_fen, diseases) values"
            " ('532300', %s, '某药', '101', '09', '2020-01-01', '乙', 100000, 1000, %s)",
            [item, [disease]],
        )
    visit = begun(place, psn_no, f"{DAY} 09:00:00", "14")
    rows = [
        line(psn_no, visit, n, dise_codg="M03900", med_list_codg=item)
        for n, item in enumerate(("OTHERS", "FOR-IT"), start=1)
    ]
    place.client.do("2204", {"feedetail": rows})
    asked = {"data": {"psn_no": psn_no, "mdtrt_id": visit}}
    names = (
        "fulamt_ownpay_amt",
        "overlmt_amt",
        "preselfpay_amt",
        "inscp_scp_amt",
        "selfpay_prop",
        "pric_uplmt_amt",
    )
    before = place.client.do("5204", asked)
    place.client.do("2207", bill(psn_no, visit, 60, med_type="14"))
    for found in (before, place.client.do("5204", asked)):
        told = [[row[name] for name in names] for row in found]
        assert told == [[30, 0, 0, 0, 1, 999999], [0, 10, 2, 18, 0.1, 10]]


@pytest.mark.parametrize(
    ("month", "total"),
    [("202410", 0), ("202411", 30), ("202412", 60), ("2024", 90), ("2023", 0), ("", 90)],
)
def test_counters_go_by_the_day_of_service(place: Standing, month: str, total: int) -> None:
    psn_no = place.insured()
    for day in ("2024-11-30", "2024-12-01", "2024-12-20"):
        visit = str(place.client.do("2201", registration(psn_no, day))["data"]["mdtrt_id"])
        place.client.do("2203", description(psn_no, visit, day))
        row = line(psn_no, visit, 1, fee_ocur_time=f"{day} 09:30:00")
        place.client.do("2204", {"feedetail": [row]})
        place.client.do("2207", bill(psn_no, visit, 30))
    rows = place.client.do("5206", {"data": {"psn_no": psn_no, "cum_ym": month}})["cuminfo"]
    assert {row["cum_type_code"]: row["cum"] for row in rows}["S0000"] == total


@pytest.mark.parametrize("text", ["202400", "202413", "20241", "2024120", "0000", "1899", "9999"])
def test_a_month_or_year_that_is_none_is_refused(place: Standing, text: str) -> None:
    given = {"psn_no": place.county.psn_no(1), "cum_ym": text}
    assert text in refused(place.client, "value_invalid", "5206", {"data": given})


def test_only_what_the_agency_approved_is_a_registration(place: Standing) -> None:
    psn_no = place.insured()
    for code, state in (("M00200", "approved"), ("M00500", "filed")):
        place.county.fact(
            psn_no,
            "registration",
            "2030-01-01",
            key=code,
            benefit="chronic",
            disease=code,
            name=code,
            state=state,
        )
    place.county.fact(
        psn_no,
        "registration",
        "2020-01-01",
        key="M04600",
        benefit="chronic",
        disease="x",
        name="旧的一种",
    )
    found = place.client.do("5301", {"data": {"psn_no": psn_no}})["feedetail"]
    assert [row["opsp_dise_code"] for row in found] == ["M04600", "M00200"]


SPANS = [
    ("2024-12-04", "2024-12-04", False),
    ("2024-12-05", "2024-12-05", True),
    ("2024-12-09", "2024-12-09", True),
    ("2024-12-10", "2024-12-10", False),
    ("2024-12-01", "2024-12-31", True),
    ("2024-12-06", "2024-12-07", True),
]
"""Around what holds from the 5th to the 9th."""


@pytest.mark.parametrize(("begin", "end", "found"), SPANS)
def test_stays_and_referrals_are_told_from_their_first_to_their_last_day(
    place: Standing, begin: str, end: str, found: bool
) -> None:
    psn_no = place.insured()
    place.county.fact(
        psn_no, "stay", "2024-12-05", "2024-12-10", f"Z{psn_no}", institution=HOSPITAL, level="2"
    )
    place.county.fact(psn_no, "referral", "2024-12-05", "2024-12-10", OTHER, sender=HOSPITAL)
    span = {"begntime": begin, "endtime": end}
    own = place.client.do("5303", {"data": span})["data"]
    assert (psn_no in {row["psn_no"] for row in own}) == found
    named = {"psn_no": psn_no, **span}
    assert len(place.other.do("5303", {"data": named})["data"]) == found
    assert len(place.other.do("5304", {"data": named})["refmedin"]) == found


def test_another_city_and_an_unknown_place_lie_outside(place: Standing) -> None:
    psn_no = place.insured()
    outside = {HOSPITAL: "0", CLINIC: "1", "H99999999999": "1"}
    for number, code in enumerate(outside):
        since = f"2024-12-0{number + 1}"
        place.county.fact(
            psn_no,
            "stay",
            since,
            since[:-1] + str(number + 2),
            f"O{number}{psn_no}",
            institution=code,
            level="2",
        )
        place.county.fact(psn_no, "referral", "2024-12-01", None, code, sender=OTHER, reason="经办")
    asked = {"data": {"psn_no": psn_no, "begntime": "2024-12-01", "endtime": "2024-12-31"}}
    found = place.client.do("5303", asked)["data"]
    assert [row["out_flag"] for row in found] == list(outside.values())
    rows = {row["reflin_medins_no"]: row for row in place.client.do("5304", asked)["refmedin"]}
    assert {code: rows[code]["out_flag"] for code in outside} == outside
    entered = rows[CLINIC]
    assert (entered["dcla_souc"], entered["tel"], entered["refl_date"], entered["enddate"]) == (
        "02",
        "",
        "2024-12-01",
        "",
    )
    assert entered["hosp_agre_refl_flag"] == "1" and entered["refl_rea"] == "经办"


def test_a_name_that_only_the_sender_knows_is_told_as_sent(place: Standing) -> None:
    psn_no = place.insured()
    place.client.do(
        "2501",
        {
            "refmedin": [
                {
                    "psn_no": psn_no,
                    "diag_code": "I10",
                    "diag_name": "高血压",
                    "reflin_medins_no": "H11000000001",
                    "reflin_medins_name": "北京某院",
                    "mdtrtarea_admdvs": "110000",
                    "refl_type": "1",
                    "refl_date": "2024-12-20 08:00:00",
                    "refl_rea": "病情",
                    "refl_opnn": "同意",
                }
            ]
        },
    )
    asked = {"data": {"psn_no": psn_no, "begntime": DAY, "endtime": "2024-12-31"}}
    (found,) = place.client.do("5304", asked)["refmedin"]
    assert (found["reflin_medins_name"], found["out_flag"]) == ("北京某院", "1")
    assert (found["refl_date"], found["diag_name"]) == ("2024-12-20", "高血压")


def test_a_person_is_told_as_of_the_day_that_is_told_of(place: Standing) -> None:
    """Age, status and employer are those of the day of the visit, not of today."""
    psn_no = place.insured()
    ids = [place.county.persons[psn_no]]
    place.owner.execute("update person_fact set retired_at = now() where person_id = %s", ids)
    place.county.fact(psn_no, "birth", "2020-01-01", birth_date="1964-12-18")
    place.county.fact(
        psn_no, "insured", "2020-01-01", "2024-12-18", status="active", employer="旧厂"
    )
    place.county.fact(psn_no, "insured", "2024-12-18", "2024-12-19", status="retired")
    place.county.fact(psn_no, "subsidy", "2020-01-01", "2024-12-18", subsidy="civil_servant")
    for at in ("17 09:00:00", "18 00:30:00", "19 09:00:00"):
        begun(place, psn_no, f"2024-12-{at}")
    asked = {"psn_no": psn_no, "med_type": "11", "begntime": "2024-12-17", "endtime": ""}
    rows = place.client.do("5201", {"data": asked})["mdtrtinfo"]
    names = ("age", "psn_type", "cvlserv_flag", "emp_name", "insu_optins", "flxempe_flag")
    assert [tuple(row[name] for name in names) for row in rows] == [
        (59, "11", "1", "旧厂", AREA, "0"),
        (60, "12", "0", "", AREA, "0"),
        (60, "99", "0", "", AREA, "0"),
    ]
    assert {row["certno"] for row in rows} == {mask_number(certificate_of(place.persons))}


@pytest.mark.parametrize(
    "infno", ["5201", "5202", "5203", "5204", "5205", "5206", "5301", "5302", "5303", "5304"]
)
def test_nobody_unknown_is_told_of(place: Standing, infno: str) -> None:
    asked = {
        "psn_no": "43050000000000099999",
        "begntime": DAY,
        "endtime": DAY,
        "med_type": "11",
        "mdtrt_id": "1",
        "setl_id": "1",
        "biz_appy_type": "03",
    }
    assert "4305" in refused(place.client, "person_unknown", infno, {"data": asked})


def test_drugs_for_a_disease_are_of_the_span_and_of_drug_lists(place: Standing) -> None:
    psn_no = place.insured()
    place.county.fact(
        psn_no,
        "registration",
        "2024-01-01",
        key="M03900",
        benefit="chronic",
        disease="hypertension",
        name="高血压",
    )
    for item, kind in (("SERVICE", "201"), ("HERB", "102"), ("WIDE", "1011")):
        row = {
            "area": AREA,
            "item": item,
            "name": item,
            "list_type": kind,
            "charge_type": "09",
            "since": "2020-01-01",
            "grade": "甲",
            "diseases": [],
        }
        place.owner.execute(
            f"insert into item_version ({', '.join(row)}) values ({', '.join(['%s'] * len(row))})",
            list(row.values()),
        )
    visit = begun(place, psn_no, f"{DAY} 09:00:00", "14")
    rows = [
        line(psn_no, visit, n, dise_codg="M03900", med_list_codg=item)
        for n, item in enumerate(("SERVICE", "HERB", "WIDE"))
    ]
    place.client.do("2204", {"feedetail": rows})
    place.client.do("2207", bill(psn_no, visit, 90, med_type="14"))
    for begin, end, found in (
        (DAY, DAY, ["HERB"]),
        (f"{DAY} 09:00:01", DAY, []),
        ("2024-12-17", "2024-12-17", []),
        (f"{DAY} 09:00:00", f"{DAY} 09:00:00", ["HERB"]),
    ):
        asked = {"psn_no": psn_no, "begntime": begin, "endtime": end}
        told = place.client.do("5205", {"data": asked})["feedetail"]
        assert [row["med_list_codg"] for row in told] == found
