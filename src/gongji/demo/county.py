"""Five made-up counties, one of each area, written by COPY and deterministic by their seed.

Opening balances and stays go through the ledger like anybody's. The days of the demonstration lie
in 2025 (`gongji.demo.figures`). Only an empty registry is filled.
"""

import random
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from psycopg import Connection, sql

from gongji.catalogue.import_catalogue import ITEM_MATCH, ITEM_VERSION
from gongji.demo.figures import AREAS, PARAMETERS, YEAR_BEGINS
from gongji.demo.institutions import DemoPlaces, places
from gongji.demo.items import goods
from gongji.demo.people import Folk, folk
from gongji.institutions import institution_facts
from gongji.law.engine.areas import Areas
from gongji.ledger.openings import OpeningBalance, enter
from gongji.platform.actors import Actor
from gongji.platform.identity import CARD, RESIDENT, Identity
from gongji.settlement.stays import StayReport, record_stays

Database = Connection[Any]
MATCHED = 60
"""So many items of the catalogue are matched by each hospital."""
_PERSON = (
    "id",
    "psn_no",
    "area",
    "name",
    "sex",
    "certificate",
    "certificate_hash",
    "card_hash",
    "learnt_at",
)
MADE_BY = Actor.operator("demo")
"""Who entered what is made up."""
_FACT = ("person_id", "area", "kind", "key", "since", "until", "details", "source", "learnt_at")
SOURCE = "演示"


def fill(
    connection: Database,
    identity: Identity,
    seed: int,
    people: int,
    now: datetime,
    areas: Sequence[str] = tuple(AREAS),
) -> dict[str, int]:
    """Make up the counties, all or nothing; known from `now` on.

    Shape:   `people` in each area.
    Returns: how many rows of each table were written.
    """
    counts: dict[str, int] = {}
    laws = Areas(parameters=PARAMETERS)
    with connection.transaction():
        for number, area in enumerate(areas, start=1):
            made = places(area, AREAS[area], random.Random(f"{seed}-{area}-places"))
            _enter_places(connection, identity, made, now)
            items = _enter_goods(connection, area, made, seed, now)
            region = f"9901{number:02d}"
            persons = folk(area, region, people, made.hospitals, seed)
            facts = _enter_people(connection, identity, persons, now)
            added = {
                "institution": len(made.rows),
                "item_version": items,
                "person": len(persons),
                "person_fact": facts,
                "opening": _enter_balances(connection, persons, laws, seed, now),
                "stay": _enter_stays(connection, persons, made, laws, now),
            }
            counts = {name: counts.get(name, 0) + count for name, count in added.items()}
        connection.execute("analyze person, person_fact, item_version, balance")
    return counts


def copy_into(
    connection: Database, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Rows by COPY."""
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    statement = sql.SQL("copy {} ({}) from stdin").format(sql.Identifier(table), names)
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def _enter_places(
    connection: Database, identity: Identity, made: DemoPlaces, now: datetime
) -> None:
    columns = ("code", "area", "name", "kind", "grade", "uscc")
    copy_into(connection, "institution", columns, made.rows)
    institution_facts.add(connection, made.facts, now)
    sealed = ((key, code, identity.encrypt(secret), now) for key, code, secret in made.credentials)
    copy_into(connection, "credential", ("access_key", "institution", "secret", "since"), sealed)


def _enter_goods(
    connection: Database, area: str, made: DemoPlaces, seed: int, now: datetime
) -> int:
    own, national = random.Random(f"{seed}-{area}-goods"), random.Random(f"{seed}-goods")
    versions = list(goods(area, own, national))
    columns = ITEM_VERSION.columns
    rows = [(*(version[name] for name in columns), now) for version in versions]
    copy_into(connection, "item_version", (*columns, "learnt_at"), rows)
    lasting = [version for version in versions if version["until"] is None][:MATCHED]
    matches = (
        (
            code,
            f"OWN-{one['item']}",
            one["since"],
            one["name"],
            one["list_type"],
            one["item"],
            None,
            now,
        )
        for code in made.hospitals
        for one in lasting
    )
    copy_into(connection, "item_match", (*ITEM_MATCH.columns, "learnt_at"), matches)
    return len(versions)


def _enter_people(
    connection: Database, identity: Identity, persons: Sequence[Folk], now: datetime
) -> int:
    ids = [
        row[0]
        for row in connection.execute(
            "select nextval(pg_get_serial_sequence('person', 'id')) from generate_series(1, %s)",
            [len(persons)],
        )
    ]

    def rows() -> Iterable[tuple[Any, ...]]:
        for number, one in zip(ids, persons, strict=True):
            yield (
                number,
                one.psn_no,
                one.area,
                one.name,
                one.sex,
                identity.encrypt(one.number),
                identity.lookup_hash(RESIDENT, one.number),
                identity.lookup_hash(CARD, f"99{one.psn_no}"),
                now,
            )

    copy_into(connection, "person", _PERSON, rows())
    facts = [
        (number, one.area, kind, key, since, until, details, SOURCE, now)
        for number, one in zip(ids, persons, strict=True)
        for kind, key, since, until, details in one.facts
    ]
    copy_into(connection, "person_fact", _FACT, facts)
    return len(facts)


def _enter_balances(
    connection: Database, persons: Sequence[Folk], areas: Areas, seed: int, now: datetime
) -> int:
    """What was on the accounts when the year began; some are empty."""
    rng = random.Random(f"{seed}-{persons[0].area}-balances")
    balances = []
    for one in persons:
        amount = int(rng.lognormvariate(11.3, 1.0)) if rng.random() < 0.94 else 0
        if one.has_account and amount:
            row = OpeningBalance(one.psn_no, one.area, YEAR_BEGINS, "account", amount)
            balances.append(row)
    return enter(connection, balances, areas.area, now, actor=MADE_BY)


STAYS = (
    (date(2025, 1, 6), date(2025, 1, 15), "3", 0),
    (date(2025, 1, 20), date(2025, 1, 24), "2", 2),
    (date(2025, 2, 25), None, "3", 0),
    (date(2025, 3, 1), None, "2", 2),
)
"""Made-up stays: since, until, level, which hospital; two last over the first demonstration day."""


def _enter_stays(
    connection: Database, persons: Sequence[Folk], made: DemoPlaces, areas: Areas, now: datetime
) -> int:
    """A few people are or were in hospital; what that used of shared meters is in the ledger."""
    reports = [
        StayReport(
            psn_no=one.psn_no,
            area=one.area,
            number=f"ZY{one.psn_no[-8:]}",
            since=since,
            until=until,
            institution=made.hospitals[hospital],
            level=level,
            deductible_fen=80_000 if until else 0,
            pool_fen=560_000 if until else 0,
            total_fen=800_000 if until else 0,
        )
        for one, (since, until, level, hospital) in zip(persons[-len(STAYS) :], STAYS, strict=False)
    ]
    record_stays(connection, reports, areas, now, actor=MADE_BY)
    return len(reports)
