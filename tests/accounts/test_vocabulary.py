"""What a rulebook can say of accounts and clearing by YAML alone, and its mistakes."""

from pathlib import Path

import pytest

from gongji.law.accounts import clear, credit, deadline
from gongji.law.accounts.account_examples import run_example
from gongji.law.accounts.check_accounts import problems, sound, without_uses
from gongji.law.accounts.clearing import HEADS
from gongji.law.accounts.explain_accounts import explain_credit
from gongji.law.checks.library import Library
from gongji.law.engine.areas import Areas
from gongji.refusals import Refusal, RulebookError
from gongji.units import parse_day

HEAD = """
文件:
  名称: 某市门诊共济办法
  文号: 某政〔2023〕1号
  统筹区: "629900"
  地名: 某市
  施行: 2023-01-01
  来源: 演示
  出处: 测试
"""
CREDITS = """
事实:
  账户年龄段:
    取自: 年龄
    段: {四十五岁以下: 0, 四十五岁及以上: 45}
    依据: 第二条
参数:
  缴费基数下限: {代号: base_floor, 单位: 元, 依据: 第二条, 说明: 每年公布, 值: 5182元}
  平均工资: {代号: average_wage, 单位: 元, 依据: 第二条, 说明: 公布, 各年: {"2022": 80000元}}
划入:
  在职人员:
    当: {参保状态: 在职}
    标准:
      比例: {按: 账户年龄段, 四十五岁以下: 2%, 四十五岁及以上: 2.5%}
      基数: 缴费基数
      基数下限: {参数: 缴费基数下限}
      基数上限: 20000元
    资金: 个人缴费
    依据: 第二条
  退休人员:
    当: {参保状态: 退休, 改革前有账户: 是}
    标准: {指数: 平均工资, 年: -1, 比例: 0.1%, 取整: 元}
    资金: 统筹基金
    依据: 第三条
"""
CLEARING = """
计量:
  普通统筹: {代号: ordinary_paid, 量: 支付, 期: 年}
待遇:
  普通门诊:
    依据: 第五条
    层:
      - 名称: 普通门诊
        代号: ordinary
        支付比例: {比例: 50%, 依据: 第五条}
        最高支付限额: [{计量: 普通统筹, 金额: 600元, 依据: 第五条}]
付费:
  人头:
    方式: 按人头付费
    定额: {限额: 普通门诊, 比例: 50%, 依据: 第六条}
    依据: 第六条
清算:
  年度:
    付费: 人头
    依据: 第七条
    分档:
      - {使用率: 0%, 留用: 20%, 依据: 第七条}
      - {使用率: 90%, 留用: 60%, 依据: 第七条}
    超支: 定点医疗机构承担
    超支依据: 第八条
期限:
  手工报销: {事项: 手工报销, 截止: 当年12月31日, 依据: 第九条}
"""


DIRECT = "直接结算率: {{低于: 90%, 每低: {}, 降低: {}, 依据: 第七条}}"


def library(folder: Path, text: str) -> Library:
    """A library with one more area."""
    path = folder / "620000" / "629900" / "2023-01-01.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(HEAD + text, encoding="utf-8")
    return Library([folder])


@pytest.mark.parametrize(
    ("row", "fen"),
    [
        # A wage of 4,000 counts as the floor of 5,182: 103.64; 6,000 x 2 % = 120.
        ({"status": "active", "base": "4000"}, 10_364),
        ({"status": "active", "base": "6000"}, 12_000),
        ({"status": "active", "base": "30000"}, 40_000),
        ({"status": "active", "base": "6000", "birth_date": "1978-05-31"}, 15_000),
        ({"status": "active", "base": "6000", "birth_date": "1978-06-01"}, 12_000),
        # 80,000 x 0.1 % = 80, from the wage of the year before.
        ({"status": "retired"}, 8_000),
        ({"status": "retired", "month": "2024-05"}, "parameter_missing"),
        ({"status": "retired", "had_account": "false"}, "not_eligible"),
    ],
)
def test_bounds_ages_and_indices(tmp_path: Path, row: dict[str, str], fen: int | str) -> None:
    """Bounds of the base, a rate by age, an amount by a dated index, people left out."""
    area = Areas(library(tmp_path, CREDITS)).area("629900")
    try:
        result = credit(area, {"area": "629900", "month": "2023-05"} | row)
        found = result.refusal or result.credit_fen
    except Refusal as refusal:
        found = refusal.code
    assert found == fen


