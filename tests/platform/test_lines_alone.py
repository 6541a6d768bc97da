"""What is decided of fee lines without a database: sound or not, covered or not, apart or not."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from gongji.catalogue.items import Items, ItemVersion
from gongji.law.engine.areas import Areas
from gongji.law.pricing.price_line import judge, split, terms_of
from gongji.law.rulebook.law import Law
from gongji.law.rulebook.line_provisions import UNRELATED
from gongji.refusals import Refusal
from gongji.settlement.batch_marks import Marks, Scoped
from gongji.settlement.batch_summary import refuse_mixed
from gongji.settlement.contract import Line
from gongji.settlement.price_bills import check_lines, permitted, unrelated_to
from gongji.units import UNIT, day_of

RULES = Areas()
VERSION = ItemVersion(
    1,
    "532300",
    "A",
    "测试药",
    "101",
    "09",
    date(2023, 1, 1),
    date(2024, 1, 1),
    "乙",
    None,
    None,
    None,
    None,
    None,
    None,
    "",
    False,
    False,
    False,
    False,
    [],
    "",
    date(2023, 6, 1),
)


def law(area: str) -> Law:
    return RULES.area(area).law(day_of(date(2024, 3, 5)))


def code_of(act: Any, *values: Any) -> str:
    with pytest.raises(Refusal) as found:
        act(*values)
    return found.value.code


@pytest.mark.parametrize(
    ("quantity", "micro", "exact"),
    [
        (3330, 1_000_000, 33),  # 0.333 元
        (15_000, 30_000, 5),  # 0.045 元，半分进位
        (30_000, 1_234_567, 370),  # 3.703701 元
        (357, 56_000_000, 200),  # 一盒二十八片取一片：1.9992 元
    ],
)
def test_an_amount_may_differ_from_price_times_quantity_by_a_fen(
    quantity: int, micro: int, exact: int
) -> None:
    for amount in (exact - 1, exact, exact + 1):
        check_lines([Line("1", "A", quantity, micro, amount)])
    for amount in (exact - 2, exact + 2):
        found = code_of(check_lines, [Line("1", "A", quantity, micro, amount)])
        assert found == "line_amount_differs"


@pytest.mark.parametrize("name", ["quantity_e4", "price_micro", "amount_fen"])
def test_returns_are_refused_whatever_is_negative(name: str) -> None:
    sound = Line("1", "A", UNIT, 10_000, 1)
    assert code_of(check_lines, [replace(sound, **{name: -1})]) == "line_return"


@pytest.mark.parametrize(
    ("restricted", "approved", "covered"),
    [
        (False, "0", True),
        (False, "1", True),
        (False, "2", False),
        (True, "0", False),
        (True, "1", True),
        (True, "2", False),
    ],
)
def test_restricted_items_need_approval(restricted: bool, approved: str, covered: bool) -> None:
    version = replace(VERSION, restricted=restricted)
    assert permitted(approved, version) is covered
    judged = judge(
        replace(version, first_self_pay_ppm=0),
        terms_of(law("532300")),
        0,
        permitted(approved, version),
    )
    assert judged.covered is covered


def test_an_unknown_item_can_be_refused_by_the_hospital_too() -> None:
    assert permitted("0", None) and not permitted("2", None)


@pytest.mark.parametrize(
    ("told", "related_to", "diseases", "unrelated"),
    [
        (None, [], ["M1"], False),
        (False, [], ["M1"], True),
        (True, [], ["M1"], False),
        (None, ["M1", "M2"], ["M1"], False),
        (None, ["M2"], ["M1", "糖尿病"], True),
        (None, ["糖尿病"], ["M1", "糖尿病"], False),
        (True, ["M2"], ["M1"], True),  # 目录的说法在先
        (False, ["M1"], ["M1"], False),
        (None, ["M2"], [], False),  # 病种未知
        (False, ["M2"], [], True),
    ],
)
def test_the_catalogue_says_what_is_related_and_then_the_institution(
    told: bool | None, related_to: list[str], diseases: list[str], unrelated: bool
) -> None:
    assert unrelated_to(told, related_to, diseases) is unrelated


@pytest.mark.parametrize(
    ("area", "benefits"),
    [
        ("430500", {"chronic", "special"}),
        ("445300", {"special"}),
        ("510400", {"chronic", "special", "two_diseases"}),
        ("530900", {"chronic"}),
        ("532300", {"chronic", "special"}),
    ],
)
def test_a_line_told_unrelated_is_refused_nowhere(area: str, benefits: set[str]) -> None:
    """It is of no benefit of diseases, in every area that has one, and the person's own."""
    marks = Marks(scoped=(Scoped((), False, "", ("5",), (0, 0, 0, 9)),))
    for benefit in (*benefits, "ordinary"):
        refuse_mixed(marks, benefit, law(area))
    assert benefits <= set(terms_of(law(area)).benefits(UNRELATED))


def test_a_class_b_item_without_first_self_pay_is_refused_never_free() -> None:
    terms = terms_of(law("430500"))
    assert code_of(judge, VERSION, terms, 1, True) == "self_pay_missing"
    judged = judge(replace(VERSION, first_self_pay_ppm=1), terms, 1, True)
    assert split(judged, terms, 1_000_000, 1000) == (0, 0, 1, 999_999)


def test_a_version_holds_to_its_last_day_and_not_beyond() -> None:
    items = Items([VERSION])
    assert items.find("532300", "A", date(2023, 12, 31)) is VERSION
    assert items.find("532300", "B", date(2023, 12, 31)) is None
    assert items.find("430500", "A", date(2023, 12, 31)) is None
    assert code_of(items.find, "532300", "A", date(2024, 1, 1)) == "item_outside_dates"
    assert VERSION.in_agreement(date(2023, 5, 31)) and not VERSION.in_agreement(date(2023, 6, 1))
