"""The law of the model of histories: one bill from the articles, and whose account may pay what.

The arithmetic is the oracle's (gongji.oracle), written from the articles and apart from rulebooks
and kernel. What an account may pay is a table of its own here, read from the articles too. The
figures that the documents leave open are made up and low, so that ceilings are reached.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from gongji.law.checks.library import Library
from gongji.law.engine.areas import Areas
from gongji.oracle import DOCUMENTS as ARTICLES
from gongji.oracle import in_scope
from gongji.oracle.facts import first_refusal, level_of, with_defaults
from gongji.oracle.layers import Book, Pot, points
from gongji.units import show_ppm, yuan_text

Row = dict[str, Any]
Meter = tuple[str, str, str]
"""Code, period, slot: how the ledger names a meter."""

PARTS, ACCOUNT_FIRST = "999901", "330100"
"""Invented areas: cost in parts (费用部分); the own account pays first (当年账户)."""
BOOKS = Path(__file__).parents[1] / "rulebooks"
LEVELS, STATUSES = ("1", "2", "3"), ("active", "retired")


def _by_level(name: str, *amounts: int) -> dict[str, int]:
    return {f"{name}.{level}": fen for level, fen in zip(LEVELS, amounts, strict=True)}


def _rates(name: str, *percents: int) -> dict[str, int]:
    """Rates by level, five points more for the retired."""
    return {
        f"{name}.{level}.{status}": (percent + 5 * (status == "retired")) * 10_000
        for level, percent in zip(LEVELS, percents, strict=True)
        for status in STATUSES
    }


def _status(name: str, active: int, retired: int) -> dict[str, int]:
    return {f"{name}.active": active * 10_000, f"{name}.retired": retired * 10_000}


INPATIENT = _by_level("inpatient_deductible", 20_000, 40_001, 80_000) | _rates(
    "inpatient_rate", 90, 85, 80
)
FIGURES: dict[str, dict[str, int]] = {
    "532300": INPATIENT
    | {
        "inpatient_ceiling": 700_000,
        "subsidy_rate.civil_servant": 600_000,
        "subsidy_rate.veteran": 900_000,
        "subsidy_rate.enterprise": 333_333,
    },
    "530900": {
        "lincang_retired_bonus": 50_000,
        "chronic_deductible": 30_000,
        **_status("chronic_rate", 80, 85),
    },
    "510400": {
        "two_diseases_rate": 500_000,
        "two_diseases_ceiling": 40_000,
        "chronic_deductible": 20_000,
        "chronic_ceiling": 90_000,
        "special_deductible": 10_000,
        "special_ceiling": 150_000,
        **_status("chronic_rate", 75, 80),
        **_status("special_rate", 80, 85),
    },
    "445300": {
        "average_wage.2021": 8_000_000,
        "average_wage.2022": 8_512_300,
        "special_deductible": 10_000,
        "special_ceiling": 200_000,
        **_status("special_rate", 80, 85),
    },
    PARTS: {},
    ACCOUNT_FIRST: {},
    "430500": INPATIENT
    | {
        "inpatient_ceiling": 500_000,
        "disease_ceiling": 60_000,
        "dual_channel_rate": 600_000,
        "dual_channel_ceiling": 70_000,
    },
}
"""Open figures by area and id: fen, or parts per million."""


def _text(name: str, figure: int) -> str:
    return show_ppm(figure) if "rate" in name or "bonus" in name else yuan_text(figure)


RULES = Areas(
    Library((BOOKS / "990000", BOOKS / "330000")),
    {
        area: {name: _text(name, figure) for name, figure in named.items()}
        for area, named in FIGURES.items()
    },
)
"""The same figures as the platform is given them."""

PAYERS = {
    "civil_servant": "公务员医疗补助",
    "veteran": "老干部医疗补助",
    "enterprise": "企业补充医疗保险",
    "large_amount": "大额医疗费用补助",
}
"""Layer that another fund pays -> that fund."""

METERS: dict[str, dict[str, str]] = {
    "532300": {
        "ordinary_visit": "visit_deductible",
        "ordinary": "ordinary_paid",
        "inpatient": "inpatient_paid",
        "chronic_deductible": "chronic_deductible",
        "chronic": "chronic_paid",
        "special_deductible": "special_deductible",
        "emergency_visit": "emergency_deductible",
        "day_surgery_visit": "day_surgery_deductible",
        "drug_deductible": "drug_deductible",
    },
    "530900": {
        "ordinary_visit": "visit_deductible",
        "ordinary": "ordinary_paid",
        "inpatient": "inpatient_paid",
        "large_amount": "large_amount_paid",
        "chronic_deductible": "chronic_deductible",
        "chronic": "chronic_paid",
    },
    "510400": {
        "ordinary_deductible": "year_deductible",
        "ordinary": "ordinary_paid",
        "two_diseases": "two_diseases_paid",
        "each_disease": "two_diseases_disease_paid",
        "chronic_deductible": "chronic_deductible",
        "chronic": "chronic_paid",
        "special_deductible": "special_deductible",
        "special": "special_paid",
    },
    "445300": {
        "ordinary": "ordinary_paid",
        "special_deductible": "special_deductible",
        "special": "special_paid",
    },
    PARTS: {
        "ordinary_visit": "visit_deductible",
        "ordinary_deductible": "year_deductible",
        "consultation_visit": "consultation_paid",
        "ordinary": "ordinary_paid",
    },
    ACCOUNT_FIRST: {"ordinary_deductible": "year_deductible", "ordinary": "ordinary_paid"},
    "430500": {
        "ordinary_visit": "visit_deductible",
        "ordinary_deductible": "year_deductible",
        "ordinary": "ordinary_paid",
        "disease": "disease_paid",
        "inpatient": "inpatient_paid",
        "emergency_visit": "inpatient_deductible_visit",
        "dual_channel": "dual_channel_paid",
    },
}
"""The oracle's meters by the codes that the rulebooks give them."""

