"""Days of China under a clock in UTC: accounting dates, months, years, the law's first day.

From 16:00 to 24:00 UTC it is the next day in China already.
"""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import psycopg
import pytest
from tests.platform.counter import NIGHT, NOW, RULES, TELLER, Counter, keep, one, refused, rows

from gongji.refusals import Refusal
from gongji.settlement.cancel import cancel, reverse
from gongji.settlement.contract import Line, Purchase, Request
from gongji.settlement.settle import Bounds
from gongji.settlement.stays import StayReport, record_stay
from gongji.settlement.visits import check_day
from gongji.units import UNIT

Connection = psycopg.Connection[Any]

INSTANTS = [
    ("2024-12-19T15:59:59", "2024-12-19"),
    ("2024-12-19T16:00:00", "2024-12-20"),
    ("2024-12-19T16:30:00", "2024-12-20"),
    ("2024-12-19T23:59:59", "2024-12-20"),
    ("2024-12-20T00:00:00", "2024-12-20"),
    ("2024-11-30T15:59:59", "2024-11-30"),
    ("2024-11-30T16:00:00", "2024-12-01"),
    ("2024-02-29T15:59:59", "2024-02-29"),
    ("2024-02-29T16:00:00", "2024-03-01"),
    ("2024-12-31T15:59:59", "2024-12-31"),
    ("2024-12-31T16:00:00", "2025-01-01"),
]
"""An instant in UTC, and the day that it is in China."""


