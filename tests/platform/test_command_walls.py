"""What the database refuses of commands, posts, payments and findings, whoever asks."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from tests import databases

Connection = psycopg.Connection[Any]
TODAY = "(now() at time zone 'Asia/Shanghai')::date"

WORLD = f"""
insert into person (id, psn_no, area, name, certificate, certificate_hash) values
  (1, '43050000000000000001', '430500', '测试甲', '', 'a'),
  (2, '43050000000000000002', '430500', '测试乙', '', 'b');
insert into institution (code, area, name, kind) values ('H1', '430500', '测试医院', 'hospital');
insert into staff (subject, name, person) values
  ('jia', '经办员甲', null), ('yi', '初审员乙', null), ('bing', '复审员丙', 2),
  ('ding', '出纳丁', null);
insert into post_holding (staff, post, during)
  select staff, post, daterange({TODAY} - 30, null) from (values (1, 'handler'),
    (2, 'first_reviewer'), (3, 'second_reviewer'), (4, 'cashier')) as held(staff, post);
insert into post_area (holding, area) values
  (1, '430500'), (2, '430500'), (3, '430500'), (4, '532300');
insert into command (id, area, kind, actor_kind, actor, holding, subject_kind, subject, content,
  version, chain) overriding system value values
  (1, '430500', 'family_bond', 'staff', '1', 1, 'person', '1', '{{}}', 1,
   '[{{"post": "first_reviewer"}}, {{"post": "second_reviewer"}}]'),
  (2, '430500', 'family_bond', 'person', '2', null, 'person', '2', '{{}}', 1,
   '[{{"post": "first_reviewer"}}, {{"post": "second_reviewer"}}]');
insert into entry (id, area, kind, service_date, accounting_date, actor_kind, actor) values
  (1, '430500', 'opening', '2024-03-05', '2024-03-05', 'operator', 't');
insert into rule_version (rule, since, state, hash, content) values
  ('repeat', '2024-01-01', 'live', 'h', '{{}}');
insert into finding (area, fingerprint, rule_version, stake_fen, main, snapshot) values
  ('430500', 'f1', 1, 100, true, 's');
insert into lead (area, subject_kind, subject) values ('430500', 'institution', 'H1');
insert into payment_run (area, month, clr_type, method, number) values
  ('430500', '2024-03-01', '11', 'item', 1);
insert into payment_line (run, institution, fund, gross, deducted, kept, advance, payable) values
  (1, 'H1', 'pool', 1000, 100, 50, 0, 850);
insert into bank_account (area, fund, kind) values ('430500', 'pool', 'spending');
insert into bank_line (account, ref, day, fen, balance) values (1, 'r1', '2024-03-05', -850, 5);
"""
PLACES = "insert into command_person (command, staff, position) values "
STEPS = (
    """insert into step (command, number, round, position, staff, holding, act, reason) values """
)


@pytest.fixture(scope="module")
def world(server: str) -> Iterator[Connection]:
    """The owner's connection; each test undoes what it did."""
    with (
        databases.copy(server) as address,
        psycopg.connect(address, autocommit=True) as connection,
    ):
        # The laws of the first start left their commands; here there are only those of the test.
        connection.execute("set session_replication_role = replica")
        connection.execute("delete from law_version; delete from command")
        connection.execute("set session_replication_role = origin")
        connection.execute(WORLD)
        yield connection


def refused(world: Connection, *statements: str) -> str:
    """The wall that the last of some statements runs into; the others pass."""
    with world.transaction(force_rollback=True):
        for statement in statements[:-1]:
            world.execute(statement)
        with pytest.raises(psycopg.Error) as found, world.transaction():
            world.execute(statements[-1])
    diag = found.value.diag
    return diag.constraint_name or str(diag.message_primary)


def accepted(world: Connection, *statements: str) -> None:
    """All of some statements pass."""
    with world.transaction(force_rollback=True):
        for statement in statements:
            world.execute(statement)


