"""Which settlements a stay touches: day by day around admission and discharge, and its year."""

from typing import Any

import msgspec
import psycopg
import pytest
from tests.platform.counter import NOW, RULES, TELLER, Counter, rows

from gongji.ledger.entry_rows import EntryRow
from gongji.refusals import Refusal
from gongji.settlement.cancel import cancel
from gongji.settlement.settle import settle
from gongji.settlement.stays import StayReport, record_stay, record_stays, shared_moves

Connection = psycopg.Connection[Any]
FIRST, LAST = "2024-06-10", "2024-06-20"
DAYS = ["06-06", "06-07", "06-08", "06-09", "06-10", "06-11", "06-19", "06-20", "06-21"]
"""Four days before the admission to the day after the discharge."""


def county(owner: Connection, area: str) -> Counter:
    """Two persons and a hospital of each level."""
    made = Counter(owner, area)
    for number in (1, 2):
        made.person(number)
    for number, level in enumerate("123", start=1):
        made.institution(number, level)
    return made


def report(counter: Counter, **changes: Any) -> StayReport:
    """A stay of the first person."""
    known = {
        "psn_no": counter.psn_no(1),
        "area": counter.area,
        "number": "ZY1",
        "since": FIRST,
        "until": LAST,
        "institution": f"H{counter.area}00003",
        "level": "3",
    }
    return msgspec.convert(known | changes, StayReport)


def every_day(
    counter: Counter, gateway: Connection, med_type: str, person: int = 1
) -> dict[str, EntryRow]:
    """A bill on each of the days, settled before the stay is known."""
    here = f"H{counter.area}00002"
    bills = [
        counter.bill(counter.psn_no(person), here, f"2024-{day}", 30_000, med_type=med_type)
        for day in DAYS
    ]
    outcomes = settle(gateway, bills, RULES, NOW)
    return {day: outcome.entry for day, outcome in zip(DAYS, outcomes, strict=True)}


def named(entries: dict[str, EntryRow], numbers: tuple[int, ...]) -> list[str]:
    """The days of some entries."""
    return sorted(day for day, entry in entries.items() if entry.id in numbers)


@pytest.mark.parametrize("med_type", ["outpatient", "rescue"])
def test_care_after_the_admission_and_before_the_discharge_is_flagged(
    owner: Connection, gateway: Connection, med_type: str
) -> None:
    """Not on the day of admission, when it may have come before, nor on that of discharge."""
    counter = county(owner, "430500")
    entries = every_day(counter, gateway, med_type)
    others = every_day(counter, gateway, med_type, person=2)
    outcome = record_stay(gateway, report(counter), RULES, NOW, actor=TELLER)
    assert (outcome.reversed, named(entries, outcome.flagged)) == ((), ["06-11", "06-19"])
    assert named(others, outcome.flagged) == []
    flags = rows(gateway, "select entry, cause, reason, raised_at from review_flag")
    assert {flag[0] for flag in flags} == set(outcome.flagged)
    assert all(
        cause == outcome.entry and "住院期间（ZY1）" in reason and at == NOW
        for _, cause, reason, at in flags
    )


def test_while_the_stay_lasts_all_care_after_the_admission_is_flagged(
    owner: Connection, gateway: Connection
) -> None:
    counter = county(owner, "430500")
    entries = every_day(counter, gateway, "outpatient")
    outcome = record_stay(gateway, report(counter, until=None), RULES, NOW, actor=TELLER)
    assert named(entries, outcome.flagged) == ["06-11", "06-19", "06-20", "06-21"]


