"""Opening meters: one reader of such files, by area, with every mistake named by its row."""

import pytest

from gongji.law.checks.library import Library
from gongji.law.engine.opening_meters import Opening, read_opening
from gongji.refusals import Refusal

LIBRARY = Library()


def read(columns: str, *rows: str) -> Opening:
    """A file of opening meters as lines with commas."""
    return read_opening(columns.split(","), [row.split(",") for row in rows])


def test_amounts_in_yuan_or_fen_with_or_without_area_and_key() -> None:
    """A key in its own column is the value that follows the point."""
    found = read("person,meter,amount", "甲,ordinary_paid,100.50", "乙,level_deductible.2,60")
    used = {"甲": {"ordinary_paid": 10_050}, "乙": {"level_deductible.2": 6_000}}
    assert found.by_home(["430500"], LIBRARY) == {"430500": used}
    keyed = read(
        "person,area,meter,key,amount_fen",
        "甲,430500,ordinary_paid,,10050",
        "乙,,level_deductible,2,6000",
    )
    assert keyed.by_home(["430500"], LIBRARY) == {"430500": used}


def test_meters_of_several_areas_go_to_the_area_of_each() -> None:
    """A county's are its city's; those of areas without visits are passed over."""
    found = read(
        "person,area,meter,amount",
        "甲,430500,ordinary_paid,1",
        "甲,530925,ordinary_paid,2",
        "乙,510400,ordinary_paid,3",
    )
    assert found.by_home(["430500", "530900"], LIBRARY) == {
        "430500": {"甲": {"ordinary_paid": 100}},
        "530900": {"甲": {"ordinary_paid": 200}},
    }


@pytest.mark.parametrize(
    ("columns", "row", "code", "field"),
    [
        ("person,amount", "甲,1", "field_missing", "meter"),
        ("person,meter", "甲,ordinary_paid", "field_missing", "amount"),
        ("person,meter,amount,note", "甲,ordinary_paid,1,x", "field_unknown", "note"),
        ("person,meter,amount", ",ordinary_paid,1", "field_missing", "person（期初累计第 2 行）"),
        ("person,meter,amount", "甲", "field_missing", "meter（期初累计第 2 行）"),
        ("person,meter,amount", "甲,ordinary_paid", "field_missing", "amount（期初累计第 2 行）"),
        ("person,meter,amount", "甲,ordinary_paid,", "field_missing", "amount（期初累计第 2 行）"),
        ("person,meter,amount", "甲,ordinary_paid,-1", "amount_negative", "第 2 行"),
        ("person,meter,amount_fen", "甲,ordinary_paid,1.5", "amount_invalid", "第 2 行"),
        ("person,meter,amount", "丙,ordinary_paid,1", "value_invalid", "第 2 行"),
    ],
)
def test_mistakes_are_refused_with_their_row(columns: str, row: str, code: str, field: str) -> None:
    """Column, row and reason; the same meter twice is a mistake too."""
    good = ",".join(
        {"person": "丙", "meter": "ordinary_paid"}.get(c, "1") for c in columns.split(",")
    )
    with pytest.raises(Refusal) as found:
        read(columns, good, row)
    assert found.value.code == code and field in found.value.field


def test_areas_that_are_needed_or_unknown() -> None:
    """Without an area, meters of visits in two areas would count twice."""
    unplaced = read("person,meter,amount", "甲,ordinary_paid,1")
    with pytest.raises(Refusal) as found:
        unplaced.by_home(["430500", "510400"], LIBRARY)
    assert found.value.code == "field_missing" and "area" in found.value.field
    nothing = Opening({"": {}}).by_home(["430500", "510400"], LIBRARY)
    assert nothing == {"430500": {}, "510400": {}}
    with pytest.raises(Refusal) as found:
        read("person,area,meter,amount", "甲,999999,ordinary_paid,1").by_home(["430500"], LIBRARY)
    assert found.value.code == "area_unknown"
