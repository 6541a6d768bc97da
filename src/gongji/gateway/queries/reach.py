"""Whom an institution may ask about: whoever showed a certificate there today, or is treated there.

Knowing a number (psn_no) opens nobody. Every look is written to the access log before the answer,
the refused ones too. Whoever looks at very many people in a day is flagged for supervision.
"""

from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any

import structlog
from psycopg import Connection

from gongji.gateway.transactions import Call, Node, same_code
from gongji.institutions.institution_facts import people_a_day
from gongji.people.person_rows import Person, find_by_card, find_person, is_of
from gongji.platform import trail
from gongji.platform.trail import Trace
from gongji.refusals import Refusal
from gongji.settlement.kept_visits import treated

SHOWN_HOURS = 24
"""For how long a certificate that was shown (1101) opens a person to the institution."""
TREATED_DAYS = 7
"""For how many days after a visit began the person is still being treated."""
SOCIAL_CARD = "03"
_SHOWN = """insert into certificate_shown (institution, person, shown_at) values (%s, %s, %s)
on conflict (institution, person) do update set shown_at = excluded.shown_at"""
_WAS_SHOWN = """select 1 from certificate_shown
where institution = %s and person = %s and shown_at > %s"""
_PEOPLE = "select count(*) from certificate_shown where institution = %s and shown_at > %s"
_FORGET = "delete from certificate_shown where shown_at < %s"


class _TriedNumbers:
    """How many numbers of nobody each institution tried on a day, at this gateway."""

    def __init__(self) -> None:
        self._day = date.min
        self._counted: Counter[str] = Counter()

    def add(self, institution: str, day: date) -> int:
        """Count one more; gives how many there were that day."""
        if day != self._day:
            self._day, self._counted = day, Counter()
        self._counted[institution] += 1
        return self._counted[institution]


_TRIED = _TriedNumbers()
_log = structlog.get_logger()


def shown(call: Call, person: Person) -> None:
    """A certificate was shown: from now on the person is open to the institution."""
    _look(call, person, "certificate", True)
    known = _was_shown(call, person)
    call.connection.execute(_SHOWN, [call.institution, person.id, call.now])
    if not known:
        _flag_crowd(call)


def missed(call: Call) -> None:
    """A certificate of nobody was tried: very many of them are told to supervision, too."""
    trace = Trace(trail.LOOK, call.infno, None, "查无此人", False, at=call.now)
    trail.log(call.connection, _who(call), trace)
    _flag_beyond(call, _TRIED.add(call.institution, call.today), "试读 {} 个查无此人的号码")


def differed(call: Call, person: Person) -> None:
    """A certificate was shown under another name: the person sees it, and it opens nothing."""
    _look(call, person, "", False)


def _flag_crowd(call: Call) -> None:
    """Tell supervision of an institution that has just opened one more than very many people."""
    counted = call.connection.execute(_PEOPLE, [call.institution, _since(call)]).fetchone()
    _flag_beyond(call, counted[0] if counted else 0, "读取 {} 人的证件")


def _flag_beyond(call: Call, counted: int, words: str) -> None:
    """Flag an institution that has just passed what it may read in a day."""
    agreed = people_a_day(call.connection, call.institution, call.today)
    most = call.settings.people_a_day if agreed is None else agreed
    if counted != most + 1:
        return
    reason = f"一天{words.format(counted)}，超过 {most} 人"
    trail.log(call.connection, _who(call), Trace(trail.FLAG, "people", reason=reason, at=call.now))
    _log.warning("many_people_opened", institution=call.institution, most=most)


def opened(call: Call, person: Person) -> None:
    """An own record is read, which names the person: that is written down.

    Refuses: nobody; the record is the institution's own.
    """
    _look(call, person, "own", True)


def open_person(call: Call, person: Person) -> None:
    """A person's facts are asked for.

    Law:     《个人信息保护法》 第二十八条: only with a purpose, and what is needed for it.
    Refuses: person_out_of_reach.
    """
    reason = ""
    if _was_shown(call, person):
        reason = "certificate"
    else:
        days = call.now - timedelta(days=TREATED_DAYS), call.now + timedelta(days=1)
        if treated(call.connection, call.institution, person.id, days):
            reason = "treated"
    _look(call, person, reason, bool(reason))
    if not reason:
        raise Refusal("person_out_of_reach", "psn_no")


def _who(call: Call) -> tuple[str, str]:
    return call.actor.kind, call.actor.id


def _since(call: Call) -> datetime:
    return call.now - timedelta(hours=SHOWN_HOURS)


def _was_shown(call: Call, person: Person) -> bool:
    asked = [call.institution, person.id, _since(call)]
    return call.connection.execute(_WAS_SHOWN, asked).fetchone() is not None


def _look(call: Call, person: Person, reason: str, granted: bool) -> None:
    trace = Trace(trail.LOOK, call.infno, person.id, reason, granted, at=call.now)
    trail.log(call.connection, _who(call), trace)


def check_bearer(call: Call, node: Node, psn_no: str) -> None:
    """The certificate or card that a visit or purchase names is the person's.

    A token that this platform cannot read counts where the person was read by certificate today. Of
    whom no certificate is kept nothing can be compared.
    Refuses: person_differs.
    """
    person = find_person(call.connection, psn_no)
    if person is None or not person.certificate:
        return
    number = call.text(node, "mdtrt_cert_no", longest=500)
    if same_code(SOCIAL_CARD, call.text(node, "mdtrt_cert_type")):
        found = find_by_card(call.connection, call.identity, number) if number else None
        same = found is not None and found.id == person.id
    else:
        same = is_of(person, call.identity, number)
    if not same and not _was_shown(call, person):
        raise Refusal("person_differs", "mdtrt_cert_no")


def forget(connection: Connection[Any], before: datetime) -> int:
    """Drop what was shown too long ago to open anybody; gives how many."""
    return connection.execute(_FORGET, [before]).rowcount
