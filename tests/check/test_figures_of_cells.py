"""The figures of a cell: what is added, bounded, scaled, supplied and rounded, by hand; and the
article that stands behind each."""

from pathlib import Path

import pytest

from gongji.law.compile.figures import round_by
from gongji.law.compile.program import Cell, Compiler, Program
from gongji.law.compile.tables import citations, show_articles
from gongji.law.engine.areas import Areas
from gongji.law.engine.engine import settle
from gongji.law.engine.person_meters import Meters
from gongji.law.engine.visit import read_visit
from gongji.law.kernel import pour
from gongji.refusals import Refusal
from gongji.units import parse_day
from made_rulebooks import AREA, library

TEXT = """\
事实:
  病种数段: {取自: 病种数, 至: 9, 依据: 第一条}
计量:
  年度起付: {代号: year_deductible, 量: 起付, 期: 年}
  年度支付: {代号: year_paid, 量: 支付, 期: 年}
参数:
  平均工资:
    {代号: wage, 单位: 元, 依据: 第一条, 说明: 公布, 各年: {"2021": 70000元, "2022": 80001元}}
  比例表: {代号: rate, 单位: "%", 按: [医院级别, 参保状态], 依据: 第一条, 说明: 另定}
待遇:
  普通门诊:
    依据: 第二条
    层:
      - 名称: 普通门诊
        代号: ordinary
        起付标准:
          - 计量: 年度起付
            金额: 100元
            依据: 第三条
            增减:
              - {每: 病种数段, 超过: 2, 加: 30.05元, 依据: 第三条第二款}
              - {当: {参保状态: 退休}, 加: -60元, 依据: 第三条第三款}
            最低: 50元
            最高: 200元
        支付比例:
          比例: {按: 医院级别, 一级: 70%, 二级: 60%, 三级: 50%}
          依据: 第四条
          增减:
            - {当: {参保状态: 退休}, 加: 35个百分点, 依据: 第四条第二款}
            - {当: {异地: 已备案}, 加: -55个百分点, 依据: 第四条第三款}
        最高支付限额:
          - 计量: 年度支付
            金额: {指数: 平均工资, 年: -1, 比例: 2%, 取整: 元}
            依据: 第五条
            折算: [{当: {异地: 未备案}, 比例: 33.33%, 依据: 第五条第二款}]
  慢性病:
    依据: 第六条
    层:
      - {名称: 慢性病, 代号: chronic, 支付比例: {比例: {参数: 比例表}, 依据: 第六条}}
"""
CELL = {"参保状态": "在职", "医院级别": "一级", "异地": "否", "病种数段": "1"}


def compiled(
    folder: Path,
    benefit: str = "普通门诊",
    settings: dict[str, str] | None = None,
    year: int = 2023,
    **cell: str,
) -> Program:
    """The program of a cell."""
    area = Areas(library(folder, TEXT), everywhere=settings).area(AREA)
    whole: Cell = CELL | cell
    return Compiler(area.law(parse_day("2023-03-01")), area.layout, year).program(benefit, whole)


def articles_of(program: Program, figure: str) -> list[str]:
    """The articles behind a figure of the first layer."""
    note = next(iter(program.steps.values()))
    found = {"rate": note.rate} | {limit.meter: limit.cited for limit in note.limits.values()}
    return [cite.article for cite in found[figure].cites]


def figure_of(program: Program, name: str) -> int:
    """A figure as the kernel sees it, at its place in the program."""
    at, note = next(iter(program.steps.items()))
    if name == "rate":
        assert program.code[at + pour.RATE] == note.rate.figure
        return note.rate.figure
    (place,) = [position for position, limit in note.limits.items() if limit.meter == name]
    assert program.code[place] == note.limits[place].cited.figure
    return program.code[place]


@pytest.mark.parametrize(
    ("cell", "fen", "articles"),
    [
        ({"病种数段": "0"}, 10_000, ["第三条"]),
        ({"病种数段": "1"}, 10_000, ["第三条"]),
        # Counted beyond the second: 30.05 for the third, 60.10 for the fourth.
        ({"病种数段": "2"}, 10_000, ["第三条"]),
        ({"病种数段": "3"}, 13_005, ["第三条", "第三条第二款"]),
        ({"病种数段": "4"}, 16_010, ["第三条", "第三条第二款"]),
        # 190.15, then 220.20, which is above the highest.
        ({"病种数段": "5"}, 19_015, ["第三条", "第三条第二款"]),
        ({"病种数段": "6"}, 20_000, ["第三条", "第三条第二款"]),
        # 40 is below the lowest; 100 - 60 + 30.05 = 70.05 is not.
        ({"参保状态": "退休"}, 5_000, ["第三条", "第三条第三款"]),
        (
            {"参保状态": "退休", "病种数段": "3"},
            7_005,
            ["第三条", "第三条第二款", "第三条第三款"],
        ),
    ],
)
def test_a_limit_is_added_to_and_held_within_its_bounds(
    tmp_path: Path, cell: dict[str, str], fen: int, articles: list[str]
) -> None:
    program = compiled(tmp_path, **cell)
    assert figure_of(program, "年度起付") == fen
    assert articles_of(program, "年度起付") == articles


