"""Visits computed by hand for Chuxiong, Yunnan and Lincang, the arithmetic beside each case.

Amounts are in yuan as text. The ids DRV and EX are those of the shared examples.
"""

from datetime import date
from typing import Any

from gongji.units import parse_fen

Row = dict[str, Any]
Case = tuple[str, str, dict[str, int], list[Row], list[str]]

CX, LC, YN, PZ, YF, SY = "532300", "530900", "530000", "510400", "445300", "430500"
PHARMACY = {"institution_kind": "pharmacy", "level": ""}

INPATIENT = {
    "inpatient_deductible.1": 20_000,
    "inpatient_deductible.2": 50_000,
    "inpatient_deductible.3": 120_000,
    "inpatient_rate.1.active": 910_000,
    "inpatient_rate.2.active": 880_000,
    "inpatient_rate.3.active": 850_000,
    "inpatient_rate.1.retired": 950_000,
    "inpatient_rate.2.retired": 920_000,
    "inpatient_rate.3.retired": 890_000,
    "inpatient_ceiling": 5_000_000,
}


def visit(day: str, cost: str, level: str = "1", **facts: Any) -> Row:
    """One visit of an active employee unless the facts say otherwise."""
    row: Row = {"person": "1", "date": date.fromisoformat(day), "status": "active"}
    return row | {"total_fen": parse_fen(cost), "level": level} | facts