def test_a_rescue_within_three_days_before_the_stay_is_taken_back_in_shaoyang(
    owner: Connection, gateway: Connection
) -> None:
    """邵阳 第八条; other care of those days stands."""
    counter = county(owner, "430500")
    entries = every_day(counter, gateway, "rescue")
    ordinary = every_day(counter, gateway, "outpatient")
    outcome = record_stay(gateway, report(counter, from_emergency=True), RULES, NOW, actor=TELLER)
    assert named(entries, outcome.reversed) == ["06-07", "06-08", "06-09", "06-10"]
    assert named(entries, outcome.flagged) == ["06-11", "06-19"]
    assert named(ordinary, outcome.reversed) == []
    assert named(ordinary, outcome.flagged) == ["06-11", "06-19"]
    back = rows(
        gateway,
        "select reverses, institution, cause from entry where kind ="
        " 'cancellation' order by reverses",
    )
    assert [row[0] for row in back] == sorted(outcome.reversed)
    assert {row[1] for row in back} == {"H43050000002"}
    assert {row[2] for row in back} == {outcome.entry}, "each names the stay"


@pytest.mark.parametrize(("area", "died"), [("430500", True), ("532300", False), ("532300", True)])
def test_a_rescue_that_the_rules_settle_anew_is_flagged_and_stands(
    owner: Connection, gateway: Connection, area: str, died: bool
) -> None:
    """A death in Shaoyang (第八条), any in Chuxiong (第十七条: one deductible)."""
    counter = county(owner, area)
    entries = every_day(counter, gateway, "rescue")
    outcome = record_stay(
        gateway, report(counter, from_emergency=True, died=died), RULES, NOW, actor=TELLER
    )
    assert outcome.reversed == ()
    flagged = ["06-07", "06-08", "06-09", "06-10", "06-11", "06-19"]
    assert named(entries, outcome.flagged) == flagged
    said = dict(rows(gateway, "select entry, reason from review_flag"))
    assert ["急诊抢救" in said[entries[day].id or 0] for day in flagged] == [True] * 4 + [False] * 2


def test_what_was_cancelled_before_is_neither_flagged_nor_taken_back(
    owner: Connection, gateway: Connection
) -> None:
    counter = county(owner, "430500")
    entries = every_day(counter, gateway, "rescue")
    for day in ("06-09", "06-11"):
        entry = entries[day]
        key = counter.key(entry.institution, "2208", {})
        cancel(
            gateway, key, counter.psn_no(1), entry.settlement.visit or 0, entry.id or 0, RULES, NOW
        )
    outcome = record_stay(gateway, report(counter, from_emergency=True), RULES, NOW, actor=TELLER)
    assert named(entries, outcome.reversed) == ["06-07", "06-08", "06-10"]
    assert named(entries, outcome.flagged) == ["06-19"]


def test_a_stay_told_again_flags_nothing_twice_while_it_is_open(
    owner: Connection, gateway: Connection
) -> None:
    counter = county(owner, "430500")
    entries = every_day(counter, gateway, "outpatient")
    record_stay(gateway, report(counter), RULES, NOW, actor=TELLER)
    longer = record_stay(gateway, report(counter, until="2024-06-21"), RULES, NOW, actor=TELLER)
    assert named(entries, longer.flagged) == ["06-11", "06-19", "06-20"]
    flags = rows(gateway, "select entry from review_flag order by entry")
    assert [number for (number,) in flags] == sorted(longer.flagged)


# The meters and the year.


def _used(gateway: Connection) -> dict[tuple[str, str], int]:
    kept = rows(gateway, "select period, code, used_fen from meter_use where used_fen <> 0")
    return {(period, code): used for period, code, used in kept}


@pytest.mark.parametrize(
    ("until", "year"), [("2023-12-31", 2023), ("2024-01-01", 2024), (None, 2023)]
)
def test_a_stay_is_of_the_year_of_its_discharge(
    owner: Connection, gateway: Connection, until: str | None, year: int
) -> None:
    counter = county(owner, "532300")
    told = report(counter, since="2023-12-20", until=until, pool_fen=90_000, deductible_fen=500)
    record_stay(gateway, told, RULES, NOW, actor=TELLER)
    assert _used(gateway) == {(f"年:{year}", "inpatient_paid"): 90_000}
    (day,) = rows(gateway, "select service_date from entry")
    assert str(day[0]) == (until or "2023-12-20")


