"""Credits and clearing in integers: each bound, band and rounding by hand, one fen on either
side."""

import pytest

from gongji.law.kernel import accrue, clear, pour
from gongji.units import MAX_FEN, WHOLE


def plan(**more: int) -> list[int]:
    """A credit of 2 % of one's own base, 6 % to the pool, within 5,000 to 20,000 yuan."""
    figures = {
        "REFUSAL": 0,
        "RATE": 20_000,
        "BASE": accrue.OWN_BASE,
        "FLOOR": 500_000,
        "CAP": 2_000_000,
        "UNIT": 1,
        "POOL_RATE": 60_000,
    } | more
    return list(figures.values())


@pytest.mark.parametrize(
    ("base", "credit", "pool"),
    [
        (499_999, 10_000, 30_000),
        (500_000, 10_000, 30_000),
        # 5,000.25 x 2 % = 100.005 and x 6 % = 300.015: half a fen is up.
        (500_025, 10_001, 30_002),
        (500_024, 10_000, 30_001),
        (1_999_999, 40_000, 120_000),
        (2_000_000, 40_000, 120_000),
        (2_000_001, 40_000, 120_000),
        (0, 10_000, 30_000),
        (MAX_FEN, 40_000, 120_000),
    ],
)
def test_a_base_counts_within_its_bounds_for_credit_and_pool(
    base: int, credit: int, pool: int
) -> None:
    """At, below and above the floor and the cap."""
    assert accrue.accrue(plan(), 0, base) == (accrue.SETTLED, credit, pool)


@pytest.mark.parametrize(
    ("rate", "unit", "credit"),
    [(25_000, 100, 12_500), (24_999, 100, 12_500), (24_899, 100, 12_400), (24_900, 100, 12_500)],
)
def test_a_credit_in_whole_yuan_is_rounded_half_up(rate: int, unit: int, credit: int) -> None:
    """5,000 yuan x 2.49 % = 124.50 is 125; 124.495 is 124."""
    assert accrue.accrue(plan(RATE=rate, UNIT=unit), 0, 500_000)[1] == credit


@pytest.mark.parametrize("name", ["RATE", "BASE", "FLOOR", "CAP"])
def test_an_open_figure_is_told_by_its_place(name: str) -> None:
    """Whichever it is, also in a row further on; a refusal comes before it."""
    at = getattr(accrue, name)
    code = plan(**{name: pour.OPEN})
    assert accrue.accrue(code, 0, 600_000) == (-at, 0, 0)
    assert accrue.accrue([0] * 8 + code, 8, 600_000) == (-8 - at, 0, 0)
    assert accrue.accrue(plan(**{name: pour.OPEN, "REFUSAL": 7}), 0, 600_000) == (7, 0, 0)


@pytest.mark.parametrize(
    ("month", "registered", "event", "after", "retired"),
    [
        (4, 1, 5, 1, 0),
        (5, 1, 5, 1, 0),
        (6, 1, 5, 1, 1),
        (4, 1, 5, 0, 0),
        (5, 1, 5, 0, 1),
        # Long past, or in month nought; never registered.
        (5, 1, -1, 1, 1),
        (0, 1, 0, 1, 0),
        (1, 1, 0, 1, 1),
        (9, 0, -1, 1, 0),
        (9, 0, 5, 1, 0),
    ],
)
def test_the_rules_for_retirees_hold_from_the_month_after_the_event(
    month: int, registered: int, event: int, after: int, retired: int
) -> None:
    """云浮第四条: the next month; elsewhere the month itself."""
    assert accrue.retired_in(month, registered, event, after) == retired


TERMS = [
    300_000,
    900_000,
    10_000,
    10_000,
    4,
    0,
    0,
    300_000,
    300_000,
    700_000,
    700_000,
    800_000,
    WHOLE,
]
"""云浮第二十条: up to 30 % nothing is kept, then 30 %, from 70 % on 70 %, from 80 % on all."""


