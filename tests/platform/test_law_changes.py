"""A change of the law: checked, tried on last month, reviewed, taken without a restart."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import psycopg
import pytest
from tests import databases
from tests.platform.counter import PARAMETERS, Counter
from tests.platform.review_world import AREA, COUNTY, World

from gongji.agency import law_changes
from gongji.agency.law_changes import KIND, LawChange, last_month, proposed, read_document
from gongji.law.engine.areas import Areas
from gongji.law.rulebook.rulebook import SHIPPED
from gongji.platform.actors import Actor
from gongji.platform.laws import (
    Publication,
    current,
    history,
    publish_law,
    read_laws,
)
from gongji.refusals import Refusal, RulebookError
from gongji.review import desk as life
from gongji.review import staff_jobs
from gongji.review.desk import Drafting
from gongji.settlement import law_trial
from gongji.settlement.law_trial import LawTrial
from gongji.settlement.readjudicate import changes_of
from gongji.settlement.settle import settle
from gongji.units import day_in_china, day_of

CONSOLE = "-c role=gongji_console -c timezone=UTC"
GATEWAY = "-c role=gongji_gateway -c timezone=UTC"
PROVINCE = "530000/530000/2024-11-01.yaml"
BOND = f"""文件:
  名称: 测试州家庭共济经办规程
  文号: 测〔2026〕1号
  统筹区: "{AREA}"
  地名: 云南省楚雄彝族自治州
  施行: 2026-01-01
  来源: 非官方
  出处: 测试
事项:
  家庭共济:
    代号: family_bond
    依据: 第一条
    申请人: [本人]
    渠道: [窗口]
    材料: [{{名称: 户口簿, 依据: 第一条, 或: [结婚证]}}]
    审核: [{{岗位: 初审, 机构: 受理机构}}, {{岗位: 复审, 机构: 市级}}]
    保管: 100年
    存疑: [审核层级]
存疑:
  审核层级:
    问题: 由谁审核
    采用: 初审、复审
    另解: 只初审
    理由: 测试
    依据: 第一条
条文:
  第一条:
    处置: 流程
    说明: 家庭共济由受理机构初审、市级复审
    键: 事项.家庭共济
    模块: agency
"""


class Office(World):
    """The world with whoever changes the law, and settlements of last month."""

    def __init__(self, owner: Any, by: Any, gateway: Any) -> None:
        super().__init__(owner, by)
        self.gateway = gateway
        law = {one.area: one for one in read_laws(Areas())}[AREA]
        given = msgspec.structs.replace(law, parameters=PARAMETERS[AREA])
        publish_law(owner, Publication((given,)), actor=Actor.operator("t"), now=self.now)
        self.maker = self.post("maker", "business", "city")
        self.second = self.post("second", "second_reviewer", "city")
        self.inspector = self.post("inspector", "inspector", "city")
        self.clerk = self.post("clerk", "handler")
        self.first = self.post("first", "first_reviewer")
        self.month = last_month(self.desk().today)
        self.counter = Counter(owner, AREA)
        owner.execute("select setval(pg_get_serial_sequence('person', 'id'), 100)")

    def settled(self, person: int, fen: int, day: str = "") -> None:
        """A visit at a hospital of level two, last month unless a day is given."""
        if not day:
            self.counter.person(person)
        code = f"H{AREA}00001"
        day = day or str(self.month[0] + timedelta(days=person % 20))
        bill = self.counter.bill(self.counter.psn_no(person), code, day, fen)
        (outcome,) = settle(self.gateway, [bill], self.law, datetime.now(UTC))
        assert outcome.entry is not None, outcome

    def drafted(self, change: LawChange) -> int:
        """A draft of a change."""
        content = msgspec.to_builtins(change)
        asked = Drafting(self.msg(), KIND, AREA, "", "area", AREA, content)
        return life.draft(self.desk(), self.maker, asked).command

    def tried(self, change: LawChange) -> LawTrial:
        """The trial of a change, carried out as the jobs do."""
        law = proposed(self.by, AREA, change)
        job = law_changes.ask_trial(self.by, law, 1, self.now)
        # A change that was tried already is not tried again.
        assert job.ended_at or staff_jobs.carry_out(self.by, self.seal, job.id, self.now)
        told = law_changes.trial_of(staff_jobs.get(self.by, job.id))
        assert told is not None, staff_jobs.get(self.by, job.id).problem
        return told

    def carried(self, number: int) -> None:
        """A change submitted and approved by the two steps of its chain."""
        life.submit(self.desk(), self.maker, self.acting(number))
        assert self.approve(self.second, number).state == "submitted"
        assert self.approve(self.inspector, number).state == "executed"


@pytest.fixture(scope="module")
def office(server: str) -> Iterator[Office]:
    with (
        databases.copy(server) as address,
        psycopg.connect(address, autocommit=True) as owner,
        psycopg.connect(address, options=CONSOLE, autocommit=True) as by,
        psycopg.connect(address, options=GATEWAY, autocommit=True) as gateway,
    ):
        made = Office(owner, by, gateway)
        made.counter.institution(1, "2")
        for person, fen in ((11, 100_000), (12, 50_000), (13, 4_000)):
            made.settled(person, fen)
        yield made


def refused(code: str, act: Any, *given: Any) -> Refusal:
    with pytest.raises(Refusal) as found:
        act(*given)
    assert found.value.code == code, found.value
    return found.value


def other_rate() -> LawChange:
    """The province's document with 65 % at level two instead of 55 %."""
    text = (SHIPPED / PROVINCE).read_text(encoding="utf-8").partition("\n示例:")[0]
    changed = text.replace("二级: 55%, 三级: 50%", "二级: 65%, 三级: 50%")
    assert changed != text
    return LawChange({PROVINCE: changed})


