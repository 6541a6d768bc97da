"""A made-up law with a figure of every kind: what is listed of it, what it comes to, what its
register misses, each row by hand."""

from collections.abc import Callable
from pathlib import Path

import pytest

from gongji.law.checks.library import Library
from gongji.law.compile.citations import Cite
from gongji.law.engine.area import Area
from gongji.law.engine.areas import Areas
from gongji.law.report.compare import CHANGED, ONLY_LEFT, ONLY_RIGHT, SAME, articles, compare
from gongji.law.report.curve import curves
from gongji.law.report.effects import effects
from gongji.law.report.law_figures import figures
from gongji.law.report.register import Entry, entries, problems
from gongji.units import parse_day
from made_rulebooks import AREA, head, library, write

DAY = parse_day("2023-03-01")
TEXT = """\
计量:
  本笔账户: {代号: bill_account, 量: 支付, 期: 笔}
  年度起付: {代号: year_deductible, 量: 起付, 期: 年}
  年度费用: {代号: year_cost, 量: 费用, 期: 年}
  年度支付: {代号: year_paid, 量: 支付, 期: 年}
  另一支付: {代号: other_paid, 量: 支付, 期: 年}
参数:
  平均工资: {代号: average_wage, 单位: 元, 依据: 第一条, 说明: 公布, 各年: {"2022": 80000元}}
  限额: {代号: ceiling, 单位: 元, 依据: 第一条, 说明: 另定}
门槛:
  非定点: {当: {定点: 否}, 拒付: not_designated, 依据: 第二条}
  限级别: {当: {医院级别: 一级}, 适用: 特殊病, 拒付: level_too_low, 依据: 第三条}
待遇:
  普通门诊:
    依据: 第四条
    层:
      - 名称: 当年账户
        代号: account
        付款方: 个人账户
        支付比例: {比例: 100%, 依据: 第四条}
        最高支付限额: [{计量: 本笔账户, 金额: {事实: 当年账户}, 依据: 第四条}]
      - 名称: 普通门诊
        代号: ordinary
        起付标准: [{计量: 年度起付, 金额: 不设, 依据: 第五条}]
        费用段: [{计量: 年度费用, 金额: 5000元, 依据: 第六条}]
        支付比例:
          比例: {按: 参保状态, 在职: 50%, 退休: 60%}
          依据: 第七条
          增减: [{当: {医院级别: 三级}, 加: -5个百分点, 依据: 第七条第二款}]
        最高支付限额:
          - {计量: 年度支付, 金额: {指数: 平均工资, 年: -1, 比例: 2%, 取整: 元}, 依据: 第八条}
          - {计量: 另一支付, 金额: 不限, 依据: 第八条}
  特殊病:
    依据: 第九条
    先行自付: {比例: 10%, 依据: 第九条第二款}
    层:
      - 名称: 特殊病
        代号: special
        支付比例: {比例: {按: 医院级别, 一级: 70%, 二级: 80%, 三级: 80%}, 依据: 第九条}
        最高支付限额: [{计量: 另一支付, 金额: {参数: 限额}, 依据: 第九条}]
"""


@pytest.fixture
def area(tmp_path: Path) -> Area:
    return Areas(library(tmp_path, TEXT)).area(AREA)


def test_every_kind_of_figure_comes_to_what_it_is(area: Area) -> None:
    """No deductible, no limit, an amount of the visit, by a statistic, open, added to and so on;
    facts that make no difference are left out."""
    found = {
        (place[0], place[1], place[2], place[3]): {
            where: effect.text for where, effect in table.cells.items() if effect
        }
        for place, table in effects(area, area.law(DAY), DAY).items()
    }
    ordinary = {
        ("account", "支付比例", ""): {(): "100%"},
        ("account", "最高支付限额", "bill_account"): {(): "随就诊给出"},
        ("ordinary", "起付标准", "year_deductible"): {(): "不设"},
        ("ordinary", "费用段", "year_cost"): {(): "5,000.00 元"},
        ("ordinary", "最高支付限额", "year_paid"): {(): "1,600.00 元"},
        ("ordinary", "最高支付限额", "other_paid"): {(): "不限"},
        ("", "不予支付", "not_designated"): {(): "不予支付"},
    }
    for place, cells in ordinary.items():
        assert found["普通门诊", *place] == cells, place
    rates = found["普通门诊", "ordinary", "支付比例", ""]
    assert {
        (dict(where)["参保状态"], dict(where)["医院级别"]): text for where, text in rates.items()
    } == {
        ("在职", "无"): "50%",
        ("在职", "一级"): "50%",
        ("在职", "二级"): "50%",
        ("在职", "三级"): "45%",
        ("退休", "无"): "60%",
        ("退休", "一级"): "60%",
        ("退休", "二级"): "60%",
        ("退休", "三级"): "55%",
        ("在职", "药店"): "50%",
        ("退休", "药店"): "60%",
    }
    assert found["特殊病", "special", "最高支付限额", "other_paid"] == {(): "未定（ceiling）"}
    assert found["特殊病", "", "先行自付", ""] == {(): "10%"}
    # A gate that refuses one level only is said of that level only.
    assert found["特殊病", "", "不予支付", "level_too_low"] == {(("医院级别", "一级"),): "不予支付"}
    assert found["特殊病", "special", "支付比例", ""] == {
        (("医院级别", "一级"),): "70%",
        (("医院级别", "二级"),): "80%",
        (("医院级别", "三级"),): "80%",
    }


