"""Leads out of the trail: an institution that read, or tried, very many certificates in a day.

Law:     《个人信息保护法》 第二十八条, 国务院令第735号 第三十二条: for care only.
"""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg

from gongji.platform import trail
from gongji.supervision.lead_rows import GOES_ON, Lead, LeadsSought, leads

Connection = psycopg.Connection[Any]
RULE = "读取证件异常"
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
  and state = any(%s) order by id limit 1"""
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
        lead = connection.execute(_GOES_ON, [code, list(GOES_ON)]).fetchone()
        lead = lead or connection.execute(_LEAD, [area, code, at]).fetchone()
        assert lead is not None
        connection.execute(
            "insert into lead_finding (finding, lead) values (%s, %s)", [finding, lead[0]]
        )
        made += 1
    return made


# Reading them.


def crowd_leads(connection: Connection, areas: Collection[str], since: datetime) -> list[Lead]:
    """The leads of some areas that the trail gave since an instant, the newest first."""
    return leads(connection, areas, LeadsSought(rule=RULE, since=since))


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
where b.lead = %s and f.snapshot = 'access_log' order by 1 desc"""
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


def crowd_evidence(connection: Connection, lead: Lead) -> list[CrowdEvidence]:
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
