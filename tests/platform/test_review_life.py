"""The life of commands at the desk: a family bond from its first form to its end, and what is
refused on the way."""

import zlib
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from tests import databases
from tests.platform.review_world import AREA, COUNTY, PDF, World

from gongji.agency.family_bond import allowing_article, may_ask
from gongji.agency.notices import deliver, notices_of, send
from gongji.law.checks.library import Library
from gongji.people.person_rows import name_spellings
from gongji.platform.actors import Actor
from gongji.platform.command_rows import papers_of
from gongji.refusals import Refusal
from gongji.review import desk as life
from gongji.review import evidence, worklists
from gongji.review.desk import Acting, Editing
from gongji.review.evidence import PaperFile

CONSOLE = "-c role=gongji_console -c timezone=UTC"
PAGES = "-c role=gongji_pages -c timezone=UTC"


@pytest.fixture
def world(server: str) -> Iterator[World]:
    """An area with a handler and a first reviewer in a county."""
    with (
        databases.copy(server) as address,
        psycopg.connect(address, autocommit=True) as owner,
        psycopg.connect(address, options=CONSOLE, autocommit=True) as by,
    ):
        made = World(owner, by)
        made.address = address  # type: ignore[attr-defined]
        yield made


def refused(code: str, act: Any, *given: Any, **named: Any) -> Refusal:
    with pytest.raises(Refusal) as found:
        act(*given, **named)
    assert found.value.code == code, found.value
    assert "{" not in str(found.value)
    return found.value


def test_a_bond_goes_from_its_form_to_the_account_that_pays(world: World) -> None:
    clerk = world.post("clerk", "handler")
    reviewer = world.post("reviewer", "first_reviewer")
    number = world.draft(clerk)
    shown = life.preview(world.desk(), number)
    assert [step.post for step in shown.chain] == ["first_reviewer"]
    assert shown.chain[0].agency == COUNTY and not shown.missing and not shown.stale
    assert "测试2的个人账户为测试1支付" in shown.examined.lines[0].words
    assert life.submit(world.desk(), clerk, world.acting(number)).state == "submitted"
    (waiting,) = worklists.waiting_for(world.by, reviewer, world.now)
    assert waiting.command == number and waiting.age == 0
    told = world.approve(reviewer, number)
    assert told.state == "executed" and "家庭共济第" in told.result
    row = world.owner.execute(
        "select person_id, details, source from person_fact where kind = 'bond'"
    ).fetchone()
    assert row is not None and row[0] == 1 and row[1]["consented_on"] == str(world.desk().today)
    assert row[2].startswith("staff|reviewer")
    for person in (1, 2):
        (notice,) = notices_of(world.by, person)
        assert "社会保险经办条例" in notice.text and "行政复议" in notice.text
        assert notice.delivered_at is not None
    assert worklists.waiting_for(world.by, reviewer, world.now) == []
    acts = world.owner.execute("select what from access_log where way = 'act' order by id")
    assert [what.split()[0] for (what,) in acts] == ["draft", "submit", "approve"]


def test_a_person_asks_online_and_ends_it_at_once(world: World) -> None:
    reviewer = world.post("reviewer", "first_reviewer")
    me = Actor.person("53230000000000000001")
    with psycopg.connect(
        world.address,  # type: ignore[attr-defined]
        options=PAGES,
        autocommit=True,
    ) as pages:
        console, world.by = world.by, pages
        number = world.submitted(me)
        other = Actor.person("53230000000000000003")
        theirs = world.acting(number, reason="撤回")
        refused("command_not_own", life.withdraw, world.desk(), other, theirs)
        world.by = console
        assert world.approve(reviewer, number).state == "executed"
        world.by = pages
        bond = world.owner.execute("select id from person_fact where kind = 'bond'").fetchone()
        assert bond is not None
        end = {"bond": bond[0]}
        given = {"kind": "family_bond_end"}
        stranger = world.draft(other, end, **given)
        ending = Acting(world.msg(), stranger, 1, "")
        refused("bond_unknown", life.submit, world.desk(), other, ending)
        ended = world.submitted(Actor.person("53230000000000000002"), end, **given)
    assert world.state(ended) == "executed"
    left = world.owner.execute(
        "select count(*) from person_fact where kind = 'bond' and retired_at is null"
    ).fetchone()
    assert left == (0,)
    assert len(notices_of(world.owner, 1)) == 2 == len(notices_of(world.owner, 2))