def test_what_is_wrong_is_told_at_once_with_file_and_line(office: Office) -> None:
    wrong = BOND.replace("岗位: 初审", "岗位: 科员").replace("渠道: [窗口]", "渠道: [邮寄]")
    path, text = read_document(AREA, "规程.yaml", wrong.encode())
    law = proposed(office.by, AREA, LawChange({path: text}))
    lines = {one.line for one in law_changes.problems(office.by, law)}
    assert {text[: text.index(word)].count("\n") + 1 for word in ("科员", "邮寄")} <= lines
    figures = LawChange(figures={"inpatient_rate": "八成", "no_such": "1", "subsidy_rate": "70%"})
    found = law_changes.problems(office.by, proposed(office.by, AREA, figures))
    assert [one.key for one in found] == ["inpatient_rate", "no_such"]
    refusal = refused("law_change_wrong", life.preview, office.desk(), office.drafted(figures))
    assert refusal.values["count"] == "2"


def test_a_document_says_where_it_belongs(office: Office) -> None:
    assert read_document(AREA, "a.yaml", BOND.encode())[0] == f"530000/{AREA}/2026-01-01.yaml"
    refused("law_document_wrong", read_document, "430500", "a.yaml", BOND.encode())
    refused("law_document_wrong", read_document, AREA, "a.yaml", "第一条".encode("gbk"))
    for deep in (b"[" * 200_000, b"- " * 200_000, "法: ".encode() + b"[" * 51 + b"]" * 51):
        refused("law_document_wrong", read_document, AREA, "a.yaml", deep)
    large = BOND.encode() + b"#" * law_changes.LONGEST
    refused("law_document_wrong", read_document, AREA, "a.yaml", large)
    with pytest.raises(RulebookError):
        read_document(AREA, "a.yaml", b"- 1")
    refused("law_unchanged", proposed, office.by, AREA, LawChange())


