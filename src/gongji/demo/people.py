"""Made-up people of a county: who they are, how they are insured, what is filed for them.

Everything follows from the seed. Names are stars; identity numbers begin with 9901, a region that
does not exist, and are otherwise well formed.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import msgspec

from gongji.demo import names
from gongji.demo.figures import ACCOUNT_BY_TIER, SELECTING, YEAR_BEGINS
from gongji.demo.items import CHRONIC, DISEASES, SPECIAL
from gongji.people import person_kinds
from gongji.people.import_people import BORN
from gongji.platform.identity import check_character

TODAY = YEAR_BEGINS
OFFERED: dict[str, dict[str, tuple[str, ...]]] = {
    "532300": {"chronic": CHRONIC, "special": SPECIAL, "negotiated_drug": ("M00500",)},
    "530900": {"chronic": CHRONIC},
    "510400": {
        "two_diseases": ("M03900", "M01600"),
        "chronic": ("M04600", "M05300"),
        "special": SPECIAL,
    },
    "445300": {"special": SPECIAL, "dual_channel": ("M00500",)},
    "430500": {"chronic": CHRONIC, "special": SPECIAL, "dual_channel": ("M00500",)},
}
"""For which benefits an area's rules know registrations, and for which diseases in the demo."""
NEAR = {
    "532300": "530100",
    "530900": "530100",
    "510400": "510100",
    "445300": "440100",
    "430500": "430100",
}
"""Where people of an area go for treatment outside it: the capital of the province."""


@dataclass
class Folk:
    """One person in the making."""

    psn_no: str
    area: str
    name: str
    sex: str
    born: date
    number: str
    status: str
    has_account: bool = True
    facts: list[tuple[str, str, date, date | None, str]] = field(default_factory=list)

    def add(
        self, kind: str, since: date, details: Any, key: str = "", until: date | None = None
    ) -> None:
        """A fact about the person, its details with every field."""
        text = msgspec.json.encode(details).decode()
        self.facts.append((kind, key, since, until, text))


def folk(area: str, region: str, count: int, hospitals: list[str], seed: int) -> list[Folk]:
    """The people of an area.

    Shape:   `region` the six digits that begin their identity numbers.
    """
    rng = random.Random(f"{seed}-{area}-folk")
    orders: dict[tuple[date, str], int] = {}
    made = [_person(area, region, number, rng, orders) for number in range(1, count + 1)]
    for one in made:
        _insure(one, rng)
        _file(one, hospitals, rng)
    _bind(made, rng)
    return made


def _person(
    area: str, region: str, number: int, rng: random.Random, orders: dict[tuple[date, str], int]
) -> Folk:
    """Who it is: an age as employees and pensioners have it, a number that no one else has."""
    retired = rng.random() < 0.28
    sex = rng.choice("12")
    oldest = (60, 88) if sex == "1" else (54, 88)
    years = rng.triangular(*oldest, 66) if retired else rng.triangular(20, oldest[0] - 0.5, 38)
    born = TODAY - timedelta(days=int(years * 365.2425))
    # The sequence number is odd for men and even for women.
    order = orders.get((born, sex), 0) + 1
    orders[born, sex] = order
    first = f"{region}{born:%Y%m%d}{2 * order - (sex == '1'):03d}"
    return Folk(
        f"{area}{number:014d}",
        area,
        names.person(rng),
        sex,
        born,
        first + check_character(first),
        "retired" if retired else "active",
    )


def _month(day: date) -> date:
    return day.replace(day=1)


def _insure(one: Folk, rng: random.Random) -> None:
    """Birth, insured spells, account, subsidy."""
    one.add("birth", BORN, person_kinds.Birth(str(one.born)))
    begun = _month(one.born + timedelta(days=int(rng.uniform(19.5, 28) * 365.2425)))
    begun = min(begun, date(2024, 6, 1))
    employer = f"测试单位·{rng.choice(names.STARS)}"
    flexible = rng.random() < 0.1
    tier = rng.choice("12") if flexible else ""
    if flexible:
        employer = ""
    working = person_kinds.Insured(
        "active",
        "flexible" if flexible else "employee",
        tier if one.area == ACCOUNT_BY_TIER else "",  # type: ignore[arg-type]
        employer=employer,
    )
    if one.status == "retired":
        age = 60 if one.sex == "1" else 55
        registered = one.born + timedelta(days=int((age + rng.uniform(-1, 0.2)) * 365.2425))
        # Retiree treatment begins with the month after the registration (YF-4, SY-11).
        since = _month(min(registered, date(2024, 12, 1)) + timedelta(days=31))
        since = max(since, _month(begun + timedelta(days=400)))
        one.add("insured", begun, working, until=since)
        short = rng.randint(1, 4) if rng.random() < 0.03 else 0
        retired = person_kinds.Insured("retired", employer=employer, contribution_years_short=short)
        one.add("insured", since, retired)
    elif rng.random() < 0.02:
        behind = date(2025, rng.randint(1, 3), 1)
        one.add("insured", begun, working, until=behind)
        one.add("insured", behind, msgspec.structs.replace(working, arrears=True))
    else:
        one.add("insured", begun, working)
    one.has_account = not (one.area == ACCOUNT_BY_TIER and tier == "2")
    if one.has_account:
        one.add("account", begun, person_kinds.Account())
    if not flexible and rng.random() < 0.06:
        kind = (
            "veteran"
            if one.born < date(1940, 1, 1)
            else rng.choice(("civil_servant", "civil_servant", "enterprise"))
        )
        one.add("subsidy", begun, person_kinds.Subsidy(kind))  # type: ignore[arg-type]


