"""The oracle's account credits and its clearing of institutions against hand-computed cases."""

import random
from datetime import date
from fractions import Fraction

import pytest

from gongji.oracle import clear, credit
from gongji.units import parse_fen
from histories import random_clearing, random_credit
from worked import CX, LC, PZ, SY, YF, YN, Row


def month(text: str) -> date:
    """The first of a month written as 2023-01."""
    return date.fromisoformat(f"{text}-01")


CREDITS: list[tuple[str, Row, dict[str, int], int, str | None]] = [
    ("CX active", {"area": CX, "month": "2023-01", "base_fen": 672_225}, {}, 13_445, None),
    (
        "CX retired 3.85 % of 2,000",
        {"area": CX, "month": "2024-10", "status": "retired"},
        {"retiree_credit_rate": 38_500, "retiree_credit_base": 200_000},
        7_700,
        None,
    ),
    (
        "CX retired without the figures",
        {"area": CX, "month": "2024-10", "status": "retired"},
        {},
        0,
        "parameter_missing",
    ),
    (
        "YN 70 from the month of the birthday",
        {"area": CX, "month": "2024-11", "status": "retired", "birth_date": date(1954, 11, 30)},
        {},
        14_200,
        None,
    ),
    (
        "YN under 70",
        {"area": YN, "month": "2024-11", "status": "retired", "birth_date": date(1954, 12, 1)},
        {},
        10_600,
        None,
    ),
    ("LC before", {"area": LC, "month": "2022-12"}, {}, 0, "date_outside"),
    (
        "LC retired, interim",
        {"area": "530925", "month": "2024-10", "status": "retired"},
        {"retiree_credit": 9_000},
        9_000,
        None,
    ),
    # 2 % of 2675 = 53.5 -> 54 yuan.
    (
        "PZ retired to the yuan",
        {"area": PZ, "month": "2023-01", "status": "retired", "tier": "1"},
        {"average_pension": 267_500},
        5_400,
        None,
    ),
    ("PZ tier 2", {"area": PZ, "month": "2023-01", "tier": "2"}, {}, 0, "no_account"),
    (
        "YF the month of completion",
        {
            "area": YF,
            "month": "2023-06",
            "status": "retired",
            "base_fen": 500_000,
            "years_complete_month": date(2023, 6, 1),
        },
        {},
        10_000,
        None,
    ),
    (
        "YF the month after",
        {
            "area": YF,
            "month": "2023-07",
            "status": "retired",
            "years_complete_month": date(2023, 6, 1),
        },
        {},
        10_555,
        None,
    ),
    (
        "YF paying monthly",
        {"area": YF, "month": "2023-07", "status": "retired", "paying_monthly": True},
        {},
        0,
        "paying_monthly",
    ),
    (
        "YF outside the benefit period",
        {"area": YF, "month": "2023-07", "in_benefit_period": False, "base_fen": 500_000},
        {},
        0,
        "outside_benefit_period",
    ),
    ("SY first month", {"area": SY, "month": "2023-01", "base_fen": 50}, {}, 1, None),
    ("SY before accounts", {"area": SY, "month": "2022-12"}, {}, 0, "date_outside"),
    (
        "SY the month of retirement",
        {
            "area": SY,
            "month": "2023-05",
            "status": "retired",
            "retired_month": date(2023, 5, 1),
            "base_fen": 400_000,
        },
        {},
        8_000,
        None,
    ),
    (
        "SY the month after",
        {"area": SY, "month": "2023-06", "status": "retired", "retired_month": date(2023, 5, 1)},
        {},
        7_500,
        None,
    ),
    (
        "SY without an account before the reform",
        {"area": SY, "month": "2023-06", "status": "retired", "had_account": False},
        {},
        0,
        "no_account",
    ),
    # 2 % of 0.25 = 0.005 -> 0.01.
    ("half a fen", {"area": SY, "month": "2023-06", "base_fen": 25}, {}, 1, None),
]


@pytest.mark.parametrize(
    ("row", "parameters", "fen", "refusal"),
    [case[1:] for case in CREDITS],
    ids=[case[0] for case in CREDITS],
)
def test_credits_as_the_account_articles_give_them(
    row: Row, parameters: dict[str, int], fen: int, refusal: str | None
) -> None:
    """A month's credit, or its refusal."""
    full = {"status": "active", "base_fen": 0} | row | {"month": month(row["month"])}
    outcome = credit(full, parameters)
    assert (outcome.credit_fen, outcome.refusal) == (fen, refusal)


