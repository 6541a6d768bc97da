"""Leads as they are kept: read, moved on, with their cases, outcomes and what was recovered."""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import Any

import psycopg
from psycopg.rows import class_row

from gongji.refusals import Refusal
from gongji.units import Fen

Connection = psycopg.Connection[Any]
STATES = {
    "open": "待核查",
    "looked_at": "已核查",
    "heard": "已听取陈述",
    "confirmed": "属实",
    "lawful": "合理例外",
    "data_error": "数据错误",
    "handed_over": "已移交",
    "recovered": "已追回",
    "closed": "已办结",
}
"""What the states of a lead are called."""
GOES_ON = ("open", "looked_at", "heard")
"""The states of a lead that was not judged."""
PAGE = 50


@dataclass(frozen=True)
class Lead:
    """A lead: whom it is about, by which rule, in which state, who looks into it until when.

    Shape:   `findings` how many there are, `last` when it was last found; `holding` the post by
             which somebody looks into it (None: nobody was named), `holder` their name.
    """

    id: int
    area: str
    institution: str
    name: str
    rule: str
    state: str
    holding: int | None
    holder: str
    due_on: date | None
    findings: int
    last: datetime

    @property
    def state_words(self) -> str:
        """What its state is called."""
        return STATES[self.state]


_LEADS = """select l.id, l.area, l.subject as institution, coalesce(i.name, '') as name,
  min(v.rule) as rule, l.state, l.holding, coalesce(s.name, '') as holder, l.due_on,
  count(*) as findings, max(f.found_at) as last
from lead l join lead_finding b on b.lead = l.id join finding f on f.id = b.finding
join rule_version v on v.id = f.rule_version left join institution i on i.code = l.subject
left join post_holding h on h.id = l.holding left join staff s on s.id = h.staff
where l.area = any(%(areas)s) and (%(lead)s = 0 or l.id = %(lead)s) and l.id < %(before)s
  and %(state)s in ('', l.state)
group by l.id, i.name, s.name
having max(f.found_at) >= %(since)s and %(rule)s in ('', min(v.rule))
order by l.id desc limit %(page)s"""


@dataclass(frozen=True)
class LeadsSought:
    """Which leads are asked for: a state, a rule, found since, before a number, the one of one."""

    state: str = ""
    rule: str = ""
    since: datetime = datetime.min.replace(tzinfo=UTC)
    before: int = (1 << 63) - 1
    lead: int = 0


EVERY_LEAD = LeadsSought()


def leads(
    connection: Connection, areas: Collection[str], sought: LeadsSought = EVERY_LEAD
) -> list[Lead]:
    """A page of the leads of some areas, the newest first."""
    values = asdict(sought) | {"areas": list(areas), "page": PAGE}
    with connection.cursor(row_factory=class_row(Lead)) as cursor:
        return cursor.execute(_LEADS, values).fetchall()


def get_lead(connection: Connection, area: str, number: int) -> Lead:
    """A lead of an area by its number.

    Refuses: lead_unknown.
    """
    found = leads(connection, [area], LeadsSought(lead=number)) if number > 0 else []
    if not found:
        raise Refusal("lead_unknown", "lead", {"value": str(number)})
    return found[0]


def move(connection: Connection, number: int, state: str) -> None:
    """A lead in another state."""
    connection.execute("update lead set state = %s where id = %s", [state, number])


def assign(connection: Connection, number: int, holding: int, due_on: date) -> None:
    """Somebody who looks into a lead, by their post, until a day."""
    row = [holding, due_on, number]
    connection.execute("update lead set holding = %s, due_on = %s where id = %s", row)


_OPEN = """with found as (
  insert into finding (area, fingerprint, rule_version, institution, stake_fen, main, snapshot,
    found_at)
  select %(area)s, sha256(convert_to(%(snapshot)s, 'UTF8')), v.id, %(code)s, %(fen)s, true,
    %(snapshot)s, %(at)s
  from rule_version v where v.rule = %(rule)s order by v.id desc limit 1 returning id),
made as (
  insert into lead (area, subject_kind, subject, made_at)
  values (%(area)s, 'institution', %(code)s, %(at)s) returning id)
insert into lead_finding (finding, lead) select found.id, made.id from found, made returning lead"""


def open_lead(connection: Connection, values: dict[str, Any]) -> int:
    """A lead with one finding: area, code, fen, rule, snapshot, at; gives its number."""
    row = connection.execute(_OPEN, values).fetchone()
    assert row is not None
    return int(row[0])