def test_a_discharge_corrected_into_the_next_year_moves_the_meters_there(
    owner: Connection, gateway: Connection
) -> None:
    counter = county(owner, "532300")
    told = report(counter, since="2023-12-20", until="2023-12-31", pool_fen=90_000)
    record_stay(gateway, told, RULES, NOW, actor=TELLER)
    later = msgspec.structs.replace(told, until=msgspec.convert("2024-01-02", type(told.since)))
    record_stay(gateway, later, RULES, NOW, actor=TELLER)
    assert _used(gateway) == {("年:2024", "inpatient_paid"): 90_000}
    moved = rows(gateway, "select meters from entry order by id")
    assert moved == [
        ([["inpatient_paid", "年:2023", "", 90_000]],),
        ([["inpatient_paid", "年:2024", "", 90_000], ["inpatient_paid", "年:2023", "", -90_000]],),
    ]


def test_two_stays_add_up_and_another_area_has_its_own(
    owner: Connection, gateway: Connection
) -> None:
    counter = county(owner, "532300")
    reports = [
        report(counter, number="A", pool_fen=5000),
        report(counter, number="B", pool_fen=700, since="2024-07-01", until="2024-07-02"),
        report(counter, number="C", psn_no=counter.psn_no(2), pool_fen=30),
    ]
    outcomes = record_stays(gateway, reports, RULES, NOW, actor=TELLER)
    assert [outcome.entry is not None for outcome in outcomes] == [True] * 3
    record_stay(
        gateway, msgspec.structs.replace(reports[1], pool_fen=600), RULES, NOW, actor=TELLER
    )
    used = rows(gateway, "select person, used_fen from meter_use order by person")
    assert used == [
        (counter.persons[counter.psn_no(1)], 5600),
        (counter.persons[counter.psn_no(2)], 30),
    ]


def test_only_meters_of_a_year_are_shared() -> None:
    """Shaoyang's rescue has a deductible of the visit: no stay moves it."""
    told = msgspec.convert(
        {
            "psn_no": "1",
            "area": "430500",
            "number": "Z",
            "since": FIRST,
            "institution": "H",
            "level": "3",
            "deductible_fen": 400,
            "pool_fen": 5000,
        },
        StayReport,
    )
    moves = {
        area: shared_moves(RULES.area(area), told.since, told)
        for area in ("430500", "532300", "530900", "510400", "445300")
    }
    paid = (("inpatient_paid", "年:2024", "", 5000),)
    assert moves == {"430500": paid, "532300": paid, "530900": paid, "510400": (), "445300": ()}


def test_stays_are_recorded_all_or_none(owner: Connection, gateway: Connection) -> None:
    counter = county(owner, "532300")
    good, bad = report(counter), report(counter, number="B", area="999999")
    with pytest.raises(Refusal) as refused:
        record_stays(gateway, [good, bad], RULES, NOW, actor=TELLER)
    assert refused.value.code == "area_unknown"
    assert rows(gateway, "select count(*) from entry") == [(0,)]
    assert rows(gateway, "select count(*) from person_fact where kind = 'stay'") == [(0,)]


def test_a_stay_of_one_night_is_taken_and_one_that_ends_as_it_begins_is_not(
    owner: Connection, gateway: Connection
) -> None:
    counter = county(owner, "430500")
    assert record_stay(gateway, report(counter, until="2024-06-11"), RULES, NOW, actor=TELLER).entry
    for until in (FIRST, "2024-06-09"):
        with pytest.raises(Refusal, match=FIRST) as refused:
            record_stay(gateway, report(counter, number="B", until=until), RULES, NOW, actor=TELLER)
        assert refused.value.code == "value_invalid"
    for name in ("deductible_fen", "pool_fen", "total_fen"):
        with pytest.raises(Refusal) as refused:
            record_stay(
                gateway, report(counter, number="B", **{name: -1}), RULES, NOW, actor=TELLER
            )
        assert (refused.value.code, refused.value.field) == ("amount_negative", name)
