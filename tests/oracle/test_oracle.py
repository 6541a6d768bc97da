"""The oracle against hand-computed visits, and laws that every random history obeys."""

import random
from collections import Counter
from typing import Any

import pytest

from gongji.oracle import settle
from gongji.units import parse_fen
from histories import ALL_BENEFITS, AREAS, OFFERED, random_history
from worked import CX, INPATIENT, LC, PZ, SY, YF, YN, YUNNAN_CASES, Row, visit
from worked_elsewhere import ELSEWHERE_CASES

CASES = YUNNAN_CASES + ELSEWHERE_CASES


def outcomes(area: str, rows: list[Row], parameters: dict[str, int] | None = None) -> Any:
    """The history settled in the area."""
    return settle([row | {"area": area} for row in rows], parameters)


@pytest.mark.parametrize(
    ("area", "parameters", "rows", "expected"),
    [case[1:] for case in CASES],
    ids=[case[0] for case in CASES],
)
def test_pool_pays_as_computed_by_hand(
    area: str, parameters: dict[str, int], rows: list[Row], expected: list[str]
) -> None:
    """Each visit pays to the fen what the article gives, or is refused as it says."""
    results = outcomes(area, rows, parameters)
    shown = [f"!{o.refusal}" if o.refusal else o.pool_fen for o in results]
    assert shown == [text if text.startswith("!") else parse_fen(text) for text in expected]


# Every remaining rate, deductible, ceiling and first or last day:
# (area, day, level, status, benefit, cost, pool or refusal), each with a fresh year.
SINGLES = [
    # (1060 - 60) x 60 %; Yunnan (1040 - 40) x 55 %, (1020 - 20) x 70 %, (1040 - 40) x 65 %.
    (CX, "2022-07-01", "2", "retired", "ordinary", "1060", "600"),
    (YN, "2024-11-01", "2", "active", "ordinary", "1040", "550"),
    (YN, "2024-11-01", "1", "retired", "ordinary", "1020", "700"),
    (YN, "2024-11-01", "2", "retired", "ordinary", "1040", "650"),
    # Chronic: (1300 - 300) x 90 %; two diseases (5300 - 300) x 90 % = 4500 > 3000.
    (CX, "2023-01-01", "1", "retired", "chronic", "1300", "900"),
    (CX, "2023-01-01", "1", "retired", "chronic2", "5300", "3000"),
    # Lincang: (1090 - 90) x 50 %; 6000, then 100 at 90, 80, 98 and 95 %.
    (LC, "2023-01-01", "3", "active", "ordinary", "1090", "500"),
    (LC, "2022-12-31", "3", "active", "ordinary", "1090", "!date_outside"),
    (LC, "2024-11-01", "2", "active", "ordinary", "11049.09", "6090"),  # 6000 / 55 % = 10909.09
    (LC, "2024-11-01", "3", "active", "ordinary", "12160", "6080"),  # 6000 / 50 % = 12000
    (LC, "2024-11-01", "1", "retired", "ordinary", "8691.43", "6098"),  # 6000 / 70 % = 8571.43
    (LC, "2024-11-01", "2", "retired", "ordinary", "9370.77", "6095"),  # 6000 / 65 % = 9230.77
    # Lincang chronic: 9 diseases 5000 at most: (10300 - 300) x 90 % > 5000.
    (LC, "2024-11-01", "1", "active", "chronic9", "10300", "5000"),
    # Panzhihua: (1150 - 150) x 65 %; ceiling 1500 of (9000 - 150) x 65 %; five years.
    (PZ, "2023-01-01", "2", "retired", "ordinary", "1150", "650"),
    (PZ, "2027-12-31", "1", "retired", "ordinary", "9000", "1500"),
    (PZ, "2022-12-31", "1", "active", "ordinary", "1150", "!date_outside"),
    (PZ, "2028-01-01", "1", "active", "ordinary", "1150", "!date_outside"),
    # Yunfu: 100 x 60 %.
    (YF, "2022-09-01", "1", "active", "ordinary", "100", "60"),
    (YF, "2022-08-31", "1", "active", "ordinary", "100", "!date_outside"),
    (YF, "2025-12-31", "1", "active", "ordinary", "100", "60"),
    # Shaoyang: the first day of each version, retired ceiling and disease rate.
    (SY, "2022-10-31", "2", "active", "ordinary", "300", "!date_outside"),
    (SY, "2022-11-01", "2", "active", "ordinary", "300", "60"),  # (300 - 200) x 60 %
    (SY, "2023-05-31", "2", "active", "ordinary", "300", "60"),
    (SY, "2023-06-01", "2", "active", "ordinary", "300", "150"),  # (300 - 50) x 60 %
    (SY, "2023-06-01", "1", "retired", "ordinary", "9000", "2000"),
    (SY, "2023-06-01", "1", "retired", "special", "100", "85"),
]
SINGLE_FIGURES = {
    "chronic_deductible": 30_000,
    "chronic_rate.active": 900_000,
    "average_wage.2020": 8_000_000,
    "average_wage.2023": 8_000_000,
    "disease_ceiling": 40_000,
}


