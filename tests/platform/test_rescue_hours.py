"""A rescue that turns into a stay: 72 hours, from its beginning to the admission."""

from datetime import date, datetime
from typing import Any

import psycopg
import pytest
from tests.platform import gateways
from tests.platform.counter import NOW, RULES, TELLER, Counter
from tests.platform.gateways import DAY, Client

from gongji.ledger.entry_rows import EntryRow
from gongji.refusals import Refusal
from gongji.settlement.known_facts import one_episode
from gongji.settlement.readjudicate import readjudicate
from gongji.settlement.settle import settle
from gongji.settlement.stays import StayReport, record_stay
from gongji.units import CHINA

Connection = psycopg.Connection[Any]
RESCUE = datetime(2024, 6, 7, 10, 30, tzinfo=CHINA)
HERE = "H43050000002"


@pytest.mark.parametrize(
    ("began", "day", "hour", "joined"),
    [
        (RESCUE, date(2024, 6, 10), "10:30", True),
        (RESCUE, date(2024, 6, 10), "10:31", False),
        (RESCUE, date(2024, 6, 7), "10:30", True),
        (RESCUE, date(2024, 6, 7), "10:29", False),
        (RESCUE.astimezone(), date(2024, 6, 10), "10:31", False),
        # Where an hour is not known, days of the calendar.
        (RESCUE, date(2024, 6, 10), "", True),
        (RESCUE, date(2024, 6, 11), "", False),
        (RESCUE.replace(hour=0, minute=0), date(2024, 6, 10), "23:59", True),
        (None, date(2024, 6, 10), "23:59", True),
        (None, date(2024, 6, 6), "23:59", False),
    ],
)
def test_hours_count_where_both_are_known(
    began: datetime | None, day: date, hour: str, joined: bool
) -> None:
    assert one_episode(date(2024, 6, 7), began, day, hour) is joined


def county(owner: Connection) -> Counter:
    """A person and a hospital, in an area that leaves such a rescue to the stay."""
    made = Counter(owner, "430500")
    made.person(1)
    made.institution(2, "2")
    return made


def rescued(made: Counter, gateway: Connection) -> EntryRow:
    """A rescue that began at half past ten, settled."""
    bill = made.bill(made.psn_no(1), HERE, "2024-06-07", 30_000, med_type="rescue")
    made.owner.execute("update visit set begun_at = %s where id = %s", [RESCUE, bill.visit])
    (outcome,) = settle(gateway, [bill], RULES, NOW)
    return outcome.entry


def stay(made: Counter, hour: str) -> StayReport:
    return StayReport(
        psn_no=made.psn_no(1),
        area="430500",
        number="ZY1",
        since=date(2024, 6, 10),
        institution=HERE,
        level="2",
        from_emergency=True,
        admitted_at=hour,
    )


def test_a_stay_told_later_takes_back_the_rescue_of_its_72_hours_only(
    owner: Connection, gateway: Connection
) -> None:
    """邵阳 第八条: 急诊抢救在72小时内转为住院治疗的."""
    made = county(owner)
    rescue = rescued(made, gateway)
    late = record_stay(gateway, stay(made, "10:31"), RULES, NOW, actor=TELLER)
    assert (late.reversed, late.flagged) == ((), ())
    assert list(readjudicate(owner, "430500", 2024, RULES, NOW)) == []
    # The hour is corrected by a minute.
    told = record_stay(gateway, stay(made, "10:30"), RULES, NOW, actor=TELLER)
    assert told.reversed == (rescue.id,)


@pytest.mark.parametrize(("hour", "refusal"), [("10:30", "joins_inpatient"), ("10:31", "")])
def test_a_rescue_settled_after_the_stay_joins_it_by_the_hour(
    owner: Connection, gateway: Connection, hour: str, refusal: str
) -> None:
    made = county(owner)
    record_stay(gateway, stay(made, hour), RULES, NOW, actor=TELLER)
    assert rescued(made, gateway).decision.refusal == refusal
    assert list(readjudicate(owner, "430500", 2024, RULES, NOW)) == []


def test_an_hour_that_is_none_is_refused(owner: Connection, gateway: Connection) -> None:
    made = county(owner)
    with pytest.raises(Refusal) as told:
        record_stay(gateway, stay(made, "24:00"), RULES, NOW, actor=TELLER)
    assert (told.value.code, told.value.field) == ("value_invalid", "admitted_at")


@pytest.mark.parametrize(("clock", "kept"), [(" 09:15:00", "09:15"), (" 00:00:00", ""), ("", "")])
def test_the_hour_of_an_admission_arrives_with_the_message(
    county: Counter, client: Client, owner: Connection, clock: str, kept: str
) -> None:
    psn_no = gateways.insure(county, 905 + len(clock) + len(kept), 0)
    row = {"psn_no": psn_no, "ipt_no": "ZY1", "begntime": DAY + clock, "otp_er_refl_flag": "1"}
    client.do("GJ01", {"stays": [row]})
    found = owner.execute(
        "select details ->> 'admitted_at', since from person_fact f"
        " join person p on p.id = f.person_id where p.psn_no = %s and f.kind = 'stay'",
        [psn_no],
    ).fetchone()
    assert found == (kept, date.fromisoformat(DAY))


@pytest.mark.parametrize(
    ("med_type", "mark", "benefit"),
    [("13", "1", "emergency"), ("13", "0", "ordinary"), ("11", "1", "ordinary")],
)
def test_an_emergency_that_is_marked_as_rescue_is_rescue(
    county: Counter, client: Client, owner: Connection, med_type: str, mark: str, benefit: str
) -> None:
    psn_no = gateways.insure(county, 920 + int(med_type) + int(mark), 0)
    visit = gateways.opened(client, psn_no)
    (total,) = owner.execute(
        "select total_fen from charge_batch where visit_id = %s", [visit]
    ).fetchone() or (0,)
    said = {"med_type": med_type, "exp_content": {"resc_flag": mark}}
    client.do("2207", gateways.bill(psn_no, visit, f"{total / 100:.2f}", **said))
    found = owner.execute(
        "select facts #>> '{visit,benefit}' from settlement where visit = %s", [visit]
    ).fetchone()
    assert found == (benefit,)
