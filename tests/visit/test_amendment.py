"""The law changed so: figures replaced by their path, for the engine and the batch alike."""

import pyarrow as pa
import pytest

from gongji.batch.core import Settler
from gongji.law.engine.amendment import Amendment, figures_by_path
from gongji.law.engine.areas import Areas
from gongji.law.engine.engine import settle
from gongji.law.engine.person_meters import Meters
from gongji.law.engine.visit import read_visit
from gongji.law.explain.sentences import explain
from gongji.refusals import Refusal, RulebookError
from gongji.units import parse_day
from made_rulebooks import library

DAY = parse_day("2024-06-05")
AREAS = Areas()
ROW = {"date": "2024-06-05", "status": "active", "level": "3"}
CEILING = "待遇.普通门诊.最高支付限额"
RATE = "待遇.普通门诊.支付比例"
FIGURES = {CEILING: "8000元", f"{RATE}.三级": "70%"}


def paid(areas: Areas, in_scope: str, code: str = "430500", **facts: str) -> int:
    """What the pool pays of a first visit."""
    area = areas.area(code)
    visit = read_visit(ROW | {"in_scope": in_scope} | facts, area.law(DAY))
    return settle(area, visit, Meters(area.layout)).pool_fen


def problems(figures, code: str = "430500") -> dict[str, str]:
    """What is wrong with an amendment, by path."""
    with pytest.raises(RulebookError) as found:
        Amendment(DAY, figures).area(AREAS.area(code))
    return {problem.key: problem.message for problem in found.value.problems}


def test_several_figures_are_replaced_at_once_and_the_law_itself_stays():
    changed = Amendment(DAY, FIGURES).areas(AREAS, "430500")
    # (12,000 - 100) × 60 % = 7,140, of which 1,500; × 70 % = 8,330, of which 8,000.
    assert (paid(AREAS, "12000"), paid(changed, "12000")) == (150_000, 800_000)
    assert paid(changed, "12000", status="retired") == 800_000, "a table becomes one figure"
    assert paid(changed, "1100") == 70_000 and paid(AREAS, "1100") == 60_000
    assert paid(changed, "1050", level="2") == paid(AREAS, "1050", level="2") == 60_000
    assert paid(AREAS, "12000") == 150_000
    before = parse_day("2023-02-01")
    assert changed.area("430500").law(before) is AREAS.area("430500").law(before)


def test_a_county_a_batch_and_an_explanation_use_the_changed_law():
    changed = Amendment(DAY, FIGURES).areas(AREAS, "430502")
    assert paid(changed, "12000", "430502") == 800_000
    row = ROW | {"person": "甲", "in_scope": "12000"}
    table = pa.table({name: [text] for name, text in row.items()} | {"row_number": [1]})
    for areas, fen in ((AREAS, 150_000), (changed, 800_000)):
        made, rejected = Settler(areas, (), "430500", in_fen=True).settle(table)
        assert not rejected and made.to_pylist()[0]["pool_pays_fen"] == fen
    area = changed.area("430500")
    visit = read_visit(ROW | {"in_scope": "12000"}, area.law(DAY))
    told = explain(settle(area, visit, Meters(area.layout)))
    (said,) = [one for one in told.sentences if "8,000.00" in one.text and one.cites][:1]
    assert said.cites[0].article == "普通门诊统筹", "each figure keeps its article"


def test_a_changed_law_has_another_hash_and_fits_the_same_meters():
    area = AREAS.area("430500")
    changed = Amendment(DAY, FIGURES).areas(AREAS, "430500")
    assert changed.area("430500").layout is area.layout
    assert changed.law_hash("430500", DAY) != AREAS.law_hash("430500", DAY)
    again = Amendment(DAY, {f"{CEILING}.在职": "1500元"}).areas(AREAS, "430500")
    assert paid(again, "12000") == 150_000
    twice = Amendment(DAY, {CEILING: "9000元"}).areas(changed, "430500")
    assert paid(twice, "12000") == 833_000 and paid(changed, "12000") == 800_000


def test_every_figure_of_every_area_can_be_replaced_by_itself():
    count = 0
    for area in AREAS.every():
        for law in area.laws:
            found = figures_by_path(law)
            made = Amendment(law.since, found).law(law)
            assert figures_by_path(made) == found
            count += len(found)
    assert count > 150