@pytest.mark.parametrize(("area", "day", "level", "status", "benefit", "cost", "pool"), SINGLES)
def test_every_figure_in_a_visit_of_its_own(
    area: str, day: str, level: str, status: str, benefit: str, cost: str, pool: str
) -> None:
    """One visit of a fresh year; a digit after the benefit counts the registered diseases."""
    name = benefit.rstrip("0123456789")
    facts = {"benefit": name, "disease_count": int(benefit[len(name) :] or "1")}
    [outcome] = outcomes(area, [visit(day, cost, level, status=status, **facts)], SINGLE_FIGURES)
    shown = f"!{outcome.refusal}" if outcome.refusal else outcome.pool_fen
    assert shown == (pool if pool.startswith("!") else parse_fen(pool))


def test_the_large_amount_fund_ends_at_400_000() -> None:
    """600,000 left of it x 90 % = 540,000 > 400,000."""
    [outcome] = outcomes(LC, [visit("2023-05-01", "662661.58")])
    assert outcome.supplements_fen == 40_000_000


def test_layers_of_one_visit() -> None:
    """Layers, deductible and the person's part of visits through several layers."""
    # DRV008: 90 borne, 500 + 850 of 2090, 740 stays with the person.
    rows = [visit("2023-01-01", "11090", "3"), visit("2023-11-01", "2090", "3")]
    second = outcomes(CX, rows, INPATIENT)[1]
    assert second.layers == {"ordinary": 50_000, "overflow": 85_000}
    assert (second.deductible_fen, second.person_fen) == (9_000, 74_000)
    # 30 borne; 10000 x 60 %; 50000 / 0.95 = 52631.58; 1000 x 90 % from the large-amount fund.
    large = outcomes(LC, [visit("2023-05-01", "63661.58")])[0]
    assert large.layers == {"ordinary": 600_000, "overflow": 5_000_000, "large_amount": 90_000}
    assert (large.pool_fen, large.supplements_fen, large.person_fen) == (5_600_000, 90_000, 676_158)
    # DRV023's deductibles.
    levels = ("3", "3", "2", "3", "2")
    hunan = outcomes(SY, [visit("2023-07-01", "500", level) for level in levels])
    assert [o.deductible_fen for o in hunan] == [10_000, 10_000, 5_000, 5_000, 0]
    # PZ chronic into ordinary: 100 + 200 borne in two layers.
    figures = {"chronic_deductible": 10_000, "chronic_rate.active": 800_000}
    row = visit("2023-01-01", "2000", "3", benefit="chronic")
    chronic = outcomes(PZ, [row], figures | {"chronic_ceiling": 100_000})[0]
    assert chronic.layers == {"chronic": 100_000, "ordinary": 22_500}
    assert chronic.deductible_fen == 30_000


def test_subsidies_pay_on_what_remains_in_scope() -> None:
    """Chuxiong's article 35: 80 % of 1000 - 582 = 418 is 334.40."""
    figures = {"subsidy_rate.civil_servant": 800_000}
    whole = visit("2023-03-01", "1000", subsidy="civil_servant")
    partly = visit("2023-03-01", "1200", subsidy="civil_servant", in_scope_fen=100_000)
    results = outcomes(CX, [whole, partly], figures)
    assert [o.supplements_fen for o in results] == [33_440, 33_440]
    assert [o.person_fen for o in results] == [8_360, 28_360]
    assert results[0].layers == {"ordinary": 58_200, "overflow": 0, "civil_servant": 33_440}
    missing = outcomes(CX, [whole])[0]
    assert (missing.refusal, missing.missing) == ("parameter_missing", "subsidy_rate.civil_servant")
    assert missing.person_fen == 100_000


def check_visit(row: Row, outcome: Any) -> None:
    """Nothing is lost, nothing is negative, a refusal pays nothing."""
    assert outcome.pool_fen + outcome.supplements_fen + outcome.person_fen == row["total_fen"]
    assert sum(outcome.layers.values()) == outcome.pool_fen + outcome.supplements_fen
    parts = [outcome.pool_fen, outcome.supplements_fen, outcome.person_fen, outcome.deductible_fen]
    assert min([*parts, *outcome.layers.values()]) >= 0
    in_scope = row.get("in_scope_fen", row["total_fen"])
    assert outcome.deductible_fen + outcome.pool_fen <= in_scope
    if outcome.refusal:
        assert not any([outcome.pool_fen, outcome.supplements_fen, outcome.deductible_fen])
    assert (outcome.missing is not None) == (outcome.refusal == "parameter_missing")


