"""Meters between rows of the database and blocks of the engine."""

import random

import pytest
from tests.platform.counter import AREAS, RULES

from gongji.law.engine.engine import settle
from gongji.law.engine.person_meters import Meters
from gongji.law.engine.visit import read_visit
from gongji.ledger.meter_rows import blocks_of, load, names, readings
from gongji.units import parse_day


def test_meters_have_the_codes_of_the_rulebook_with_their_axes() -> None:
    known = names(RULES.area("430500"))
    assert "level_deductible.2" in known.places and "ordinary_paid" in known.places
    assert len(set(known.codes)) == len(known.codes)


def test_a_row_of_a_meter_that_no_rule_knows_is_passed_over() -> None:
    assert load(RULES.area("430500"), [("年:2024", "", "gone", 5)]).blocks == {}


def test_blocks_have_a_period_and_the_unbounded_part_of_their_key() -> None:
    area = RULES.area("532300")
    row = {
        "date": "2024-05-05",
        "status": "active",
        "level": "2",
        "benefit": "negotiated_drug",
        "total_fen": "1",
        "in_scope_fen": "1",
        "visit": "77",
        "drug": "X|Y",
    }
    visit = read_visit(row, area.law(parse_day("2024-05-05")))
    assert blocks_of(area, visit) == [("次:2024", "77"), ("年:2024", ""), ("年:2024", "X|Y")]


@pytest.mark.parametrize("area_code", AREAS)
def test_the_moves_of_a_history_as_rows_make_the_blocks_that_it_left(area_code: str) -> None:
    draw = random.Random(area_code)
    area = RULES.area(area_code)
    live = Meters(area.layout)
    kept: dict[tuple[str, str, str], int] = {}
    offered = ["ordinary"] + [b for b in ("chronic", "special") if area_code in ("510400",)]
    for number in range(80):
        day = f"2024-{draw.randrange(1, 13):02d}-15"
        row = {
            "date": day,
            "status": draw.choice(["active", "retired"]),
            "visit": str(number // 2),
            "level": draw.choice("123"),
            "benefit": draw.choice(offered),
            "total_fen": str(draw.randrange(1, 400_000)),
            "disease": draw.choice("ab"),
        }
        visit = read_visit(row, area.law(parse_day(day)))
        found = load(area, [(*key, used) for key, used in _rows(kept)])
        assert found.gather(found.places(visit)) == live.gather(live.places(visit))
        result = settle(area, visit, live)
        before, moves = readings(area, result)
        assert all(kept[(code, period, slot)] == used for period, slot, code, used in before)
        for code, period, slot, moved in moves:
            kept[(code, period, slot)] = kept.get((code, period, slot), 0) + moved
    assert any(kept.values())


def _rows(kept: dict[tuple[str, str, str], int]) -> list[tuple[tuple[str, str, str], int]]:
    return [((period, slot, code), used) for (code, period, slot), used in kept.items()]
