"""What a person can still be paid this year: each limit of their benefits, and what was used of it.

The limits are those of the compiled law for this person as the registry knows them, at a place of
each level; the meters are the person's own. No visit is settled and nothing is asked for.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import psycopg

from gongji.law.compile.citations import LimitNote
from gongji.law.compile.program import Program
from gongji.law.engine.area import Area, benefit_axes
from gongji.law.engine.areas import Areas
from gongji.law.engine.person_meters import Meters
from gongji.law.engine.visit import Visit, value_name, value_of
from gongji.law.explain.show import parameter_name
from gongji.law.kernel import pour
from gongji.law.rulebook.law import Law
from gongji.law.rulebook.provision_kinds import POOL
from gongji.ledger import meter_rows
from gongji.people import person_facts
from gongji.refusals import Refusal
from gongji.settlement import counter_facts
from gongji.settlement.counter_facts import Seen
from gongji.settlement.known_facts import DatedFact, PersonFacts, Standing
from gongji.settlement.routes import ORDINARY, Registered, Route
from gongji.units import Fen, day_of

Connection = psycopg.Connection[Any]
DEDUCTIBLE, CEILING = "deductible", "paid"
LEVELS = ("1", "2", "3")
SPANS = ("年", "季", "月")
"""Periods whose meters last longer than a visit."""
_USED = "select period, slot, code, used_fen from meter_use where area = %s and person = %s"


@dataclass(frozen=True)
class YearRoom:
    """A limit and what was used of it.

    Units:   fen. Shape: `kind` DEDUCTIBLE or CEILING; `meter` its code with the values of its axes;
             `period` 年, 季, 月, or what lasts a visit; `levels` at which it is so, empty: at all;
             `article` where the figure stands.
    """

    kind: str
    meter: str
    period: str
    limit_fen: Fen
    used_fen: Fen
    levels: tuple[str, ...] = ()
    article: str = ""
    open: str = ""
    """The parameter that the limit is, where nobody has published it; `limit_fen` is then 0."""

    @property
    def left_fen(self) -> Fen:
        """What is left."""
        return max(0, self.limit_fen - self.used_fen)

    @property
    def lasting(self) -> bool:
        """Whether it goes on after a visit."""
        return self.period in SPANS


@dataclass(frozen=True)
class BenefitYear:
    """A benefit of a person: its name, for which disease, its limits; or why they are not known."""

    benefit: str
    code: str
    disease: str = ""
    rooms: tuple[YearRoom, ...] = ()
    untold: Refusal | None = None

    @property
    def ceilings(self) -> list[YearRoom]:
        """The limits on what is paid that last, the tightest first."""
        found = [one for one in self.rooms if one.kind == CEILING and one.lasting]
        return sorted(found, key=lambda one: (bool(one.open), one.left_fen, one.limit_fen))

    @property
    def deductibles(self) -> list[YearRoom]:
        """The deductibles, those that last first."""
        found = [one for one in self.rooms if one.kind == DEDUCTIBLE]
        return sorted(found, key=lambda one: (not one.lasting, one.levels))


@dataclass(frozen=True)
class PersonYear:
    """A person's benefits on a day by the law of the area that insures them."""

    area: str
    place: str
    status: str
    facts: dict[str, str]
    benefits: tuple[BenefitYear, ...]


def year_of(connection: Connection, person: int, areas: Areas, day: date) -> PersonYear:
    """What a person can still be paid on a day: ordinary care, then what they are registered for.

    Refuses: not_insured; date_outside where no rules cover the day.
    """
    held = person_facts.history(connection, [person])[person]
    kept = (DatedFact(f.kind, f.key, f.since, f.until, f.details, f.area) for f in held)
    known = PersonFacts(day, tuple(kept))
    area = areas.area(known.insured.area)
    law = area.law(day_of(day))
    home = area.laws[0].area
    rows = connection.execute(_USED, [home, person]).fetchall()
    used = meter_rows.load(area, rows)
    look = _Looked(area, law, home, known, used)
    approved = [one for one in known.registrations if one.approved]
    routes = [Route(ORDINARY), *(Route(one.benefit, one) for one in approved)]
    found = [_benefit(look, route) for route in routes]
    told = {"status": str(known.insured.details["status"])}
    birth = known.one("birth")
    if birth:
        told["birth_date"] = str(birth["birth_date"])
    return PersonYear(home, law.place, told["status"], told, tuple(found))


