"""A person's meters at the counter: opening amounts where the visit finds them, by area and by
value of an axis."""

from pathlib import Path

import pytest

from gongji.law.checks.library import Library
from gongji.law.engine.area import Area
from gongji.law.engine.areas import Areas
from gongji.law.engine.engine import settle
from gongji.law.engine.opening_meters import read_opening
from gongji.law.engine.person_meters import Meters, use
from gongji.law.engine.visit import Visit, read_visit
from gongji.refusals import Refusal
from gongji.units import parse_day
from made_rulebooks import AREA, library

TEXT = """\
计量:
  各级起付: {代号: level_deductible, 量: 起付, 期: 年, 分: [医院级别]}
  身份支付: {代号: status_paid, 量: 支付, 期: 年, 分: [参保状态, 医院级别]}
  病种起付: {代号: disease_deductible, 量: 起付, 期: 年, 分: [病种]}
  每次起付: {代号: visit_deductible, 量: 起付, 期: 次}
待遇:
  普通门诊:
    依据: 第一条
    层:
      - 名称: 普通门诊
        代号: ordinary
        起付标准: [{计量: 各级起付, 金额: 100元, 依据: 第二条}]
        支付比例: {比例: 50%, 依据: 第三条}
        最高支付限额: [{计量: 身份支付, 金额: 300元, 依据: 第四条}]
  慢性病:
    依据: 第五条
    层:
      - 名称: 慢性病
        代号: chronic
        起付标准: [{计量: 病种起付, 金额: 100元, 依据: 第五条}]
        支付比例: {比例: 50%, 依据: 第五条}
"""


@pytest.fixture
def area(tmp_path: Path) -> Area:
    return Areas(library(tmp_path, TEXT)).area(AREA)


def visit(area: Area, **more: str) -> Visit:
    row = {"date": "2023-03-01", "status": "active", "level": "2", "in_scope": "300"}
    return read_visit(row | more, area.law(parse_day("2023-03-01")))


def paid(area: Area, used: dict[str, int], **more: str) -> int:
    """What a visit is paid by the pool after what was used."""
    meters, now = Meters(area.layout), visit(area, **more)
    law = area.law(now.day)
    for name, fen in used.items():
        use(meters, law, now, name, fen, area.own_level(law))
    return settle(area, now, meters).pool_fen


@pytest.mark.parametrize(
    ("used", "fen"),
    [
        # (300 - 100) x 50 % without anything used.
        ({}, 10_000),
        ({"level_deductible": 6_000}, 13_000),
        ({"各级起付": 6_000}, 13_000),
        ({"level_deductible.2": 6_000}, 13_000),
        ({"level_deductible.二级": 6_000}, 13_000),
        # What was borne or paid at another level or as a retiree is not this visit's.
        ({"level_deductible.1": 6_000, "level_deductible.3": 7_000}, 10_000),
        ({"level_deductible.2": 6_000, "level_deductible.3": 7_000}, 13_000),
        ({"status_paid": 25_000}, 5_000),
        ({"status_paid.active": 25_000}, 5_000),
        ({"status_paid.2": 25_000}, 5_000),
        ({"status_paid.retired": 25_000}, 10_000),
        ({"status_paid.3": 25_000}, 10_000),
        ({"status_paid": 30_000}, 0),
    ],
)
def test_what_was_used_counts_where_it_was_used(area: Area, used: dict[str, int], fen: int) -> None:
    assert paid(area, used) == fen


@pytest.mark.parametrize("name", ["nothing", "level_deductible.4", "status_paid.四级", "visit.2"])
def test_a_meter_or_value_that_nobody_knows_is_refused(area: Area, name: str) -> None:
    """With those that there are; what is known is named in full."""
    with pytest.raises(Refusal) as refusal:
        paid(area, {name: 1})
    assert (refusal.value.code, refusal.value.field) == ("value_invalid", "used")
    assert "level_deductible" in str(refusal.value) or "status_paid.active" in str(refusal.value)


def test_diseases_have_meters_of_their_own_and_others_are_not_moved(area: Area) -> None:
    """100 borne for one disease is nothing borne for the other, nor for an ordinary visit."""
    meters = Meters(area.layout)
    rows = [
        ("chronic", "甲"),
        ("chronic", "乙"),
        ("chronic", "甲"),
        ("ordinary", "甲"),
        ("chronic", "乙"),
    ]
    found = [
        settle(area, visit(area, benefit=benefit, disease=disease), meters).pool_fen
        for benefit, disease in rows
    ]
    assert found == [10_000, 10_000, 15_000, 10_000, 15_000]
    assert meters.visits == 5


def test_an_opening_amount_counts_in_its_own_area_only() -> None:
    """A county's is its city's; another area's is passed over."""
    columns = ("person", "area", "meter", "amount")
    rows = [
        ("甲", "430521", "ordinary_paid", "1"),
        ("甲", "532300", "ordinary_paid", "2"),
        ("乙", "510400", "ordinary_paid", "3"),
    ]
    found = read_opening(columns, rows).by_home(["532300", "430500"], Library())
    assert found == {
        "532300": {"甲": {"ordinary_paid": 200}},
        "430500": {"甲": {"ordinary_paid": 100}},
    }


def test_a_visit_that_a_gate_refuses_or_that_lacks_a_figure_moves_nothing() -> None:
    """Not even the number of settlements."""
    area = Areas(Library()).area("532300")
    law = area.law(parse_day("2023-03-01"))
    row = {"date": "2023-03-01", "status": "active", "level": "1", "total": "20000"}
    meters = Meters(area.layout)
    assert settle(area, read_visit(row | {"designated": "否"}, law), meters).refusal
    with pytest.raises(Refusal) as refusal:
        settle(area, read_visit(row, law), meters)
    assert (refusal.value.code, refusal.value.field) == (
        "parameter_missing",
        "inpatient_rate.1.active",
    )
    assert "inpatient_ceiling" in str(refusal.value)
    assert meters.visits == 0 and not any(any(block) for block in meters.blocks.values())