def test_an_effect_names_every_article_that_makes_it(area: Area) -> None:
    """The rate of level 3 rests on its table and on what is taken off."""
    table = effects(area, area.law(DAY), DAY)["普通门诊", "ordinary", "支付比例", ""]
    by_level = {dict(where)["医院级别"]: effect for where, effect in table.cells.items() if effect}
    assert [cite.article for cite in by_level["三级"].cites] == ["第七条", "第七条第二款"]
    assert [cite.article for cite in by_level["二级"].cites] == ["第七条"]


def test_only_what_nobody_gives_is_marked_as_open(area: Area) -> None:
    """A statistic by years is none, nor is an amount of the visit."""
    found = {(f.provision, f.item): f for f in figures(area.law(DAY))}
    by_wage = found["待遇.普通门诊", "普通门诊 · 最高支付限额 · 年度支付"]
    own = next(book.own for book in area.law(DAY).books if book.own)
    assert (by_wage.open, by_wage.marks) == ("", f"演示（自备 {own}）")
    open_ = found["待遇.特殊病", "特殊病 · 最高支付限额 · 另一支付"]
    assert (open_.open, open_.marks) == ("ceiling", f"未定：ceiling；演示（自备 {own}）")
    assert found["参数.平均工资", ""].text == "80000元"
    assert found["参数.平均工资", ""].where == (("年度", "2022"),)
    assert found["参数.限额", ""].text == "未定"


def test_two_days_are_compared_each_by_its_own_law(tmp_path: Path) -> None:
    """What is equal, what changed, what one side says, each with its own article."""
    first = "期限:\n  手工报销: {事项: 手工报销, 截止: 当年12月31日, 依据: 第九条}\n"
    write(tmp_path, head() + TEXT + first)
    later = head(
        "2024-01-01", "某政〔2024〕9号", "  替换: [门槛.限级别, 待遇.特殊病, 期限.手工报销]\n"
    )
    special = """\
待遇:
  特殊病:
    依据: 第十九条
    层:
      - 名称: 特殊病
        代号: special
        支付比例: {比例: 80%, 依据: 第十九条}
门槛:
  级别不足: {当: {医院级别: 一级}, 适用: 普通门诊, 拒付: level_too_low, 依据: 第十三条}
"""
    write(tmp_path, later + special, "2024-01-01")
    area = Areas(Library([tmp_path])).area(AREA, {"average_wage": "80000"})
    rows = compare(area, DAY, area, parse_day("2024-01-01"))
    found = {(r.subject, r.item, r.where): r for r in rows}
    special_rate = "支付比例 · 特殊病"
    one = found["待遇.特殊病", special_rate, (("医院级别", "一级"),)]
    assert (one.mark, one.left, one.right) == (CHANGED, "70%", "80%")
    assert (one.left_articles, one.right_articles) == (
        "某政〔2023〕1号（演示、自备） 第九条",
        "某政〔2024〕9号（演示、自备） 第十九条",
    )
    assert found["待遇.特殊病", special_rate, (("医院级别", "二级"),)].mark == SAME
    gone = found["待遇.特殊病", "先行自付", ()]
    assert (gone.mark, gone.left, gone.right, gone.right_articles) == (ONLY_LEFT, "10%", "", "")
    gate = next(
        r
        for r in rows
        if r.subject == "待遇.普通门诊"
        and "级别" in str(r.where)
        and r.left == ""
        and r.right == "不予支付"
    )
    assert (gate.mark, gate.left_articles) == (ONLY_RIGHT, "")
    assert gate.right_articles == "某政〔2024〕9号（演示、自备） 第十三条"
    deadline = next(r for r in rows if r.subject == "期限.手工报销")
    assert (deadline.mark, deadline.right) == (ONLY_LEFT, "")
    back = compare(area, parse_day("2024-01-01"), area, DAY)
    assert sum(r.mark == ONLY_RIGHT for r in back) == sum(r.mark == ONLY_LEFT for r in rows)


def test_articles_are_told_by_document_each_once() -> None:
    """And what is not official says so."""
    cites = [
        Cite("甲", "第一条", "", 1, "官方"),
        Cite("乙", "第一条", "", 1, "非官方"),
        Cite("甲", "第二条", "", 1, "官方"),
        Cite("甲", "第一条", "", 9, "官方"),
    ]
    assert articles(tuple(cites)) == "甲 第一条、第二条；乙（非官方） 第一条"


