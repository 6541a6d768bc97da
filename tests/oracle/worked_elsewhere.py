"""Visits computed by hand for Panzhihua, Yunfu and Shaoyang, the arithmetic beside each case."""

from worked import INPATIENT, PHARMACY, PZ, SY, YF, Case, visit

# (name, area, parameters, rows, expected pool of each row in yuan, or the refusal as "!code")
ELSEWHERE_CASES: list[Case] = [
    # DRV015: 150 borne; 50 borne and (250 - 50) x 50 %; 100 x 60 %.
    (
        "DRV015",
        PZ,
        {},
        [
            visit("2023-01-01", "150", "3"),
            visit("2023-01-02", "250", **PHARMACY, prescriber_level="1"),
            visit("2023-01-03", "100"),
        ],
        ["0", "100", "60"],
    ),
    # DRV017: (1783.33 - 200) x 60 % = 949.998 -> 950; then 50 left of 180, / 0.6 = 83.33.
    ("DRV017", PZ, {}, [visit("2023-01-01", "1783.33"), visit("2023-02-01", "300")], ["950", "50"]),
    # DRV018; the other gates of articles 7 and 8, in order of precedence.
    (
        "DRV018",
        PZ,
        {},
        [
            visit("2023-01-01", "1000", "3", has_account=False),
            visit("2023-01-01", "1000", "3", tier="2", paid_by_account=True),
            visit("2023-01-01", "1000", **PHARMACY, qualified=False),
            visit("2023-01-01", "1000", **PHARMACY, qualified=False, prescriber_level="3"),
            visit("2023-01-01", "1000", in_benefit_period=False, designated=False),
            visit("2023-01-01", "1000", offsite="unfiled", has_account=False),
            visit("2023-01-01", "1000", public_health=True, inpatient=True, direct=False),
            visit("2023-01-01", "1000", inpatient=True, direct=False),
        ],
        [
            "!no_account",
            "!paid_by_account",
            "!no_prescription",
            "!pharmacy_not_qualified",
            "!outside_benefit_period",
            "!no_account",
            "!public_health",
            "480",
        ],
    ),
    # (1150 - 150) x 55 %.
    ("PZ retired", PZ, {}, [visit("2023-01-01", "1150", "3", status="retired")], ["550"]),
    # (400 - 200) x 50 % active; retired 150 - 200 -> 0 to bear, 100 x 55 %.
    (
        "PZ retires within the year",
        PZ,
        {},
        [visit("2023-01-01", "400", "3"), visit("2023-02-01", "100", "3", status="retired")],
        ["100", "55"],
    ),
    # 300 / 50 % = 600; the other 400: (400 - 200) x 60 %. Without an account 300 only.
    (
        "PZ two diseases",
        PZ,
        {"two_diseases_rate": 500_000, "two_diseases_ceiling": 30_000},
        [visit("2023-01-01", "1000", "2", benefit="two_diseases")],
        ["420"],
    ),
    (
        "PZ two diseases without an account",
        PZ,
        {"two_diseases_rate": 500_000, "two_diseases_ceiling": 30_000},
        [
            visit("2023-01-01", "1000", "2", benefit="two_diseases", has_account=False),
            visit("2023-01-01", "1000", "2", benefit="two_diseases", tier="2"),
        ],
        ["300", "0"],
    ),
    # 100 borne, 1000 / 80 % = 1250; the other 650: 200 borne, 450 x 50 %.
    (
        "PZ chronic into the ordinary pool",
        PZ,
        {"chronic_deductible": 10_000, "chronic_rate.active": 800_000, "chronic_ceiling": 100_000},
        [
            visit("2023-01-01", "2000", "3", benefit="chronic", in_benefit_period=False),
            visit("2023-01-01", "2000", "3", benefit="chronic"),
        ],
        ["!outside_benefit_period", "1225"],
    ),
    # The same without a prescription, with a liable third party, one that does not pay.
    (
        "PZ the ordinary pool's gates hold for what flows over",
        PZ,
        {"two_diseases_rate": 500_000, "two_diseases_ceiling": 20_000},
        [
            visit("2023-01-01", "1000", "", benefit="two_diseases", institution_kind="pharmacy"),
            visit("2024-01-01", "1000", "3", benefit="two_diseases", paid_by_account=True),
            visit("2025-01-01", "1000", "3", benefit="two_diseases", third_party=True),
            visit(
                "2025-01-01", "1000", "3", benefit="two_diseases", third_party=True, advance=True
            ),
        ],
        ["200", "200", "!third_party", "400"],
    ),
    # DRV019: 500 x (55 + 10) %, under 2 % of 100,000.
    (
        "DRV019",
        YF,
        {"average_wage.2021": 10_000_000},
        [visit("2023-01-01", "500", "2", status="retired")],
        ["325"],
    ),
    # DRV020; 500 x 50 % when referred or in an emergency.
    (
        "DRV020",
        YF,
        {"average_wage.2021": 10_000_000},
        [
            visit("2023-01-01", "500", "3", selected=False),
            visit("2023-01-01", "500", "3", selected=False, referred=True),
            visit("2023-01-01", "500", "3", selected=False, benefit="emergency"),
            visit("2023-01-01", "500", "3", inpatient=True, benefit="emergency"),
            visit("2023-01-01", "500", "3", excluded_by_law=True),
            visit("2026-01-01", "500", "3"),
        ],
        ["!not_selected", "250", "250", "!inpatient_stay", "!excluded_by_law", "!date_outside"],
    ),
    # EX032: 96957 x 2 % = 1939.14 -> 1939; dual-channel drugs share it: 1939 - 1900 = 39.
    (
        "EX032",
        YF,
        {"average_wage.2022": 9_695_700},
        [visit("2024-01-01", "3800", "3"), visit("2024-02-01", "500", "1", benefit="dual_channel")],
        ["1900", "39"],
    ),
    # 96975 x 2 % = 1939.50 -> 1940.
    (
        "YF ceiling half up to the yuan",
        YF,
        {"average_wage.2022": 9_697_500},
        [visit("2024-01-01", "9000", "3"), visit("2025-01-01", "1")],
        ["1940", "!parameter_missing"],
    ),
    # (1000 - 400) x 75 % = 450; then 50 left of 750.
    (
        "YF special",
        YF,
        {"special_deductible": 40_000, "special_rate.active": 750_000, "special_ceiling": 50_000},
        [visit("2023-01-01", "1000", benefit="special", inpatient=True)] * 2,
        ["450", "50"],
    ),
    # DRV022: 100 x 70 %; (300 - 200) x 60 %; 300 - 200 = 100 borne, (400 - 100) x 60 %.
    (
        "DRV022",
        SY,
        {},
        [
            visit("2022-12-01", "100"),
            visit("2022-12-01", "300", "2"),
            visit("2022-12-01", "400", "3"),
        ],
        ["70", "60", "180"],
    ),
    # DRV023: 100, 100, 50, 50, 0 borne, 60 % of the rest.
    (
        "DRV023",
        SY,
        {},
        [
            visit("2023-07-01", "500", "3"),
            visit("2023-07-02", "500", "3"),
            visit("2023-07-03", "200", "2"),
            visit("2023-07-04", "500", "3"),
            visit("2023-07-05", "200", "2"),
        ],
        ["240", "240", "90", "270", "120"],
    ),
    # EX016: (1890 - 300) x 60 %.
    ("EX016", SY, {}, [visit("2023-01-09", "1890", "3")], ["954"]),
    # May: 150 of 200 borne. June: min(50, 200 - 150) = 50, then none: 100 x 60 % each.
    (
        "SY one year across the change",
        SY,
        {},
        [
            visit("2023-05-31", "150", "2"),
            visit("2023-06-01", "150", "2"),
            visit("2023-06-02", "100", "2"),
        ],
        ["0", "60", "60"],
    ),
    # 1500 / 0.7 = 2142.857 -> 2142.86, x 0.7 = 1500.002 -> 1500; the deductible still counts.
    (
        "SY ceiling",
        SY,
        {},
        [visit("2023-01-01", "5000"), visit("2023-01-02", "500", "3")],
        ["1500", "0"],
    ),
    # 400 / 80 % = 500; the other 500: 100 borne, 400 x 60 % = 240. Gout again: (1000 - 100) x
    # 60 % = 540 in the ordinary pool; another disease has its own 400, and then 100 borne and
    # 540 again: 240 + 540 + 540 = 1320 of the 1,500.
    (
        "SY chronic disease by disease",
        SY,
        {"disease_ceiling": 40_000},
        [
            visit("2023-07-01", "1000", "3", benefit="chronic", disease="gout"),
            visit("2023-07-01", "1000", "3", benefit="chronic", disease="gout"),
            visit("2023-07-01", "1500", "3", benefit="special", disease="lupus"),
        ],
        ["640", "540", "940"],
    ),
    # Death: (1500 - 500) x 88 %; otherwise (1100 - 100) x 60 %.
    (
        "SY emergency",
        SY,
        INPATIENT,
        [
            visit("2023-07-01", "1500", "2", benefit="emergency", admitted=True),
            visit("2023-07-01", "1500", "2", benefit="emergency", died=True, admitted=True),
            visit("2023-07-01", "1100", "3", benefit="emergency"),
        ],
        ["!joins_inpatient", "880", "600"],
    ),
    # Article 15: dual-channel drugs go on during a stay, 1000 x 60 %, then 100 left of 700.
    (
        "SY stay and exclusions",
        SY,
        {"dual_channel_rate": 600_000, "dual_channel_ceiling": 70_000, "disease_ceiling": 40_000},
        [
            visit("2023-07-01", "1000", inpatient=True),
            visit("2023-07-01", "1000", inpatient=True, benefit="chronic"),
            visit("2023-07-01", "1000", inpatient=True, benefit="dual_channel"),
            visit("2023-07-01", "1000", third_party=True, benefit="dual_channel"),
            visit("2023-07-01", "1000", wellness=True, public_health=True),
            visit("2023-07-01", "1000", third_party=True, direct=False),
            visit("2023-07-01", "100", third_party=True, direct=False, benefit="chronic"),
            visit("2023-07-01", "100", direct=False, benefit="chronic"),
            visit("2023-07-01", "100", direct=False),
        ],
        [
            "!inpatient_stay",
            "!inpatient_stay",
            "600",
            "!third_party",
            "!public_health",
            "!third_party",
            "!third_party",
            "80",
            "!not_direct",
        ],
    ),
]