def utc(text: str) -> datetime:
    """An instant in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(("instant", "day"), INSTANTS)
def test_the_accounting_date_is_the_day_in_china(
    counter: Counter, gateway: Connection, instant: str, day: str
) -> None:
    """Of a settlement, its cancellation a day later, the settlement restored, and a stay."""
    now, today = utc(instant), date.fromisoformat(day)
    later, tomorrow = now + timedelta(days=1), today + timedelta(days=1)
    person, here = counter.person(1), counter.institution(1)
    bill = counter.bill(person, here, "2024-02-20", 3000)
    entry = one(gateway, bill, now=now).entry
    key = counter.key(here, "2208", {})
    with gateway.transaction():
        back = cancel(gateway, key, person, bill.visit or 0, entry.id, RULES, later).entry
        keep(gateway, key, back.id)
        undo = counter.key(here, "2601", {})
        restored = reverse(gateway, undo, person, key.msg_id, "2208", RULES, later).entry
    told = msgspec.convert(
        {
            "psn_no": person,
            "area": "430500",
            "number": "Z",
            "since": "2024-01-10",
            "until": "2024-01-20",
            "institution": here,
            "level": "2",
        },
        StayReport,
    )
    stay = record_stay(gateway, told, RULES, now, actor=TELLER).entry
    kept = rows(gateway, "select id, accounting_date, made_at from entry order by id")
    assert kept == [
        (entry.id, today, now),
        (back.id, tomorrow, later),
        (restored.id, tomorrow, later),
        (stay, today, now),
    ]


@pytest.mark.parametrize(
    ("instant", "closed", "open_"),
    [
        ("2024-11-30T15:59:59", "2024-11-01", "2024-12-01"),
        ("2024-11-30T16:00:00", "2024-12-01", "2024-11-01"),
        ("2024-12-31T15:59:59", "2024-12-01", "2025-01-01"),
        ("2024-12-31T16:00:00", "2025-01-01", "2024-12-01"),
    ],
)
def test_a_month_that_is_closed_is_that_of_the_day_in_china(
    counter: Counter, gateway: Connection, instant: str, closed: str, open_: str
) -> None:
    now = utc(instant)
    person, here = counter.person(1), counter.institution(1)
    close = (
        "insert into closed_period (area, month, actor_kind, actor)"
        " values ('430500', %s, 'operator', 't')"
    )
    first, second = (counter.bill(person, here, "2024-11-20", 3000) for _ in range(2))
    counter.owner.execute(close, [open_])
    entry = one(gateway, first, now=now).entry
    counter.owner.execute(close, [closed])
    late = one(gateway, second, now=now)
    assert refused(late) == "period_closed" and closed[:7] in str(late.refusal)
    with pytest.raises(Refusal) as refusal:
        key = counter.key(here, "2208", {})
        cancel(gateway, key, person, first.visit or 0, entry.id, RULES, now)
    assert refusal.value.code == "period_closed" and closed[:7] in str(refusal.value)


def test_another_areas_closed_month_closes_nothing(
    owner: Connection, counter: Counter, gateway: Connection
) -> None:
    owner.execute(
        "insert into closed_period (area, month, actor_kind, actor)"
        " values ('532300', '2024-12-01', 'operator', 't')"
    )
    person, here = counter.person(1), counter.institution(1)
    bill = counter.bill(person, here, "2024-12-02", 3000)
    entry = one(gateway, bill).entry
    key = counter.key(here, "2208", {})
    assert cancel(gateway, key, person, bill.visit or 0, entry.id, RULES, NOW).entry


@pytest.mark.parametrize(
    ("now", "today"),
    [(NOW, "2024-12-20"), (NIGHT, "2024-12-20"), (utc("2024-12-19T15:59:59"), "2024-12-19")],
)
def test_days_of_service_are_taken_from_the_first_to_the_last_of_the_bounds(
    counter: Counter, gateway: Connection, now: datetime, today: str
) -> None:
    person, here = counter.person(1), counter.institution(1)
    middle = date.fromisoformat(today)
    found = {}
    for offset in (-4, -3, 0, 1, 2):
        bill = counter.bill(person, here, str(middle + timedelta(days=offset)), 3000)
        outcome = one(gateway, bill, now=now, bounds=Bounds(days_back=3, days_ahead=1))
        found[offset] = outcome.refusal.code if outcome.refusal else ""
    assert found == {-4: "service_day_outside", -3: "", 0: "", 1: "", 2: "service_day_outside"}


def test_a_day_back_is_four_hundred_and_a_day_ahead_one_where_nothing_else_is_said(
    counter: Counter, gateway: Connection
) -> None:
    person, here = counter.person(1), counter.institution(1)
    days = ("2023-11-15", "2023-11-16", "2024-12-21", "2024-12-22")
    outcomes = [one(gateway, counter.bill(person, here, day, 3000)) for day in days]
    assert [o.refusal is None for o in outcomes] == [False, True, True, False]


@pytest.mark.parametrize(("instant", "day"), INSTANTS)
def test_the_bounds_of_visits_and_lines_are_around_the_day_in_china(instant: str, day: str) -> None:
    today = date.fromisoformat(day)
    first, last = Bounds(2, 1).around(utc(instant))
    assert (first, last) == (today - timedelta(days=2), today + timedelta(days=1))
    for inside in (first, last):
        check_day(inside, (first, last))
    for outside in (first - timedelta(days=1), last + timedelta(days=1)):
        with pytest.raises(Refusal, match=str(outside)):
            check_day(outside, (first, last))


def at(counter: Counter, bill: Request, instant: str) -> Request:
    """The bill, its visit begun at an instant in UTC."""
    counter.owner.execute(
        "update visit set begun_at = %s where id = %s", [utc(instant), bill.visit]
    )
    return bill


def test_the_new_year_begins_at_midnight_in_china(counter: Counter, gateway: Connection) -> None:
    person, here = counter.person(1), counter.institution(1)
    entries = []
    for instant in ("2024-12-31T15:59:59", "2024-12-31T16:00:00", "2025-01-01T00:00:00"):
        bill = at(counter, counter.bill(person, here, "2025-01-01", 400_000), instant)
        entries.append(one(gateway, bill, now=utc("2025-01-05T02:00:00")).entry)
    # (4,000 - 50) × 60 % would be 2,370: the ceiling is 1,500 a year.
    assert [(e.service_date.year, e.settlement.pool_fen) for e in entries] == [
        (2024, 150_000),
        (2025, 150_000),
        (2025, 0),
    ]
    kept = rows(
        gateway,
        "select period, used_fen from meter_use where code = 'ordinary_paid' order by period",
    )
    assert kept == [("年:2024", 150_000), ("年:2025", 150_000)]


def test_a_law_begins_at_midnight_in_china(counter: Counter, gateway: Connection) -> None:
    """湖南省2023年6月1日起: 50 a visit instead of 200 a year."""
    here = counter.institution(1)
    found = []
    for number, instant in enumerate(("2023-05-31T15:59:59", "2023-05-31T16:00:00")):
        bill = at(
            counter, counter.bill(counter.person(number), here, "2023-06-01", 25_000), instant
        )
        entry = one(gateway, bill, now=utc("2023-06-15T02:00:00")).entry
        found.append(
            (str(entry.service_date), entry.settlement.deductible_fen, entry.settlement.pool_fen)
        )
    assert found == [("2023-05-31", 20_000, 3000), ("2023-06-01", 5000, 12_000)]


def test_a_purchase_is_of_the_day_in_china_at_its_instant(
    owner: Connection, gateway: Connection
) -> None:
    counter = Counter(owner, "532300")
    owner.execute(
        "insert into item_version (area, item, name, list_type, charge_type, since, grade,"
        " diseases) values ('532300', 'A', '测试药', '101', '09', '2020-01-01', '甲', '{}')"
    )
    shop, writer = counter.institution(5, "", "pharmacy"), counter.institution(1, "3")
    person = counter.person(1, since="2024-06-06")
    found = []
    for number, instant in enumerate(("2024-06-05T15:59:59", "2024-06-05T16:00:00")):
        line = Line(
            "1", "A", UNIT, 190_000_000, 19_000, prescription=f"R{number}", prescriber=writer
        )
        bought = Purchase(utc(instant), "pharmacy", "", (line,))
        key = counter.key(shop, "2102", {"n": number})
        outcome = one(gateway, Request(key, person, "pharmacy", 19_000, "none", purchase=bought))
        found.append(outcome.refusal.code if outcome.refusal else str(outcome.entry.service_date))
    assert found == ["not_insured", "2024-06-06"]
    begun = rows(gateway, "select begun_at from visit")
    assert begun == [(utc("2024-06-05T16:00:00"),)]


def test_a_purchase_outside_the_bounds_is_refused(owner: Connection, gateway: Connection) -> None:
    counter = Counter(owner, "532300")
    shop, person = counter.institution(5, "", "pharmacy"), counter.person(1)
    line = Line("1", "A", UNIT, 10_000_000, 1000)
    bought = Purchase(utc("2024-12-21T16:00:00"), "pharmacy", "", (line,))
    bill = Request(counter.key(shop, "2102", {}), person, "pharmacy", 1000, "none", purchase=bought)
    assert refused(one(gateway, bill)) == "service_day_outside"
    unknown = replace(bill, key=counter.key(shop, "2102", {}), psn_no=counter.psn_no(9))
    assert refused(one(gateway, unknown)) == "person_unknown"
