"""Made-up institutions: hospitals of every level, pharmacies, one that lost its agreement."""

import random
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import msgspec

from gongji.institutions.institution_facts import NewInstitutionFact
from gongji.institutions.institution_kinds import Agreement, Level

SINCE = date(2022, 7, 1)
EXPIRED = date(2025, 2, 1)
_GRADES = {"3": "03", "2": "06", "1": "09", "": "11"}
_EVERYTHING = [
    "ordinary",
    "chronic",
    "special",
    "emergency",
    "day_surgery",
    "two_diseases",
    "dual_channel",
    "negotiated_drug",
]
_BY_LEVEL = {
    "3": _EVERYTHING,
    "2": _EVERYTHING,
    "1": ["ordinary", "chronic", "two_diseases", "emergency"],
}
_HOSPITALS = (
    ("3", "市人民医院"),
    ("3", "市中医院"),
    ("2", "县人民医院"),
    ("2", "县中医院"),
    ("2", "妇幼保健院"),
    ("1", "城关社区卫生服务中心"),
    ("1", "东乡卫生院"),
    ("1", "西乡卫生院"),
    ("1", "南乡卫生院"),
)


@dataclass
class DemoPlaces:
    """The institutions of one area."""

    area: str
    rows: list[tuple[str, str, str, str, str, str]] = field(default_factory=list)
    facts: list[NewInstitutionFact] = field(default_factory=list)
    credentials: list[tuple[str, str, str]] = field(default_factory=list)
    hospitals: list[str] = field(default_factory=list)

    def add(self, code: str, name: str, kind: str, grade: str, rng: random.Random) -> None:
        """An institution with its credential."""
        self.rows.append((code, self.area, name, kind, grade, f"99TEST{code}"))
        self.credentials.append((f"DEMO-{code}", code, rng.randbytes(16).hex()))


def places(area: str, name: str, rng: random.Random) -> DemoPlaces:
    """The institutions of an area: hospitals, an Internet hospital, one expired, pharmacies."""
    made = DemoPlaces(area)

    def facts(code: str, level: Any, agreement: Agreement | None, **more: Any) -> None:
        made.facts.append(NewInstitutionFact(code, "level", SINCE, details=_fields(level)))
        if agreement is not None:
            fact = NewInstitutionFact(code, "agreement", SINCE, details=_fields(agreement), **more)
            made.facts.append(fact)

    for number, (level, title) in enumerate(_HOSPITALS, start=1):
        code = f"H{area}{number:05d}"
        made.add(code, f"测试{name}{title}", "hospital", _GRADES[level], rng)
        made.hospitals.append(code)
        facts(code, Level(level), Agreement(_BY_LEVEL[level]))  # type: ignore[arg-type]
    online, lost = f"H{area}00010", f"H{area}00011"
    made.add(online, f"测试{name}市人民医院互联网医院", "hospital", "", rng)
    facts(online, Level("", parent=f"H{area}00001"), Agreement(["ordinary", "chronic"]))
    made.add(lost, f"测试{name}已解约医院", "hospital", _GRADES["2"], rng)
    facts(lost, Level("2"), Agreement(_EVERYTHING), until=EXPIRED)
    for number in range(1, 6):
        code = f"P{area}{number:05d}"
        qualified = number < 4
        title = f"测试{name}大药房{'甲乙丙丁戊'[number - 1]}店"
        made.add(code, title, "pharmacy", "", rng)
        designated = ["ordinary", "chronic", "dual_channel", "negotiated_drug"]
        facts(code, Level(""), Agreement(designated, qualified=qualified))
    return made


def _fields(details: Any) -> dict[str, Any]:
    return {
        name: value
        for name, value in msgspec.structs.asdict(details).items()
        if value is not msgspec.UNSET
    }
