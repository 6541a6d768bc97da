"""One person has one spouse: in every command, in files, and by the database itself."""

from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from tests.platform.counter import Counter

from gongji.people import person_facts
from gongji.people.bonds import (
    BondNumber,
    BondRecord,
    BondTerms,
    ask_bond,
    consent_to_bond,
    end_bond,
    give_bond,
    record_bond,
)
from gongji.people.person_facts import NewFact
from gongji.people.person_rows import get_person
from gongji.platform.actors import Actor
from gongji.refusals import Refusal

NOW = datetime(2026, 5, 1, 2, tzinfo=UTC)
Connection = psycopg.Connection[Any]


@pytest.fixture
def four(owner: Connection) -> list[str]:
    """Four persons, each with a name."""
    counter = Counter(owner, "532300")
    numbers = [counter.person(n) for n in (1, 2, 3, 4)]
    for number, name in zip(numbers, "甲乙丙丁", strict=True):
        owner.execute("update person set name = %s where psn_no = %s", [name, number])
    return numbers


def terms(numbers: list[str], other: int, relation: str = "spouse") -> BondTerms:
    return BondTerms(numbers[other], "甲乙丙丁"[other], relation)


def refused(code: str, act: Any, *given: Any, **more: Any) -> None:
    with pytest.raises(Refusal) as caught:
        act(*given, now=NOW, **more)
    assert caught.value.code == code, caught.value


def by(numbers: list[str], who: int) -> dict[str, Actor]:
    return {"actor": Actor.person(numbers[who])}


def test_two_spouses_are_refused_on_either_side(owner: Connection, four: list[str]) -> None:
    give_bond(owner, terms(four, 1), now=NOW, **by(four, 0))
    # 甲 pays for 乙 as a spouse. Neither is anybody else's spouse, on either side.
    refused("bond_second_spouse", give_bond, owner, terms(four, 2), **by(four, 0))
    refused("bond_second_spouse", give_bond, owner, terms(four, 1), **by(four, 2))
    refused("bond_second_spouse", give_bond, owner, terms(four, 2), **by(four, 1))
    refused("bond_second_spouse", give_bond, owner, terms(four, 0), **by(four, 3))
    refused("bond_second_spouse", ask_bond, owner, terms(four, 2), **by(four, 0))
    refused("bond_standing", ask_bond, owner, terms(four, 0), **by(four, 1))
    refused("bond_standing", give_bond, owner, terms(four, 1, "parent"), **by(four, 0))
    # The same two the other way round are the same marriage; other relations are free.
    give_bond(owner, terms(four, 0), now=NOW, **by(four, 1))
    give_bond(owner, terms(four, 2, "child"), now=NOW, **by(four, 0))
    record = BondRecord(four[3], "丁", four[1], "乙", "spouse", NOW.date())
    clerk = Actor.staff("c", "handler", "532300")
    refused("bond_second_spouse", record_bond, owner, record, actor=clerk)


def test_what_is_only_asked_binds_whoever_asked(owner: Connection, four: list[str]) -> None:
    ask_bond(owner, terms(four, 1), now=NOW, **by(four, 0))
    refused("bond_second_spouse", ask_bond, owner, terms(four, 2), **by(four, 0))
    # A stranger's request bars nobody: 乙 may be asked by 丙 too, and consents to one.
    ask_bond(owner, terms(four, 1), now=NOW, **by(four, 2))
    asked = [
        row[0]
        for row in owner.execute("select id from person_fact where kind = 'bond' order by id")
    ]
    consent_to_bond(owner, BondNumber(asked[0]), now=NOW, **by(four, 1))
    refused("bond_second_spouse", consent_to_bond, owner, BondNumber(asked[1]), **by(four, 1))
    (standing,) = [
        row[0]
        for row in owner.execute(
            "select id from person_fact where kind = 'bond' and retired_at is null"
            " and details->>'consented_on' < '9999'"
        )
    ]
    end_bond(owner, BondNumber(standing), now=NOW, **by(four, 1))
    consent_to_bond(owner, BondNumber(asked[1]), now=NOW, **by(four, 1))


def test_giving_what_was_asked_is_the_consent(owner: Connection, four: list[str]) -> None:
    ask_bond(owner, terms(four, 1), now=NOW, **by(four, 0))
    refused("bond_standing", give_bond, owner, terms(four, 0, "parent"), **by(four, 1))
    give_bond(owner, terms(four, 0), now=NOW, **by(four, 1))
    rows = owner.execute(
        "select key, details->>'consented_on', retired_at is null from person_fact"
        " where kind = 'bond' order by id"
    ).fetchall()
    assert rows == [(four[1], "9999-12-31", False), (four[1], "2026-05-01", True)]


PAIRS = {"two accounts": (0, 2), "two that are paid for": (3, 1), "on the other side": (1, 2)}
"""A second bond (person, owner) beside 甲's, whose care 乙 pays as a spouse."""


@pytest.mark.parametrize("name", PAIRS)
def test_the_database_refuses_it_by_itself(owner: Connection, four: list[str], name: str) -> None:
    def fact(person: int, key: int) -> NewFact:
        details = {"order": 1, "relation": "spouse", "consented_on": "2026-01-01"}
        who = get_person(owner, four[person])
        return NewFact(who.id, "532300", "bond", NOW.date(), four[key], None, details)

    person_facts.add(owner, [fact(0, 1)], NOW)
    with pytest.raises(Refusal) as caught:
        person_facts.add(owner, [fact(*PAIRS[name])], NOW)
    assert caught.value.code == "bond_second_spouse"
