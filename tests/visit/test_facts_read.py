"""The facts of a visit read from texts: every spelling, every bound, everything worked out."""

from pathlib import Path

import pytest

from gongji.law.checks.library import Library
from gongji.law.engine.areas import Areas
from gongji.law.engine.visit import (
    band_of,
    read_amount,
    read_flag,
    read_visit,
    value_name,
    value_of,
)
from gongji.law.rulebook.law import Law
from gongji.law.rulebook.vocabulary import FACTS, FLAG, Several
from gongji.refusals import Refusal
from gongji.units import MAX_FEN, parse_day
from made_rulebooks import AREA, library

ROW = {"date": "2024-05-31", "status": "active", "total": "10"}


@pytest.fixture
def law(tmp_path: Path) -> Law:
    """A law with an area's own facts of every kind."""
    text = """\
事实:
  年龄段: {取自: 周岁, 段: {少年: 0, 成年: 18, 老年: 70}, 依据: 第一条}
  病种类: {取自: 病种, 段: {重病: [甲病, 乙病], 其他病: 其余}, 依据: 第一条}
  开始: {取自: 日期, 段: {从前: 2024-01-01, 后来: 2024-06-01}, 依据: 第一条}
  次数: {列: times, 类: 数, 缺省: 3, 依据: 第一条}
  次数段: {取自: 次数, 段: {一次: 1, 两次以上: 2}, 依据: 第一条}
  班次: {列: shift, 类: 选项, 选项: {日班: day, 夜班: night}, 缺省: 夜班, 依据: 第一条}
  加班: {列: overtime, 类: 是否, 缺省: 是, 依据: 第一条}
  余额: {列: left_over, 类: 金额, 依据: 第一条}
待遇:
  普通门诊:
    依据: 第一条
    层: [{名称: 普通门诊, 代号: ordinary, 支付比例: {比例: 50%, 依据: 第一条}}]
"""
    return Areas(library(tmp_path, text)).area(AREA).law(parse_day("2024-05-31"))


def named(law: Law, fact: str, own_level: bool = False, **row: str) -> str:
    """The name of a fact's value, or the code of what refuses it."""
    try:
        visit = read_visit(ROW | row, law)
        return value_name(law.facts[fact], value_of(law.facts[fact], visit, own_level))
    except Refusal as refusal:
        return refusal.code


@pytest.mark.parametrize(
    ("fact", "row", "name"),
    [
        ("年龄段", {"birth_date": "2006-06-01"}, "少年"),
        ("年龄段", {"birth_date": "2006-05-31"}, "成年"),
        ("年龄段", {"birth_date": "1954-06-01"}, "成年"),
        ("年龄段", {"birth_date": "1954-05-31"}, "老年"),
        ("年龄段", {}, "少年"),
        ("病种类", {"disease": "甲病"}, "重病"),
        ("病种类", {"disease": "乙病"}, "重病"),
        ("病种类", {"disease": "丙病"}, "其他病"),
        ("病种类", {}, "其他病"),
        ("开始", {}, "从前"),
        ("开始", {"date": "2024-06-01"}, "后来"),
        ("开始", {"date": "2023-12-31"}, "value_invalid"),
        ("开始", {"date": "2024-01-01"}, "从前"),
        ("次数段", {"times": "0"}, "value_invalid"),
        ("次数段", {"times": "1"}, "一次"),
        ("次数段", {"times": "2"}, "两次以上"),
        ("次数段", {"times": "1000"}, "两次以上"),
        ("次数段", {"times": "-1"}, "value_invalid"),
        ("次数段", {"times": "1.5"}, "value_invalid"),
        ("次数段", {"times": "²"}, "value_invalid"),
        ("次数段", {"times": "999999999"}, "两次以上"),
        ("次数段", {"times": "9" * 5000}, "value_invalid"),
        ("次数段", {}, "两次以上"),
        ("班次", {}, "夜班"),
        ("班次", {"shift": "day"}, "日班"),
        ("班次", {"shift": "日班"}, "日班"),
        ("班次", {"shift": "早班"}, "value_invalid"),
        ("加班", {}, "是"),
        ("加班", {"overtime": "否"}, "否"),
        ("年内月数", {"date": "2024-01-31"}, "1个月"),
        ("年内月数", {"date": "2024-12-01"}, "12个月"),
        ("季内月数", {"date": "2024-01-01"}, "1个月"),
        ("季内月数", {"date": "2024-03-31"}, "3个月"),
        ("季内月数", {"date": "2024-04-01"}, "1个月"),
        ("季内月数", {"date": "2024-11-30"}, "2个月"),
        ("核准当年剩余月数", {"approval_date": "2024-05-31"}, "8个月"),
        ("核准当年剩余月数", {"approval_date": "2024-12-31"}, "1个月"),
        ("核准当年剩余月数", {"approval_date": "2023-12-31"}, "12个月"),
        ("核准当年剩余月数", {}, "12个月"),
    ],
)
def test_a_value_on_each_side_of_its_bound(
    law: Law, fact: str, row: dict[str, str], name: str
) -> None:
    assert named(law, fact, **row) == name


