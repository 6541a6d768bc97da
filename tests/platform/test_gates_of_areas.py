"""Every gate of every area's law, provoked at the counter by what the registry or the bill says."""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from tests.platform.counter import AREAS, NOW, RULES, Counter, day_of

from gongji.settlement.contract import Outcome
from gongji.settlement.settle import settle
from gongji.units import day_of as number_of

Connection = psycopg.Connection[Any]
DAY = "2024-06-05"
FEN = 200_000
"""In-scope cost of every bill, above every deductible."""


class County:
    """A county in which each bill has a person of its own, with everything in order."""

    def __init__(self, owner: Connection, area: str) -> None:
        self.counter = Counter(owner, area)
        self.here = {level: self.counter.institution(int(level), level) for level in "123"}
        self.shop = self.counter.institution(5, "", "pharmacy")
        self.number = 0

    def person(self, **spell: Any) -> str:
        """Somebody insured, with an account, who selected the level-2 hospital."""
        self.number += 1
        psn_no = self.counter.person(self.number, 1_000_000, **spell)
        self.counter.fact(psn_no, "selection", "2020-01-01", institution=self.here["2"])
        return psn_no

    def bill(self, person: str = "", here: str = "", **options: Any) -> Any:
        """A bill at the level-2 hospital."""
        return self.counter.bill(
            person or self.person(),
            here or self.here["2"],
            DAY,
            FEN,
            **{"accounts": "own"} | options,
        )


Row = Callable[[County], Any]


def told(**facts: str) -> Row:
    """What the institution says."""
    return lambda county: county.bill(facts=facts)


def fact(kind: str, key: str = "", med_type: str = "outpatient", **details: Any) -> Row:
    """A fact of the person."""

    def make(county: County) -> Any:
        person = county.person()
        county.counter.fact(person, kind, "2024-06-01", key=key, **details)
        return county.bill(person, med_type=med_type)

    return make


def undesignated(county: County) -> Any:
    """A place without an agreement."""
    person, there = county.person(), county.counter.institution(7, agreement=False)
    county.counter.fact(person, "referral", "2024-01-01", key=there, sender="H")
    return county.bill(person, there)


def unqualified(county: County) -> Any:
    """A pharmacy that is not in the pool, with a prescription."""
    shop = county.counter.institution(8, "", "pharmacy", qualified=False)
    marks = {"prescriptions": [{"prescriber": county.here["2"], "number": "R1", "serial": "1"}]}
    return county.bill(here=shop, med_type="pharmacy", marks=marks)


def unfiled(county: County) -> Any:
    """A hospital of another province, without a filing."""
    return county.bill(here=county.counter.institution(9, region="610102"))


def unfiled_and_referred(county: County) -> Any:
    """A hospital of another province, referred to but not filed."""
    person, there = county.person(), county.counter.institution(9, region="610102")
    county.counter.fact(person, "referral", "2024-01-01", key=there, sender="H")
    return county.bill(person, there)


def without_account(county: County) -> Any:
    """Somebody who has no account."""
    county.number += 1
    return county.bill(county.counter.person(county.number))


def special_at_level_1(county: County) -> Any:
    """Special care at a hospital of level 1."""
    person = county.person()
    county.counter.fact(
        person,
        "registration",
        "2024-01-01",
        key="M1",
        benefit="special",
        disease="renal_failure",
        name="m",
    )
    return county.bill(person, county.here["1"], med_type="registered_disease", disease="M1")


def drug(agreed: bool, level: str) -> Row:
    """A negotiated drug."""
    marks = {
        "drugs": [
            {
                "item": "A",
                "serial": "1",
                "negotiated": True,
                "dual_channel": False,
                "in_agreement": agreed,
            }
        ]
    }
    return lambda county: county.bill(
        here=county.here[level], med_type="special_drugs", marks=marks
    )


def pharmacy(county: County) -> Any:
    """A pharmacy without a prescription."""
    person = county.person()
    county.counter.fact(person, "referral", "2024-01-01", key=county.shop, sender="H")
    return county.bill(person, county.shop, med_type="pharmacy")


def rescue(county: County) -> Any:
    """A rescue on the day before the stay that it turned into."""
    person = county.person()
    county.counter.fact(
        person, "stay", "2024-06-06", key="1", institution="H", level="2", from_emergency=True
    )
    return county.bill(person, med_type="rescue")


def in_arrears(county: County) -> Any:
    """Somebody whose contributions are in arrears."""
    return county.bill(county.person(arrears=True))


def dying(county: County, **options: Any) -> Any:
    """A rescue that ended in death is another matter; one that did not is refused like care."""
    return county.bill(med_type="rescue", **options)


def undesignated_rescue(county: County) -> Any:
    """A rescue at a place without an agreement, and no death."""
    return dying(county, here=county.counter.institution(6, agreement=False))