def test_the_counter_ends_a_bond_at_once(world: World) -> None:
    clerk, reviewer = world.post("clerk", "handler"), world.post("reviewer", "first_reviewer")
    world.approve(reviewer, world.submitted(clerk))
    row = world.owner.execute("select id from person_fact where kind = 'bond'").fetchone()
    assert row is not None
    number = world.submitted(clerk, {"bond": row[0]}, kind="family_bond_end")
    assert world.state(number) == "executed"


def test_what_does_not_fit_a_form_is_refused(world: World) -> None:
    clerk = world.post("clerk", "handler")
    refused("value_invalid", world.draft, clerk, {"psn_no": 1})
    long = {"psn_no": "1", "name": "名" * 51}
    told = refused("value_invalid", world.draft, clerk, long, kind="personal_correction")
    assert told.field == "name" and "不超过 50 个字" in str(told) and "Expected" not in str(told)
    refused("command_kind_unknown", world.draft, clerk, kind="nothing")
    refused("agency_unknown", world.draft, clerk, agency="532399")
    refused("maker_missing", world.draft, world.post("reader", "reader"))
    refused("maker_missing", world.draft, world.post("far", "handler", "other"))
    refused("actor_refused", world.draft, Actor.institution("H1"))
    refused("staff_unknown", world.draft, Actor.staff("nobody", "handler", AREA))
    refused("person_unknown", world.draft, Actor.person("999"))
    for change, code in (
        ({"name": "别人"}, "bond_person_unknown"),
        ({"owner": "53230000000000000001", "owner_name": "测试1"}, "bond_with_oneself"),
        ({"relation": "cousin"}, "value_invalid"),
        ({"consented_on": str(world.desk().today + timedelta(days=1))}, "value_invalid"),
    ):
        number = world.draft(clerk, world.bond() | change)
        refused(code, life.preview, world.desk(), number)
    world.owner.execute("update person set name = '阿依•测试' where id = 1")
    for name in ("阿依·测试", "阿依 ・ 测试"):
        made = world.draft(clerk, world.bond() | {"name": name})
        assert life.preview(world.desk(), made).examined.about == (1, 2)
    assert "阿依•测试" in name_spellings("阿依·测试")
    world.owner.execute("update person set name = '测试1' where id = 1")
    number = world.draft(clerk, world.bond() | {"applicant": "delegate"})
    assert life.preview(world.desk(), number).examined.about == (1, 2)
    refused("value_invalid", world.draft, clerk, world.bond() | {"applicant": "institution"})


def test_relatives_that_the_area_does_not_name_are_refused() -> None:
    laws = Library().laws(AREA)
    found = refused("relation_refused", allowing_article, laws[0], "close_relative")
    assert "第二十条" in str(found) and "配偶" in str(found)
    assert allowing_article(laws[0], "child").endswith("第二十条")
    assert allowing_article(laws[-1], "close_relative").endswith("二（三）")
    asked = refused("applicant_refused", may_ask, laws[0], "family_bond", "institution")
    assert "账户所有人" in str(asked)


def _packed_pdf(objects: bytes) -> bytes:
    """A PDF whose objects are packed."""
    head = b"%PDF-1.5\n1 0 obj << /Type /ObjStm /Filter /FlateDecode >> stream\n"
    return head + zlib.compress(objects) + b"\nendstream endobj\n%%EOF\n"