HOLD = "insert into post_holding (staff, post, during) values "


@pytest.mark.parametrize(
    ("staff", "post"),
    [
        (1, "second_reviewer"),
        (1, "inspector"),
        (2, "second_reviewer"),
        (4, "accountant"),
        (1, "cashier"),
        (4, "finance"),
        (3, "technician"),
        (2, "supervisor"),
    ],
)
def test_incompatible_posts_are_not_in_one_hand_on_a_day(
    world: Connection, staff: int, post: str
) -> None:
    overlap = f"{HOLD} ({staff}, '{post}', daterange({TODAY} - 40, {TODAY} - 29))"
    if (staff, post) == (4, "finance"):
        # Accountant, cashier and finance are one side; what they may not be is the other side.
        accepted(world, overlap)
        return
    assert refused(world, overlap) == "post_conflict_apart"
    # The day before the first day of the other post is another day.
    accepted(world, f"{HOLD} ({staff}, '{post}', daterange({TODAY} - 40, {TODAY} - 30))")


def test_the_three_offices_watch_each_other(world: Connection) -> None:
    offices = ("administrator", "security_officer", "audit_officer")
    for mine in offices:
        first = f"{HOLD} (4, '{mine}', daterange({TODAY}, null))"
        for other in offices:
            second = f"{HOLD} (4, '{other}', daterange({TODAY}, null))"
            if mine != other:
                assert refused(world, first, second) == "post_conflict_apart"


def test_a_retired_post_stands_in_nobodys_way(world: Connection) -> None:
    accepted(
        world,
        "update post_holding set retired_at = now() where id = 1",
        f"{HOLD} (1, 'inspector', daterange({TODAY} - 30, null))",
    )


@pytest.mark.parametrize(
    "statement",
    [
        "update post_holding set post = 'inspector' where id = 1",
        "update post_holding set during = daterange('2020-01-01', null) where id = 1",
        "delete from post_holding where id = 4",
        "truncate post_holding cascade",
        "update post_area set area = '532300'",
        "update law_version set text = '{}'",
        "delete from access_log",
        "update access_log set what = ''",
        "update bank_line set fen = 1",
        "update finding set stake_fen = 1",
        "delete from rule_version",
    ],
)
def test_what_was_written_down_stays(world: Connection, statement: str) -> None:
    with pytest.raises(psycopg.errors.RestrictViolation), world.transaction():
        world.execute(statement)


def test_a_person_has_one_place_in_a_command(world: Connection) -> None:
    assert refused(world, PLACES + "(1, 1, 0)", PLACES + "(1, 1, 1)") == "command_person_pkey"
    assert refused(world, PLACES + "(1, 1, 0)", PLACES + "(1, 1, 0)") == "command_person_pkey"


def test_nobody_decides_about_themselves(world: Connection) -> None:
    # Staff member 3 is the insured person 2, whom command 2 is about and who asked for it.
    assert refused(world, PLACES + "(2, 3, 2)") == "command_person_other"
    accepted(world, PLACES + "(1, 3, 2)", PLACES + "(2, 2, 1)")


SUBMITTED = (
    PLACES + "(1, 1, 0), (1, 2, 1), (1, 3, 2)",
    STEPS + "(1, 1, 1, 0, 1, 1, 'submit', '')",
    "update command set state = 'submitted' where id = 1",
)


def test_a_step_is_taken_by_who_has_the_post_there(world: Connection) -> None:
    step = STEPS + "(1, 2, 1, 1, 2, 2, 'approve', '')"
    accepted(world, *SUBMITTED, step)
    # By another's post, by a post of another area, at a position that asks for another post.
    assert refused(world, *SUBMITTED, STEPS + "(1, 2, 1, 1, 2, 3, 'approve', '')") == "step_held"
    other = (PLACES + "(1, 4, 3)", STEPS + "(1, 2, 1, 3, 4, 4, 'approve', '')")
    assert refused(world, *SUBMITTED, *other) == "step_held"
    wrong = (PLACES + "(2, 2, 2)", STEPS + "(2, 1, 1, 2, 2, 2, 'approve', '')")
    assert refused(world, *wrong) == "step_held"
    # By somebody whose post ended, who left, or in a round that is over.
    ended = "update post_holding set retired_at = now() where id = 2"
    assert refused(world, *SUBMITTED, ended, step) == "step_held"
    left = "update staff set disabled_at = now() where id = 2"
    assert refused(world, *SUBMITTED, left, step) == "step_held"
    assert refused(world, *SUBMITTED, step.replace("(1, 2, 1, 1,", "(1, 2, 2, 1,")) == "step_held"


