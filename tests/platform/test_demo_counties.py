"""The made-up counties: the same for a seed, in the rules' time, sound in journal and identity."""

from datetime import UTC, date, datetime
from typing import Any

import psycopg
import pytest

import crowd
from gongji.demo import figures
from gongji.demo.county import fill
from gongji.demo.items import DISEASES
from gongji.demo.people import OFFERED
from gongji.institutions.institution_facts import standings
from gongji.law.compile.cells import offered_benefits
from gongji.law.engine.areas import Areas
from gongji.ledger.verify import verify
from gongji.people.person_facts import facts_at
from gongji.people.person_kinds import EXCLUSIVE, PERSON_KINDS
from gongji.people.person_rows import find_by_card, find_by_certificate
from gongji.platform.identity import Identity, number_problem
from gongji.platform.inbox import INSTITUTION, Key
from gongji.refusals import RulebookError
from gongji.settlement.contract import OWN_ACCOUNT, Request
from gongji.settlement.settle import settle
from gongji.units import day_of

Connection = psycopg.Connection[Any]
IDENTITY = Identity(b"i" * 32, b"l" * 32)
NOW = datetime(2025, 1, 2, 1, tzinfo=UTC)
DAY = date(2025, 3, 3)
PEOPLE = 120


def rows(connection: Connection, statement: str) -> list[Any]:
    return connection.execute(statement).fetchall()


def contents(connection: Connection) -> list[Any]:
    """Everything that the seed decides; sealed texts have a nonce of their own."""
    return [
        rows(connection, "select psn_no, name, sex, certificate_hash from person order by 1"),
        rows(
            connection,
            "select p.psn_no, f.kind, f.key, f.since, f.until, f.details::text"
            " from person_fact f join person p on p.id = f.person_id order by 1, 2, 3, 4",
        ),
        rows(
            connection,
            "select area, item, since, grade, standard_fen, listing_fen"
            " from item_version order by 1, 2, 3",
        ),
        rows(connection, "select code, name from institution order by 1"),
        rows(
            connection,
            "select b.area, p.psn_no, b.amount_fen from balance b"
            " join person p on p.id = b.person order by 1, 2",
        ),
    ]


@pytest.fixture
def counties(owner: Connection) -> Connection:
    fill(owner, IDENTITY, 7, PEOPLE, NOW)
    return owner


def test_the_counties_are_sound(counties: Connection) -> None:
    """People, facts, places and catalogue; one fill for all, because filling takes a while."""
    people = rows(counties, "select id, psn_no, area, certificate, name from person")
    assert len(people) == PEOPLE * len(figures.AREAS)
    numbers = [IDENTITY.decrypt(row[3]) for row in people]
    assert not any(map(number_problem, numbers)) and len(set(numbers)) == len(numbers)
    assert all(number.startswith("9901") for number in numbers)
    found = find_by_certificate(counties, IDENTITY, "01", numbers[3])
    assert found and found.id == people[3][0]
    card = find_by_card(counties, IDENTITY, f"99{people[5][1]}")
    assert card and card.id == people[5][0]
    for of_one in facts_at(counties, [row[0] for row in people], DAY).values():
        kinds = [fact.kind for fact in of_one]
        assert {"birth", "insured"} <= set(kinds)
        assert all(kinds.count(kind) == 1 for kind in EXCLUSIVE & set(kinds))
        assert all(isinstance(fact.read(), PERSON_KINDS[fact.kind]) for fact in of_one)
    assert rows(counties, "select count(*) from item_version where agreement_until <= '2025-01-01'")
    classes = rows(counties, "select distinct grade from item_version")
    assert {row[0] for row in classes} == {"甲", "乙", "丙"}
    codes = [row[0] for row in rows(counties, "select code from institution")]
    everywhere = standings(counties, codes, DAY)
    for area in figures.AREAS:
        here = [standing for standing in everywhere.values() if standing.area == area]
        assert {s.level for s in here if s.kind == "hospital"} == {"1", "2", "3"}
        assert any(s.parent and s.level == "3" for s in here)
        assert any(not s.designated_for for s in here)
        assert {s.qualified for s in here if s.kind == "pharmacy"} == {True, False}
    assert list(verify(counties)) == []


def test_a_seed_makes_the_same_counties_and_another_seed_others(
    owner: Connection, server: str
) -> None:
    def made(seed: int) -> list[Any]:
        with owner.transaction(force_rollback=True):
            fill(owner, IDENTITY, seed, 40, NOW, ["445300"])
            return contents(owner)

    first = made(1)
    assert made(1) == first
    assert made(2) != first


@pytest.mark.parametrize("area", figures.AREAS)
def test_the_rules_are_in_force_all_the_demonstration_and_know_its_benefits(area: str) -> None:
    rules = Areas(parameters=figures.PARAMETERS)
    for day in (figures.FIRST_DAY, figures.LAST_DAY):
        law = rules.area(area).law(day_of(day))
        assert set(OFFERED[area]) <= {law.benefits[name] for name in offered_benefits(law)}
    assert all(key in DISEASES for keys in OFFERED[area].values() for key in keys)


def test_the_figures_of_the_demonstration_can_be_given_by_the_environment() -> None:
    from gongji.platform.environment import parameters_of

    assert parameters_of(figures.parameters_text()) == figures.PARAMETERS


def test_a_crowd_settles_and_its_journal_agrees(owner: Connection, gateway: Connection) -> None:
    rules = Areas()
    made = crowd.fill(
        owner, rules.area("532300"), persons=30, settlements=70, pending=5, whole=True
    )
    first = made["first_pending"]
    number = 1 + (first - 1) % 30
    institution = f"H532300{1 + first % crowd.HOSPITALS:05d}"
    request = Request(
        Key(INSTITUTION, institution, "M1", "2207", {}),
        f"532300{number:014d}",
        "outpatient",
        crowd.TOTAL_FEN,
        OWN_ACCOUNT,
        visit=first,
        batch="1",
    )
    (outcome,) = settle(gateway, [request], rules, datetime(2025, 3, 3, 4, tzinfo=UTC))
    assert outcome.refusal is None and outcome.entry.settlement.pool_fen > 0
    used = "select used_fen from meter_use where code = 'ordinary_paid' and person = %s"
    row = owner.execute(used, [number]).fetchone()
    earlier = sum(1 for k in range(1, 71) if 1 + (k - 1) % 30 == number)
    assert row and row[0] == earlier * crowd.POOL_FEN + outcome.entry.settlement.pool_fen
    assert list(verify(owner)) == []
    with pytest.raises(psycopg.errors.ExclusionViolation):
        owner.execute(
            "insert into person_fact (person_id, area, kind, since)"
            " values (1, '532300', 'insured', '2021-01-01')"
        )


def test_only_an_empty_registry_is_filled(owner: Connection) -> None:
    fill(owner, IDENTITY, 7, 5, NOW, ["430500"])
    with pytest.raises((psycopg.errors.UniqueViolation, RulebookError)):
        fill(owner, IDENTITY, 7, 5, NOW, ["430500"])
    assert rows(owner, "select count(*) from person") == [(5,)]
