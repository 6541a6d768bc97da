"""Inpatient episodes, settled elsewhere: what they use of shared meters, what they join.

An episode arrives by import or by the interface function `record_stays`. It becomes a fact of the
person (known from now on) and an entry of kind `stay`, which moves no money: the hospital was paid
elsewhere. An episode that is told again with other figures retires the fact and enters the
difference.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import msgspec
import psycopg

from gongji.law.engine.area import Area
from gongji.law.engine.areas import Areas
from gongji.law.engine.person_meters import period_of
from gongji.law.engine.visit import Visit
from gongji.law.rulebook import provision_kinds
from gongji.law.rulebook.law import Law
from gongji.ledger.entry_contents import SettledFacts, StayFacts, read_facts
from gongji.ledger.entry_rows import STAY, EntryRow, Move, SettlementRow, made_by
from gongji.ledger.meter_rows import blocks_of, names
from gongji.ledger.post import lock, post, take_ids
from gongji.ledger.review_flags import raise_flag_once
from gongji.people.person_facts import NewFact, add, retire
from gongji.people.person_kinds import Stay
from gongji.platform.actors import Actor
from gongji.platform.identity import mask_number
from gongji.platform.inbox import INSTITUTION
from gongji.refusals import Refusal
from gongji.settlement.cancel import take_back
from gongji.settlement.facts_today import Registry
from gongji.settlement.known_facts import RESCUE_DAYS, one_episode
from gongji.settlement.routes import EMERGENCY, RESCUE_CARE
from gongji.units import Fen, day_of

Connection = psycopg.Connection[Any]
SHARED = {"pool_fen": "inpatient_paid", "deductible_fen": "inpatient_deductible"}
"""Which meter of a year an amount of an episode moves, in an area whose rules have that meter."""
JOINS = "joins_inpatient"
"""The gate by which rules say that rescue which became a stay is not settled as outpatient care."""


_HOUR = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


class StayReport(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An episode as it is told, also as JSON (`msgspec.json.decode(…, type=StayReport)`).

    Units:   fen. `until` is the day of discharge, empty while the stay lasts; `admitted_at` the
             hour of `since` as HH:MM in China, empty where it is not known.
    """

    psn_no: str
    area: str
    number: str
    since: date
    institution: str
    level: str
    until: date | None = None
    from_emergency: bool = False
    died: bool = False
    deductible_fen: Fen = 0
    pool_fen: Fen = 0
    total_fen: Fen = 0
    admitted_at: str = ""


@dataclass(frozen=True)
class StayOutcome:
    """What became of an episode.

    Shape:   `entry` the new entry, None where nothing was new; `reversed` settlements of the rescue
             taken back, because the stay's settlement covers them; `flagged` settlements for the
             agency to adjudicate anew; `held`: it moved no meter, and the agency looks at it first.
    """

    entry: int | None
    reversed: tuple[int, ...] = ()
    flagged: tuple[int, ...] = field(default=())
    held: bool = False


def record_stays(
    connection: Connection,
    reports: Sequence[StayReport],
    areas: Areas,
    now: datetime,
    *,
    actor: Actor,
) -> list[StayOutcome]:
    """Record episodes, all or none; `actor` is who tells them.

    Refuses: person_unknown, institution_unknown, value_invalid, amount_negative; area_unknown,
             date_outside; what `take_back` refuses.
    """
    with connection.transaction():
        persons = dict(
            connection.execute(
                "select psn_no, id from person where psn_no = any(%s)",
                [sorted({report.psn_no for report in reports})],
            ).fetchall()
        )
        _check(connection, reports, persons)
        lock(connection, persons.values())
        recording = _Recording(connection, areas, actor, now)
        return [recording.record(one, persons[one.psn_no]) for one in reports]


def record_stay(
    connection: Connection, report: StayReport, areas: Areas, now: datetime, *, actor: Actor
) -> StayOutcome:
    """Record one episode."""
    return record_stays(connection, [report], areas, now, actor=actor)[0]


def shared_moves(area: Area, day: date, report: StayReport) -> tuple[Move, ...]:
    """How an episode moves the meters that the area's rules share with inpatient care."""
    known = names(area)
    moves = []
    for amount, code in SHARED.items():
        moved = getattr(report, amount)
        if moved and code in known.places:
            dimension = area.layout.dimensions[known.places[code][0]]
            if not dimension.column and dimension.period not in ("次", "笔"):
                period = f"{dimension.period}:{period_of(dimension, day_of(day))}"
                moves.append((code, period, "", moved))
    return tuple(moves)