def test_two_steps_of_one_person_are_refused(world: Connection) -> None:
    # The places of a command are by person: who stands at 1 cannot act at 2.
    wall = refused(world, *SUBMITTED, STEPS + "(1, 2, 1, 2, 2, 2, 'approve', '')")
    assert wall.startswith("step_command_staff_position")


def test_a_position_is_approved_once_a_round(world: Connection) -> None:
    first = STEPS + "(1, 2, 1, 1, 2, 2, 'approve', '')"
    again = STEPS + "(1, 3, 1, 1, 2, 2, 'approve', '')"
    assert refused(world, *SUBMITTED, first, again) == "step_approved_once"
    # What is returned says why; the next round begins anew.
    back = STEPS + "(1, 2, 1, 1, 2, 2, 'return', '')"
    assert refused(world, *SUBMITTED, back) == "step_reason"
    accepted(
        world,
        *SUBMITTED,
        first,
        STEPS + "(1, 3, 1, 2, 3, 3, 'return', '缺少户口簿')",
        "update command set state = 'returned' where id = 1",
        "update command set state = 'submitted', round = 2, position = 0 where id = 1",
        STEPS + "(1, 4, 2, 1, 2, 2, 'approve', '')",
    )


@pytest.mark.parametrize(
    "change",
    [
        """content = '{"a": 1}'""",
        "version = 2",
        "amount_fen = 5",
        "chain = '[]'",
        "ground_hash = 'x'",
        "kind = 'payout'",
        "area = '532300'",
        "subject = '2'",
        "actor = '2'",
        "round = 0",
        "state = 'draft'",
    ],
)
def test_what_was_submitted_is_not_altered(world: Connection, change: str) -> None:
    refused(world, *SUBMITTED, f"update command set {change} where id = 1")


def test_what_is_done_is_done(world: Connection) -> None:
    done = (
        *SUBMITTED,
        STEPS + "(1, 2, 1, 1, 2, 2, 'approve', ''), (1, 3, 1, 2, 3, 3, 'approve', '')",
        "update command set state = 'executed', executed_at = now() where id = 1",
    )
    for change in ("state = 'submitted'", "position = 9", "due_on = '2024-01-01'"):
        refused(world, *done, f"update command set {change} where id = 1")
    assert (
        refused(world, *SUBMITTED, "update command set state = 'executed' where id = 1")
        == "command_executed"
    )
    assert "删除" in refused(world, "delete from command where id = 1")
    insert = (
        "insert into command (area, kind, actor_kind, actor, content, version, state)"
        " values ('430500', 'x', 'job', 'j', '{}', 1, 'approved')"
    )
    assert refused(world, insert) == "command_begins"


def test_the_lines_of_a_run_are_frozen_and_done_once(world: Connection) -> None:
    lines = "insert into command_line (command, line, person, fen) values (1, 1, 1, 500)"
    done = "update command_line set state = 'done', entry = 1 where command = 1 and line = 1"
    accepted(world, lines, *SUBMITTED, done)
    refused(world, *SUBMITTED, lines)
    refused(world, lines, "update command_line set fen = 501")
    refused(world, lines, "delete from command_line")
    refused(world, lines, done, "update command_line set state = 'waiting', entry = null")
    more = lines.replace("(1, 1, 1", "(1, 2, 1")
    twice = done.replace("line = 1", "line = 2")
    assert refused(world, lines, more, done, twice) == "command_line_entry_key"


