"""Random person-years, account months and institution years, biased to where rules break.

Deterministic for a given `random.Random`. Amounts crowd around deductibles and ceilings, gates
hold in a few percent of visits each, and the dates sometimes cross a year end or a change of
rules, or reach outside the documents. Knows the figures only as places worth aiming at.
"""

import random
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

Row = dict[str, Any]
Figures = dict[str, int]

YUAN = 100
LEVELS = ("1", "2", "3")
STATUSES = ("active", "retired")
AREAS = ("532300", "530900", "530000", "510400", "445300", "430500")
ACCOUNT_AREAS = (*AREAS, "530925")
SUBSIDIES = ("civil_servant", "veteran", "enterprise")
ALL_BENEFITS = (
    "ordinary",
    "chronic",
    "special",
    "emergency",
    "negotiated_drug",
    "day_surgery",
    "two_diseases",
    "dual_channel",
)
OFFERED = {
    "532300": (
        "ordinary",
        "chronic",
        "special",
        "emergency",
        "negotiated_drug",
        "day_surgery",
    ),
    "530900": ("ordinary", "chronic"),
    "530000": ("ordinary",),
    "510400": ("ordinary", "two_diseases", "chronic", "special"),
    "445300": ("ordinary", "dual_channel", "emergency", "special"),
    "430500": ("ordinary", "emergency", "chronic", "special", "dual_channel"),
}
SPANS = {
    "532300": (date(2022, 7, 1), date(2026, 12, 31)),
    "530900": (date(2023, 1, 1), date(2026, 12, 31)),
    "530000": (date(2024, 11, 1), date(2026, 12, 31)),
    "510400": (date(2023, 1, 1), date(2027, 12, 31)),
    "445300": (date(2022, 9, 1), date(2025, 12, 31)),
    "430500": (date(2022, 11, 1), date(2026, 12, 31)),
}
CHANGES = {
    "532300": (date(2024, 11, 1),),
    "530900": (date(2024, 11, 1),),
    "430500": (date(2023, 6, 1),),
}
# Deductibles, and (ceiling, rate in percent) pairs, in yuan: places to aim amounts at.
AIMS: dict[str, tuple[tuple[int, ...], tuple[tuple[int, int], ...]]] = {
    "532300": ((20, 30, 40, 60, 90, 300), ((6000, 50), (6000, 60), (3000, 85), (5000, 90))),
    "530900": (
        (20, 30, 40, 60, 90),
        ((6000, 50), (6000, 70), (50_000, 90), (50_000, 80), (400_000, 90)),
    ),
    "530000": ((20, 40, 60), ((6000, 50), (6000, 55), (6000, 70))),
    "510400": ((150, 200), ((1000, 50), (1000, 60), (1500, 65), (1500, 55))),
    "445300": ((10,), ((1939, 50), (1939, 55), (1900, 70))),
    "430500": ((50, 100, 150, 200, 250, 300), ((1500, 60), (2000, 70), (1500, 70), (2000, 60))),
}
FLAGS = (
    ("in_benefit_period", False),
    ("designated", False),
    ("selected", False),
    ("inpatient", True),
    ("admitted", True),
    ("third_party", True),
    ("advance", True),
    ("abroad", True),
    ("other_fund", True),
    ("paid_by_account", True),
    ("public_health", True),
    ("wellness", True),
    ("excluded_by_law", True),
    ("in_agreement", False),
    ("offsite", "unfiled"),
    ("direct", False),
    ("qualified", False),
    ("offsite", "filed"),
    ("referred", True),
    ("died", True),
)


def random_history(rng: random.Random, area: str) -> tuple[list[Row], Figures]:
    """One person-year of 1 to 25 visits in an area, with the open figures it may need."""
    parameters = random_parameters(rng, area)
    person = _random_person(rng, area)
    days = _random_days(rng, area)
    amount = _random_amounts(rng, area, parameters)
    switch = rng.choice(days) if rng.random() < 0.15 else None
    rows: list[Row] = []
    for sequence, day in enumerate(days, start=1):
        row: Row = {"person": "1", "sequence": sequence, "date": day, **person}
        if switch is not None and day >= switch:
            row["status"] = "retired"
            if rng.random() < 0.7:
                row["retired_month"] = switch.replace(day=1)
                row["years_complete_month"] = _near(rng, switch, 2)
        _add_benefit(rng, area, row)
        _add_place(rng, row)
        _add_money(rng, row, amount)
        _add_flags(rng, row)
        _share_registration(rng, rows, row)
        rows.append(row)
    return rows, parameters


