"""Every kind of meter has a place in the database of its own, and is found there again."""

from pathlib import Path
from typing import Any

import pytest
from tests.platform.counter import AREAS, PARAMETERS

from gongji.law.checks.library import Library
from gongji.law.compile.layout import MeterPlace
from gongji.law.engine.area import Area
from gongji.law.engine.areas import Areas
from gongji.law.engine.person_meters import Meters
from gongji.law.engine.visit import Visit, read_visit
from gongji.law.rulebook.vocabulary import FLAG
from gongji.ledger import meter_rows
from gongji.ledger.meter_rows import add, blocks_of, load, names
from gongji.units import parse_day

RULES = Areas(Library((Path(__file__).parents[1] / "rulebooks",)), PARAMETERS)
KINDS = ["330100", "410100", "441700", "530600", "999901", "999902"]
"""Areas made for the mechanisms: meters of a settlement, a day, a month, a quarter, odd years."""


def _visit(area: Area, day: str, **more: str) -> Visit:
    row = {
        "date": day,
        "status": "active",
        "level": "2",
        "total_fen": "1",
        "in_scope_fen": "1",
        "benefit": "ordinary",
    }
    law = area.law(parse_day(day))
    known = {fact.column for fact in law.facts.values()} | {"visit"}
    return read_visit(row | {name: more[name] for name in more if name in known}, law)


PLACES: list[tuple[str, str, dict[str, str], int, list[tuple[str, str]]]] = [
    ("330100", "2024-03-01", {}, 9, [("笔:0", "9"), ("年:2024", "")]),
    ("410100", "2024-03-01", {"institution": "H1"}, 0, [("日:19783", "H1"), ("年:2024", "")]),
    # Months are counted from year 0: 2024 * 12 + 2.
    ("441700", "2024-03-31", {}, 0, [("月:24290", "")]),
    ("441700", "2024-04-01", {}, 0, [("月:24291", "")]),
    ("530600", "2024-03-01", {"visit": "77"}, 5, [("次:2024", "77"), ("年:2024", "")]),
    ("530600", "2024-12-31", {}, 5, [("次:2024", "5"), ("年:2024", "")]),
    (
        "999902",
        "2024-06-30",
        {"item": "X"},
        5,
        [
            ("日:19904", ""),
            ("月:24293", ""),
            ("季:8097", ""),
            ("年:2024", ""),
            ("次:2024", "5|X"),
            ("年:2023", ""),
        ],
    ),
    (
        "999902",
        "2024-07-01",
        {"item": "X", "visit": "7"},
        5,
        [
            ("日:19905", ""),
            ("月:24294", ""),
            ("季:8098", ""),
            ("年:2024", ""),
            ("次:2024", "7|X"),
            ("年:2024", ""),
        ],
    ),
]


@pytest.mark.parametrize(("code", "day", "more", "settlement", "expected"), PLACES)
def test_a_block_is_where_its_period_and_its_value_say(
    code: str, day: str, more: dict[str, str], settlement: int, expected: list[tuple[str, str]]
) -> None:
    area = RULES.area(code)
    assert blocks_of(area, _visit(area, day, **more), settlement) == expected


VISITS = [
    ("2024-03-05", {"visit": "77", "item": "A", "institution": "H1", "drug": "药", "disease": "a"}),
    ("2024-12-31", {"visit": "v", "item": "A", "institution": "H2"}),
    ("2024-07-01", {"visit": "5"}),
]


@pytest.mark.parametrize("code", [*KINDS, *AREAS])
@pytest.mark.parametrize(("day", "more"), VISITS)
def test_a_row_of_each_meter_is_found_by_the_visit_that_would_use_it_and_no_other(
    code: str, day: str, more: dict[str, str]
) -> None:
    area = RULES.area(code)
    visit = _visit(area, day, **more)
    known = names(area)
    blocks = blocks_of(area, visit, 5)
    for place, meter in enumerate(known.codes):
        if area.layout.dimensions[known.dimensions[place]].period == "笔":
            # A meter of one settlement is not kept (test_account_layer).
            continue
        period, slot = blocks[known.dimensions[place]]
        used = load(area, [(period, slot, meter, 7)])
        used.visits = 5
        found = used.gather(used.places(visit))
        assert [at for at, amount in enumerate(found) if amount] == [place]
        assert found[place] == 7
        add(area, used, [(period, slot, meter, 4), (period, slot, "gone", 9)])
        assert sum(used.gather(used.places(visit))) == 11
    assert len(known.codes) == sum(area.layout.widths) == len(known.places)


def test_a_block_of_a_visit_with_a_value_comes_back() -> None:
    assert meter_rows._key("次", "item", *meter_rows._texts("次", (2024, "v1", "A|B"))) == (
        2024,
        "v1",
        "A|B",
    )


def test_the_axes_of_a_meter_count_the_last_one_fastest() -> None:
    law = RULES.area("999902").laws[0]
    levels, flag = law.facts["医院级别"], law.facts["首选机构"]
    groups = law.facts["病种组"]
    assert flag.kind == FLAG and groups.bands
    facts = {"级": levels, "首": flag, "组": groups}
    place = MeterPlace("", "x", "", 0, 0, ("首", "组", "级"), (2, 2, 2))
    first, second = (levels.choices[levels.values[at]] or levels.values[at] for at in (0, 1))
    assert list(meter_rows._values(place, facts)) == [
        ("false", "甲组", first),
        ("false", "甲组", second),
        ("false", "乙组", first),
        ("false", "乙组", second),
        ("true", "甲组", first),
        ("true", "甲组", second),
        ("true", "乙组", first),
        ("true", "乙组", second),
    ]
    spread = [code for code in names(RULES.area("999902")).codes if "." in code]
    assert spread == ["chronic_paid.甲组", "chronic_paid.乙组"]
    assert [code for code in names(RULES.area("999901")).codes if "." in code] == [
        "scheme_paid.city",
        "scheme_paid.provincial",
    ]


def test_blocks_of_other_periods_and_values_stay_apart() -> None:
    area = RULES.area("430500")
    rows: list[Any] = [
        ("年:2024", "", "year_deductible", 1),
        ("年:2023", "", "year_deductible", 2),
        ("年:2024", "糖尿病", "disease_paid", 4),
        ("年:2024", "高血压", "disease_paid", 8),
    ]
    used: Meters = load(area, rows)
    assert {key: sum(block) for (_, key), block in used.blocks.items()} == {
        (2024, ""): 1,
        (2023, ""): 2,
        (2024, "糖尿病"): 4,
        (2024, "高血压"): 8,
    }