REGISTER = """\
条文:
  第一条: {处置: 不涉及计算, 说明: 目的}
  第二条: {处置: 规则, 说明: 门诊, 键: [待遇.普通门诊, 文件.施行]}
  第三条: {处置: 流程, 说明: 结算, 模块: settlement、review, 已建: [settlement]}
"""
ONE = """\
待遇:
  普通门诊:
    依据: 第二条
    层: [{名称: 普通门诊, 代号: ordinary, 支付比例: {比例: 50%, 依据: 第二条}}]
"""

MISTAKES: list[tuple[str, Callable[[str], str], str, str]] = [
    ("a register that is right", lambda t: t, "", ""),
    (
        "an article passed over",
        lambda t: t.replace("第二条: {处置", "第四条: {处置"),
        "条文",
        "缺少第二条",
    ),
    (
        "the article before the last passed over",
        lambda t: t.replace("第三条", "第四条"),
        "条文",
        "缺少第三条",
    ),
    (
        "the first passed over",
        lambda t: t.replace("  第一条: {处置: 不涉及计算, 说明: 目的}\n", ""),
        "条文",
        "缺少第一条",
    ),
    (
        "a key that is no provision",
        lambda t: t.replace("文件.施行", "待遇.慢性病"),
        "条文.第二条",
        "没有这项规定“待遇.慢性病”",
    ),
    (
        "a provision nobody answers for",
        lambda t: t.replace("待遇.普通门诊, ", ""),
        "待遇.普通门诊",
        "没有一条条文写明这项规定",
    ),
    (
        "a room that does not exist",
        lambda t: t.replace("settlement、review", "settlement、cellar"),
        "条文.第三条",
        "不认识的模块“cellar”",
    ),
    (
        "built, but not its room",
        lambda t: t.replace("[settlement]", "[ledger]"),
        "条文.第三条",
        "已建的模块“ledger”不在模块之中",
    ),
    (
        "a rule without its key",
        lambda t: t.replace("第三条: {处置: 流程, 说明: 结算,", "第三条: {处置: 规则, 说明: 结算,"),
        "条文.第三条",
        "处置为规则的条文须写明所在的键",
    ),
    (
        "a workflow without its room",
        lambda t: t.replace(", 模块: settlement、review, 已建: [settlement]", ""),
        "条文.第三条",
        "处置为流程的条文须写明承担它的模块",
    ),
    (
        "nothing to compute, and a key",
        lambda t: t.replace("说明: 目的", "说明: 目的, 键: [文件.施行]"),
        "条文.第一条",
        "不涉及计算的条文不应有键或模块",
    ),
    (
        "nothing to compute, and a room",
        lambda t: t.replace("说明: 目的", "说明: 目的, 模块: ledger"),
        "条文.第一条",
        "不涉及计算的条文不应有键或模块",
    ),
]


@pytest.mark.parametrize(
    ("change", "key", "words"), [row[1:] for row in MISTAKES], ids=[row[0] for row in MISTAKES]
)
def test_every_mistake_of_a_register_is_found(
    tmp_path: Path, change: Callable[[str], str], key: str, words: str
) -> None:
    """That mistake and no other, at the article or provision concerned."""
    text = change(REGISTER)
    assert (text == REGISTER) == (not key)
    path = write(tmp_path, head() + ONE + text)
    found = problems(Library([tmp_path]).book(path))
    told = [(problem.key, problem.message.split("；")[0]) for problem in found]
    assert told == ([(key, words)] if key else [])
    lines = path.read_text().splitlines()
    for problem in found:
        name = problem.key.split(".")[-1]
        assert name in lines[problem.line - 1] + lines[problem.line - 2]


def test_what_is_built_of_a_workflow_is_told_room_by_room(tmp_path: Path) -> None:
    library(tmp_path, ONE, REGISTER)
    found = {entry.name: entry for entry in entries(Library([tmp_path]), AREA)}
    assert found["第三条"].workflow == "结算 settlement（已建）、审核 review（未建）"
    assert found["第三条"].rooms == ("settlement", "review")
    assert found["第一条"].workflow == ""
    assert all(isinstance(entry, Entry) for entry in found.values())


def test_a_curve_has_its_last_point_at_the_end_asked_for(area: Area) -> None:
    """480 steps from nothing to 10,000 yuan; the account's money is not the pool's."""
    row = {"date": "2023-03-01", "benefit": "ordinary"}
    found = curves(area, area.law(DAY), row, 1_000_000)
    line = next(c for c in found if c.status == "active" and "二级" in c.levels)
    assert line.levels == ("一级", "二级")
    assert line.points[0] == (0, 0) and line.points[-1] == (1_000_000, 160_000)
    assert len(line.points) == 481
    # 5,000 of cost at 50 % are 2,500, but the ceiling is 1,600, reached at 3,200.
    paid = dict(line.points)
    assert paid[300_000] == 150_000 and paid[325_000] == 160_000
