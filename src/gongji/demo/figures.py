"""The frame of the demonstration: its areas, its days, and invented figures for open parameters.

The days lie in 2025, because the rulebooks of all five areas are in force together from 2024-11-01
(Yunnan's new figures) to 2025-12-31 (Yunfu's end). The figures are for demonstration only: no
official text of these areas gives them.
"""

from datetime import date

AREAS = {
    "532300": "楚雄",
    "530900": "临沧",
    "510400": "攀枝花",
    "445300": "云浮",
    "430500": "邵阳",
}
YEAR_BEGINS = date(2025, 1, 1)
FIRST_DAY, LAST_DAY = date(2025, 1, 1), date(2025, 12, 31)
"""Days of service for which the demonstration has people, agreements, catalogue and rules."""
SELECTING, ACCOUNT_BY_TIER = "445300", "510400"
"""Where people select an institution, and where the tier decides on the account."""

_INPATIENT = {
    "inpatient_deductible.1": "200",
    "inpatient_deductible.2": "500",
    "inpatient_deductible.3": "1000",
    "inpatient_ceiling": "80000",
    "inpatient_rate.1.active": "90%",
    "inpatient_rate.2.active": "87%",
    "inpatient_rate.3.active": "84%",
    "inpatient_rate.1.retired": "94%",
    "inpatient_rate.2.retired": "91%",
    "inpatient_rate.3.retired": "88%",
}
_SUBSIDY = {
    "subsidy_rate.civil_servant": "50%",
    "subsidy_rate.veteran": "100%",
    "subsidy_rate.enterprise": "30%",
}
PARAMETERS: dict[str, dict[str, str]] = {
    "532300": _INPATIENT | _SUBSIDY,
    "530900": {
        "chronic_deductible": "300",
        "chronic_rate.active": "80%",
        "chronic_rate.retired": "85%",
    },
    "510400": {
        "two_diseases_rate": "50%",
        "two_diseases_ceiling": "500",
        "chronic_deductible": "300",
        "chronic_rate.active": "80%",
        "chronic_rate.retired": "85%",
        "chronic_ceiling": "3000",
        "special_deductible": "400",
        "special_rate.active": "85%",
        "special_rate.retired": "90%",
        "special_ceiling": "60000",
    },
    "445300": {
        "average_wage.2022": "84000",
        "average_wage.2023": "88000",
        "special_deductible": "300",
        "special_rate.active": "80%",
        "special_rate.retired": "85%",
        "special_ceiling": "60000",
    },
    "430500": _INPATIENT
    | {
        "disease_ceiling": "4200",
        "dual_channel_rate": "70%",
        "dual_channel_ceiling": "120000",
    },
}
"""Invented figures: area -> parameter -> figure; also as the text of GONGJI_PARAMETERS below."""


def parameters_text() -> str:
    """PARAMETERS as GONGJI_PARAMETERS is written."""
    return " ".join(
        f"{area}:{name}={figure}"
        for area, named in PARAMETERS.items()
        for name, figure in named.items()
    )
