"""Each cause planted by hand in a file of one of the areas, and found with its amount.

The amounts are computed by hand from the articles; the arithmetic stands beside each row.
"""

import polars as pl
import pytest

from gongji.auditing import CAUSES, BadRow, Finding, PaidFile, audit

HEAD = ("person", "visit", "date", "status", "level", "in_scope", "paid_pool")
CHUXIONG, LINCANG, PANZHIHUA, YUNFU, SHAOYANG = "532300", "530900", "510400", "445300", "430500"
INPATIENT = {
    "inpatient_deductible.3": "1200",
    "inpatient_rate.1": "91%",
    "inpatient_rate.2": "88%",
    "inpatient_rate.3": "85%",
    "inpatient_ceiling": "50000",
}


def row(date, status, level, in_scope, paid, visit="", person="甲", **more):
    given = (person, visit, date, status, level, in_scope, paid)
    return dict(zip(HEAD, given, strict=True)) | more


def run(area, rows, settings=None, mode="law", **more):
    columns = dict.fromkeys(name for found in rows for name in found)
    frame = pl.DataFrame([dict.fromkeys(columns, "") | found for found in rows])
    file = PaidFile(frame, area=area, settings=settings or {}, **more)
    return list(audit(file, mode))


def a_finding(area, rows, settings=None, **more):
    """The one difference of a file."""
    found = run(area, rows, settings, **more)
    assert len(found) == 1, [vars(f) for f in found]
    assert isinstance(found[0], Finding)
    return found[0]


A, R = "active", "retired"
D1, D2, D3 = "2023-03-01", "2023-03-02", "2023-03-03"

