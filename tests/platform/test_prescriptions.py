"""Prescriptions: told by who wrote them, filled once, in force, for the person; or looked at."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import psycopg
import pytest
from tests.platform import gateways
from tests.platform.counter import NOW, RULES, Counter, as_owner, one, refused, rows
from tests.platform.gateways import line, purchase
from tests.platform.queries_county import Standing, standing
from tests.platform.queries_county import refused as refused_at

from gongji.ledger.review_flags import settle_flags
from gongji.platform.actors import Actor
from gongji.refusals import Refusal
from gongji.settlement.contract import Bounds, Line, Purchase, Request
from gongji.settlement.prescriptions import (
    PrescriptionNamed,
    PrescriptionReport,
    report_prescription,
    withdraw_prescription,
)
from gongji.settlement.settle import settle
from gongji.units import CHINA, UNIT

Connection = psycopg.Connection[Any]
AREA, DAY = "532300", date(2024, 6, 5)
TOLD = Bounds(prescribed_since={AREA: DAY})
"""From the day of the purchase on, prescriptions must have been told."""


class Town:
    """A pharmacy, two prescribers and a person; all prescriptions are R1 by itself."""

    def __init__(self, owner: Connection, gateway: Connection) -> None:
        self.county, self.gateway = Counter(owner, AREA), gateway
        owner.execute(
            "insert into item_version (area, item, name, list_type, charge_type, since, grade,"
            " diseases) values (%s, 'A', '测试药', '101', '09', '2020-01-01', '甲', '{}')",
            [AREA],
        )
        self.shop = self.county.institution(5, "", "pharmacy")
        self.clinic, self.hospital = (self.county.institution(n, str(n)) for n in (1, 3))
        self.person, self.other = self.county.person(1), self.county.person(2)
        self.visit = self.county.visit(self.person, self.hospital, "2024-06-05")

    def tell(
        self, writer: str = "", since: date = DAY, last: date = DAY, number: str = "R1"
    ) -> None:
        """The hospital (or another) tells the prescription of the person's visit."""
        actor = Actor.institution(writer or self.hospital)
        content = PrescriptionReport(number, self.visit, since, last, "m")
        with self.gateway.transaction():
            report_prescription(self.gateway, content, actor=actor, now=NOW)

    def buy(self, writer: str = "", person: str = "", number: str = "R1") -> Request:
        """A drug of 190.00 bought at the pharmacy."""
        sold = Line(
            "1", "A", UNIT, 190_000_000, 19_000, prescription=number, details={"rx_circ_flag": "1"}
        )
        bought = Purchase(
            datetime(2024, 6, 5, 9, tzinfo=CHINA),
            "pharmacy",
            "",
            (sold,),
            {"prescriber": writer or self.hospital},
        )
        key = self.county.key(self.shop, "2102", {"rxno": number})
        psn_no = person or self.person
        return Request(key, psn_no, "pharmacy", 19_000, "none", purchase=bought)


@pytest.fixture
def town(owner: Connection, gateway: Connection) -> Town:
    return Town(owner, gateway)


def code(call: Callable[[], Any]) -> str:
    with pytest.raises(Refusal) as found:
        call()
    assert "{" not in str(found.value)
    return found.value.code


FLAGS = "select entry, cause, reason from review_flag where settled_by is null"


def test_a_pharmacy_does_not_choose_its_prescriber(town: Town) -> None:
    """An invented number pays nothing, whichever level it is claimed to be of."""
    town.tell()
    for writer, number in ((town.hospital, "R9"), (town.clinic, "R1"), (town.clinic, "R9")):
        bill = town.buy(writer, number=number)
        assert refused(one(town.gateway, bill, bounds=TOLD)) == "prescription_unknown"
    # Level 3: (190 - 90) x 50 %.
    assert one(town.gateway, town.buy(), bounds=TOLD).entry.settlement.pool_fen == 5_000
    assert rows(town.gateway, FLAGS) == []
    assert refused(one(town.gateway, town.buy(), bounds=TOLD)) == "prescription_used"


