"""Accounts at their edges: first and last months and days, bands to the fen, every ban for every
relation, what each sentence says of whom."""

from pathlib import Path

import pytest

from gongji.law.accounts import clear, credit, deadline, use
from gongji.law.accounts.account_files import Accrual, months_between
from gongji.law.accounts.clearing import HEADS
from gongji.law.accounts.duties import clashes, reviews
from gongji.law.accounts.explain_accounts import explain_credit, explain_statement
from gongji.law.checks.library import Library
from gongji.law.engine.area import Area
from gongji.law.engine.areas import Areas
from gongji.law.rulebook.account_provisions import RELATIONS
from gongji.law.rulebook.law import Law
from gongji.refusals import Refusal
from gongji.units import date_of, parse_day
from made_rulebooks import AREA, head, library, write

LIBRARY = Library()
SY, YF, PZ, CX = "430500", "445300", "510400", "532300"

OLD = """\
缴费:
  单位缴费: {缴费人: 用人单位, 去向: 统筹基金, 费率: 6%, 依据: 第一条}
  个人缴费: {缴费人: 个人, 去向: 个人账户, 费率: 2%, 依据: 第一条}
  大额缴费: {缴费人: 用人单位, 去向: 统筹基金, 费率: 0.5%, 依据: 第一条}
划入:
  在职人员:
    当: {参保状态: 在职}
    标准: {比例: 2%, 基数: 缴费基数, 基数下限: 5000元, 基数上限: 20000元}
    资金: 个人缴费
    依据: 第二条
  退休人员: {当: {参保状态: 退休}, 标准: 80元, 资金: 统筹基金, 自: 2023-07, 依据: 第三条}
退休起算:
  划入: {用于: 划入, 事件: 退休手续, 起: 次月, 依据: 第四条}
"""
NEW = """\
划入:
  退休人员: {当: {参保状态: 退休}, 标准: 95元, 资金: 统筹基金, 依据: 第九条}
"""


@pytest.fixture
def area(tmp_path: Path) -> Area:
    """An area whose credits of retirees change on 15 March 2024."""
    write(tmp_path, head() + OLD)
    later = head("2024-03-15", "某政〔2024〕3号", "  替换: [划入.退休人员]\n")
    write(tmp_path, later + NEW, "2024-03-15")
    return Areas(Library([tmp_path])).area(AREA)


def retired(area: Area, month: str, **more: str) -> int | str:
    """The credit of a retiree in fen, or the code of what is against it."""
    row = {"area": area.code, "month": month, "status": "retired"} | more
    try:
        return credit(area, row).credit_fen
    except Refusal as refusal:
        return refusal.code


@pytest.mark.parametrize(
    ("month", "fen"),
    [
        ("2022-12", "date_outside"),
        ("2023-06", "date_outside"),
        ("2023-07", 8_000),
        ("2024-02", 8_000),
        # The law of the first day: what begins on the 15th is for April.
        ("2024-03", 8_000),
        ("2024-04", 9_500),
        ("2023-07-31", 8_000),
        ("2023-00", "value_invalid"),
        ("2023-13", "value_invalid"),
        ("2023-09-31", "value_invalid"),
        ("2023-7", 8_000),
        ("2023-7-", "value_invalid"),
        ("2023-07-", "value_invalid"),
        ("2023-12", 8_000),
    ],
)
def test_a_month_is_credited_by_the_law_of_its_first_day(
    area: Area, month: str, fen: int | str
) -> None:
    assert retired(area, month) == fen


@pytest.mark.parametrize(
    ("event", "month", "fen"),
    [
        ("2023-12", "2023-12", 10_000),
        ("2023-12", "2024-01", 8_000),
        ("2023-11", "2023-12", 8_000),
        ("2024-01", "2023-12", 10_000),
    ],
)
def test_a_retiree_is_credited_from_the_month_after_also_over_new_year(
    area: Area, event: str, month: str, fen: int
) -> None:
    """Until then 2 % of the floor of 5,000."""
    assert retired(area, month, retired_month=event, base="0") == fen