def joins_at_once(law: Law) -> bool:
    """Whether the rules leave rescue that became a stay to the stay's own settlement."""
    gates = (provision.value for provision in law.all(provision_kinds.Gate).values())
    return any(isinstance(gate, provision_kinds.Gate) and gate.refusal == JOINS for gate in gates)


def joined_deductible(
    area: Area, rescue: EntryRow, visit: Visit, registry: Registry
) -> list[tuple[tuple[str, str, str], Fen]]:
    """What the stay that a rescue became bore of their one deductible, as the rescue finds it.

    Law:     楚政规〔2022〕2号 第十七条: 急诊抢救后即刻住院的，起付标准合并计算.
    Returns: (code, period, slot) of the deductibles of a visit, and fen; nothing for other bills.
    """
    if not visit.facts.get("admitted") or rescue.person is None:
        return []
    began = registry.began.get(rescue.id or 0)
    stay = registry.known(rescue.person, rescue.service_date).admitted(began)
    borne = int(stay.details.get("deductible_fen", 0)) if stay else 0
    if not borne:
        return []
    law = area.law(day_of(rescue.service_date))
    rescues = law.all(provision_kinds.Benefit).get(law.benefit_name(EMERGENCY))
    if rescues is None:
        # Rescue is settled by another benefit (云浮 第十七条): it shares no deductible.
        return []
    layers = [layer for layer in rescues.value.layers if isinstance(layer, provision_kinds.Layer)]
    meters = {limit.meter for layer in layers for limit in layer.deductibles}
    blocks = blocks_of(area, visit)
    places = [area.layout.meters[name] for name in sorted(meters)]
    return [
        ((place.code, *blocks[place.dimension]), borne)
        for place in places
        if area.layout.dimensions[place.dimension].period == "次" and not place.axes
    ]


def _check(connection: Connection, reports: Iterable[StayReport], persons: dict[str, int]) -> None:
    codes = sorted({report.institution for report in reports})
    known = {
        code
        for (code,) in connection.execute(
            "select code from institution where code = any(%s)", [codes]
        )
    }
    for report in reports:
        if report.psn_no not in persons:
            raise Refusal("person_unknown", "psn_no", {"value": mask_number(report.psn_no)})
        if report.institution not in known:
            raise Refusal("institution_unknown", "institution", {"value": report.institution})
        if report.level not in ("1", "2", "3"):
            raise Refusal("value_invalid", "level", {"value": report.level, "allowed": "1、2、3"})
        if report.until is not None and report.until <= report.since:
            allowed = f"晚于入院日 {report.since}，在院则空"
            values = {"value": str(report.until), "allowed": allowed}
            raise Refusal("value_invalid", "until", values)
        if report.admitted_at and not _HOUR.fullmatch(report.admitted_at):
            values = {"value": report.admitted_at, "allowed": "时刻，如 09:30"}
            raise Refusal("value_invalid", "admitted_at", values)
        for name in ("deductible_fen", "pool_fen", "total_fen"):
            if getattr(report, name) < 0:
                raise Refusal("amount_negative", name, {"value": str(getattr(report, name))})


KNOWN = """select id, since, until, details from person_fact
where person_id = %s and kind = 'stay' and key = %s and retired_at is null"""
STAYS = """select s.facts, e.meters from entry e join settlement s on s.entry = e.id
where e.person = %s and e.area = %s and e.kind = 'stay' order by e.id"""


ELSEWHERE = """select key from person_fact
where person_id = %s and kind = 'stay' and key <> %s and retired_at is null
  and details->>'institution' <> %s
  and daterange(since, until) && daterange(%s::date, %s::date) order by id limit 1"""
STANDING = """select e.id, e.service_date, s.benefit, s.facts,
  coalesce(v.med_type, ''), v.begun_at, e.institution
from entry e join settlement s on s.entry = e.id left join visit v on v.id = s.visit
where e.person = %s and e.area = %s and e.kind = 'settlement'
  and e.service_date >= %s and (%s::date is null or e.service_date < %s)
  and not exists (select 1 from entry c where c.reverses = e.id)
order by e.id desc"""


