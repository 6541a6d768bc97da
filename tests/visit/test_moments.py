"""When something counts: a rescue and a stay in hours, retirement in months."""

import pytest

from gongji.law.checks.library import Library
from gongji.law.engine.areas import Areas
from gongji.law.engine.engine import settle
from gongji.law.engine.person_meters import Meters
from gongji.law.engine.visit import read_visit
from gongji.refusals import Refusal
from gongji.units import Fen, parse_day

AREAS = Areas(Library())
YUAN = 100


def paid(area: str, **row: str) -> tuple[str, Fen]:
    """Why a visit is refused, or what the pool pays of it."""
    found = AREAS.area(area, {"average_wage": "96957"} if area == "445300" else {})
    given = {"status": "active", "level": "3", "in_scope": "1000"} | row
    visit = read_visit(given, found.law(parse_day(given["date"])))
    result = settle(found, visit, Meters(found.layout))
    return result.refusal, result.pool_fen


RESCUE = {"date": "2023-03-01", "benefit": "emergency", "rescue_at": "2023-03-01 22:30"}


@pytest.mark.parametrize(
    ("admitted_at", "joins"),
    [
        ("2023-03-01 22:30", True),
        ("2023-03-04 22:29", True),
        ("2023-03-04 22:30", True),
        ("2023-03-04T22:30:59", True),
        # The same day of the calendar, and no longer within 72 hours.
        ("2023-03-04 22:31", False),
        ("2023-03-05 00:00", False),
        # Admitted before the rescue began: another stay.
        ("2023-03-01 22:29", False),
    ],
)
def test_a_rescue_joins_a_stay_within_72_hours_and_no_minute_more(
    admitted_at: str, joins: bool
) -> None:
    """邵阳 第八条: joined, it is not settled as outpatient care; otherwise as an ordinary visit."""
    refusal, _ = paid("430500", **RESCUE, admitted_at=admitted_at)
    assert (refusal == "joins_inpatient") == joins


def test_moments_decide_over_what_is_told_without_them() -> None:
    late = {**RESCUE, "admitted_at": "2023-03-05 22:30", "admitted": "true"}
    assert paid("430500", **late)[0] == ""
    assert paid("430500", **RESCUE, admitted="true")[0] == "joins_inpatient"


@pytest.mark.parametrize("text", ["2023-03-04", "2023-03-04 24:00", "2023-02-30 10:00", "明天"])
def test_a_moment_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(Refusal) as refused:
        paid("430500", **RESCUE, admitted_at=text)
    assert (refused.value.code, refused.value.field) == ("value_invalid", "admitted_at")


@pytest.mark.parametrize(
    ("area", "date", "registered", "more", "fen"),
    [
        # 云浮 第四条: 55 % to the end of the month of the registration, 65 % from the next.
        ("445300", "2025-03-20", "2025-03-15", {}, 550 * YUAN),
        ("445300", "2025-03-31", "2025-03", {}, 550 * YUAN),
        ("445300", "2025-04-01", "2025-03", {}, 650 * YUAN),
        ("445300", "2025-04-01", "2025-03", {"years_complete_month": "2025-04"}, 550 * YUAN),
        ("445300", "2025-05-01", "2025-03", {"years_complete_month": "2025-04"}, 650 * YUAN),
        # Everywhere by the settled reading: 楚雄 60 / 65 % less 60 yuan at level 2 of 55 %.
        ("532300", "2023-03-31", "2023-03-01", {}, 517 * YUAN),
        ("532300", "2023-04-01", "2023-03-31", {}, 564 * YUAN),
        ("510400", "2023-03-31", "2023-03", {}, 480 * YUAN),
        ("510400", "2023-04-01", "2023-03", {}, 55250),
        ("530000", "2025-03-31", "2025-03", {}, 528 * YUAN),
        ("530000", "2025-04-01", "2025-03", {}, 624 * YUAN),
    ],
)
def test_a_retiree_is_treated_as_one_from_the_month_after(
    area: str, date: str, registered: str, more: dict[str, str], fen: int
) -> None:
    row = {"date": date, "status": "retired", "level": "2", "retired_month": registered}
    assert paid(area, **row, **more) == ("", fen)


def test_who_is_active_is_not_made_a_retiree_by_a_date() -> None:
    row = {"date": "2025-05-01", "level": "2", "retired_month": "2025-03"}
    assert paid("445300", **row) == ("", 550 * YUAN)