def _file(one: Folk, hospitals: list[str], rng: random.Random) -> None:
    """Registrations, off-site filings, selections, referrals, injuries."""
    old = one.born < date(1970, 1, 1)
    if rng.random() < (0.32 if old else 0.05):
        for key, benefit in _registrations(one.area, rng):
            disease, name = DISEASES[key]
            since = date(rng.randint(2022, 2024), rng.randint(7, 12), 1)
            one.add(
                "registration",
                since,
                person_kinds.Registration(
                    benefit,  # type: ignore[arg-type]
                    disease,
                    name,
                    "filed" if rng.random() < 0.03 else "approved",
                    f"BA{one.psn_no[-10:]}{key}",
                    str(since),
                    rng.choice(hospitals[:5]),
                ),
                key,
            )
    if rng.random() < 0.02:
        serial = f"YD{one.psn_no[-10:]}"
        one.add(
            "offsite", date(2024, 9, 1), person_kinds.Offsite("approved", serial), NEAR[one.area]
        )
    if one.area == SELECTING:
        # Mostly the place around the corner; a few have selected nothing.
        if rng.random() < 0.97:
            chosen = rng.choice(hospitals[2:])
            one.add("selection", TODAY, person_kinds.Selection(chosen, f"XD{one.psn_no[-10:]}"))
        if rng.random() < 0.02:
            sender, receiver = rng.choice(hospitals[5:]), rng.choice(hospitals[:2])
            referral = person_kinds.Referral(sender, f"ZZ{one.psn_no[-10:]}", "测试转诊")
            one.add("referral", date(2025, 2, 1), referral, receiver, date(2025, 5, 1))
    if rng.random() < 0.003:
        serial = f"YW{one.psn_no[-10:]}"
        injury = person_kinds.Injury(rng.random() < 0.5, serial=serial, memo="测试意外伤害")
        one.add("injury", date(2025, 1, 15), injury, serial, date(2025, 4, 15))


def _registrations(area: str, rng: random.Random) -> Iterator[tuple[str, str]]:
    """Diseases and benefits of one person: chronic ones often, special ones seldom."""
    offered = OFFERED[area]
    often = [name for name in offered if name in ("chronic", "two_diseases")]
    seldom = [name for name in offered if name not in often]
    benefit = rng.choice(often) if often and rng.random() < 0.85 else rng.choice(seldom or often)
    diseases = offered[benefit]
    for key in rng.sample(diseases, min(len(diseases), rng.choice((1, 1, 1, 2)))):
        yield key, benefit


def _bind(made: list[Folk], rng: random.Random) -> None:
    """Family bonds: couples and parents of the area, the account's owner having agreed."""
    owners = [one for one in made if one.has_account]
    married: dict[str, str] = {}
    for one in made:
        if rng.random() >= 0.15 or len(owners) < 3:
            continue
        wanted = rng.choice((1, 1, 1, 2))
        found = [other for other in rng.sample(owners, 3) if other is not one][:wanted]
        for order, owner in enumerate(found, start=1):
            gap = one.born.year - owner.born.year
            relation: Any = "parent" if gap > 16 else "child" if gap < -16 else "spouse"
            if relation == "spouse" and not _wed(married, one.psn_no, owner.psn_no):
                relation = "close_relative"
            consented = date(2024, rng.randint(1, 12), rng.randint(1, 28))
            bond = person_kinds.Bond(order, relation, str(consented))
            one.add("bond", consented, bond, owner.psn_no)


def _wed(married: dict[str, str], one: str, other: str) -> bool:
    """Whether two persons are each other's only spouse, or become it."""
    if married.get(one, other) != other or married.get(other, one) != one:
        return False
    married[one], married[other] = other, one
    return True
