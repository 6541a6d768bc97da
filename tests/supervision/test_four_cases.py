"""Every name of the register that is decided: a hit, just below, excused, and what is missing."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import polars as pl
import pytest
from tests.supervision.small_tables import Row, Small, points

from gongji.supervision.detectors.detector_words import DETECTORS
from gongji.supervision.findings import ruled
from gongji.supervision.indicators import INDICATORS
from gongji.supervision.inspection import look
from gongji.supervision.rule_names import RuleName, read_register
from gongji.supervision.rules_folded import Rule, fold_rules

DAY = datetime(2025, 6, 10, 9)
RULES = {rule.name: rule for rule in fold_rules("000000")}
BESIDES = [RuleName(0, "", name, rule=name) for name in ("欠费期间统筹支付",)]
DECIDED = [entry for entry in read_register() if entry.rule] + BESIDES


def on(day: int, **columns: object) -> Row:
    """A line so many days later."""
    return {"occurred_at": DAY + timedelta(days=day), **columns}


def several(count: int, **columns: object) -> list[Row]:
    """So many lines of one visit."""
    return [{"line": f"L{n}", **columns} for n in range(count)]


@dataclass
class Case:
    """What is hit, what is just not, the points, the column that may be missing, the excess."""

    hit: Small
    below: Small
    points: list[Row] = field(default_factory=lambda: [{}])
    missing: str = "lines.item"
    money: int = 1_000


def visits(count: int, med_type: str) -> Small:
    """So many visits of one person in a month."""
    day = date(2025, 6, 1)
    rows: list[Row] = [
        {"visit": f"V{n}", "begin": day + timedelta(days=n), "med_type": med_type}
        for n in range(count)
    ]
    return Small(visits=rows, lines=[{"visit": f"V{count - 1}"}])


def drugs(count: int) -> Small:
    """So many different drugs in one visit."""
    return Small(lines=[{"line": f"L{n}", "item": f"X{n}"} for n in range(count)])


def grams(count: int) -> Small:
    """Decoction pieces of so many grams."""
    return Small(lines=[{"kind": "102", "count": count * 10_000, "days": None}])


AGES = Case(
    Small(persons=[{"born": date(2010, 6, 10)}]),
    Small(persons=[{"born": date(2010, 6, 11)}]),
    [{"high": 14, "unit": "岁"}],
    "persons.born",
)
SEX = Case(Small(), Small(persons=[{"sex": "2"}]), [{"allowed": "2"}], "persons.sex")
PAIR = Case(
    Small(lines=[{}, {"line": "L2", "item": "B", "amount": 700}]),
    Small(lines=[{}, {"line": "L2", "item": "C", "amount": 700}]),
    [{"other": "B"}],
    money=700,
)
CASES = {
    "限年龄": AGES,
    "限性别": SEX,
    "诊断限性别": Case(
        Small(),
        Small(persons=[{"sex": "2"}]),
        [{"item": "J06.900", "allowed": "2"}],
        "persons.sex",
        600,
    ),
    "诊断限年龄": Case(
        Small(persons=[{"born": date(2010, 6, 10)}]),
        Small(persons=[{"born": date(2010, 6, 11)}]),
        [{"item": "J06.900", "high": 14}],
        "persons.born",
        600,
    ),
    "限级别": Case(Small(), Small(visits=[{"level": "3"}]), [{"low": 3}], "visits.level"),
    "限就医方式": Case(
        Small(), Small(visits=[{"med_type": "14"}]), [{"allowed": "14;21"}], "visits.med_type"
    ),
    "限科室": Case(
        Small(), Small(lines=[{"department": "A05"}]), [{"allowed": "A05"}], "lines.department"
    ),
    "限诊断": Case(
        Small(), Small(visits=[{"diagnosis": "I10.x00"}]), [{"allowed": "I10"}], "visits.diagnosis"
    ),
    "禁诊断": Case(
        Small(), Small(visits=[{"diagnosis": "I10.x00"}]), [{"allowed": "J06"}], "visits.diagnosis"
    ),
    "诊断缺配套": Case(
        Small(lines=[{}, on(8, line="L2", item="B1")]),
        Small(lines=[{}, on(7, line="L2", item="B1")]),
        [{"item": "J06.900", "allowed": "B;C"}],
        "visits.diagnosis",
        600,
    ),
    "欠费期间支付": Case(
        Small(spells=[{"arrears": True}]),
        Small(spells=[{"arrears": True, "until": date(2025, 6, 9)}]),
        missing="spells.arrears",
        money=600,
    ),
    "不予支付": Case(Small(), Small(lines=[{"in_scope": 0}]), missing="lines.in_scope"),
    "单味不予支付": Case(
        Small(lines=[{"kind": "102"}]),
        Small(lines=[{"kind": "102"}, {"line": "L2", "item": "B", "kind": "102"}]),
        missing="lines.kind",
    ),
    "超病种目录": Case(
        Small(visits=[{"care": "chronic", "disease": "M1"}], lines=[{"item": "B"}]),
        Small(visits=[{"care": "chronic", "disease": "M1"}]),
        [{"allowed": "M1"}],
        "visits.disease",
    ),
    "超机构清单": Case(
        Small(houses=[{"kind": "internet"}], lines=[{"item": "B"}]),
        Small(houses=[{"kind": "internet"}]),
        missing="institutions.kind",
    ),
    "不得同收": PAIR,
    "相互作用": Case(
        Small(lines=[{}, on(9, line="L2", item="B")]),
        Small(lines=[{}, on(10, line="L2", item="B")]),
        [{"other": "B"}],
        "lines.days",
        0,
    ),
    "分解项目": Case(
        Small(lines=[{}, {"line": "L2", "item": "B"}]),
        Small(lines=[{}, {"line": "L2", "item": "C"}]),
        [{"other": "组合", "high": 1_500}, {"item": "B", "other": "组合", "high": 1_500}],
        money=250,
    ),
    "缺少配套": Case(
        Small(lines=[{}, on(2, line="L2", item="B")]),
        Small(lines=[{}, on(1, line="L2", item="B")]),
        [{"other": "B"}],
    ),
    "越级用药": Case(
        Small(lines=[{}, on(-181, line="L2", item="B")]),
        Small(lines=[{}, on(-180, line="L2", item="B")]),
        [{"allowed": "B"}],
    ),
    "限次数": Case(
        Small(lines=several(3)), Small(lines=several(2)), [{"high": 2, "unit": "次"}], "lines.count"
    ),
    "周期限次": Case(
        Small(lines=[{}, on(29, line="L2")]),
        Small(lines=[{}, on(30, line="L2")]),
        [{"low": 30, "high": 1}],
        "lines.count",
    ),
    "限开药天数": Case(
        Small(lines=[{"days": 40}]), Small(lines=[{"days": 30}]), [{"high": 30}], "lines.days", 250
    ),
    "限疗程": Case(
        Small(lines=[{}, on(20, line="L2", days=21)]),
        Small(lines=[{}, on(20, line="L2", days=20)]),
        [{"high": 30}],
        "lines.days",
        47,
    ),
    "限金额": Case(
        Small(lines=several(2)),
        Small(lines=several(1)),
        [{"high": 1_000, "unit": "日"}],
        "lines.amount",
    ),
    "超单价": Case(
        Small(), Small(lines=[{"price": 9_000_000}]), [{"high": 9_000_000}], "lines.price", 100
    ),
    "日用量": Case(
        Small(lines=[{"count": 40_000}]),
        Small(lines=[{"count": 30_000}]),
        [{"high": 3_000}],
        "lines.days",
        250,
    ),
    "重复开药": Case(
        Small(lines=[{"days": 30}, on(20, line="L2", item="B")]),
        Small(lines=[{"days": 30}, on(23, line="L2", item="B")]),
        [{"allowed": "降压"}, {"item": "B", "allowed": "降压"}],
        "lines.days",
    ),
    "频繁就诊": Case(Small(), Small(), missing="visits.med_type"),
    "品种数": Case(drugs(6), drugs(5)),
    "饮片大处方": Case(grams(4_000), grams(3_000), missing="lines.count", money=250),
    "明细异常": Case(
        Small(lines=[{"amount": 1_100}]), Small(lines=[{"amount": 1_001}]), missing="lines.price",
        money=100,
    ),
}  # fmt: skip
"""The cases of every detector that a name of the register uses."""


def case_of(rule: Rule) -> Case:
    """The case of a rule; how often is often depends on the rule."""
    if rule.detector == "频繁就诊":
        kind, most = rule.words("就医方式")[0], rule.number("次数")
        return Case(visits(most + 1, kind), visits(most, kind), missing="visits.med_type")
    return CASES[rule.detector]


def given(rule: Rule, case: Case) -> pl.DataFrame:
    """The points of a case, under the rule's name."""
    return points(rule.points, *case.points)


