"""Who pays what of a visit: every payer another amount, by hand (`every_payer`), at the counter
and in a file."""

from pathlib import Path

import pyarrow as pa
import pytest

import every_payer
from every_payer import AREA, USED, VISIT, settled
from gongji.batch.adjudicate import adjudicate_table
from gongji.law.checks.library import Library
from gongji.law.engine.areas import Areas
from gongji.law.engine.engine import settle
from gongji.law.engine.person_meters import Meters
from gongji.law.engine.visit import read_visit
from gongji.law.rulebook import provision_kinds
from gongji.refusals import Refusal
from gongji.units import parse_day, yuan_text
from made_rulebooks import library

LAYERS = {
    "account": 8_000,
    "ordinary": 55_000,
    "overflow": 35_000,
    "large": 136_800,
    "servants": 7_600,
}


def test_pool_supplements_account_and_person_have_each_their_own(tmp_path: Path) -> None:
    result, _ = settled(tmp_path)
    assert result.pool_fen == 90_000
    assert result.supplements_fen == 144_400
    assert result.person_fen == 65_600
    assert result.deductible_fen == 10_000
    assert result.layers == LAYERS
    assert result.paid_by(provision_kinds.ACCOUNT) == 8_000
    assert result.paid_by("大额医疗费用补助") == 136_800
    assert result.paid_by("公务员医疗补助") == 7_600
    assert result.paid_by("医疗救助") == 0
    assert result.pool_fen + result.supplements_fen + result.person_fen == result.total_fen


def test_meters_are_told_before_and_after(tmp_path: Path) -> None:
    result, _ = settled(tmp_path)
    assert {r.code: (r.before, r.after) for r in result.readings} == {
        "bill_account": (0, 8_000),
        "year_deductible": (2_000, 12_000),
        "ordinary_paid": (15_000, 70_000),
        "overflow_paid": (0, 35_000),
    }


def test_a_file_gives_every_payer_the_same(tmp_path: Path) -> None:
    """Column by column; the meters after the visit too."""
    library(tmp_path, every_payer.TEXT)
    table = pa.table({name: [text] for name, text in VISIT.items()})
    found, rejected = adjudicate_table(table, folders=(tmp_path,), opening={"甲": USED})
    assert not rejected
    row = found.to_pylist()[0]
    fen = {
        name: int(row[name] * 100)
        for name in ("pool_pays", "supplements", "person_pays", "deductible", *LAYERS)
    }
    assert (
        fen
        == {
            "pool_pays": 90_000,
            "supplements": 144_400,
            "person_pays": 65_600,
            "deductible": 10_000,
        }
        | LAYERS
    )
    meters = {name: int(row[f"meter_{name}"] * 100) for name in (*USED, "overflow_paid")}
    assert meters == {"year_deductible": 12_000, "ordinary_paid": 70_000, "overflow_paid": 35_000}
    assert row["articles"] == (
        "某政〔2023〕1号 第一条第一款、第一条第二款、第二条第二款、第二条第一款、第二条第三款、"
        "第三条第一款、第三条第二款、第四条、第四条第一款、第五条、第五条第一款"
    )


COSTS = [
    # total, in scope, what counts as total, as in scope
    ("3000", "2500", "3000.00", "2500.00"),
    ("3000", "3000", "3000.00", "3000.00"),
    ("", "2500", "2500.00", "2500.00"),
    ("3000", "", "3000.00", "3000.00"),
    ("3000", "0", "3000.00", "0.00"),
]


@pytest.mark.parametrize(("total", "in_scope", "whole", "inside"), COSTS)
def test_only_what_is_in_scope_is_paid_from(
    tmp_path: Path, total: str, in_scope: str, whole: str, inside: str
) -> None:
    result, _ = settled(tmp_path, total=total, in_scope=in_scope)
    assert (yuan_text(result.total_fen), yuan_text(result.in_scope_fen)) == (whole, inside)
    assert result.steps[0].cost == result.in_scope_fen if result.steps else inside == "0.00"


def test_a_first_self_pay_comes_off_the_total_only_where_no_scope_is_given() -> None:
    """楚雄第十八条: of 5,000.05 a tenth, 500.005, up to 500.01."""
    area = Areas(
        Library(),
        everywhere={
            "inpatient_deductible": "1000",
            "inpatient_rate": "80%",
            "inpatient_ceiling": "9000",
        },
    ).area("532300")
    law = area.law(parse_day("2023-03-01"))
    row = {"date": "2023-03-01", "status": "active", "level": "3", "benefit": "negotiated_drug"}
    found = settle(area, read_visit(row | {"total": "5000.05"}, law), Meters(area.layout))
    assert (found.first_self_pay_fen, found.in_scope_fen) == (50_001, 450_004)
    given = row | {"total": "5000.05", "in_scope": "4000"}
    found = settle(area, read_visit(given, law), Meters(area.layout))
    assert (found.first_self_pay_fen, found.in_scope_fen) == (0, 400_000)
    # (4000 - 1000) x 80 %.
    assert (found.pool_fen, found.person_fen) == (240_000, 260_005)