def test_everything_missing_is_told_at_once_and_papers_are_looked_at(world: World) -> None:
    clerk = world.post("clerk", "handler")
    told = life.draft(
        world.desk(),
        clerk,
        life.Drafting(world.msg(), "family_bond", AREA, COUNTY, "person", "1", world.bond()),
    )
    number = told.command
    missing = refused("papers_missing", life.submit, world.desk(), clerk, world.acting(number))
    assert "户口簿（或结婚证、出生医学证明、书面承诺）" in str(missing)
    desk = world.desk()
    for content, code in (
        (b"", "evidence_size"),
        (b"%PDF-" + b" " * evidence.MOST_BYTES, "evidence_size"),
        (b"MZ\x90\x00 a program", "evidence_type"),
        (b"%PDF-1.4 cut short", "evidence_type"),
        (b"%PDF-1.4 /OpenAction << /JS (x) >> %%EOF", "evidence_unsafe"),
        (b"%PDF-1.4 << /S /J#61vaScript /JS (x) >> %%EOF", "evidence_unsafe"),
        (_packed_pdf(b"<< /S /JavaScript /JS (x) >>"), "evidence_unsafe"),
        (_packed_pdf(b"<< /S /GoTo >>").replace(b"x\x9c", b"xx"), "evidence_unsafe"),
        (b"\xff\xd8\xff\xe0 cut short", "evidence_type"),
    ):
        refused(code, life.add_paper, desk, clerk, number, PaperFile("结婚证", content))
    refused("evidence_unknown", life.add_paper, desk, clerk, number, PaperFile("照片", PDF))
    first = life.add_paper(desk, clerk, number, PaperFile("结婚证", PDF))
    assert life.add_paper(desk, clerk, number, PaperFile("结婚证", PDF)) == first
    jpeg = b"\xff\xd8\xff\xe0 \xff\xd9"
    # A scan that has these three signs by chance, a page that is packed, what phones add behind.
    scan = b"%PDF-1.4 stream\n\x01/JS\x02 endstream %%EOF"
    moving = jpeg + b"\0\0\0\x18ftypmp42" + b"x" * 2000
    for sound in (scan, _packed_pdf(b"<< /S /GoTo >>"), jpeg + b"\0" * 3000, moving):
        assert evidence.type_of(PaperFile("结婚证", sound))
    life.add_paper(desk, clerk, number, PaperFile("承诺书：户口簿", jpeg))
    kept = papers_of(world.owner, number)
    assert {name: len(ids) for name, ids in kept.items()} == {"结婚证": 1, "承诺书：户口簿": 1}
    assert evidence.open_paper(world.by, world.seal, kept["结婚证"][0]) == (
        "application/pdf",
        PaperFile("结婚证", PDF),
    )
    sealed = world.owner.execute("select sealed from evidence").fetchone()
    assert sealed is not None and b"PDF" not in sealed[0]
    life.submit(world.desk(), clerk, world.acting(number))
    refused(
        "command_state", life.add_paper, desk, clerk, number, PaperFile("结婚证", PDF + b"\n%%EOF")
    )


def test_a_command_is_returned_with_a_reason_and_submitted_again(world: World) -> None:
    clerk, reviewer = world.post("clerk", "handler"), world.post("reviewer", "first_reviewer")
    number = world.submitted(clerk)
    refused("reason_missing", life.give_back, world.desk(), reviewer, world.acting(number))
    back = world.acting(number, reason="关系证明不清")
    assert life.give_back(world.desk(), reviewer, back).state == "returned"
    refused("command_state", world.approve, reviewer, number)
    colleague = world.post("colleague", "handler")
    editing = Editing(world.msg(), number, 1, world.bond() | {"order": 2})
    life.edit(world.desk(), colleague, editing)
    refused("command_changed", life.submit, world.desk(), clerk, world.acting(number, version=1))
    told = life.submit(world.desk(), colleague, world.acting(number))
    assert (told.state, told.round) == ("submitted", 2)
    # Whoever returned it may review it again; whoever handed it in may not.
    assert world.approve(reviewer, number).state == "executed"


def test_what_was_seen_is_what_is_approved(world: World) -> None:
    clerk, reviewer = world.post("clerk", "handler"), world.post("reviewer", "first_reviewer")
    number = world.submitted(clerk)
    refused("preview_differs", world.approve, reviewer, number, seen="00")
    refused("command_changed", world.approve, reviewer, number, version=2)
    assert world.state(number) == "submitted"
    refused("command_unknown", life.approve, world.desk(), reviewer, Acting(world.msg(), 10**9))
    refused("command_unknown", life.preview, world.desk(), 10**9)