LEVELS = [
    # fact, own level, row, name
    ("医院级别", False, {}, "无"),
    ("医院级别", False, {"level": "一级"}, "一级"),
    ("医院级别", False, {"level": "2", "parent_level": "3"}, "三级"),
    ("医院级别", False, {"level": "3", "parent_level": "1"}, "一级"),
    ("医院级别", False, {"level": "4"}, "value_invalid"),
    ("医院级别", False, {"level": "3", "prescriber_level": "1"}, "三级"),
    ("医院级别", False, {"institution_kind": "药店", "prescriber_level": "2"}, "二级"),
    ("医院级别", False, {"institution_kind": "pharmacy", "level": "3"}, "无"),
    ("医院级别", True, {"institution_kind": "pharmacy", "prescriber_level": "2"}, "药店"),
    ("医院级别", True, {"institution_kind": "医院", "level": "2"}, "二级"),
    ("医院级别", False, {"institution_kind": "诊所"}, "value_invalid"),
    # The level of the stay that an emergency leads to, else that of the visit.
    ("住院医院级别", False, {"level": "1", "admission_level": "3"}, "三级"),
    ("住院医院级别", False, {"level": "3", "admission_level": "1"}, "一级"),
    ("住院医院级别", False, {"level": "2"}, "二级"),
    ("住院医院级别", False, {"level": "2", "parent_level": "1"}, "一级"),
    ("机构类别", False, {}, "医院"),
    ("机构类别", False, {"institution_kind": "药店"}, "药店"),
    ("有处方", False, {}, "是"),
    ("有处方", False, {"level": "1"}, "是"),
    ("有处方", False, {"institution_kind": "pharmacy"}, "否"),
    ("有处方", False, {"institution_kind": "pharmacy", "level": "2"}, "否"),
    ("有处方", False, {"institution_kind": "pharmacy", "prescriber_level": "1"}, "是"),
    ("有处方", True, {"institution_kind": "pharmacy"}, "否"),
]


@pytest.mark.parametrize(("fact", "own_level", "row", "name"), LEVELS)
def test_levels_prescriptions_and_kinds_of_institution(
    law: Law, fact: str, own_level: bool, row: dict[str, str], name: str
) -> None:
    assert named(law, fact, own_level, **row) == name


FLAGS = [fact for fact in FACTS.values() if fact.kind == FLAG and fact.name != "有处方"]


@pytest.mark.parametrize("fact", FLAGS, ids=[fact.name for fact in FLAGS])
def test_every_flag_is_read_and_has_its_own_ordinary_value(law: Law, fact) -> None:  # type: ignore[no-untyped-def]
    """Rights are there unless denied, what excludes is not unless said."""
    rights = {"待遇享受期内", "定点", "选定机构", "直接结算", "有个人账户", "药店合规", "协议期内"}
    assert named(law, fact.name) == ("是" if fact.name in rights else "否")
    assert named(law, fact.name, **{fact.column: "是"}) == "是"
    assert named(law, fact.name, **{fact.column: "0"}) == "否"
    assert named(law, fact.name, **{fact.column: "也许"}) == "value_invalid"