def cleared(prepaid: int, used: int, direct: int = 100, settled: int = 100) -> list[int]:
    """A year cleared under TERMS."""
    out = [0] * clear.YEAR_SIZE
    clear.clear(TERMS, 0, prepaid, used, direct, settled, out)
    return out


@pytest.mark.parametrize(
    ("used", "band", "kept", "returned", "borne"),
    [
        (0, 0, 0, 1_000_000, 0),
        (299_999, 0, 0, 700_001, 0),
        (300_000, 1, 210_000, 490_000, 0),
        (699_999, 1, 90_000, 210_001, 0),
        (700_000, 2, 210_000, 90_000, 0),
        (799_999, 2, 140_001, 60_000, 0),
        (800_000, 3, 200_000, 0, 0),
        (999_999, 3, 1, 0, 0),
        (1_000_000, 3, 0, 0, 0),
        (1_000_001, 3, 0, 0, 1),
    ],
)
def test_a_band_begins_on_the_very_fen(
    used: int, band: int, kept: int, returned: int, borne: int
) -> None:
    """10,000 yuan prepaid; kept and returned are the balance, to the fen."""
    out = cleared(1_000_000, used)
    names = (clear.BAND, clear.KEPT, clear.RETURNED, clear.BORNE)
    assert [out[name] for name in names] == [band, kept, returned, borne]
    assert out[clear.BALANCE] == kept + returned


def test_without_a_budget_everything_is_borne() -> None:
    """Nothing prepaid: the first band, nothing kept."""
    out = cleared(0, 5)
    assert (out[clear.BAND], out[clear.KEPT], out[clear.BORNE]) == (0, 0, 5)


@pytest.mark.parametrize(
    ("direct", "settled", "lost"),
    [
        (90, 100, 0),
        (100, 100, 0),
        (899, 1_000, 10_000),
        (89, 100, 10_000),
        (8_899, 10_000, 20_000),
        (88, 100, 20_000),
        (0, 100, 900_000),
        # One in ten billion below is a whole point already; nothing settled loses nothing.
        (9 * 10**11 - 1, 10**12, 10_000),
        (9 * 10**11, 10**12, 0),
        (0, 0, 0),
    ],
)
def test_a_part_of_a_point_below_the_direct_rate_counts_as_one(
    direct: int, settled: int, lost: int
) -> None:
    """云浮第二十条（二）: 不足一个百分点按照一个百分点计算."""
    assert clear.direct_loss(TERMS, 0, direct, settled) == lost


def test_a_loss_is_taken_from_the_share_kept_and_never_below_nothing() -> None:
    """From 70 % on 70 %: 5 points less is 65 % of 3,000; 90 points less is nothing."""
    out = cleared(1_000_000, 700_000, 85, 100)
    names = (clear.LOST, clear.KEPT_SHARE, clear.KEPT)
    assert [out[name] for name in names] == [50_000, 650_000, 195_000]
    out = cleared(1_000_000, 700_000, 0, 100)
    assert [out[name] for name in names] == [900_000, 0, 0]
    assert out[clear.RETURNED] == 300_000


@pytest.mark.parametrize(
    ("ceiling", "share", "heads", "fen"),
    [
        # 1,600 yuan x 30 % / 12 = 40 a head and month.
        (160_000, 300_000, 1, 4_000),
        (160_000, 300_000, 7, 28_000),
        (160_000, 300_000, 0, 0),
        # 0.20 x 30 % / 12 = 0.5 fen is one; 0.19 gives 0.475, nothing.
        (20, 300_000, 1, 1),
        (19, 300_000, 1, 0),
        # Rounded once for all heads, not for each: 3 x 0.5 fen is 1.5, two fen.
        (20, 300_000, 3, 2),
    ],
)
def test_a_month_is_prepaid_rounded_once(ceiling: int, share: int, heads: int, fen: int) -> None:
    """云浮第二十条（一）."""
    assert clear.prepayment(ceiling, share, heads) == fen