def test_a_bound_that_counts_is_explained(tmp_path: Path) -> None:
    """The base given and the base that counts, with their article."""
    area = Areas(library(tmp_path, CREDITS)).area("629900")
    row = {"area": "629900", "month": "2023-05", "status": "active", "base": "4000"}
    lines = explain_credit(credit(area, row)).lines()
    assert "缴费基数4,000.00元低于下限，按5,182.00元。〔某政〔2023〕1号 第二条〕" in lines
    assert any(line.startswith("缴费基数5,182.00元×2%，划入个人账户103.64元") for line in lines)
    assert any(line.startswith("【演示】") for line in lines)


def test_another_areas_clearing(tmp_path: Path) -> None:
    """Other shares and bands, no rule on direct settlement, a deadline inside the year."""
    area = Areas(library(tmp_path, CLEARING)).area("629900")
    row = {"area": "629900", "year": "2023", "direct_settled": "0", "settled": "10"}
    row |= dict.fromkeys(HEADS, "2")
    # 600 x 50 % x 2 / 12 = 50 a month; 540 of 600 is 90 %.
    assert clear(area, row | {"spent": "539.99"}).kept_fen == 1_200
    assert clear(area, row | {"spent": "540"}).kept_fen == 3_600
    day = parse_day("2023-05-01")
    assert deadline(area.law(day), day).last_day == parse_day("2023-12-31")


def test_an_area_without_credits_says_so(tmp_path: Path) -> None:
    """A document that does not rule credits or deadlines is no zero."""
    area = Areas(library(tmp_path, "就医: {药店: {药店级别: 药店, 依据: 第一条}}")).area("629900")
    with pytest.raises(Refusal) as refusal:
        credit(area, {"area": "629900", "month": "2023-05", "status": "retired"})
    assert refusal.value.code == "not_ruled"
    with pytest.raises(Refusal) as refusal:
        deadline(area.law(parse_day("2023-05-01")), parse_day("2023-05-01"))
    assert refusal.value.code == "not_ruled"


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("使用率: 90%", "使用率: 0%", "逐档升高"),
        ("使用率: 0%", "使用率: 5%", "从 0% 起"),
        ("留用: 60%", "留用: 160%", "在 0% 与 100% 之间"),
        ("比例: 50%, 依据: 第六条", "比例: -5%, 依据: 第六条", "在 0% 与 100% 之间"),
        ("    超支依据", f"    {DIRECT.format('0%', '1%')}\n    超支依据", "须大于零"),
        ("    超支依据", f"    {DIRECT.format('1%', '101%')}\n    超支依据", "在 0% 与 100% 之间"),
        ("付费: 人头\n", "付费: 人次\n", "“人次”不是有定额的付费；可取：人头"),
        ("金额: 600元", "金额: 不限", "没有对所有人相同的年度最高支付限额"),
        ("金额: 600元", "金额: {按: 参保状态, 在职: 600元, 退休: 700元}", "没有对所有人相同"),
        (", 截止: 当年12月31日", "", "受理的须写明“截止”"),
    ],
)
def test_sections_that_do_not_hold_together(
    tmp_path: Path, before: str, after: str, message: str
) -> None:
    """Each mistake has its line and says what to do."""
    assert before in CLEARING
    area = Areas(library(tmp_path, CLEARING.replace(before, after))).area("629900")
    (problem,) = problems(area.law(parse_day("2023-05-01")))
    assert message in problem.message and problem.line > 1
    with pytest.raises(RulebookError):
        sound(area)