def test_an_entry_is_paid_once_ever(world: Connection) -> None:
    item = (
        "insert into payment_item (entry, fund, run, institution, fen)"
        " values (1, 'pool', 1, 'H1', 5)"
    )
    second = (
        "insert into payment_run (area, month, clr_type, method, number)"
        " values ('430500', '2024-04-01', '11', 'item', 1)"
    )
    assert refused(world, item, second, item.replace("'pool', 1", "'pool', 2")) == (
        "payment_item_pkey"
    )
    refused(world, item, "delete from payment_item")
    refused(world, "update payment_run set state = 'approved' where id = 1", item)


def test_a_payment_adds_up(world: Connection) -> None:
    for change in ("payable = 851", "kept = 60", "gross = 999", "advance = 1", "carry = 1"):
        assert refused(world, f"update payment_line set {change}") == "payment_line_adds_up"
    accepted(world, "update payment_line set rounding = 1, payable = 851")
    approved = "update payment_run set state = 'approved' where id = 1"
    refused(world, approved, "update payment_line set rounding = 1, payable = 851")


def test_money_is_under_way_once(world: Connection) -> None:
    order = (
        "insert into transfer (run, institution, fund, attempt, fen, payee, key_id, state)"
        " values (1, 'H1', 'pool', {}, 850, '', 'k', '{}')"
    )
    first = order.format(1, "sent")
    assert refused(world, first, order.format(1, "made")).startswith("transfer_run")
    assert refused(world, first, order.format(2, "sent")) == "transfer_under_way"
    accepted(world, order.format(1, "returned"), order.format(2, "sent"))


def test_a_case_is_heard_before_it_is_decided(world: Connection) -> None:
    case = "insert into case_file (lead, heard_on, decided_on) values (1, {}, {})"
    assert refused(world, case.format("null", "'2024-03-01'")) == "case_heard_first"
    assert refused(world, case.format("'2024-03-02'", "'2024-03-01'")) == "case_heard_first"
    accepted(world, case.format("'2024-03-01'", "'2024-03-01'"), case.format("null", "null"))


def test_a_finding_is_found_once_and_in_one_lead(world: Connection) -> None:
    again = (
        "insert into finding (area, fingerprint, rule_version, stake_fen, main, snapshot)"
        " values ('430500', 'f1', 1, 1, false, 's')"
    )
    assert refused(world, again) == "finding_fingerprint_key"
    lead = "insert into lead_finding (finding, lead) values (1, 1)"
    assert refused(world, lead, lead) == "lead_finding_pkey"


def test_no_step_is_skipped(world: Connection) -> None:
    second = STEPS + "(1, 2, 1, 2, 3, 3, '{}', '试')"
    for act in ("approve", "return"):
        assert refused(world, *SUBMITTED, second.format(act)) == "step_in_order"
    first = STEPS + "(1, 2, 1, 1, 2, 2, 'approve', '')"
    accepted(
        world, *SUBMITTED, first, second.format("approve").replace("(1, 2, 1, 2", "(1, 3, 1, 2")
    )
    # Nor is one taken of what was not submitted.
    assert refused(world, *SUBMITTED[:2], first) == "step_in_order"


def test_nothing_is_carried_out_before_its_chain_was_approved(world: Connection) -> None:
    first = STEPS + "(1, 2, 1, 1, 2, 2, 'approve', '')"
    for early in ((), (first,)):
        for state in ("state = 'approved'", "state = 'executed', executed_at = now()"):
            change = f"update command set {state} where id = 1"
            assert refused(world, *SUBMITTED, *early, change) == "command_whole"
    last = STEPS + "(1, 3, 1, 2, 3, 3, 'approve', '')"
    accepted(world, *SUBMITTED, first, last, "update command set state = 'approved' where id = 1")