@pytest.mark.parametrize(
    ("base", "fen", "pool", "said"),
    [
        ("4999.99", 10_000, 32_500, "缴费基数4,999.99元低于下限，按5,000.00元。"),
        ("5000", 10_000, 32_500, ""),
        ("20000", 40_000, 130_000, ""),
        ("20000.01", 40_000, 130_000, "缴费基数20,000.01元高于上限，按20,000.00元。"),
    ],
)
def test_a_base_at_its_bounds_and_which_contributions_go_to_the_pool(
    area: Area, base: str, fen: int, pool: int, said: str
) -> None:
    """The two of the employer, 6.5 %; the person's own 2 % is no money of the pool."""
    row = {"area": AREA, "month": "2023-01", "status": "active", "base": base}
    result = credit(area, row)
    assert (result.credit_fen, result.pool_fen) == (fen, pool)
    text = explain_credit(result).as_text()
    assert (said in text) if said else ("下限" not in text and "上限" not in text)
    assert "单位缴费、大额缴费按缴费基数的6.5%" in text


def test_rows_that_differ_in_anything_but_the_base_do_not_share_a_credit() -> None:
    """The same person-month with another event, status or birth date is another case."""
    job = Accrual(Areas((), {}))
    rows = [
        {"person": "甲", "retired_month": "2023-05"},
        {"person": "乙", "retired_month": "2023-04"},
        {"person": "丙", "status": "active"},
        {"person": "丁"},
        {"person": "戊", "had_account": "false"},
        {"person": "己", "retired_month": "2023-05", "base": "4100"},
    ]
    ordinary = {"area": SY, "month": "2023-05", "status": "retired", "base": "4000"}
    found = [next(job.answers(ordinary | row)).fen for row in rows]
    assert found == [8_000, 7_500, 8_000, 7_500, 0, 8_200]


@pytest.mark.parametrize(
    ("first", "last", "months"),
    [
        ("2023-05", "2023-05", ["2023-05"]),
        ("2023-11", "2024-02", ["2023-11", "2023-12", "2024-01", "2024-02"]),
    ],
)
def test_the_first_and_the_last_month_asked_for_are_both_credited(
    first: str, last: str, months: list[str]
) -> None:
    assert list(months_between(first, last)) == months


def test_a_last_month_before_the_first_is_refused() -> None:
    with pytest.raises(Refusal) as refusal:
        months_between("2023-05", "2023-04")
    assert (refusal.value.code, refusal.value.field) == ("value_invalid", "--to")


BANS = {
    SY: (("public_health", "sport", "wellness"), "第十二条第二款"),
    YF: (("public_health", "sport", "wellness"), "第十二条"),
    PZ: (("public_health", "sport", "wellness"), "第五条第三款"),
    CX: (("public_health", "sport", "wellness", "check_up"), "第十一条"),
}


def law(code: str, day: str) -> Law:
    """The law of an area at a day."""
    return Areas(LIBRARY).area(code).law(parse_day(day))


@pytest.mark.parametrize("relation", RELATIONS.values())
@pytest.mark.parametrize("code", BANS)
def test_what_is_banned_is_banned_for_everybody_and_by_its_article(
    code: str, relation: str
) -> None:
    """Every ban of every area, for the owner and every relative, at a hospital."""
    uses, article = BANS[code]
    for asked in uses:
        found = use(law(code, "2023-05-01"), asked, relation, "hospital")
        assert found.refusal == "use_not_allowed" and "被明文排除" in found.sentence
        assert [ground.cite.article for ground in found.grounds] == [article]


USES = """\
账户使用:
  就医: {用途: [医疗费用, 健康体检], 亲属: [本人, 配偶], 地点: 定点医疗机构, 依据: 第一条,
    限政策范围内: 是}
  购药: {用途: [药品, 医疗费用], 亲属: 本人, 地点: 定点零售药店, 限国家编码: 是, 依据: 第二条}
  缴费: {用途: 居民医保缴费, 亲属: 子女, 依据: 第三条}
账户禁用:
  体检: {用途: 健康体检, 依据: 第四条}
账户绑定:
  家庭共济: {亲属: [配偶, 父母], 自愿: 是, 余额不足: 自付, 依据: 第五条}
"""


