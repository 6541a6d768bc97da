"""A month's credit: against the oracle, at its turning points, explained, and in a few words."""

import random
from datetime import date
from typing import Any

import pytest

from gongji import oracle
from gongji.law.accounts import credit
from gongji.law.accounts.explain_accounts import explain_credit
from gongji.law.checks.library import Library
from gongji.law.engine.areas import Areas
from gongji.refusals import Refusal
from gongji.units import show_ppm, yuan_text
from histories import random_credit

LIBRARY = Library()
SY, YF, PZ, CX, LC = "430500", "445300", "510400", "532300", "530925"


def credited(settings: dict[str, str] | None = None, **row: str) -> tuple[int, str]:
    """The credit of a row in fen and the refusal; the base in yuan."""
    try:
        result = credit(
            Areas(LIBRARY, everywhere=settings).area(row["area"]), {"status": "retired"} | row
        )
    except Refusal as refusal:
        return 0, refusal.code
    return result.credit_fen, result.refusal


def texts(row: dict[str, Any]) -> dict[str, str]:
    """A row of the oracle as a roster would hold it."""
    found = {}
    for name, value in row.items():
        if isinstance(value, bool):
            found[name] = "true" if value else "false"
        elif isinstance(value, date):
            found[name] = value.isoformat() if name == "birth_date" else f"{value:%Y-%m}"
        elif value is not None:
            found[name] = str(value)
    return found


def settings_of(figures: dict[str, int]) -> dict[str, str]:
    """Open figures as `--set` takes them."""
    return {
        name: show_ppm(figure) if name.endswith("_rate") else yuan_text(figure)
        for name, figure in figures.items()
    }


def test_credits_equal_the_oracle_on_random_months() -> None:
    """Rulebook and kernel agree with the second reading to the fen, refusals included."""
    rng = random.Random("credits")
    for number in range(3_000):
        row, figures = random_credit(rng)
        # A roster without the month of completion means the ordinary case: complete long ago.
        if row["status"] == "retired" and row["years_complete_month"] is None:
            row["years_complete_month"] = date(2000, 1, 1)
        outcome = oracle.credit(row, figures)
        try:
            result = credit(
                Areas(LIBRARY, everywhere=settings_of(figures)).area(row["area"]), texts(row)
            )
            found = (result.credit_fen, result.refusal or None)
        except Refusal as refusal:
            found = (0, refusal.code)
        assert found == (outcome.credit_fen, outcome.refusal), (number, row, figures)