def test_a_step_is_taken_at_the_agency_of_its_chain(world: Connection) -> None:
    agencies = (
        "insert into agency (code, area, level, name)"
        " values ('430500', '430500', 'prefecture', 'x')",
        "insert into agency (code, area, parent, level, name)"
        " values ('430502', '430500', '430500', 'county', 'y')",
        "insert into staff (id, subject, name) overriding system value values (5, 'wu', '戊')",
        f"{HOLD} (5, 'first_reviewer', daterange({TODAY} - 30, null))",
    )
    chain = """update command set chain = '[{"post": "first_reviewer", "agency": "430502"}]'
        where id = 1"""
    place = (
        "insert into post_area (holding, area, agency)"
        " select max(id), '430500', '%s' from post_holding"
    )
    step = (
        PLACES + "(1, 5, 1)",
        "insert into step (command, number, round, position, staff, holding, act, reason)"
        " select 1, 2, 1, 1, 5, max(id), 'approve', '' from post_holding",
    )
    before = (*agencies[:3], chain, *SUBMITTED, agencies[3])
    assert refused(world, *before, place % "430500", *step) == "step_held"
    accepted(world, *before, place % "430502", *step)
    accepted(world, *before, place % "", *step)


def test_whoever_is_concerned_takes_no_step(world: Connection) -> None:
    concerned = "insert into command_about (command, person) values (1, 2)"
    assert refused(world, concerned, PLACES + "(1, 3, 2)") == "command_person_other"
    assert "只增不改" in refused(world, concerned, "delete from command_about")


def test_papers_are_handed_in_until_it_is_submitted(world: Connection) -> None:
    paper = (
        "insert into evidence (command, paper, sha256, type, bytes, key_id, sealed, retention)"
        " values (1, '票据', sha256('x'), 'application/pdf', 1, '1', 'x', '10年')"
    )
    accepted(world, paper)
    assert refused(world, *SUBMITTED, paper) == "evidence_open"
    assert "只增不改" in refused(world, paper, "update evidence set paper = 'x'")


def test_a_notice_says_what_it_said(world: Connection) -> None:
    notice = "insert into notice (command, person, way, text) values (1, 1, '{}', '{}')"
    assert refused(world, notice.format("fax", "x")) == "notice_way_check"
    assert refused(world, notice.format("sms", "")) == "notice_text_check"
    told = notice.format("sms", "x")
    assert refused(world, told, told) == "notice_command_person_way_key"
    delivered = "update notice set delivered_at = now(), ref = 'r'"
    accepted(world, told, delivered)
    for change in (delivered, "update notice set text = 'y'", "delete from notice"):
        assert "只能新增" in refused(world, told, delivered, change)
    assert "只增不改" in refused(world, "truncate notice")


def test_a_link_is_known_by_its_hash(world: Connection) -> None:
    link = (
        "insert into invitation (token_hash, staff, actor_kind, actor, expires_at)"
        " values ({}, 1, 'operator', 't', now() + interval '{}')"
    )
    assert refused(world, link.format("'x'", "1 day")) == "invitation_token_hash_check"
    assert refused(world, link.format("sha256('x')", "-1 day")) == "invitation_lasts"
    late = "update invitation set used_at = expires_at + interval '1 second'"
    assert refused(world, link.format("sha256('x')", "1 day"), late) == "invitation_in_time"
    assert "只增不改" in refused(world, "truncate invitation")


def test_a_year_of_working_days_is_entered_once(world: Connection) -> None:
    year = "insert into calendar_year (year, source) values ({}, '{}')"
    assert refused(world, year.format(1999, "x")) == "calendar_year_year_check"
    assert refused(world, year.format(2026, "")) == "calendar_year_source_check"
    assert refused(world, year.format(2026, "x"), year.format(2026, "y")) == "calendar_year_pkey"
    assert "只增不改" in refused(world, "truncate calendar_year cascade")


def test_days_worked_are_not_below_zero(world: Connection) -> None:
    change = "update command set worked_days = -1 where id = 1"
    assert refused(world, change) == "command_worked_days_check"
