"""What a person can still be paid this year: limits of each area's law, meters of the person."""

from datetime import date
from typing import Any

import psycopg
import pytest
from tests.platform.counter import Counter

from gongji.law.engine.areas import Areas
from gongji.refusals import Refusal
from gongji.settlement.year_rooms import BenefitYear, year_of

Connection = psycopg.Connection[Any]
RULES = Areas()


def ordinary(owner: Connection, area: str, status: str, day: str, *used: Any) -> BenefitYear:
    counter = Counter(owner, area)
    psn_no = counter.person(1, status=status)
    number = counter.persons[psn_no]
    for period, code, fen in used:
        owner.execute(
            "insert into meter_use (area, person, period, slot, code, used_fen)"
            " values (%s, %s, %s, '', %s, %s)",
            [area, number, period, code, fen],
        )
    return year_of(owner, number, RULES, date.fromisoformat(day)).benefits[0]


VISITS = [(20_00, "1"), (40_00, "2"), (60_00, "3")]
LIMITS = {
    # 双江自治县政策解读 二（二）, for 530000: 6,000; 20, 40, 60 at each visit.
    ("532300", "active"): (600_000, VISITS),
    ("532300", "retired"): (600_000, VISITS),
    # 攀办发〔2022〕32号 第七条: 1,000 above 200 in work, 1,500 above 150 retired.
    ("510400", "active"): (100_000, [(200_00, "")]),
    ("510400", "retired"): (150_000, [(150_00, "")]),
    # 邵市政办发〔2022〕22号 第六条: 1,500 and 2,000; 200 and 300 by level, 300 in all, a year.
    ("430500", "active"): (150_000, [(300_00, ""), (200_00, "2"), (300_00, "3")]),
    ("430500", "retired"): (200_000, [(300_00, ""), (200_00, "2"), (300_00, "3")]),
}
"""Area and status -> the year's limit, the deductibles with the level at which they are so."""


@pytest.mark.parametrize(("area", "status"), LIMITS)
def test_the_limits_are_those_of_the_law_for_this_person(
    owner: Connection, area: str, status: str
) -> None:
    found = ordinary(owner, area, status, "2025-03-01")
    limit, deductibles = LIMITS[area, status]
    assert [(r.limit_fen, r.left_fen, r.levels) for r in found.ceilings] == [(limit, limit, ())]
    said = [(r.limit_fen, "".join(r.levels)) for r in found.deductibles]
    assert said[: len(deductibles)] == deductibles
    assert all(r.article for r in (*found.ceilings, *found.deductibles))


def test_what_was_used_this_year_is_taken_off_and_what_was_used_before_is_not(
    owner: Connection,
) -> None:
    used = [("年:2025", "ordinary_paid", 53_454), ("年:2024", "ordinary_paid", 99_999)]
    used += [("年:2025", "year_deductible", 12_345)]
    found = ordinary(owner, "510400", "retired", "2025-03-01", *used)
    (room,) = found.ceilings
    assert (room.used_fen, room.left_fen) == (53_454, 150_000 - 53_454)
    assert [(r.used_fen, r.lasting) for r in found.deductibles] == [(12_345, True)]


def test_a_limit_that_nobody_published_is_told_by_its_name(owner: Connection) -> None:
    found = ordinary(owner, "445300", "active", "2025-03-01", ("年:2025", "ordinary_paid", 5_000))
    (room,) = found.ceilings
    assert room.open and room.limit_fen == 0 and room.used_fen == 5_000 and room.article


def test_whoever_is_not_insured_and_a_day_without_rules_are_told(owner: Connection) -> None:
    counter = Counter(owner, "445300")
    number = counter.persons[counter.person(1)]
    for day, code in (("2030-01-01", "date_outside"), ("2019-01-01", "not_insured")):
        with pytest.raises(Refusal) as caught:
            year_of(owner, number, RULES, date.fromisoformat(day))
        assert caught.value.code == code


def test_a_registered_disease_has_its_own_limit(owner: Connection) -> None:
    counter = Counter(owner, "532300")
    psn_no = counter.person(1)
    named = {"benefit": "chronic", "disease": "hypertension", "name": "高血压"}
    counter.fact(psn_no, "registration", "2024-01-01", key="M03900", state="approved", **named)
    number = counter.persons[psn_no]
    day = date(2025, 3, 1)
    _, chronic = year_of(owner, number, RULES, day).benefits
    assert (chronic.benefit, chronic.disease) == ("慢性病", "高血压")
    # 楚政规〔2022〕2号 第十四条: 2,000 a year above 300.
    assert [room.limit_fen for room in chronic.ceilings] == [200_000]
    assert [room.limit_fen for room in chronic.deductibles] == [30_000]
