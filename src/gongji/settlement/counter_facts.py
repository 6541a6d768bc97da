"""The facts of a bill at its date of service, each declared once: who tells it, how it is read.

The registry decides who the person is and where they are; the request only says what happened.
What the engine is told, what a request may tell and what is looked up again when a year is
adjudicated anew all follow from the one table COUNTER_FACTS. Names, words and ordinary values are
the vocabulary's. Whatever the database holds comes in as values: this module reads nothing.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import cached_property, lru_cache
from typing import Any

import msgspec

from gongji.law.compile.retirement import EVENT_COLUMNS
from gongji.law.engine.visit import (
    ACTIVE,
    WAITS,
    Value,
    columns_of,
    read_date,
    read_fact,
    read_level,
    read_month_name,
    waiting,
)
from gongji.law.rulebook.law import KEPT, Law, parents
from gongji.law.rulebook.own_facts import OFFSITE
from gongji.law.rulebook.provision_kinds import Meter
from gongji.law.rulebook.vocabulary import CHOICE, FACTS, FLAG, TEXT
from gongji.refusals import Refusal
from gongji.settlement import area_facts
from gongji.settlement.area_facts import FILED, REFERRED, UNFILED
from gongji.settlement.known_facts import DatedFact, PersonFacts, Standing
from gongji.settlement.routes import CHRONIC, EMERGENCY, Route
from gongji.units import Fen, day_of

PERSON, PLACE, ROUTE, BILL, TOLD = "person", "place", "route", "bill", "told"
"""Who tells a fact: the registry of the person, of the institution; the route (registration and
drug); the bill as it was when it was settled; the institution's request."""


class Seen(msgspec.Struct, frozen=True):
    """What the facts of a bill are read from.

    Shape:   `home` the pooling area; `prescriber` whose prescription a pharmacy fills;
             `account_fen` what is on the own account, where the law draws on it before the pool;
             `law` that of the day, for facts of the area's own; `began` when care did, to the hour.
    """

    person: PersonFacts
    home: str
    route: Route
    here: Standing
    prescriber: Standing | None = None
    account_fen: Fen | None = None
    law: Law | None = None
    began: datetime | None = None

    @property
    def stay(self) -> DatedFact | None:
        """The stay that the bill, a rescue, became; none for other bills."""
        return self.person.admitted(self.began) if self.route.benefit == EMERGENCY else None

    @property
    def rescue(self) -> bool:
        """Whether the bill is a rescue that became a stay, which is not care during it."""
        return self.stay is not None

    def mine(self, code: str) -> bool:
        """Whether the bill counts for an institution.

        Law:     a pharmacy is filled from the place that the person selected (云浮 第二十条).
        """
        here, prescriber = self.here, self.prescriber
        if code in (here.code, here.parent):
            return code != ""
        if prescriber is None or here.kind != PHARMACY:
            return False
        return code != "" and code in (prescriber.code, prescriber.parent)


Read = Callable[[Seen], Value | None]
PHARMACY = "pharmacy"


class CounterFact(msgspec.Struct, frozen=True):
    """A fact at the counter: its column, who tells it, how it is read, what is left out.

    Shape:   `read` gives None for what is not known; of a fact that the request tells (TOLD) it is
             what the registry may say of it too. `name`: that of the vocabulary, empty for what
             other facts are worked out from. `default`: the ordinary case, which is left out;
             None for numbers, which are always told.
    """

    column: str
    source: str
    read: Read | None = None
    name: str = ""
    default: Value | None = None


class CounterFacts:
    """The facts at the counter, and what follows from their table."""

    def __init__(self, facts: Iterable[CounterFact]) -> None:
        self.facts = tuple(facts)
        self._readers = [(one.column, one.read, one.default) for one in self.facts if one.read]

    @cached_property
    def told(self) -> frozenset[str]:
        """Columns that only the institution knows; a rulebook's own facts may be told as well."""
        return frozenset(one.column for one in self.facts if one.source == TOLD)

    @cached_property
    def filled(self) -> frozenset[str]:
        """Columns that the registry, the route or the bill fill."""
        return frozenset(one.column for one in self.facts) - self.told

    @cached_property
    def of_bill(self) -> frozenset[str]:
        """Columns that are neither told nor the registry's: they were so when it was settled."""
        return frozenset(one.column for one in self.facts if one.source == BILL)

    @cached_property
    def both(self) -> tuple[CounterFact, ...]:
        """Facts that the institution tells and the registry may know too."""
        return tuple(one for one in self.facts if one.source == TOLD and one.read)

    def read(self, seen: Seen) -> dict[str, Value]:
        """What is known of a bill without its request; the ordinary case is left out."""
        found = {}
        for column, read, default in self._readers:
            value = read(seen)
            if value is not None and value != default:
                found[column] = value
        if seen.law:
            kept = self.kept(seen, seen.law)
            found = {name: value for name, value in found.items() if name not in kept}
            found |= area_facts.without_ordinary(seen.law, kept)
        return found

    @staticmethod
    def kept(seen: Seen, law: Law) -> dict[str, Value]:
        """Facts of the area's own that are kept of the person or the institution."""
        person = area_facts.kept_of_person(law, seen.home, seen.person)
        return person | area_facts.kept_of_place(law, seen.here)

    def known_too(self, seen: Seen) -> dict[str, Value | None]:
        """What the registry says of facts that an institution tells too."""
        return {one.column: one.read(seen) for one in self.both if one.read}

    def told_by(self, request: Mapping[str, str], law: Law) -> dict[str, Value]:
        """What a request says happened, from its texts.

        Refuses: field_unknown for what the registry decides; what `read_fact` refuses.
        """
        known = columns_of(law)
        for column in request:
            if column not in self.told and (column in self.filled or not _own(law, column)):
                raise Refusal("field_unknown", column)
        given = {column: text.strip() for column, text in request.items() if text}
        return {column: read_fact(known[column], text) for column, text in given.items() if text}