SHARED_WITH_STAYS = {"532300": "inpatient", "530900": "inpatient", "430500": "inpatient"}
"""Where the articles add outpatient and inpatient payments together (合并计算): the meter."""
RESCUE_DEDUCTIBLE = "emergency_visit"


def meter_of(area: str, year: int, key: tuple[str, ...]) -> Meter:
    """How the ledger names a meter of the oracle's book."""
    name, *rest = key
    if name == "ordinary_deductible" and rest:
        return (f"level_deductible.{rest[0]}", f"年:{year}", "")
    code = METERS[area][name]
    if name.endswith("_visit"):
        return code, f"次:{year}", rest[1]
    return code, f"年:{year}", rest[0] if rest else ""


def key_of(area: str, meter: Meter) -> tuple[int, tuple[str, ...]]:
    """The place in the oracle's book of a meter of a year; the other way of `meter_of`."""
    code, period, slot = meter
    name, _, axis = code.partition(".")
    if name == "level_deductible":
        return int(period[2:]), ("ordinary_deductible", axis)
    ours = next(found for found, theirs in METERS[area].items() if theirs == name)
    return int(period[2:]), (ours, slot) if slot else (ours,)


class Parts:
    """甲市 (tests/rulebooks/990000/999901), by its articles: the consultation fee apart."""

    FIRST, BENEFITS = date(2024, 1, 1), frozenset({"ordinary"})
    VISIT = {"a": 8_000, "b": 5_000, "c": 3_000}
    RATE = {"1": 70, "2": 60, "3": 50}

    def refusal(self, facts: Mapping[str, Any]) -> str | None:
        """No gate of the ordinary benefit but the nation's."""
        return first_refusal(facts, frozenset())

    def pay(self, pot: Pot, cost: int) -> None:
        """Articles 1, 2, 4 and 8."""
        facts, apart = pot.facts, int(pot.facts.get("in_scope_consultation", 0))
        once = [(1_800, pot.registered("consultation_visit"))]
        pot.pour("consultation", apart, points(100), ceilings=once)
        visit, rate = self.VISIT[facts.get("price_class", "c")], self.RATE[level_of(facts)]
        rate += 5 * pot.retired + 5 * facts.get("primary", 0) + 10 * facts.get("contracted", 0)
        if facts["offsite"] == "unfiled":
            visit, rate = visit * 12 // 10, rate - 20
        borne = [(visit, pot.registered("ordinary_visit")), (30_000, ("ordinary_deductible",))]
        pot.pour("ordinary", cost - apart, points(min(rate, 85)), borne, [(300_000, ("ordinary",))])


