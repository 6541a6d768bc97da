"""Agencies, posts, stand-ins, invitations, coverage; the calendar of working days."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests import databases
from tests.platform.review_world import AREA, COUNTY, OPERATOR, OTHER_COUNTY, World, year_days

from gongji.law.checks.library import Library
from gongji.platform.actors import Actor
from gongji.refusals import Refusal
from gongji.review import coverage
from gongji.review import desk as life
from gongji.review.posts import PostEnd, PostGrant, StandIn, end_post, grant_post, stand_in
from gongji.review.staff import (
    LINK_DAYS,
    Agency,
    NewStaff,
    add_agency,
    add_staff,
    agencies,
    holdings,
    redeem,
)
from gongji.review.working_days import (
    NewYear,
    WorkingDays,
    enter_year,
    load_working_days,
    read_calendar,
)

CONSOLE = "-c role=gongji_console -c timezone=UTC"


@pytest.fixture
def world(server: str) -> Iterator[World]:
    """An area without staff."""
    with (
        databases.copy(server) as address,
        psycopg.connect(address, autocommit=True) as owner,
        psycopg.connect(address, options=CONSOLE, autocommit=True) as by,
    ):
        yield World(owner, by)


def refused(code: str, act: Any, *given: Any, **named: Any) -> Refusal:
    with pytest.raises(Refusal) as found:
        act(*given, **named)
    assert found.value.code == code, found.value
    return found.value


def walled(connection: psycopg.Connection[Any], statement: str) -> str:
    """The wall that a statement runs into."""
    with pytest.raises(psycopg.Error) as found, connection.transaction():
        connection.execute(statement)
    return found.value.diag.constraint_name or str(found.value.diag.message_primary)


def granted(world: World, **content: Any) -> int:
    """A command that grants a post, submitted by the administrator."""
    admin = Actor.staff("admin", "administrator", AREA)
    asked = {"post": "handler", "area": AREA, "agency": COUNTY, "since": str(world.desk().today)}
    return world.submitted(admin, asked | content, kind="grant_post", agency="")


def test_a_post_is_granted_by_a_command_that_another_office_approves(world: World) -> None:
    world.post("admin", "administrator", "all")
    security = world.post("security", "security_officer", "all")
    staff = world.staff("clerk")
    told = world.approve(security, granted(world, staff=staff))
    assert told.state == "executed"
    row = world.owner.execute(
        "select post, command, lower(during), upper_inf(during) from post_holding where staff = %s",
        [staff],
    ).fetchone()
    assert row == ("handler", told.command, world.desk().today, True)
    (held,) = holdings(world.owner, staff, world.desk().today)
    assert (held.area, held.agency) == (AREA, COUNTY)
    # The console adds a holding in no other way.
    added = (
        "insert into post_holding (staff, post, during, command) values"
        f" ({staff}, 'reader', daterange('2020-01-01', null), {told.command})"
    )
    assert "row-level security" in walled(world.by, added)
    end = world.submitted(
        Actor.staff("admin", "administrator", AREA),
        {"holding": held.id},
        kind="end_post",
        agency="",
    )
    assert world.approve(security, end).state == "executed"
    assert holdings(world.owner, staff, world.desk().today) == []


def test_a_grant_is_refused_with_what_forbids_it(world: World) -> None:
    world.post("admin", "administrator", "all")
    world.post("clerk", "handler")
    staff, today = world.staff("clerk"), world.desk().today
    found = refused("post_incompatible", granted, world, staff=staff, post="inspector")
    assert "第二十三条" in str(found) and "第十三条" in str(found)
    for post in ("second_reviewer", "cashier", "accountant", "finance", "technician"):
        refused("post_incompatible", granted, world, staff=staff, post=post)
    refused("post_incompatible", granted, world, staff=world.staff("admin"), post="audit_officer")
    refused("post_unknown", granted, world, staff=staff, post="king")
    refused("agency_unknown", granted, world, staff=staff, agency="532399")
    refused("staff_unknown", granted, world, staff=10**6)
    for days in (1, 2):
        until = world.desk().today - timedelta(days=days)
        refused("dates_reversed", granted, world, staff=staff, last=str(until))
    # What another approved meanwhile is seen again when it is carried out.
    other = world.staff("other")
    number = granted(world, staff=other, post="inspector")
    grant = PostGrant(other, "handler", AREA, today, None, COUNTY)
    held = grant_post(world.owner, grant, actor=OPERATOR, now=world.now)
    security = world.post("security", "security_officer", "all")
    refused("post_incompatible", world.approve, security, number)
    end_post(world.owner, PostEnd(held), actor=OPERATOR, now=world.now)
    refused("post_not_held", end_post, world.owner, PostEnd(held), actor=OPERATOR, now=world.now)
    assert world.approve(security, number).state == "executed"


def test_a_stand_in_holds_the_post_for_days_that_end(world: World) -> None:
    world.post("admin", "administrator", "all")
    world.post("reviewer", "first_reviewer")
    today = world.desk().today
    row = world.owner.execute(
        "select id from post_holding where post = 'first_reviewer'"
    ).fetchone()
    assert row is not None
    deputy = world.staff("deputy")
    week = StandIn(deputy, row[0], today, today + timedelta(days=6))
    given: dict[str, Any] = {"actor": OPERATOR, "now": world.now}
    for wrong in (
        StandIn(deputy, row[0], today, today - timedelta(days=1)),
        StandIn(deputy, row[0], today - timedelta(days=90), today),
        StandIn(world.staff("reviewer"), row[0], today, today),
    ):
        refused("stand_in_days", stand_in, world.owner, wrong, **given)
    refused("post_not_held", stand_in, world.owner, StandIn(deputy, 10**6, today, today), **given)
    stand_in(world.owner, week, **given)
    assert [one.agency for one in holdings(world.owner, deputy, today)] == [COUNTY]
    assert holdings(world.owner, deputy, today + timedelta(days=7)) == []
    clerk = world.post("clerk", "handler")
    told = world.approve(Actor.staff("deputy", "first_reviewer", AREA), world.submitted(clerk))
    assert told.state == "executed"
    hold = "insert into post_holding (staff, post, during, stands_for) values"
    days = f"daterange('{today}', null)"
    assert walled(world.owner, f"{hold} ({deputy}, 'first_reviewer', {days}, {row[0]})") in (
        "post_stand_in_ends",
        "post_stand_in",
    )
    days = f"daterange('{today}', '{today + timedelta(days=2)}')"
    assert walled(world.owner, f"{hold} ({deputy}, 'reader', {days}, {row[0]})") == "post_stand_in"


def test_agencies_are_a_tree_of_two_levels(world: World) -> None:
    assert list(agencies(world.owner, AREA)) == [AREA, COUNTY, OTHER_COUNTY]
    new = "insert into agency (code, area, parent, level, name) values"
    for values, wall in (
        ("('532399', '532300', null, 'county', 'x')", "agency_parent"),
        (f"('532399', '532300', '{COUNTY}', 'county', 'x')", "agency_under"),
        ("('532399', '532300', '430500', 'county', 'x')", "agency_under"),
        ("('532398', '532300', null, 'prefecture', 'x')", "agency_one_prefecture"),
        ("('x', '532300', null, 'prefecture', 'x')", "agency_code_check"),
        ("('532399', '5323', null, 'prefecture', 'x')", "agency_area_check"),
        ("('532399', '532300', null, 'village', 'x')", "agency_level_check"),
        ("('532399', '532300', '532300', 'county', '')", "agency_name_check"),
    ):
        assert walled(world.owner, f"{new} {values}") == wall
    for change in ("name = 'x'", "area = '430500'", "parent = null"):
        assert walled(world.owner, f"update agency set {change} where code = '{COUNTY}'") == (
            "agency_kept"
        )
    assert walled(world.owner, f"delete from agency where code = '{COUNTY}'") == "agency_kept"
    assert "只增不改" in walled(world.owner, "truncate agency cascade")
    world.owner.execute("update agency set closed_at = now() where code = %s", [OTHER_COUNTY])
    assert list(agencies(world.owner, AREA)) == [AREA, COUNTY]
    under = Agency("532331", AREA, COUNTY, "county", "测试")
    refused("agency_unknown", add_agency, world.owner, under, actor=OPERATOR, now=world.now)
    holding = world.post("reader", "reader", "all") and "select max(id) from post_holding"
    place = (
        f"insert into post_area (holding, area, agency) values (({holding}), '532300', '430500')"
    )
    assert walled(world.owner, place) == "post_area_known"


def test_a_link_works_once_and_for_days(world: World) -> None:
    new = NewStaff("admin", "测试管理员")
    first = add_staff(world.owner, new, actor=OPERATOR, now=world.now)
    second = add_staff(world.owner, new, actor=OPERATOR, now=world.now)
    assert first.staff == second.staff and first.token != second.token
    refused("invitation_used", redeem, world.by, first.token, world.now)
    refused("invitation_used", redeem, world.by, "guessed", world.now)
    late = world.now + timedelta(days=LINK_DAYS, seconds=1)
    refused("invitation_used", redeem, world.by, second.token, late)
    assert redeem(world.by, second.token, world.now) == "admin"
    refused("invitation_used", redeem, world.by, second.token, world.now)
    for change in (
        "set used_at = null",
        "set staff = 1, used_at = now()",
        "set expires_at = now()",
    ):
        with pytest.raises(psycopg.errors.RestrictViolation), world.owner.transaction():
            world.owner.execute(f"update invitation {change}")
    world.owner.execute("update staff set disabled_at = now() where subject = 'admin'")
    refused("staff_unknown", add_staff, world.owner, new, actor=OPERATOR, now=world.now)
    third = add_staff(world.owner, NewStaff("b", "乙"), actor=OPERATOR, now=world.now)
    world.owner.execute("update staff set disabled_at = now() where subject = 'b'")
    refused("invitation_used", redeem, world.by, third.token, world.now)


def test_coverage_tells_what_nobody_can_finish(world: World) -> None:
    law = Library().laws(AREA)[-1]
    today = world.desk().today

    def missing(kind: str, agency: str) -> set[str]:
        found = coverage.gaps(world.owner, AREA, law, today)
        return {gap.missing for gap in found if gap.kind == kind and gap.agency == agency}

    assert missing("family_bond", COUNTY) == {f"没有{COUNTY}的经办、{COUNTY}的初审"}
    world.post("one", "handler")
    world.post("one", "first_reviewer")
    assert missing("family_bond", COUNTY) == {"2 步须由不同的人办理，现任岗位只够 1 人"}
    assert missing("family_bond_end", COUNTY) == set()
    world.post("two", "first_reviewer")
    assert missing("family_bond", COUNTY) == set()
    assert missing("family_bond", OTHER_COUNTY) != set()
    world.post("three", "handler", "all")
    world.post("four", "first_reviewer", "all")
    assert missing("family_bond", OTHER_COUNTY) == set()
    assert missing("grant_post", AREA) == {f"没有{AREA}的系统管理员、{AREA}的安全管理员"}
    world.post("five", "administrator", "all")
    world.post("six", "security_officer", "all")
    assert not coverage.gaps(world.owner, AREA, law, today) or missing("grant_post", AREA) == set()


# Working days.

YEAR = {date(2026, 1, 1): False, date(2026, 1, 2): False, date(2026, 1, 4): True}
CALENDAR = WorkingDays(frozenset({2026}), YEAR)


def test_working_days_are_counted_from_the_day_after() -> None:
    assert CALENDAR.after(date(2026, 1, 1), 0) == date(2026, 1, 1)
    assert CALENDAR.after(date(2026, 1, 1), 1) == date(2026, 1, 4)
    assert CALENDAR.after(date(2026, 1, 1), 2) == date(2026, 1, 5)
    assert CALENDAR.after(date(2026, 1, 5), 5) == date(2026, 1, 12)
    refused("calendar_missing", CALENDAR.after, date(2026, 12, 31), 1)
    days = year_days(2026)
    for first in days[::17]:
        for last in days[::23]:
            counted = sum(CALENDAR.works(day) for day in days if first < day <= last)
            back = sum(CALENDAR.works(day) for day in days if last < day <= first)
            assert CALENDAR.between(first, last) == counted - back
            if first <= last and CALENDAR.works(last):
                assert CALENDAR.after(first, counted) == (last if counted else first)


HEAD = "日期,上班,名称\n"


def test_a_calendar_is_read_and_entered_once(world: World, tmp_path: Path) -> None:
    path = tmp_path / "2020.csv"
    path.write_text(HEAD + "2020-01-01,否,元旦\n2020-01-19,是,\n", encoding="utf-8")
    new = read_calendar(path, 2020, "测试通知")
    assert new.days == ((date(2020, 1, 1), False, "元旦"), (date(2020, 1, 19), True, ""))
    assert enter_year(world.owner, new) and not enter_year(world.owner, new)
    kept = load_working_days(world.by)
    assert kept.works(date(2020, 1, 19)) and not kept.works(date(2020, 1, 1))
    other = NewYear(2020, "另一通知", new.days[:1])
    assert "测试通知" in str(refused("calendar_known", enter_year, world.owner, other))
    for statement in ("delete from calendar_day", "update calendar_year set source = 'x'"):
        assert "只增不改" in walled(world.owner, statement)
    add = "insert into calendar_day (day, year, works) values"
    assert walled(world.owner, f"{add} ('2021-01-01', 2020, false)") == "calendar_day_of_year"
    assert walled(world.owner, f"{add} ('2020-02-01', 2020, false)") == "calendar_day_differs"


@pytest.mark.parametrize(
    ("text", "row"),
    [
        ("日期,名称\n2020-01-01,元旦\n", "0"),
        (HEAD + "2020-01-01,否,\n2020-01-19,不,\n", "2"),
        (HEAD + "2020-13-01,否,\n", "1"),
        (HEAD + "2021-01-01,否,\n", "1"),
        (HEAD + "2020-01-04,否,\n", "1"),
        (HEAD + "2020-01-02,是,\n", "1"),
        (HEAD + "2020-01-01,否,\n2020-01-01,否,\n", "2"),
    ],
)
def test_a_mistake_in_a_calendar_is_named(tmp_path: Path, text: str, row: str) -> None:
    path = tmp_path / "2020.csv"
    path.write_text(text, encoding="utf-8")
    assert refused("calendar_wrong", read_calendar, path, 2020, "x").values["row"] == row


def test_a_time_limit_needs_the_calendar_of_its_year(world: World) -> None:
    clerk = world.post("clerk", "handler")
    number = world.draft(clerk)
    assert life.submit(world.desk(), clerk, world.acting(number)).state == "submitted"
    row = world.owner.execute("select due_on from command where id = %s", [number]).fetchone()
    assert row == (None,)