@dataclass(frozen=True)
class _Looked:
    area: Area
    law: Law
    home: str
    known: PersonFacts
    used: Meters

    def place(self, level: str) -> Standing:
        """An institution of a level; the one that the person selected counts as itself."""
        chosen = self.known.one("selection")
        code = str(chosen["institution"]) if chosen else ""
        every = frozenset(self.law.benefits.values())
        return Standing(code, self.home, "hospital", level, designated_for=every, qualified=True)


def _benefit(look: _Looked, route: Route) -> BenefitYear:
    names = {code: name for name, code in look.law.benefits.items()}
    name = names.get(route.benefit, look.law.benefit_name(route.benefit))
    disease = _disease(look.known, route.registration)
    try:
        by_level = {level: list(_limits(look, route, level)) for level in LEVELS}
    except Refusal as refusal:
        return BenefitYear(name, route.benefit, disease, untold=refusal)
    return BenefitYear(name, route.benefit, disease, tuple(_joined(by_level)))


def _disease(known: PersonFacts, registered: Registered | None) -> str:
    """The name of the disease that a registration is for."""
    for fact in known.holding.get("registration", ()) if registered else ():
        if registered and fact.key == registered.key:
            return str(fact.details.get("name") or "")
    return ""


def _limits(look: _Looked, route: Route, level: str) -> Iterator[YearRoom]:
    area, law = look.area, look.law
    seen = Seen(look.known, look.home, route, look.place(level), law=law)
    facts = counter_facts.COUNTER_FACTS.read(seen)
    visit = Visit(law.area, day_of(look.known.day), route.benefit, 0, 0, facts)
    benefit = area.benefit(law, route.benefit)
    own_level = area.own_level(law)
    values = {
        name: value_name(law.facts[name], value_of(law.facts[name], visit, own_level))
        for name in benefit_axes(law, benefit)
    }
    program = area.program(law, visit.day, benefit, values)
    yield from _rooms(look, program, look.used.gather(look.used.places(visit)))


def _rooms(look: _Looked, program: Program, numbers: list[Fen]) -> Iterator[YearRoom]:
    """The limits of the pool's own layers that the meters are held against.

    Ceilings are those of the first layer that has one: what passes it goes by another benefit's.
    """
    capped = ""
    for note in program.steps.values():
        if note.layer.payer != POOL:
            continue
        rooms = [
            room
            for position, limit in note.limits.items()
            if (room := _room(look, program, numbers, position, limit)) is not None
        ]
        yield from (one for one in rooms if one.kind == DEDUCTIBLE)
        ceilings = [one for one in rooms if one.kind == CEILING]
        if ceilings and capped in ("", note.layer.code):
            capped = note.layer.code
            yield from ceilings


def _room(
    look: _Looked, program: Program, numbers: list[Fen], position: int, limit: LimitNote
) -> YearRoom | None:
    """A limit with what was used of it; None for one on cost, and where there is no limit."""
    meter, figure = look.area.layout.meters[limit.meter], limit.cited.figure
    path = program.opens.get(position, "")
    if meter.measure not in (DEDUCTIBLE, CEILING) or not (path or 0 < figure < pour.ROOM):
        return None
    place = program.code[position + 1]
    code = meter_rows.names(look.area).codes[place]
    period = look.area.layout.dimensions[meter.dimension].period
    cites = (f"{one.document} {one.article}" for one in limit.cited.cites)
    return YearRoom(
        *(meter.measure, code, period, 0 if path else figure, numbers[place]),
        article="；".join(dict.fromkeys(cites)),
        open=parameter_name(look.law, path) if path else "",
    )


def _joined(by_level: dict[str, list[YearRoom]]) -> Iterable[YearRoom]:
    """Each limit once, with the levels at which it is so where it is not so at all of them."""
    found: dict[YearRoom, list[str]] = {}
    for level, rooms in by_level.items():
        for room in dict.fromkeys(rooms):
            found.setdefault(room, []).append(level)
    for room, levels in found.items():
        at = () if len(levels) == len(by_level) else tuple(levels)
        yield replace(room, levels=at)