# Cases: the institution is heard, then it is judged.


@dataclass(frozen=True)
class CaseFile:
    """The last case of a lead: heard and decided when, what is to be recovered, what was.

    Units:   fen.
    """

    id: int
    heard_on: date | None
    decided_on: date | None
    due_fen: Fen
    recovered_fen: Fen

    @property
    def left_fen(self) -> Fen:
        """What has not come in."""
        return self.due_fen - self.recovered_fen


_CASE = """select f.id, f.heard_on, f.decided_on,
  coalesce((c.content ->> 'recover_fen')::bigint, 0) as due_fen,
  coalesce((select sum(p.amount_fen) from recovery r join posting p on p.entry = r.entry
    where r.case_file = f.id), 0)::bigint as recovered_fen
from case_file f left join command c on c.id = f.command
where f.lead = %s order by f.id desc limit 1"""


def last_case(connection: Connection, lead: int) -> CaseFile | None:
    """The last case of a lead; None where nobody was heard."""
    with connection.cursor(row_factory=class_row(CaseFile)) as cursor:
        return cursor.execute(_CASE, [lead]).fetchone()


def open_case(connection: Connection, lead: int) -> CaseFile | None:
    """The case of a lead that was heard and not decided."""
    found = last_case(connection, lead)
    return found if found is not None and found.decided_on is None else None


def hear(connection: Connection, lead: int, day: date) -> None:
    """The institution stated its case on a day; the last such day counts."""
    found = open_case(connection, lead)
    if found is None:
        connection.execute("insert into case_file (lead, heard_on) values (%s, %s)", [lead, day])
    else:
        connection.execute("update case_file set heard_on = %s where id = %s", [day, found.id])


def judge(connection: Connection, lead: int, verdict: str, command: int, day: date) -> None:
    """What was found of every finding of a lead, by a command; its case is decided."""
    connection.execute(
        "insert into outcome (finding, command, verdict)"
        " select finding, %s, %s from lead_finding where lead = %s",
        [command, verdict, lead],
    )
    if (found := open_case(connection, lead)) is not None:
        connection.execute(
            "update case_file set decided_on = %s, command = %s where id = %s",
            [day, command, found.id],
        )


def papers_booked(connection: Connection, case_file: int) -> set[str]:
    """The bank's papers by which money came in on a case."""
    rows = connection.execute(
        "select c.content ->> 'bank_ref' from recovery r join entry e on e.id = r.entry"
        " join command c on c.id = e.command where r.case_file = %s",
        [case_file],
    )
    return {str(row[0]).strip() for row in rows}


@dataclass(frozen=True)
class RuleOutcomes:
    """How often a rule was right where people judged."""

    rule: str
    confirmed: int
    lawful: int
    data_error: int


_OUTCOMES = """select v.rule, count(*) filter (where o.verdict = 'breach') as confirmed,
  count(*) filter (where o.verdict = 'lawful') as lawful,
  count(*) filter (where o.verdict = 'data_error') as data_error
from (select distinct on (finding) finding, verdict from outcome order by finding, command desc) o
join finding f on f.id = o.finding join rule_version v on v.id = f.rule_version
where f.area = any(%s) group by v.rule order by v.rule"""


def outcomes(connection: Connection, areas: Collection[str]) -> list[RuleOutcomes]:
    """What was found of each rule in some areas; of a finding the last judgement counts."""
    with connection.cursor(row_factory=class_row(RuleOutcomes)) as cursor:
        return cursor.execute(_OUTCOMES, [list(areas)]).fetchall()


_COMMANDS = """select id, kind, state, content, made_at from command
where subject_kind = 'institution' and subject = %s and kind like 'lead\\_%%' and area = %s
  and ((content ->> 'lead')::bigint = %s or id = any(%s)) order by id"""
_OPENED = """select f.snapshot from lead_finding b join finding f on f.id = b.finding
where b.lead = %s and f.snapshot like 'command %%'"""


def commands_of(connection: Connection, lead: Lead) -> list[tuple[Any, ...]]:
    """What was asked for of a lead, in its order: number, kind, state, content, when."""
    opened = [int(row[0].split()[1]) for row in connection.execute(_OPENED, [lead.id])]
    values = [lead.institution, lead.area, lead.id, opened]
    return connection.execute(_COMMANDS, values).fetchall()