# (name, area, parameters, rows, expected pool of each row in yuan, or the refusal as "!code")
YUNNAN_CASES: list[Case] = [
    # DRV001: (1000 - 30) x 60 %.
    ("DRV001", CX, {}, [visit("2023-03-01", "1000")], ["582"]),
    # DRV004: (1000 - 60) x (55 + 5) %.
    ("DRV004", CX, {}, [visit("2023-03-01", "1000", "2", status="retired")], ["564"]),
    # DRV008: (11090 - 90) x 50 % = 5500; then 500 left takes 1000, the other 1000 x 85 %.
    (
        "DRV008",
        CX,
        INPATIENT,
        [visit("2023-01-01", "11090", "3"), visit("2023-11-01", "2090", "3")],
        ["5500", "1350"],
    ),
    # One registration: 50 of the 90 borne, then the other 40 and (140 - 40) x 50 %.
    (
        "a registration shares its deductible",
        CX,
        {},
        [visit("2023-03-01", "50", "3", visit="v"), visit("2023-03-02", "140", "3", visit="v")],
        ["0", "50"],
    ),
    # 0.01 x 60 % = 0.006 -> 0.01; 0.01 x 50 % = 0.005 -> 0.01; 30.00 - 30 = 0.
    (
        "one fen rounds half up",
        CX,
        {},
        [
            visit("2023-03-01", "30.01"),
            visit("2023-03-01", "90.01", "3"),
            visit("2023-03-01", "30"),
            visit("2023-03-01", "0"),
        ],
        ["0.01", "0.01", "0", "0"],
    ),
    # The second visit needs the inpatient rate: refused, 500 of the 6,000 stay for the third.
    (
        "a missing figure moves no meter",
        CX,
        {},
        [
            visit("2023-01-01", "11090", "3"),
            visit("2023-02-01", "2090", "3"),
            visit("2023-03-01", "1090", "3"),
        ],
        ["5500", "!parameter_missing", "500"],
    ),
    # (1000 - 300) x 85 % = 595; room 1405 / 0.85 = 1652.94, x 0.85 = 1404.999 -> 1405.00.
    (
        "CX chronic to its 2,000",
        CX,
        {},
        [
            visit("2023-01-01", "1000", benefit="chronic"),
            visit("2023-02-01", "3000", benefit="chronic"),
            visit("2024-01-01", "1000", benefit="chronic"),
        ],
        ["595", "1405", "595"],
    ),
    # 9 diseases: 2000 + 8 x 1000 > 5000; (10000 - 300) x 90 % = 8730 > 5000.
    (
        "CX chronic 5,000 at most",
        CX,
        {},
        [visit("2023-01-01", "10000", benefit="chronic", disease_count=9, status="retired")],
        ["5000"],
    ),
    # 1200 once for both diseases: 1000 borne, then 200 and (1000 - 200) x 88 %.
    (
        "CX special deductible once a year",
        CX,
        INPATIENT,
        [
            visit("2023-01-01", "1000", "2", benefit="special", disease="cancer"),
            visit("2023-02-01", "1000", "2", benefit="special", disease="lupus"),
        ],
        ["0", "704"],
    ),
    # 慢性肾功能衰竭: 1000 x 90 %, no deductible, no open rate.
    (
        "CX renal failure",
        CX,
        {"inpatient_ceiling": 5_000_000},
        [visit("2023-01-01", "1000", "3", benefit="special", disease="renal_failure")],
        ["900"],
    ),
    (
        "CX levels and agreement",
        CX,
        INPATIENT,
        [
            visit("2023-01-01", "1000", "1", benefit="special"),
            visit("2023-01-01", "1000", "1", benefit="negotiated_drug", in_agreement=False),
            visit("2023-01-01", "1000", "2", benefit="negotiated_drug", in_agreement=False),
        ],
        ["!level_too_low", "!level_too_low", "!not_in_agreement"],
    ),
    # Article 27: neither designation nor filing; (1500 - 500) x 88 %.
    (
        "CX emergency anywhere",
        CX,
        INPATIENT,
        [
            visit(
                "2023-01-01", "1500", "2", benefit="emergency", designated=False, offsite="unfiled"
            )
        ],
        ["880"],
    ),
    # The admitting level-3 hospital's 1200, at the level-1 rate: (2200 - 1200) x 91 %.
    (
        "CX emergency admitted",
        CX,
        INPATIENT,
        [visit("2023-01-01", "2200", benefit="emergency", admitted=True, admission_level="3")],
        ["910"],
    ),
    # One episode, one 500: 300 borne, then 200 and (400 - 200) x 88 %.
    (
        "CX emergency episode",
        CX,
        INPATIENT,
        [
            visit("2023-01-01", "300", "2", benefit="emergency", visit="e"),
            visit("2023-01-02", "400", "2", benefit="emergency", visit="e"),
        ],
        ["0", "176"],
    ),
    # 2000 - 10 % = 1800, (1800 - 1200) x 85 %; then 900 x 85 %; drug B: 900 all deductible;
    # 0.05 - 0.01 (0.005 half up) = 0.04, x 85 % = 0.034 -> 0.03.
    (
        "CX negotiated drugs",
        CX,
        INPATIENT,
        [
            visit("2023-01-01", "2000", "3", benefit="negotiated_drug", drug="A"),
            visit("2023-02-01", "1000", "3", benefit="negotiated_drug", drug="A"),
            visit("2023-03-01", "1000", "3", benefit="negotiated_drug", drug="B"),
            visit("2023-04-01", "0.05", "3", benefit="negotiated_drug", drug="A"),
        ],
        ["510", "765", "0", "0.03"],
    ),
    # Half of 1200 = 600: (1600 - 600) x 85 %.
    (
        "CX day surgery",
        CX,
        INPATIENT,
        [visit("2023-01-01", "1600", "3", benefit="day_surgery")],
        ["850"],
    ),
    # Half of 500.01 = 250.005 -> 250.01: (350.01 - 250.01) x 88 %.
    (
        "CX half a fen of deductible",
        CX,
        INPATIENT | {"inpatient_deductible.2": 50_001},
        [visit("2023-01-01", "350.01", "2", benefit="day_surgery")],
        ["88"],
    ),
    # Ceiling 1000: 900, then 100 left of (1500 - 500) x 88 %; afterwards only the deductible.
    (
        "CX one inpatient ceiling",
        CX,
        INPATIENT | {"inpatient_ceiling": 100_000},
        [
            visit("2023-01-01", "1000", "2", benefit="special", disease="renal_failure"),
            visit("2023-01-01", "1500", "2", benefit="emergency"),
            visit("2023-01-01", "1500", "2", benefit="day_surgery"),
        ],
        ["900", "100", "0"],
    ),
    # 2024-10-31: (190 - 90) x 50 %; the next day the same registration has 60 - 90 -> 0 to bear.
    (
        "CX one registration across the change",
        CX,
        {},
        [
            visit("2024-10-31", "190", "3", visit="v"),
            visit("2024-11-01", "100", "3", visit="v"),
            visit("2024-11-01", "160", "3"),
        ],
        ["50", "50", "50"],
    ),
    # Pharmacy by the prescriber: (160 - 60) x 55 %; Internet by its level 1: (130 - 30) x 60 %.
    (
        "CX levels of pharmacy and Internet",
        CX,
        {},
        [
            visit("2023-01-01", "160", **PHARMACY, prescriber_level="2"),
            visit("2023-01-01", "160", **PHARMACY),
            visit("2023-01-01", "130", "3", parent_level="1"),
            visit("2023-01-01", "130", offsite="unfiled"),
            visit("2023-01-01", "130", offsite="filed"),
        ],
        ["55", "!no_prescription", "60", "!offsite_unfiled", "60"],
    ),
    (
        "CX dates and benefits",
        CX,
        {},
        [
            visit("2022-06-30", "130"),
            visit("2022-07-01", "130"),
            visit("2023-01-01", "130", benefit="two_diseases"),
        ],
        ["!date_outside", "60", "!benefit_not_offered"],
    ),
    # DRV009: (1000 - 20) x 60 %; DRV014: (1000 - 60) x (50 + 10) %.
    (
        "DRV009 DRV014",
        YN,
        {},
        [
            visit("2024-12-01", "1000"),
            visit("2024-12-01", "1000", "3", status="retired"),
            visit("2024-10-31", "1000"),
            visit("2024-12-01", "1000", benefit="chronic"),
        ],
        ["588", "564", "!date_outside", "!benefit_not_offered"],
    ),
    # 55 + 5 = 60 %: (1060 - 60) x 60 %; the active need no bonus: (1060 - 60) x 55 %.
    (
        "LC retired bonus",
        LC,
        {"lincang_retired_bonus": 50_000},
        [visit("2023-05-01", "1060", "2", status="retired"), visit("2023-05-01", "1060", "2")],
        ["600", "550"],
    ),
    (
        "LC retired bonus missing only when reached",
        LC,
        {},
        [
            visit("2023-05-01", "60", "2", status="retired"),
            visit("2023-05-01", "60.01", "2", status="retired"),
        ],
        ["0", "!parameter_missing"],
    ),
    # Two diseases 3000, approved in April 2024: x 9 / 12 = 2250; (5300 - 300) x 80 % = 4000.
    (
        "LC chronic prorated",
        LC,
        {"chronic_deductible": 30_000, "chronic_rate.active": 800_000},
        [
            visit(day, "5300", benefit="chronic", disease_count=2, approval_date=date(2024, 4, 15))
            for day in ("2024-12-31", "2025-01-01")
        ],
        ["2250", "3000"],
    ),
    # 2000 x 7 / 12 = 1166.666 -> 1166.67; / 0.8 = 1458.3375 -> 1458.34, x 0.8 = 1166.672.
    (
        "LC chronic prorated to the fen",
        LC,
        {"chronic_deductible": 0, "chronic_rate.active": 800_000},
        [visit("2023-12-31", "9000", benefit="chronic", approval_date=date(2023, 6, 30))],
        ["1166.67"],
    ),
    # 6000 / 60 % = 10000 after 60; the last 100 at the retired level-3 inpatient 85 %.
    (
        "LC from 2024-11-01",
        LC,
        {},
        [visit("2024-11-01", "10160", "3", status="retired")],
        ["6085"],
    ),
]