@pytest.mark.parametrize(
    ("area", "row", "settings", "fen", "refusal"),
    [
        # 邵阳第十一条（二）、第二十条: 75 yuan from 2023-01, from the month after the registration.
        (SY, {"month": "2023-01"}, {}, 7_500, ""),
        (SY, {"month": "2022-12"}, {}, 0, "date_outside"),
        (SY, {"month": "2023-05", "retired_month": "2023-05", "base": "4000"}, {}, 8_000, ""),
        (SY, {"month": "2023-06", "retired_month": "2023-05", "base": "4000"}, {}, 7_500, ""),
        (SY, {"month": "2023-06", "had_account": "false"}, {}, 0, "no_account"),
        # 云浮第九条（二）: the registration and the years; nothing while paying monthly.
        (YF, {"month": "2023-05", "retired_month": "2023-05", "base": "4000"}, {}, 8_000, ""),
        (YF, {"month": "2023-06", "retired_month": "2023-05", "base": "4000"}, {}, 10_555, ""),
        (
            YF,
            {"month": "2023-06", "retired_month": "2023-05", "years_complete_month": "2023-06"}
            | {"base": "4000"},
            {},
            8_000,
            "",
        ),
        # Everywhere from the month after, and nothing outside the benefit period.
        (LC, {"month": "2025-01", "retired_month": "2025-03", "base": "3500"}, {}, 7_000, ""),
        (LC, {"month": "2025-03", "retired_month": "2025-03", "base": "3500"}, {}, 7_000, ""),
        (LC, {"month": "2025-04", "retired_month": "2025-03", "base": "3500"}, {}, 10_600, ""),
        (CX, {"month": "2025-01", "in_benefit_period": "false"}, {}, 0, "outside_benefit_period"),
        (SY, {"month": "2025-01", "in_benefit_period": "false"}, {}, 0, "outside_benefit_period"),
        (PZ, {"month": "2025-01", "in_benefit_period": "false"}, {}, 0, "outside_benefit_period"),
        (YF, {"month": "2023-06", "years_complete_month": "2023-06", "base": "0"}, {}, 0, ""),
        (YF, {"month": "2023-06", "years_complete_month": "2023-06"}, {}, 0, "field_missing"),
        (YF, {"month": "2023-07", "years_complete_month": "2023-06"}, {}, 10_555, ""),
        (YF, {"month": "2023-07", "paying_monthly": "true"}, {}, 0, "paying_monthly"),
        (
            YF,
            {"month": "2023-07", "paying_monthly": "true", "in_benefit_period": "false"},
            {},
            0,
            "outside_benefit_period",
        ),
        # 攀枝花第四条: 2 % of 2,624.99 is 52.4998, of 2,625.00 is 52.50, to the yuan.
        (PZ, {"month": "2023-01"}, {"average_pension": "2624.99"}, 5_200, ""),
        (PZ, {"month": "2023-01"}, {"average_pension": "2625"}, 5_300, ""),
        (PZ, {"month": "2023-01"}, {}, 0, "parameter_missing"),
        (PZ, {"month": "2023-01", "tier": "2"}, {}, 0, "no_account"),
        # 楚雄 and 临沧 until 2024-10 by their own rule, then 云南: 106, 142 from 70 on.
        (CX, {"month": "2024-10"}, {}, 0, "parameter_missing"),
        (CX, {"month": "2024-11"}, {}, 10_600, ""),
        (CX, {"month": "2024-11", "birth_date": "1954-12-01"}, {}, 10_600, ""),
        (CX, {"month": "2024-12", "birth_date": "1954-12-31"}, {}, 14_200, ""),
        (LC, {"month": "2024-10"}, {"retiree_credit": "88.88"}, 8_888, ""),
        (LC, {"month": "2024-11", "birth_date": "1950-01-01"}, {}, 14_200, ""),
        # A wholly unknown area; a month that cannot be read; an active person without a base.
        ("110000", {"month": "2024-11"}, {}, 0, "area_unknown"),
        (SY, {"month": "2024-13"}, {}, 0, "value_invalid"),
        (SY, {"month": "2024-01", "status": "active"}, {}, 0, "field_missing"),
        (SY, {"month": "2024-01", "birthday": "1950-01-01"}, {}, 0, "field_unknown"),
        (SY, {"month": "2024-01", "status": "active", "base": "1.234"}, {}, 0, "amount_invalid"),
        (SY, {"month": "2024-01", "status": "active", "base": "-1"}, {}, 0, "amount_negative"),
    ],
)
def test_a_month_at_its_turning_points(
    area: str, row: dict[str, str], settings: dict[str, str], fen: int, refusal: str
) -> None:
    """Each turn of the account articles, computed by hand."""
    assert credited(settings, area=area, **row) == (fen, refusal)


def test_yunfu_tells_what_goes_to_the_pool() -> None:
    """第九条（三）: 6 % of the base goes to the pool, 2 % to the account; where it is given."""
    area = Areas(LIBRARY).area(YF)
    row = {"area": YF, "month": "2024-01", "status": "active", "base": "4000.25"}
    result = credit(area, row)
    assert (result.credit_fen, result.pool_fen) == (8_001, 24_002)
    assert "单位缴费按缴费基数的6%，240.02元进入统筹基金。" in explain_credit(result).as_text()
    assert credit(Areas(LIBRARY).area(SY), row | {"area": SY}).pool_fen == 0


def test_a_credit_names_its_article_and_what_it_rests_on() -> None:
    """The sentence of a credit: amounts, fund, article, doubts, supplied figures."""
    area = Areas(
        LIBRARY, everywhere={"retiree_credit_rate": "3.85%", "retiree_credit_base": "2000"}
    ).area(CX)
    told = explain_credit(credit(area, {"area": CX, "month": "2024-10", "status": "retired"}))
    text = told.as_text()
    assert "2,000.00元×3.85%，划入个人账户77.00元，由统筹基金划入。" in text
    assert told.articles == "楚政规〔2022〕2号 第九条"
    assert told.rulebook == "000000@2011-07-01 532300@2022-07-01"
    assert "【存疑】" in text and "retiree_credit_base" in text
    yunnan = explain_credit(credit(area, {"area": CX, "month": "2024-11", "status": "retired"}))
    assert "七十周岁以下（未给出生日期）" in yunnan.as_text()
    assert "【官方转述】" in yunnan.as_text()


def test_a_retirement_inside_the_roster_is_explained() -> None:
    """The month of the event still counts as active, and the sentence says why."""
    row = {"area": SY, "month": "2023-05", "status": "retired", "retired_month": "2023-05"}
    told = explain_credit(credit(Areas(LIBRARY).area(SY), row | {"base": "4000"}))
    assert "2023-05办结退休手续，自次月起按退休人员划入；本月按在职人员。" in told.as_text()
    assert "邵市政办发〔2022〕22号 第十一条（二）" in told.articles