def test_before_the_areas_day_the_pharmacys_word_is_taken_and_looked_at(town: Town) -> None:
    later = Bounds(prescribed_since={AREA: date(2024, 6, 6), "530900": DAY})
    for number, bounds in (("R1", later), ("R2", Bounds())):
        outcome = one(town.gateway, town.buy(town.clinic, number=number), bounds=bounds)
        assert outcome.entry.settlement.pool_fen > 0
        flag = rows(town.gateway, FLAGS)[-1]
        assert flag[:2] == (outcome.entry.id, outcome.entry.id) and number in flag[2]
    trial = replace(town.buy(number="R3"), trial=True)
    assert one(town.gateway, trial).refusal is None
    assert len(rows(town.gateway, FLAGS)) == 2
    # Adjudicating the year anew answers other questions than this one.
    person = town.county.persons[town.person]
    with as_owner(town.gateway) as owner:
        settle_flags(owner, {}, [person], AREA)
    assert len(rows(town.gateway, FLAGS)) == 2


def test_what_was_told_is_held_against_the_purchase_before_that_day_too(town: Town) -> None:
    town.tell()
    bills = [town.buy(), town.buy(person=town.other)]
    (mine, others) = (one(town.gateway, bill) for bill in reversed(bills))
    assert refused(mine) == "prescription_differs"
    assert others.entry.settlement.pool_fen == 5_000 and rows(town.gateway, FLAGS) == []


def test_what_was_taken_back_is_not_filled_before_that_day_either(town: Town) -> None:
    """The pharmacy's word does not stand against its prescriber's."""
    town.tell()
    with town.gateway.transaction():
        actor, content = Actor.institution(town.hospital), PrescriptionNamed("R1")
        withdraw_prescription(town.gateway, content, actor=actor, now=NOW)
    assert refused(one(town.gateway, town.buy())) == "prescription_unknown"
    town.tell()
    # Level 3: (190 - 90) x 50 %.
    assert one(town.gateway, town.buy()).entry.settlement.pool_fen == 5_000
    assert rows(town.gateway, FLAGS) == []


@pytest.mark.parametrize(
    ("since", "last", "paid"),
    [
        (date(2024, 6, 3), date(2024, 6, 4), False),
        (date(2024, 6, 3), date(2024, 6, 5), True),
        (date(2024, 6, 5), date(2024, 6, 8), True),
        (date(2024, 6, 6), date(2024, 6, 8), False),
    ],
)
def test_a_prescription_is_filled_while_it_is_in_force(
    town: Town, since: date, last: date, paid: bool
) -> None:
    town.tell(since=since, last=last)
    outcome = one(town.gateway, town.buy(), bounds=TOLD)
    if paid:
        assert outcome.entry.settlement.pool_fen == 5_000
    else:
        assert refused(outcome) == "prescription_differs"


def test_two_purchases_at_once_use_a_prescription_once(town: Town) -> None:
    town.tell()
    made = settle(town.gateway, [town.buy(), town.buy()], RULES, NOW, TOLD)
    assert [one.refusal.code if one.refusal else "" for one in made] == ["", "prescription_used"]


def test_a_prescription_is_told_by_its_own_prescriber_of_its_own_visit_once(town: Town) -> None:
    assert code(lambda: town.tell(town.clinic)) == "visit_unknown"
    assert code(lambda: town.tell(last=date(2024, 6, 4))) == "value_invalid"
    town.tell()
    assert code(town.tell) == "prescription_standing"
    town.tell(number="R2")


def test_a_prescription_is_taken_back_until_it_is_filled(town: Town) -> None:
    def back(writer: str) -> None:
        with town.gateway.transaction():
            actor = Actor.institution(writer)
            withdraw_prescription(town.gateway, PrescriptionNamed("R1"), actor=actor, now=NOW)

    town.tell()
    assert code(lambda: back(town.clinic)) == "prescription_unknown"
    back(town.hospital)
    assert refused(one(town.gateway, town.buy(), bounds=TOLD)) == "prescription_unknown"
    town.tell()
    assert one(town.gateway, town.buy(), bounds=TOLD).refusal is None
    assert code(lambda: back(town.hospital)) == "prescription_used"