class AccountFirst:
    """杭州 (invented, tests/rulebooks/330000/330100): the account pays before the deductible."""

    FIRST, BENEFITS = date(2023, 1, 1), frozenset({"ordinary"})
    RATE = {"1": 86, "2": 80, "3": 76}

    def refusal(self, facts: Mapping[str, Any]) -> str | None:
        """No gate of the ordinary benefit but the nation's."""
        return first_refusal(facts, frozenset())

    def pay(self, pot: Pot, cost: int) -> None:
        """Articles 1 to 4; what the account takes is the person's burden."""
        facts = pot.facts
        left = cost - min(cost, facts.get("account_current", 0))
        due, rate = 30_000 if pot.retired else 100_000, self.RATE[level_of(facts)]
        if facts.get("contracted") and facts["referred"]:
            due -= 30_000
        rate += 3 * bool(facts.get("contracted"))
        borne = [(due, ("ordinary_deductible",))]
        pot.pour("ordinary", left, points(rate), borne, [(1 << 60, ("ordinary",))])


DOCUMENTS: dict[str, Any] = {**ARTICLES, PARTS: Parts(), ACCOUNT_FIRST: AccountFirst()}


@dataclass(frozen=True)
class Law:
    """What the articles make of one bill.

    Units:   fen; `funds` by (kind, owner) as the ledger's accounts; `moves` by place in the book.
    """

    refusal: str
    benefit: str
    deductible: int
    funds: dict[tuple[str, str], int] = field(default_factory=dict)
    moves: Book = field(default_factory=dict)


def settle(area: str, row: Row, book: Mapping[Any, int]) -> Law:
    """One bill on what was used so far; the book is not changed."""
    document = DOCUMENTS[area]
    facts = with_defaults(row)
    benefit = _counts_as(area, facts)
    reason = document.refusal(facts)
    if reason is not None:
        return Law(reason, benefit, 0)
    pot = Pot(facts, ("visit", facts["visit"]), dict(book), FIGURES[area])
    document.pay(pot, in_scope(facts))
    funds = {("pool", benefit): pot.pool}
    for layer, paid in pot.layers.items():
        if layer in PAYERS:
            funds["supplement", PAYERS[layer]] = paid
    paid = {fund: fen for fund, fen in funds.items() if fen}
    return Law("", benefit, pot.deductible, paid, {at: by for at, by in pot.moves.items() if by})


def _counts_as(area: str, facts: Mapping[str, Any]) -> str:
    """The benefit whose money it is.

    Law:     云浮 第二十条（一）、第十七条: dual-channel drugs and rescue are of the ordinary pool;
             邵阳 第八条: so is rescue without a death.
    """
    benefit = str(facts["benefit"])
    if area == "445300" and benefit in ("emergency", "dual_channel"):
        return "ordinary"
    if area == "430500" and benefit == "emergency" and not facts["died"]:
        return "ordinary"
    return benefit


INSIDE_ONLY = {"532300": date(2024, 11, 1)}
"""楚雄 第十条 until Yunnan's rules: accounts pay of care what is inside the policy only; at
pharmacies whatever has a national code."""
CLOSEST = ("self", "spouse", "parent", "child")
WIDER = {"532300": date(2024, 11, 1), "530900": date(2024, 11, 1)}
"""云政办规〔2024〕2号 二（三）: close relatives (近亲属) since then."""


def may_pay(area: str, day: date, relation: str, place: str, refusal: str, inside: bool) -> bool:
    """Whether an account may pay a part of what is left to the person.

    Law:     only at designated hospitals and pharmacies; never public health or wellness.
    """
    if area in (PARTS, ACCOUNT_FIRST):
        # They have no table of uses (账户使用), so nothing is allowed.
        return False
    if place == "other" or refusal in ("public_health", "wellness"):
        return False
    if not inside and place == "hospital" and day < INSIDE_ONLY.get(area, date.min):
        return False
    return relation in CLOSEST or day >= WIDER.get(area, date.max)