def unfiled_rescue(county: County) -> Any:
    """A rescue in another province without a filing, and no death."""
    return dying(county, here=county.counter.institution(4, region="610102"))


def drugs_outside(county: County) -> Any:
    """A prescription filled at a pharmacy, and no dual-channel drug."""
    marks = {"prescriptions": [{"prescriber": county.here["2"], "number": "R9", "serial": "1"}]}
    return county.bill(here=county.shop, med_type="pharmacy", marks=marks)


STAY = fact("stay", "1", institution="H", level="2")
INJURY = fact("injury", "1", third_party=True)
NATION: dict[str, tuple[Row, str]] = {
    "社会保险法工伤保险基金": (told(other_fund="true"), "other_fund"),
    "社会保险法第三人": (told(third_party="true"), "third_party"),
    "社会保险法公共卫生": (told(public_health="true"), "public_health"),
    "社会保险法境外": (told(abroad="true"), "abroad"),
    "社会保险法依法不支付": (told(excluded_by_law="true"), "excluded_by_law"),
    "社会保险法享受期外": (in_arrears, "outside_benefit_period"),
}
"""社会保险法 第三十条 and the benefit period, in every area."""
GATES: dict[str, dict[str, tuple[Row, str]]] = {
    "430500": {
        "待遇享受期": (in_arrears, "outside_benefit_period"),
        "非定点": (undesignated, "not_designated"),
        "急诊非定点": (undesignated_rescue, "not_designated"),
        "未备案异地": (unfiled, "offsite_unfiled"),
        "急诊未备案异地": (unfiled_rescue, "offsite_unfiled"),
        "急诊未直接结算": (
            lambda county: dying(county, facts={"direct": "false"}),
            "not_direct",
        ),
        "住院期间": (STAY, "inpatient_stay"),
        "转为住院": (rescue, "joins_inpatient"),
        "第三方责任": (INJURY, "third_party"),
        "公共卫生负担": (told(public_health="true"), "public_health"),
        "保健美容费用": (told(wellness="true"), "wellness"),
        "其他不予支付": (told(excluded_by_law="true"), "excluded_by_law"),
        "未直接结算": (told(direct="false"), "not_direct"),
        "药店无处方": (pharmacy, "no_prescription"),
    },
    "532300": {
        "非定点": (undesignated, "not_designated"),
        "未备案异地": (unfiled, "offsite_unfiled"),
        "特殊病级别": (special_at_level_1, "level_too_low"),
        "谈判药级别": (drug(True, "1"), "level_too_low"),
        "协议期外": (drug(False, "2"), "not_in_agreement"),
        "药店无处方": (pharmacy, "no_prescription"),
    },
    "530900": {
        "非定点": (undesignated, "not_designated"),
        "未备案异地": (unfiled, "offsite_unfiled"),
        "药店无处方": (pharmacy, "no_prescription"),
    },
    "445300": {
        "非定点": (undesignated, "not_designated"),
        "未备案异地": (unfiled_and_referred, "offsite_unfiled"),
        "药店非双通道": (drugs_outside, "not_dual_channel"),
        "非选定机构": (lambda county: county.bill(here=county.here["1"]), "not_selected"),
        "住院期间": (STAY, "inpatient_stay"),
        "其他不予支付": (told(excluded_by_law="true"), "excluded_by_law"),
        "药店无处方": (pharmacy, "no_prescription"),
    },
    "510400": {
        "待遇享受期": (in_arrears, "outside_benefit_period"),
        "非定点": (undesignated, "not_designated"),
        "第三人负担": (told(third_party="true"), "third_party"),
        "其他基金保障": (told(other_fund="true"), "other_fund"),
        "个人账户已付": (told(paid_by_account="true"), "paid_by_account"),
        "其他不予支付": (told(excluded_by_law="true"), "excluded_by_law"),
        "无个人账户": (without_account, "no_account"),
        "非一档": (lambda county: county.bill(county.person(tier="2")), "no_account"),
        "未备案异地": (unfiled, "offsite_unfiled"),
        "药店无处方": (pharmacy, "no_prescription"),
        "药店不合规": (unqualified, "pharmacy_not_qualified"),
    },
}
"""Area -> gate of its law -> how it is provoked, and the refusal that it gives."""
GATES = {area: NATION | own for area, own in GATES.items()}


def _settled(gateway: Connection, made: list[Any]) -> list[Outcome]:
    outcomes = settle(gateway, made, RULES, NOW)
    assert all(outcome.entry for outcome in outcomes), [o for o in outcomes if not o.entry]
    return outcomes