def test_a_credit_by_a_fact_that_no_roster_has(tmp_path: Path) -> None:
    """A level of hospital says nothing of a month."""
    text = CREDITS.replace(
        "按: 账户年龄段, 四十五岁以下: 2%, 四十五岁及以上: 2.5%",
        "按: 医院级别, 一级: 2%, 二级: 2%, 三级: 2%",
    )
    found = problems(Areas(library(tmp_path, text)).area("629900").law(parse_day("2023-05-01")))
    assert ["名册没有事实“医院级别”" in problem.message for problem in found] == [True]


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("截止: 当年12月31日", "截止: 次年2月30日", "不是每年都有的日子"),
        ("截止: 当年12月31日", "截止: 2024-03-31", "次年3月31日 的样子"),
        ("使用率: 90%", "使用率: 0.9", "百分比"),
        ("方式: 按人头付费", "方式: 按人次付费", "按人头付费"),
    ],
)
def test_mistakes_of_form_are_found_while_loading(
    tmp_path: Path, before: str, after: str, message: str
) -> None:
    """What was written, and how it should be."""
    with pytest.raises(RulebookError) as error:
        Areas(library(tmp_path, CLEARING.replace(before, after))).area("629900")
    assert message in str(error.value)


EXAMPLES = """
示例:
  - 名称: 在职
    类别: 划入
    依据: 第二条
    行:
      - {月份: 2023-05, 参保状态: 在职, 缴费基数: 6000元, 期望: {划入: 120元, 资金: 个人缴费}}
      - {月份: 2023-05, 参保状态: 在职, 缴费基数: 6000元, 期望: {划入: 119元}}
      - {月份: 2023-05, 参保状态: 退休, 期望: {划入: 80元, 拒付: no_account}}
      - {月份: 2024-05, 参保状态: 退休, 期望: {划入: 80元}}
      - {月份: 2023-05, 身份: 退休, 期望: {划入: 80元}}
      - {月份: 2023-05, 参保状态: 退休}
      - {月份: {年: 2023}, 参保状态: 退休, 期望: {划入: 80元}}
      - {月份: 2023-05, 参保状态: 退休, 期望: {划入: {元: 80}}}
      - {月份: 2023-05, 参保状态: 退休, 期望: 80元}
"""


def test_examples_find_each_difference(tmp_path: Path) -> None:
    """An example that agrees is silent; the others are problems with their lines."""
    books = library(tmp_path, CREDITS + EXAMPLES)
    *_, book = books.books("629900")
    found = run_example(books, book, book.examples[0])
    assert [problem.message for problem in found] == [
        "划入期望 119元，结果 120.00元",
        "拒付期望 no_account，结果 ",
        "没有“划入”这一结果；有：拒付=parameter_missing",
        "期望划入，结果拒付 parameter_missing：缺少参数 average_wage.2023：平均工资（公布，"
        "某政〔2023〕1号 第二条）；可用 --set average_wage.2023=… 给出",
        "无法识别：不认识的键 身份；可取：月份、缴费基数、出生日期、退休手续、缴满年限、参保状态、"
        "缴费档次、待遇享受期内、按月补缴、改革前有账户",
        "每行应为键值表，并写明“期望”",
        "“月份”应写文字或列表，写成了键值表",
        "“划入”应写文字或列表，写成了键值表",
        "“期望”应为键值表",
    ]


def test_every_shipped_example_holds() -> None:
    """The worked examples of credits, clearing, deadlines and uses in every rulebook."""
    books = Library()
    kinds = []
    for path in books.files():
        book = books.book(path)
        for example in book.examples:
            if example.kind in ("划入", "清算", "期限", "用途"):
                kinds.append((book.head.area, example.kind))
                assert run_example(books, book, example) == []
    for area in ("430500", "445300", "510400", "530000", "530900", "532300"):
        assert {kind for code, kind in kinds if code == area} >= {"划入", "期限"}


USES = """
账户使用:
  就医费用: {用途: 医疗费用, 亲属: 本人, 地点: 定点医疗机构, 依据: 第四条}
"""


def test_credits_without_a_table_of_uses_are_asked_for_one(tmp_path: Path) -> None:
    day = parse_day("2023-05-01")
    bare = Areas(library(tmp_path / "bare", CREDITS)).area("629900").law(day)
    (found,) = without_uses(bare)
    assert found.key == "划入.在职人员" and "账户使用" in found.message
    full = Areas(library(tmp_path / "full", CREDITS + USES)).area("629900").law(day)
    none = Areas(library(tmp_path / "none", CLEARING)).area("629900").law(day)
    assert [*without_uses(full), *without_uses(none)] == []