@pytest.mark.parametrize("area", AREAS)
def test_random_histories_conserve_and_repeat(area: str) -> None:
    """Every visit conserves its total; a refused visit might as well not have happened."""
    rng = random.Random(f"conserve {area}")
    for _ in range(250):
        rows, figures = random_history(rng, area)
        results = settle(rows, figures)
        for row, outcome in zip(rows, results, strict=True):
            check_visit(row, outcome)
        kept = [pair for pair in zip(rows, results, strict=True) if pair[1].refusal is None]
        assert settle([row for row, _ in kept], figures) == [outcome for _, outcome in kept]


@pytest.mark.parametrize("area", AREAS)
def test_more_cost_never_pays_less(area: str) -> None:
    """A costlier last visit is paid at least as much, and the person bears at least as much."""
    rng = random.Random(f"monotone {area}")
    for _ in range(250):
        rows, figures = random_history(rng, area)
        last = dict(rows[-1])
        last.pop("in_scope_fen", None)
        more = last | {"total_fen": last["total_fen"] + rng.choice((1, 1, 2, 10, 99_999))}
        before = settle([*rows[:-1], last], figures)[-1]
        after = settle([*rows[:-1], more], figures)[-1]
        if before.refusal or after.refusal:
            continue
        assert after.pool_fen >= before.pool_fen
        assert after.pool_fen + after.supplements_fen >= before.pool_fen + before.supplements_fen
        assert after.deductible_fen >= before.deductible_fen
        assert after.person_fen >= before.person_fen - 1  # one rounding a layer


YEARLY_MOST = {  # yuan a year from the layer, whatever happens
    CX: {"ordinary": 6_000, "chronic": 5_000},
    LC: {"ordinary": 6_000, "overflow": 50_000, "large_amount": 400_000, "chronic": 5_000},
    YN: {"ordinary": 6_000},
    PZ: {"ordinary": 1_500},
    SY: {"ordinary": 2_000},
}


@pytest.mark.parametrize("area", sorted(YEARLY_MOST))
def test_no_year_passes_its_ceiling(area: str) -> None:
    """The payments of a layer in a calendar year stay within its ceiling, and some reach it."""
    rng = random.Random(f"ceiling {area}")
    reached: Counter[str] = Counter()
    for _ in range(250):
        rows, figures = random_history(rng, area)
        paid: Counter[tuple[int, str]] = Counter()
        for row, outcome in zip(rows, settle(rows, figures), strict=True):
            for layer, fen in outcome.layers.items():
                paid[row["date"].year, layer] += fen
        for (_, layer), fen in paid.items():
            most = YEARLY_MOST[area].get(layer)
            assert most is None or fen <= most * 100
            reached[layer] += most is not None and fen == most * 100
    assert all(reached[layer] for layer in YEARLY_MOST[area])


EVERYWHERE = "outside_benefit_period third_party other_fund public_health abroad excluded_by_law"
GATES = {
    CX: "not_designated level_too_low not_in_agreement offsite_unfiled no_prescription",
    LC: "not_designated offsite_unfiled no_prescription",
    YN: "not_designated offsite_unfiled no_prescription",
    PZ: (
        "not_designated paid_by_account no_account offsite_unfiled no_prescription "
        "pharmacy_not_qualified"
    ),
    YF: (
        "not_designated not_selected inpatient_stay offsite_unfiled no_prescription "
        "not_dual_channel"
    ),
    SY: (
        "not_designated inpatient_stay joins_inpatient wellness not_direct offsite_unfiled "
        "no_prescription"
    ),
}


@pytest.mark.parametrize("area", AREAS)
def test_random_histories_reach_every_benefit_and_every_gate(area: str) -> None:
    """The generator meets every refusal that the area's articles know, and pays every benefit."""
    rng = random.Random(f"reach {area}")
    refusals: Counter[str | None] = Counter()
    paid: Counter[str] = Counter()
    for _ in range(900):
        rows, figures = random_history(rng, area)
        for row, outcome in zip(rows, settle(rows, figures), strict=True):
            refusals[outcome.refusal] += 1
            paid[row.get("benefit", "ordinary")] += outcome.pool_fen > 0
    always = {"date_outside", "benefit_not_offered", "parameter_missing"}
    assert set(refusals) - {None} == set(f"{GATES[area]} {EVERYWHERE}".split()) | always
    assert {benefit for benefit in ALL_BENEFITS if paid[benefit]} == set(OFFERED[area])