@pytest.mark.parametrize("area", AREAS)
def test_every_gate_of_an_area_closes_at_the_counter(
    owner: Connection, gateway: Connection, area: str
) -> None:
    law = RULES.area(area).law(number_of(day_of(DAY)))
    assert set(law.section("门槛")) == set(GATES[area]), "a gate without a row, or the reverse"
    county = County(owner, area)
    with owner.transaction():
        bills = [make(county) for make, _ in GATES[area].values()]
        good = county.bill()
    *closed, sound = _settled(gateway, bills + [good])
    assert sound.entry.settlement.pool_fen > 0 and not sound.entry.decision.refusal
    found = {}
    for name, outcome in zip(GATES[area], closed, strict=True):
        entry = outcome.entry
        assert (entry.settlement.pool_fen, entry.settlement.supplements_fen, entry.meters) == (
            0,
            0,
            (),
        )
        assert entry.settlement.account_fen + entry.settlement.cash_fen == FEN
        assert entry.decision.article and entry.decision.article in entry.decision.reasons[0]
        found[name] = entry.decision.refusal
    assert found == {name: refusal for name, (_, refusal) in GATES[area].items()}


ACCOUNT_PAYS = {
    "社会保险法工伤保险基金": True,
    "社会保险法第三人": True,
    "社会保险法公共卫生": False,
    "社会保险法境外": True,
    "社会保险法依法不支付": True,
    "社会保险法享受期外": True,
    "急诊非定点": False,
    "未备案异地": True,
    "急诊未备案异地": True,
    "急诊未直接结算": True,
    "第三方责任": True,
    "其他不予支付": True,
    "未直接结算": True,
    "住院期间": True,
    "待遇享受期": True,
    "公共卫生负担": False,
    "保健美容费用": False,
    "非定点": False,
    "药店无处方": True,
    "转为住院": True,
}
"""Shaoyang 第十二条: the account pays care and drugs at designated places, by no means public
health and wellness (第二款)."""


def test_the_account_pays_what_the_pool_refuses_unless_the_use_is_banned_or_the_place_is_none(
    owner: Connection, gateway: Connection
) -> None:
    county = County(owner, "430500")
    with owner.transaction():
        bills = [make(county) for make, _ in GATES["430500"].values()]
    outcomes = _settled(gateway, bills)
    found = {}
    for name, outcome in zip(GATES["430500"], outcomes, strict=True):
        entry = outcome.entry
        assert {entry.settlement.account_fen, entry.settlement.cash_fen} == {0, FEN}
        found[name] = entry.settlement.account_fen == FEN
        assert len(entry.decision.reasons) == (1 if found[name] else 2), "and why it does not"
        assert outcome.balance_fen == 1_000_000 - entry.settlement.account_fen
    assert found == ACCOUNT_PAYS


@pytest.mark.parametrize("use", ["public_health", "wellness"])
def test_no_family_account_pays_a_banned_use(
    counter: Counter, gateway: Connection, use: str
) -> None:
    person, wife, here = counter.person(1, 0), counter.person(2, 90_000), counter.institution(1)
    counter.fact(
        person,
        "bond",
        "2024-01-01",
        key=wife,
        order=1,
        relation="spouse",
        consented_on="2024-01-01",
    )
    bill = counter.bill(person, here, DAY, FEN, accounts="family", facts={use: "true"})
    (outcome,) = _settled(gateway, [bill])
    assert (outcome.entry.settlement.family_fen, outcome.entry.settlement.cash_fen) == (0, FEN)


def test_the_institution_may_say_what_only_it_knows_and_nothing_of_the_registry(
    counter: Counter, gateway: Connection
) -> None:
    person, here = counter.person(1), counter.institution(1)
    may = {
        "third_party",
        "other_fund",
        "paid_by_account",
        "public_health",
        "wellness",
        "died",
        "excluded_by_law",
        "abroad",
    }
    may_not = {
        "advance",
        "status",
        "tier",
        "level",
        "subsidy",
        "inpatient",
        "designated",
        "selected",
        "referred",
        "offsite",
        "in_benefit_period",
        "has_account",
        "admitted",
        "qualified",
        "birth_date",
        "disease",
        "drug",
        "in_agreement",
        "parent_level",
        "benefit",
        "total_fen",
        "in_scope_fen",
        "account_current",
        "invented",
    }
    names = sorted(may | may_not)
    bills = [
        counter.bill(person, here, DAY, FEN, facts={name: "true"}, trial=True) for name in names
    ]
    outcomes = settle(gateway, bills, RULES, NOW)
    taken = {name for name, outcome in zip(names, outcomes, strict=True) if outcome.entry}
    assert taken == may
    codes = {outcome.refusal.code for outcome in outcomes if outcome.refusal}
    assert codes == {"field_unknown"}


def test_what_the_institution_leaves_empty_is_not_said(
    counter: Counter, gateway: Connection
) -> None:
    person, here = counter.person(1), counter.institution(1)
    bill = counter.bill(person, here, DAY, FEN, facts={"third_party": "", "died": "false"})
    (outcome,) = _settled(gateway, [bill])
    assert (
        "third_party" not in outcome.entry.settled.visit.facts
        and outcome.entry.settled.visit.facts["died"] is False
    )
    assert outcome.entry.settlement.pool_fen > 0
