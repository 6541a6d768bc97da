"""A lead's life at the desk: opened, given, heard, judged, recovered in parts, opened again."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from psycopg import errors
from tests import databases
from tests.platform.agency_office import CONSOLE, refused
from tests.platform.review_world import AREA, OPERATOR, World

from gongji.ledger.verify import verify
from gongji.platform.actors import Actor
from gongji.review.posts import StandIn, stand_in
from gongji.supervision import lead_commands, lead_recoveries
from gongji.supervision.lead_rows import LeadsSought, get_lead, last_case, leads, outcomes

assert lead_commands.KINDS and lead_recoveries.ARTICLE


class Watch(World):
    """An area that watches: two inspectors, a supervisor, who books what comes in."""

    def __init__(self, owner: Any, by: Any) -> None:
        super().__init__(owner, by)
        owner.execute(
            "insert into institution (code, area, name, kind)"
            " values ('H1', '532300', '测试医院', 'hospital')"
        )
        self.inspector, self.other = (
            self.post(name, "inspector", "city") for name in ("one", "two")
        )
        self.supervisor = self.post("chief", "supervisor", "city")
        self.accountant = self.post("till", "accountant", "city")
        self.cashier = self.post("box", "cashier", "city")
        report = {"institution": "H1", "reasons": "名次 1：重复收费 12 处", "grounds": "国务院令"}
        self.ask("lead_open", self.inspector, **report, stake_fen=90_000)
        (self.lead,) = [one.id for one in leads(owner, [AREA])]

    def holding(self, name: str) -> int:
        row = self.owner.execute(
            "select h.id from post_holding h join staff s on s.id = h.staff where s.subject = %s",
            [name],
        ).fetchone()
        assert row is not None
        return int(row[0])

    def ask(self, kind: str, who: Actor, code: str = "H1", **content: Any) -> int:
        """A command about the institution, submitted; carried out where nobody reviews it."""
        if kind != "lead_open":
            content = {"lead": self.lead} | content
        return self.submitted(
            who, content, kind=kind, agency="", subject_kind="institution", subject=code
        )

    def given(self) -> None:
        """The lead given to the first inspector, for ten days."""
        due = str(self.desk().today + timedelta(days=10))
        self.ask("lead_assign", self.supervisor, holding=self.holding("one"), due_on=due)

    def noted(self, step: str = "听取陈述", who: Actor | None = None, days: int = 0) -> None:
        day = str(self.desk().today + timedelta(days=days))
        self.ask("lead_note", who or self.inspector, step=step, day=day, said="机构称系录入错误")

    def judged(self, verdict: str, fen: int = 0) -> int:
        content = {"verdict": verdict, "reason": "核对病历", "recover_fen": fen}
        made = self.ask("lead_verdict", self.inspector, **content)
        self.approve(self.supervisor, made)
        return made

    def recovered(self, fen: int, ref: str, days: int = 0) -> None:
        day = str(self.desk().today + timedelta(days=days))
        content = {"fen": fen, "payer": "测试医院", "received_on": day, "bank_ref": ref}
        self.approve(self.cashier, self.ask("lead_recover", self.accountant, **content))

    @property
    def state(self) -> str:
        return get_lead(self.owner, AREA, self.lead).state


@pytest.fixture
def watch(server: str) -> Iterator[Watch]:
    with (
        databases.copy(server) as address,
        psycopg.connect(address, autocommit=True) as owner,
        psycopg.connect(address, options=CONSOLE, autocommit=True) as by,
    ):
        yield Watch(owner, by)


def test_a_lead_is_given_heard_judged_and_its_money_comes_in_by_parts(watch: Watch) -> None:
    assert watch.state == "open"
    watch.given()
    refused("lead_not_yours", watch.noted, who=watch.other)
    watch.noted("核查")
    assert watch.state == "looked_at"
    refused("lead_not_heard", watch.judged, "属实", 50_000)
    refused("value_invalid", watch.noted, days=1)
    watch.noted(days=-1)
    refused("value_invalid", watch.judged, "数据错误", 1)
    refused("lead_state", watch.recovered, 1, "R1")
    watch.judged("属实", 50_000)
    found = last_case(watch.owner, watch.lead)
    assert watch.state == "confirmed" and found is not None
    assert (found.decided_on, found.due_fen) == (watch.desk().today, 50_000)
    watch.recovered(20_000, "R1")
    refused("claim_paper_known", watch.recovered, 1, " R1")
    refused("lead_exceeded", watch.recovered, 30_001, "R2")
    refused("value_invalid", watch.recovered, 1, "R2", days=1)
    refused("lead_state", watch.ask, "lead_reopen", watch.supervisor, reason="再看")
    watch.recovered(30_000, "R2")
    assert watch.state == "recovered"
    moved = watch.owner.execute(
        "select e.kind, p.debit, p.credit, p.amount_fen, p.article from recovery r"
        " join entry e on e.id = r.entry join posting p on p.entry = e.id order by e.id"
    ).fetchall()
    way = ("recovery", "bank_treasury", "pool")
    article = "国务院令第735号 第四十五条"
    assert moved == [(*way, 20_000, article), (*way, 30_000, article)]
    assert list(verify(watch.owner)) == []
    assert [(one.rule, one.confirmed) for one in outcomes(watch.owner, [AREA])] == [("监管报告", 1)]
    assert leads(watch.owner, [AREA], LeadsSought(state="open")) == []


@pytest.mark.parametrize(("verdict", "state"), [("合理例外", "lawful"), ("数据错误", "data_error")])
def test_a_false_alarm_is_opened_again_and_judged_anew(
    watch: Watch, verdict: str, state: str
) -> None:
    first = watch.judged(verdict)
    assert watch.state == state
    refused("lead_state", watch.noted)
    refused("reason_missing", watch.ask, "lead_reopen", watch.supervisor, reason=" ")
    watch.ask("lead_reopen", watch.supervisor, reason="另有举报")
    watch.noted()
    second = watch.judged("属实")
    watch.approve(
        watch.supervisor,
        watch.ask("lead_end", watch.inspector, end="移交", reason="移交行政部门"),
    )
    assert watch.state == "handed_over"
    rows = watch.owner.execute("select command, verdict from outcome order by command").fetchall()
    assert rows == [(first, state), (second, "breach")]
    (told,) = outcomes(watch.owner, [AREA])
    assert (told.confirmed, told.lawful, told.data_error) == (1, 0, 0)


def test_who_judges_does_not_confirm_and_what_changed_meanwhile_is_stale(watch: Watch) -> None:
    watch.noted()
    content = {"verdict": "属实", "reason": "核对病历"}
    first, second = (watch.ask("lead_verdict", watch.inspector, **content) for _ in range(2))
    refused("step_not_held", watch.approve, watch.other, first)
    watch.approve(watch.supervisor, first)
    assert watch.approve(watch.supervisor, second).state == "stale"
    refused("maker_missing", watch.ask, "lead_reopen", watch.inspector, reason="再看")
    refused("value_invalid", watch.ask, "lead_end", watch.inspector, "H9", end="办结", reason="x")
    refused("lead_unknown", watch.ask, "lead_end", watch.inspector, lead=99, end="办结", reason="x")


def test_a_stand_in_goes_on_and_a_post_that_is_not_held_gets_no_lead(watch: Watch) -> None:
    today = str(watch.desk().today)
    refused("post_not_held", watch.ask, "lead_assign", watch.supervisor, holding=99, due_on=today)
    cashier = {"holding": watch.holding("box"), "due_on": today}
    refused("post_not_held", watch.ask, "lead_assign", watch.supervisor, **cashier)
    watch.given()
    day = watch.desk().today
    deputy = StandIn(watch.staff("deputy"), watch.holding("one"), day, day)
    stand_in(watch.owner, deputy, actor=OPERATOR, now=watch.now)
    watch.noted(who=Actor.staff("deputy", "inspector", AREA))
    assert watch.state == "heard"


def test_the_console_adds_no_finding_without_a_command(watch: Watch) -> None:
    forged = (
        "insert into finding (area, fingerprint, rule_version, institution, stake_fen, main,"
        " snapshot) select '532300', 'x', min(id), 'H1', 1, true, {} from rule_version"
    )
    opened = "'command ' || (select max(id) from command)"
    for snapshot in ("'access_log'", opened):
        with pytest.raises(errors.InsufficientPrivilege):
            watch.by.execute(forged.format(snapshot))