@pytest.mark.parametrize(
    ("grade", "fen", "code"),
    [("甲", 19_000, "prescription_beside"), ("丙", 19_000, ""), ("甲", 0, "")],
)
def test_nothing_is_paid_along_with_a_prescription(
    town: Town, owner: Connection, grade: str, fen: int, code: str
) -> None:
    """楚雄 第三十条: paid is what an outside prescription says, not what lies beside it; before the
    area's prescriptions are told, such a bill goes to review."""
    owner.execute(
        "insert into item_version (area, item, name, list_type, charge_type, since, grade,"
        " diseases) values (%s, 'B', '测试品', '101', '09', '2020-01-01', %s, '{}')",
        [AREA, grade],
    )
    asked = town.buy()
    assert asked.purchase is not None
    beside = Line("2", "B", UNIT, fen * 10_000, fen)
    bought = replace(asked.purchase, lines=(*asked.purchase.lines, beside))
    total = 19_000 + fen
    mixed = replace(asked, purchase=bought, total_fen=total)
    town.tell()
    outcome = one(town.gateway, mixed, bounds=TOLD)
    if code:
        assert refused(outcome) == code and "：1；" in str(outcome.refusal)
        again = town.county.key(town.shop, "2102", {"rxno": "R1"})
        taken = one(town.gateway, replace(mixed, key=again)).entry
        reasons = owner.execute("select reason from review_flag").fetchall()
        assert taken.settlement.pool_fen > 5_000 and "处方以外" in str(reasons)
    else:
        # Level 3: (190 - 90) x 50 %.
        assert outcome.entry.settlement.pool_fen == 5_000
    alone = replace(asked.purchase, lines=(beside,))
    key = town.county.key(town.shop, "2102", {"rxno": ""})
    without = replace(asked, key=key, purchase=alone, total_fen=fen)
    assert one(town.gateway, without).entry.settlement.pool_fen == 0


# At the gateway.


@pytest.fixture(scope="module")
def place(server: str) -> Iterator[Standing]:
    since = {gateways.AREA: date.fromisoformat(gateways.DAY)}
    with standing(server, prescribed_since=since) as made:
        yield made


def test_7103_and_2102_go_together(place: Standing) -> None:
    psn_no = place.insured()
    visit = str(place.client.do("2201", gateways.registration(psn_no))["data"]["mdtrt_id"])
    told = {
        "hiRxno": "RX7103",
        "mdtrtId": visit,
        "fixmedinsCode": gateways.HOSPITAL,
        "pharChkTime": f"{gateways.DAY} 09:30:00",
        "extras": '{"valiEndTime": "2024-12-30"}',
    }

    def buy(number: str) -> dict[str, Any]:
        sold = line(psn_no, "", 1, rx_circ_flag="1", rxno=number)
        return purchase(psn_no, "30.00", [sold], rxFixmedinsCode=gateways.HOSPITAL)

    refused_at(place.pharmacy, "prescription_unknown", "2102", buy("RX7103"))
    # The pharmacy cannot tell it, nor anybody in the hospital's name.
    refused_at(place.pharmacy, "value_invalid", "7103", {"data": told})
    mine = told | {"fixmedinsCode": gateways.PHARMACY}
    refused_at(place.pharmacy, "visit_unknown", "7103", {"data": mine})
    done = place.client.do("7103", {"data": told})["data"]
    assert done == {"hiRxno": "RX7103", "rxStasCodg": "1", "rxStasName": "有效"}
    refused_at(place.client, "prescription_standing", "7103", {"data": told})
    place.client.do("7103", {"data": told | {"hiRxno": "RX7104", "extras": ""}})
    kept = place.owner.execute(
        "select number, since::text, last::text from prescription order by number"
    ).fetchall()
    assert kept == [
        ("RX7103", "2024-12-18", "2024-12-30"),
        ("RX7104", "2024-12-18", "2024-12-20"),
    ]
    asked = {"hiRxno": "RX7104", "fixmedinsCode": gateways.HOSPITAL}
    gone = place.client.do("7104", {"data": asked})["data"]
    assert gone == {"hiRxno": "RX7104", "rxStasCodg": "3", "rxStasName": "已撤销"}
    refused_at(place.pharmacy, "prescription_unknown", "2102", buy("RX7104"))
    assert place.pharmacy.do("2102", buy("RX7103"))["setlinfo"]["medfee_sumamt"] == 30
    used = asked | {"hiRxno": "RX7103"}
    refused_at(place.client, "prescription_used", "7104", {"data": used})