def in_time(law: Law, person: PersonFacts, facts: Mapping[str, Value]) -> dict[str, Value]:
    """The facts of a bill with the status that counts on its day.

    Law:     retiree treatment begins the month after the registration, or as the area's text says
             (云浮 第九条（二）: with the years complete too).
    """
    spell = person.insured.details
    events: dict[str, Value] = {
        name: read_month_name(name, spell[name]) for name in EVENT_COLUMNS if spell.get(name)
    }
    found = {name: value for name, value in facts.items() if name != WAITS}
    delay = waiting(law, day_of(person.day), found | events)
    return found | ({"status": ACTIVE, WAITS: delay.event} if delay else {})


def _own(law: Law, column: str) -> bool:
    """Whether a rulebook adds a fact of this column; bands of another fact are none."""
    fact = columns_of(law).get(column)
    return fact is not None and fact.name not in FACTS


def _status(seen: Seen) -> str:
    return str(_spell(seen)["status"])


def _spell(seen: Seen) -> dict[str, Any]:
    return seen.person.insured.details


def _in_period(seen: Seen) -> bool:
    """Whether the day is inside the benefit period: from benefit_since, before benefit_until."""
    spell, text = _spell(seen), str(seen.person.day)
    since, until = spell.get("benefit_since") or "", spell.get("benefit_until") or ""
    return not spell.get("arrears") and (not since or since <= text) and (not until or text < until)


def _birth(seen: Seen) -> Value | None:
    birth = seen.person.one("birth")
    return read_date("birth_date", birth["birth_date"]) if birth else None


def _subsidy(seen: Seen) -> Value | None:
    subsidy = seen.person.one("subsidy")
    return str(subsidy["subsidy"]) if subsidy else None


def _stay_level(seen: Seen) -> Value | None:
    stay = seen.stay
    return read_level("admission_level", stay.details["level"]) if stay else None


def _died(seen: Seen) -> Value | None:
    stay = seen.stay
    return True if stay and stay.details.get("died") else None


def _inpatient(seen: Seen) -> bool:
    return not seen.rescue and bool(seen.person.holding.get("stay"))


def _injuries(seen: Seen) -> list[DatedFact]:
    """The injuries that the agency has approved."""
    held = seen.person.holding.get("injury", [])
    return [fact for fact in held if fact.details.get("state", "approved") == "approved"]


def _third_party(seen: Seen) -> Value | None:
    return True if any(fact.details.get("third_party") for fact in _injuries(seen)) else None


def _advance(seen: Seen) -> Value | None:
    return any(fact.details.get("advance") for fact in _injuries(seen))


def _level(seen: Seen) -> Value | None:
    return read_level("level", seen.here.level) or None


def _parent_level(seen: Seen) -> Value | None:
    return read_level("parent_level", seen.here.parent_level) or None


def _kind(seen: Seen) -> Value | None:
    return 1 if seen.here.kind == PHARMACY else None


def _qualified(seen: Seen) -> bool:
    return seen.here.kind != PHARMACY or seen.here.qualified


def _prescriber_level(seen: Seen) -> Value | None:
    if seen.here.kind != PHARMACY or seen.prescriber is None:
        return None
    return read_level("prescriber_level", seen.prescriber.counting_level) or None


def _offsite(seen: Seen) -> str:
    """Whether care is outside the pooling area, and by which kind of filing.

    Law:     楚政规〔2022〕2号 第二十五条; 攀枝花 第七条第四款. Which kinds there are, the area
             says: that of the filing; a referral to the place, where that is a kind; else 已备案.
    """
    region = seen.here.area
    if seen.home == region:
        return ""
    around = parents(region)
    if seen.home in around:
        return ""
    kinds = _kinds_of_offsite(seen)
    held = [fact for fact in seen.person.holding.get("offsite", ()) if _names(fact.key, region)]
    named = [kind for fact in held if (kind := str(fact.details.get("kind") or "")) in kinds]
    if named:
        return named[0]
    if REFERRED in kinds and _referred(seen):
        return REFERRED
    return FILED if held and FILED in kinds else UNFILED