@pytest.mark.parametrize(
    ("asked", "relation", "place", "in_policy", "coded", "refusal", "article"),
    [
        ("care", "self", "hospital", True, True, "", "第一条"),
        ("care", "spouse", "hospital", True, True, "", "第一条"),
        ("care", "self", "hospital", True, False, "", "第一条"),
        ("care", "self", "hospital", False, True, "use_not_allowed", "第一条"),
        # Whoever may be bound to the account may be paid for only where the use says so.
        ("care", "parent", "hospital", True, True, "relation_not_allowed", "第一条"),
        ("care", "self", "pharmacy", False, True, "", "第二条"),
        ("care", "self", "pharmacy", False, False, "use_not_allowed", "第一条"),
        ("care", "spouse", "pharmacy", True, True, "relation_not_allowed", "第二条"),
        ("drugs", "self", "hospital", True, True, "use_not_allowed", "第一条"),
        ("drugs", "self", "other", True, True, "use_not_allowed", "第一条"),
        ("resident_premium", "child", "", True, True, "", "第三条"),
        ("resident_premium", "child", "other", False, False, "", "第三条"),
        ("resident_premium", "self", "", True, True, "relation_not_allowed", "第三条"),
        # A use that one rule allows and another bans is banned.
        ("check_up", "self", "hospital", True, True, "use_not_allowed", "第四条"),
        ("sport", "self", "", True, True, "use_not_allowed", "第一条"),
    ],
)
def test_use_relation_place_and_conditions_decide_together(
    tmp_path: Path,
    asked: str,
    relation: str,
    place: str,
    in_policy: bool,
    coded: bool,
    refusal: str,
    article: str,
) -> None:
    """The first article of the decision tells which rule it was."""
    made = Areas(library(tmp_path, USES)).area(AREA).law(parse_day("2023-05-01"))
    found = use(made, asked, relation, place, in_policy=in_policy, coded=coded)
    assert (found.refusal, found.grounds[0].cite.article) == (refusal, article)


@pytest.mark.parametrize("visit", ["2023-01-01", "2023-12-31"])
@pytest.mark.parametrize(
    ("until", "last", "day_after"),
    [
        ("当年12月31日", "2023-12-31", "2024-01-01"),
        ("次年3月31日", "2024-03-31", "2024-04-01"),
        ("次年2月28日", "2024-02-28", "2024-02-29"),
    ],
)
def test_the_last_day_of_a_deadline_counts(
    tmp_path: Path, visit: str, until: str, last: str, day_after: str
) -> None:
    """For a visit of the first and of the last day of the year."""
    text = f"期限:\n  手工报销: {{事项: 手工报销, 截止: {until}, 依据: 第九条}}\n"
    day = parse_day(visit)
    found = deadline(Areas(library(tmp_path, text)).area(AREA).law(day), day)
    assert found.last_day is not None and str(date_of(found.last_day)) == last
    assert found.state(parse_day(last)) == "open"
    assert found.state(parse_day(day_after)) == "refused"


def test_any_two_steps_of_a_review_are_by_two_people() -> None:
    """云浮第二十三条: also the first and the last, and not one step alone."""
    yunfu = law(YF, "2023-05-01")
    steps = reviews(yunfu)[0].steps
    for one in steps:
        for other in steps:
            assert bool(clashes(yunfu, [one, other])) == (one != other)


CLEARING = """\
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
  人头: {方式: 按人头付费, 定额: {限额: 普通门诊, 比例: 50%, 依据: 第六条}, 依据: 第六条}
清算:
  年度:
    付费: 人头
    依据: 第七条
    分档:
      - {使用率: 0%, 留用: 20%, 依据: 第七条（一）}
      - {使用率: 90%, 留用: 60%, 依据: 第七条（二）}
    超支: 定点医疗机构承担
    超支依据: 第八条
"""
REFORM = CLEARING.split("清算:")[1].replace("20%", "30%").replace("第七条", "第十七条")


@pytest.fixture
def paying(tmp_path: Path) -> Area:
    """An area that clears: two heads all the year are 600 yuan; another rule from July 2024."""
    write(tmp_path, head() + CLEARING)
    later = head("2024-07-01", "某政〔2024〕3号", "  替换: [清算.年度]\n")
    write(tmp_path, later + "清算:" + REFORM, "2024-07-01")
    return Areas(Library([tmp_path])).area(AREA)


def year(**more: str) -> dict[str, str]:
    """A year of two heads, everything settled directly."""
    ordinary = {"area": AREA, "year": "2023", "direct_settled": "10", "settled": "10"}
    return ordinary | dict.fromkeys(HEADS, "2") | more


