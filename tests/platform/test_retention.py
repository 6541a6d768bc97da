"""What is kept no longer than it must: destruction, erasure and correction, each as a command."""

from collections.abc import Iterator
from datetime import date, timedelta

import psycopg
import pytest
from psycopg import errors
from tests import databases
from tests.platform.review_world import AREA, World

from gongji.agency.notices import notices_of
from gongji.platform import retention, trail_months
from gongji.platform.actors import Actor
from gongji.platform.retention import LOOK, MESSAGE, PAPER, Certificate
from gongji.refusals import Refusal
from gongji.review import desk as life
from gongji.review.desk import Became

CONSOLE = "-c role=gongji_console -c timezone=UTC"
JOBS = "-c role=gongji_jobs -c timezone=UTC"
PERSON = "53230000000000000001"


@pytest.fixture
def world(server: str) -> Iterator[World]:
    """The area with its staff."""
    with (
        databases.copy(server) as address,
        psycopg.connect(address, autocommit=True) as owner,
        psycopg.connect(address, options=CONSOLE, autocommit=True) as by,
    ):
        yield World(owner, by)


@pytest.fixture
def jobs(world: World) -> Iterator[psycopg.Connection]:
    """A connection in the role of the jobs."""
    with psycopg.connect(world.owner.info.dsn, options=JOBS, autocommit=True) as connection:
        yield connection


def handed_in(world: World, state: str = "withdrawn") -> int:
    """A command about the first person with its paper, withdrawn or left waiting."""
    clerk = world.post(f"clerk{next(world.numbers)}", "handler")
    number = world.submitted(clerk)
    if state == "withdrawn":
        life.withdraw(world.desk(), clerk, world.acting(number, reason="不办了"))
    return number


def over_on(world: World, number: int, day: date) -> None:
    """As if a command had been over on a day: it was handed in and ended then."""
    with world.owner.transaction():
        world.owner.execute("set local session_replication_role = replica")
        world.owner.execute("update command set submitted_at = %s where id = %s", [day, number])


def papers(world: World) -> int:
    row = world.owner.execute("select count(*) from evidence").fetchone()
    assert row
    return int(row[0])


def carried_out(world: World, content: dict[str, object], kind: str, subject: str) -> Became:
    """A command handed in and approved by two others."""
    clerk = world.post(f"maker{next(world.numbers)}", "handler")
    by = [world.post(f"{post}{next(world.numbers)}", post, "city") for post in REVIEWERS]
    made = {"subject_kind": "area", "subject": AREA} if subject == AREA else {}
    number = world.submitted(clerk, content, kind=kind, **made)
    done = Became(number, "submitted")
    for reviewer in by[: 1 if kind == "personal_correction" else 2]:
        done = world.approve(reviewer, number)
    return done


REVIEWERS = ("first_reviewer", "second_reviewer")


def test_a_paper_is_destroyed_when_its_years_are_over_and_not_a_day_before(
    world: World, jobs: psycopg.Connection
) -> None:
    today = world.desk().today
    number = handed_in(world)
    waiting = handed_in(world, "submitted")
    row = world.owner.execute("select retention from evidence where command = %s", [number])
    years = int(str((row.fetchone() or ("",))[0]).removesuffix("年"))
    # Its years count from the first of January after it was over.
    over_on(world, number, date(today.year - years - 1, 1, 1))
    over_on(world, waiting, date(today.year - years - 1, 1, 1))
    last = date(today.year, 1, 1) - timedelta(days=1)
    assert retention.propose(jobs, AREA, PAPER, last) is None
    proposed = retention.propose(jobs, AREA, PAPER, last + timedelta(days=1))
    assert proposed and retention.propose(jobs, AREA, PAPER, today) is None, "the same list"
    assert [one.id for one in retention.waiting_proposals(world.by, [AREA])] == [proposed]
    assert papers(world) == 2
    done = carried_out(world, {"proposal": proposed}, "destroy_records", AREA)
    assert done.state == "executed" and "销毁凭证" in done.result
    assert papers(world) == 1, "what goes on stays"
    said = world.owner.execute(
        "select d.class, d.records, d.command, p.command, p.paper from destruction d"
        " join destroyed_paper p on p.destruction = d.id"
    ).fetchall()
    assert said == [(PAPER, 1, done.command, number, "结婚证")]
    assert retention.waiting_proposals(world.by, [AREA]) == []
    with pytest.raises(Refusal) as refused:
        carried_out(world, {"proposal": proposed}, "destroy_records", AREA)
    assert refused.value.code == "destruction_changed"
    with pytest.raises(Refusal) as refused:
        carried_out(world, {"proposal": proposed + 1}, "destroy_records", AREA)
    assert refused.value.code == "destruction_unknown"