@pytest.mark.parametrize(
    ("cell", "percent", "articles"),
    [
        ({}, 70, ["第四条"]),
        ({"医院级别": "三级"}, 50, ["第四条"]),
        ({"医院级别": "三级", "参保状态": "退休"}, 85, ["第四条", "第四条第二款"]),
        # 105 % is the whole; 50 - 55 is nothing; 70 + 35 - 55 is 50.
        ({"参保状态": "退休"}, 100, ["第四条", "第四条第二款"]),
        ({"医院级别": "三级", "异地": "已备案"}, 0, ["第四条", "第四条第三款"]),
        ({"参保状态": "退休", "异地": "已备案"}, 50, ["第四条", "第四条第二款", "第四条第三款"]),
    ],
)
def test_a_rate_is_added_to_and_stays_between_nothing_and_the_whole(
    tmp_path: Path, cell: dict[str, str], percent: int, articles: list[str]
) -> None:
    program = compiled(tmp_path, **cell)
    assert figure_of(program, "rate") == percent * 10_000
    assert articles_of(program, "rate") == articles


@pytest.mark.parametrize(
    ("year", "cell", "settings", "fen", "articles"),
    [
        # 2 % of 80,001 of the year before is 1,600.02, to the yuan 1,600.
        (2023, {}, {}, 160_000, ["第五条", "第一条"]),
        (2022, {}, {}, 140_000, ["第五条", "第一条"]),
        (2024, {}, {}, pour.OPEN, ["第五条"]),
        (2024, {}, {"wage": "90000"}, 180_000, ["第五条"]),
        (2024, {}, {"wage.2023": "100000"}, 200_000, ["第五条"]),
        # Of the year that counts, before one for all years; another year's is none.
        (2024, {}, {"wage.2023": "100000", "wage": "90000"}, 200_000, ["第五条"]),
        (2024, {}, {"wage.2024": "100000"}, pour.OPEN, ["第五条"]),
        (2023, {}, {"wage.2022": "100000"}, 200_000, ["第五条"]),
        # 1,600 x 33.33 % = 533.28.
        (2023, {"异地": "未备案"}, {}, 53_328, ["第五条", "第一条", "第五条第二款"]),
    ],
)
def test_a_limit_by_the_statistic_of_the_year_before(
    tmp_path: Path,
    year: int,
    cell: dict[str, str],
    settings: dict[str, str],
    fen: int,
    articles: list[str],
) -> None:
    program = compiled(tmp_path, settings=settings, year=year, **cell)
    assert figure_of(program, "年度支付") == fen
    assert articles_of(program, "年度支付") == articles
    if fen == pour.OPEN:
        assert list(program.opens.values()) == ["wage.2023"]


@pytest.mark.parametrize(
    ("settings", "percent", "supplied"),
    [
        ({}, -1, ()),
        ({"rate": "40%"}, 40, ("rate",)),
        ({"rate.1": "50%", "rate": "40%"}, 50, ("rate.1",)),
        ({"rate.1.active": "60%", "rate.1": "50%", "rate": "40%"}, 60, ("rate.1.active",)),
        ({"rate.1.retired": "60%", "rate.2": "50%", "rate": "40%"}, 40, ("rate",)),
        ({"rate.1.retired": "60%", "rate.2": "50%"}, -1, ()),
        ({"rate.1.active": "0%"}, 0, ("rate.1.active",)),
    ],
)
def test_the_figure_supplied_for_the_cell_counts_before_that_for_many(
    tmp_path: Path, settings: dict[str, str], percent: int, supplied: tuple[str, ...]
) -> None:
    program = compiled(tmp_path, "慢性病", settings)
    wanted = percent * 10_000 if percent >= 0 else pour.OPEN
    assert figure_of(program, "rate") == wanted
    assert next(iter(program.steps.values())).rate.supplied == supplied
    assert list(program.opens.values()) == ([] if percent >= 0 else ["rate.1.active"])


@pytest.mark.parametrize(
    ("way", "numerator", "whole"),
    [
        ("四舍五入", 149, 1),
        ("四舍五入", 150, 2),
        ("舍去", 199, 1),
        ("舍去", 200, 2),
        ("进一", 101, 2),
        ("进一", 100, 1),
        ("进一", 0, 0),
        ("舍去", 0, 0),
    ],
)
def test_every_way_of_rounding(way: str, numerator: int, whole: int) -> None:
    assert round_by(way, numerator, 100) == whole