@pytest.mark.parametrize(
    ("spent", "manual", "usage", "kept", "returned"),
    [
        # 539.99 of 600 is 89.99 %: 20 % of 60.01 is 12.002.
        ("539.99", "", "89.9983%", 1_200, 4_801),
        # 504 of 600 - 40 is 90 %: 60 % of 56; a fen less is below it.
        ("504", "40", "90%", 3_360, 2_240),
        ("503.99", "40", "89.9982%", 1_120, 4_481),
        ("540", "", "90%", 3_600, 2_400),
        ("599.99", "", "99.9983%", 1, 0),
        ("0", "", "0%", 12_000, 48_000),
    ],
)
def test_a_year_at_its_band_is_of_the_budget_that_was_paid(
    paying: Area, spent: str, manual: str, usage: str, kept: int, returned: int
) -> None:
    """What was reimbursed on paper is off the budget; the rate told is cut off, not rounded up."""
    found = clear(paying, year(spent=spent, manual_reimbursed=manual))
    assert (found.kept_fen, found.returned_fen) == (kept, returned)
    text = explain_statement(found).as_text()
    assert f"使用率{usage}；" in text
    assert (
        f"{kept // 100}.{kept % 100:02d}元；退回统筹基金{returned // 100}.{returned % 100:02d}元"
        in text
    )


@pytest.mark.parametrize(
    ("which", "kept", "article"),
    [("2023", 6_000, "第七条（一）"), ("2024", 9_000, "第十七条（一）")],
)
def test_a_year_is_cleared_by_the_terms_at_its_end(
    paying: Area, which: str, kept: int, article: str
) -> None:
    """300 of 600 spent: 20 % of the rest in 2023, 30 % in 2024, changed in July."""
    found = clear(paying, year(year=which, spent="300"))
    assert found.kept_fen == kept
    assert article in explain_statement(found).articles


def test_a_law_that_begins_on_new_years_day_says_nothing_of_the_year_before(
    tmp_path: Path,
) -> None:
    made = Areas(library(tmp_path, CLEARING)).area(AREA)
    with pytest.raises(Refusal) as refusal:
        clear(made, year(year="2022", spent="1"))
    assert (refusal.value.code, refusal.value.field) == ("date_outside", "year")
    assert clear(made, year(spent="1")).prepaid_fen == 60_000


def test_a_law_that_ended_on_the_last_day_of_a_year_says_nothing_of_the_next(
    tmp_path: Path,
) -> None:
    write(tmp_path, head(more="  有效期至: 2023-12-31\n") + CLEARING)
    made = Areas(Library([tmp_path])).area(AREA)
    assert clear(made, year(spent="1")).prepaid_fen == 60_000
    with pytest.raises(Refusal) as refusal:
        clear(made, year(year="2024", spent="1"))
    assert (refusal.value.code, refusal.value.field) == ("date_outside", "year")


@pytest.mark.parametrize("text", ["²", "1.5", "-1", "9" * 14, "9" * 5000, "1000000000001"])
def test_a_count_that_is_none_is_refused_and_stops_nothing(paying: Area, text: str) -> None:
    """Also what only looks like a figure, or is longer than any."""
    for column in ("settled", "heads_3"):
        with pytest.raises(Refusal) as refusal:
            clear(paying, year(spent="1", **{column: text}))
        assert (refusal.value.code, refusal.value.field) == ("value_invalid", column)


@pytest.mark.parametrize(("direct", "fine"), [("0", True), ("10", True), ("11", False)])
def test_no_more_is_settled_directly_than_settled(paying: Area, direct: str, fine: bool) -> None:
    row = year(spent="1", direct_settled=direct)
    if fine:
        assert clear(paying, row).given.settled == 10
        return
    with pytest.raises(Refusal) as refusal:
        clear(paying, row)
    assert refusal.value.field == "direct_settled"


def test_a_year_without_heads_says_so_and_is_borne_by_the_institution(paying: Area) -> None:
    found = clear(paying, year(spent="12.34") | dict.fromkeys(HEADS, "0"))
    assert (found.prepaid_fen, found.borne_fen, found.kept_fen) == (0, 1_234, 0)
    text = explain_statement(found).as_text()
    assert "全年无定点人员" in text and "没有定额，使用12.34元" in text
    assert "超出定额的12.34元由机构承担" in text


def test_months_with_other_heads_are_told_apart(paying: Area) -> None:
    """January two heads, 50.00; February and March three, 75.00 each; none in December."""
    heads = {HEADS[1]: "3", HEADS[2]: "3", HEADS[11]: "0"}
    text = explain_statement(clear(paying, year(spent="1") | heads)).as_text()
    assert "1月2人50.00元，2—3月每月3人75.00元，4—11月每月2人50.00元；" in text
    assert "全年定额包干600.00元" in text