CASES = [
    # 楚雄: (1000-90)×50%=455
    (CHUXIONG, [row(D1, A, "3", "1000", "500.50")], "wrong_status", 4550),  # ×55%
    (CHUXIONG, [row(D1, A, "3", "1000", "517")], "wrong_level", 6200),  # (1000-60)×55%
    (CHUXIONG, [row(D1, A, "3", "1000", "500")], "deductible_skipped", 4500),  # 1000×50%
    (CHUXIONG, [row(D1, A, "3", "1000", "0")], "paid_zero", -45500),
    (CHUXIONG, [row(D1, A, "3", "1000", "455.01")], "rounding", 1),
    (CHUXIONG, [row(D1, A, "3", "90.01", "0")], "rounding", -1),  # 0.005
    (CHUXIONG, [row(D1, A, "3", "1000", "333")], "unknown", -12200),
    (CHUXIONG, [row(D1, A, "1", "1000", "582", designated="否")], "gate_ignored", 58200),
    (CHUXIONG, [row(D1, A, "1", "1000", "702", total="1200")], "outside_scope_paid", 12000),
    (CHUXIONG, [row("2024-11-03", A, "3", "1000", "455")], "previous_version", -1500),  # 470
    (CHUXIONG, [row("2024-10-30", A, "3", "1000", "470")], "next_version", 1500),
    # 慢性病 (1000-300)×85%=595，误作普通门诊 (1000-60)×55%=517
    (CHUXIONG, [row(D1, A, "2", "1000", "517", benefit="chronic")], "wrong_benefit", -7800),
    # 谈判药 (5000-500-1200)×85%=2805
    (
        CHUXIONG,
        [row(D1, A, "3", "", "3230", benefit="negotiated_drug", total="5000", drug="药")],
        "self_pay_skipped",
        42500,
    ),  # (5000-1200)×85%
    (
        CHUXIONG,
        [row(D1, A, "3", "", "2422.5", benefit="negotiated_drug", total="5000", drug="药")],
        "self_pay_again",
        -38250,
    ),  # (4050-1200)×85%
    # 限额未用，按住院比例：1000×91%，应为 (1030-30)×60%
    (CHUXIONG, [row(D1, A, "1", "1030", "910")], "ceiling_exhausted", 31000),
    (
        CHUXIONG,
        [row(D1, A, "3", "50", "0", "一"), row(D2, A, "3", "140", "25", "一")],
        "other_reading",
        -2500,
    ),  # 同一挂号：(140-40)×50%=50，各扣一次 (140-90)×50%
    (
        CHUXIONG,
        [row(D1, A, "1", "10030", "6000"), row(D2, A, "1", "130", "118.30")],
        "other_reading",
        2730,
    ),  # 100×91%=91；限额用完后不扣起付 130×91%
    # 临沧
    (LINCANG, [row("2024-12-05", A, "1", "1000", "582")], "previous_version", -600),  # 980×60%=588
    (LINCANG, [row(D1, A, "1", "11030", "6600")], "ceiling_ignored", -35000),  # 6000+1000×95%
    (LINCANG, [row(D1, A, "2", "1000", "582")], "wrong_level", 6500),  # (1000-60)×55%=517
    # 攀枝花: (700-200)×60%=300
    (PANZHIHUA, [row(D1, A, "1", "700", "250")], "wrong_level", -5000),  # ×50%
    (PANZHIHUA, [row(D1, A, "1", "700", "0")], "paid_zero", -30000),
    (PANZHIHUA, [row(D1, R, "1", "650", "270")], "wrong_status", -5500),  # 500×65%=325；450×60%
    (
        PANZHIHUA,
        [row(D1, A, "1", "700", "300", institution_kind="pharmacy", prescriber_level="1")],
        "wrong_institution",
        5000,
    ),  # 药店 500×50%=250
    (
        PANZHIHUA,
        [row(D1, A, "1", "200", "0"), row(D2, A, "1", "500", "180")],
        "deductible_again",
        -12000,
    ),  # 500×60%=300；(500-200)×60%
    (PANZHIHUA, [row(D1, A, "1", "2200", "1200")], "ceiling_ignored", 20000),  # 2000×60%，限额1000
    (PANZHIHUA, [row(D1, A, "1", "700", "300", has_account="否")], "gate_ignored", 30000),
    # 云浮: 上上年度（2021）80000×2%=1600；上一年的数字（2020）70000×2%=1400
    (YUNFU, [row(D1, A, "1", "5000", "1400")], "last_year", -20000),
    (YUNFU, [row(D1, A, "1", "1000", "700")], "wrong_status", 10000),
    (YUNFU, [row(D1, A, "1", "500", "300", selected="否")], "gate_ignored", 30000),
    (YUNFU, [row("2024-03-01", A, "1", "5000", "1939.14")], "other_reading", 14),  # 96957×2%
    # 邵阳
    (SHAOYANG, [row(D1, A, "3", "700", "490")], "wrong_level", 25000),  # (700-300)×60%；700×70%
    (
        SHAOYANG,
        [row(D1, A, "2", "200", "0"), row(D2, A, "2", "400", "120")],
        "deductible_again",
        -12000,
    ),  # 400×60%=240；(400-200)×60%
    (SHAOYANG, [row(D1, A, "1", "3000", "2100")], "ceiling_ignored", 60000),  # 限额1500
    (SHAOYANG, [row(D1, A, "1", "500", "350", inpatient="是")], "gate_ignored", 35000),
    (
        SHAOYANG,
        [row(D1, A, "2", "1500", "800", benefit="chronic", disease="高血压")],
        "other_reading",
        -18000,
    ),  # 800，余500：(500-200)×60%=180
]
SETTINGS = {
    CHUXIONG: INPATIENT,
    YUNFU: {f"average_wage.{y}": w for y, w in ((2020, "70000"), (2021, "80000"), (2022, "96957"))},
    SHAOYANG: {"disease_ceiling": "800"},
}


@pytest.mark.parametrize(("area", "rows", "cause", "difference"), CASES)
def test_a_planted_error_is_found_with_its_cause_and_amount(area, rows, cause, difference):
    found = a_finding(area, rows, SETTINGS.get(area))
    assert (found.cause, found.difference_fen) == (cause, difference), found.sentence
    assert found.row_number == len(rows)
    assert found.cites
    assert found.sentence.endswith("。")


def test_every_cause_is_planted_somewhere():
    planted = {cause for _, _, cause, _ in CASES} | {"carried_forward", "split_inconsistent"}
    assert planted == set(CAUSES)


