"""The facts of a visit with their defaults, the level that counts, and the gates.

The names are those of docs/use/facts.md; a fact that is absent means the ordinary case. This module
knows what each gate asks, not where it applies: that is for the document of each area.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from gongji.oracle.nation import EVERYWHERE

Facts: TypeAlias = Mapping[str, Any]

DEFAULTS: dict[str, Any] = {
    "visit": "",
    "level": "",
    "parent_level": "",
    "institution_kind": "hospital",
    "prescriber_level": "",
    "benefit": "ordinary",
    "birth_date": None,
    "disease": "",
    "disease_count": 1,
    "drug": "",
    "in_agreement": True,
    "has_account": True,
    "tier": "",
    "in_benefit_period": True,
    "designated": True,
    "selected": True,
    "referred": False,
    "offsite": "",
    "direct": True,
    "inpatient": False,
    "third_party": False,
    "advance": False,
    "abroad": False,
    "other_fund": False,
    "paid_by_account": False,
    "public_health": False,
    "wellness": False,
    "excluded_by_law": False,
    "qualified": True,
    "admitted": False,
    "admission_level": "",
    "died": False,
    "subsidy": "",
    "approval_date": None,
    "retired_month": None,
    "years_complete_month": None,
    "rescue_at": None,
    "admitted_at": None,
}


def with_defaults(row: Facts) -> Facts:
    """The row with every absent fact (missing or None) at its default."""
    facts = dict(DEFAULTS)
    for name, value in row.items():
        if value is not None:
            facts[name] = value
    if facts["rescue_at"] and facts["admitted_at"]:
        facts["admitted"] = joined(facts["rescue_at"], facts["admitted_at"])
    return facts


def joined(rescue: datetime, admission: datetime) -> bool:
    """Whether a rescue turned into a stay within 72 hours (楚雄第十七条, 邵阳第八条), in hours."""
    return timedelta(0) <= admission - rescue <= timedelta(hours=72)


def at_pharmacy(facts: Facts) -> bool:
    """Whether the visit was a purchase at a retail pharmacy 定点零售药店."""
    return bool(facts["institution_kind"] == "pharmacy")


def known_level(facts: Facts) -> str:
    """The level that counts for amounts, or "" where none is known.

    Law: 按照互联网医院依托的实体定点医疗机构级别 (楚雄第二十九条);
         按照开具处方的定点医疗机构级别 (楚雄第三十条, 邵阳第十四条).
    """
    if facts["parent_level"]:
        return str(facts["parent_level"])
    if at_pharmacy(facts):
        return str(facts["prescriber_level"])
    return str(facts["level"])


def level_of(facts: Facts) -> str:
    """The level that counts; a visit without one is a fault of the history."""
    level = known_level(facts)
    if level not in ("1", "2", "3"):
        raise ValueError(f"visit without a level: {dict(facts)!r}")
    return level


GATES: tuple[tuple[str, Callable[[Facts], bool]], ...] = (
    ("outside_benefit_period", lambda f: not f["in_benefit_period"]),
    ("not_designated", lambda f: not f["designated"]),
    ("not_selected", lambda f: not f["selected"] and not f["referred"]),
    ("inpatient_stay", lambda f: f["inpatient"]),
    ("joins_inpatient", lambda f: f["admitted"] and not f["died"]),
    # 第三十条第二款 第三人不支付或者无法确定第三人的，由基本医疗保险基金先行支付.
    ("third_party", lambda f: f["third_party"] and not f["advance"]),
    ("other_fund", lambda f: f["other_fund"]),
    ("paid_by_account", lambda f: f["paid_by_account"]),
    ("public_health", lambda f: f["public_health"]),
    ("abroad", lambda f: f["abroad"]),
    ("wellness", lambda f: f["wellness"]),
    ("excluded_by_law", lambda f: f["excluded_by_law"]),
    ("no_account", lambda f: without_account(f)),
    ("level_too_low", lambda f: known_level(f) == "1"),
    ("not_in_agreement", lambda f: not f["in_agreement"]),
    ("offsite_unfiled", lambda f: f["offsite"] == "unfiled"),
    ("not_direct", lambda f: not f["direct"]),
    ("no_prescription", lambda f: at_pharmacy(f) and not f["prescriber_level"]),
    ("not_dual_channel", lambda f: at_pharmacy(f)),
    ("pharmacy_not_qualified", lambda f: at_pharmacy(f) and not f["qualified"]),
)
"""Every gate in order of precedence: the first that holds is the outcome."""


def without_account(facts: Facts) -> bool:
    """No personal account: none opened, or a flexible worker on tier 2 (二档)."""
    return not facts["has_account"] or facts["tier"] == "2"


def first_refusal(facts: Facts, applicable: frozenset[str]) -> str | None:
    """The first gate, in order of precedence, that applies here and holds."""
    for name, holds in GATES:
        if name in applicable | EVERYWHERE and holds(facts):
            return name
    return None
