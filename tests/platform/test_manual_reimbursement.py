"""Manual reimbursement: three reviews by two agencies, settled by the engine on the meters of the
person, entered once; what is late, twice or not accepted."""

from collections.abc import Iterator
from datetime import date, timedelta

import psycopg
import pytest
from tests import databases
from tests.platform.agency_office import CONSOLE, Office, refused
from tests.platform.review_world import AREA

from gongji.agency.manual_reimbursement import BillForm, accepted
from gongji.agency.notices import notices_of
from gongji.law.accounts.deadlines import deadline
from gongji.law.checks.library import Library
from gongji.ledger.verify import verify
from gongji.review import desk as life
from gongji.units import day_of, parse_day


@pytest.fixture
def office(server: str) -> Iterator[Office]:
    """An office of its own."""
    with (
        databases.copy(server) as address,
        psycopg.connect(address, autocommit=True) as owner,
        psycopg.connect(address, options=CONSOLE, autocommit=True) as by,
    ):
        yield Office(owner, by)


def test_a_bill_is_reviewed_three_times_and_owed_to_the_person(office: Office) -> None:
    # Yunnan from 2024-11: level two, in work: (1,000 - 40) x 55 %.
    made = office.hand_in("B1", 100_000)
    shown = life.preview(office.desk(), made)
    assert shown.examined.amount_fen == 52_800
    lines = {line.words: line.fen for line in shown.examined.lines}
    assert [step.agency for step in shown.chain] == ["532301", AREA, AREA]
    pool, deductible = lines["统筹基金支付"], lines["起付标准"]
    assert (pool, deductible) == (52_800, 4_000)
    due = office.owner.execute("select due_on from command where id = %s", [made]).fetchone()
    assert due is not None and due[0] > office.desk().today + timedelta(days=30)
    told = office.paid(made)
    assert "分录" in told
    rows = office.owner.execute(
        "select s.pool_fen, s.owed_fen, s.cash_fen, s.total_fen, e.command, e.actor"
        " from settlement s join entry e on e.id = s.entry where e.kind = 'reimbursement'"
    ).fetchall()
    assert rows == [(pool, pool, 100_000, 100_000, made, "third")]
    owed = office.owner.execute("select kind, amount_fen from balance where person = 1").fetchall()
    assert owed == [("payable", pool)]
    (notice,) = notices_of(office.owner, 1)
    assert "第二十五条" in notice.text
    assert list(verify(office.owner)) == []


def test_a_bill_is_paid_once(office: Office) -> None:
    first, second = office.hand_in("B1", 50_000), office.hand_in("B1", 50_000)
    office.paid(first)
    refused("bill_entered", office.approve, office.steps[0], second)
    for spelt in ("B1", " ｂ 1", "\u200bb1"):
        refused("bill_entered", office.hand_in, spelt, 50_000)


def test_what_a_bill_says_must_add_up_and_fit(office: Office) -> None:
    refused("total_differs", office.hand_in, "B1", 50_000, in_scope_fen=1)
    refused("amount_negative", office.hand_in, "B1", 1, in_scope_fen=-1, wholly_own_fen=2)
    for day in (office.desk().today + timedelta(days=1), date.max):
        refused("value_invalid", office.hand_in, "B1", 50_000, service_date=str(day))
    refused("value_invalid", office.hand_in, "B1", 0)
    refused("not_insured", office.hand_in, "B1", 50_000, service_date="2019-12-01")
    refused("institution_unknown", office.hand_in, "B1", 50_000, institution="H9")
    refused("field_unknown", office.hand_in, "B1", 50_000, told={"status": "retired"})
    office.owner.execute("update person_fact set retired_at = now() where kind = 'insured'")
    office.owner.execute(
        "insert into person_fact (person_id, area, kind, since, details)"
        " values (1, '510400', 'insured', '2020-01-01', '{\"status\": \"active\"}')"
    )
    refused("uninsured_on", office.hand_in, "B1", 50_000)


def form(day: str, reason: str = "") -> BillForm:
    return BillForm("1", "H1", "B1", date.fromisoformat(day), 1, 1, late_reason=reason)


@pytest.mark.parametrize(
    ("area", "day", "today", "code"),
    [
        ("532300", "2023-05-01", "2024-03-31", ""),
        ("532300", "2023-05-01", "2024-04-01", "reason_missing"),
        ("445300", "2023-05-01", "2024-03-31", ""),
        ("445300", "2023-05-01", "2024-04-01", "bill_late"),
        ("430500", "2023-05-01", "2023-05-02", "bill_not_accepted"),
        ("510400", "2023-05-01", "2023-05-02", "not_ruled"),
    ],
)
def test_until_when_a_bill_is_taken_is_the_area_s(
    area: str, day: str, today: str, code: str
) -> None:
    visit = parse_day(day)
    law = next(one for one in Library().laws(area) if one.since <= visit < one.until)
    until = day_of(date.fromisoformat(today))

    def ask(reason: str, exempt: bool) -> bool:
        return accepted(deadline(law, visit), form(day, reason), until, exempt)

    if not code:
        assert ask("", False)
        return
    refused(code, ask, "", False)
    if code == "reason_missing":
        assert ask("住院未能前来", False)
    if code == "bill_not_accepted":
        # Death in rescue (第八条), and what the pool advances (社会保险法 第三十条).
        assert ask("", True)
