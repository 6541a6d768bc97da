"""The agency's items in rulebooks: what checking finds, what an area has of the nation's."""

from pathlib import Path

import pytest

from gongji.law.accounts.agency_items import find_item, item
from gongji.law.checks.check_rulebooks import check_area
from gongji.law.checks.library import Library
from gongji.law.rulebook.law import Law
from gongji.refusals import Refusal
from gongji.units import parse_day
from made_rulebooks import AREA, library

MONEY = "事项:\n  手工报销:\n    代号: manual_reimbursement\n    依据: 第一条\n"
REST = "    申请人: [本人]\n    渠道: [窗口]\n    保管: 10年\n"
TWO = "    审核: [{岗位: 初审}, {岗位: 复审}]\n"


def law(area: str, day: str) -> Law:
    """The shipped law of an area on a day."""
    found = parse_day(day)
    return next(one for one in Library().laws(area) if one.since <= found < one.until)


@pytest.mark.parametrize(
    ("text", "key", "says"),
    [
        (MONEY + REST, "审核", "至少两步"),
        (
            MONEY + REST + "    审核: [{岗位: 初审}, {岗位: 复审, 超过: 100元}]\n",
            "审核",
            "至少两步",
        ),
        (MONEY + REST + "    审核: [{岗位: 初审}, {岗位: 初审}]\n", "岗位", "不重复"),
        (
            MONEY + REST + "    审核: [{岗位: 初审, 机构: 市级}, {岗位: 复审, 机构: 县级}]\n",
            "机构",
            "先受理机构",
        ),
        (MONEY + REST + TWO + "    时限: {工作日: -1, 依据: 第一条}\n", "工作日", "小于 0"),
        (MONEY + REST + TWO + "    材料: [{名称: 票据, 依据: 第一条, 承诺: 是}]\n", "违诺", "后果"),
        (
            MONEY + REST + TWO + "    材料: [{名称: 票据, 依据: 第一条, 或: [票据]}]\n",
            "名称",
            "两次",
        ),
        (
            "事项:\n  共济:\n    代号: family_bond\n    依据: 第一条\n"
            + REST
            + "    审核: [{岗位: 初审, 超过: 1元}]\n",
            "超过",
            "没有金额",
        ),
        (MONEY + REST.replace("10年", "3年") + TWO, "保管", "可取值"),
        (MONEY + REST.replace("窗口", "传真") + TWO, "渠道", "可取值"),
    ],
)
def test_a_mistake_in_an_item_is_found(tmp_path: Path, text: str, key: str, says: str) -> None:
    made = library(tmp_path, text)
    _, form = made.read(next(tmp_path.rglob("*.yaml")))
    problems = [*form, *check_area(made, AREA).problems]
    assert any(key in found.key and says in found.message for found in problems), problems


def test_an_area_replaces_the_nation_s_default_whole(tmp_path: Path) -> None:
    assert item(law("445300", "2023-03-01"), "manual_reimbursement").rule.document == ""
    nation = item(law("430500", "2023-03-01"), "manual_reimbursement")
    assert nation.rule.document == "社会保险经办条例"
    assert [step.post for step in nation.steps(1)] == [
        "first_reviewer",
        "second_reviewer",
        "inspector",
    ]
    assert nation.rule.limit is not None and nation.rule.limit.days == 30
    own = library(tmp_path, MONEY + REST + "    审核: [{岗位: 初审}, {岗位: 财务}]\n")
    made = item(own.laws(AREA)[0], "manual_reimbursement")
    assert [step.post for step in made.steps(10**9)] == ["first_reviewer", "finance"]
    assert made.rule.limit is None and made.rule.papers == ()


def test_a_chain_grows_with_the_amount(tmp_path: Path) -> None:
    more = "    审核: [{岗位: 初审}, {岗位: 复审}, {岗位: 稽核, 超过: 1000元}]\n"
    made = item(library(tmp_path, MONEY + REST + more).laws(AREA)[0], "manual_reimbursement")
    assert [len(made.steps(fen)) for fen in (0, 99_999, 100_000, 100_001)] == [2, 2, 2, 3]


def test_everything_missing_is_told_at_once() -> None:
    bond = item(law("430500", "2023-03-01"), "family_bond")
    assert bond.missing(frozenset()) == ["户口簿（或结婚证、出生医学证明、书面承诺）"]
    for given in ("户口簿", "结婚证", "出生医学证明", "承诺书：户口簿"):
        assert given in bond.papers and not bond.missing(frozenset({given}))
    bill = item(law("430500", "2023-03-01"), "manual_reimbursement")
    assert bill.missing(frozenset({"收费票据"})) == ["费用明细清单", "诊断证明", "病历资料"]


def test_an_item_that_is_not_ruled_is_refused() -> None:
    found = law("430500", "2023-03-01")
    assert find_item(found, "nothing") is None
    with pytest.raises(Refusal, match="nothing"):
        item(found, "nothing")