def test_nothing_is_destroyed_by_who_was_not_approved_or_before_its_time(world: World) -> None:
    number = handed_in(world, "submitted")
    with pytest.raises(errors.InsufficientPrivilege):
        world.by.execute("delete from evidence")
    (mine,) = [
        row[0]
        for row in world.owner.execute("select id from evidence where command = %s", [number])
    ]
    said = Certificate(PAPER, number, None, "无")
    with pytest.raises(errors.CheckViolation) as refused, world.by.transaction():
        retention.destroy(world.by, said, [str(mine)])
    assert refused.value.diag.constraint_name == "destruction_whole"
    with pytest.raises(errors.CheckViolation) as refused, world.owner.transaction():
        world.owner.execute("set local session_replication_role = replica")
        world.owner.execute(
            "update command set kind = 'destroy_records', state = 'approved' where id = %s",
            [number],
        )
        retention.destroy(world.owner, said, [str(mine)])
    assert refused.value.diag.constraint_name == "destruction_due"
    assert papers(world) == 1


def test_what_was_certified_and_corrected_stands(world: World) -> None:
    handed_in(world)
    done = carried_out(world, {"psn_no": PERSON}, "personal_erasure", "1")
    carried_out(world, {"psn_no": PERSON, "name": "测试壹"}, "personal_correction", "1")
    world.owner.execute(
        "insert into destruction_proposal (area, class, before, records, list_hash)"
        " values ('532300', 'paper', '2025-01-01', 1, sha256(''))"
    )
    for table in ("destruction", "destroyed_paper", "destruction_proposal", "person_correction"):
        column = "was = '{}'" if table == "person_correction" else "made_at = now()"
        column = "paper = ''" if table == "destroyed_paper" else column
        for act in (
            f"update {table} set {column}",
            f"delete from {table}",
            f"truncate {table} cascade",
        ):
            with pytest.raises(errors.RestrictViolation):
                world.owner.execute(act)
    with pytest.raises(errors.UniqueViolation):
        retention.certify(world.owner, Certificate(PAPER, done.command, None, "再"), 1)
    for wrong in ("records = 0", "list_hash = ''", "class = 'message'"):
        name = wrong.split(" = ")[0]
        columns = {"area": "'1'", "class": "'paper'", "before": "'2025-01-01'", "records": "1"}
        columns |= {"list_hash": "sha256('x')", name: wrong.split(" = ")[1]}
        with pytest.raises(errors.CheckViolation):
            world.owner.execute(
                f"insert into destruction_proposal ({', '.join(columns)})"
                f" values ({', '.join(columns.values())})"
            )
    waiting = world.draft(world.post("last", "handler"))
    correct = "select correct_particulars(%s, 1, 'x', '1', '01', '{\"name\": 1}', now())"
    with pytest.raises(errors.CheckViolation) as refused:
        world.by.execute(correct, [waiting])
    assert refused.value.diag.constraint_name == "correction_approved"