def test_a_table_may_be_given_in_the_place_of_a_figure():
    table = {"按": "医院级别", "一级": "3000元", "二级": "2000元", "三级": "1000元"}
    changed = Amendment(DAY, {CEILING: table}).areas(AREAS, "430500")
    assert paid(changed, "12000") == 100_000 and paid(changed, "12000", level="2") == 200_000


def test_what_does_not_fit_is_told_all_at_once():
    found = problems(
        {
            "待遇.没有.最高支付限额": "1元",
            "没有.普通门诊": "1元",
            f"{CEILING}.学生": "1元",
            "待遇.普通门诊.起付标准": "1元",
            "待遇.普通门诊": "1元",
            f"{RATE}.一级": "8000元",
            f"{RATE}.二级": "很多",
            "待遇.普通门诊.起付标准.年度起付": "300",
        }
    )
    assert set(found) == {
        "待遇.没有.最高支付限额",
        "没有.普通门诊",
        f"{CEILING}.学生",
        "待遇.普通门诊.起付标准",
        "待遇.普通门诊",
        f"{RATE}.一级",
        f"{RATE}.二级",
        "待遇.普通门诊.起付标准.年度起付",
    }
    assert "待遇.普通门诊" in found["待遇.没有.最高支付限额"] and "待遇" in found["没有.普通门诊"]
    assert f"{CEILING}.在职" in found[f"{CEILING}.学生"]
    assert "指向 3 个数字" in found["待遇.普通门诊.起付标准"]
    assert "待遇.普通门诊.起付标准.年度起付" in found["待遇.普通门诊.起付标准"]
    assert "单位不同" in found[f"{RATE}.一级"] and "不是数字" in found[f"{RATE}.二级"]
    assert "单位不同" in found["待遇.普通门诊.起付标准.年度起付"]


def test_a_figure_that_its_place_does_not_take_is_refused():
    assert "应为百分比" in "".join(problems({RATE: "8000元"}).values())
    assert "应为金额" in "".join(problems({CEILING: "8000%"}).values())
    assert problems({RATE: "不限"})
    assert "学生" in "".join(problems({CEILING: {"按": "参保状态", "学生": "1元"}}).values())


def test_no_article_is_lost():
    limit = {"计量": "普通统筹", "金额": "8000元"}
    (path,) = problems({CEILING: limit})
    assert path.endswith("依据")
    changed = Amendment(DAY, {CEILING: limit | {"依据": "某条"}}).areas(AREAS, "430500")
    assert paid(changed, "12000") == (1_200_000 - 10_000) * 6 // 10


def test_a_day_outside_the_law_and_an_unknown_area_are_refused():
    with pytest.raises(Refusal) as outside:
        Amendment(parse_day("2001-01-01"), FIGURES).areas(AREAS, "430500")
    assert outside.value.code == "date_outside"
    with pytest.raises(Refusal) as unknown:
        Amendment(DAY, FIGURES).areas(AREAS, "999999")
    assert unknown.value.code == "area_unknown"


PARAMETER = """
计量:
  年度: {代号: year_paid, 量: 支付, 期: 年}
参数:
  限额: {代号: ceiling, 单位: 元, 值: 500元, 依据: 第一条, 说明: 年度限额}
待遇:
  普通门诊:
    依据: 第一条
    层:
      - 名称: 统筹
        代号: ordinary
        支付比例: {比例: 50%, 依据: 第一条}
        最高支付限额: {计量: 年度, 金额: {参数: 限额}, 依据: 第一条}
"""


def test_a_parameter_with_a_figure_is_one_too(tmp_path):
    areas = Areas(library(tmp_path, PARAMETER))
    law = areas.area("629900").law(DAY)
    paths = figures_by_path(law)
    (path,) = [path for path in paths if path.startswith("参数")]
    assert paid(areas, "10000", "629900") == 50_000
    changed = Amendment(DAY, {path: "800元"}).areas(areas, "629900")
    assert paid(changed, "10000", "629900") == 80_000
    with pytest.raises(RulebookError):
        Amendment(DAY, {path: "80%"}).areas(areas, "629900")
