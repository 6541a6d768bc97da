"""Persons and institutions as of two times, and identity numbers that nobody reads by accident."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import psycopg
import pytest

from gongji.institutions import institution_facts, institution_rows
from gongji.institutions.institution_facts import NewInstitutionFact
from gongji.ledger import balances
from gongji.people import person_facts, person_rows
from gongji.people.person_facts import NewFact
from gongji.platform.identity import (
    Identity,
    born_on,
    check_character,
    mask_name,
    mask_number,
    number_problem,
    sex_of,
)
from gongji.refusals import Fault, Refusal

Connection = psycopg.Connection[Any]
IDENTITY = Identity(b"i" * 32, b"l" * 32)
NUMBER = "990101198001010014"
PSN = "53230000000000000001"
HOSPITAL, ONLINE = "H53230000001", "H53230000002"
NOW = datetime(2025, 6, 1, 4, tzinfo=UTC)
LATER = NOW + timedelta(days=30)
DAY = date(2025, 3, 3)


@pytest.fixture
def person(owner: Connection) -> int:
    row = owner.execute(
        "insert into person (psn_no, area, name, certificate, certificate_hash, card_hash)"
        " values (%s, '532300', '测试·天枢', %s, %s, %s) returning id",
        [
            PSN,
            IDENTITY.encrypt(NUMBER),
            IDENTITY.lookup_hash("01", NUMBER),
            IDENTITY.lookup_hash("card", "99AB"),
        ],
    ).fetchone()
    assert row
    return int(row[0])


def insured(person: int, since: date, until: date | None = None, **details: Any) -> NewFact:
    return NewFact(
        person, "532300", "insured", since, until=until, details={"status": "active"} | details
    )


def test_a_sealed_number_opens_only_with_its_key_and_unaltered() -> None:
    sealed = IDENTITY.encrypt(NUMBER)
    assert NUMBER.encode() not in sealed and IDENTITY.encrypt(NUMBER) != sealed
    assert IDENTITY.decrypt(sealed) == NUMBER
    assert IDENTITY.decrypt(memoryview(sealed)) == NUMBER  # type: ignore[arg-type]
    altered = sealed[:-1] + bytes([sealed[-1] ^ 1])
    for wrong, key in ((altered, b"i"), (sealed, b"j"), (b"\x01" + sealed[1:], b"i"), (b"", b"i")):
        with pytest.raises(Fault):
            Identity(key * 32, b"l" * 32).decrypt(wrong)


def test_a_number_is_found_however_it_is_written_and_only_under_its_kind() -> None:
    made = IDENTITY.lookup_hash("01", "11010519491231002X")
    assert made == IDENTITY.lookup_hash("1", " 110105 19491231002x ")
    assert made == IDENTITY.lookup_hash("01", "１１０１０５１９４９１２３１００２Ｘ")
    assert made != IDENTITY.lookup_hash("card", "11010519491231002X")
    assert made != Identity(b"i" * 32, b"m" * 32).lookup_hash("01", "11010519491231002X")


def test_the_check_character_finds_a_slip() -> None:
    # The example of GB 11643.
    assert check_character("11010519491231002") == "X"
    assert number_problem("11010519491231002X") == ""
    assert "校验码" in number_problem("110105194912310021")
    assert "日期" in number_problem("11010519491331002X")
    assert "18 位" in number_problem("1101051949123100")
    assert (born_on(NUMBER), sex_of(NUMBER)) == (date(1980, 1, 1), "1")


def test_names_and_numbers_are_shown_masked() -> None:
    assert (mask_name("张三丰"), mask_name("")) == ("张*", "")
    assert mask_number("430501190001011234") == "4305**********1234"
    assert mask_number("12345678") == "*" * 8


def test_a_person_is_found_by_number_certificate_and_card(owner: Connection, person: int) -> None:
    for found in (
        person_rows.find_person(owner, PSN),
        person_rows.find_by_certificate(owner, IDENTITY, "1", NUMBER.lower()),
        person_rows.find_by_card(owner, IDENTITY, "99ab"),
    ):
        assert found and found.id == person and IDENTITY.decrypt(found.certificate) == NUMBER
    assert person_rows.find_by_certificate(owner, IDENTITY, "02", NUMBER) is None
    with pytest.raises(Refusal, match=r"5399\*+0009") as caught:
        person_rows.get_person(owner, "53990000000000000009")
    assert caught.value.code == "person_unknown"


def test_a_correction_keeps_what_was_known(
    owner: Connection, gateway: Connection, person: int
) -> None:
    (wrong,) = person_facts.add(gateway, [insured(person, date(2020, 1, 1))], NOW)
    person_facts.correct(gateway, wrong, insured(person, date(2020, 1, 1), status="retired"), LATER)

    def status(known_at: datetime | None) -> list[str]:
        found = person_facts.facts_at(gateway, [person], DAY, known_at, ["insured"])[person]
        return [fact.read().status for fact in found]

    assert status(None) == status(LATER) == ["retired"]
    assert status(NOW) == status(LATER - timedelta(seconds=1)) == ["active"]
    assert status(NOW - timedelta(seconds=1)) == []
    assert [fact.since for fact in person_facts.history(gateway, [person])[person]] == [
        date(2020, 1, 1)
    ]


def test_a_correction_that_overlaps_leaves_the_old_fact(gateway: Connection, person: int) -> None:
    first, second = person_facts.add(
        gateway,
        [
            insured(person, date(2020, 1, 1), date(2024, 1, 1)),
            insured(person, date(2024, 1, 1)),
        ],
        NOW,
    )
    with pytest.raises(Refusal) as caught:
        person_facts.correct(gateway, first, insured(person, date(2020, 1, 1)), LATER)
    assert caught.value.code == "fact_overlaps" and "2024-01-01" in str(caught.value)
    assert [fact.id for fact in person_facts.history(gateway, [person])[person]] == [first, second]
    with pytest.raises(Refusal, match="重叠"):
        person_facts.add(
            gateway,
            [
                insured(person, date(2019, 1, 1), date(2019, 3, 1)),
                insured(person, date(2019, 2, 1), date(2019, 4, 1)),
            ],
            NOW,
        )


def test_facts_hold_from_their_first_day_to_the_day_before_until(
    gateway: Connection, person: int
) -> None:
    person_facts.add(gateway, [insured(person, date(2025, 1, 1), date(2025, 2, 1))], NOW)
    days = [date(2024, 12, 31), date(2025, 1, 1), date(2025, 1, 31), date(2025, 2, 1)]
    held = [len(person_facts.facts_at(gateway, [person], day)[person]) for day in days]
    assert held == [0, 1, 1, 0]


def test_details_that_are_not_of_the_kind_are_refused(gateway: Connection, person: int) -> None:
    bad: list[dict[str, Any]] = [{"status": "asleep"}, {"status": "active", "colour": "red"}]
    for details in bad:
        with pytest.raises(msgspec.ValidationError):
            person_facts.add(gateway, [insured(person, DAY, None, **details)], NOW)
    assert person_facts.add(gateway, [], NOW) == []


def test_spells_say_what_is_over_and_what_is_paused(gateway: Connection, person: int) -> None:
    person_facts.add(
        gateway,
        [
            insured(person, date(2020, 1, 1), date(2024, 1, 1), employer="测试单位"),
            insured(person, date(2024, 1, 1), arrears=True, scheme="flexible", tier="2"),
        ],
        NOW,
    )
    now, before = person_facts.spells(gateway, person, DAY)
    assert (now.paused, now.ended, now.scheme, now.tier) == (True, False, "flexible", "2")
    assert (before.paused, before.ended, before.employer) == (False, True, "测试单位")


def test_a_balance_that_never_was_is_nothing(owner: Connection, person: int) -> None:
    assert balances.find_balance(owner, "532300", person) == 0
    owner.execute(
        "insert into balance (area, person, kind, amount_fen)"
        " values ('532300', %s, 'account', 12345)",
        [person],
    )
    assert balances.find_balance(owner, "532300", person) == 12345


@pytest.fixture
def places(owner: Connection) -> Connection:
    for code, name in ((HOSPITAL, "测试县医院"), (ONLINE, "测试县医院互联网医院")):
        owner.execute(
            "insert into institution (code, area, name, kind)"
            " values (%s, '532300', %s, 'hospital')",
            [code, name],
        )
    institution_facts.add(
        owner,
        [
            NewInstitutionFact(HOSPITAL, "level", date(2022, 1, 1), details={"level": "3"}),
            NewInstitutionFact(
                ONLINE, "level", date(2022, 1, 1), details={"level": "", "parent": HOSPITAL}
            ),
            NewInstitutionFact(
                HOSPITAL,
                "agreement",
                date(2022, 1, 1),
                until=date(2025, 7, 1),
                details={"designated_for": ["ordinary", "chronic"]},
            ),
        ],
        NOW,
    )
    return owner


def test_an_internet_hospital_has_the_level_of_the_physical_one(places: Connection) -> None:
    found = institution_facts.standings(places, [ONLINE, "H00000000000"], DAY)
    assert list(found) == [ONLINE]
    assert (found[ONLINE].level, found[ONLINE].parent) == ("3", HOSPITAL)
    assert not found[ONLINE].designated_for


def test_an_agreement_designates_while_it_holds(places: Connection) -> None:
    during = institution_facts.standings(places, [HOSPITAL], DAY)[HOSPITAL]
    assert during.designated_for == {"ordinary", "chronic"} and during.qualified
    after = institution_facts.standings(places, [HOSPITAL], date(2025, 7, 1))[HOSPITAL]
    assert not after.designated_for and not after.qualified and after.level == "3"


def test_a_corrected_level_keeps_what_was_known(places: Connection) -> None:
    (old,) = institution_facts.facts_at(places, [HOSPITAL], DAY, kinds=["level"])[HOSPITAL]
    right = NewInstitutionFact(HOSPITAL, "level", date(2022, 1, 1), details={"level": "2"})
    institution_facts.correct(places, old.id, right, LATER)
    levels = [
        institution_facts.standings(places, [HOSPITAL], DAY, at)[HOSPITAL].level
        for at in (None, NOW)
    ]
    assert levels == ["2", "3"]


def test_an_unknown_institution_is_refused(places: Connection) -> None:
    assert institution_rows.get_institution(places, HOSPITAL).name == "测试县医院"
    with pytest.raises(Refusal) as caught:
        institution_rows.get_institution(places, "H99999999999")
    assert caught.value.code == "institution_unknown"