@dataclass(frozen=True)
class _Recording:
    """What the steps of recording episodes share."""

    connection: Connection
    areas: Areas
    actor: Actor
    now: datetime

    def record(self, report: StayReport, person: int) -> StayOutcome:
        """The fact, the entry, and what follows for settlements that are already there."""
        stay = Stay(
            report.institution,
            report.level,  # type: ignore[arg-type]
            report.from_emergency,
            report.died,
            report.deductible_fen,
            report.pool_fen,
            report.total_fen,
            report.admitted_at,
        )
        details = msgspec.to_builtins(stay)
        before = self.connection.execute(KNOWN, [person, report.number]).fetchone()
        if before is not None:
            if tuple(before[1:]) == (report.since, report.until, details):
                return StayOutcome(None)
            retire(self.connection, [before[0]], self.now)
        fact = NewFact(
            person,
            report.area,
            "stay",
            report.since,
            report.number,
            report.until,
            details,
            "stay",
        )
        add(self.connection, [fact], self.now)
        # The year of a stay is that of its discharge, when it is settled.
        day = report.until or report.since
        area = self.areas.area(report.area)
        held = self._doubtful(report, person)
        moves = () if held else shared_moves(area, day, report)
        entry = self._enter(report, person, moves, day)
        if held:
            raise_flag_once(self.connection, entry, entry, held, self.now)
        taken, flagged = self._follow(report, person, entry, area)
        return StayOutcome(entry, taken, flagged, bool(held))

    def _doubtful(self, report: StayReport, person: int) -> str:
        """Why the agency looks at an episode before it uses a meter; empty where it need not.

        What the agency itself imports is not doubted.
        """
        if self.actor.kind != INSTITUTION:
            return ""
        place = [person, report.number, report.institution, report.since, report.until]
        found = self.connection.execute(ELSEWHERE, place).fetchone()
        if found is None:
            return ""
        return (
            f"住院（{report.number}）与另一家机构的住院（{found[0]}）时间重叠，累计暂不占用，须核对"
        )

    def _enter(self, report: StayReport, person: int, moves: tuple[Move, ...], day: date) -> int:
        """The entry that brings the meters to what the episode says now."""
        wanted = {move[:3]: move[3] for move in moves}
        for facts, moves in self.connection.execute(STAYS, [person, report.area]):
            told = read_facts(facts)
            if isinstance(told, StayFacts) and told.number == report.number:
                for code, period, slot, moved in moves:
                    wanted[code, period, slot] = wanted.get((code, period, slot), 0) - moved
        (number,) = take_ids(self.connection, 1)
        said = msgspec.structs.asdict(report)
        del said["psn_no"]
        entry = EntryRow(
            id=number,
            area=report.area,
            kind=STAY,
            person=person,
            service_date=day,
            **made_by(self.actor, self.now),
            institution=report.institution,
            meters=tuple((*key, moved) for key, moved in wanted.items() if moved),
            settlement=SettlementRow(facts=StayFacts(**said)),
        )
        post(self.connection, [entry], [])
        return number

    def _follow(
        self, report: StayReport, person: int, entry: int, area: Area
    ) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Rescue before the stay is reversed or flagged, by the rules; care during it is flagged.

        An institution takes back nothing of another one: what the rules would is flagged instead.

        Law:     邵阳 第八条; 楚雄 第十七条; during the stay: 邵阳 第十五条, 云浮 第十八条（一）.
        """
        first = report.since - timedelta(days=RESCUE_DAYS)
        until = report.until
        rows = self.connection.execute(STANDING, [person, report.area, first, until, until])
        taken, flagged = [], []
        for number, day, benefit, facts, med_type, began, place in rows.fetchall():
            told = read_facts(facts)
            asked = told.visit.benefit if isinstance(told, SettledFacts) else benefit
            rescue = asked == EMERGENCY or med_type == RESCUE_CARE
            follows = one_episode(day, began, report.since, report.admitted_at)
            joined = report.from_emergency and rescue and follows
            reason = ""
            own = self.actor.kind != INSTITUTION or place == self.actor.id
            covered = joined and not report.died and joins_at_once(area.law(day_of(day)))
            if covered and not own:
                reason = f"急诊抢救后转入另一家机构住院（{report.number}），须由经办机构核对后撤销"
            elif covered:
                take_back(self.connection, number, self.actor, entry, self.now)
                taken.append(number)
            elif joined:
                reason = f"急诊抢救后转入住院（{report.number}），须按住院重新核算"
            elif day > report.since:
                reason = f"就诊在住院期间（{report.number}），须重新核算"
            if reason:
                raise_flag_once(self.connection, number, entry, reason, self.now)
                flagged.append(number)
        return tuple(taken), tuple(flagged)