@pytest.mark.parametrize("text", ["true", "1", "yes", "是", "TRUE", "Yes"])
def test_true_in_every_spelling(text: str) -> None:
    assert read_flag("x", text) is True


@pytest.mark.parametrize("text", ["false", "0", "no", "否", "False", "NO"])
def test_false_in_every_spelling(text: str) -> None:
    assert read_flag("x", text) is False


@pytest.mark.parametrize(
    ("text", "unit", "found"),
    [
        ("0", "yuan", 0),
        ("10000000000", "yuan", MAX_FEN),
        ("10000000000.01", "yuan", "amount_too_large"),
        (str(MAX_FEN), "fen", MAX_FEN),
        (str(MAX_FEN + 1), "fen", "amount_too_large"),
        ("-0.01", "yuan", "amount_negative"),
        ("-1", "fen", "amount_negative"),
        ("1.5", "fen", "amount_invalid"),
        ("1.234", "yuan", "amount_invalid"),
        ("一元", "yuan", "amount_invalid"),
    ],
)
def test_an_amount_up_to_the_bound(text: str, unit: str, found: int | str) -> None:
    try:
        read: int | str = read_amount("x", text, unit)
    except Refusal as refusal:
        read = refusal.code
        assert refusal.field == "x"
    assert read == found


@pytest.mark.parametrize(
    ("row", "code", "field"),
    [
        ({"total": ""}, "field_missing", "total"),
        ({"date": " "}, "field_missing", "date"),
        ({"status": ""}, "field_missing", "status"),
        ({"status": "student"}, "value_invalid", "status"),
        ({"date": "2024-02-30"}, "value_invalid", "date"),
        ({"birth_date": "1954-13-01"}, "value_invalid", "birth_date"),
        ({"benefit": "dental"}, "value_invalid", "benefit"),
        ({"colour": "red"}, "field_unknown", "colour"),
        ({"in_scope": "10.01"}, "in_scope_above_total", "in_scope"),
        ({"left_over": "-1"}, "amount_negative", "left_over"),
    ],
)
def test_a_visit_that_cannot_be_read_names_its_column(
    law: Law, row: dict[str, str], code: str, field: str
) -> None:
    with pytest.raises(Refusal) as refusal:
        read_visit(ROW | row, law)
    assert (refusal.value.code, refusal.value.field) == (code, field)


def test_costs_in_fen_and_benefits_by_name_or_code(law: Law) -> None:
    """In scope may be all; yuan count before fen; a benefit has two names."""
    visit = read_visit(ROW | {"in_scope": "10", "benefit": "慢性病"}, law)
    assert (visit.total_fen, visit.in_scope_fen, visit.benefit) == (1_000, 1_000, "chronic")
    row = {"date": "2024-05-31", "status": "退休", "total_fen": "1001", "in_scope_fen": "7"}
    visit = read_visit(row, law)
    assert (visit.total_fen, visit.in_scope_fen, visit.benefit) == (1_001, 7, "ordinary")
    assert visit.facts["status"] == "retired"


def test_a_number_below_every_band_says_where_they_begin(law: Law) -> None:
    """And a date that is not given is shown as empty."""
    for name, value, words in (
        ("次数段", 0, "不小于 1"),
        ("开始", -(1 << 40), "（空）"),
        ("开始", parse_day("2023-12-31"), "2024-01-01 及以后"),
    ):
        with pytest.raises(Refusal) as refusal:
            band_of(law.facts[name], value)
        assert words in str(refusal.value)


def test_shipped_areas_say_which_level_a_pharmacy_is() -> None:
    """攀枝花: one of its own; 楚雄: the prescriber's."""
    for code, own in (("510400", True), ("532300", False)):
        area = Areas(Library()).area(code)
        assert area.own_level(area.law(parse_day("2023-03-01"))) is own


def test_a_text_that_stands_twice_counts_once() -> None:
    """Of diseases named one after the other each brings its amount once."""
    several = Several({"糖尿病": 2000_00}, rest=500_00)
    assert several.amount("糖尿病、糖尿病") == 2000_00
    assert several.amount("糖尿病、高血压、糖尿病") == 2500_00
