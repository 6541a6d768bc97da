"""What an account may pay, what becomes of it, deadlines, duties: every area, with its article."""

import pytest

from gongji.law.accounts import deadline, event, use
from gongji.law.accounts.duties import clashes, reviews
from gongji.law.accounts.uses import bond
from gongji.law.checks.library import Library
from gongji.law.engine.areas import Areas
from gongji.law.rulebook.law import Law
from gongji.refusals import Refusal
from gongji.units import date_of, parse_day

LIBRARY = Library()
SY, YF, PZ, CX, LC, YN = "430500", "445300", "510400", "532300", "530925", "530000"


def law(area: str, day: str = "2025-01-01") -> Law:
    """The law of an area at a day."""
    return Areas(LIBRARY).area(area).law(parse_day(day))


@pytest.mark.parametrize(
    ("area", "query", "refusal", "article"),
    [
        # 楚雄第十条、第十一条 before Yunnan's widening, 二（三） after.
        (CX, ("2024-10-31", "care", "child", "hospital"), "", "第十条（一）"),
        (CX, ("2024-10-31", "care", "sibling", "hospital"), "relation_not_allowed", "第十条（一）"),
        (CX, ("2024-11-01", "care", "sibling", "hospital"), "", "二（三）"),
        (
            CX,
            ("2024-11-01", "commercial_insurance", "sibling"),
            "relation_not_allowed",
            "第十条（三）",
        ),
        (CX, ("2024-11-01", "check_up", "self", "hospital"), "use_not_allowed", "第十一条"),
        (CX, ("2024-10-31", "care", "self", "pharmacy"), "use_not_allowed", "第十条（一）"),
        (
            YN,
            ("2024-11-01", "care", "parent_in_law", "hospital"),
            "relation_not_allowed",
            "二（三）",
        ),
        (LC, ("2023-05-01", "drugs", "spouse", "pharmacy"), "", "一"),
        (LC, ("2023-05-01", "resident_premium", "child"), "use_not_allowed", "一"),
        # 攀枝花第五条: insurance run by the government only.
        (PZ, ("2023-05-01", "critical_illness_premium", "self"), "", "第五条第二款"),
        (PZ, ("2023-05-01", "commercial_insurance", "self"), "use_not_allowed", ""),
        # 云浮第十一条: the gap at retirement for the owner; preventive Chinese medicine.
        (YF, ("2023-05-01", "contribution_gap", "self"), "", "第十一条（四）"),
        (
            YF,
            ("2023-05-01", "contribution_gap", "spouse"),
            "relation_not_allowed",
            "第十一条（四）",
        ),
        (YF, ("2023-05-01", "preventive_tcm", "parent", "hospital"), "", "第十一条（五）"),
        (YF, ("2023-05-01", "preventive_tcm", "parent", "pharmacy"), "use_not_allowed", ""),
        (SY, ("2023-05-01", "preventive_tcm", "self", "hospital"), "use_not_allowed", ""),
        (CX, ("2024-11-01", "preventive_tcm", "self", "hospital"), "use_not_allowed", ""),
        # A bond of a close relative is no bond of a sister or brother.
        (CX, ("2024-10-31", "care", "close_relative", "hospital"), "relation_not_allowed", ""),
        (CX, ("2024-11-01", "care", "close_relative", "hospital"), "", "二（三）"),
        (SY, ("2024-11-01", "care", "close_relative", "hospital"), "relation_not_allowed", ""),
        # 邵阳第十二条: the large-amount premium for the owner only.
        (SY, ("2023-05-01", "large_amount_premium", "self"), "", "第十二条（三）"),
        (
            SY,
            ("2023-05-01", "large_amount_premium", "child"),
            "relation_not_allowed",
            "第十二条（三）",
        ),
        (SY, ("2023-05-01", "resident_premium", "self"), "relation_not_allowed", "第十二条（四）"),
        (SY, ("2023-05-01", "wellness", "self"), "use_not_allowed", "第十二条第二款"),
    ],
)
def test_uses_by_area(area: str, query: tuple[str, ...], refusal: str, article: str) -> None:
    """Allowed or refused, and by which article."""
    day, *asked = query
    decision = use(law(area, day), *asked)
    assert decision.refusal == refusal
    assert decision.allowed == (refusal == "")
    assert not article or article in [ground.cite.article for ground in decision.grounds]


def test_a_use_has_conditions_of_its_own() -> None:
    """楚雄第十条: the burden inside the policy; at a pharmacy only items with a national code."""
    chuxiong = law(CX, "2023-01-01")
    own = use(chuxiong, "care", "self", "hospital", in_policy=False)
    assert own.refusal == "use_not_allowed" and "政策范围内" in own.sentence
    assert own.grounds[0].doubts[0].article == "第十条（一）"
    coded = use(chuxiong, "drugs", "self", "pharmacy", in_policy=False)
    assert coded.allowed and coded.grounds[0].doubts[0].article == "第十条（一）"
    assert use(law(PZ), "care", "self", "hospital", in_policy=False).allowed
    uncoded = use(chuxiong, "devices", "self", "pharmacy", coded=False)
    assert uncoded.refusal == "use_not_allowed" and "国家医保标准编码" in uncoded.sentence
    assert use(law(YF), "devices", "self", "pharmacy", coded=False).allowed