def test_a_trial_tells_what_last_month_would_have_come_to(office: Office) -> None:
    entries = office.owner.execute("select count(*) from entry").fetchone()
    told = office.tried(other_rate())
    assert (told.since, told.until) == office.month
    # 1,000.00 and 500.00 of a person each, less the deductible; 40.00 stay below it.
    assert (told.settlements, told.persons, told.untold) == (3, 3, 0)
    shares = [example.more_fen for example in told.examples]
    paid = office.owner.execute(
        "select deductible_fen, in_scope_fen from settlement join entry on id = entry"
        " where service_date < %s order by in_scope_fen desc",
        [told.until],
    ).fetchall()
    wanted = [(scope - borne) // 10 for borne, scope in paid]
    assert shares == [one for one in wanted if one]
    assert (told.changed, told.funds_fen) == (len(shares), sum(shares))
    assert (told.gaining, told.losing) == (len(shares), 0)
    assert any("65%" in sentence for sentence in told.examples[0].sentences)
    assert office.owner.execute("select count(*) from entry").fetchone() == entries


def test_a_trial_leaves_out_what_was_learnt_late(office: Office) -> None:
    before = office.tried(other_rate())
    # This month is not tried, and that somebody had retired is no doing of the law.
    office.settled(12, 50_000, str(office.month[1]))
    number = office.counter.psn_no(11)
    person = office.counter.persons[number]
    office.owner.execute(
        "update person_fact set retired_at = now() where kind = 'insured' and person_id = %s",
        [person],
    )
    office.counter.fact(number, "insured", "2020-01-01", status="retired")
    told = office.tried(msgspec.structs.replace(other_rate(), figures={"subsidy_rate": "59%"}))
    assert (told.settlements, told.persons) == (3, 3)
    # 960 of a retired person at 70 % (the most there is) instead of 65 %, 460 at 65 % and not 55 %.
    assert (before.changed, before.funds_fen) == (2, 9_600 + 4_600)
    assert (told.changed, told.funds_fen) == (2, 4_800 + 4_600)


def test_a_trial_goes_on_past_somebody_who_cannot_be_settled(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    third = office.counter.persons[office.counter.psn_no(13)]

    def changes(connection: Any, run: Any, home: str, persons: list[int]) -> Any:
        if third in persons:
            raise Refusal("job_unknown", "job", {"value": "7"})
        return changes_of(connection, run, home, persons)

    monkeypatch.setattr(law_trial, "changes_of", changes)
    told = office.tried(msgspec.structs.replace(other_rate(), figures={"subsidy_rate": "58%"}))
    assert (told.changed, told.untold, len(told.reasons)) == (2, 1, 1)


def test_nobody_submits_what_was_not_tried(office: Office) -> None:
    change = LawChange(figures={"subsidy_rate": "61%"}, since=office.desk().today)
    number = office.drafted(change)
    refused("law_untried", life.submit, office.desk(), office.maker, office.acting(number))
    assert office.tried(change).changed == 0
    said = life.preview(office.desk(), number).examined.lines[0].words
    assert said.startswith("批准后立即生效"), "nobody goes back behind today"
    life.submit(office.desk(), office.maker, office.acting(number))
    # What another publication found in force is no longer what was reviewed.
    law = law_changes.proposed(office.by, AREA, LawChange(figures={"subsidy_rate": "62%"})).after
    publish_law(office.owner, Publication((law,)), actor=Actor.operator("t"), now=office.now)
    assert life.preview(office.desk(), number).stale, "nor is it asked for a trial of what was"
    office.tried(change)
    assert office.approve(office.second, number).state == "stale"


@pytest.mark.slow
def test_a_reviewed_bond_is_published_and_the_desk_takes_it(office: Office) -> None:
    def steps() -> list[str]:
        number = office.draft(office.clerk, office.bond())
        return [step.post for step in life.preview(office.desk(), number).chain]

    assert steps() == ["first_reviewer"]
    path, text = read_document(AREA, "规程.yaml", BOND.encode())
    change = LawChange({path: text})
    assert office.tried(change).changed == 0
    number = office.drafted(change)
    _, found = law_changes.differences(
        proposed(office.by, AREA, change), day_of(office.desk().today)
    )
    assert {row.subject for row in found} >= {"事项.家庭共济"}
    office.carried(number)
    version = current(office.owner)[AREA]
    row = office.owner.execute("select command from law_version where id = %s", [version.id])
    assert row.fetchone() == (number,)
    # Without a restart: the next bond needs two steps, and is in effect after the second.
    assert steps() == ["first_reviewer", "second_reviewer"]
    bond = office.submitted(office.clerk, office.bond(), agency=COUNTY)
    assert office.approve(office.first, bond).state == "submitted"
    assert office.approve(office.second, bond).state == "executed"
    held = "select count(*) from person_fact where kind = 'bond' and retired_at is null"
    assert office.owner.execute(held).fetchone() == (1,)


@pytest.mark.slow
def test_a_law_of_a_later_day_waits_for_it(office: Office) -> None:
    tomorrow = office.desk().today + timedelta(days=1)
    change = LawChange(figures={"subsidy_rate": "66%"}, since=tomorrow)
    office.tried(change)
    number = office.drafted(change)
    before = current(office.owner)[AREA]
    office.carried(number)
    newest = history(office.owner, AREA)[-1]
    assert current(office.owner)[AREA] == before and newest.number == before.number + 1
    assert day_in_china(newest.since) == tomorrow


def test_the_console_adds_no_law_without_an_approved_command(office: Office) -> None:
    law = proposed(office.by, AREA, LawChange(figures={"subsidy_rate": "67%"})).after
    number = office.drafted(LawChange(figures={"subsidy_rate": "67%"}))
    content = Publication((law,))
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        publish_law(office.by, content, actor=office.maker, now=office.now, number=number)


def test_the_month_before_a_day() -> None:
    assert last_month(date(2026, 1, 15)) == (date(2025, 12, 1), date(2026, 1, 1))
    assert last_month(date(2026, 3, 1)) == (date(2026, 2, 1), date(2026, 3, 1))