def _random_person(rng: random.Random, area: str) -> Row:
    """What stays with the person through the year."""
    person: Row = {"area": area, "status": rng.choice(STATUSES)}
    if area == "530900" and rng.random() < 0.4:
        person["area"] = "530925"
    if rng.random() < 0.5:
        person["birth_date"] = date(rng.randint(1935, 2000), rng.randint(1, 12), rng.randint(1, 28))
    if rng.random() < 0.05:
        person["has_account"] = False
    if rng.random() < 0.12:
        person["tier"] = rng.choice(("1", "1", "2"))
    if rng.random() < (0.4 if area == "532300" else 0.05):
        person["subsidy"] = rng.choice(SUBSIDIES)
    if rng.random() < 0.5:
        person["disease_count"] = rng.choice((1, 2, 3, 4, 5, 9))
    if rng.random() < 0.4:
        first, last = SPANS[area]
        person["approval_date"] = _random_day(rng, first - timedelta(days=400), last)
    return person


def _random_day(rng: random.Random, first: date, last: date) -> date:
    return first + timedelta(days=rng.randint(0, (last - first).days))


def _random_days(rng: random.Random, area: str) -> list[date]:
    """Sorted dates: mostly one calendar year, sometimes across an edge."""
    first, last = SPANS[area]
    kind = rng.random()
    if area in CHANGES and kind < 0.3:
        middle = rng.choice(CHANGES[area])
        start, end = middle - timedelta(days=60), middle + timedelta(days=60)
    elif kind < 0.42:
        new_year = date(rng.randint(first.year + 1, last.year), 1, 1)
        start, end = new_year - timedelta(days=40), new_year + timedelta(days=40)
    elif kind < 0.47:
        edge = rng.choice((first, last))
        start, end = edge - timedelta(days=15), edge + timedelta(days=15)
    else:
        year = rng.randint(first.year, last.year)
        start, end = max(first, date(year, 1, 1)), min(last, date(year, 12, 31))
    count = rng.choice((1, 2, 3, rng.randint(2, 10), rng.randint(5, 25)))
    days = [_random_day(rng, start, end) for _ in range(count)]
    return sorted(rng.choice(days) if rng.random() < 0.1 else day for day in days)


def random_parameters(rng: random.Random, area: str) -> Figures:
    """Every open figure of the area, at plausible values; sometimes one is missing."""
    figures: Figures = {}
    if area in ("532300", "530000", "430500"):
        _add_inpatient(rng, figures)
    if area == "532300":
        for subsidy in SUBSIDIES:
            figures[f"subsidy_rate.{subsidy}"] = _random_rate(rng, 20, 100)
    if area == "530900":
        figures["lincang_retired_bonus"] = rng.choice((50_000, 100_000, 33_333))
        _add_listed(rng, figures, "chronic", with_ceiling=False)
    if area == "510400":
        figures["two_diseases_rate"] = _random_rate(rng, 50, 100)
        figures["two_diseases_ceiling"] = _random_figure(rng, (200, 300, 500))
        for disease in ("hypertension", "diabetes"):
            if rng.random() < 0.4:
                figures[f"two_diseases_ceiling.{disease}"] = _random_figure(rng, (100, 300, 400))
        _add_listed(rng, figures, "chronic")
        _add_listed(rng, figures, "special")
    if area == "445300":
        for year in range(2020, 2025):
            figures[f"average_wage.{year}"] = _random_wage(rng)
        _add_listed(rng, figures, "special")
    if area == "430500":
        figures["disease_ceiling"] = _random_figure(rng, (360, 1440, 4200))
        for disease in ("gout", "cancer"):
            if rng.random() < 0.4:
                figures[f"disease_ceiling.{disease}"] = _random_figure(rng, (120, 2880, 6000))
        figures["dual_channel_rate"] = _random_rate(rng, 50, 80)
        figures["dual_channel_ceiling"] = _random_figure(rng, (5_000, 80_000))
    if figures and rng.random() < 0.08:
        del figures[rng.choice(sorted(figures))]
    return figures


