"""A fact at the counter is declared once: who tells it, how it is read; all else follows."""

from collections import Counter as Counted
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb
from tests.platform.counter import AREAS, NOW, RULES, Counter, day_of, refused
from tests.platform.test_settle_other_rules import FOLDER

from gongji.law.checks.library import Library
from gongji.law.engine.areas import Areas
from gongji.law.rulebook.vocabulary import DERIVED, FACTS
from gongji.refusals import Refusal
from gongji.settlement import counter_facts
from gongji.settlement.counter_facts import COUNTER_FACTS, PLACE, CounterFact, CounterFacts
from gongji.settlement.facts_today import Places, read_registry, visit_today
from gongji.settlement.settle import settle
from gongji.units import day_of as number_of

Connection = psycopg.Connection[Any]
SERVICE = day_of("2024-06-05")


def test_every_fact_of_the_vocabulary_is_declared_once_or_worked_out() -> None:
    declared = Counted(fact.column for fact in COUNTER_FACTS.facts)
    assert set(declared.values()) == {1}
    known = {fact.column for fact in FACTS.values()}
    assert known - set(declared) == set(DERIVED) - set(declared) | {"date"}
    sources = {column for columns in DERIVED.values() for column in columns}
    assert set(declared) - known == sources - known
    assert COUNTER_FACTS.told.isdisjoint(COUNTER_FACTS.filled)


@pytest.mark.parametrize("area", AREAS)
def test_no_area_lets_an_institution_tell_what_is_filled_or_worked_out(area: str) -> None:
    law = RULES.area(area).law(number_of(SERVICE))
    for column in {*COUNTER_FACTS.filled, *DERIVED, "date", "nothing"}:
        with pytest.raises(Refusal) as found:
            COUNTER_FACTS.told_by({column: "1"}, law)
        assert (found.value.code, found.value.field) == ("field_unknown", column)
    told = dict.fromkeys(COUNTER_FACTS.told, "否")
    assert COUNTER_FACTS.told_by(told, law) == dict.fromkeys(told, False)
    assert COUNTER_FACTS.told_by({"died": " "}, law) == {}
    with pytest.raises(Refusal, match="died"):
        COUNTER_FACTS.told_by({"died": "perhaps"}, law)


def test_a_fact_that_is_added_to_the_table_needs_no_second_place(
    owner: Connection, gateway: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """绑定 of the demonstration of Shenzhen is told there; here an agreement says it."""
    counter = Counter(owner, "440300")
    person, here = counter.person(1), counter.institution(1, "1")
    areas = Areas(Library((FOLDER,)))

    def agreement(qualified: bool) -> None:
        owner.execute(
            "update institution_fact set retired_at = now()"
            " where kind = 'agreement' and retired_at is null"
        )
        owner.execute(
            "insert into institution_fact (institution, kind, since, details)"
            " values (%s, 'agreement', '2020-01-01', %s)",
            [here, Jsonb({"designated_for": ["ordinary"], "qualified": qualified})],
        )

    def bill(**facts: str) -> Any:
        made = counter.bill(person, here, str(SERVICE), 10_000, facts=facts)
        return settle(gateway, [made], areas, NOW)[0]

    law = areas.area("440300").law(number_of(SERVICE))
    added = CounterFact("bound", PLACE, lambda seen: seen.here.qualified, "绑定", True)
    table = CounterFacts([*COUNTER_FACTS.facts, added])
    monkeypatch.setattr(counter_facts, "COUNTER_FACTS", table)
    entry = bill().entry
    assert "bound" not in entry.settled.visit.facts and entry.settlement.pool_fen > 0, (
        "the ordinary case"
    )
    assert refused(bill(bound="false")) == "field_unknown", "it is not told any more"
    agreement(qualified=False)
    other = bill().entry
    assert other.settled.visit.facts["bound"] is False and other.decision.refusal == "not_selected"
    registry = read_registry(gateway, Places(gateway), [entry.person], [entry.id])
    assert visit_today(entry, registry, law).facts["bound"] is False, "looked up again"
    agreement(qualified=True)
    registry = read_registry(gateway, Places(gateway), [other.person], [other.id])
    assert "bound" not in visit_today(other, registry, law).facts, "and not taken for told"


def test_all_the_diseases_registered_are_told_where_a_law_counts_them(
    owner: Connection, gateway: Connection
) -> None:
    """400 and 600 yuan for two diseases; 2,000 at 80 % are 1,600, of which 1,000 are paid."""
    counter = Counter(owner, "999907")
    person, here = counter.person(1), counter.institution(1, "1")
    areas = Areas(Library((FOLDER,)))
    for code, disease in (("M1", "高血压"), ("M2", "糖尿病")):
        told = {"benefit": "chronic", "disease": disease, "approval_date": "2024-01-01"}
        counter.fact(person, "registration", "2024-01-01", key=code, **told)
    made = counter.bill(
        person, here, str(SERVICE), 200_000, med_type="registered_disease", disease="M1"
    )
    (outcome,) = settle(gateway, [made], areas, NOW)
    entry = outcome.entry
    assert entry, outcome
    assert entry.settled.visit.facts["registered_diseases"] == "糖尿病、高血压"
    assert entry.settlement.pool_fen == 100_000
    facts = RULES.area("430500").law(number_of(SERVICE))
    assert "registered_diseases" in {fact.column for fact in facts.facts.values()}
    assert not counter_facts._counts_registered(facts)
