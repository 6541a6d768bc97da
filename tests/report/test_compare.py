"""Two laws side by side."""

import pytest

from gongji.law.checks.library import Library
from gongji.law.engine.areas import Areas
from gongji.law.report.compare import CHANGED, ONLY_LEFT, ONLY_RIGHT, SAME, LawDifference, compare
from gongji.units import parse_day

LIBRARY = Library()


def between(left: str, right: str, **settings: str) -> list[LawDifference]:
    """The comparison of two laws named as on the command line."""
    sides: list[object] = []
    for text in (left, right):
        code, day = text.split("@")
        sides += [Areas(LIBRARY, everywhere=settings).area(code), parse_day(day)]
    return compare(*sides)  # type: ignore[arg-type]


def test_the_reform_of_chuxiong_is_six_figures_of_the_ordinary_benefit() -> None:
    """2024-11-01: lower deductibles, and retirees 10 points over active instead of 5."""
    rows = between("532300@2024-10-31", "532300@2024-11-01")
    changed = [r for r in rows if r.subject == "待遇.普通门诊" and r.mark != SAME]
    found = [(r.item.split(" · ")[0], dict(r.where), r.left, r.right) for r in changed]
    assert found == [
        ("起付标准", {"医院级别": "一级"}, "30.00 元", "20.00 元"),
        ("起付标准", {"医院级别": "二级"}, "60.00 元", "40.00 元"),
        ("起付标准", {"医院级别": "三级"}, "90.00 元", "60.00 元"),
        ("支付比例", {"参保状态": "退休", "医院级别": "一级"}, "65%", "70%"),
        ("支付比例", {"参保状态": "退休", "医院级别": "二级"}, "60%", "65%"),
        ("支付比例", {"参保状态": "退休", "医院级别": "三级"}, "55%", "60%"),
    ]
    assert changed[0].left_articles == "楚政规〔2022〕2号 第十三条第二款"
    assert changed[0].right_articles == "云政办规〔2024〕2号（官方转述） 二（二）"
    others = {r.subject for r in rows if r.subject.startswith("待遇.") and r.mark != SAME}
    assert others == {"待遇.普通门诊"}


def test_other_sections_are_compared_by_their_words() -> None:
    """The credit of retirees changes from open figures to 106 and 142 yuan."""
    rows = between("532300@2024-10-31", "532300@2024-11-01")
    credits = [r for r in rows if r.subject == "划入.退休人员" and r.mark == ONLY_RIGHT]
    assert [r.right for r in credits] == ["106元", "142元"]


@pytest.mark.parametrize("area", LIBRARY.areas())
def test_a_law_does_not_differ_from_itself(area: str) -> None:
    """Every row of a law beside itself is equal."""
    day = str(Areas(LIBRARY).area(area).laws[-1].since)
    assert day
    law = Areas(LIBRARY).area(area)
    rows = compare(law, law.laws[-1].since, law, law.laws[-1].since)
    assert rows
    assert {row.mark for row in rows} == {SAME}


def test_the_other_way_round_is_the_mirror() -> None:
    """Exchanging the sides exchanges texts and marks."""
    mirrored = {CHANGED: CHANGED, SAME: SAME, ONLY_LEFT: ONLY_RIGHT, ONLY_RIGHT: ONLY_LEFT}
    pair = ("430500@2023-02-01", "445300@2023-02-01")

    def keys(rows: list[LawDifference], back: bool) -> set[tuple[object, ...]]:
        return {
            (
                r.subject,
                frozenset(r.where),
                *((r.right, r.left) if back else (r.left, r.right)),
                mirrored[r.mark] if back else r.mark,
            )
            for r in rows
        }

    assert keys(between(*pair), False) == keys(between(*reversed(pair)), True)


def test_a_fact_that_only_one_side_knows_is_spread_over_the_other() -> None:
    """Shaoyang's ceiling by status beside Yunfu's, which is the same for all."""
    rows = between("430500@2023-02-01", "445300@2023-02-01", average_wage="80000")
    ceilings = [
        (dict(r.where), r.left, r.right)
        for r in rows
        if r.subject == "待遇.普通门诊" and r.item.startswith("最高支付限额")
    ]
    assert ceilings == [
        ({"参保状态": "在职"}, "1,500.00 元", "1,600.00 元"),
        ({"参保状态": "退休"}, "2,000.00 元", "1,600.00 元"),
    ]