def _add_inpatient(rng: random.Random, figures: Figures) -> None:
    for level, deductible in zip(LEVELS, (200, 500, 1200), strict=True):
        amounts = (deductible, deductible // 2)
        figures[f"inpatient_deductible.{level}"] = _random_figure(rng, amounts)
        for status in STATUSES:
            figures[f"inpatient_rate.{level}.{status}"] = _random_rate(rng, 70, 98)
    figures["inpatient_ceiling"] = _random_figure(rng, (5_000, 50_000, 80_000))


def _add_listed(
    rng: random.Random, figures: Figures, benefit: str, with_ceiling: bool = True
) -> None:
    figures[f"{benefit}_deductible"] = _random_figure(rng, (0, 300, 500))
    for status in STATUSES:
        figures[f"{benefit}_rate.{status}"] = _random_rate(rng, 60, 95)
    if with_ceiling:
        figures[f"{benefit}_ceiling"] = _random_figure(rng, (1_000, 3_000, 20_000))


def _random_figure(rng: random.Random, amounts: tuple[int, ...]) -> int:
    """An amount in fen, now and then an odd one."""
    fen = rng.choice(amounts) * YUAN
    return fen + rng.choice((1, 33, 50, 99)) if rng.random() < 0.15 else fen


def _random_rate(rng: random.Random, low: int, high: int) -> int:
    """A rate in parts per million: whole points, sometimes finer, sometimes all."""
    kind = rng.random()
    if kind < 0.1:
        return rng.randint(low * 10_000, high * 10_000)
    if kind < 0.15:
        return 1_000_000
    return rng.randint(low, high) * 10_000


def _random_wage(rng: random.Random) -> int:
    """An average wage in fen; one in four makes 2 % of it half a yuan exactly."""
    if rng.random() < 0.25:
        return (rng.randint(1_000, 2_200) * 50 + 25) * YUAN
    if rng.random() < 0.2:
        return rng.randint(1, 12_000_000)
    return rng.randint(50_000, 110_000) * YUAN


def _random_amounts(rng: random.Random, area: str, parameters: Figures) -> Callable[[], int]:
    """A source of amounts in fen for one history, aimed at its deductibles and ceilings."""
    deductibles, ceilings = AIMS[area]
    small = [amount * YUAN for amount in deductibles]
    large = [ceiling * YUAN * 100 // percent for ceiling, percent in ceilings]
    for name, value in parameters.items():
        if name.endswith("_ceiling"):
            large.append(value * 100 // rng.choice((60, 80, 85, 90)))
        elif "deductible" in name and value:
            small.append(value)
    top = rng.choice((100, 500, 3_000, 20_000, 150_000, 1_500_000)) * YUAN

    def amount() -> int:
        kind = rng.random()
        if kind < 0.04:
            return rng.choice((0, 0, 1, 1, 2, 3, 9, 10, 50))
        if kind < 0.16:
            return max(0, rng.choice(small) + rng.choice((-1, 0, 1, 2, 10)))
        if kind < 0.24:
            aim = rng.choice(large) // rng.choice((1, 1, 2, 3))
            return max(0, aim + rng.choice(small) * rng.randint(0, 1) + rng.choice((-2, -1, 0, 1)))
        if kind < 0.4:
            return rng.randint(1, top // YUAN) * YUAN
        if kind < 0.6:
            return rng.randint(1, 20) * top // 200
        return rng.randint(1, max(1, int(top ** rng.uniform(0.6, 1.0))))

    return amount


def _add_benefit(rng: random.Random, area: str, row: Row) -> None:
    """A benefit of the area, seldom another, with the disease or drug that goes with it."""
    kind = rng.random()
    if kind < 0.02:
        benefit = rng.choice(ALL_BENEFITS)
    elif kind < 0.45:
        benefit = "ordinary"
    else:
        benefit = rng.choice(OFFERED[area])
    if benefit != "ordinary" or rng.random() < 0.5:
        row["benefit"] = benefit
    if benefit == "chronic":
        row["disease"] = rng.choice(("gout", "asthma", "hypertension", ""))
    elif benefit == "special":
        row["disease"] = rng.choice(("cancer", "lupus", "renal_failure", "severe_mental_illness"))
    elif benefit == "two_diseases":
        row["disease"] = rng.choice(("hypertension", "diabetes"))
    elif benefit == "negotiated_drug" and rng.random() < 0.9:
        row["drug"] = rng.choice(("A", "B", "C"))
    if benefit in ("chronic", "special") and rng.random() < 0.05:
        row["disease"] = "cancer"
    if benefit == "chronic" and rng.random() < 0.05:
        row["disease_count"] = rng.randint(1, 6)
    if benefit == "negotiated_drug" and rng.random() < 0.06:
        row["in_agreement"] = False
    if area == "445300" and rng.random() < 0.04:
        row["selected"] = False
        row["referred"] = rng.random() < 0.3
    if benefit == "emergency":
        _add_emergency(rng, row)


def _add_emergency(rng: random.Random, row: Row) -> None:
    if rng.random() < 0.15:
        began = datetime(row["date"].year, row["date"].month, row["date"].day, rng.randint(0, 23))
        row["rescue_at"] = began + timedelta(minutes=rng.choice((0, 0, 17, 59)))
        minutes = rng.choice((-1, 0, 60, 4319, 4320, 4321, 5000, rng.randint(0, 9000)))
        row["admitted_at"] = row["rescue_at"] + timedelta(minutes=minutes)
    if rng.random() < 0.35:
        row["admitted"] = True
        if rng.random() < 0.6:
            row["admission_level"] = rng.choice(LEVELS)
    if rng.random() < 0.3:
        row["died"] = True


def _add_place(rng: random.Random, row: Row) -> None:
    """A hospital, an Internet hospital or a pharmacy, at any level."""
    row["institution"] = rng.choice("ABCD")
    if rng.random() < 0.15:
        row["institution_kind"] = "pharmacy"
        if rng.random() < 0.85:
            row["prescriber_level"] = rng.choice(LEVELS)
        if rng.random() < 0.2:
            row["level"] = rng.choice(LEVELS)
        if rng.random() < 0.08:
            row["qualified"] = False
        return
    row["level"] = rng.choice(LEVELS)
    if rng.random() < 0.06:
        row["parent_level"] = rng.choice(LEVELS)
    if rng.random() < 0.02:
        row["prescriber_level"] = rng.choice(LEVELS)


def _add_money(rng: random.Random, row: Row, amount: Callable[[], int]) -> None:
    """The total, and often an amount in scope below it."""
    cost = amount()
    kind = rng.random()
    if kind < 0.5:
        row["total_fen"] = cost
    elif kind < 0.8:
        row["in_scope_fen"] = cost
        row["total_fen"] = cost + amount()
    elif kind < 0.98:
        row["total_fen"] = row["in_scope_fen"] = cost
    else:
        row["total_fen"], row["in_scope_fen"] = cost, 0


def _add_flags(rng: random.Random, row: Row) -> None:
    """Now and then a fact that a gate asks about, seldom several."""
    if rng.random() < 0.72:
        return
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        name, value = rng.choice(FLAGS)
        row[name] = value


def _share_registration(rng: random.Random, rows: list[Row], row: Row) -> None:
    """Name the registration, often one of the last, with its place and benefit."""
    kind = rng.random()
    if kind < 0.3:
        return
    row["visit"] = f"v{row['sequence']}"
    earlier = [other for other in rows[-3:] if "visit" in other]
    if kind < 0.65 or not earlier:
        return
    other = rng.choice(earlier)
    row["visit"] = other["visit"]
    if rng.random() < 0.85:
        for name in ("level", "parent_level", "prescriber_level", "institution_kind"):
            row.pop(name, None)
            if name in other:
                row[name] = other[name]


def _random_month(rng: random.Random, first: date, last: date) -> date:
    return _random_day(rng, first, last).replace(day=1)


def random_credit(rng: random.Random) -> tuple[Row, Figures]:
    """One month of one account, with the open figures it may need."""
    area = rng.choice(ACCOUNT_AREAS)
    month = _random_credit_month(rng, area)
    row: Row = {
        "area": area,
        "month": month,
        "status": rng.choice(STATUSES),
        "base_fen": rng.choice((0, 1, 25, 75, 518_200, 672_225, rng.randint(1, 3_000_000))),
        "birth_date": None,
        "retired_month": None,
        "years_complete_month": None,
        "paying_monthly": rng.random() < 0.08,
        "had_account": rng.random() > 0.1,
        "tier": rng.choice(("", "", "", "1", "2")),
        "in_benefit_period": rng.random() > 0.08,
    }
    if rng.random() < 0.9:
        born = date(rng.randint(1935, 2000), rng.randint(1, 12), rng.randint(1, 28))
        if rng.random() < 0.4:
            born = _near(rng, month, 1).replace(year=month.year - 70, day=rng.randint(1, 28))
        row["birth_date"] = born
    if row["status"] == "retired":
        if rng.random() < 0.7:
            row["retired_month"] = _near(rng, month, 3)
        if rng.random() < 0.85:
            row["years_complete_month"] = _near(rng, month, 3)
    figures: Figures = {
        "retiree_credit_rate": rng.choice((40_000, 38_500, 20_000)),
        "retiree_credit_base": rng.randint(100_000, 500_000),
        "average_pension": rng.choice((262_500, 267_500, rng.randint(200_000, 400_000))),
        "retiree_credit": rng.randint(5_000, 20_000),
    }
    if rng.random() < 0.1:
        del figures[rng.choice(sorted(figures))]
    return row, figures


def _random_credit_month(rng: random.Random, area: str) -> date:
    """A month in or about the area's dates, often beside a change."""
    first, last = SPANS["530900" if area == "530925" else area]
    if rng.random() < 0.3:
        edges = [first, last, *CHANGES.get(area, ()), date(2023, 1, 1)]
        return _near(rng, rng.choice(edges), 2)
    return _random_month(rng, first, last)


def _near(rng: random.Random, month: date, by: int) -> date:
    """The first of a month at most `by` months away."""
    number = month.year * 12 + month.month - 1 + rng.randint(-by, by)
    return date(number // 12, number % 12 + 1, 1)


def random_clearing(rng: random.Random) -> Row:
    """One institution's year, its use of the budget often on or beside a boundary."""
    ceiling = rng.choice((193_900, 211_100, 200_000, rng.randint(1, 300_000)))
    heads = [rng.randint(0, 5_000) for _ in range(12)]
    kind = rng.random()
    if kind < 0.03:
        heads = [0] * 12
    elif kind < 0.4:
        heads = [rng.randint(1, 60) * 20] * 12
    prepaid = sum((2 * 30 * ceiling * count + 1200) // 2400 for count in heads)
    spent = rng.randint(0, max(1, prepaid * 5 // 4))
    manual = rng.randint(0, max(1, prepaid // 3)) if rng.random() < 0.4 else 0
    if rng.random() < 0.05:
        manual = prepaid + rng.randint(0, 10_000)
    if rng.random() < 0.6:
        percent = rng.choice((0, 30, 70, 80, 100))
        paid = max(0, prepaid - manual)
        spent = max(0, paid * percent // 100 + rng.choice((-1, 0, 0, 1)))
    settled = rng.choice((0, 1, 10, 100, 1000, rng.randint(1, 100_000)))
    direct = rng.randint(0, settled)
    if rng.random() < 0.7:
        percent = rng.choice((20, 50, 60, 70, 80, 85, 88, 89, 90, 91, 100))
        direct = min(settled, max(0, settled * percent // 100 + rng.choice((-1, 0, 0, 1))))
    return {
        "ceiling_fen": ceiling,
        "heads": heads,
        "spent_fen": spent,
        "manual_fen": manual,
        "direct_settled": direct,
        "settled": settled,
    }