def _names(filed: str, region: str) -> bool:
    """Whether a filing for a place is one for a region: its county, its city, its province.

    Where one document pools a whole province, that is the region of every institution in it, and a
    filing for a place inside it names it.
    """
    return filed in parents(region) or region == parents(filed)[-1]


def _kinds_of_offsite(seen: Seen) -> frozenset[str]:
    """The codes of 异地 that the law knows, without that of care at home."""
    fact = (columns_of(seen.law) if seen.law else {}).get(OFFSITE) or FACTS["异地"]
    return frozenset(fact.choices.values()) - {""}


def _selected(seen: Seen) -> bool:
    selected = seen.person.one("selection")
    return selected is not None and seen.mine(selected["institution"])


def _referred(seen: Seen) -> bool:
    return any(seen.mine(fact.key) for fact in seen.person.holding.get("referral", ()))


def _disease(seen: Seen) -> Value | None:
    return seen.route.registration.disease if seen.route.registration else None


@lru_cache(maxsize=KEPT)
def _counts_registered(law: Law) -> bool:
    """Whether a law reads all the diseases that are registered, not only that of the visit."""
    name = "登记病种"
    kept_apart = any(name in one.value.apart for one in law.all(Meter).values())
    return kept_apart or any(fact.source == name for fact in law.facts.values())


def _registered_diseases(seen: Seen) -> Value | None:
    """The diseases that are registered and approved for the benefit of the visit, where they
    count."""
    if seen.law is None or not _counts_registered(seen.law):
        return None
    named = {
        one.disease
        for one in seen.person.registrations
        if one.benefit == seen.route.benefit and one.approved
    }
    return "、".join(sorted(named)) or None


def _approval(seen: Seen) -> Value | None:
    held = seen.route.registration
    return read_date("approval_date", held.approval_date) if held else None


def _disease_count(seen: Seen) -> Value | None:
    if seen.route.benefit != CHRONIC:
        return None
    return sum(one.benefit == CHRONIC and one.approved for one in seen.person.registrations)


def _fact(name: str, source: str, read: Read | None = None) -> CounterFact:
    """A fact of the vocabulary, by its name."""
    fact = FACTS[name]
    default = fact.default if fact.kind in (FLAG, CHOICE, TEXT) else None
    return CounterFact(fact.column, source, read, name, default)  # type: ignore[arg-type]


COUNTER_FACTS = CounterFacts(
    (
        _fact("参保状态", PERSON, _status),
        _fact("缴费档次", PERSON, lambda seen: _spell(seen).get("tier") or None),
        _fact("待遇享受期内", PERSON, _in_period),
        _fact("有个人账户", PERSON, lambda seen: seen.person.one("account") is not None),
        _fact("出生日期", PERSON, _birth),
        _fact("补助身份", PERSON, _subsidy),
        _fact("转住院", PERSON, lambda seen: seen.rescue),
        _fact("住院医院级别", PERSON, _stay_level),
        _fact("住院期间", PERSON, _inpatient),
        _fact("先行支付", PERSON, _advance),
        _fact("医疗机构", PLACE, lambda seen: seen.here.code),
        _fact("医院级别", PLACE, _level),
        CounterFact("parent_level", PLACE, _parent_level),
        _fact("定点", PLACE, lambda seen: seen.here.designated(seen.route.benefit)),
        _fact("机构类别", PLACE, _kind),
        _fact("药店合规", PLACE, _qualified),
        CounterFact("prescriber_level", PLACE, _prescriber_level),
        _fact("异地", PLACE, _offsite),
        _fact("选定机构", PLACE, _selected),
        _fact("转诊", PLACE, _referred),
        _fact("协议期内", ROUTE, lambda seen: seen.route.in_agreement),
        _fact("药品", ROUTE, lambda seen: seen.route.drug),
        _fact("病种", ROUTE, _disease),
        _fact("登记病种", ROUTE, _registered_diseases),
        CounterFact("approval_date", ROUTE, _approval),
        _fact("病种数", ROUTE, _disease_count),
        _fact("当年账户", BILL, lambda seen: seen.account_fen),
        _fact("第三人责任", TOLD, _third_party),
        _fact("死亡", TOLD, _died),
        _fact("其他基金", TOLD),
        _fact("账户已付", TOLD),
        _fact("公共卫生", TOLD),
        _fact("境外就医", TOLD),
        _fact("保健美容", TOLD),
        _fact("依法不予支付", TOLD),
        _fact("直接结算", TOLD),
    )
)
"""Every fact at the counter. What the law works out of others (age, months, whether there is a
prescription) is not among them."""