# 1000 yuan x 30 % x 40 heads / 12 = 1000 yuan a month, 12,000 a year.
# (spent yuan, direct, settled, kept_ppm, kept yuan, borne yuan)
CLEARINGS = [
    ("3599.99", 90, 100, 0, "0", "0"),  # < 30 %
    ("3600", 90, 100, 300_000, "2520", "0"),  # 30 %: 8400 x 30 %
    ("8399.99", 90, 100, 300_000, "1080", "0"),  # < 70 %: 3600.01 x 30 % = 1080.003
    ("8400", 90, 100, 700_000, "2520", "0"),  # 70 %: 3600 x 70 %
    ("9599.99", 90, 100, 700_000, "1680.01", "0"),  # < 80 %: 2400.01 x 70 % = 1680.007
    ("9600", 90, 100, 1_000_000, "2400", "0"),  # 80 %: all
    ("12000", 90, 100, 1_000_000, "0", "0"),  # 100 %: nothing left
    ("12000.01", 90, 100, 1_000_000, "0", "0.01"),  # above: borne by the institution
    ("9600", 89, 100, 990_000, "2376", "0"),  # 89 %: one point
    ("9600", 899, 1000, 990_000, "2376", "0"),  # 89.9 %: a part point counts whole
    ("9600", 8899, 10000, 980_000, "2352", "0"),  # 88.99 %: two points
    ("3600", 59, 100, 0, "0", "0"),  # 30 - 31 points: not below 0
    ("3600", 0, 0, 300_000, "2520", "0"),  # nothing settled: nothing lost
]


@pytest.mark.parametrize(("spent", "direct", "settled", "ppm", "kept", "borne"), CLEARINGS)
def test_clearing_at_its_boundaries(
    spent: str, direct: int, settled: int, ppm: int, kept: str, borne: str
) -> None:
    """Yunfu's article 20 on and beside every boundary."""
    row = {
        "ceiling_fen": 100_000,
        "heads": [40] * 12,
        "spent_fen": parse_fen(spent),
        "direct_settled": direct,
        "settled": settled,
    }
    outcome = clear(row)
    assert outcome.prepaid_fen == 1_200_000
    assert outcome.usage == Fraction(parse_fen(spent), 1_200_000)
    assert (outcome.kept_ppm, outcome.kept_fen) == (ppm, parse_fen(kept))
    assert outcome.kept_fen + outcome.returned_fen == outcome.balance_fen
    assert outcome.borne_fen == parse_fen(borne)


def test_an_institution_without_people_has_used_nothing() -> None:
    """Nothing prepaid: usage 0, what was spent is borne."""
    row = {"ceiling_fen": 100_000, "heads": [0] * 12, "direct_settled": 1, "settled": 1}
    outcome = clear(row | {"spent_fen": 5})
    assert (outcome.usage, outcome.balance_fen, outcome.borne_fen) == (Fraction(0), 0, 5)


def test_prepayments_round_each_month() -> None:
    """1000.50 yuan x 30 % / 12 = 25.0125 a head: 25.01 x 12 = 300.12, not 300.15."""
    row = {"ceiling_fen": 100_050, "heads": [1] * 12, "spent_fen": 0}
    assert clear(row | {"direct_settled": 1, "settled": 1}).prepaid_fen == 30_012


def test_random_credits_and_clearings_hold_together() -> None:
    """A refused credit is nothing; a balance is kept or returned, never both with a loss."""
    rng = random.Random("accounts")
    for _ in range(2_000):
        outcome = credit(*random_credit(rng))
        assert outcome.credit_fen >= 0
        assert outcome.refusal is None or outcome.credit_fen == 0
        assert (outcome.missing is not None) == (outcome.refusal == "parameter_missing")
        year = clear(random_clearing(rng))
        assert year.kept_fen + year.returned_fen == year.balance_fen
        assert 0 <= year.kept_ppm <= 1_000_000
        assert year.balance_fen == 0 or year.borne_fen == 0