@pytest.mark.parametrize("entry", DECIDED, ids=lambda entry: entry.title)
def test_a_hit_and_just_below(entry) -> None:  # type: ignore[no-untyped-def]
    rule = RULES[entry.rule]
    case = case_of(rule)
    found = look(rule, case.hit.part(), given(rule, case)).found
    assert len(found) >= 1, "not found"
    if rule.detector != "频繁就诊":
        assert found["money"].max() == case.money
    assert look(rule, case.below.part(), given(rule, case)).found.is_empty(), "found below"


@pytest.mark.parametrize("entry", DECIDED, ids=lambda entry: entry.title)
def test_a_proof_excuses(entry) -> None:  # type: ignore[no-untyped-def]
    rule = RULES[entry.rule]
    case = case_of(rule)
    part = case.hit.part()
    found = look(rule, part, given(rule, case)).found
    proof = {"person": "P1", "since": date(2025, 1, 1), "until": None}
    proofs = pl.DataFrame([proof | {"reason": rule.excuses[0]}], schema=part.proofs.schema)
    assert (ruled(rule, found, proofs)["excused"] == rule.excuses[0]).all()
    other = pl.DataFrame([proof | {"reason": "别的"}], schema=part.proofs.schema)
    assert ruled(rule, found, other)["excused"].is_null().all()