def test_a_ground_that_moved_makes_a_command_stale(world: World) -> None:
    clerk, reviewer = world.post("clerk", "handler"), world.post("reviewer", "first_reviewer")
    number = world.submitted(clerk)
    world.owner.execute(
        "insert into person_fact (person_id, area, kind, since) values (2, %s, 'account', %s)",
        [AREA, world.desk().today],
    )
    assert life.preview(world.desk(), number).stale
    assert world.approve(reviewer, number).state == "stale"
    assert world.owner.execute("select 1 from person_fact where kind = 'bond'").fetchone() is None
    again = life.submit(world.desk(), clerk, world.acting(number))
    assert (again.state, again.round) == ("submitted", 2)
    assert world.approve(reviewer, number).state == "executed"


def test_the_same_act_again_has_no_effect_and_the_first_answer(world: World) -> None:
    clerk, reviewer = world.post("clerk", "handler"), world.post("reviewer", "first_reviewer")
    number = world.submitted(clerk)
    act = world.acting(number)
    first = life.approve(world.desk(), reviewer, act)
    assert life.approve(world.desk(), reviewer, act) == first
    refused("command_state", life.approve, world.desk(), reviewer, world.acting(number))
    assert world.owner.execute("select count(*) from step where act = 'approve'").fetchone() == (1,)
    other = Acting(act.msg_id, number, 1, "ff")
    refused("message_differs", life.approve, world.desk(), reviewer, other)


def test_a_command_is_withdrawn_by_who_handed_it_in(world: World) -> None:
    clerk, reviewer = world.post("clerk", "handler"), world.post("reviewer", "first_reviewer")
    number = world.submitted(clerk)
    refused("reason_missing", life.withdraw, world.desk(), clerk, world.acting(number))
    gone = world.acting(number, reason="申请人撤回")
    refused("maker_missing", life.withdraw, world.desk(), reviewer, gone)
    assert life.withdraw(world.desk(), clerk, gone).state == "withdrawn"
    refused("command_state", world.approve, reviewer, number)
    refused("command_state", life.edit, world.desk(), clerk, Editing(world.msg(), number, 1, {}))


def test_several_are_approved_only_from_a_list_that_was_opened(world: World) -> None:
    clerk, reviewer = world.post("clerk", "handler"), world.post("reviewer", "first_reviewer")
    numbers = [world.submitted(clerk, world.bond(1, owner)) for owner in (2, 3, 4)]
    acts = [world.acting(number) for number in numbers]
    refused("list_not_opened", life.approve_listed, world.desk(), reviewer, numbers, acts)
    listed = [one.command for one in worklists.waiting_for(world.by, reviewer, world.now)]
    assert listed == numbers
    refused("list_not_opened", life.approve_listed, world.desk(), reviewer, listed[:2], acts)
    # Another list than the one that was opened, though all that is chosen stands in it.
    refused("list_not_opened", life.approve_listed, world.desk(), reviewer, [*listed, 99], acts)
    acts[1] = Acting(world.msg(), numbers[1], 1, "00")
    told = life.approve_listed(world.desk(), reviewer, listed, acts)
    codes = [one.code if isinstance(one, Refusal) else one.state for one in told]
    assert codes == ["executed", "preview_differs", "executed"]


def test_a_list_goes_on_where_the_page_before_ended(world: World) -> None:
    clerk, reviewer = world.post("clerk", "handler"), world.post("reviewer", "first_reviewer")
    numbers = [world.submitted(clerk, world.bond(1, owner)) for owner in (2, 3, 4)]
    first = worklists.waiting_for(world.by, reviewer, world.now, page=2)
    rest = worklists.waiting_for(world.by, reviewer, world.now, first[-1].key, page=2)
    assert [one.command for one in first + rest] == numbers
    world.now += timedelta(days=14)
    assert {one.age for one in worklists.waiting_for(world.by, reviewer, world.now)} == {10}


def test_an_adaptor_delivers_what_waits_for_it(world: World) -> None:
    clerk = world.post("clerk", "handler")
    number = world.draft(clerk)
    for person in (1, 2, 3):
        send(world.by, number, person, "sms", "测试短信")
    told: list[int] = []

    def adaptor(person: int, text: str) -> str | None:
        told.append(person)
        return None if person == 2 else f"ref{person}"

    assert deliver(world.by, {"sms": adaptor}, world.now) == 2
    assert deliver(world.by, {"sms": adaptor}, world.now) == 0
    assert told == [1, 2, 3, 2]
