"""An inpatient episode: a fact, a move of the shared meters, and what it joins."""

from typing import Any

import msgspec
import psycopg
import pytest
from tests.platform.counter import NOW, OPERATOR, RULES, TELLER, Counter, as_owner

from gongji.ledger.entry_rows import EntryRow
from gongji.ledger.verify import verify
from gongji.platform.actors import Actor
from gongji.refusals import Refusal
from gongji.settlement.readjudicate import FACTS, readjudicate
from gongji.settlement.settle import settle
from gongji.settlement.stays import StayReport, record_stay

Connection = psycopg.Connection[Any]


RESCUED = RULES.__class__(
    (),
    {
        "532300": {
            "inpatient_deductible.1": "200",
            "inpatient_deductible.2": "400",
            "inpatient_deductible.3": "800",
            "inpatient_rate": "85%",
            "inpatient_ceiling": "50000",
        }
    },
)
"""Chuxiong with figures for what its rules leave to the inpatient ones."""


def stay(area: str, **changes: Any) -> StayReport:
    known = {
        "psn_no": f"{area}00000000000001",
        "area": area,
        "number": "ZY1",
        "since": "2024-06-10",
        "until": "2024-06-20",
        "institution": f"H{area}00003",
        "level": "3",
        "pool_fen": 900_000,
    }
    return msgspec.json.decode(msgspec.json.encode(known | changes), type=StayReport)


def county(owner: Connection, area: str) -> Counter:
    made = Counter(owner, area)
    made.person(1)
    for number, level in enumerate("123", start=1):
        made.institution(number, level)
    return made


def settled(gateway: Connection, made: Counter, day: str, cost: int, **more: Any) -> EntryRow:
    bill = made.bill(made.psn_no(1), f"H{made.area}00002", day, cost, **more)
    (outcome,) = settle(gateway, [bill], RULES, NOW)
    assert outcome.refusal is None, outcome
    entry: EntryRow = outcome.entry
    return entry


def used(gateway: Connection) -> dict[str, int]:
    return dict(
        gateway.execute("select code, used_fen from meter_use where used_fen <> 0").fetchall()
    )


def test_a_stay_moves_what_the_rules_share_and_a_correction_the_difference(
    owner: Connection, gateway: Connection
) -> None:
    county(owner, "532300")
    told = stay("532300")
    first = record_stay(gateway, told, RULES, NOW, actor=TELLER)
    assert first.entry and used(gateway) == {"inpatient_paid": 900_000}
    assert record_stay(gateway, told, RULES, NOW, actor=TELLER).entry is None
    record_stay(gateway, msgspec.structs.replace(told, pool_fen=700_000), RULES, NOW, actor=TELLER)
    assert used(gateway) == {"inpatient_paid": 700_000}
    facts = gateway.execute(
        "select retired_at is null, details->>'pool_fen' from person_fact where kind = 'stay'"
        " order by id"
    ).fetchall()
    assert facts == [(False, "900000"), (True, "700000")]
    assert list(verify(gateway)) == []


def test_where_the_rules_share_no_meter_a_stay_moves_none(
    owner: Connection, gateway: Connection
) -> None:
    county(owner, "510400")
    assert record_stay(gateway, stay("510400"), RULES, NOW, actor=TELLER).entry
    assert used(gateway) == {}


def test_rescue_that_became_a_stay_is_taken_back_where_the_rules_say_so(
    owner: Connection, gateway: Connection
) -> None:
    made = county(owner, "430500")
    ordinary = settled(gateway, made, "2024-06-09", 30_000)
    rescue = settled(gateway, made, "2024-06-09", 100_000, med_type="rescue")
    assert rescue.settlement.pool_fen
    outcome = record_stay(gateway, stay("430500", from_emergency=True), RULES, NOW, actor=TELLER)
    assert (outcome.reversed, outcome.flagged) == ((rescue.id,), ())
    (back,) = gateway.execute(
        "select -pool_fen from settlement s join entry e on e.id = s.entry where reverses = %s",
        [rescue.id],
    )
    assert back == (rescue.settlement.pool_fen,)
    # Nothing is left of it but its place: the ordinary visit before it stands.
    assert list(readjudicate(owner, "430500", 2024, RULES, NOW)) == []
    assert ordinary.id and list(verify(gateway)) == []


def test_rescue_that_became_a_stay_bears_the_admitting_hospitals_deductible(
    owner: Connection, gateway: Connection
) -> None:
    made = county(owner, "532300")
    bill = made.bill(made.psn_no(1), "H53230000002", "2024-06-09", 100_000, med_type="rescue")
    (rescue,) = settle(gateway, [bill], RESCUED, NOW)
    assert rescue.entry.settlement.deductible_fen == 40_000
    told = stay("532300", from_emergency=True)
    outcome = record_stay(gateway, told, RESCUED, NOW, actor=TELLER)
    assert (outcome.reversed, outcome.flagged) == ((), (rescue.entry.id,))
    (change,) = readjudicate(owner, "532300", 2024, RESCUED, NOW)
    # 1,000 less 800 instead of 400, at 85 %.
    assert (change.cause, change.net_fen) == (FACTS, -34_000)
    assert change.after["deductible_fen"] == 80_000
    # A deductible that the stay itself bore is not borne twice.
    again = msgspec.structs.replace(told, deductible_fen=80_000)
    record_stay(gateway, again, RESCUED, NOW, actor=TELLER)
    (change,) = readjudicate(owner, "532300", 2024, RESCUED, NOW, actor=OPERATOR)
    assert (change.net_fen, change.after["deductible_fen"]) == (34_000, 0)
    assert list(readjudicate(owner, "532300", 2024, RESCUED, NOW)) == []
    assert list(verify(gateway)) == []
    open_flags = "select count(*) from review_flag where settled_by is null"
    assert gateway.execute(open_flags).fetchone() == (0,)