@pytest.mark.parametrize("entry", DECIDED, ids=lambda entry: entry.title)
def test_what_is_missing_is_told_as_not_looked_at(entry) -> None:  # type: ignore[no-untyped-def]
    rule = RULES[entry.rule]
    case = case_of(rule)
    table, _, column = case.missing.partition(".")
    part = case.hit.part()
    without = vars(part) | {table: part.table(table).drop(column)}
    if case.missing in DETECTORS[rule.detector].needs:
        blind = look(rule, type(part)(**without), given(rule, case))
        assert blind.found.is_empty()
        assert blind.passed == [(rule.name, f"没有列 {case.missing}", 0)]
    if rule.points:
        blind = look(rule, part, given(rule, case).clear())
        assert blind.passed == [(rule.name, "没有导入知识点", 0)]


def test_the_register_has_every_name_once_and_says_what_each_is() -> None:
    entries = read_register()
    assert [entry.number for entry in entries] == list(range(1, 89))
    assert len({(entry.room, entry.title) for entry in entries}) == 88
    for entry in entries:
        assert sum(map(bool, (entry.rule, entry.indicator, entry.needs))) == 1, entry.title
    assert len([one for one in entries if one.rule or one.indicator]) >= 71
    named = {indicator.name for indicator in INDICATORS}
    assert {one.indicator for one in entries if one.indicator} <= named
    assert {one.rule for one in entries if one.rule} <= RULES.keys()


def test_every_rule_uses_a_word_of_the_vocabulary_and_every_word_is_used() -> None:
    assert {rule.detector for rule in RULES.values()} == DETECTORS.keys()


def test_where_the_law_says_so_arrears_are_a_live_rule() -> None:
    for area, article in (("510400", "第七条"), ("430500", "第五条"), ("532300", "第三十条")):
        (*_, rule) = [rule for rule in fold_rules(area) if rule.name == "欠费期间统筹支付"]
        assert rule.state == ("影子" if area == "532300" else "启用")
        assert article in rule.grounds[0]


def test_the_first_day_of_arrears_counts_and_a_visit_that_the_pool_did_not_pay_does_not() -> None:
    rule = RULES["欠费期间统筹支付"]
    for since, pool, hit in (
        (date(2025, 6, 10), 1, True),
        (date(2025, 6, 11), 1, False),
        (None, 1, True),
        (date(2025, 6, 1), 0, False),
    ):
        small = Small(
            visits=[{"pool": pool}], spells=[{"arrears": True, "since": since, "until": None}]
        )
        found = look(rule, small.part(), points("")).found
        assert found["money"].to_list() == [1] * hit