PARTS = """\
费用部分:
  甲类: {代号: class_a, 依据: 第一条}
  设备: {代号: equipment, 依据: 第一条}
计量:
  年度起付: {代号: year_deductible, 量: 起付, 期: 年}
待遇:
  普通门诊:
    依据: 第二条
    层:
      - 名称: 普通门诊
        代号: ordinary
        起付标准: [{计量: 年度起付, 金额: 100元, 依据: 第二条}]
        支付比例: {比例: {按: 费用部分, 甲类: 90%, 设备: 30%, 其余: 60%}, 依据: 第二条}
"""


@pytest.mark.parametrize(
    ("parts", "pool"),
    [
        # (400 - 100) x 90 % + 200 x 30 % + 400 x 60 %.
        ({"in_scope_class_a": "400", "in_scope_equipment": "200"}, "570.00"),
        # (200 - 100) x 30 % + 800 x 60 %.
        ({"in_scope_equipment": "200"}, "510.00"),
        # (600 - 100) x 90 % + 400 x 30 %: nothing is left for the rest.
        ({"in_scope_class_a": "600", "in_scope_equipment": "400"}, "570.00"),
        ({"in_scope_class_a": "0"}, "540.00"),
        ({}, "540.00"),
        ({"in_scope_class_a": "600", "in_scope_equipment": "400.01"}, "in_scope_above_total"),
        ({"in_scope_class_a": "-1"}, "amount_negative"),
    ],
)
def test_parts_of_the_cost_are_poured_in_their_order(
    tmp_path: Path, parts: dict[str, str], pool: str
) -> None:
    """At the counter and in a file; of 1,200 in all 1,000 are in scope."""
    area = Areas(library(tmp_path, PARTS)).area(AREA)
    row = {
        "person": "甲",
        "area": AREA,
        "date": "2023-03-01",
        "status": "active",
        "total": "1200",
        "in_scope": "1000",
    } | parts
    try:
        visit = read_visit(row, area.law(parse_day("2023-03-01")))
        online = yuan_text(settle(area, visit, Meters(area.layout)).pool_fen)
    except Refusal as refusal:
        online = refusal.code
    assert online == pool
    table = pa.table({name: [text] for name, text in row.items()})
    found, rejected = adjudicate_table(table, folders=(tmp_path,))
    batch = [bad.code for bad in rejected] + [f"{r['pool_pays']:.2f}" for r in found.to_pylist()]
    assert batch == [pool]


GAPS = """\
待遇:
  普通门诊:
    依据: 第一条
    层:
      - 名称: 普通门诊
        代号: ordinary
        支付比例:
          比例: {按: 缴费档次, 一档: 50%, 二档: {按: 医院级别, 一级: 30%, 二级: 20%, 三级: 10%}}
          依据: 第一条
"""


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ({"tier": "1"}, "50.00"),
        ({"tier": "2", "level": "2"}, "20.00"),
        # A value for which the table has no figure; a level that the figure needs.
        ({}, "value_invalid"),
        ({"tier": "2"}, "level_missing"),
        ({"benefit": "chronic"}, "benefit_not_offered"),
    ],
)
def test_a_figure_that_is_not_there_is_asked_for_or_refused(
    tmp_path: Path, row: dict[str, str], found: str
) -> None:
    """At the counter and in a file alike, with what there is."""
    area = Areas(library(tmp_path, GAPS)).area(AREA)
    given = {
        "person": "甲",
        "area": AREA,
        "date": "2023-03-01",
        "status": "active",
        "total": "100",
    } | row
    law, refused = area.law(parse_day("2023-03-01")), None
    try:
        online = yuan_text(settle(area, read_visit(given, law), Meters(area.layout)).pool_fen)
    except Refusal as refusal:
        online, refused = refusal.code, refusal
    assert online == found
    table = pa.table({name: [text] for name, text in given.items()})
    results, rejected = adjudicate_table(table, folders=(tmp_path,))
    told = [bad.code for bad in rejected] + [f"{r['pool_pays']:.2f}" for r in results.to_pylist()]
    assert told == [found]
    if refused:
        fields = {
            "value_invalid": ("tier", "一档、二档"),
            "level_missing": ("level", "level"),
            "benefit_not_offered": ("benefit", "ordinary（普通门诊）"),
        }
        field, words = fields[found]
        assert refused.field == field and words in str(refused)