def test_a_month_of_the_trail_goes_after_three_years(
    world: World, jobs: psycopg.Connection
) -> None:
    today = world.desk().today
    old = today.replace(year=today.year - 3, day=1) - timedelta(days=40)
    young = today.replace(year=today.year - 3, day=1)
    for month in (old, young):
        trail_months.make_ahead(world.owner, month)
    oldest = f"access_log_{old:%Y%m}"
    assert retention.due(jobs, AREA, LOOK, today)[0] == oldest
    assert f"access_log_{young:%Y%m}" not in retention.due(jobs, AREA, LOOK, today)
    proposed = retention.propose(jobs, AREA, LOOK, today)
    carried_out(world, {"proposal": proposed}, "destroy_records", AREA)
    assert world.owner.execute("select to_regclass(%s)", [oldest]).fetchone() == (None,)
    assert retention.due(jobs, AREA, LOOK, today) == []
    number = handed_in(world, "submitted")
    with pytest.raises(errors.CheckViolation) as refused, world.owner.transaction():
        world.owner.execute("set local session_replication_role = replica")
        world.owner.execute(
            "update command set kind = 'destroy_records', state = 'approved' where id = %s",
            [number],
        )
        said = Certificate(LOOK, number, None, "无")
        retention.destroy(world.owner, said, [f"access_log_{young:%Y%m}"])
    assert refused.value.diag.constraint_name == "destruction_due"


def test_messages_go_by_the_setting_with_a_certificate(jobs: psycopg.Connection) -> None:
    retention.certify(jobs, Certificate(MESSAGE, None, None, "inbox_bytes_202401"), 1)
    with pytest.raises(errors.CheckViolation):
        retention.certify(jobs, Certificate(PAPER, None, None, "无"), 1)


def test_a_person_has_erased_what_need_not_be_kept_and_is_told_the_rest(world: World) -> None:
    with pytest.raises(Refusal) as refused:
        carried_out(world, {"psn_no": PERSON}, "personal_erasure", "1")
    assert refused.value.code == "nothing_erasable"
    handed_in(world)
    kept = handed_in(world, "submitted")
    done = carried_out(world, {"psn_no": PERSON}, "personal_erasure", "1")
    assert done.state == "executed" and papers(world) == 1
    row = world.owner.execute("select command from evidence").fetchone()
    assert row == (kept,), "what is decided on stays"
    text = notices_of(world.owner, 1)[0].text
    assert "1 件" in text and "第四十七条" in text and "法定保管期限" in text
    with pytest.raises(Refusal) as refused:
        other = {"psn_no": "53230000000000000002"}
        carried_out(world, other, "personal_erasure", "1")
    assert refused.value.code == "value_invalid", "about the subject only"


def test_a_person_is_corrected_by_who_approves_and_what_stood_is_known(world: World) -> None:
    right = {"psn_no": PERSON, "name": "测试壹", "sex": "2"}
    done = carried_out(world, right, "personal_correction", "1")
    assert done.state == "executed" and done.result == "已更正姓名、性别"
    found = world.owner.execute("select name, sex, ethnicity from person where id = 1").fetchone()
    assert found == ("测试壹", "2", "01")
    was = world.owner.execute("select person, command, was from person_correction").fetchall()
    assert was == [(1, done.command, {"name": "测试1", "sex": "9"})]
    assert "第四十六条" in notices_of(world.owner, 1)[0].text
    with pytest.raises(Refusal) as refused:
        carried_out(world, right, "personal_correction", "1")
    assert refused.value.code == "nothing_corrected"
    with pytest.raises(errors.InsufficientPrivilege):
        world.by.execute("update person set psn_no = 'x'")
    for wrong in ({"ethnicity": "汉"}, {"name": "名" * 51}, {"sex": "3"}):
        with pytest.raises(Refusal) as refused:
            carried_out(world, {"psn_no": PERSON} | wrong, "personal_correction", "1")
        assert refused.value.code == "value_invalid"
    with pytest.raises(Refusal) as refused:
        insured = Actor.person(PERSON, AREA)
        world.draft(insured, right, kind="personal_correction")
    assert refused.value.code == "actor_refused"