def test_what_the_stay_bore_of_the_deductible_counts_once_for_two_bills_of_the_rescue(
    owner: Connection, gateway: Connection
) -> None:
    made = county(owner, "532300")
    person, here = made.psn_no(1), "H53230000002"
    visit = made.visit(person, here, "2024-06-09")
    for number, cost, borne in (("1", 10_000, 10_000), ("2", 100_000, 30_000)):
        made.batch(visit, number, cost)
        bill = made.request(person, here, visit, number, cost, med_type="rescue")
        (outcome,) = settle(gateway, [bill], RESCUED, NOW)
        assert outcome.entry.settlement.deductible_fen == borne
    told = stay("532300", from_emergency=True, deductible_fen=30_000)
    record_stay(gateway, told, RESCUED, NOW, actor=TELLER)
    (change,) = readjudicate(owner, "532300", 2024, RESCUED, NOW, actor=OPERATOR)
    # 800 in all: 300 by the stay, 100 by the first bill, 400 instead of 300 by the second, at 85 %.
    assert (change.root.id, change.after["deductible_fen"]) == (outcome.entry.id, 40_000)
    assert change.net_fen == -8_500
    assert list(readjudicate(owner, "532300", 2024, RESCUED, NOW)) == []
    assert list(verify(gateway)) == []


def test_where_rescue_is_settled_as_ordinary_care_the_stay_bore_none_of_its_deductible(
    owner: Connection, gateway: Connection
) -> None:
    """云浮 第十七条: the year again finds nothing, whatever the stay bore."""
    made = county(owner, "445300")
    rescue = settled(gateway, made, "2024-06-09", 100_000, med_type="rescue")
    assert (rescue.settlement.deductible_fen, rescue.settlement.pool_fen) == (0, 55_000)
    outcome = record_stay(
        gateway,
        stay("445300", from_emergency=True, deductible_fen=80_000),
        RULES,
        NOW,
        actor=TELLER,
    )
    assert outcome.flagged == (rescue.id,)
    assert list(readjudicate(owner, "445300", 2024, RULES, NOW)) == []


def test_a_death_in_emergency_care_is_left_to_re_adjudication(
    owner: Connection, gateway: Connection
) -> None:
    made = county(owner, "430500")
    rescue = settled(gateway, made, "2024-06-09", 100_000, med_type="rescue")
    outcome = record_stay(
        gateway, stay("430500", from_emergency=True, died=True), RULES, NOW, actor=TELLER
    )
    assert (outcome.reversed, outcome.flagged) == ((), (rescue.id,))
    (change,) = readjudicate(owner, "430500", 2024, RULES, NOW)
    assert change.again and change.again.settlement.benefit == "emergency"


def test_care_during_a_stay_learnt_of_late_is_flagged_and_owed(
    owner: Connection, gateway: Connection
) -> None:
    made = county(owner, "430500")
    entry = settled(gateway, made, "2024-06-15", 100_000)
    outcome = record_stay(gateway, stay("430500"), RULES, NOW, actor=TELLER)
    assert outcome.flagged == (entry.id,)
    (change,) = readjudicate(owner, "430500", 2024, RULES, NOW)
    assert change.net_fen == -entry.settlement.pool_fen and "inpatient" in change.detail


def test_a_stay_that_cannot_be_is_refused(owner: Connection, gateway: Connection) -> None:
    county(owner, "430500")
    for change, code in (
        ({"psn_no": "0"}, "person_unknown"),
        ({"institution": "H0"}, "institution_unknown"),
        ({"level": "4"}, "value_invalid"),
        ({"until": "2024-06-10"}, "value_invalid"),
        ({"pool_fen": -1}, "amount_negative"),
    ):
        with pytest.raises(Refusal) as refused:
            record_stay(gateway, stay("430500", **change), RULES, NOW, actor=TELLER)
        assert refused.value.code == code
    assert gateway.execute("select count(*) from person_fact where kind = 'stay'").fetchone() == (
        0,
    )


def test_an_institution_takes_back_nothing_of_another_one_but_has_it_looked_at(
    owner: Connection, gateway: Connection
) -> None:
    made = county(owner, "430500")
    rescue = settled(gateway, made, "2024-06-09", 100_000, med_type="rescue")
    stranger = Actor.institution("H43050000003")
    outcome = record_stay(gateway, stay("430500", from_emergency=True), RULES, NOW, actor=stranger)
    assert (outcome.reversed, outcome.flagged) == ((), (rescue.id,))
    (reason,) = owner.execute("select reason from review_flag").fetchone() or ("",)
    assert "另一家机构" in reason


def test_a_stay_during_one_elsewhere_uses_no_meter_before_somebody_looked(
    owner: Connection, gateway: Connection
) -> None:
    made = county(owner, "532300")
    told = msgspec.structs.replace(stay("532300"), institution=f"H{made.area}00003")
    assert not record_stay(gateway, told, RULES, NOW, actor=TELLER).held
    first = used(gateway)
    again = msgspec.structs.replace(
        told, number="B", institution=f"H{made.area}00001", level="1", pool_fen=100
    )
    outcome = record_stay(gateway, again, RULES, NOW, actor=TELLER)
    assert outcome.held and outcome.entry and used(gateway) == first
    flags = owner.execute("select entry, cause, reason from review_flag").fetchall()
    assert [row[:2] for row in flags] == [(outcome.entry, outcome.entry)] and "重叠" in flags[0][2]
    with as_owner(gateway):
        other = msgspec.structs.replace(again, number="C")
        assert not record_stay(gateway, other, RULES, NOW, actor=OPERATOR).held, "the agency's own"