@pytest.mark.parametrize("query", [("lottery",), ("care", "cousin"), ("care", "self", "market")])
def test_a_use_that_nobody_knows_is_refused(query: tuple[str, ...]) -> None:
    """A word outside the vocabulary is a mistake of the request, not a decision."""
    with pytest.raises(Refusal) as refusal:
        use(law(YF), *query)
    assert refusal.value.code == "value_invalid"


def test_family_binding() -> None:
    """楚雄第二十条: spouse, parents, children; close relatives from 2024-11-01."""
    before, after = bond(law(CX, "2024-10-31")), bond(law(CX, "2024-11-01"))
    assert before and before.relations == ("spouse", "parent", "child")
    assert after and "sibling" in after.relations and "parent_in_law" not in after.relations
    assert before.short == "cash"
    assert bond(law(SY)) is None


@pytest.mark.parametrize(
    ("area", "what", "outcomes", "special", "article"),
    [
        (YF, "move_in_province", ("stay",), (), "第十三条（一）"),
        (YF, "move_across_provinces", ("transfer",), ("payout",), "第十三条（一）"),
        (YF, "resettlement", ("payout",), (), "第十三条（二）"),
        (YF, "enlistment", ("payout",), (), "第十三条（三）"),
        (YF, "death", ("payout", "inherit"), (), "第十三条（四）"),
        (YF, "emigration", ("payout",), (), "第十三条（五）"),
        (CX, "move_across_provinces", ("transfer",), ("refund",), "第十二条"),
        (CX, "death", ("inherit",), (), "第十二条"),
        (SY, "carry_over", ("carry",), (), "第十三条"),
    ],
)
def test_account_events(
    area: str, what: str, outcomes: tuple[str, ...], special: tuple[str, ...], article: str
) -> None:
    """What becomes of the money, ordinarily and in special cases."""
    (found,) = event(law(area), what)
    assert (found.outcomes, found.special_outcomes) == (outcomes, special)
    assert bool(found.special) == bool(special)
    assert found.ground.cite.article == article
    assert event(law(SY), "enlistment") == []


@pytest.mark.parametrize(
    ("area", "visit", "last", "late", "article"),
    [
        (CX, "2023-06-01", "2024-03-31", "by_review", "第二十五条"),
        (YF, "2023-12-31", "2024-03-31", "refused", "第二十一条"),
    ],
)
def test_manual_reimbursement(area: str, visit: str, last: str, late: str, article: str) -> None:
    """Until 31 March of the next year; then refused, or by review with a reason."""
    day = parse_day(visit)
    found = deadline(law(area, visit), day)
    assert found.last_day is not None and str(date_of(found.last_day)) == last
    assert found.state(found.last_day) == "open"
    assert found.state(found.last_day + 1) == late
    assert found.ground.cite.article == article
    assert found.ground.doubts


@pytest.mark.parametrize("area", [PZ, YN, LC])
def test_where_the_text_says_nothing_of_papers_nothing_is_cited(area: str) -> None:
    """Manual reimbursement is a switch of the area, off until a document of its own says more."""
    with pytest.raises(Refusal) as refused:
        deadline(law(area), parse_day("2025-01-01"))
    assert refused.value.code == "not_ruled"


def test_shaoyang_pays_nothing_that_was_not_settled_directly() -> None:
    """邵阳第七条（四）: no manual reimbursement at all."""
    day = parse_day("2023-06-01")
    found = deadline(law(SY, "2023-06-01"), day)
    assert (found.accepted, found.last_day, found.state(day)) == (False, None, "refused")
    assert found.ground.cite.article == "第七条（四）"


def test_papers_and_scope_come_with_the_deadline() -> None:
    """云浮第二十一条 names the papers; 楚雄第二十五条 whose visits."""
    day = parse_day("2023-06-01")
    assert "费用明细清单" in deadline(law(YF, "2023-06-01"), day).papers
    assert "备案" in deadline(law(CX, "2023-06-01"), day).scope


def test_three_reviews_by_three_people() -> None:
    """云浮第二十三条: first review, second review, audit; and four pairs of posts apart."""
    (review,) = reviews(law(YF))
    assert review.steps == ("初审", "复审", "稽核")
    assert [c.posts for c in clashes(law(YF), ["初审", "稽核"])] == [("初审", "稽核")]
    assert [c.posts for c in clashes(law(YF), ["会计", "出纳", "业务"])] == [("会计", "出纳")]
    assert clashes(law(YF), ["初审", "会计"]) == []
    assert [c.ground.cite.article for c in clashes(law(PZ), ["经办", "稽核"])] == ["第十三条"]
    assert reviews(law(PZ)) == []
