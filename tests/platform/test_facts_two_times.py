"""The two times of every fact at their boundaries: the days it holds on, the instants it is known.

A fact holds from `since` to the day before `until`; it is known from `learnt_at` to the instant
before `retired_at`.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

import psycopg
import pytest
from tests import databases
from tests.platform.county_files import (
    AREA,
    HERE,
    IDENTITY,
    KEYS,
    NOW,
    SINCE,
    STORED,
    THERE,
    UNTIL,
    Connection,
    fill,
    psn,
)

from gongji.catalogue.items import load_items
from gongji.institutions import institution_facts
from gongji.institutions.institution_facts import NewInstitutionFact
from gongji.institutions.institution_kinds import INSTITUTION_KINDS
from gongji.people import person_facts, person_rows
from gongji.people.person_facts import NewFact
from gongji.people.person_kinds import PERSON_KINDS
from gongji.platform.identity import Identity
from gongji.refusals import Refusal

ONE_DAY, ONE_MOMENT = timedelta(days=1), timedelta(microseconds=1)
RETIRED = NOW + timedelta(days=40)
DAYS = {SINCE - ONE_DAY: 0, SINCE: 1, UNTIL - ONE_DAY: 1, UNTIL: 0}
"""Whether a fact from SINCE to UNTIL holds on a day."""
INSTANTS = {NOW - ONE_MOMENT: 0, NOW: 1, RETIRED - ONE_MOMENT: 1, RETIRED: 0}
"""Whether what was learnt at NOW and retired at RETIRED is known at an instant."""
ITEM = "X0000000001"


@pytest.fixture(scope="module")
def county(server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    """Every kind imported once, for tests that only look or take back what they do."""
    with databases.copy(server) as address, psycopg.connect(address, autocommit=True) as owner:
        fill(owner, tmp_path_factory.mktemp("files"))
        yield owner


def one(owner: Connection, order: int = 1) -> int:
    """The id of a person."""
    found = person_rows.find_person(owner, psn(order))
    assert found
    return found.id


@pytest.mark.parametrize("kind", [*PERSON_KINDS])
def test_a_fact_of_a_person_holds_and_is_known_between_its_two_times(
    county: Connection, kind: str
) -> None:
    person = one(county)
    since, until = {
        "birth": (date(1900, 1, 1), None),
        "stay": (date(2025, 2, 1), date(2025, 2, 9)),
    }.get(kind, (SINCE, UNTIL))
    days = {since - ONE_DAY: 0, since: 1} | ({until - ONE_DAY: 1, until: 0} if until else {})
    held = {
        day: len(person_facts.facts_at(county, [person], day, kinds=[kind])[person]) for day in days
    }
    assert held == days
    with county.transaction(force_rollback=True):
        county.execute("update person_fact set retired_at = %s where kind = %s", [RETIRED, kind])
        known = {
            at: len(person_facts.facts_at(county, [person], since, at, [kind])[person])
            for at in INSTANTS
        }
        ever = {
            at: len(person_facts.history(county, [person], at, [kind])[person]) for at in INSTANTS
        }
        now = person_facts.facts_at(county, [person], since, kinds=[kind])[person]
    assert known == ever == INSTANTS and now == []


@pytest.mark.parametrize("kind", [*INSTITUTION_KINDS])
def test_a_fact_of_an_institution_holds_and_is_known_between_its_two_times(
    county: Connection, kind: str
) -> None:
    code = {"agreement": "P53230000003"}.get(kind, HERE)

    def found(day: date | None, at: datetime | None = None) -> int:
        return len(institution_facts.facts_at(county, [code], day, at, [kind])[code])

    assert {day: found(day) for day in DAYS} == DAYS and found(None) == 1
    with county.transaction(force_rollback=True):
        county.execute("update institution_fact set retired_at = %s", [RETIRED])
        assert {at: found(SINCE, at) for at in INSTANTS} == INSTANTS
        assert found(SINCE) == found(None) == 0


def test_a_version_of_an_item_is_the_one_of_its_days_and_known_until_it_is_retired(
    county: Connection,
) -> None:
    def found(day: date) -> int:
        items = load_items(county, [(AREA, ITEM), (AREA, ITEM), (AREA, "other")])
        try:
            return int(items.find(AREA, ITEM, day) is not None)
        except Refusal as refusal:
            assert refusal.code == "item_outside_dates"
            assert "2024-02-01 至 2025-07-01（不含）" in str(refusal)
            return 0

    assert {day: found(day) for day in DAYS} == DAYS
    items = load_items(county, [(AREA, ITEM)])
    assert items.find(AREA, "other", SINCE) is None and items.find("430500", ITEM, SINCE) is None
    version = items.find(AREA, ITEM, SINCE)
    assert version and version.standards_fen == (1002, 1003, 1004)
    ends = date(2025, 6, 30)
    assert [version.in_agreement(day) for day in (ends - ONE_DAY, ends)] == [True, False]
    with county.transaction(force_rollback=True):
        county.execute("update item_version set retired_at = %s", [RETIRED])
        assert load_items(county, [(AREA, ITEM)]).find(AREA, ITEM, SINCE) is None
    with county.transaction(force_rollback=True):
        county.execute("set local session_replication_role = replica")
        county.execute("update item_version set until = null, agreement_until = null")
        lasting = load_items(county, [(AREA, ITEM)])
        found_last = lasting.find(AREA, ITEM, date(2999, 1, 1))
        assert found_last and found_last.in_agreement(date(2999, 1, 1))
        with pytest.raises(Refusal, match="2024-02-01 起"):
            lasting.find(AREA, ITEM, SINCE - ONE_DAY)


def test_versions_follow_each_other_without_a_day_between(county: Connection) -> None:
    with county.transaction(force_rollback=True):
        county.execute(
            "insert into item_version (area, item, name, list_type, charge_type, since, grade,"
            " diseases) values (%s, %s, '后来', '101', '09', %s, '甲', '{}')",
            [AREA, ITEM, UNTIL],
        )
        items = load_items(county, [(AREA, ITEM)])
        before, after = (items.find(AREA, ITEM, day) for day in (UNTIL - ONE_DAY, UNTIL))
        assert before and after and (before.name, after.name) == ("测试药", "后来")


def test_only_asked_kinds_and_persons_are_given_in_their_order(county: Connection) -> None:
    mine, other = one(county), one(county, 2)
    found = person_facts.facts_at(county, [other, mine], SINCE)
    assert list(found) == [other, mine]
    assert [fact.kind for fact in found[other]] == ["birth"]
    kinds = [fact.kind for fact in found[mine]]
    assert kinds == sorted(set(PERSON_KINDS) - {"stay"})
    assert all(fact.key == KEYS.get(fact.kind, "") for fact in found[mine])
    chosen = person_facts.facts_at(county, [mine], SINCE, kinds=["bond", "insured"])[mine]
    assert [fact.kind for fact in chosen] == ["bond", "insured"]
    assert person_facts.facts_at(county, [mine], SINCE, kinds=[])[mine] == []
    read = chosen[1].read()
    assert {name: getattr(read, name) for name in STORED["insured"]} == STORED["insured"]


@pytest.mark.parametrize(("day", "over"), [(UNTIL - ONE_DAY, False), (UNTIL, True)])
def test_a_spell_is_over_from_the_first_day_after(
    county: Connection, day: date, over: bool
) -> None:
    (spell,) = person_facts.spells(county, one(county), day)
    assert spell == person_facts.Spell(
        AREA,
        SINCE,
        UNTIL,
        "retired",
        "flexible",
        "2",
        "测试单位",
        "2024-03-01",
        "2025-06-01",
        True,
        over,
    )


def test_a_spell_that_was_not_yet_known_is_not_told(county: Connection) -> None:
    known = [
        len(person_facts.spells(county, one(county), SINCE, at)) for at in (NOW - ONE_MOMENT, NOW)
    ]
    assert known == [0, 1]


def test_a_standing_is_of_the_day_and_of_what_was_known(county: Connection) -> None:
    shop = "P53230000003"

    def standing(day: date, at: datetime | None = None) -> tuple[frozenset[str], bool]:
        found = institution_facts.standings(county, [shop], day, at)[shop]
        return found.designated_for, found.qualified

    granted = (frozenset({"emergency", "chronic", "negotiated_drug"}), False)
    nothing: tuple[frozenset[str], bool] = (frozenset(), False)
    assert [standing(day) for day in DAYS] == [nothing, granted, granted, nothing]
    assert [standing(SINCE, at) for at in (NOW - ONE_MOMENT, NOW)] == [nothing, granted]
    both = institution_facts.standings(county, [HERE, THERE], SINCE)
    levels = {code: found.level for code, found in both.items()}
    assert levels == {HERE: "3", THERE: "3"}
    alone = institution_facts.standings(county, [THERE], SINCE)
    assert list(alone) == [THERE] and (alone[THERE].level, alone[THERE].parent) == ("3", HERE)
    assert institution_facts.standings(county, [THERE], SINCE - ONE_DAY)[THERE].level == ""


def test_an_own_level_counts_before_that_of_the_parent(county: Connection) -> None:
    with county.transaction(force_rollback=True):
        (known,) = institution_facts.facts_at(county, [THERE], SINCE, kinds=["level"])[THERE]
        right = NewInstitutionFact(THERE, "level", SINCE, details={"level": "1", "parent": HERE})
        institution_facts.correct(county, known.id, right, NOW)
        assert institution_facts.standings(county, [THERE], SINCE)[THERE].level == "1"


@pytest.mark.parametrize(
    ("since", "until", "fits"),
    [
        (UNTIL, None, True),
        (UNTIL - ONE_DAY, None, False),
        (SINCE - ONE_DAY, SINCE, True),
        (SINCE - ONE_DAY, SINCE + ONE_DAY, False),
        (SINCE - ONE_DAY, None, False),
    ],
)
def test_facts_of_one_kind_may_touch_but_not_overlap_by_a_day(
    county: Connection, since: date, until: date | None, fits: bool
) -> None:
    with county.transaction(force_rollback=True):
        new = [NewFact(one(county), AREA, "account", since, until=until)]
        if fits:
            assert len(person_facts.add(county, new, NOW)) == 1
        else:
            with pytest.raises(Refusal) as caught:
                person_facts.add(county, new, NOW)
            assert caught.value.code == "fact_overlaps"
            assert "2024-02-01" in str(caught.value) and "2025-07-01" in str(caught.value)
        # Another person's, another kind's or another key's fact is no hindrance.
        free = [
            NewFact(one(county, 2), AREA, "account", since, until=until),
            NewFact(one(county), AREA, "offsite", since, "430100", until),
        ]
        assert len(person_facts.add(county, free, NOW)) == 2


def test_what_is_retired_is_no_hindrance_and_retires_once(county: Connection) -> None:
    person = one(county)
    with county.transaction(force_rollback=True):
        (known,) = person_facts.facts_at(county, [person], SINCE, kinds=["account"])[person]
        person_facts.retire(county, [known.id], RETIRED)
        person_facts.retire(county, [known.id], RETIRED + ONE_DAY)
        row = county.execute("select retired_at from person_fact where id = %s", [known.id])
        assert row.fetchone() == (RETIRED,)
        new = NewFact(person, AREA, "account", SINCE)
        (made,) = person_facts.add(county, [new], RETIRED)
        assert made > known.id


def test_a_clock_that_goes_back_never_retires_before_it_learnt(county: Connection) -> None:
    person, early = one(county), NOW - timedelta(hours=1)
    with county.transaction(force_rollback=True):
        (known,) = person_facts.facts_at(county, [person], SINCE, kinds=["account"])[person]
        person_facts.retire(county, [known.id], early)
        (level,) = institution_facts.facts_at(county, [HERE], SINCE, kinds=["level"])[HERE]
        right = NewInstitutionFact(HERE, "level", SINCE, details={"level": "1"})
        institution_facts.correct(county, level.id, right, early)
        for table, number in (("person_fact", known.id), ("institution_fact", level.id)):
            found = f"select learnt_at, retired_at from {table} where id = %s"
            assert county.execute(found, [number]).fetchone() == (NOW, NOW)


def test_of_several_facts_the_one_that_overlaps_is_named(county: Connection) -> None:
    person = one(county)
    with county.transaction(force_rollback=True):
        fine = NewFact(person, AREA, "subsidy", UNTIL, details={"subsidy": "veteran"})
        wrong = NewFact(person, AREA, "offsite", SINCE, "510100")
        with pytest.raises(Refusal) as caught:
            person_facts.add(county, [fine, wrong], NOW)
        assert (caught.value.code, caught.value.field) == ("fact_overlaps", "510100")


def test_added_facts_of_institutions_have_every_field_and_ids_in_their_order(
    county: Connection,
) -> None:
    assert institution_facts.add(county, [], NOW) == []
    with county.transaction(force_rollback=True):
        first, second = institution_facts.add(
            county,
            [
                NewInstitutionFact(HERE, "agreement", SINCE, until=UNTIL),
                NewInstitutionFact(THERE, "agreement", SINCE, source="测试"),
            ],
            NOW,
        )
        rows = county.execute(
            "select id, institution, until, learnt_at, details, source from institution_fact"
            " where id = any(%s) order by id",
            [[first, second]],
        ).fetchall()
    whole = {"designated_for": ["ordinary"], "qualified": True}
    assert rows == [
        (first, HERE, UNTIL, NOW, whole, ""),
        (second, THERE, None, NOW, whole, "测试"),
    ]


WALLS = {
    "person_fact": "insert into person_fact (person_id, area, kind, since, until, learnt_at)"
    " select person_id, area, kind, since, until, %s from person_fact where kind = 'account'",
    "institution_fact": "insert into institution_fact (institution, kind, since, until, learnt_at)"
    " select institution, kind, since, until, %s from institution_fact where kind = 'level'",
    "item_version": "insert into item_version (area, item, name, list_type, charge_type, since,"
    " until, learnt_at, grade, diseases) select area, item, name, list_type, charge_type, since,"
    " until, %s, grade, diseases from item_version",
}


@pytest.mark.parametrize("table", WALLS)
def test_the_database_allows_no_overlap_in_both_times(county: Connection, table: str) -> None:
    with county.transaction(force_rollback=True):
        with pytest.raises(psycopg.errors.ExclusionViolation), county.transaction():
            county.execute(WALLS[table], [RETIRED])
        county.execute(f"update {table} set retired_at = %s", [RETIRED])
        with pytest.raises(psycopg.errors.ExclusionViolation), county.transaction():
            county.execute(WALLS[table], [RETIRED - ONE_MOMENT])
        county.execute(WALLS[table], [RETIRED])


CHANGES = (
    "update {} set details = '{{\"x\": 1}}'",
    "update {} set since = since - 1",
    "update {} set until = null",
    "update {} set learnt_at = learnt_at - interval '1 day'",
    "update {} set kind = 'other'",
    "update {} set key = 'other'",
    "update {} set source = 'x'",
    "delete from {}",
)


@pytest.mark.parametrize("table", ["person_fact", "institution_fact"])
def test_a_fact_is_never_changed_revived_or_deleted(county: Connection, table: str) -> None:
    with county.transaction(force_rollback=True):
        for change in CHANGES:
            with pytest.raises(psycopg.errors.RestrictViolation), county.transaction():
                county.execute(change.format(table))
        county.execute(f"update {table} set retired_at = %s", [RETIRED])
        for at in (None, RETIRED + ONE_DAY):
            with pytest.raises(psycopg.errors.RestrictViolation), county.transaction():
                county.execute(f"update {table} set retired_at = %s", [at])


@pytest.mark.parametrize("table", ["person_fact", "institution_fact"])
def test_a_fact_holds_for_a_day_at_least(county: Connection, table: str) -> None:
    statement = {
        "person_fact": "insert into person_fact (person_id, area, kind, since, until)"
        " select id, area, 'selection', %s, %s from person where psn_no like '%%2'",
        "institution_fact": "insert into institution_fact (institution, kind, since, until)"
        " select code, 'agreement', %s, %s from institution where code like 'H%%2'",
    }[table]
    with county.transaction(force_rollback=True):
        for until in (SINCE, SINCE - ONE_DAY):
            wrong = (psycopg.errors.CheckViolation, psycopg.errors.DataException)
            with pytest.raises(wrong), county.transaction():
                county.execute(statement, [SINCE, until])
        assert county.execute(statement, [SINCE, SINCE + ONE_DAY]).rowcount == 1


def test_numbers_are_found_with_the_lookup_key_of_the_installation_only(
    county: Connection,
) -> None:
    other = Identity(b"i" * 32, b"m" * 32)
    assert person_rows.find_by_card(county, other, "CARD001") is None
    assert person_rows.find_by_certificate(county, other, "07", "TESTPASS02") is None
    found = person_rows.find_by_certificate(county, IDENTITY, "7", "testpass02")
    assert found and found.psn_no == psn(2)