GATES = """\
门槛:
  依法: {当: {依法不予支付: 是}, 拒付: excluded_by_law, 依据: 第八条}
  住院: {当: {住院期间: 是}, 拒付: inpatient_stay, 依据: 第七条}
  定点: {当: {定点: 否, 转诊: 否}, 拒付: not_designated, 依据: 第六条}
  享受: {当: {待遇享受期内: 否}, 适用: 普通门诊, 拒付: outside_benefit_period, 依据: 第五条}
  再住院: {当: {住院期间: 是}, 拒付: inpatient_stay, 依据: 第九条}
  保健: {当: {保健美容: 是}, 适用: 普通门诊, 拒付: wellness, 依据: 第十条}
待遇:
  普通门诊:
    依据: 第一条
    层: [{名称: 普通门诊, 代号: ordinary, 支付比例: {比例: 50%, 依据: 第一条}}]
  慢性病:
    依据: 第一条
    层: [{名称: 慢性病, 代号: chronic, 支付比例: {比例: 50%, 依据: 第一条}}]
"""


@pytest.mark.parametrize(
    ("row", "refusal", "article"),
    [
        ({}, "", ""),
        ({"excluded_by_law": "是"}, "excluded_by_law", "第八条"),
        # Of several the first in the order of refusals, wherever it stands in the file.
        ({"excluded_by_law": "是", "inpatient": "是"}, "inpatient_stay", "第七条"),
        ({"designated": "否", "inpatient": "是"}, "not_designated", "第六条"),
        ({"designated": "否", "referred": "是"}, "", ""),
        ({"designated": "否", "referred": "是", "inpatient": "是"}, "inpatient_stay", "第七条"),
        ({"in_benefit_period": "否", "designated": "否"}, "outside_benefit_period", "第五条"),
        # What holds for one benefit only says nothing of another; the nation's law holds for all.
        ({"wellness": "是"}, "wellness", "第十条"),
        ({"wellness": "是", "benefit": "chronic"}, "", ""),
        ({"wellness": "是", "benefit": "chronic", "inpatient": "是"}, "inpatient_stay", "第七条"),
        ({"in_benefit_period": "否", "benefit": "chronic"}, "outside_benefit_period", "第三十条"),
        ({"third_party": "是"}, "third_party", "第三十条第一款（二）"),
        ({"third_party": "是", "advance": "是"}, "", ""),
    ],
)
def test_the_first_gate_in_order_of_precedence_refuses_with_its_own_article(
    tmp_path: Path, row: dict[str, str], refusal: str, article: str
) -> None:
    area = Areas(library(tmp_path, GATES)).area(AREA)
    given = {"date": "2023-03-01", "status": "active", "total": "100"} | row
    visit = read_visit(given, area.law(parse_day("2023-03-01")))
    result = settle(area, visit, Meters(area.layout))
    assert result.refusal == refusal
    assert (result.gate.cite.article if result.gate else "") == article
    assert result.pool_fen == (0 if refusal else 5_000)


def test_a_visit_rests_only_on_the_layers_that_it_reached(tmp_path: Path) -> None:
    """None, the first, both, and the tail; routes come first, every article once."""
    text = """\
待遇:
  普通门诊:
    依据: 第一条
    层:
      - {名称: 一, 代号: one, 支付比例: {比例: 50%, 依据: 第一条},
         最高支付限额: [{计量: 支付, 金额: 10元, 依据: 第二条}]}
      - {名称: 二, 代号: two, 支付比例: {比例: 60%, 依据: 第三条}}
补充:
  补助:
    依据: 第四条
    层: [{名称: 补助, 代号: aid, 付款方: 大病保险, 支付比例: {比例: 10%, 依据: 第一条}}]
转归:
  急诊: {待遇: 急诊抢救, 按: 普通门诊, 依据: 第五条}
计量:
  支付: {代号: year_paid, 量: 支付, 期: 年}
"""
    area = Areas(library(tmp_path, text)).area(AREA)
    law = area.law(parse_day("2023-03-01"))
    program = Compiler(law, area.layout, 2023).program("急诊抢救", {})
    told = {
        (0, 0): "第五条",
        (1, 0): "第五条、第一条、第二条",
        (2, 0): "第五条、第一条、第二条、第三条",
        (9, 9): "第五条、第一条、第二条、第三条、第四条",
        (1, 1): "第五条、第一条、第二条、第四条",
    }
    for (reached, tails), articles in told.items():
        found = show_articles(citations(program, reached, tails))
        assert found == f"某政〔2023〕1号 {articles}", (reached, tails)


def test_a_level_that_is_not_given_is_asked_for_where_a_figure_needs_it(tmp_path: Path) -> None:
    """And a share supplied by level is no share without one."""
    area = Areas(library(tmp_path, TEXT), everywhere={"rate.1": "40%"}).area(AREA)
    law = area.law(parse_day("2023-03-01"))
    for benefit in ("ordinary", "chronic"):
        row = {"date": "2023-03-01", "status": "active", "total": "1000", "benefit": benefit}
        with pytest.raises(Refusal) as refusal:
            settle(area, read_visit(row, law), Meters(area.layout))
        assert (refusal.value.code, refusal.value.field) == ("level_missing", "level")
