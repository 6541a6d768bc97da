"""Leads out of the trail: an institution that read, or tried, very many certificates in a day.

Law:     《个人信息保护法》 第二十八条, 国务院令第735号 第三十二条: for care only.
"""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg
from psycopg.rows import class_row

from gongji.platform import trail

Connection = psycopg.Connection[Any]
RULE = "读取证件异常"
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
DAY = timedelta(days=1)
CARE = timedelta(days=7)
"""For how long after it was opened a record may turn out to have been opened for care."""


# Making them.

_FINDING = """insert into finding (area, fingerprint, rule_version, institution, stake_fen, main,
  snapshot, found_at)
select left(i.area, 4) || '00', %(print)s, v.id, i.code, 0, true, 'access_log', %(at)s
from institution i, rule_version v where i.code = %(code)s and v.rule = %(rule)s
order by v.id desc limit 1 on conflict (fingerprint) do nothing returning id, area"""
_GOES_ON = """select id from lead where subject_kind = 'institution' and subject = %s
  and state in ('open', 'looked_at', 'heard') order by id limit 1"""
_LEAD = """insert into lead (area, subject_kind, subject, made_at)
values (%s, 'institution', %s, %s) returning id"""


def note_crowds(connection: Connection, since: datetime) -> int:
    """Make a finding of every flag since an instant that is none yet; gives how many.

    Ensures: what is found of an institution whose lead is not over goes to that lead.
    """
    made = 0
    for at, code, _ in trail.crowds(connection, since):
        known_by = hashlib.sha256(f"crowd|{code}|{at.timestamp()}".encode()).digest()
        values = {"print": known_by, "at": at, "code": code, "rule": RULE}
        found = connection.execute(_FINDING, values).fetchone()
        if found is None:
            continue
        finding, area = found
        lead = connection.execute(_GOES_ON, [code]).fetchone()
        lead = lead or connection.execute(_LEAD, [area, code, at]).fetchone()
        assert lead is not None
        connection.execute(
            "insert into lead_finding (finding, lead) values (%s, %s)", [finding, lead[0]]
        )
        made += 1
    return made


# Reading them.


@dataclass(frozen=True)
class CrowdLead:
    """A lead: the code of the institution, its name, in which state, when it was last found."""

    id: int
    area: str
    institution: str
    name: str
    state: str
    findings: int
    last: datetime

    @property
    def state_words(self) -> str:
        """What its state is called."""
        return STATES[self.state]


_LEADS = """select l.id, l.area, l.subject as institution, coalesce(i.name, '') as name, l.state,
  count(*) as findings, max(f.found_at) as last
from lead l join lead_finding b on b.lead = l.id join finding f on f.id = b.finding
join rule_version v on v.id = f.rule_version left join institution i on i.code = l.subject
where v.rule = %(rule)s and l.area = any(%(areas)s) and (%(lead)s = 0 or l.id = %(lead)s)
group by l.id, i.name having max(f.found_at) >= %(since)s order by last desc, l.id desc limit 100"""


def crowd_leads(
    connection: Connection, areas: Collection[str], since: datetime, lead: int = 0
) -> list[CrowdLead]:
    """The leads of some areas found since an instant, the last first; or the one of a number."""
    values = {"rule": RULE, "areas": list(areas), "since": since, "lead": lead}
    with connection.cursor(row_factory=class_row(CrowdLead)) as cursor:
        return cursor.execute(_LEADS, values).fetchall()


@dataclass(frozen=True)
class CrowdEvidence:
    """What the trail says of the day before a flag.

    Shape:   `hours` an hour of the day in China with its looks, those that were refused, and how
             many people they were of; `treated` how many of the people whose certificate was read
             came to a visit or a settlement there within a week.
    """

    at: datetime
    reason: str
    hours: list[tuple[datetime, int, int, int]]
    read: int
    treated: int


_FOUND = """select f.found_at from lead_finding b join finding f on f.id = b.finding
where b.lead = %s order by 1 desc"""
_REASON = "select reason from access_log where at = %s and actor = %s and way = 'flag'"
_OF_DAY = """from access_log where actor_kind = 'institution' and actor = %(code)s
  and way = 'look' and at > %(since)s and at <= %(at)s"""
_HOURS = f"""select date_trunc('hour', at, 'Asia/Shanghai'), count(*),
  count(*) filter (where not granted), count(distinct person) {_OF_DAY} group by 1 order by 1"""
_TREATED = f"""select count(*), count(*) filter (where exists (
    select from visit v where v.person_id = p.person and v.institution = %(code)s
      and v.withdrawn_at is null and v.begun_at between %(since)s and %(until)s)
  or exists (select from entry e where e.person = p.person and e.institution = %(code)s
    and e.made_at between %(since)s and %(until)s))
from (select distinct person {_OF_DAY} and reason = 'certificate') p"""


def crowd_evidence(connection: Connection, lead: CrowdLead) -> list[CrowdEvidence]:
    """What the trail says of each day on which the institution of a lead was flagged."""
    return [
        _evidence(connection, lead.institution, at)
        for (at,) in connection.execute(_FOUND, [lead.id]).fetchall()
    ]


def _evidence(connection: Connection, code: str, at: datetime) -> CrowdEvidence:
    values = {"code": code, "at": at, "since": at - DAY, "until": at + CARE}
    reason = connection.execute(_REASON, [at, code]).fetchone()
    hours = connection.execute(_HOURS, values).fetchall()
    read, treated = connection.execute(_TREATED, values).fetchone() or (0, 0)
    return CrowdEvidence(at, reason[0] if reason else "", hours, read, treated)