def test_a_difference_carried_forward_names_the_visit_that_moved_the_meters():
    # 第二次少付120；第三次限额余额按实付多出120，应付700，实付820。
    rows = [
        row(D1, A, "1", "200", "0"),
        row(D2, A, "1", "500", "180"),
        row(D3, A, "1", "2000", "820"),
    ]
    first, second = run(PANZHIHUA, rows)
    assert (first.cause, first.row_number) == ("deductible_again", 2)
    assert (second.cause, second.from_row) == ("carried_forward", 2)
    assert second.difference_fen == 12000


def test_by_the_meters_of_what_was_paid_the_later_visit_is_right():
    rows = [
        row(D1, A, "1", "200", "0"),
        row(D2, A, "1", "500", "180"),
        row(D3, A, "1", "2000", "820"),
    ]
    assert [found.cause for found in run(PANZHIHUA, rows, mode="paid")] == ["deductible_again"]
    rows[2]["paid_pool"] = "700"
    late = run(PANZHIHUA, rows, mode="paid")[1]
    assert (late.cause, late.difference_fen) == ("carried_forward", -12000)


def test_an_unknown_payment_moves_the_meters_of_what_was_paid():
    # 第一次应付300，实付777；限额余223。
    rows = [row(D1, A, "1", "700", "777"), row(D2, A, "1", "2000", "223")]
    first, second = run(PANZHIHUA, rows)
    assert (first.cause, first.difference_fen) == ("unknown", 47700)
    assert (second.cause, second.from_row, second.difference_fen) == ("carried_forward", 1, -47700)


def test_the_pool_agrees_but_other_amounts_do_not():
    found = a_finding(CHUXIONG, [row(D1, A, "3", "1000", "455", paid_person="535")])
    assert found.cause == "split_inconsistent"
    assert found.difference_fen == 0
    assert found.paid["person"] - found.due["person"] == -1000


def test_further_columns_tell_causes_apart():
    # 统筹付零：起付标准照扣的是限额误作用完，什么都没有算的是漏付。
    taken = row(D1, A, "1", "500", "0", paid_deductible="200")
    assert a_finding(PANZHIHUA, [taken]).cause == "ceiling_exhausted"
    nothing = taken | {"paid_deductible": "0"}
    found = a_finding(PANZHIHUA, [nothing])
    assert (found.cause, found.exact) == ("paid_zero", True)


def test_what_else_reproduces_the_payment_is_named():
    # 按“共同累计”的理解，三级已承担250，二级不再扣；与漏扣起付标准的结果相同。
    rows = [row(D1, A, "3", "250", "0"), row(D2, A, "2", "300", "180")]
    found = a_finding(SHAOYANG, rows, SETTINGS[SHAOYANG])
    assert {found.cause, *found.also} >= {"deductible_skipped", "other_reading"}


def test_a_county_is_audited_by_its_city():
    assert run("530925", [row("2024-12-05", A, "1", "1000", "588")]) == []


def test_opening_meters_count():
    opening = pl.DataFrame({"person": ["甲"], "meter": ["year_deductible"], "amount": ["200"]})
    rows = [row(D1, A, "1", "500", "300")]
    assert run(PANZHIHUA, rows, opening=opening) == []
    assert run(PANZHIHUA, rows)[0].cause == "deductible_skipped"


def test_rows_that_cannot_be_audited_are_collected():
    rows = [
        row(D1, A, "3", "1000", ""),
        row(D1, "学生", "3", "1000", "1"),
        row(D1, A, "3", "1000", "455", area="999999"),
        row("2019-01-01", A, "3", "1000", "455"),
        row(D1, A, "3", "-1", "455"),
        row(D1, A, "3", "1000", "1.234"),
        row(D1, A, "3", "1000", "455"),
    ]
    found = run(CHUXIONG, rows)
    assert all(isinstance(bad, BadRow) for bad in found)
    assert sorted((bad.row_number, bad.code) for bad in found) == [
        (1, "field_missing"),
        (2, "value_invalid"),
        (3, "area_unknown"),
        (4, "date_outside"),
        (5, "amount_negative"),
        (6, "amount_invalid"),
    ]
